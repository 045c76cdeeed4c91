/* kpi
title = { nb = "Kostnad", nn = "Kostnad", en = "Cost" }
answers = { nb = "Hva koster løsningen kommunene som har den?", nn = "Kva kostar løysinga kommunane som har ho?", en = "What does the solution cost the municipalities that have it?" }
version = 3
unit = "nok"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Løpende pris etter folketall, for dagene kommunen har løsningen; et år er alle dagene i det, og månedene blir til sammen året på øret. Gjelder ingen pris for noen av dagene, er tallet merket ufullstendig. Engangskostnaden er ikke med: dagen en kommune ble kjent i produksjon, er ikke dagen den betalte.", "Bare listepriser står i tabellen prices; kommunens egen tid og lokale avtaler er ikke med.", "En løsning uten kjent pris er ikke gratis: kostnaden er ukjent. Det er den også der innføringen ikke følges: ingen er da kjent å ha den.", "Hver dag betaler kommunen slik den er den dagen, med sine innbyggere; i andre grenser er det den betaler, fordelt etter innbyggere."]
nn = ["Løpande pris etter folketal, for dagane kommunen har løysinga; eit år er alle dagane i det, og månadene blir til saman året på øret. Gjeld ingen pris for nokre av dagane, er talet merkt ufullstendig. Eingongskostnaden er ikkje med: dagen ein kommune vart kjend i produksjon, er ikkje dagen han betalte.", "Berre listeprisar står i tabellen prices; kommunen si eiga tid og lokale avtalar er ikkje med.", "Ei løysing utan kjend pris er ikkje gratis: kostnaden er ukjend. Det er han òg der innføringa ikkje blir følgd: ingen er då kjend å ha ho.", "Kvar dag betaler kommunen slik han er den dagen, med sine innbyggjarar; i andre grenser er det han betaler, fordelt etter innbyggjarar."]
en = ["The running price by population, for the days on which the municipality has the solution; a year is all of its days, and its months add up to it to the øre. Where no price holds on some of the days the number is marked partial. What is paid once is left out: the day a municipality was known to be in production is not the day it paid.", "Only list prices are in the table prices; the municipality's own time and local agreements are not counted.", "A solution without a known price is not free: its cost is not known. Nor is it where no rollout is followed: nobody is then known to have it.", "On each day a municipality pays as it is on that day, with its own inhabitants; in other borders what it pays is split by inhabitants."]
[rollup]
kind = "count"
divide_by = 100
[params.solution_id]
type = "solution"
doc = "The shared solution."
[[changes]]
version = 3
date = "2026-11-29"
codes = ["inhabitants_of_each_year"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code", "cost_by_days", "cost_of_its_time"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    cost.ore AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    cell_state(spine.comparable, cost.state) AS state,
    cost.marks AS marks
FROM spine
INNER JOIN cost_cells AS cost
    ON cost.period_start = spine.period_start
    AND cost.municipality_code = spine.municipality_code
WHERE cost.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
