/* kpi
title = { nb = "Kommuner som står stille", nn = "Kommunar som står stille", en = "Stalled municipalities" }
answers = { nb = "Hvor mange kommuner på vei mot produksjon har det ikke skjedd noe i på lenge?", nn = "Kor mange kommunar på veg mot produksjon har det ikkje skjedd noko i på lenge?", en = "In how many municipalities on the way to production has nothing happened for long?" }
version = 2
unit = "municipalities"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["På vei er planlagt, avtalt, teknisk klar eller pilot; andre kommuner regnes ikke med.", "Dagene regnes fra den nyeste dagen en del av kommunen kom dit den står, til periodens siste dag; med N dager er de N siste dagene uten hendelse."]
nn = ["På veg er planlagd, avtalt, teknisk klar eller pilot; andre kommunar er ikkje rekna med.", "Dagane er rekna frå den nyaste dagen ein del av kommunen kom dit han står, til den siste dagen i perioden; med N dagar er dei N siste dagane utan hending."]
en = ["On the way is planned, agreed, technically ready or pilot; other municipalities do not count.", "Days run from the newest day on which a part of the municipality reached its present stage, to the period's last day; with N days the last N days are without an event."]
[rollup]
kind = "count"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.days]
type = "integer"
doc = "So many days without an event, and it is stalled."
default = 90
[columns.days_since]
doc = "Days since the last event; of an area the most."
unit = "days"
rollup = "max"
[columns.share]
doc = "Stalled, of those on the way."
unit = "share"
after = "CAST(numerator AS DOUBLE) / denominator"
[reasons.not_under_way]
nb = "Kommunen er ikke på vei mot produksjon."
nn = "Kommunen er ikkje på veg mot produksjon."
en = "The municipality is not on the way to production."
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code"]
*/
WITH under_way AS (
    SELECT
        stages.period_start,
        stages.municipality_code,
        stages.marks,
        -- The period's last day is the day before its end.
        CAST(CAST(periods.period_end AS INT) - 1 - CAST(stages.last_event_day AS INT) AS BIGINT) AS days_since
    FROM stage_cells AS stages
    INNER JOIN periods
        ON periods.period_start = stages.period_start
    WHERE
        stages.solution_id = $solution_id
        AND stages.stage IN ('planned', 'agreed', 'technically_ready', 'pilot')
)
SELECT
    spine.period_start,
    spine.municipality_code,
    CASE WHEN under_way.days_since >= $days THEN 1 ELSE 0 END AS numerator,
    1 AS denominator,
    cell_state(
        spine.comparable,
        state_if(
            under_way.municipality_code IS NULL,
            CASE
                WHEN followed.solution_id IS NULL THEN 'not_applicable/not_followed'
                ELSE 'not_applicable/not_under_way'
            END
        )
    ) AS state,
    coalesce(under_way.marks, 0) AS marks,
    under_way.days_since AS days_since
FROM spine
LEFT JOIN followed
    ON followed.solution_id = $solution_id
LEFT JOIN under_way
    ON under_way.period_start = spine.period_start
    AND under_way.municipality_code = spine.municipality_code
ORDER BY
    spine.period_start,
    spine.municipality_code
