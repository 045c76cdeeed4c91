/* kpi
title = { nb = "Planavvik", nn = "Planavvik", en = "Schedule variance" }
answers = { nb = "Hvor stor del av puljen kom i produksjon til planlagt dag, og hvor mange dager skiller?", nn = "Kor stor del av pulja kom i produksjon til planlagd dag, og kor mange dagar skil?", en = "What share of the wave was in production by the planned day, and how many days lie between?" }
version = 3
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["I produksjon er første dag en del av kommunen var det; pilot teller ikke.", "Den som er over planlagt dag uten å være i produksjon, er forsinket så langt, til periodens siste dag, og merket som foreløpig.", "Den som er planlagt senere, regnes ikke med; en som er uten planlagt dag, mangler.", "Er flere av puljens kommuner blitt én, gjelder den tidligste planlagte dagen."]
nn = ["I produksjon er første dag ein del av kommunen var det; pilot tel ikkje.", "Den som er over planlagd dag utan å vere i produksjon, er forseinka så langt, til den siste dagen i perioden, og merkt som førebels.", "Den som er planlagd seinare, er ikkje rekna med; ein som er utan planlagd dag, manglar.", "Er fleire av kommunane i pulja blitt éin, gjeld den tidlegaste planlagde dagen."]
en = ["In production is the first day any part of the municipality was; a pilot does not count.", "Who is past the planned day and not in production is late so far, up to the period's last day, and marked provisional.", "Who is planned later does not count yet; one without a planned day is missing.", "Where several of the wave's municipalities have become one, the earliest planned day holds."]
[rollup]
kind = "ratio"
[params.wave_id]
type = "text"
doc = "The wave."
[columns.median_days]
doc = "Days from the planned day to production, the middle of the municipalities; negative is early."
unit = "days"
rollup = "median"
[columns.late_so_far]
doc = "Municipalities past the planned day and not yet in production."
unit = "municipalities"
rollup = "sum"
[reasons.no_planned_date]
nb = "Kommunen har ingen planlagt dag."
nn = "Kommunen har ingen planlagd dag."
en = "The municipality has no planned day."
[reasons.not_in_wave]
nb = "Kommunen er ikke med i puljen."
nn = "Kommunen er ikkje med i pulja."
en = "The municipality is not in the wave."
[reasons.planned_later]
nb = "Den planlagte dagen er ikke kommet."
nn = "Den planlagde dagen har ikkje kome."
en = "The planned day has not come."
[[changes]]
version = 3
date = "2026-11-29"
codes = ["wave_by_land"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code"]
*/
WITH members AS (
    SELECT
        periods.period_start,
        municipality_mappings.to_code AS municipality_code,
        waves.solution_id,
        min(wave_members.planned_date) AS planned_date,
        bit_or(mark('synthetic', waves.synthetic)) AS marks
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
        AND municipality_mappings.to_code IS NOT NULL
    GROUP BY
        periods.period_start,
        municipality_mappings.to_code,
        waves.solution_id
),
measured AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        spine.comparable,
        members.municipality_code IS NOT NULL AS member,
        -- Not in production: late so far, on the period's last day.
        CAST(coalesce(entries.first_day, spine.period_end - INTERVAL '1 day') AS DATE) AS day,
        CAST(members.planned_date AS DATE) AS planned_date,
        entries.first_day IS NULL AS waiting,
        coalesce(members.marks, 0) | coalesce(entries.marks, 0) AS marks
    FROM spine
    LEFT JOIN members
        ON members.period_start = spine.period_start
        AND members.municipality_code = spine.municipality_code
    LEFT JOIN stage_entries AS entries
        ON entries.period_start = spine.period_start
        AND entries.municipality_code = spine.municipality_code
        AND entries.solution_id = members.solution_id
        AND entries.stage = 'in_production'
),
with_state AS (
    SELECT
        measured.period_start,
        measured.municipality_code,
        CAST(CAST(measured.day AS INT) - CAST(measured.planned_date AS INT) AS BIGINT) AS days,
        CASE WHEN measured.waiting THEN 1 ELSE 0 END AS waiting,
        measured.marks | mark('provisional', measured.waiting) AS marks,
        cell_state(
            measured.comparable,
            state_if(measured.member AND measured.planned_date IS NULL, 'missing/no_planned_date'),
            state_if(NOT measured.member, 'not_applicable/not_in_wave'),
            state_if(measured.waiting AND measured.day <= measured.planned_date, 'not_applicable/planned_later')
        ) AS state
    FROM measured
)
SELECT
    with_state.period_start,
    with_state.municipality_code,
    CASE WHEN with_state.state = 'ok' AND with_state.days <= 0 THEN 1 WHEN with_state.state = 'ok' THEN 0 END AS numerator,
    CASE WHEN with_state.state = 'ok' THEN 1 END AS denominator,
    with_state.state,
    with_state.marks,
    with_state.days AS median_days,
    with_state.waiting AS late_so_far
FROM with_state
ORDER BY
    with_state.period_start,
    with_state.municipality_code
