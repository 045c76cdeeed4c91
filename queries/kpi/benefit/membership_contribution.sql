/* kpi
title = { nb = "Medlemsbidrag", nn = "Medlemsbidrag", en = "Membership contribution" }
answers = { nb = "Hva koster det å være med i nettverket?", nn = "Kva kostar det å vere med i nettverket?", en = "What does it cost to be a member of the network?" }
version = 2
unit = "nok"
better = "neither"
owner = "secretariat"
granularity = "year"
window = 1
[caveats]
nb = ["Regnet etter den modellen som står i tabellen membership_fees: et nettverk uten egen rad er regnet etter den som er oppgitt for ingen bestemt, og betaler ikke nødvendigvis det.", "Vertskommunen betaler ingenting; verten er bare kjent der den er oppgitt.", "En kommune i flere nettverk betaler til hvert av dem; medlemmene er de på utgavens dag."]
nn = ["Rekna etter den modellen som står i tabellen membership_fees: eit nettverk utan eiga rad er rekna etter den som er oppgjeven for ingen bestemt, og betaler ikkje nødvendigvis det.", "Vertskommunen betaler ingenting; verten er berre kjend der han er oppgjeven.", "Ein kommune i fleire nettverk betaler til kvart av dei; medlemene er dei på dagen til utgåva."]
en = ["Reckoned by the model in the table membership_fees: a network without a row of its own is reckoned by the one declared for none in particular, and need not pay that.", "The host pays nothing; it is known only where it is declared.", "A municipality of several networks pays to each; the members are those on the day of the edition."]
[rollup]
kind = "area"
[[changes]]
version = 2
date = "2026-11-28"
nb = "Dekningen er andelen av alle som bor i området; andelen av dem det var ventet tall for, har fått sin egen kolonne."
nn = "Dekninga er delen av alle som bur i området; delen av dei det var venta tal for, har fått sin eigen kolonne."
en = "Coverage is the share of all who live in the area; the share of those a number was expected for has a column of its own."
*/
WITH fees AS (
    SELECT
        periods.period_start,
        periods.months,
        networks.network_id,
        coalesce(own.ore_a_year, shared.ore_a_year) AS ore_a_year,
        coalesce(own.ore_per_inhabitant_a_year, shared.ore_per_inhabitant_a_year) AS ore_per_inhabitant_a_year,
        CASE WHEN own.network_id IS NULL THEN shared.ore_a_year_max ELSE own.ore_a_year_max END AS ore_a_year_max,
        CASE WHEN own.network_id IS NULL THEN shared.host_code ELSE own.host_code END AS host_code
    FROM periods
    CROSS JOIN networks
    LEFT JOIN membership_fees AS own
        ON own.network_id = networks.network_id
        AND own.valid_from <= periods.period_start
        AND (own.valid_to IS NULL OR own.valid_to > periods.period_start)
    LEFT JOIN membership_fees AS shared
        ON shared.network_id IS NULL
        AND shared.valid_from <= periods.period_start
        AND (shared.valid_to IS NULL OR shared.valid_to > periods.period_start)
    -- A fee is for a year and divides into months, not into weeks.
    WHERE
        date_part('day', periods.period_start) = 1
        AND date_part('day', periods.period_end) = 1
),
-- Each membership with what it costs.
paid AS (
    SELECT
        areas_network.period_start,
        areas_network.municipality_code,
        areas_network.area_code AS network_id,
        CASE
            WHEN fees.host_code = areas_network.municipality_code THEN 0
            -- Without a maximum `least` passes its NULL over.
            ELSE least(
                fees.ore_a_year + fees.ore_per_inhabitant_a_year * people.persons,
                fees.ore_a_year_max
            ) * fees.months / 12
        END AS ore,
        people.marks
    FROM areas_network
    INNER JOIN fees
        ON fees.period_start = areas_network.period_start
        AND fees.network_id = areas_network.area_code
    INNER JOIN population_cells AS people
        ON people.period_start = areas_network.period_start
        AND people.municipality_code = areas_network.municipality_code
    WHERE fees.ore_a_year IS NOT NULL
),
-- A network's row is what is paid to it; any other area's is what its municipalities pay to all of theirs.
payments AS (
    SELECT
        areas.period_start,
        areas.area_code,
        areas.municipality_code,
        sum(paid.ore) AS ore,
        coalesce(bit_or(paid.marks), 0) AS marks
    FROM areas
    LEFT JOIN networks
        ON networks.network_id = areas.area_code
    LEFT JOIN paid
        ON paid.period_start = areas.period_start
        AND paid.municipality_code = areas.municipality_code
        AND paid.network_id = coalesce(networks.network_id, paid.network_id)
    GROUP BY
        areas.period_start,
        areas.area_code,
        areas.municipality_code
),
with_state AS (
    SELECT
        payments.period_start,
        payments.area_code,
        payments.ore,
        payments.marks,
        people.persons,
        cell_state(
            spine.comparable,
            state_if(people.persons IS NULL, 'not_applicable/no_population'),
            state_if(payments.ore IS NULL, 'not_applicable/no_price')
        ) AS state
    FROM payments
    INNER JOIN spine
        ON spine.period_start = payments.period_start
        AND spine.municipality_code = payments.municipality_code
    LEFT JOIN population_cells AS people
        ON people.period_start = payments.period_start
        AND people.municipality_code = payments.municipality_code
),
added AS (
    SELECT
        with_state.period_start,
        with_state.area_code,
        sum(CASE WHEN with_state.state = 'ok' THEN with_state.ore END) AS ore,
        bit_or(CASE WHEN with_state.state = 'ok' THEN with_state.marks ELSE 0 END) AS marks,
        count(CASE WHEN with_state.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN is_expected(with_state.state) THEN 1 END) AS expected,
        count(CASE WHEN with_state.state = 'not_valid' THEN 1 END) AS not_valid,
        string_agg(DISTINCT with_state.state, ',') AS states,
        sum(CASE WHEN with_state.state = 'ok' THEN with_state.persons END) AS covered,
        sum(CASE WHEN is_expected(with_state.state) THEN with_state.persons END) AS persons_expected
    FROM with_state
    GROUP BY
        with_state.period_start,
        with_state.area_code
)
SELECT
    added.period_start,
    added.area_code,
    CAST(added.ore AS DOUBLE) / 100 AS value,
    CAST(added.ore AS DOUBLE) / 100 AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    area_state(added.reported, added.expected, 0, added.not_valid, added.states) AS state,
    CAST(coalesce(added.covered, 0) AS DOUBLE) / NULLIF(area_inhabitants.persons, 0) AS coverage,
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
