/* view
doc = "The stage of a municipality of the target division at the end of a period: the furthest that any part of it has come; `contradicted` when that of a part is one of two reported for the same day. No row before its first event."
uses = ["part_status", "stage_steps"]
*/
WITH furthest AS (
    SELECT
        periods.period_start,
        municipality_parts.municipality_code,
        part_status.solution_id,
        max(stage_steps.step) AS step,
        max(part_status.since) AS last_event_day,
        bool_or(part_status.contradicted) AS contradicted,
        bit_or(part_status.marks) AS marks
    FROM periods
    INNER JOIN municipality_parts
        ON municipality_parts.division_date = periods.division_date
    INNER JOIN part_status
        ON part_status.period_start = periods.period_start
        AND part_status.part_id = municipality_parts.part_id
    INNER JOIN stage_steps
        ON stage_steps.stage = part_status.stage
    GROUP BY
        periods.period_start,
        municipality_parts.municipality_code,
        part_status.solution_id
)
SELECT
    furthest.period_start,
    furthest.municipality_code,
    furthest.solution_id,
    stage_steps.stage,
    furthest.last_event_day,
    furthest.contradicted,
    furthest.marks
FROM furthest
INNER JOIN stage_steps
    ON stage_steps.step = furthest.step
