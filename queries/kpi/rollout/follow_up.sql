/* kpi
title = { nb = "Kommuner å følge opp", nn = "Kommunar å følgje opp", en = "Municipalities to follow up" }
answers = { nb = "Hvem skal vi ringe denne uken, og hvorfor?", nn = "Kven skal vi ringje denne veka, og kvifor?", en = "Whom do we call this week, and why?" }
version = 7
unit = "reasons"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 1
lookback = 1
[caveats]
nb = ["En grunn er en løsning i produksjon eller pilot som ikke har levert for perioden det den har hatt frist for, eller bruk som falt mer enn 20 % fra perioden før.", "Et fall som tilfeldig variasjon i små tall kan forklare, er ingen grunn: forskjellen må være større enn 1,96 ganger roten av summen av de to tallene."]
nn = ["Ein grunn er ei løysing i produksjon eller pilot som ikkje har levert for perioden det ho har hatt frist for, eller bruk som fall meir enn 20 % frå perioden før.", "Eit fall som tilfeldig variasjon i små tal kan forklare, er ingen grunn: skilnaden må vere større enn 1,96 gonger rota av summen av dei to tala."]
en = ["A reason is a solution in production or as a pilot that has not delivered for the period what is past its due day, or use that fell more than 20 % from the period before.", "A fall that chance in small counts can explain is no reason: the difference must exceed 1.96 times the root of the sum of the two counts."]
[rollup]
kind = "none"
[params.solution_id]
type = "solution"
doc = "The shared solution; * is all of them."
default = "*"
[columns.rank]
doc = "1 is called first: most reasons, then most inhabitants."
unit = "places"
[columns.not_delivered]
doc = "Solutions in production for which something of the period is past its due day and has not come; where no day is declared, those for which nothing came."
unit = "solutions"
[columns.use_fell]
doc = "Solutions whose use fell more than 20 %."
unit = "solutions"
[columns.reasons]
doc = "The reasons there are, each once, blanks between them."
unit = "codes"
codes = ["not_delivered", "use_fell", "part_of_period"]
[columns.not_delivered_solutions]
doc = "The ids of those solutions, blanks between them."
unit = "ids"
[columns.use_fell_solutions]
doc = "The ids of the solutions whose use fell, blanks between them."
unit = "ids"
[columns.largest_fall_share]
doc = "The largest of those falls: the part of the use of the period before that is lost."
unit = "share"
[reasons.use_fell]
nb = "Bruken falt mer enn 20 % fra perioden før."
nn = "Bruken fall meir enn 20 % frå perioden før."
en = "Use fell more than 20 % from the period before."
[[changes]]
version = 7
date = "2026-11-29"
codes = ["same_land_compared"]
nb = "Et fall har også merkene til tallet det er målt mot."
nn = "Eit fall har òg merka til talet det er målt mot."
en = "A fall carries the marks of the number it is measured against too."
[[changes]]
version = 6
date = "2026-11-29"
nb = "Der verken innføringen følges eller noe tall er kjent, er det ingenting å følge opp (not_followed); før sto det 0."
nn = "Der korkje innføringa er følgd eller noko tal er kjent, er det ingenting å følgje opp (not_followed); før stod det 0."
en = "Where neither the rollout is followed nor any number is known there is nothing to follow up (not_followed); before, it said 0."
[[changes]]
version = 5
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 4
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code", "unplaceable_not_valid", "whole_delivery"]
nb = "Et fall som kan være tilfeldig, er ikke lenger en grunn til å ringe, og det er heller ikke en leveranse som ikke har hatt frist, eller en som kom for lengre eller andre perioder enn det spørres om."
nn = "Eit fall som kan vere tilfeldig, er ikkje lenger ein grunn til å ringje, og det er heller ikkje ein leveranse som ikkje har hatt frist, eller ein som kom for lengre eller andre periodar enn det blir spurt om."
en = "A fall that may be chance is no longer a reason to call, and neither is a delivery that is not past its due day, or one that came for longer or other periods than those of the question."
[[changes]]
version = 3
date = "2026-11-28"
codes = ["whole_period"]
[[changes]]
version = 2
date = "2026-11-27"
nb = "Grunnene er koder med tekster på tre språk."
nn = "Grunnane er kodar med tekstar på tre språk."
en = "The reasons are codes with texts in three languages."
*/
WITH compared AS (
    SELECT
        usage.period_start,
        usage.municipality_code,
        usage.solution_id,
        usage.state,
        usage.in_full,
        usage.unreported,
        usage.marks,
        -- Two months of a quarter are no fall from three.
        CASE WHEN NOT has_mark(usage.marks, 'partial') THEN usage.value END AS whole_value,
        lag(CASE WHEN NOT has_mark(usage.marks, 'partial') THEN usage.value END) OVER earlier AS value_before,
        usage.own_land,
        lag(usage.own_land) OVER earlier AS own_land_before,
        lag(usage.marks) OVER earlier AS marks_before
    FROM usage_cells AS usage
    WHERE
        usage.measure_id = 'uses'
        AND ($solution_id = '*' OR usage.solution_id = $solution_id)
    WINDOW earlier AS (
        PARTITION BY
            usage.solution_id,
            usage.municipality_code
        ORDER BY usage.period_start
    )
),
-- What is owed for a period, or for a longer one that it lies in, and how much of it is past its due day and has not come.
owed AS (
    SELECT
        owed_deliveries.period_start,
        owed_deliveries.municipality_code,
        owed_deliveries.solution_id,
        count(
            CASE WHEN owed_deliveries.delivered = 0 AND owed_deliveries.due < periods.edition_day THEN 1 END
        ) AS overdue
    FROM owed_deliveries
    INNER JOIN periods
        ON periods.period_start = owed_deliveries.period_start
        AND owed_deliveries.delivery_end > periods.period_start
    WHERE
        owed_deliveries.measure_id = 'uses'
        AND ($solution_id = '*' OR owed_deliveries.solution_id = $solution_id)
    GROUP BY
        owed_deliveries.period_start,
        owed_deliveries.municipality_code,
        owed_deliveries.solution_id
),
reasons AS (
    SELECT
        compared.period_start,
        compared.municipality_code,
        compared.solution_id,
        compared.whole_value AS value,
        compared.value_before,
        -- Neither its rollout nor any number of it is known: there is nothing to follow up, which is not 0.
        followed.solution_id IS NOT NULL
        OR NOT compared.unreported
        OR compared.value_before IS NOT NULL AS is_known,
        CASE WHEN compared.state = 'ok' THEN compared.marks ELSE 0 END
        -- What is compared with an estimate rests on it.
        | CASE WHEN compared.whole_value IS NOT NULL AND compared.value_before IS NOT NULL THEN compared.marks_before ELSE 0 END
        | coalesce(status.marks, 0) AS marks,
        CASE
            WHEN status.live = 1
                AND starts_with(compared.state, 'missing')
                -- Without a due day a number is owed when the period is over.
                AND CASE
                    WHEN owed.overdue IS NULL THEN periods.period_end <= periods.edition_day
                    ELSE owed.overdue > 0
                END
                -- What came of all days was delivered, in spans of which this period can make no number.
                AND NOT compared.in_full
                THEN 'not_delivered'
            -- Two counts of the same rate differ by more than 1.96 roots of their sum in one of twenty cases.
            WHEN compared.own_land = compared.own_land_before
                AND compared.whole_value * 100 < compared.value_before * 80
                AND CAST(compared.value_before - compared.whole_value AS DOUBLE)
                * (compared.value_before - compared.whole_value)
                > 3.8416 * (compared.value_before + compared.whole_value)
                THEN 'use_fell'
        END AS reason
    FROM compared
    INNER JOIN periods
        ON periods.period_start = compared.period_start
    LEFT JOIN owed
        ON owed.period_start = compared.period_start
        AND owed.municipality_code = compared.municipality_code
        AND owed.solution_id = compared.solution_id
    LEFT JOIN status_cells AS status
        ON status.period_start = compared.period_start
        AND status.municipality_code = compared.municipality_code
        AND status.solution_id = compared.solution_id
    LEFT JOIN followed
        ON followed.solution_id = compared.solution_id
),
counts AS (
    SELECT
        reasons.period_start,
        reasons.municipality_code,
        bool_or(reasons.is_known) AS is_known,
        count(reasons.reason) AS reasons,
        count(CASE WHEN reasons.reason = 'not_delivered' THEN 1 END) AS not_delivered,
        count(CASE WHEN reasons.reason = 'use_fell' THEN 1 END) AS use_fell,
        bit_or(reasons.marks) AS marks,
        string_agg(
            CASE WHEN reasons.reason = 'not_delivered' THEN reasons.solution_id END,
            ' ' ORDER BY reasons.solution_id
        ) AS not_delivered_solutions,
        string_agg(
            CASE WHEN reasons.reason = 'use_fell' THEN reasons.solution_id END,
            ' ' ORDER BY reasons.solution_id
        ) AS use_fell_solutions,
        max(
            CASE
                WHEN reasons.reason = 'use_fell'
                    THEN CAST(reasons.value_before - reasons.value AS DOUBLE) / reasons.value_before
            END
        ) AS largest_fall_share
    FROM reasons
    GROUP BY
        reasons.period_start,
        reasons.municipality_code
)
SELECT
    spine.period_start,
    spine.municipality_code,
    counts.reasons AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    cell_state(spine.comparable, state_if(NOT counts.is_known, 'not_applicable/not_followed')) AS state,
    counts.marks AS marks,
    row_number() OVER (
        PARTITION BY spine.period_start
        ORDER BY
            counts.is_known DESC,
            counts.reasons DESC,
            coalesce(population.persons, 0) DESC,
            spine.municipality_code
    ) AS rank,
    counts.not_delivered AS not_delivered,
    counts.use_fell AS use_fell,
    NULLIF(
        concat_ws(
            ' ',
            CASE WHEN counts.not_delivered > 0 THEN 'not_delivered' END,
            CASE WHEN counts.use_fell > 0 THEN 'use_fell' END
        ),
        ''
    ) AS reasons,
    counts.not_delivered_solutions AS not_delivered_solutions,
    counts.use_fell_solutions AS use_fell_solutions,
    counts.largest_fall_share AS largest_fall_share
FROM spine
INNER JOIN counts
    ON counts.period_start = spine.period_start
    AND counts.municipality_code = spine.municipality_code
LEFT JOIN population_cells AS population
    ON population.period_start = spine.period_start
    AND population.municipality_code = spine.municipality_code
ORDER BY
    spine.period_start,
    spine.municipality_code
