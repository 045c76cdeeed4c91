/* kpi
title = { nb = "Gjenstående gevinst", nn = "Attståande gevinst", en = "Remaining benefit" }
answers = { nb = "Hva kan hentes nå der løsningen er i produksjon, hva venter på innføring, og hvem er alt forbi referansen?", nn = "Kva kan hentast no der løysinga er i produksjon, kva ventar på innføring, og kven er alt forbi referansen?", en = "What can be gained now where the solution is live, what waits for its rollout, and who is already beyond the reference?" }
version = 6
unit = "nok"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Referansen er bruken per person i målgruppen hos én kommune i samme KOSTRA-gruppe: øvre kvartil, medianen eller den beste.", "Kan hentes nå og venter på innføring er til sammen hele gapet; det som er forbi referansen, trekkes ikke fra.", "Der innføringen ikke følges, regnes løsningen som i produksjon."]
nn = ["Referansen er bruken per person i målgruppa hos éin kommune i same KOSTRA-gruppe: øvre kvartil, medianen eller den beste.", "Kan hentast no og ventar på innføring er til saman heile gapet; det som er forbi referansen, blir ikkje trekt frå.", "Der innføringa ikkje blir følgd, er løysinga rekna som i produksjon."]
en = ["The reference is the use per person in the target group of one municipality of the same KOSTRA group: its upper quartile, its median or its best.", "What can be gained now and what waits for the rollout are together the whole gap; what is beyond the reference is not taken from it.", "Where no rollout is followed the solution is taken to be live."]
[rollup]
kind = "count"
divide_by = 100
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "flow"
[params.reference]
type = "choice"
doc = "The municipality of the KOSTRA group that is measured up to."
choices = ["p75", "median", "best"]
default = "p75"
[columns.now_nok]
doc = "The gap to the reference where the solution is live."
unit = "nok"
rollup = "sum"
divide_by = 100
[columns.blocked_nok]
doc = "The gap where the solution is not live."
unit = "nok"
rollup = "sum"
divide_by = 100
[columns.beyond_nok]
doc = "Use above the reference."
unit = "nok"
rollup = "sum"
divide_by = 100
[columns.reference_municipalities]
doc = "Other municipalities behind the reference: of the KOSTRA group, or of the whole country where the group has fewer than three others with a number; in an area the fewest."
unit = "municipalities"
rollup = "min"
[columns.wider_references]
doc = "Municipalities measured up to the whole country, as fewer than three others of their KOSTRA group have a number."
unit = "municipalities"
rollup = "sum"
[[changes]]
version = 6
date = "2026-11-29"
codes = ["same_land"]
[[changes]]
version = 5
date = "2026-11-29"
codes = ["zero_divides", "part_of_period"]
[[changes]]
version = 4
date = "2026-11-29"
codes = ["marks_of_reference"]
[[changes]]
version = 3
date = "2026-11-28"
codes = ["three_others", "coverage_of_everybody", "one_unit_value", "unit_value_by_days", "unplaceable_not_valid", "part_of_period"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["whole_period"]
*/
WITH valued AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        followed.solution_id IS NULL OR status.live = 1 AS live,
        gap.units * worth.ore_central / worth.days AS ore,
        gap.units_beyond * worth.ore_central / worth.days AS ore_beyond,
        cell_state(spine.comparable, gap.state, state_if(worth.ore_central IS NULL, 'not_applicable/no_unit_value')) AS state,
        gap.marks | mark('partial', worth.ore_days < worth.days) AS marks,
        gap.reference_others,
        gap.reference_wider
    FROM spine
    INNER JOIN gap_cells AS gap
        ON gap.period_start = spine.period_start
        AND gap.municipality_code = spine.municipality_code
    LEFT JOIN unit_sums AS worth
        ON worth.period_start = gap.period_start
        AND worth.solution_id = gap.solution_id
        AND worth.measure_id = gap.measure_id
    LEFT JOIN status_cells AS status
        ON status.period_start = spine.period_start
        AND status.municipality_code = spine.municipality_code
        AND status.solution_id = gap.solution_id
    LEFT JOIN followed
        ON followed.solution_id = gap.solution_id
    WHERE
        gap.solution_id = $solution_id
        AND gap.measure_id = $measure_id
        AND gap.reference = $reference
)
SELECT
    valued.period_start,
    valued.municipality_code,
    CASE WHEN valued.live THEN valued.ore ELSE 0 END AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    valued.state AS state,
    valued.marks AS marks,
    CASE WHEN valued.live THEN valued.ore ELSE 0 END AS now_nok,
    CASE WHEN valued.live THEN 0 ELSE valued.ore END AS blocked_nok,
    valued.ore_beyond AS beyond_nok,
    valued.reference_others AS reference_municipalities,
    CASE WHEN valued.reference_wider THEN 1 ELSE 0 END AS wider_references
FROM valued
ORDER BY
    valued.period_start,
    valued.municipality_code
