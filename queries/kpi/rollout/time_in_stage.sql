/* kpi
title = { nb = "Tid i fase", nn = "Tid i fase", en = "Time in stage" }
answers = { nb = "Hvor mange dager går det fra en kommune kommer til et steg til den er i produksjon?", nn = "Kor mange dagar går det frå ein kommune kjem til eit steg til han er i produksjon?", en = "How many days pass from a municipality's entering a stage to its being in production?" }
version = 2
unit = "days"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Medianen er Kaplan og Meiers: de som ennå ikke er i produksjon, også de på pause og de som har trukket seg, teller med så lenge de har ventet.", "Er færre enn halvparten kommet fram, er det ingen median; hvor mange som er framme og hvor mange som venter, står likevel.", "En kommune som var i produksjon før den kom til steget, regnes ikke med."]
nn = ["Medianen er Kaplan og Meier sin: dei som enno ikkje er i produksjon, òg dei på pause og dei som har trekt seg, tel med så lenge dei har venta.", "Er færre enn halvparten komne fram, er det ingen median; kor mange som er framme og kor mange som ventar, står likevel.", "Ein kommune som var i produksjon før han kom til steget, er ikkje rekna med."]
en = ["The median is Kaplan and Meier's: those not yet in production, paused and withdrawn ones too, count for as long as they have waited.", "Where the curve has not fallen to half there is no median and the state is not_applicable; how many have arrived and how many wait is answered all the same.", "A municipality in production before it entered the stage does not count."]
[rollup]
kind = "area"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.stage]
type = "choice"
choices = ["planned", "agreed", "technically_ready", "pilot"]
doc = "The stage the days begin with."
default = "agreed"
[columns.reached]
doc = "Municipalities that entered the stage and are or were in production."
unit = "municipalities"
[columns.waiting]
doc = "Municipalities that entered the stage and have not been in production."
unit = "municipalities"
[reasons.half_still_waiting]
nb = "Færre enn halvparten er kommet i produksjon."
nn = "Færre enn halvparten har kome i produksjon."
en = "Fewer than half have reached production."
[reasons.stage_not_entered]
nb = "Ingen har nådd steget."
nn = "Ingen har nådd steget."
en = "Nobody has entered the stage."
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code"]
*/
WITH spells AS (
    SELECT
        entered.period_start,
        entered.municipality_code,
        CASE WHEN production.first_day IS NULL THEN 0 ELSE 1 END AS reached,
        -- Who waits has waited until the period's last day, the day before its end.
        coalesce(CAST(production.first_day AS INT), CAST(periods.period_end AS INT) - 1)
        - CAST(entered.first_day AS INT) AS days,
        entered.marks | coalesce(production.marks, 0) AS marks
    FROM stage_entries AS entered
    INNER JOIN periods
        ON periods.period_start = entered.period_start
    LEFT JOIN stage_entries AS production
        ON production.period_start = entered.period_start
        AND production.municipality_code = entered.municipality_code
        AND production.solution_id = entered.solution_id
        AND production.stage = 'in_production'
    WHERE
        entered.solution_id = $solution_id
        AND entered.stage = $stage
        AND (production.first_day IS NULL OR production.first_day >= entered.first_day)
),
members AS (
    SELECT
        areas.period_start,
        areas.area_code,
        CASE WHEN spine.comparable THEN spells.reached END AS reached,
        CASE WHEN spine.comparable THEN spells.days END AS days,
        CASE WHEN spine.comparable THEN coalesce(spells.marks, 0) ELSE 0 END AS marks,
        CASE WHEN spine.comparable AND spells.days IS NOT NULL THEN people.persons END AS persons,
        CASE WHEN spine.comparable THEN 0 ELSE 1 END AS not_valid
    FROM areas
    INNER JOIN spine
        ON spine.period_start = areas.period_start
        AND spine.municipality_code = areas.municipality_code
    LEFT JOIN spells
        ON spells.period_start = areas.period_start
        AND spells.municipality_code = areas.municipality_code
    LEFT JOIN coverage_weights AS people
        ON people.period_start = areas.period_start
        AND people.municipality_code = areas.municipality_code
),
steps AS (
    SELECT
        members.period_start,
        members.area_code,
        members.days,
        count(*) AS leaving,
        sum(members.reached) AS reached
    FROM members
    WHERE members.days IS NOT NULL
    GROUP BY
        members.period_start,
        members.area_code,
        members.days
),
at_risk AS (
    SELECT
        steps.period_start,
        steps.area_code,
        steps.days,
        steps.reached,
        -- Those who have not left before this day.
        sum(steps.leaving) OVER (
            PARTITION BY
                steps.period_start,
                steps.area_code
            ORDER BY steps.days DESC
        ) AS municipalities
    FROM steps
),
-- The share not yet in production is a product; added up as logarithms. When none is left, far below one half.
curve AS (
    SELECT
        at_risk.period_start,
        at_risk.area_code,
        at_risk.days,
        at_risk.reached,
        sum(
            CASE
                WHEN at_risk.reached = at_risk.municipalities THEN -1000
                ELSE ln(1 - CAST(at_risk.reached AS DOUBLE) / at_risk.municipalities)
            END
        ) OVER (
            PARTITION BY
                at_risk.period_start,
                at_risk.area_code
            ORDER BY at_risk.days
        ) AS log_left
    FROM at_risk
),
medians AS (
    SELECT
        curve.period_start,
        curve.area_code,
        min(curve.days) AS days
    FROM curve
    WHERE
        curve.reached > 0
        -- A half reached exactly is reached: logarithms leave a rounding error.
        AND curve.log_left <= ln(0.5) + 0.000000001
    GROUP BY
        curve.period_start,
        curve.area_code
),
counted AS (
    SELECT
        members.period_start,
        members.area_code,
        sum(members.reached) AS reached,
        sum(1 - members.reached) AS waiting,
        count(members.days) AS municipalities,
        sum(members.persons) AS persons,
        bit_or(members.marks) AS marks,
        sum(members.not_valid) AS not_valid
    FROM members
    GROUP BY
        members.period_start,
        members.area_code
)
SELECT
    counted.period_start,
    counted.area_code,
    CAST(medians.days AS DOUBLE) AS value,
    CAST(NULL AS BIGINT) AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    CASE
        -- Fewer than half have arrived: there is no median yet.
        WHEN counted.municipalities > 0 AND medians.days IS NULL THEN 'not_applicable/half_still_waiting'
        ELSE area_state(
            counted.municipalities,
            counted.municipalities,
            0,
            counted.not_valid,
            CASE
                WHEN followed.solution_id IS NULL THEN 'not_applicable/not_followed'
                ELSE 'not_applicable/stage_not_entered'
            END
        )
    END AS state,
    CAST(coalesce(counted.persons, 0) AS DOUBLE) / NULLIF(area_inhabitants.persons, 0) AS coverage,
    -- Whether and for how long a municipality waits is known of every one that is counted.
    CASE WHEN counted.persons > 0 THEN 1.0 END AS coverage_of_expected,
    area_marks(counted.marks, counted.municipalities, counted.municipalities, counted.not_valid) AS marks,
    counted.municipalities AS municipalities_reported,
    counted.municipalities AS municipalities_expected,
    counted.reached AS reached,
    counted.waiting AS waiting
FROM counted
LEFT JOIN followed
    ON followed.solution_id = $solution_id
LEFT JOIN medians
    ON medians.period_start = counted.period_start
    AND medians.area_code = counted.area_code
LEFT JOIN area_inhabitants
    ON area_inhabitants.period_start = counted.period_start
    AND area_inhabitants.area_code = counted.area_code
ORDER BY
    counted.period_start,
    counted.area_code
