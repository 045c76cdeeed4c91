/* kpi
title = { nb = "Kommuner å følge opp", nn = "Kommunar å følgje opp", en = "Municipalities to follow up" }
answers = { nb = "Hvem skal vi ringe denne uken, og hvorfor?", nn = "Kven skal vi ringje denne veka, og kvifor?", en = "Whom do we call this week, and why?" }
version = 1
unit = "reasons"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 1
lookback = 1
[caveats]
nb = ["En grunn er en løsning i produksjon som ikke har levert for perioden, eller bruk som falt mer enn 20 % fra perioden før."]
nn = ["Ein grunn er ei løysing i produksjon som ikkje har levert for perioden, eller bruk som fall meir enn 20 % frå perioden før."]
en = ["A reason is a solution in production that has not delivered for the period, or use that fell more than 20 % from the period before."]
[rollup]
kind = "none"
[params.solution_id]
type = "solution"
doc = "The shared solution; * is all of them."
default = "*"
[columns.rank]
doc = "1 is called first: most reasons, then most inhabitants."
unit = "places"
[columns.silent]
doc = "Solutions in production that delivered nothing for the period."
unit = "solutions"
[columns.falling]
doc = "Solutions whose use fell more than 20 %."
unit = "solutions"
[columns.reason]
doc = "The reasons in words."
unit = "words"
*/
WITH told AS (
    SELECT
        usage.period_start,
        usage.municipality_code,
        usage.solution_id,
        usage.state,
        usage.value,
        usage.marks,
        lag(usage.value) OVER (
            PARTITION BY
                usage.solution_id,
                usage.municipality_code
            ORDER BY usage.period_start
        ) AS value_before
    FROM usage_cells AS usage
    WHERE
        usage.measure_id = 'uses'
        AND ($solution_id = '*' OR usage.solution_id = $solution_id)
),
judged AS (
    SELECT
        told.period_start,
        told.municipality_code,
        told.solution_id,
        told.value,
        told.value_before,
        CASE WHEN told.state = 'ok' THEN told.marks ELSE 0 END | coalesce(status.marks, 0) AS marks,
        CASE WHEN status.live = 1 AND told.state = 'missing' THEN 1 ELSE 0 END AS silent,
        CASE WHEN told.value * 100 < told.value_before * 80 THEN 1 ELSE 0 END AS falling
    FROM told
    LEFT JOIN status_cells AS status
        ON status.period_start = told.period_start
        AND status.municipality_code = told.municipality_code
        AND status.solution_id = told.solution_id
),
counted AS (
    SELECT
        judged.period_start,
        judged.municipality_code,
        sum(judged.silent) AS silent,
        sum(judged.falling) AS falling,
        bit_or(judged.marks) AS marks,
        string_agg(
            CASE
                WHEN judged.silent = 1 THEN concat(judged.solution_id, ': nothing delivered')
                WHEN judged.falling = 1 THEN concat(
                    judged.solution_id,
                    ': use fell ',
                    CAST(100 - (judged.value * 100 + judged.value_before / 2) / judged.value_before AS VARCHAR),
                    ' %'
                )
            END,
            '; ' ORDER BY judged.solution_id
        ) AS reason
    FROM judged
    GROUP BY
        judged.period_start,
        judged.municipality_code
)
SELECT
    spine.period_start,
    spine.municipality_code,
    counted.silent + counted.falling AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    CASE WHEN spine.comparable THEN 'ok' ELSE 'not_valid' END AS state,
    counted.marks AS marks,
    row_number() OVER (
        PARTITION BY spine.period_start
        ORDER BY
            counted.silent + counted.falling DESC,
            coalesce(population.persons, 0) DESC,
            spine.municipality_code
    ) AS rank,
    counted.silent AS silent,
    counted.falling AS falling,
    counted.reason AS reason
FROM spine
INNER JOIN counted
    ON counted.period_start = spine.period_start
    AND counted.municipality_code = spine.municipality_code
LEFT JOIN population_cells AS population
    ON population.period_start = spine.period_start
    AND population.municipality_code = spine.municipality_code
ORDER BY
    spine.period_start,
    spine.municipality_code
