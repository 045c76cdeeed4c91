/* kpi
title = { nb = "Endring og hva som gjorde den", nn = "Endring og kva som gjorde henne", en = "Change and what made it" }
answers = { nb = "Hvor mye av endringen i rekkevidde er gjort i kommunene selv, og hvor mye er folketall, nye kommuner i summen og nye grenser?", nn = "Kor mykje av endringa i rekkjevidd er gjort i kommunane sjølve, og kor mykje er folketal, nye kommunar i summen og nye grenser?", en = "How much of the change in reach was made within municipalities, and how much is population, other municipalities in the sum, and new borders?" }
version = 6
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
lookback = 12
[caveats]
nb = ["Verdien er endringen i samlet bruk per person i målgruppen: 0,1 er ti prosentpoeng. Teller og nevner er periodens egne. De fire delene summerer til endringen.", "De som er i summen begge ganger med samme territorium, deles etter Kitagawa (1955): innenfra er endringen i hver kommunes andel, veid med middelet av dens to vekter; sammensetning er endringen i vektene, veid med middelet av dens to andeler (Marshall og Edgeworths vekter).", "Medlemmer er de som kom inn i summen eller falt ut av den, med eller uten tall eller fra et annet område; grenser er de som kom eller falt ut fordi koden ikke fantes, territoriet er et annet, eller grensene ikke kan regnes om. Hver bidrar med avstanden til dem som er med begge ganger, veid med sin del av målgruppen. Er ingen med begge ganger, brukes middelet av de to samlede andelene.", "Grensedelen vises med borders=then. Rettede tall er ikke med her: begge periodene er fra samme utgave, og to utgaver sammenlignes for seg.", "Ett år tilbake kan ses for måneder og lengre perioder."]
nn = ["Verdien er endringa i samla bruk per person i målgruppa: 0,1 er ti prosentpoeng. Teljar og nemnar er dei i perioden sjølv. Dei fire delane summerer til endringa.", "Dei som er i summen båe gongene med same territorium, er delte etter Kitagawa (1955): innanfrå er endringa i andelen til kvar kommune, vegen med middelet av dei to vektene hans; samansetjing er endringa i vektene, vegen med middelet av dei to andelane hans (vektene til Marshall og Edgeworth).", "Medlemmer er dei som kom inn i summen eller fall ut av han, med eller utan tal eller frå eit anna område; grenser er dei som kom eller fall ut fordi koden ikkje fanst, territoriet er eit anna, eller grensene ikkje kan reknast om. Kvar bidreg med avstanden til dei som er med båe gongene, vegen med sin del av målgruppa. Er ingen med båe gongene, er middelet av dei to samla andelane brukt.", "Grensedelen viser seg med borders=then. Retta tal er ikkje med her: båe periodane er frå same utgåve, og to utgåver blir samanlikna for seg.", "Eitt år tilbake kan ein sjå for månader og lengre periodar."]
en = ["The value is the change of pooled use per person of the target group: 0.1 is ten percentage points. Numerator and denominator are the period's own. The four parts sum to the change.", "Those in the sum both times with the same territory are split after Kitagawa (1955): within is the change of each municipality's share, weighted by the mean of its two weights; mix is the change of the weights, weighted by the mean of its two shares (the weights of Marshall and Edgeworth).", "Members are those that came into the sum or fell out of it, with or without a number or from another area; borders are those that came or fell out because the code was not there, the territory is another, or the borders cannot be re-expressed. Each adds its distance to those there both times, weighted by its part of the target group. Where nobody is there both times, the mean of the two pooled shares is used.", "The part of borders shows with borders=then. Corrected numbers are no part of it: both periods are of one edition, and two editions are compared elsewhere.", "A year back is seen for months and longer periods."]
[rollup]
kind = "area"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What counts as use."
main = "stock"
[params.against]
type = "choice"
choices = ["period", "year"]
doc = "What a period is compared with: the period before it, or the same period a year before."
default = "period"
[columns.before_share]
doc = "What it was before."
unit = "share"
[columns.within_share]
doc = "Made within municipalities."
unit = "share"
[columns.mix_share]
doc = "Made by where the target group lives."
unit = "share"
[columns.members_share]
doc = "Made by municipalities that came into the sum or fell out of it."
unit = "share"
[columns.borders_share]
doc = "Made by municipalities that came or fell out because borders changed."
unit = "share"
[columns.stayed]
doc = "Municipalities in the sum both times."
unit = "municipalities"
[columns.came]
doc = "Municipalities that came into the sum."
unit = "municipalities"
[columns.fell_out]
doc = "Municipalities that fell out of it."
unit = "municipalities"
[[changes]]
version = 6
date = "2026-11-29"
nb = "Den som grensene tar ett av de to tallene fra, hører til flyttede grenser; før sto den som en som ikke lenger rapporterer."
nn = "Den som grensene tek eitt av dei to tala frå, høyrer til flytta grenser; før stod han som ein som ikkje lenger rapporterer."
en = "Whom the borders take one of the two numbers from counts as moved borders; before, as one that no longer reports."
[[changes]]
version = 5
date = "2026-11-29"
codes = ["same_land"]
[[changes]]
version = 4
date = "2026-11-29"
codes = ["zero_divides"]
nb = "Uten tall er dekningen 0."
nn = "Utan tal er dekninga 0."
en = "Without a number the coverage is 0."
[[changes]]
version = 3
date = "2026-11-29"
codes = ["above_whole"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "whole_period", "unplaceable_not_valid", "part_of_period"]
*/
WITH links AS (
    SELECT
        periods.period_start,
        periods.division_date,
        earlier.period_start AS earlier_start,
        earlier.division_date AS earlier_date
    FROM periods
    INNER JOIN periods AS earlier
        ON CASE
            WHEN $against = 'year' THEN earlier.period_start = periods.year_ago
            ELSE earlier.period_end = periods.period_start
        END
),
-- A period is seen as itself, and as what a later one is compared with.
seen AS (
    SELECT
        periods.period_start,
        periods.period_start AS seen_start,
        TRUE AS now
    FROM periods
    UNION ALL
    SELECT
        links.period_start,
        links.earlier_start AS seen_start,
        FALSE AS now
    FROM links
),
-- Codes that meant the same territory both times: each lies wholly in the other.
unchanged AS (
    SELECT
        links.period_start,
        spine.municipality_code
    FROM links
    INNER JOIN spine
        ON spine.period_start = links.period_start
    INNER JOIN spine AS earlier
        ON earlier.period_start = links.earlier_start
        AND earlier.municipality_code = spine.municipality_code
    INNER JOIN municipality_mappings AS onward
        ON onward.policy_id = 'population_share'
        AND onward.from_code = spine.municipality_code
        AND onward.from_date = links.earlier_date
        AND onward.to_code = spine.municipality_code
        AND onward.to_date = links.division_date
    INNER JOIN municipality_mappings AS backward
        ON backward.policy_id = 'population_share'
        AND backward.from_code = spine.municipality_code
        AND backward.from_date = links.division_date
        AND backward.to_code = spine.municipality_code
        AND backward.to_date = links.earlier_date
    WHERE
        spine.comparable
        AND earlier.comparable
        AND onward.exact
        AND backward.exact
),
cells AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        CAST(usage.value AS DOUBLE) AS uses,
        CAST(eligible.eligible AS DOUBLE) AS eligible,
        cell_state(
            spine.comparable,
            usage.state,
            denominator_state(eligible.eligible),
            state_if(usage.state = 'ok' AND usage.own_land <> eligible.own_land, 'not_valid')
        ) AS state,
        usage.marks | coalesce(eligible.marks, 0) | mark('above_whole', usage.value > eligible.eligible) AS marks,
        people.persons
    FROM spine
    INNER JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
        AND usage.solution_id = $solution_id
        AND usage.measure_id = $measure_id
    LEFT JOIN eligible_cells AS eligible
        ON eligible.period_start = spine.period_start
        AND eligible.municipality_code = spine.municipality_code
        AND eligible.solution_id = usage.solution_id
    LEFT JOIN coverage_weights AS people
        ON people.period_start = spine.period_start
        AND people.municipality_code = spine.municipality_code
),
compared AS (
    SELECT
        seen.period_start,
        areas.area_code,
        cells.municipality_code,
        max(CASE WHEN seen.now THEN cells.state END) AS state,
        max(CASE WHEN NOT seen.now THEN cells.state END) AS state_before,
        max(CASE WHEN seen.now AND cells.state = 'ok' THEN cells.uses END) AS uses,
        max(CASE WHEN seen.now AND cells.state = 'ok' THEN cells.eligible END) AS eligible,
        max(CASE WHEN NOT seen.now AND cells.state = 'ok' THEN cells.uses END) AS uses_before,
        max(CASE WHEN NOT seen.now AND cells.state = 'ok' THEN cells.eligible END) AS eligible_before,
        bit_or(CASE WHEN seen.now AND cells.state = 'ok' THEN cells.marks ELSE 0 END) AS marks,
        bit_or(CASE WHEN NOT seen.now AND cells.state = 'ok' THEN cells.marks ELSE 0 END) AS marks_before,
        max(CASE WHEN seen.now THEN cells.persons END) AS persons
    FROM cells
    INNER JOIN areas
        ON areas.period_start = cells.period_start
        AND areas.municipality_code = cells.municipality_code
    INNER JOIN seen
        ON seen.seen_start = cells.period_start
    GROUP BY
        seen.period_start,
        areas.area_code,
        cells.municipality_code
),
placed AS (
    SELECT
        compared.period_start,
        compared.area_code,
        compared.state,
        compared.state_before,
        compared.uses,
        compared.eligible,
        compared.uses_before,
        compared.eligible_before,
        compared.marks,
        compared.marks_before,
        compared.persons,
        -- Whom the borders take one of the two numbers from moves with them, not with who reports.
        unchanged.municipality_code IS NOT NULL
        AND coalesce(compared.state, '') <> 'not_valid'
        AND coalesce(compared.state_before, '') <> 'not_valid' AS unchanged,
        unchanged.municipality_code IS NOT NULL AND compared.uses IS NOT NULL AND compared.uses_before IS NOT NULL AS stays
    FROM compared
    LEFT JOIN unchanged
        ON unchanged.period_start = compared.period_start
        AND unchanged.municipality_code = compared.municipality_code
),
totals AS (
    SELECT
        placed.period_start,
        placed.area_code,
        placed.state,
        placed.state_before,
        placed.uses,
        placed.eligible,
        placed.uses_before,
        placed.eligible_before,
        placed.marks,
        placed.marks_before,
        placed.persons,
        placed.unchanged,
        placed.stays,
        sum(placed.uses) OVER area AS all_uses,
        sum(placed.eligible) OVER area AS all_eligible,
        sum(placed.uses_before) OVER area AS all_uses_before,
        sum(placed.eligible_before) OVER area AS all_eligible_before,
        sum(CASE WHEN placed.stays THEN placed.uses END) OVER area AS stay_uses,
        sum(CASE WHEN placed.stays THEN placed.eligible END) OVER area AS stay_eligible,
        sum(CASE WHEN placed.stays THEN placed.uses_before END) OVER area AS stay_uses_before,
        sum(CASE WHEN placed.stays THEN placed.eligible_before END) OVER area AS stay_eligible_before
    FROM placed
    WINDOW area AS (
        PARTITION BY
            placed.period_start,
            placed.area_code
    )
),
-- The share that those who came, and those who fell out, are compared with.
referred AS (
    SELECT
        totals.period_start,
        totals.area_code,
        totals.state,
        totals.state_before,
        totals.uses,
        totals.eligible,
        totals.uses_before,
        totals.eligible_before,
        totals.marks,
        totals.marks_before,
        totals.persons,
        totals.unchanged,
        totals.stays,
        totals.all_uses,
        totals.all_eligible,
        totals.all_uses_before,
        totals.all_eligible_before,
        totals.eligible / totals.stay_eligible AS weight,
        totals.eligible_before / totals.stay_eligible_before AS weight_before,
        coalesce(
            totals.stay_uses / totals.stay_eligible,
            (totals.all_uses / totals.all_eligible + totals.all_uses_before / totals.all_eligible_before) / 2
        ) AS reference,
        coalesce(
            totals.stay_uses_before / totals.stay_eligible_before,
            (totals.all_uses / totals.all_eligible + totals.all_uses_before / totals.all_eligible_before) / 2
        ) AS reference_before
    FROM totals
),
parts AS (
    SELECT
        referred.period_start,
        referred.area_code,
        referred.state,
        referred.state_before,
        referred.uses,
        referred.eligible,
        referred.uses_before,
        referred.eligible_before,
        referred.marks,
        referred.marks_before,
        referred.persons,
        referred.unchanged,
        referred.stays,
        CASE
            WHEN referred.stays
                THEN (referred.weight + referred.weight_before) / 2
                    * (referred.uses / referred.eligible - referred.uses_before / referred.eligible_before)
        END AS within,
        CASE
            WHEN referred.stays
                THEN (referred.uses / referred.eligible + referred.uses_before / referred.eligible_before) / 2
                    * (referred.weight - referred.weight_before)
        END AS mix,
        CASE
            WHEN NOT referred.stays
                THEN coalesce(
                        (referred.uses - referred.eligible * referred.reference) / referred.all_eligible,
                        0.0
                    )
                    - coalesce(
                        (referred.uses_before - referred.eligible_before * referred.reference_before)
                        / referred.all_eligible_before,
                        0.0
                    )
        END AS moved
    FROM referred
),
added AS (
    SELECT
        parts.period_start,
        parts.area_code,
        sum(parts.uses) AS uses,
        sum(parts.eligible) AS eligible,
        sum(parts.uses_before) AS uses_before,
        sum(parts.eligible_before) AS eligible_before,
        sum(parts.within) AS within,
        sum(parts.mix) AS mix,
        sum(CASE WHEN parts.unchanged THEN parts.moved END) AS members,
        sum(CASE WHEN NOT parts.unchanged THEN parts.moved END) AS borders,
        count(CASE WHEN parts.stays THEN 1 END) AS stayed,
        count(CASE WHEN NOT parts.stays THEN parts.uses END) AS came,
        count(CASE WHEN NOT parts.stays THEN parts.uses_before END) AS fell_out,
        bit_or(parts.marks) AS marks,
        bit_or(parts.marks_before) AS marks_before,
        count(parts.state) AS municipalities,
        count(CASE WHEN parts.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN is_expected(parts.state) THEN 1 END) AS expected,
        count(CASE WHEN parts.state = 'suppressed' THEN 1 END) AS suppressed,
        count(CASE WHEN parts.state = 'not_valid' THEN 1 END) AS not_valid,
        string_agg(DISTINCT parts.state, ',') AS states,
        count(parts.state_before) AS municipalities_before,
        count(CASE WHEN parts.state_before = 'ok' THEN 1 END) AS reported_before,
        count(CASE WHEN is_expected(parts.state_before) THEN 1 END) AS expected_before,
        count(CASE WHEN parts.state_before = 'suppressed' THEN 1 END) AS suppressed_before,
        count(CASE WHEN parts.state_before = 'not_valid' THEN 1 END) AS not_valid_before,
        string_agg(DISTINCT parts.state_before, ',') AS states_before,
        sum(CASE WHEN parts.state = 'ok' THEN parts.persons END) AS covered,
        sum(CASE WHEN is_expected(parts.state) THEN parts.persons END) AS persons_expected
    FROM parts
    GROUP BY
        parts.period_start,
        parts.area_code
),
with_state AS (
    SELECT
        added.period_start,
        added.area_code,
        added.reported > 0 AND added.reported_before > 0 AS known,
        CASE
            WHEN added.reported = 0
                THEN area_state(
                    added.reported,
                    added.expected,
                    added.suppressed,
                    added.not_valid,
                    added.states
                )
            -- There was nothing by this code before.
            WHEN added.municipalities_before = 0 THEN 'not_valid'
            ELSE area_state(
                added.reported_before,
                added.expected_before,
                added.suppressed_before,
                added.not_valid_before,
                added.states_before
            )
        END AS state,
        added.uses,
        added.eligible,
        added.uses_before / added.eligible_before AS before_share,
        coalesce(added.within, 0.0) AS within,
        coalesce(added.mix, 0.0) AS mix,
        coalesce(added.members, 0.0) AS members,
        coalesce(added.borders, 0.0) AS borders,
        added.stayed,
        added.came,
        added.fell_out,
        area_marks(added.marks, added.reported, added.expected, added.not_valid) AS marks,
        area_marks(added.marks_before, added.reported_before, added.expected_before, added.not_valid_before)
            AS marks_before,
        added.reported,
        added.expected,
        CAST(coalesce(added.covered, 0) AS DOUBLE) / NULLIF(area_inhabitants.persons, 0) AS coverage,
        CAST(coalesce(added.covered, 0) AS DOUBLE) / NULLIF(added.persons_expected, 0) AS coverage_of_expected
    FROM added
    LEFT JOIN area_inhabitants
        ON area_inhabitants.period_start = added.period_start
        AND area_inhabitants.area_code = added.area_code
    WHERE added.municipalities > 0
)
SELECT
    with_state.period_start,
    with_state.area_code,
    CASE WHEN with_state.known THEN with_state.uses / with_state.eligible - with_state.before_share END AS value,
    CASE WHEN with_state.known THEN CAST(with_state.uses AS BIGINT) END AS numerator,
    CASE WHEN with_state.known THEN CAST(with_state.eligible AS BIGINT) END AS denominator,
    with_state.state,
    CASE WHEN with_state.known OR with_state.coverage IS NULL THEN with_state.coverage ELSE 0.0 END AS coverage,
    CASE
        WHEN with_state.known OR with_state.coverage_of_expected IS NULL THEN with_state.coverage_of_expected
        ELSE 0.0
    END AS coverage_of_expected,
    with_state.marks | CASE WHEN with_state.known THEN with_state.marks_before ELSE 0 END AS marks,
    with_state.reported AS municipalities_reported,
    with_state.expected AS municipalities_expected,
    CASE WHEN with_state.known THEN with_state.before_share END AS before_share,
    CASE WHEN with_state.known THEN with_state.within END AS within_share,
    CASE WHEN with_state.known THEN with_state.mix END AS mix_share,
    CASE WHEN with_state.known THEN with_state.members END AS members_share,
    CASE WHEN with_state.known THEN with_state.borders END AS borders_share,
    CASE WHEN with_state.known THEN with_state.stayed END AS stayed,
    CASE WHEN with_state.known THEN with_state.came END AS came,
    CASE WHEN with_state.known THEN with_state.fell_out END AS fell_out
FROM with_state
ORDER BY
    with_state.period_start,
    with_state.area_code
