/* kpi
title = { nb = "Digitaliseringsgrad", nn = "Digitaliseringsgrad", en = "Digital share" }
answers = { nb = "Hvor stor del av sakene kommer inn digitalt?", nn = "Kor stor del av sakene kjem inn digitalt?", en = "What share of the cases comes in digitally?" }
version = 5
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Summen av digitale delt på summen av alle, aldri snittet av kommunenes andeler. Bare kommuner der begge tall er kjent, regnes med.", "Uten tall for alle saker er andelen ikke aktuell."]
nn = ["Summen av digitale delt på summen av alle, aldri snittet av delane til kommunane. Berre kommunar der begge tal er kjende, er rekna med.", "Utan tal for alle saker er delen ikkje aktuell."]
en = ["All digital ones over all, never the mean of the municipalities' shares. Only municipalities where both numbers are known count.", "Without a number for all cases the share is not applicable."]
[rollup]
kind = "ratio"
# The uses and users of a period are a sample of what people do: few of them differ by chance.
sampled = true
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "Counts the digital ones."
main = "flow"
[params.all_measure_id]
type = "measure"
doc = "Counts all, on paper and by telephone too."
default = "cases"
[columns.periods_reported]
doc = "Of the periods owed of both measures, those delivered in full, added up over municipalities."
unit = "periods"
rollup = "sum"
every_state = true
[columns.periods_expected]
doc = "The periods owed of both measures: the months of a quarter or year; 1 each for a month."
unit = "periods"
rollup = "sum"
every_state = true
[[changes]]
version = 5
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 4
date = "2026-11-29"
nb = "En andel er av de samme månedene og det samme området i teller og nevner; før kunne tre måneder stå over to."
nn = "Ein del er av dei same månadene og det same området i teljar og nemnar; før kunne tre månader stå over to."
en = "A share is of the same months and the same land above and below the line; before, three months could be divided by two."
[[changes]]
version = 3
date = "2026-11-29"
codes = ["above_whole"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "whole_period", "unplaceable_not_valid", "part_of_period"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    digital.value AS numerator,
    everything.value AS denominator,
    CASE
        -- No number is expected where nobody counts the cases of a solution.
        WHEN digital.state IS NULL OR everything.state IS NULL THEN cell_state(spine.comparable, 'not_applicable/no_measure')
        ELSE cell_state(
            spine.comparable,
            digital.state,
            everything.state,
            -- Both numbers are of the same months and of the same land, or there is no share.
            state_if(
                has_mark(digital.marks, 'partial') <> has_mark(everything.marks, 'partial')
                OR digital.periods_reported <> everything.periods_reported,
                'missing/incomplete_period'
            ),
            state_if(everything.value = 0, 'not_applicable/no_denominator')
        )
    END AS state,
    coalesce(digital.marks, 0)
    | coalesce(everything.marks, 0)
    | mark('above_whole', digital.value > everything.value) AS marks,
    coalesce(digital.periods_reported, 0) + coalesce(everything.periods_reported, 0) AS periods_reported,
    coalesce(digital.periods_expected, 0) + coalesce(everything.periods_expected, 0) AS periods_expected
FROM spine
LEFT JOIN usage_cells AS digital
    ON digital.period_start = spine.period_start
    AND digital.municipality_code = spine.municipality_code
    AND digital.solution_id = $solution_id
    AND digital.measure_id = $measure_id
LEFT JOIN usage_cells AS everything
    ON everything.period_start = spine.period_start
    AND everything.municipality_code = spine.municipality_code
    AND everything.solution_id = $solution_id
    AND everything.measure_id = $all_measure_id
ORDER BY
    spine.period_start,
    spine.municipality_code
