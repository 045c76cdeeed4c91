/* kpi
title = { nb = "Tilbakebetalingstid", nn = "Tilbakebetalingstid", en = "Pay-back time" }
answers = { nb = "Hvor mange måneder går det før engangskostnaden er tjent inn?", nn = "Kor mange månader går det før eingongskostnaden er tent inn?", en = "How many months until what was paid once is earned back?" }
version = 6
unit = "months"
better = "lower"
owner = "secretariat"
granularity = "quarter"
window = 4
[caveats]
nb = ["Regnet fra innføringen, med periodens nettogevinst per dag kommunen hadde løsningen; en måned er en tolvdel av 365 dager: en kommune der bruken vokser, er raskere i mål.", "Finnes ingen engangskostnad, eller er nettogevinsten null eller negativ, finnes det ingen tilbakebetalingstid."]
nn = ["Rekna frå innføringa, med nettogevinsten til perioden per dag kommunen hadde løysinga; ein månad er ein tolvdel av 365 dagar: ein kommune der bruken veks, er raskare i mål.", "Finst det ingen eingongskostnad, eller er nettogevinsten null eller negativ, finst det inga tilbakebetalingstid."]
en = ["Counted from the start, with the period's net benefit of a day on which the municipality had the solution; a month is a twelfth of 365 days: a municipality whose use grows is there sooner.", "Without a cost paid once, or with a net benefit of nothing or less, there is no pay-back time."]
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
[reasons.use_without_solution]
nb = "Bruk er meldt for en tid da kommunen ikke hadde løsningen."
nn = "Bruk er meld for ei tid då kommunen ikkje hadde løysinga."
en = "Use was reported for a time when the municipality did not have the solution."
[[changes]]
version = 6
date = "2026-11-29"
codes = ["same_land_compared"]
[[changes]]
version = 5
date = "2026-11-29"
codes = ["zero_divides"]
nb = "Er det meldt bruk for en tid uten løsningen, sies ingen tilbakebetalingstid: den ble for kort."
nn = "Er det meld bruk for ei tid utan løysinga, blir inga tilbakebetalingstid sagd: ho blei for kort."
en = "Where use was reported for a time without the solution no pay-back time is stated: it was too short."
[[changes]]
version = 4
date = "2026-11-29"
codes = ["inhabitants_of_each_year", "baseline_known"]
[[changes]]
version = 3
date = "2026-11-28"
codes = ["coverage_of_everybody", "one_unit_value", "cost_by_days", "cost_of_its_time", "unit_value_by_days", "baseline_by_days", "unplaceable_not_valid"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["whole_period"]
*/
-- Months with use in which nobody whose land lies here had the solution on any day.
WITH early AS (
    SELECT DISTINCT
        use_spans.period_start,
        use_spans.municipality_code
    FROM use_spans
    LEFT JOIN (
        SELECT
            payer_spans.period_start,
            territory_shares.municipality_code,
            payer_spans.solution_id,
            payer_spans.span_start,
            payer_spans.span_end
        FROM payer_spans
        INNER JOIN territory_shares
            ON territory_shares.period_start = payer_spans.period_start
            AND territory_shares.from_date = payer_spans.division_date
            AND territory_shares.from_code = payer_spans.municipality_code
    ) AS had
        ON had.period_start = use_spans.period_start
        AND had.municipality_code = use_spans.municipality_code
        AND had.solution_id = use_spans.solution_id
        AND had.span_start < use_spans.span_end
        AND had.span_end > use_spans.span_start
    WHERE
        use_spans.solution_id = $solution_id
        AND use_spans.measure_id = $measure_id
        AND use_spans.value > 0
        AND had.solution_id IS NULL
),
net AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        cost.days,
        cost.ore_once,
        realised.ore_central - cost.ore AS ore,
        cell_state(
            spine.comparable,
            realised.state,
            cost.state,
            state_if(NOT realised.valued, 'not_applicable/no_unit_value'),
            -- Of a solution nobody follows it is not known who had it when.
            state_if(
                early.period_start IS NOT NULL AND cost.state <> 'not_applicable/not_followed',
                'not_applicable/use_without_solution'
            )
        ) AS state,
        realised.marks | cost.marks AS marks
    FROM spine
    INNER JOIN realised_cells AS realised
        ON realised.period_start = spine.period_start
        AND realised.municipality_code = spine.municipality_code
    INNER JOIN cost_cells AS cost
        ON cost.period_start = spine.period_start
        AND cost.municipality_code = spine.municipality_code
        AND cost.solution_id = realised.solution_id
    LEFT JOIN early
        ON early.period_start = spine.period_start
        AND early.municipality_code = spine.municipality_code
    WHERE
        realised.solution_id = $solution_id
        AND realised.measure_id = $measure_id
)
SELECT
    net.period_start,
    net.municipality_code,
    -- The first whole month in which it is earned: 12 of them are 365 days.
    (12 * net.ore_once * net.days + 365 * net.ore - 1) / NULLIF(365 * greatest(net.ore, 0), 0) AS numerator,
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
