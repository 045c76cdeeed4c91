/* kpi
title = { nb = "Vei mot målet", nn = "Veg mot målet", en = "Progress to target" }
answers = { nb = "Hvor langt er vi kommet mot målet, og går det fort nok?", nn = "Kor langt er vi komne mot målet, og går det fort nok?", en = "How far along to the target are we, and is it fast enough?" }
version = 6
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
doc = "What is left to the target; below 0 is beyond it. None where the number covers less than four in five of the inhabitants."
unit = "share"
[columns.required_share_a_month]
doc = "Rise a month that reaches the target on its day; 0 when it is reached, none when the day is past."
unit = "share"
[columns.current_share_a_month]
doc = "Rise a month over the last three periods, of the municipalities that are known at both ends, where they are home to four in five of the inhabitants."
unit = "share"
[[changes]]
version = 6
date = "2026-11-29"
codes = ["same_land"]
nb = "Farten nå er den til kommunene som er kjent i begge ender; før så det ut som et fall når noen ble tause."
nn = "Farten no er den til kommunane som er kjende i båe endar; før såg det ut som eit fall når nokon vart tause."
en = "The pace now is that of the municipalities known at both ends; before, it looked like a fall when some fell silent."
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
valued AS (
    SELECT
        metric_areas.area_code,
        metric_areas.period_start,
        CASE
            WHEN metric_areas.is_representative THEN CAST(metric_areas.numerator AS DOUBLE) / metric_areas.denominator
        END AS value
    FROM metric_areas
),
-- A period, and the one three before it: each end, and the other one.
ends AS (
    SELECT
        latest.period_start,
        CASE WHEN sides.is_latest = 1 THEN latest.period_start ELSE earlier.period_start END AS own_start,
        CASE WHEN sides.is_latest = 1 THEN earlier.period_start ELSE latest.period_start END AS other_start,
        sides.is_latest,
        (latest.end_day - earlier.end_day) / 30.4375 AS months
    FROM numbered AS latest
    INNER JOIN numbered AS earlier
        ON earlier.place = latest.place - 3
    CROSS JOIN (
        SELECT column1 AS is_latest
        FROM (VALUES (1), (0))
    ) AS sides
),
-- Who is known at one end alone is in neither: falling silent is no fall. What it was before there was a target counts.
compared AS (
    SELECT
        ends.period_start,
        ends.is_latest,
        ends.months,
        areas.area_code,
        own.inhabitants,
        own.numerator,
        own.denominator,
        is_expected(own.state) AS is_expected,
        own.state = 'ok' AND coalesce(other.state, 'ok') = 'ok' AS is_kept
    FROM ends
    INNER JOIN areas
        ON areas.period_start = ends.own_start
    INNER JOIN metric_cells AS own
        ON own.period_start = ends.own_start
        AND own.municipality_code = areas.municipality_code
    LEFT JOIN metric_cells AS other
        ON other.period_start = ends.other_start
        AND other.municipality_code = own.municipality_code
),
shares AS (
    SELECT
        compared.period_start,
        compared.area_code,
        compared.is_latest,
        compared.months,
        CASE
            WHEN sum(compared.inhabitants) > 0
                THEN sum(CASE WHEN compared.is_kept THEN compared.inhabitants ELSE 0 END) * 5 >= sum(compared.inhabitants) * 4
            ELSE count(CASE WHEN compared.is_kept THEN 1 END) * 5 >= count(CASE WHEN compared.is_expected THEN 1 END) * 4
        END AS is_representative,
        CAST(sum(CASE WHEN compared.is_kept THEN compared.numerator END) AS DOUBLE)
        / sum(CASE WHEN compared.is_kept THEN compared.denominator END) AS value
    FROM compared
    GROUP BY
        compared.period_start,
        compared.area_code,
        compared.is_latest,
        compared.months
),
paces AS (
    SELECT
        latest.period_start,
        latest.area_code,
        (latest.value - earlier.value) / latest.months AS share_a_month
    FROM shares AS latest
    INNER JOIN shares AS earlier
        ON earlier.period_start = latest.period_start
        AND earlier.area_code = latest.area_code
        AND earlier.is_latest = 0
        AND earlier.is_representative
    WHERE
        latest.is_latest = 1
        AND latest.is_representative
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
    CASE WHEN goal_areas.target IS NOT NULL THEN paces.share_a_month END AS current_share_a_month
FROM goal_areas
INNER JOIN valued
    ON valued.period_start = goal_areas.period_start
    AND valued.area_code = goal_areas.area_code
LEFT JOIN paces
    ON paces.period_start = goal_areas.period_start
    AND paces.area_code = goal_areas.area_code
ORDER BY
    goal_areas.period_start,
    goal_areas.area_code
