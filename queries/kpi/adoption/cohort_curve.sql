/* kpi
title = { nb = "Bruk etter innføring", nn = "Bruk etter innføring", en = "Use since go-live" }
answers = { nb = "Hvordan vokser bruken måned for måned etter at kommunene fikk løsningen?", nn = "Korleis veks bruken månad for månad etter at kommunane fekk løysinga?", en = "How does use grow month by month after municipalities got the solution?" }
version = 5
unit = "per_1000"
better = "higher"
owner = "secretariat"
granularity = "half_year"
window = 8
[caveats]
nb = ["En rad er en kohort: kommunene som var i produksjon for første gang i perioden. Verdien er bruken i én måned, så mange måneder etter måneden de kom i produksjon, per 1000 i målgruppen.", "Med en pulje er puljen kohorten, i raden for perioden da den første i puljen kom i produksjon, og hver kommune regnes fra sin egen måned.", "Målgruppen er den i kohortens periode, så kurven viser bruk og ikke folketall.", "Det er ikke de samme kommunene bak hvert punkt: de nyeste er ikke kommet så langt. En kommune som siden er på pause eller har trukket seg, blir i kohorten. En måned uten tall mangler og er ikke null; tall for lengre tid enn en måned sier ingenting her.", "En kohort med færre enn fem kommuner bak verdien er liten og sier lite om andre."]
nn = ["Ei rad er ein kohort: kommunane som var i produksjon for første gong i perioden. Verdien er bruken i éin månad, så mange månader etter månaden dei kom i produksjon, per 1000 i målgruppa.", "Med ei pulje er pulja kohorten, i rada for perioden då den første i pulja kom i produksjon, og kvar kommune er rekna frå sin eigen månad.", "Målgruppa er den i perioden til kohorten, så kurva viser bruk og ikkje folketal.", "Det er ikkje dei same kommunane bak kvart punkt: dei nyaste er ikkje komne så langt. Ein kommune som sidan er på pause eller har trekt seg, blir i kohorten. Ein månad utan tal manglar og er ikkje null; tal for lengre tid enn ein månad seier ingenting her.", "Ein kohort med færre enn fem kommunar bak verdien er liten og seier lite om andre."]
en = ["A row is a cohort: the municipalities that were in production for the first time in the period. The value is the use of one month, so many months after the month they went into production, per 1000 of the target group.", "With a wave, the wave is the cohort, in the row of the period in which its first municipality went into production, and each municipality is counted from its own month.", "The target group is that of the cohort's period, so that the curve shows use and not population.", "The municipalities behind each point differ: the newest have not come so far. A municipality that has since paused or withdrawn stays in its cohort. A month without a number is missing, not zero; numbers for longer than a month are not counted here.", "A cohort with fewer than five municipalities behind the value is small and shows little about others."]
[rollup]
kind = "area"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "flow"
[params.wave_id]
type = "text"
doc = "A wave of the solution as the cohort; * is every municipality, by when it went into production."
default = "*"
[params.months_since]
type = "integer"
doc = "Months since the month of go-live that the value is for."
default = 12
[columns.cohort_municipalities]
doc = "Municipalities of the cohort, whether or not they have come so far."
unit = "municipalities"
[columns.few]
doc = "1 where fewer than five municipalities are behind the value, else 0."
unit = "cohorts"
[columns.month_0_per_1000]
doc = "Use in the month of go-live, per 1000 of the target group."
unit = "per_1000"
[columns.month_0_municipalities]
doc = "Municipalities behind it."
unit = "municipalities"
[columns.month_1_per_1000]
doc = "Use 1 month later, per 1000 of the target group."
unit = "per_1000"
[columns.month_1_municipalities]
doc = "Municipalities behind it."
unit = "municipalities"
[columns.month_2_per_1000]
doc = "Use 2 months later, per 1000 of the target group."
unit = "per_1000"
[columns.month_2_municipalities]
doc = "Municipalities behind it."
unit = "municipalities"
[columns.month_3_per_1000]
doc = "Use 3 months later, per 1000 of the target group."
unit = "per_1000"
[columns.month_3_municipalities]
doc = "Municipalities behind it."
unit = "municipalities"
[columns.month_6_per_1000]
doc = "Use 6 months later, per 1000 of the target group."
unit = "per_1000"
[columns.month_6_municipalities]
doc = "Municipalities behind it."
unit = "municipalities"
[columns.month_9_per_1000]
doc = "Use 9 months later, per 1000 of the target group."
unit = "per_1000"
[columns.month_9_municipalities]
doc = "Municipalities behind it."
unit = "municipalities"
[columns.month_12_per_1000]
doc = "Use 12 months later, per 1000 of the target group."
unit = "per_1000"
[columns.month_12_municipalities]
doc = "Municipalities behind it."
unit = "municipalities"
[columns.month_18_per_1000]
doc = "Use 18 months later, per 1000 of the target group."
unit = "per_1000"
[columns.month_18_municipalities]
doc = "Municipalities behind it."
unit = "municipalities"
[columns.month_24_per_1000]
doc = "Use 24 months later, per 1000 of the target group."
unit = "per_1000"
[columns.month_24_municipalities]
doc = "Municipalities behind it."
unit = "municipalities"
[reasons.not_in_cohort]
nb = "Kommunen startet ikke i perioden."
nn = "Kommunen starta ikkje i perioden."
en = "The municipality did not start in the period."
[reasons.month_not_over]
nb = "Måneden er ikke over."
nn = "Månaden er ikkje over."
en = "The month is not over."
[[changes]]
version = 5
date = "2026-11-29"
codes = ["same_land"]
[[changes]]
version = 4
date = "2026-11-29"
codes = ["wave_by_land"]
[[changes]]
version = 3
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["whole_period"]
*/
WITH members AS (
    SELECT DISTINCT
        periods.period_start,
        municipality_mappings.to_code AS municipality_code
    FROM wave_members
    INNER JOIN waves
        ON waves.wave_id = wave_members.wave_id
    CROSS JOIN periods
    -- Who has land of a member is no matter of policy.
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = 'population_share'
        AND municipality_mappings.from_code = wave_members.municipality_code
        AND municipality_mappings.from_date = wave_members.division_date
        AND municipality_mappings.to_date = periods.division_date
    WHERE
        wave_members.wave_id = $wave_id
        AND waves.solution_id = $solution_id
        AND municipality_mappings.to_code IS NOT NULL
),
go_lives AS (
    SELECT
        go_live.period_start,
        go_live.municipality_code,
        CAST(12 * date_part('year', go_live.first_day) + date_part('month', go_live.first_day) AS BIGINT) AS month,
        CASE
            WHEN $wave_id = '*' THEN go_live.first_day
            ELSE min(go_live.first_day) OVER (PARTITION BY go_live.period_start)
        END AS cohort_day,
        go_live.marks
    FROM go_live
    LEFT JOIN members
        ON members.period_start = go_live.period_start
        AND members.municipality_code = go_live.municipality_code
    WHERE
        go_live.solution_id = $solution_id
        AND ($wave_id = '*' OR members.municipality_code IS NOT NULL)
),
cohorts AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        spine.comparable,
        go_lives.month,
        eligible.eligible,
        eligible.own_land,
        periods.policy_id,
        CAST(12 * date_part('year', periods.edition_day) + date_part('month', periods.edition_day) AS BIGINT) AS edition_month,
        coalesce(go_lives.marks, 0) | coalesce(eligible.marks, 0) AS marks
    FROM spine
    INNER JOIN periods
        ON periods.period_start = spine.period_start
    LEFT JOIN go_lives
        ON go_lives.period_start = spine.period_start
        AND go_lives.municipality_code = spine.municipality_code
        AND go_lives.cohort_day >= periods.period_start
        AND go_lives.cohort_day < periods.period_end
    LEFT JOIN eligible_cells AS eligible
        ON eligible.period_start = spine.period_start
        AND eligible.municipality_code = spine.municipality_code
        AND eligible.solution_id = $solution_id
),
-- The months of the columns, and the one of the value.
points AS (
    SELECT column1 AS months
    FROM (VALUES (0), (1), (2), (3), (6), (9), (12), (18), (24))
    UNION
    SELECT CAST($months_since AS BIGINT) AS months
),
cells AS (
    SELECT
        cohorts.period_start,
        cohorts.municipality_code,
        points.months,
        CASE WHEN cohorts.comparable AND cohorts.month IS NOT NULL THEN 1 ELSE 0 END AS member,
        monthly.value AS uses,
        cohorts.eligible,
        CASE
            WHEN followed.solution_id IS NULL THEN cell_state(cohorts.comparable, 'not_applicable/not_followed')
            WHEN cohorts.month IS NULL THEN cell_state(cohorts.comparable, 'not_applicable/not_in_cohort')
            WHEN cohorts.month + points.months >= cohorts.edition_month
                THEN cell_state(cohorts.comparable, 'not_applicable/month_not_over')
            ELSE cell_state(
                cohorts.comparable,
                coalesce(monthly.state, 'missing/not_delivered'),
                denominator_state(cohorts.eligible),
                -- The use and the persons are of the same land.
                state_if(
                    cohorts.policy_id NOT IN ('exact_only', 'population_share')
                    AND monthly.state = 'ok'
                    AND has_mark(monthly.marks, 'split_by_share') = cohorts.own_land,
                    'not_valid'
                )
            )
        END AS state,
        coalesce(monthly.marks, 0) | cohorts.marks AS marks
    FROM cohorts
    CROSS JOIN points
    LEFT JOIN followed
        ON followed.solution_id = $solution_id
    LEFT JOIN month_cells AS monthly
        ON monthly.period_start = cohorts.period_start
        AND monthly.municipality_code = cohorts.municipality_code
        AND monthly.month = cohorts.month + points.months
        AND monthly.solution_id = $solution_id
        AND monthly.measure_id = $measure_id
),
pooled AS (
    SELECT
        cells.period_start,
        areas.area_code,
        cells.months,
        sum(cells.member) AS members,
        sum(CASE WHEN cells.state = 'ok' THEN cells.uses END) AS uses,
        sum(CASE WHEN cells.state = 'ok' THEN cells.eligible END) AS eligible,
        bit_or(CASE WHEN cells.state = 'ok' THEN cells.marks ELSE 0 END) AS marks,
        count(CASE WHEN cells.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN is_expected(cells.state) THEN 1 END) AS expected,
        count(CASE WHEN cells.state = 'suppressed' THEN 1 END) AS suppressed,
        count(CASE WHEN cells.state = 'not_valid' THEN 1 END) AS not_valid,
        string_agg(DISTINCT cells.state, ',') AS states,
        sum(CASE WHEN cells.state = 'ok' THEN people.persons END) AS covered,
        sum(CASE WHEN is_expected(cells.state) THEN people.persons END) AS persons_expected
    FROM cells
    INNER JOIN areas
        ON areas.period_start = cells.period_start
        AND areas.municipality_code = cells.municipality_code
    LEFT JOIN coverage_weights AS people
        ON people.period_start = cells.period_start
        AND people.municipality_code = cells.municipality_code
    GROUP BY
        cells.period_start,
        areas.area_code,
        cells.months
),
curves AS (
    SELECT
        pooled.period_start,
        pooled.area_code,
        max(pooled.members) AS members,
        max(CASE WHEN pooled.months = $months_since THEN pooled.uses END) AS uses,
        max(CASE WHEN pooled.months = $months_since THEN pooled.eligible END) AS eligible,
        max(CASE WHEN pooled.months = $months_since THEN pooled.marks END) AS marks,
        max(CASE WHEN pooled.months = $months_since THEN pooled.reported END) AS reported,
        max(CASE WHEN pooled.months = $months_since THEN pooled.expected END) AS expected,
        max(CASE WHEN pooled.months = $months_since THEN pooled.suppressed END) AS suppressed,
        max(pooled.not_valid) AS not_valid,
        max(CASE WHEN pooled.months = $months_since THEN pooled.states END) AS states,
        max(CASE WHEN pooled.months = $months_since THEN pooled.covered END) AS covered,
        max(CASE WHEN pooled.months = $months_since THEN pooled.persons_expected END) AS persons_expected,
        max(CASE WHEN pooled.months = 0 THEN 1000.0 * CAST(pooled.uses AS DOUBLE) / pooled.eligible END) AS month_0_per_1000,
        max(CASE WHEN pooled.months = 0 THEN pooled.reported END) AS month_0_municipalities,
        max(CASE WHEN pooled.months = 1 THEN 1000.0 * CAST(pooled.uses AS DOUBLE) / pooled.eligible END) AS month_1_per_1000,
        max(CASE WHEN pooled.months = 1 THEN pooled.reported END) AS month_1_municipalities,
        max(CASE WHEN pooled.months = 2 THEN 1000.0 * CAST(pooled.uses AS DOUBLE) / pooled.eligible END) AS month_2_per_1000,
        max(CASE WHEN pooled.months = 2 THEN pooled.reported END) AS month_2_municipalities,
        max(CASE WHEN pooled.months = 3 THEN 1000.0 * CAST(pooled.uses AS DOUBLE) / pooled.eligible END) AS month_3_per_1000,
        max(CASE WHEN pooled.months = 3 THEN pooled.reported END) AS month_3_municipalities,
        max(CASE WHEN pooled.months = 6 THEN 1000.0 * CAST(pooled.uses AS DOUBLE) / pooled.eligible END) AS month_6_per_1000,
        max(CASE WHEN pooled.months = 6 THEN pooled.reported END) AS month_6_municipalities,
        max(CASE WHEN pooled.months = 9 THEN 1000.0 * CAST(pooled.uses AS DOUBLE) / pooled.eligible END) AS month_9_per_1000,
        max(CASE WHEN pooled.months = 9 THEN pooled.reported END) AS month_9_municipalities,
        max(CASE WHEN pooled.months = 12 THEN 1000.0 * CAST(pooled.uses AS DOUBLE) / pooled.eligible END) AS month_12_per_1000,
        max(CASE WHEN pooled.months = 12 THEN pooled.reported END) AS month_12_municipalities,
        max(CASE WHEN pooled.months = 18 THEN 1000.0 * CAST(pooled.uses AS DOUBLE) / pooled.eligible END) AS month_18_per_1000,
        max(CASE WHEN pooled.months = 18 THEN pooled.reported END) AS month_18_municipalities,
        max(CASE WHEN pooled.months = 24 THEN 1000.0 * CAST(pooled.uses AS DOUBLE) / pooled.eligible END) AS month_24_per_1000,
        max(CASE WHEN pooled.months = 24 THEN pooled.reported END) AS month_24_municipalities
    FROM pooled
    GROUP BY
        pooled.period_start,
        pooled.area_code
)
SELECT
    curves.period_start,
    curves.area_code,
    1000.0 * CAST(curves.uses AS DOUBLE) / curves.eligible AS value,
    curves.uses AS numerator,
    curves.eligible AS denominator,
    area_state(curves.reported, curves.expected, curves.suppressed, curves.not_valid, curves.states) AS state,
    CAST(coalesce(curves.covered, 0) AS DOUBLE) / NULLIF(area_inhabitants.persons, 0) AS coverage,
    CAST(coalesce(curves.covered, 0) AS DOUBLE) / NULLIF(curves.persons_expected, 0) AS coverage_of_expected,
    area_marks(curves.marks, curves.reported, curves.expected, curves.not_valid) AS marks,
    curves.reported AS municipalities_reported,
    curves.expected AS municipalities_expected,
    curves.members AS cohort_municipalities,
    CASE WHEN curves.reported >= 5 THEN 0 WHEN curves.reported > 0 THEN 1 END AS few,
    curves.month_0_per_1000,
    curves.month_0_municipalities,
    curves.month_1_per_1000,
    curves.month_1_municipalities,
    curves.month_2_per_1000,
    curves.month_2_municipalities,
    curves.month_3_per_1000,
    curves.month_3_municipalities,
    curves.month_6_per_1000,
    curves.month_6_municipalities,
    curves.month_9_per_1000,
    curves.month_9_municipalities,
    curves.month_12_per_1000,
    curves.month_12_municipalities,
    curves.month_18_per_1000,
    curves.month_18_municipalities,
    curves.month_24_per_1000,
    curves.month_24_municipalities
FROM curves
LEFT JOIN area_inhabitants
    ON area_inhabitants.period_start = curves.period_start
    AND area_inhabitants.area_code = curves.area_code
ORDER BY
    curves.period_start,
    curves.area_code
