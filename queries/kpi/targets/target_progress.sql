/* kpi
title = { nb = "Vei mot målet", nn = "Veg mot målet", en = "Progress to target" }
answers = { nb = "Hvor langt er vi kommet mot målet, og går det fort nok?", nn = "Kor langt er vi komne mot målet, og går det fort nok?", en = "How far along to the target are we, and is it fast enough?" }
version = 1
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
doc = "What is left to the target; below 0 is beyond it."
unit = "share"
[columns.required_share_a_month]
doc = "Rise a month that reaches the target on its day; 0 when it is reached, none when the day is past."
unit = "share"
[columns.current_share_a_month]
doc = "Rise a month over the last three periods."
unit = "share"
*/
WITH scopes AS (
    SELECT DISTINCT
        areas.period_start,
        areas.area_code,
        concat('municipality:', areas.area_code) AS scope,
        1 AS distance
    FROM areas
    WHERE areas.area_code = areas.municipality_code
    UNION ALL
    SELECT
        areas.period_start,
        areas.area_code,
        concat('network:', areas_network.area_code) AS scope,
        2 AS distance
    FROM areas
    INNER JOIN areas_network
        ON areas_network.period_start = areas.period_start
        AND areas_network.municipality_code = areas.municipality_code
    WHERE areas.area_code = areas.municipality_code
    UNION ALL
    SELECT DISTINCT
        areas.period_start,
        areas.area_code,
        concat('network:', areas.area_code) AS scope,
        2 AS distance
    FROM areas
    UNION ALL
    SELECT DISTINCT
        areas.period_start,
        areas.area_code,
        'nation' AS scope,
        3 AS distance
    FROM areas
),
ranked AS (
    SELECT
        scopes.period_start,
        scopes.area_code,
        targets.scope,
        targets.value,
        targets.baseline_value,
        targets.path,
        targets.due,
        -- How much of the way's time has gone.
        greatest(0.0, least(1.0, coalesce(
            CAST(CAST(periods.period_end AS INT) - CAST(targets.baseline_period AS INT) AS DOUBLE)
            / NULLIF(CAST(targets.due AS INT) - CAST(targets.baseline_period AS INT), 0),
            1.0
        ))) AS gone,
        CAST(CAST(targets.due AS INT) - CAST(periods.period_end AS INT) AS DOUBLE) / 30.4375 AS months_left,
        row_number() OVER (
            PARTITION BY
                scopes.period_start,
                scopes.area_code
            ORDER BY
                scopes.distance,
                CASE WHEN targets.due < periods.period_end THEN 1 ELSE 0 END,
                abs(CAST(targets.due AS INT) - CAST(periods.period_end AS INT)),
                targets.value DESC,
                targets.scope
        ) AS place
    FROM scopes
    INNER JOIN periods
        ON periods.period_start = scopes.period_start
    INNER JOIN targets
        ON targets.scope = scopes.scope
        AND targets.baseline_period < periods.period_end
    WHERE
        targets.solution_id = $solution_id
        AND targets.metric = $metric
),
goals AS (
    SELECT
        ranked.period_start,
        ranked.area_code,
        ranked.scope,
        ranked.value AS target,
        ranked.baseline_value
        + (ranked.value - ranked.baseline_value)
        * CASE WHEN ranked.path = 's_curve' THEN ranked.gone * ranked.gone * (3 - 2 * ranked.gone) ELSE ranked.gone END
            AS on_path,
        ranked.months_left
    FROM ranked
    WHERE ranked.place = 1
),
measured AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        population.persons,
        CASE
            WHEN $metric = 'adoption.reach' THEN usage.value
            WHEN $metric = 'rollout.population_coverage' THEN coalesce(status.live, 0) * population.persons
            ELSE coalesce(status.live, 0)
        END AS numerator,
        CASE
            WHEN $metric = 'adoption.reach' THEN eligible.eligible
            WHEN $metric = 'rollout.population_coverage' THEN population.persons
            ELSE 1
        END AS denominator,
        CASE
            WHEN NOT spine.comparable THEN 'not_valid'
            WHEN $metric = 'adoption.reach' AND usage.state = 'suppressed' THEN 'suppressed'
            WHEN $metric = 'adoption.reach' AND (usage.state = 'missing' OR eligible.eligible IS NULL) THEN 'missing'
            WHEN $metric = 'adoption.reach' AND (usage.state IS NULL OR usage.state <> 'ok' OR eligible.eligible = 0)
                THEN 'not_applicable'
            WHEN $metric = 'rollout.population_coverage' AND population.persons IS NULL THEN 'missing'
            WHEN $metric = 'rollout.population_coverage' AND population.persons = 0 THEN 'not_applicable'
            ELSE 'ok'
        END AS state,
        CASE
            WHEN $metric = 'adoption.reach' THEN usage.marks | coalesce(eligible.marks, 0)
            WHEN $metric = 'rollout.population_coverage' THEN coalesce(status.marks, 0) | coalesce(population.marks, 0)
            ELSE coalesce(status.marks, 0)
        END AS marks
    FROM spine
    LEFT JOIN population_cells AS population
        ON population.period_start = spine.period_start
        AND population.municipality_code = spine.municipality_code
    LEFT JOIN status_cells AS status
        ON status.period_start = spine.period_start
        AND status.municipality_code = spine.municipality_code
        AND status.solution_id = $solution_id
    LEFT JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
        AND usage.solution_id = $solution_id
        AND usage.measure_id = 'users_active'
    LEFT JOIN eligible_cells AS eligible
        ON eligible.period_start = spine.period_start
        AND eligible.municipality_code = spine.municipality_code
        AND eligible.solution_id = $solution_id
),
-- Where there is no target there is nothing to tell.
judged AS (
    SELECT
        areas.period_start,
        areas.area_code,
        measured.persons,
        measured.numerator,
        measured.denominator,
        measured.state AS measured_state,
        CASE WHEN goals.target IS NULL THEN 'not_applicable' ELSE measured.state END AS state,
        measured.marks
    FROM areas
    INNER JOIN measured
        ON measured.period_start = areas.period_start
        AND measured.municipality_code = areas.municipality_code
    LEFT JOIN goals
        ON goals.period_start = areas.period_start
        AND goals.area_code = areas.area_code
),
added AS (
    SELECT
        judged.period_start,
        judged.area_code,
        -- What it was before there was a target counts for the pace.
        CAST(sum(CASE WHEN judged.measured_state = 'ok' THEN judged.numerator END) AS DOUBLE)
        / sum(CASE WHEN judged.measured_state = 'ok' THEN judged.denominator END) AS measured_share,
        sum(CASE WHEN judged.state = 'ok' THEN judged.numerator END) AS numerator,
        sum(CASE WHEN judged.state = 'ok' THEN judged.denominator END) AS denominator,
        bit_or(CASE WHEN judged.state = 'ok' THEN judged.marks ELSE 0 END) AS marks,
        count(CASE WHEN judged.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN judged.state IN ('ok', 'missing', 'suppressed') THEN 1 END) AS expected,
        count(CASE WHEN judged.state = 'suppressed' THEN 1 END) AS suppressed,
        count(CASE WHEN judged.state = 'not_valid' THEN 1 END) AS not_valid,
        sum(CASE WHEN judged.state = 'ok' THEN judged.persons END) AS covered,
        sum(CASE WHEN judged.state IN ('ok', 'missing', 'suppressed') THEN judged.persons END) AS persons
    FROM judged
    GROUP BY
        judged.period_start,
        judged.area_code
),
numbered AS (
    SELECT
        periods.period_start,
        periods.period_end,
        row_number() OVER (ORDER BY periods.period_start) AS place
    FROM periods
),
valued AS (
    SELECT
        added.period_start,
        added.area_code,
        numbered.place,
        CAST(numbered.period_end AS INT) AS end_day,
        added.measured_share,
        CAST(added.numerator AS DOUBLE) / added.denominator AS value
    FROM added
    INNER JOIN numbered
        ON numbered.period_start = added.period_start
)
SELECT
    added.period_start,
    added.area_code,
    valued.value,
    added.numerator,
    added.denominator,
    CASE
        WHEN added.reported > 0 THEN 'ok'
        WHEN added.suppressed > 0 THEN 'suppressed'
        WHEN added.expected > 0 THEN 'missing'
        WHEN added.not_valid > 0 THEN 'not_valid'
        ELSE 'not_applicable'
    END AS state,
    CAST(coalesce(added.covered, 0) AS DOUBLE) / NULLIF(added.persons, 0) AS coverage,
    added.marks
    | CASE WHEN added.reported > 0 AND (added.reported < added.expected OR added.not_valid > 0) THEN 16 ELSE 0 END
        AS marks,
    added.reported AS municipalities_reported,
    added.expected AS municipalities_expected,
    goals.target AS target_share,
    goals.scope AS target_source,
    goals.on_path AS on_path_share,
    goals.target - valued.value AS gap_share,
    CASE
        WHEN valued.value >= goals.target THEN 0.0
        WHEN goals.months_left > 0 THEN (goals.target - valued.value) / goals.months_left
    END AS required_share_a_month,
    (valued.value - earlier.measured_share) * 30.4375 / (valued.end_day - earlier.end_day) AS current_share_a_month
FROM added
INNER JOIN valued
    ON valued.period_start = added.period_start
    AND valued.area_code = added.area_code
LEFT JOIN valued AS earlier
    ON earlier.area_code = valued.area_code
    AND earlier.place = valued.place - 3
LEFT JOIN goals
    ON goals.period_start = added.period_start
    AND goals.area_code = added.area_code
ORDER BY
    added.period_start,
    added.area_code
