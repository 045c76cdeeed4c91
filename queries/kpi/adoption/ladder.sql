/* kpi
title = { nb = "Brukstrappen", nn = "Brukstrappa", en = "Adoption ladder" }
answers = { nb = "Hvor mange kommuner bruker løsningen av vane, og på hvilket trinn står de andre?", nn = "Kor mange kommunar bruker løysinga av vane, og på kva trinn står dei andre?", en = "How many municipalities use the solution by habit, and on which rung are the others?" }
version = 4
unit = "municipalities"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
lookback = 11
[caveats]
nb = ["Trinnene er: tiltenkt (målgruppen er ikke tom, og kommunen har ikke meldt at målet ikke gjelder den), tilkoblet (i produksjon eller pilot ved periodens slutt, eller i bruk i perioden), brukt (bruk er meldt noen gang til og med perioden), aktiv (bruk i perioden) og vane (bruk i hver av de siste periodene, denne medregnet).", "Falt fra er den som er tilkoblet, har brukt løsningen og har meldt null i hver av de samme periodene. Den som har null nå, men ikke så lenge, står på brukt.", "En rapport som mangler, er aldri null: uten tall for perioden er trinnet ukjent. Mangler bare tidligere tall, er vane eller frafall uavgjort.", "Følges ingen innføring av løsningen, regnes alle som tilkoblet.", "Tidligere perioder følges under kommunens kode; for en ny kommune er de ukjente. Med borders=now følges hele historien i dagens grenser."]
nn = ["Trinna er: tiltenkt (målgruppa er ikkje tom, og kommunen har ikkje meldt at målet ikkje gjeld han), tilkopla (i produksjon eller pilot ved slutten av perioden, eller i bruk i perioden), brukt (bruk er meld nokon gong til og med perioden), aktiv (bruk i perioden) og vane (bruk i kvar av dei siste periodane, denne medrekna).", "Fallen frå er den som er tilkopla, har brukt løysinga og har meldt null i kvar av dei same periodane. Den som har null no, men ikkje så lenge, står på brukt.", "Ein rapport som manglar, er aldri null: utan tal for perioden er trinnet ukjent. Manglar berre tidlegare tal, er vane eller fråfall uavgjort.", "Blir inga innføring av løysinga følgd, er alle rekna som tilkopla.", "Tidlegare periodar er følgde under koden til kommunen; for ein ny kommune er dei ukjende. Med borders=now er heile historia følgd i grensene i dag."]
en = ["The rungs are: eligible (the target group is not empty, and the municipality has not reported that the measure does not apply to it), connected (in production or pilot at the end of the period, or in use in the period), used (use was reported at some time up to the period's end), active (use in the period) and habitual (use in each of the last periods, this one counted).", "Lapsed is who is connected, has used the solution and has reported zero in each of the same periods. Who reports zero now, but not for so long, is at used.", "A missing report is never zero: without a number for the period the rung is unknown. Where only earlier numbers are lacking, habit or lapse is undecided.", "Where no rollout of the solution is followed, everybody counts as connected.", "Earlier periods are followed under the municipality's code; those of a new municipality are unknown. With borders=now the whole history is followed in today's borders."]
[rollup]
kind = "area"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted as use."
main = "flow"
[params.in_a_row]
type = "choice"
choices = ["1", "2", "3", "6", "12"]
doc = "Periods in a row, this one counted, that make a habit, or with zero a lapse."
default = "3"
[columns.eligible]
doc = "Municipalities the solution is meant for."
unit = "municipalities"
[columns.connected]
doc = "Those on connected or higher, unknown ones too."
unit = "municipalities"
[columns.used]
doc = "Those on used or higher, lapsed ones and unknown ones that have reported use before too."
unit = "municipalities"
[columns.active]
doc = "Those on active or higher; the value is of them those on habitual."
unit = "municipalities"
[columns.standing_eligible]
doc = "At eligible: not connected."
unit = "municipalities"
[columns.standing_connected]
doc = "At connected: no use reported yet."
unit = "municipalities"
[columns.standing_used]
doc = "At used: no use in the period, and not lapsed."
unit = "municipalities"
[columns.standing_active]
doc = "At active: use in the period that is not a habit."
unit = "municipalities"
[columns.lapsed]
doc = "Lapsed: used, connected, and zero in every one of the last periods."
unit = "municipalities"
[columns.unknown]
doc = "Connected, but the report for the period is lacking or withheld: no rung is known."
unit = "municipalities"
[columns.undecided]
doc = "Of those at used or active: lacking reports of earlier periods leave open whether it is a lapse or a habit."
unit = "municipalities"
[columns.rung]
doc = "The rung of a municipality; none for areas of several."
unit = "codes"
codes = ["eligible", "connected", "used", "active", "habitual", "lapsed", "unknown"]
[reasons.eligible]
nb = "Tiltenkt: løsningen er for kommunen, som ikke er tilkoblet."
nn = "Tiltenkt: løysinga er for kommunen, som ikkje er tilkopla."
en = "Eligible: the solution is for the municipality, which is not connected."
[reasons.connected]
nb = "Tilkoblet: bruk er aldri meldt."
nn = "Tilkopla: bruk er aldri meld."
en = "Connected: no use has ever been reported."
[reasons.used]
nb = "Brukt: bruk er meldt før, men ikke i perioden."
nn = "Brukt: bruk er meld før, men ikkje i perioden."
en = "Used: use has been reported before, and none in the period."
[reasons.active]
nb = "Aktiv: bruk i perioden, som ikke er en vane."
nn = "Aktiv: bruk i perioden, som ikkje er ein vane."
en = "Active: use in the period that is not a habit."
[reasons.habitual]
nb = "Vane: bruk i hver av de siste periodene."
nn = "Vane: bruk i kvar av dei siste periodane."
en = "Habitual: use in each of the last periods."
[reasons.lapsed]
nb = "Falt fra: brukt før, og null i hver av de siste periodene."
nn = "Fallen frå: brukt før, og null i kvar av dei siste periodane."
en = "Lapsed: used before, and zero in each of the last periods."
[reasons.unknown]
nb = "Ukjent: tallet for perioden mangler eller er skjult."
nn = "Ukjent: talet for perioden manglar eller er skjult."
en = "Unknown: the number for the period is missing or suppressed."
[[changes]]
version = 4
date = "2026-11-29"
codes = ["zero_divides"]
nb = "En kommune som ikke er tilkoblet, står på tiltenkt også når et tall ikke lar seg plassere i grensene."
nn = "Ein kommune som ikkje er tilkopla, står på tiltenkt også når eit tal ikkje let seg plassere i grensene."
en = "A municipality that is not connected counts as eligible also where a number cannot be placed within the borders."
[[changes]]
version = 3
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code", "unplaceable_not_valid"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["whole_period"]
*/
WITH numbered AS (
    SELECT
        periods.period_start,
        row_number() OVER (ORDER BY periods.period_start) AS place
    FROM periods
),
activities AS (
    SELECT
        numbered.place,
        spine.period_start,
        spine.municipality_code,
        spine.comparable,
        CASE WHEN so_far.municipality_code IS NULL THEN 0 ELSE 1 END AS used,
        CASE WHEN status.live = 1 OR followed.solution_id IS NULL THEN 1 ELSE 0 END AS live,
        -- A number that cannot be placed here does not say that the measure is not for the municipality.
        coalesce(eligible.eligible, 1) > 0
        AND (usage.unreported OR is_expected(usage.state) OR usage.state = 'not_valid') AS applies,
        usage.state,
        -- A zero reported by a part only is not a zero of the whole.
        CASE
            WHEN NOT spine.comparable OR usage.state = 'not_valid' THEN 'unknown'
            WHEN usage.state = 'ok' AND usage.value > 0 THEN 'use'
            WHEN usage.state = 'ok' AND NOT has_mark(usage.marks, 'partial') THEN 'zero'
            WHEN NOT is_expected(usage.state) THEN 'none'
            ELSE 'unknown'
        END AS activity,
        usage.marks,
        coalesce(status.marks, 0) AS status_marks
    FROM spine
    INNER JOIN numbered
        ON numbered.period_start = spine.period_start
    INNER JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
        AND usage.solution_id = $solution_id
        AND usage.measure_id = $measure_id
    LEFT JOIN eligible_cells AS eligible
        ON eligible.period_start = spine.period_start
        AND eligible.municipality_code = spine.municipality_code
        AND eligible.solution_id = usage.solution_id
    LEFT JOIN status_cells AS status
        ON status.period_start = spine.period_start
        AND status.municipality_code = spine.municipality_code
        AND status.solution_id = usage.solution_id
    LEFT JOIN uses_so_far AS so_far
        ON so_far.period_start = spine.period_start
        AND so_far.municipality_code = spine.municipality_code
        AND so_far.solution_id = usage.solution_id
        AND so_far.measure_id = usage.measure_id
    LEFT JOIN followed
        ON followed.solution_id = usage.solution_id
),
cells AS (
    SELECT
        activities.place,
        activities.period_start,
        activities.municipality_code,
        activities.used,
        CASE WHEN activities.live = 1 OR activities.activity = 'use' THEN 1 ELSE 0 END AS connected,
        activities.activity,
        CASE
            WHEN NOT activities.applies
                THEN cell_state(
                    activities.comparable,
                    CASE WHEN is_expected(activities.state) THEN 'not_applicable/no_denominator' ELSE activities.state END
                )
            -- Not connected: the rung is known without a number.
            WHEN activities.live = 0 OR activities.activity IN ('use', 'zero') THEN cell_state(activities.comparable)
            WHEN activities.state IN ('suppressed', 'not_valid') THEN cell_state(activities.comparable, activities.state)
            WHEN starts_with(activities.state, 'missing') THEN cell_state(activities.comparable, activities.state)
            ELSE cell_state(activities.comparable, 'missing/not_delivered')
        END AS state,
        CASE WHEN activities.activity IN ('use', 'zero') THEN activities.marks ELSE 0 END AS marks,
        activities.status_marks
    FROM activities
),
steps AS (
    SELECT column1 AS step
    FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11))
),
-- Every cell is carried to the periods after it that look back on it.
recent AS (
    SELECT
        cells.place + steps.step AS place,
        cells.municipality_code,
        max(CASE WHEN steps.step = 0 THEN cells.period_start END) AS period_start,
        max(CASE WHEN steps.step = 0 THEN cells.state END) AS state,
        max(CASE WHEN steps.step = 0 THEN cells.activity END) AS activity,
        max(CASE WHEN steps.step = 0 THEN cells.connected END) AS connected,
        max(CASE WHEN steps.step = 0 THEN cells.used END) AS used,
        max(CASE WHEN steps.step = 0 THEN cells.status_marks END) AS status_marks,
        count(CASE WHEN cells.activity = 'use' THEN 1 END) AS uses,
        count(CASE WHEN cells.activity = 'zero' THEN 1 END) AS zeros,
        count(CASE WHEN cells.activity = 'none' THEN 1 END) AS nones,
        bit_or(cells.marks) AS marks
    FROM cells
    CROSS JOIN steps
    WHERE steps.step < CAST($in_a_row AS BIGINT)
    GROUP BY
        cells.place + steps.step,
        cells.municipality_code
    HAVING max(CASE WHEN steps.step = 0 THEN 1 END) = 1
),
current_rungs AS (
    SELECT
        recent.period_start,
        recent.municipality_code,
        recent.state,
        CASE
            WHEN NOT is_expected(recent.state) THEN NULL
            WHEN recent.connected = 0 THEN 'eligible'
            WHEN recent.state <> 'ok' THEN 'unknown'
            WHEN recent.uses = CAST($in_a_row AS BIGINT) THEN 'habitual'
            WHEN recent.activity = 'use' THEN 'active'
            WHEN recent.used = 0 THEN 'connected'
            WHEN recent.zeros = CAST($in_a_row AS BIGINT) THEN 'lapsed'
            ELSE 'used'
        END AS rung,
        recent.connected * recent.used AS used,
        -- All that is known of the last periods is of one kind.
        recent.nones = 0 AND (recent.uses = 0 OR recent.zeros = 0) AS undecided,
        recent.status_marks | CASE WHEN recent.connected = 1 THEN recent.marks ELSE 0 END AS marks
    FROM recent
),
counted AS (
    SELECT
        areas.period_start,
        areas.area_code,
        max(CASE WHEN areas.area_code = areas.municipality_code THEN current_rungs.rung END) AS rung,
        count(CASE WHEN current_rungs.rung = 'eligible' THEN 1 END) AS standing_eligible,
        count(CASE WHEN current_rungs.rung = 'connected' THEN 1 END) AS standing_connected,
        count(CASE WHEN current_rungs.rung = 'used' THEN 1 END) AS standing_used,
        count(CASE WHEN current_rungs.rung = 'active' THEN 1 END) AS standing_active,
        count(CASE WHEN current_rungs.rung = 'habitual' THEN 1 END) AS habitual,
        count(CASE WHEN current_rungs.rung = 'lapsed' THEN 1 END) AS lapsed,
        count(CASE WHEN current_rungs.rung = 'unknown' THEN 1 END) AS unknown,
        count(CASE WHEN current_rungs.rung IN ('active', 'used') AND current_rungs.undecided THEN 1 END) AS undecided,
        count(current_rungs.rung) AS eligible,
        sum(CASE WHEN current_rungs.rung IS NULL THEN 0 ELSE current_rungs.used END) AS used,
        bit_or(CASE WHEN current_rungs.state = 'ok' THEN current_rungs.marks ELSE 0 END) AS marks,
        count(CASE WHEN current_rungs.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN current_rungs.state = 'suppressed' THEN 1 END) AS suppressed,
        count(CASE WHEN current_rungs.state = 'not_valid' THEN 1 END) AS not_valid,
        string_agg(DISTINCT current_rungs.state, ',') AS states,
        sum(CASE WHEN current_rungs.state = 'ok' THEN people.persons END) AS covered,
        sum(CASE WHEN current_rungs.rung IS NOT NULL THEN people.persons END) AS persons_expected
    FROM areas
    INNER JOIN current_rungs
        ON current_rungs.period_start = areas.period_start
        AND current_rungs.municipality_code = areas.municipality_code
    LEFT JOIN coverage_weights AS people
        ON people.period_start = areas.period_start
        AND people.municipality_code = areas.municipality_code
    GROUP BY
        areas.period_start,
        areas.area_code
)
SELECT
    counted.period_start,
    counted.area_code,
    CASE WHEN counted.reported > 0 THEN CAST(counted.habitual AS DOUBLE) END AS value,
    CASE WHEN counted.reported > 0 THEN counted.habitual END AS numerator,
    NULLIF(counted.reported, 0) AS denominator,
    area_state(counted.reported, counted.eligible, counted.suppressed, counted.not_valid, counted.states) AS state,
    CAST(coalesce(counted.covered, 0) AS DOUBLE) / NULLIF(area_inhabitants.persons, 0) AS coverage,
    CAST(coalesce(counted.covered, 0) AS DOUBLE) / NULLIF(counted.persons_expected, 0) AS coverage_of_expected,
    area_marks(counted.marks, counted.reported, counted.eligible, counted.not_valid) AS marks,
    counted.reported AS municipalities_reported,
    counted.eligible AS municipalities_expected,
    counted.eligible AS eligible,
    counted.eligible - counted.standing_eligible AS connected,
    counted.used AS used,
    CASE WHEN counted.reported > 0 THEN counted.standing_active + counted.habitual END AS active,
    CASE WHEN counted.reported > 0 THEN counted.standing_eligible END AS standing_eligible,
    CASE WHEN counted.reported > 0 THEN counted.standing_connected END AS standing_connected,
    CASE WHEN counted.reported > 0 THEN counted.standing_used END AS standing_used,
    CASE WHEN counted.reported > 0 THEN counted.standing_active END AS standing_active,
    CASE WHEN counted.reported > 0 THEN counted.lapsed END AS lapsed,
    counted.unknown AS unknown,
    CASE WHEN counted.reported > 0 THEN counted.undecided END AS undecided,
    counted.rung AS rung
FROM counted
LEFT JOIN area_inhabitants
    ON area_inhabitants.period_start = counted.period_start
    AND area_inhabitants.area_code = counted.area_code
ORDER BY
    counted.period_start,
    counted.area_code
