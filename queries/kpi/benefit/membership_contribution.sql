/* kpi
title = { nb = "Medlemsbidrag", nn = "Medlemsbidrag", en = "Membership contribution" }
answers = { nb = "Hva koster det å være med i nettverket?", nn = "Kva kostar det å vere med i nettverket?", en = "What does it cost to be a member of the network?" }
version = 4
unit = "nok"
better = "neither"
owner = "secretariat"
granularity = "year"
window = 1
[caveats]
nb = ["Regnet etter den modellen som står i tabellen membership_fees: et nettverk uten egen rad er regnet etter den som er oppgitt for ingen bestemt, og betaler ikke nødvendigvis det.", "Et medlem er kommunen som står på nettverkets liste, med innbyggerne og koden den har i listens kommuneinndeling, de dagene den er medlem; det betaler én grunnsum hvilke grenser det enn spørres i. Vertskommunen betaler ingenting; verten er bare kjent der den er oppgitt.", "Gjelder ingen modell for noen av dagene, er tallet merket ufullstendig. I andre grenser er bidraget fordelt etter innbyggere; en kommune i flere nettverk betaler til hvert av dem."]
nn = ["Rekna etter den modellen som står i tabellen membership_fees: eit nettverk utan eiga rad er rekna etter den som er oppgjeven for ingen bestemt, og betaler ikkje nødvendigvis det.", "Ein medlem er kommunen som står på lista til nettverket, med innbyggjarane og koden han har i kommuneinndelinga til lista, dei dagane han er medlem; han betaler éin grunnsum kva grenser det enn blir spurt i. Vertskommunen betaler ingenting; verten er berre kjend der han er oppgjeven.", "Gjeld ingen modell for nokre av dagane, er talet merkt ufullstendig. I andre grenser er bidraget fordelt etter innbyggjarar; ein kommune i fleire nettverk betaler til kvart av dei."]
en = ["Reckoned by the model in the table membership_fees: a network without a row of its own is reckoned by the one declared for none in particular, and need not pay that.", "A member is the municipality that the network's list names, with the code and the inhabitants it has in the list's division, on the days on which it is a member; it pays one base sum whatever borders are chosen. The host pays nothing; it is known only where it is declared.", "Where no model holds on some of the days the number is marked partial. In other borders the contribution is split by inhabitants; a municipality of several networks pays to each."]
[rollup]
kind = "area"
[reasons.not_member]
nb = "Kommunen er ikke medlem av noe nettverk."
nn = "Kommunen er ikkje medlem av noko nettverk."
en = "The municipality is a member of no network."
[[changes]]
version = 4
date = "2026-11-29"
nb = "Av et tidsrom over flere år regnes årene der innbyggertallet er kjent, og tallet er merket ufullstendig; før gjaldt tidsrommet ikke når det siste årets tall manglet."
nn = "Av eit tidsrom over fleire år blir åra der innbyggjartalet er kjent rekna, og talet er merkt ufullstendig; før galdt tidsrommet ikkje når talet for det siste året mangla."
en = "Of a range of several years those with known inhabitants are reckoned, and the number is marked partial; before, the range did not apply where the last year's count was absent."
[[changes]]
version = 3
date = "2026-11-29"
codes = ["inhabitants_of_each_year"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody"]
nb = "Et medlem betaler som den kommunen det er medlem som, for dagene det er medlem, og likt i alle grenser; før avhang vert og grunnsum av grensene det ble spurt i."
nn = "Ein medlem betaler som den kommunen han er medlem som, for dagane han er medlem, og likt i alle grenser; før hang vert og grunnsum av grensene det vart spurt i."
en = "A member pays as the municipality it is a member as, for the days on which it is one, and the same in all borders; before, host and base sum depended on the borders chosen."
*/
-- Each membership and fee on the days on which both hold and one count does; without a fee where there is none.
WITH days AS (
    SELECT
        counted.period_start,
        counted.policy_id,
        counted.reference_date,
        counted.newest_date,
        memberships.network_id,
        memberships.municipality_code,
        memberships.division_date,
        memberships.valid_from,
        CAST(
            CAST(least(memberships.valid_to, periods.period_end) AS INT)
            - CAST(greatest(memberships.valid_from, periods.period_start) AS INT) AS BIGINT
        ) AS member_days,
        greatest(memberships.valid_from, counted.valid_from, fee_spans.valid_from) AS span_start,
        least(memberships.valid_to, counted.valid_to, fee_spans.valid_to) AS span_end,
        fee_spans.ore_a_year,
        fee_spans.ore_per_inhabitant_a_year,
        fee_spans.ore_a_year_max,
        coalesce(fee_spans.host_code = memberships.municipality_code, FALSE) AS is_host
    FROM count_spans AS counted
    INNER JOIN periods
        ON periods.period_start = counted.period_start
    INNER JOIN memberships
        ON memberships.valid_from < counted.valid_to
        AND memberships.valid_to > counted.valid_from
        AND memberships.valid_to > memberships.valid_from
    INNER JOIN networks
        ON networks.network_id = memberships.network_id
    LEFT JOIN fee_spans
        ON fee_spans.network_id = memberships.network_id
        AND fee_spans.valid_from < least(memberships.valid_to, counted.valid_to)
        AND fee_spans.valid_to > greatest(memberships.valid_from, counted.valid_from)
),
spanned AS (
    SELECT
        days.period_start,
        days.network_id,
        days.municipality_code,
        days.division_date,
        days.valid_from,
        days.span_start,
        days.span_end,
        CASE
            WHEN days.is_host THEN 0
            -- Without a maximum `least` passes its NULL over, and without persons it would pass those over.
            WHEN inhabitants.persons IS NOT NULL
                THEN least(
                    days.ore_a_year + days.ore_per_inhabitant_a_year * inhabitants.persons,
                    days.ore_a_year_max
                )
        END AS ore_a_year,
        CASE
            WHEN days.ore_a_year IS NULL OR inhabitants.persons IS NULL THEN 0
            ELSE CAST(days.span_end AS INT) - CAST(days.span_start AS INT)
        END AS fee_days,
        days.member_days,
        newest.persons,
        coalesce(inhabitants.marks, 0)
        | mark(
            'stale_denominator',
            days.reference_date
            < greatest(days.period_start, date_trunc('year', days.span_end - INTERVAL '1 day')) - INTERVAL '2 years'
        ) AS marks
    FROM days
    LEFT JOIN inhabitants
        ON inhabitants.policy_id = days.policy_id
        AND inhabitants.division_date = days.division_date
        AND inhabitants.reference_date = days.reference_date
        AND inhabitants.municipality_code = days.municipality_code
    -- Whom the number speaks for lives there at the end.
    LEFT JOIN inhabitants AS newest
        ON newest.policy_id = days.policy_id
        AND newest.division_date = days.division_date
        AND newest.reference_date = days.newest_date
        AND newest.municipality_code = days.municipality_code
),
-- What of each span lies in an area. A network's row is what is paid to it, by members whole.
landed AS (
    SELECT
        areas.period_start,
        areas.area_code,
        spanned.municipality_code,
        spanned.division_date,
        spanned.network_id,
        spanned.valid_from,
        CASE
            WHEN max(networks.network_id) IS NOT NULL
                THEN max(over_days(spanned.ore_a_year, spanned.span_start, spanned.span_end))
            -- What has fallen by the end less what had by the start, each split: months add up in every part of the land.
            ELSE sum(
                split_by_weight(
                    over_days(spanned.ore_a_year, DATE '0001-01-01', spanned.span_end),
                    territory_shares.weight_from,
                    territory_shares.weight_to,
                    territory_shares.weight_total
                )
                - split_by_weight(
                    over_days(spanned.ore_a_year, DATE '0001-01-01', spanned.span_start),
                    territory_shares.weight_from,
                    territory_shares.weight_to,
                    territory_shares.weight_total
                )
            )
        END AS ore,
        max(spanned.fee_days) AS fee_days,
        max(spanned.member_days) AS member_days,
        -- Of the members' inhabitants those who live in the area.
        sum(
            split_by_weight(
                spanned.persons,
                territory_shares.weight_from,
                territory_shares.weight_to,
                territory_shares.weight_total
            )
        ) AS persons,
        max(networks.network_id) IS NOT NULL
        OR sum(territory_shares.weight_to - territory_shares.weight_from) = max(territory_shares.weight_total) AS whole,
        max(territory_shares.policy_id) AS policy_id,
        bit_or(spanned.marks) AS marks
    FROM areas
    INNER JOIN territory_shares
        ON territory_shares.period_start = areas.period_start
        AND territory_shares.municipality_code = areas.municipality_code
    INNER JOIN spanned
        ON spanned.period_start = territory_shares.period_start
        AND spanned.municipality_code = territory_shares.from_code
        AND spanned.division_date = territory_shares.from_date
    LEFT JOIN networks
        ON networks.network_id = areas.area_code
    WHERE spanned.network_id = coalesce(networks.network_id, spanned.network_id)
    GROUP BY
        areas.period_start,
        areas.area_code,
        spanned.municipality_code,
        spanned.division_date,
        spanned.network_id,
        spanned.valid_from,
        spanned.span_start
),
by_membership AS (
    SELECT
        landed.period_start,
        landed.area_code,
        landed.municipality_code,
        landed.division_date,
        landed.network_id,
        sum(landed.ore) AS ore,
        sum(landed.fee_days) AS fee_days,
        max(landed.member_days) AS member_days,
        max(landed.persons) AS persons,
        bool_and(landed.whole) AS whole,
        max(landed.policy_id) AS policy_id,
        bit_or(landed.marks) AS marks
    FROM landed
    GROUP BY
        landed.period_start,
        landed.area_code,
        landed.municipality_code,
        landed.division_date,
        landed.network_id,
        landed.valid_from
),
placed AS (
    SELECT
        by_membership.period_start,
        by_membership.area_code,
        by_membership.municipality_code,
        by_membership.division_date,
        sum(CASE WHEN by_membership.fee_days > 0 THEN by_membership.ore END) AS ore,
        max(by_membership.persons) AS persons,
        bool_and(by_membership.whole) AS whole,
        max(by_membership.policy_id) AS policy_id,
        bit_or(by_membership.marks)
        | mark('partial', sum(by_membership.fee_days) < sum(by_membership.member_days)) AS marks
    FROM by_membership
    GROUP BY
        by_membership.period_start,
        by_membership.area_code,
        by_membership.municipality_code,
        by_membership.division_date,
        by_membership.network_id
),
-- What each member pays to all of its networks.
payments AS (
    SELECT
        placed.period_start,
        placed.area_code,
        sum(placed.ore) AS ore,
        max(placed.persons) AS persons,
        bit_or(
            placed.marks
            | mark('split_by_share', NOT placed.whole)
            | mark('partial', placed.ore IS NULL)
        ) AS marks,
        cell_state(
            max(placed.policy_id) <> 'exact_only' OR bool_and(placed.whole),
            -- What fell in years whose inhabitants are known fell, whoever lives there at the end.
            state_if(sum(placed.ore) IS NULL AND max(placed.persons) IS NULL, 'not_applicable/no_population'),
            state_if(sum(placed.ore) IS NULL, 'not_applicable/no_price')
        ) AS state
    FROM placed
    GROUP BY
        placed.period_start,
        placed.area_code,
        placed.municipality_code,
        placed.division_date
),
added AS (
    SELECT
        shown.period_start,
        shown.area_code,
        sum(CASE WHEN payments.state = 'ok' THEN payments.ore END) AS ore,
        bit_or(CASE WHEN payments.state = 'ok' THEN payments.marks ELSE 0 END) AS marks,
        count(CASE WHEN payments.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN is_expected(payments.state) THEN 1 END) AS expected,
        count(CASE WHEN payments.state = 'not_valid' THEN 1 END) AS not_valid,
        string_agg(DISTINCT coalesce(payments.state, 'not_applicable/not_member'), ',') AS states,
        sum(CASE WHEN payments.state = 'ok' THEN payments.persons END) AS covered,
        sum(CASE WHEN is_expected(payments.state) THEN payments.persons END) AS persons_expected
    FROM (
        SELECT DISTINCT
            areas.period_start,
            areas.area_code
        FROM areas
    ) AS shown
    LEFT JOIN payments
        ON payments.period_start = shown.period_start
        AND payments.area_code = shown.area_code
    GROUP BY
        shown.period_start,
        shown.area_code
)
SELECT
    added.period_start,
    added.area_code,
    CAST(added.ore AS DOUBLE) / 100 AS value,
    CAST(added.ore AS DOUBLE) / 100 AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    area_state(added.reported, added.expected, 0, added.not_valid, added.states) AS state,
    -- Members are split after they were added up, inhabitants before: whole persons may differ by a few.
    CAST(least(coalesce(added.covered, 0), area_inhabitants.persons) AS DOUBLE) / NULLIF(area_inhabitants.persons, 0) AS coverage,
    CAST(coalesce(added.covered, 0) AS DOUBLE) / NULLIF(added.persons_expected, 0) AS coverage_of_expected,
    area_marks(added.marks, added.reported, added.expected, added.not_valid) AS marks,
    added.reported AS municipalities_reported,
    added.expected AS municipalities_expected
FROM added
LEFT JOIN area_inhabitants
    ON area_inhabitants.period_start = added.period_start
    AND area_inhabitants.area_code = added.area_code
ORDER BY
    added.period_start,
    added.area_code
