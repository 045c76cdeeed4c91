/* kpi
title = { nb = "Kommuner som blir igjen", nn = "Kommunar som blir att", en = "Municipalities left behind" }
answers = { nb = "Hvilke kommuner står uten løsningen et år etter at halve KOSTRA-gruppen fikk den?", nn = "Kva kommunar står utan løysinga eit år etter at halve KOSTRA-gruppa fekk henne?", en = "Which municipalities are without the solution a year after half of their KOSTRA group got it?" }
version = 2
unit = "municipalities"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
lookback = "year"
[caveats]
nb = ["En kommune er igjen når den ikke er i produksjon ved periodens slutt, og minst halve gruppen var det et år før.", "Bare steget i produksjon teller, ikke pilot; en løsning som ikke er fulgt, er uaktuell."]
nn = ["Ein kommune er att når han ikkje er i produksjon ved slutten av perioden, og minst halve gruppa var det eit år før.", "Berre steget i produksjon tel, ikkje pilot; ei løysing som ikkje er følgd, er uaktuell."]
en = ["A municipality is left behind when it is not live at the end of the period and at least half of its group was a year before.", "Only the stage in production counts, not pilot; a solution that is not followed is not_applicable."]
[rollup]
kind = "count"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[columns.share]
doc = "Municipalities left behind of all that are compared with a group."
unit = "share"
after = "CAST(numerator AS DOUBLE) / denominator"
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "production_alone", "kept_code"]
*/
WITH ahead AS (
    SELECT
        kostra_groups.period_start,
        kostra_groups.group_code,
        count(*) AS members,
        sum(coalesce(status_year_ago.produced, 0)) AS live,
        bit_or(coalesce(status_year_ago.marks, 0)) AS marks
    FROM kostra_groups
    INNER JOIN periods
        ON periods.period_start = kostra_groups.period_start
    LEFT JOIN status_cells_year_ago AS status_year_ago
        ON status_year_ago.period_start = periods.year_ago
        AND status_year_ago.municipality_code = kostra_groups.municipality_code
        AND status_year_ago.solution_id = $solution_id
    GROUP BY
        kostra_groups.period_start,
        kostra_groups.group_code
)
SELECT
    spine.period_start,
    spine.municipality_code,
    CASE WHEN coalesce(status.produced, 0) = 0 AND 2 * ahead.live >= ahead.members THEN 1 ELSE 0 END AS numerator,
    1 AS denominator,
    cell_state(
        spine.comparable,
        state_if(followed.solution_id IS NULL, 'not_applicable/not_followed'),
        state_if(ahead.members IS NULL, 'not_applicable/no_peer_group')
    ) AS state,
    coalesce(status.marks, 0) | coalesce(ahead.marks, 0) AS marks
FROM spine
LEFT JOIN kostra_groups
    ON kostra_groups.period_start = spine.period_start
    AND kostra_groups.municipality_code = spine.municipality_code
LEFT JOIN ahead
    ON ahead.period_start = kostra_groups.period_start
    AND ahead.group_code = kostra_groups.group_code
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = $solution_id
LEFT JOIN followed
    ON followed.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
