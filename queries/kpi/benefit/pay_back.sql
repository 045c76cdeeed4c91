/* kpi
title = { nb = "Tilbakebetalingstid", nn = "Tilbakebetalingstid", en = "Pay-back time" }
answers = { nb = "Hvor mange måneder går det før engangskostnaden er tjent inn?", nn = "Kor mange månader går det før eingongskostnaden er tent inn?", en = "How many months until what was paid once is earned back?" }
version = 3
unit = "months"
better = "lower"
owner = "secretariat"
granularity = "quarter"
window = 4
[caveats]
nb = ["Regnet fra innføringen, med periodens nettogevinst i hver måned: en kommune der bruken vokser, er raskere i mål.", "Finnes ingen engangskostnad, eller er nettogevinsten null eller negativ, finnes det ingen tilbakebetalingstid."]
nn = ["Rekna frå innføringa, med nettogevinsten til perioden i kvar månad: ein kommune der bruken veks, er raskare i mål.", "Finst det ingen eingongskostnad, eller er nettogevinsten null eller negativ, finst det inga tilbakebetalingstid."]
en = ["Counted from the start, with the period's net benefit in every month: a municipality whose use grows is there sooner.", "Without a cost paid once, or with a net benefit of nothing or less, there is no pay-back time."]
[rollup]
kind = "none"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "flow"
[columns.once_nok]
doc = "What is paid once."
unit = "nok"
divide_by = 100
[columns.net_nok]
doc = "Net benefit of the period."
unit = "nok"
divide_by = 100
[reasons.nothing_to_pay_back]
nb = "Innføringen kostet ingenting."
nn = "Innføringa kosta ingenting."
en = "The introduction cost nothing."
[reasons.no_net_benefit]
nb = "Gevinsten dekker ikke kostnaden."
nn = "Gevinsten dekkjer ikkje kostnaden."
en = "The benefit does not cover the cost."
[[changes]]
version = 3
date = "2026-11-28"
nb = "Av flere kilder til samme enhetsverdi brukes én, den nyeste; før ble de lagt sammen. Dekningen er andelen av alle som bor i området; andelen av dem det var ventet tall for, har fått sin egen kolonne."
nn = "Av fleire kjelder til same einingsverdi blir éi brukt, den nyaste; før vart dei lagde saman. Dekninga er delen av alle som bur i området; delen av dei det var venta tal for, har fått sin eigen kolonne."
en = "Of several sources of one unit value one is used, the newest; before, they were added. Coverage is the share of all who live in the area; the share of those a number was expected for has a column of its own."
[[changes]]
version = 2
date = "2026-11-28"
nb = "En periode har et tall bare når alt som skulle leveres for den, er levert; før kunne en del av den stå for hele."
nn = "Ein periode har eit tal berre når alt som skulle leverast for han, er levert; før kunne ein del av han stå for heile."
en = "A period has a number only when all that was due for it was delivered; before, a part of it could stand for all of it."
*/
WITH net AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        periods.months,
        cost.ore_once,
        realised.ore_central - cost.ore AS ore,
        cell_state(
            spine.comparable,
            realised.state,
            cost.state,
            state_if(NOT realised.valued, 'not_applicable/no_unit_value')
        ) AS state,
        realised.marks | cost.marks AS marks
    FROM spine
    INNER JOIN periods
        ON periods.period_start = spine.period_start
    INNER JOIN realised_cells AS realised
        ON realised.period_start = spine.period_start
        AND realised.municipality_code = spine.municipality_code
    INNER JOIN cost_cells AS cost
        ON cost.period_start = spine.period_start
        AND cost.municipality_code = spine.municipality_code
        AND cost.solution_id = realised.solution_id
    WHERE
        realised.solution_id = $solution_id
        AND realised.measure_id = $measure_id
)
SELECT
    net.period_start,
    net.municipality_code,
    -- The first whole month in which it is earned.
    (net.ore_once * net.months + net.ore - 1) / NULLIF(greatest(net.ore, 0), 0) AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    cell_state(
        net.state,
        state_if(net.state = 'ok' AND net.ore_once = 0, 'not_applicable/nothing_to_pay_back'),
        state_if(net.state = 'ok' AND net.ore <= 0, 'not_applicable/no_net_benefit')
    ) AS state,
    net.marks AS marks,
    net.ore_once AS once_nok,
    net.ore AS net_nok
FROM net
ORDER BY
    net.period_start,
    net.municipality_code
