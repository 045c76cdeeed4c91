/* kpi
title = { nb = "Vei mot målet", nn = "Veg mot målet", en = "Progress to target" }
answers = { nb = "Hvor langt er vi kommet mot målet, og går det fort nok?", nn = "Kor langt er vi komne mot målet, og går det fort nok?", en = "How far along to the target are we, and is it fast enough?" }
version = 3
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
lookback = 3
[caveats]
nb = ["Et mål arves fra nasjonen til nettverket til kommunen; det nærmeste gjelder fra første dag i nullpunktsperioden. Gjelder flere, er det som forfaller først, målet.", "Fylker og KOSTRA-grupper har nasjonens mål.", "Dagens fart er snittet av de tre siste periodene; en måned er 30,4375 dager."]
nn = ["Eit mål blir arva frå nasjonen til nettverket til kommunen; det næraste gjeld frå første dag i nullpunktsperioden. Gjeld fleire, er det som forfell først, målet.", "Fylke og KOSTRA-grupper har målet til nasjonen.", "Farten no er snittet av dei tre siste periodane; ein månad er 30,4375 dagar."]
en = ["A target is inherited from the nation by the network and by the municipality; the nearest one holds from the first day of its baseline period. Of several, the one due next holds.", "Counties and KOSTRA groups have the nation's target.", "The pace now is the mean of the last three periods; a month is 30.4375 days."]
[rollup]
kind = "area"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.metric]
type = "choice"
doc = "The KPI that has the target. Reach is that of users_active."
choices = ["rollout.population_coverage", "rollout.municipalities_live", "adoption.reach"]
default = "rollout.population_coverage"
[columns.target_share]
doc = "The target."
unit = "share"
[columns.target_source]
doc = "Whose target it is: the nation's, a network's or the municipality's own."
unit = "words"
[columns.on_path_share]
doc = "Where the path to the target is at the end of the period."
unit = "share"
[columns.gap_share]
doc = "What is left to the target; below 0 is beyond it."
unit = "share"
[columns.required_share_a_month]
doc = "Rise a month that reaches the target on its day; 0 when it is reached, none when the day is past."
unit = "share"
[columns.current_share_a_month]
doc = "Rise a month over the last three periods."
unit = "share"
[[changes]]
version = 3
date = "2026-11-28"
nb = "Bare steget i produksjon teller, og en løsning uten kjent innføring er uaktuell, ikke 0. En kode som er beholdt gjennom en sammenslåing, gjelder det nye området fra da av; en fjerning som er meldt for en opphørt kode, teller ikke. Dekningen er andelen av alle som bor i området; andelen av dem det var ventet tall for, har fått sin egen kolonne."
nn = "Berre steget i produksjon tel, og ei løysing utan kjend innføring er uaktuell, ikkje 0. Ein kode som er halden gjennom ei samanslåing, gjeld det nye området frå då av; ei fjerning som er meld for ein opphøyrd kode, tel ikkje. Dekninga er delen av alle som bur i området; delen av dei det var venta tal for, har fått sin eigen kolonne."
en = "The stage in production alone counts, and a solution without a known rollout is not_applicable, not 0. A code kept through a merger is about the new territory from then on; a removal reported of a code that ceased does not count. Coverage is the share of all who live in the area; the share of those a number was expected for has a column of its own."
[[changes]]
version = 2
date = "2026-11-28"
nb = "En periode har et tall bare når alt som skulle leveres for den, er levert; før kunne en del av den stå for hele."
nn = "Ein periode har eit tal berre når alt som skulle leverast for han, er levert; før kunne ein del av han stå for heile."
en = "A period has a number only when all that was due for it was delivered; before, a part of it could stand for all of it."
*/
WITH numbered AS (
    SELECT
        periods.period_start,
        CAST(periods.period_end AS INT) AS end_day,
        row_number() OVER (ORDER BY periods.period_start) AS place
    FROM periods
),
-- What it was before there was a target counts for the pace.
valued AS (
    SELECT
        metric_areas.area_code,
        numbered.period_start,
        numbered.place,
        numbered.end_day,
        CAST(metric_areas.numerator AS DOUBLE) / metric_areas.denominator AS value
    FROM metric_areas
    INNER JOIN numbered
        ON numbered.period_start = metric_areas.period_start
)
SELECT
    goal_areas.period_start,
    goal_areas.area_code,
    goal_areas.value,
    goal_areas.numerator,
    goal_areas.denominator,
    goal_areas.state,
    goal_areas.coverage,
    goal_areas.coverage_of_expected,
    goal_areas.marks,
    goal_areas.municipalities_reported,
    goal_areas.municipalities_expected,
    goal_areas.target AS target_share,
    goal_areas.scope AS target_source,
    goal_areas.on_path AS on_path_share,
    goal_areas.target - valued.value AS gap_share,
    CASE
        WHEN valued.value >= goal_areas.target THEN 0.0
        WHEN goal_areas.months_left > 0 THEN (goal_areas.target - valued.value) / goal_areas.months_left
    END AS required_share_a_month,
    CASE
        WHEN goal_areas.target IS NOT NULL
            THEN (valued.value - earlier.value) * 30.4375 / (valued.end_day - earlier.end_day)
    END AS current_share_a_month
FROM goal_areas
INNER JOIN valued
    ON valued.period_start = goal_areas.period_start
    AND valued.area_code = goal_areas.area_code
LEFT JOIN valued AS earlier
    ON earlier.area_code = valued.area_code
    AND earlier.place = valued.place - 3
ORDER BY
    goal_areas.period_start,
    goal_areas.area_code
