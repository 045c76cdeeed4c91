/* view
doc = "The rollout events of sources as statements about a code of a division: the newest one that held the code on the day, when the code was kept through a change. A later event for the same code and day corrects the earlier one; of two known at the same moment the further stage is taken (`contradicted`). The code was in use without a break from `first_day` up to, not including, `ceased`; a removal reported later is no withdrawal, and is left out."
uses = ["stage_steps"]
*/
WITH numbered AS (
    SELECT
        municipality_parts.municipality_code,
        divisions.division_date,
        divisions.valid_to,
        divisions.place
    FROM (
        SELECT
            divisions.division_date,
            divisions.valid_to,
            row_number() OVER (ORDER BY divisions.division_date) AS place
        FROM divisions
    ) AS divisions
    INNER JOIN municipality_parts
        ON municipality_parts.division_date = divisions.division_date
    GROUP BY
        municipality_parts.municipality_code,
        divisions.division_date,
        divisions.valid_to,
        divisions.place
),
-- The codes of each division. Those of divisions one after the other have the same `run`.
holdings AS (
    SELECT
        numbered.municipality_code,
        numbered.division_date,
        numbered.valid_to,
        numbered.place - row_number() OVER (
            PARTITION BY numbered.municipality_code
            ORDER BY numbered.place
        ) AS run
    FROM numbered
),
runs AS (
    SELECT
        holdings.municipality_code,
        holdings.division_date,
        lead(holdings.division_date) OVER one_after_the_other AS next_date,
        first_value(holdings.division_date) OVER whole_run AS first_day,
        -- The last division has no end, and then the code has none.
        last_value(holdings.valid_to) OVER whole_run AS ceased
    FROM holdings
    WINDOW
        one_after_the_other AS (
            PARTITION BY
                holdings.municipality_code,
                holdings.run
            ORDER BY holdings.division_date
        ),
        whole_run AS (
            PARTITION BY
                holdings.municipality_code,
                holdings.run
            ORDER BY holdings.division_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
),
placed AS (
    SELECT
        rollout_events.solution_id,
        rollout_events.municipality_code,
        held.division_date,
        held.first_day,
        held.ceased,
        rollout_events.stage,
        stage_steps.step,
        rollout_events.valid_from,
        rollout_events.valid_to,
        rollout_events.known_at,
        rollout_events.synthetic
    FROM rollout_events
    INNER JOIN stage_steps
        ON stage_steps.stage = rollout_events.stage
    INNER JOIN runs AS held
        ON held.municipality_code = rollout_events.municipality_code
        AND held.first_day <= rollout_events.division_date
        AND (held.ceased IS NULL OR held.ceased > rollout_events.division_date)
        AND held.division_date <= greatest(rollout_events.division_date, rollout_events.valid_from)
        AND (
            held.next_date IS NULL
            OR held.next_date > greatest(rollout_events.division_date, rollout_events.valid_from)
        )
    WHERE NOT (
        rollout_events.stage IN ('paused', 'withdrawn')
        AND held.ceased IS NOT NULL
        AND rollout_events.valid_from >= held.ceased
    )
),
ranked AS (
    SELECT
        placed.solution_id,
        placed.municipality_code,
        placed.division_date,
        placed.first_day,
        placed.ceased,
        placed.stage,
        placed.step,
        placed.valid_from,
        placed.valid_to,
        placed.synthetic,
        min(placed.step) OVER one_moment <> max(placed.step) OVER one_moment AS contradicted,
        row_number() OVER (
            PARTITION BY
                placed.solution_id,
                placed.municipality_code,
                placed.division_date,
                placed.valid_from
            ORDER BY
                placed.known_at DESC,
                placed.step DESC,
                placed.valid_to DESC NULLS FIRST
        ) AS place
    FROM placed
    WINDOW one_moment AS (
        PARTITION BY
            placed.solution_id,
            placed.municipality_code,
            placed.division_date,
            placed.valid_from,
            placed.known_at
    )
)
SELECT
    ranked.solution_id,
    ranked.municipality_code,
    ranked.division_date,
    ranked.first_day,
    ranked.ceased,
    ranked.stage,
    ranked.step,
    ranked.valid_from,
    ranked.valid_to,
    ranked.synthetic,
    ranked.contradicted
FROM ranked
WHERE ranked.place = 1
