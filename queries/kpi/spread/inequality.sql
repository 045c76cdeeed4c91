/* kpi
title = { nb = "Ulikhet i bruk", nn = "Ulikskap i bruk", en = "Inequality of use" }
answers = { nb = "Hvor ulikt er bruken fordelt mellom kommunene?", nn = "Kor ulikt er bruken fordelt mellom kommunane?", en = "How unequal is use between the municipalities?" }
version = 4
unit = "gini"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["0 er lik bruk per innbygger i alle kommuner, nær 1 er all bruk i én. Hver kommune teller likt, uansett størrelse.", "Bare kommuner med tall regnes med: få kommuner sier lite."]
nn = ["0 er lik bruk per innbyggjar i alle kommunar, nær 1 er all bruk i éin. Kvar kommune tel likt, uansett storleik.", "Berre kommunar med tal er rekna med: få kommunar seier lite."]
en = ["0 is the same use per inhabitant everywhere, close to 1 all use in one. Each municipality counts the same, whatever its size.", "Only municipalities with a number count: few of them mean little."]
[rollup]
kind = "area"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "flow"
[columns.p10_per_1000]
doc = "Use per 1,000 inhabitants a tenth of the way up from the municipality with least (nearest rank)."
unit = "per_1000"
[columns.p50_per_1000]
doc = "The same halfway up."
unit = "per_1000"
[columns.p90_per_1000]
doc = "The same nine tenths of the way up."
unit = "per_1000"
[columns.bottom_quintile_persons_share]
doc = "Inhabitants who live in the fifth of the municipalities with least use per inhabitant."
unit = "share"
[reasons.nobody_uses_it]
nb = "Ingen bruker løsningen."
nn = "Ingen bruker løysinga."
en = "Nobody uses the solution."
[[changes]]
version = 4
date = "2026-11-29"
codes = ["same_land"]
[[changes]]
version = 3
date = "2026-11-29"
codes = ["zero_divides"]
nb = "Dekningen teller innbyggerne over og under brøkstreken likt når exact_only utelater noen."
nn = "Dekninga tel innbyggjarane over og under brøkstreken likt når exact_only utelèt nokon."
en = "Coverage counts the inhabitants above and below the fraction line alike where exact_only leaves some out."
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "whole_period", "part_of_period", "unplaceable_not_valid"]
*/
WITH cells AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        population.persons,
        people.persons AS inhabitants,
        1000.0 * CAST(usage.value AS DOUBLE) / NULLIF(population.persons, 0) AS rate,
        cell_state(
            spine.comparable,
            usage.state,
            denominator_state(population.persons),
            state_if(usage.state = 'ok' AND usage.own_land <> population.own_land, 'not_valid'),
            state_if(has_mark(usage.marks, 'partial'), 'not_applicable/part_of_period')
        ) AS state,
        usage.marks | coalesce(population.marks, 0) AS marks
    FROM spine
    INNER JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
        AND usage.solution_id = $solution_id
        AND usage.measure_id = $measure_id
    LEFT JOIN population_cells AS population
        ON population.period_start = spine.period_start
        AND population.municipality_code = spine.municipality_code
    LEFT JOIN coverage_weights AS people
        ON people.period_start = spine.period_start
        AND people.municipality_code = spine.municipality_code
),
-- A municipality's place among those of its area whose number is known.
placed AS (
    SELECT
        cells.period_start,
        areas.area_code,
        cells.persons,
        cells.inhabitants,
        cells.rate,
        cells.state,
        cells.marks,
        row_number() OVER (
            PARTITION BY
                cells.period_start,
                areas.area_code,
                cells.state
            ORDER BY
                cells.rate,
                cells.municipality_code
        ) AS place,
        count(*) OVER (
            PARTITION BY
                cells.period_start,
                areas.area_code,
                cells.state
        ) AS places
    FROM cells
    INNER JOIN areas
        ON areas.period_start = cells.period_start
        AND areas.municipality_code = cells.municipality_code
),
spread AS (
    SELECT
        placed.period_start,
        placed.area_code,
        -- Sums of fractions differ in their last digit with the order of the rows; rounded they do not.
        round(
            sum(CASE WHEN placed.state = 'ok' THEN (2 * placed.place - placed.places - 1) * placed.rate / placed.places END)
            / NULLIF(sum(CASE WHEN placed.state = 'ok' THEN placed.rate END), 0),
            12
        ) AS gini,
        max(CASE WHEN placed.state = 'ok' AND placed.place = (placed.places + 9) / 10 THEN placed.rate END) AS p10,
        max(CASE WHEN placed.state = 'ok' AND placed.place = (placed.places + 1) / 2 THEN placed.rate END) AS p50,
        max(CASE WHEN placed.state = 'ok' AND placed.place = (9 * placed.places + 9) / 10 THEN placed.rate END) AS p90,
        sum(CASE WHEN placed.state = 'ok' AND placed.place <= (placed.places + 4) / 5 THEN placed.persons END) AS bottom,
        bit_or(CASE WHEN placed.state = 'ok' THEN placed.marks ELSE 0 END) AS marks,
        count(CASE WHEN placed.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN is_expected(placed.state) THEN 1 END) AS expected,
        count(CASE WHEN placed.state = 'suppressed' THEN 1 END) AS suppressed,
        count(CASE WHEN placed.state = 'not_valid' THEN 1 END) AS not_valid,
        string_agg(DISTINCT placed.state, ',') AS states,
        sum(CASE WHEN placed.state = 'ok' THEN placed.persons END) AS persons,
        sum(CASE WHEN placed.state = 'ok' THEN placed.inhabitants END) AS covered,
        sum(CASE WHEN is_expected(placed.state) THEN placed.inhabitants END) AS persons_expected
    FROM placed
    GROUP BY
        placed.period_start,
        placed.area_code
)
SELECT
    spread.period_start,
    spread.area_code,
    spread.gini AS value,
    CAST(NULL AS BIGINT) AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    CASE
        -- Nobody uses it: there is nothing to be unequal about.
        WHEN spread.reported > 0 AND spread.gini IS NULL THEN 'not_applicable/nobody_uses_it'
        ELSE area_state(
            spread.reported,
            spread.expected,
            spread.suppressed,
            spread.not_valid,
            spread.states
        )
    END AS state,
    CAST(CASE WHEN spread.gini IS NULL THEN 0 ELSE spread.covered END AS DOUBLE) / NULLIF(area_inhabitants.persons, 0) AS coverage,
    CAST(CASE WHEN spread.gini IS NULL THEN 0 ELSE spread.covered END AS DOUBLE) / NULLIF(spread.persons_expected, 0)
        AS coverage_of_expected,
    area_marks(spread.marks, spread.reported, spread.expected, spread.not_valid) AS marks,
    spread.reported AS municipalities_reported,
    spread.expected AS municipalities_expected,
    CASE WHEN spread.gini IS NOT NULL THEN spread.p10 END AS p10_per_1000,
    CASE WHEN spread.gini IS NOT NULL THEN spread.p50 END AS p50_per_1000,
    CASE WHEN spread.gini IS NOT NULL THEN spread.p90 END AS p90_per_1000,
    CASE WHEN spread.gini IS NOT NULL THEN CAST(spread.bottom AS DOUBLE) / spread.persons END AS bottom_quintile_persons_share
FROM spread
LEFT JOIN area_inhabitants
    ON area_inhabitants.period_start = spread.period_start
    AND area_inhabitants.area_code = spread.area_code
ORDER BY
    spread.period_start,
    spread.area_code
