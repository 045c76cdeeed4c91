/* view
doc = "The stage of each part of territory over time, from `valid_from` up to but not including `valid_to`; `since` is the day of the statement behind it. No span where nothing is known."
uses = ["statements"]
*/
-- Every statement with the land of its code, in its own division and in those in which the code is kept.
WITH territory AS (
    SELECT
        statements.solution_id,
        municipality_parts.part_id,
        statements.municipality_code,
        statements.division_date AS own_date,
        municipality_parts.division_date,
        divisions.valid_to AS division_end,
        statements.first_day,
        statements.stage,
        statements.step,
        statements.valid_from AS since,
        statements.valid_to,
        statements.synthetic,
        statements.contradicted,
        min(municipality_parts.division_date) OVER (
            PARTITION BY
                statements.solution_id,
                statements.municipality_code,
                statements.division_date,
                statements.valid_from,
                municipality_parts.part_id
        ) AS part_date
    FROM statements
    INNER JOIN municipality_parts
        ON municipality_parts.municipality_code = statements.municipality_code
        AND municipality_parts.division_date >= statements.division_date
        AND (statements.ceased IS NULL OR municipality_parts.division_date < statements.ceased)
    INNER JOIN divisions
        ON divisions.division_date = municipality_parts.division_date
),
-- A statement holds for the land of its own division; and, while the code is kept, for land that has joined since
-- (`extended`), one division at a time.
claims AS (
    SELECT
        territory.solution_id,
        territory.part_id,
        territory.municipality_code,
        territory.division_date,
        territory.first_day,
        territory.stage,
        territory.step,
        territory.since,
        CASE WHEN territory.division_date = territory.own_date THEN territory.since ELSE territory.division_date END AS valid_from,
        CASE
            WHEN territory.division_date = territory.own_date OR territory.division_end IS NULL THEN territory.valid_to
            ELSE least(territory.valid_to, territory.division_end)
        END AS valid_to,
        -- What was taken off before the code existed is not said of it; and no border change takes a solution away.
        territory.stage IN ('paused', 'withdrawn')
        AND (territory.since < territory.first_day OR territory.division_date > territory.own_date) AS void,
        territory.division_date > territory.own_date AS extended,
        territory.synthetic,
        territory.contradicted
    FROM territory
    WHERE
        territory.division_date = territory.own_date
        OR (
            territory.part_date > territory.own_date
            AND (territory.valid_to IS NULL OR territory.valid_to > territory.division_date)
        )
),
moments AS (
    SELECT DISTINCT
        claims.solution_id,
        claims.part_id,
        CASE WHEN ends.column1 = 1 THEN claims.valid_to ELSE claims.valid_from END AS day
    FROM claims
    CROSS JOIN (VALUES (0), (1)) AS ends
),
spans AS (
    SELECT
        moments.solution_id,
        moments.part_id,
        moments.day,
        lead(moments.day) OVER (
            PARTITION BY
                moments.solution_id,
                moments.part_id
            ORDER BY moments.day
        ) AS end_day
    FROM moments
    WHERE moments.day IS NOT NULL
),
in_force AS (
    SELECT
        spans.solution_id,
        spans.part_id,
        spans.day,
        spans.end_day,
        claims.division_date,
        claims.stage,
        claims.step,
        claims.since,
        claims.void,
        claims.extended,
        claims.synthetic,
        claims.contradicted,
        -- Of the statements about the land of one division the last.
        row_number() OVER (
            PARTITION BY
                spans.solution_id,
                spans.part_id,
                spans.day,
                claims.extended,
                claims.division_date
            ORDER BY claims.since DESC
        ) AS place,
        -- Of those about one code the last.
        row_number() OVER (
            PARTITION BY
                spans.solution_id,
                spans.part_id,
                spans.day,
                claims.municipality_code,
                claims.first_day
            ORDER BY
                claims.since DESC,
                claims.division_date DESC,
                claims.extended
        ) AS place_of_code
    FROM spans
    INNER JOIN claims
        ON claims.solution_id = spans.solution_id
        AND claims.part_id = spans.part_id
        AND claims.valid_from <= spans.day
        AND (claims.valid_to IS NULL OR claims.valid_to > spans.day)
),
-- Beside each, the newest division in which anything is said of the land.
ranked AS (
    SELECT
        in_force.solution_id,
        in_force.part_id,
        in_force.day,
        in_force.end_day,
        in_force.division_date,
        in_force.stage,
        in_force.step,
        in_force.since,
        in_force.void,
        in_force.extended,
        in_force.synthetic,
        in_force.contradicted,
        in_force.place,
        in_force.place_of_code,
        max(
            CASE
                WHEN in_force.place = 1 AND NOT in_force.void AND NOT in_force.extended THEN in_force.division_date
            END
        ) OVER (
            PARTITION BY
                in_force.solution_id,
                in_force.part_id,
                in_force.day
        ) AS newest_date
    FROM in_force
),
-- What is said there; and what the kept code brings, unless the newest division is that of the change or later.
candidates AS (
    SELECT
        ranked.solution_id,
        ranked.part_id,
        ranked.day,
        ranked.end_day,
        ranked.stage,
        ranked.since,
        ranked.synthetic,
        ranked.contradicted,
        row_number() OVER (
            PARTITION BY
                ranked.solution_id,
                ranked.part_id,
                ranked.day
            ORDER BY
                ranked.step DESC,
                ranked.extended
        ) AS place
    FROM ranked
    WHERE
        NOT ranked.void
        AND CASE
            WHEN ranked.extended
                THEN ranked.place_of_code = 1
                    AND (ranked.newest_date IS NULL OR ranked.newest_date < ranked.division_date)
            ELSE ranked.place = 1 AND ranked.newest_date = ranked.division_date
        END
)
SELECT
    candidates.solution_id,
    candidates.part_id,
    candidates.stage,
    candidates.since,
    candidates.day AS valid_from,
    candidates.end_day AS valid_to,
    candidates.synthetic,
    candidates.contradicted
FROM candidates
WHERE candidates.place = 1
