/* kpi
title = { nb = "Vei mot målet", nn = "Veg mot målet", en = "Progress to target" }
answers = { nb = "Hvor langt er vi kommet mot målet, og går det fort nok?", nn = "Kor langt er vi komne mot målet, og går det fort nok?", en = "How far along to the target are we, and is it fast enough?" }
version = 5
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
lookback = 3
[caveats]
nb = ["Et mål arves fra nasjonen til nettverket til kommunen; det nærmeste gjelder fra første dag i nullpunktsperioden. Gjelder flere, er det som forfaller først, målet.", "Fylker og KOSTRA-grupper har nasjonens mål.", "Dagens fart er snittet av de tre siste periodene; en måned er 30,4375 dager."]
nn = ["Eit mål blir arva frå nasjonen til nettverket til kommunen; det næraste gjeld frå første dag i nullpunktsperioden. Gjeld fleire, er det som forfell først, målet.", "Fylke og KOSTRA-grupper har målet til nasjonen.", "Farten no er snittet av dei tre siste periodane; ein månad er 30,4375 dagar."]
en = ["A target is inherited from the nation by the network and by the municipality; the nearest one holds from the first day of its baseline period. Of several, the one due next holds.", "Counties and KOSTRA groups have the nation's target.", "The pace now is the mean of the last three periods; a month is 30.4375 days."]
[rollup]
kind = "area"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.metric]
type = "choice"
doc = "The KPI that has the target. Reach is that of users_active."
choices = ["rollout.population_coverage", "rollout.municipalities_live", "adoption.reach"]
default = "rollout.population_coverage"
[columns.target_share]
doc = "The target."
unit = "share"
[columns.target_source]
doc = "Whose target it is: the nation's, a network's or the municipality's own."
unit = "words"
[columns.on_path_share]
doc = "Where the path to the target is at the end of the period."
unit = "share"
[columns.gap_share]
doc = "What is left to the target; below 0 is beyond it. None where the number speaks for less than four in five of the inhabitants."
unit = "share"
[columns.required_share_a_month]
doc = "Rise a month that reaches the target on its day; 0 when it is reached, none when the day is past."
unit = "share"
[columns.current_share_a_month]
doc = "Rise a month over the last three periods, where both ends speak for four in five of the inhabitants."
unit = "share"
[[changes]]
version = 5
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 4
date = "2026-11-29"
codes = ["above_whole", "representative_areas"]
[[changes]]
version = 3
date = "2026-11-28"
codes = ["coverage_of_everybody", "production_alone", "kept_code", "unplaceable_not_valid"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["whole_period"]
*/
WITH numbered AS (
    SELECT
        periods.period_start,
        CAST(periods.period_end AS INT) AS end_day,
        row_number() OVER (ORDER BY periods.period_start) AS place
    FROM periods
),
-- What it was before there was a target counts for the pace.
valued AS (
    SELECT
        metric_areas.area_code,
        numbered.period_start,
        numbered.place,
        numbered.end_day,
        CASE
            WHEN metric_areas.is_representative THEN CAST(metric_areas.numerator AS DOUBLE) / metric_areas.denominator
        END AS value
    FROM metric_areas
    INNER JOIN numbered
        ON numbered.period_start = metric_areas.period_start
)
SELECT
    goal_areas.period_start,
    goal_areas.area_code,
    goal_areas.value,
    goal_areas.numerator,
    goal_areas.denominator,
    goal_areas.state,
    goal_areas.coverage,
    goal_areas.coverage_of_expected,
    goal_areas.marks,
    goal_areas.municipalities_reported,
    goal_areas.municipalities_expected,
    goal_areas.target AS target_share,
    goal_areas.scope AS target_source,
    goal_areas.on_path AS on_path_share,
    goal_areas.target - valued.value AS gap_share,
    CASE
        WHEN valued.value >= goal_areas.target THEN 0.0
        WHEN goal_areas.months_left > 0 THEN (goal_areas.target - valued.value) / goal_areas.months_left
    END AS required_share_a_month,
    CASE
        WHEN goal_areas.target IS NOT NULL
            THEN (valued.value - earlier.value) * 30.4375 / (valued.end_day - earlier.end_day)
    END AS current_share_a_month
FROM goal_areas
INNER JOIN valued
    ON valued.period_start = goal_areas.period_start
    AND valued.area_code = goal_areas.area_code
LEFT JOIN valued AS earlier
    ON earlier.area_code = valued.area_code
    AND earlier.place = valued.place - 3
ORDER BY
    goal_areas.period_start,
    goal_areas.area_code
