/* kpi
title = { nb = "Avviste rader", nn = "Avviste rader", en = "Rows rejected" }
answers = { nb = "Hvor stor del av radene kildene sendte, ble avvist?", nn = "Kor stor del av radene kjeldene sende, vart avvist?", en = "What share of the rows the sources sent was rejected?" }
version = 2
unit = "share"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["En rad som er avvist, hører ikke til noen kommune; tallet gis bare for landet.", "Alle leveranser mottatt i perioden er med, også tilbakeholdte og slike som senere er erstattet; dagen er døgnet i Oslo."]
nn = ["Ei rad som er avvist, høyrer ikkje til nokon kommune; talet blir berre gjeve for landet.", "Alle leveransar mottekne i perioden er med, òg tilbakehaldne og slike som seinare er erstatta; dagen er døgnet i Oslo."]
en = ["A rejected row belongs to no municipality; the number exists for the nation only.", "All deliveries received in the period count, those held and those superseded later too; the day is that of Oslo."]
[rollup]
kind = "area"
nation_only = true
[params.source_id]
type = "text"
doc = "The source; * is all of them."
default = "*"
[columns.deliveries]
doc = "Deliveries received."
unit = "deliveries"
[reasons.nothing_received]
nb = "Ingenting er mottatt."
nn = "Ingenting er motteke."
en = "Nothing was received."
[[changes]]
version = 2
date = "2026-11-28"
nb = "En leveranse hører til dagen i Oslo da den kom; før var det dagen i UTC."
nn = "Ein leveranse høyrer til dagen i Oslo då han kom; før var det dagen i UTC."
en = "A delivery belongs to the day in Oslo on which it came; before, it was the day in UTC."
*/
WITH received AS (
    SELECT
        periods.period_start,
        count(*) AS deliveries,
        sum(receipts.rows_in) AS rows_in,
        sum(receipts.rows_rejected) AS rows_rejected,
        bit_or(
            mark('synthetic', receipts.synthetic)
            -- Nothing here belongs to a municipality, so the mark of the period is set here as well.
            | mark('provisional', periods.period_end > periods.edition_day)
        ) AS marks
    FROM periods
    INNER JOIN receipts
        ON oslo_day(receipts.received_at) >= periods.period_start
        AND oslo_day(receipts.received_at) < periods.period_end
    WHERE
        $source_id = '*'
        OR receipts.source_id = $source_id
    GROUP BY periods.period_start
    HAVING sum(receipts.rows_in) > 0
),
nation AS (
    SELECT DISTINCT
        areas.period_start,
        areas.area_code
    FROM areas
)
SELECT
    nation.period_start,
    nation.area_code,
    CAST(received.rows_rejected AS DOUBLE) / received.rows_in AS value,
    received.rows_rejected AS numerator,
    received.rows_in AS denominator,
    CASE WHEN received.rows_in IS NULL THEN 'not_applicable/nothing_received' ELSE 'ok' END AS state,
    CAST(NULL AS DOUBLE) AS coverage,
    CAST(NULL AS DOUBLE) AS coverage_of_expected,
    coalesce(received.marks, 0) AS marks,
    0 AS municipalities_reported,
    0 AS municipalities_expected,
    received.deliveries AS deliveries
FROM nation
LEFT JOIN received
    ON received.period_start = nation.period_start
ORDER BY
    nation.period_start,
    nation.area_code
