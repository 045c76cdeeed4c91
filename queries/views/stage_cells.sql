/* view
doc = "The stage a municipality of the wanted division stands in at the end of a period: the furthest that any part of it has come. No row where nothing was ever heard."
uses = ["part_status"]
*/
-- Off the list is further than never heard of, and behind every stage on the way.
WITH furthest AS (
    SELECT
        periods.period_start,
        municipality_parts.municipality_code,
        part_status.solution_id,
        max(
            CASE part_status.stage
                WHEN 'withdrawn' THEN 1
                WHEN 'paused' THEN 2
                WHEN 'planned' THEN 3
                WHEN 'agreed' THEN 4
                WHEN 'technically_ready' THEN 5
                WHEN 'pilot' THEN 6
                WHEN 'in_production' THEN 7
            END
        ) AS step,
        max(part_status.since) AS last_heard,
        bit_or(part_status.marks) AS marks
    FROM periods
    INNER JOIN municipality_parts
        ON municipality_parts.division_date = periods.division_date
    INNER JOIN part_status
        ON part_status.period_start = periods.period_start
        AND part_status.part_id = municipality_parts.part_id
    GROUP BY
        periods.period_start,
        municipality_parts.municipality_code,
        part_status.solution_id
)
SELECT
    furthest.period_start,
    furthest.municipality_code,
    furthest.solution_id,
    CASE furthest.step
        WHEN 1 THEN 'withdrawn'
        WHEN 2 THEN 'paused'
        WHEN 3 THEN 'planned'
        WHEN 4 THEN 'agreed'
        WHEN 5 THEN 'technically_ready'
        WHEN 6 THEN 'pilot'
        ELSE 'in_production'
    END AS stage,
    furthest.last_heard,
    furthest.marks
FROM furthest
