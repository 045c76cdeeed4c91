/* kpi
title = { nb = "Vekst siste år", nn = "Vekst siste år", en = "Growth over a year" }
answers = { nb = "Hvor mye har bruken vokst siden samme periode i fjor?", nn = "Kor mykje har bruken vakse sidan same periode i fjor?", en = "How much has use grown since the same period last year?" }
version = 4
unit = "growth"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
lookback = "year"
[caveats]
nb = ["0,1 er 10 % vekst. Bare kommuner med tall både nå og for ett år siden regnes med; det er disse som er rapportert.", "Kommuner som nettopp har fått løsningen, gir ingen vekst her: se ny bruk.", "Dager og hele uker sammenlignes med 52 uker før, med de samme ukedagene; alle andre tidsrom med de samme datoene året før."]
nn = ["0,1 er 10 % vekst. Berre kommunar med tal både no og for eitt år sidan er rekna med; det er desse som er rapporterte.", "Kommunar som nettopp har fått løysinga, gir ingen vekst her: sjå ny bruk.", "Dagar og heile veker blir samanlikna med 52 veker før, med dei same vekedagane; alle andre tidsrom med dei same datoane året før."]
en = ["0.1 is growth of 10 %. Only municipalities with a number both now and a year ago count; those are the ones reported.", "Municipalities that have just got the solution add no growth here: see what is new.", "Days and whole weeks are compared with those of 52 weeks before, the same weekdays; all other ranges with the same dates a year before."]
[rollup]
kind = "ratio"
value = "CAST(numerator AS DOUBLE) / denominator - 1"
# From nothing there is no growth in per cent.
ok_when = "denominator > 0"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "flow"
[columns.all_uses]
doc = "Use now, of all that report it now and that the borders let compare."
unit = "uses"
rollup = "sum"
hidden = true
every_state = true
[columns.all_uses_before]
doc = "Use a year ago, of all that reported it then and that the borders let compare."
unit = "uses"
rollup = "sum"
hidden = true
every_state = true
[columns.began]
doc = "1 for a municipality with use now that had none a year ago."
unit = "municipalities"
rollup = "sum"
hidden = true
every_state = true
[columns.uses_begun]
doc = "Use now of those."
unit = "uses"
rollup = "sum"
hidden = true
every_state = true
[columns.increase]
doc = "What those that use it more use it more."
unit = "uses"
rollup = "sum"
hidden = true
every_state = true
[columns.unmatched_growth]
doc = "Growth from all that reported a year ago to all that report now, whoever they are, except those whose numbers the borders do not let compare and those one of whose numbers is of a part of its period."
unit = "growth"
after = "CASE WHEN denominator > 0 THEN CAST(all_uses AS DOUBLE) / all_uses_before - 1 END"
[columns.new_municipalities]
doc = "Municipalities with use now that had none a year ago."
unit = "municipalities"
after = "CASE WHEN denominator > 0 THEN began END"
[columns.share_from_new]
doc = "Part of the increase that came from those municipalities; what others lost is not subtracted."
unit = "share"
after = "CASE WHEN denominator > 0 THEN CAST(uses_begun AS DOUBLE) / NULLIF(increase, 0) END"
[[changes]]
version = 4
date = "2026-11-29"
codes = ["same_land_compared"]
nb = "Et tidsrom som verken er hele måneder eller hele uker, sammenlignes med de samme datoene året før; før var det 52 uker tidligere."
nn = "Eit tidsrom som verken er heile månader eller heile veker, blir samanlikna med dei same datoane året før; før var det 52 veker tidlegare."
en = "A range that is neither whole months nor whole weeks is compared with the same dates a year before; it was 52 weeks before."
[[changes]]
version = 3
date = "2026-11-29"
codes = ["zero_divides"]
nb = "Kommuner med et tall for bare en del av en av de to periodene er ikke med i veksten uten sammenlikning; uten tall er dekningen 0."
nn = "Kommunar med eit tal for berre ein del av ein av dei to periodane er ikkje med i veksten utan samanlikning; utan tal er dekninga 0."
en = "Municipalities with a number of a part of one of the two periods are not in the unmatched growth; without a number the coverage is 0."
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "whole_period", "part_of_period", "unplaceable_not_valid"]
nb = "Kommuner som grensene ikke lar sammenlikne, er verken i bruken nå eller i den for et år siden; før var de i den ene."
nn = "Kommunar som grensene ikkje lèt samanlikne, er verken i bruken no eller i den for eitt år sidan; før var dei i den eine."
en = "Municipalities that the borders do not let compare are neither in the use now nor in that of a year ago; before, they were in one of them."
*/
WITH pairs AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        spine.comparable AND spine_year_ago.comparable AS comparable,
        CASE WHEN spine.comparable AND usage.state = 'ok' THEN usage.value END AS uses,
        CASE WHEN spine_year_ago.comparable AND usage_year_ago.state = 'ok' THEN usage_year_ago.value END AS uses_before,
        usage.state,
        usage_year_ago.state AS state_before,
        spine_year_ago.comparable AS comparable_before,
        -- Both numbers are of the same land, or their difference is that of the land.
        usage.state = 'ok' AND usage_year_ago.state = 'ok' AND usage.own_land <> usage_year_ago.own_land AS other_land,
        usage.marks | usage_year_ago.marks AS marks
    FROM spine
    INNER JOIN periods
        ON periods.period_start = spine.period_start
    INNER JOIN spine_year_ago
        ON spine_year_ago.period_start = periods.year_ago
        AND spine_year_ago.municipality_code = spine.municipality_code
    INNER JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
        AND usage.solution_id = $solution_id
        AND usage.measure_id = $measure_id
    INNER JOIN usage_cells_year_ago AS usage_year_ago
        ON usage_year_ago.period_start = periods.year_ago
        AND usage_year_ago.municipality_code = spine.municipality_code
        AND usage_year_ago.solution_id = usage.solution_id
        AND usage_year_ago.measure_id = usage.measure_id
),
cells AS (
    SELECT
        pairs.period_start,
        pairs.municipality_code,
        pairs.uses,
        pairs.uses_before,
        -- What the borders take one of the two numbers from is in neither sum, nor is what is of a part of one of the two.
        pairs.comparable
        AND pairs.state <> 'not_valid'
        AND pairs.state_before <> 'not_valid'
        AND NOT pairs.other_land
        AND NOT has_mark(pairs.marks, 'partial') AS comparable,
        -- Known to have had no use: reported so, or did not have the solution.
        pairs.comparable_before
        AND pairs.state_before <> 'not_valid'
        AND NOT pairs.other_land
        AND (NOT is_expected(pairs.state_before) OR pairs.uses_before = 0) AS none_before,
        cell_state(
            pairs.comparable,
            pairs.state,
            pairs.state_before,
            state_if(pairs.other_land, 'not_valid'),
            state_if(has_mark(pairs.marks, 'partial'), 'not_applicable/part_of_period')
        ) AS state,
        pairs.marks
    FROM pairs
)
SELECT
    cells.period_start,
    cells.municipality_code,
    CASE WHEN cells.state = 'ok' THEN cells.uses END AS numerator,
    CASE WHEN cells.state = 'ok' THEN cells.uses_before END AS denominator,
    cells.state,
    cells.marks,
    CASE WHEN cells.comparable THEN cells.uses END AS all_uses,
    CASE WHEN cells.comparable THEN cells.uses_before END AS all_uses_before,
    CASE WHEN cells.none_before AND cells.uses > 0 THEN 1 ELSE 0 END AS began,
    CASE WHEN cells.none_before AND cells.uses > 0 THEN cells.uses ELSE 0 END AS uses_begun,
    CASE
        WHEN cells.none_before THEN cells.uses
        WHEN cells.comparable THEN greatest(0, cells.uses - cells.uses_before)
    END AS increase
FROM cells
ORDER BY
    cells.period_start,
    cells.municipality_code
