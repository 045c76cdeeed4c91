/* view
doc = "What a network charges its members from `valid_from` up to but not including `valid_to`: by its own row of `membership_fees`, or on days without one by that of no network. The spans of a network do not overlap."
uses = []
*/
WITH fees AS (
    SELECT
        networks.network_id,
        membership_fees.network_id IS NOT NULL AS own,
        membership_fees.ore_a_year,
        membership_fees.ore_per_inhabitant_a_year,
        membership_fees.ore_a_year_max,
        membership_fees.host_code,
        membership_fees.valid_from,
        coalesce(membership_fees.valid_to, DATE '9999-12-31') AS valid_to
    FROM networks
    INNER JOIN membership_fees
        ON coalesce(membership_fees.network_id, networks.network_id) = networks.network_id
),
moments AS (
    SELECT
        fees.network_id,
        fees.valid_from AS day
    FROM fees
    UNION
    SELECT
        fees.network_id,
        fees.valid_to AS day
    FROM fees
),
spans AS (
    SELECT
        moments.network_id,
        moments.day,
        lead(moments.day) OVER (PARTITION BY moments.network_id ORDER BY moments.day) AS end_day
    FROM moments
),
ranked AS (
    SELECT
        spans.network_id,
        spans.day,
        spans.end_day,
        fees.ore_a_year,
        fees.ore_per_inhabitant_a_year,
        fees.ore_a_year_max,
        fees.host_code,
        row_number() OVER (
            PARTITION BY
                spans.network_id,
                spans.day
            ORDER BY
                fees.own DESC,
                fees.valid_from DESC
        ) AS place
    FROM spans
    INNER JOIN fees
        ON fees.network_id = spans.network_id
        AND fees.valid_from <= spans.day
        AND fees.valid_to > spans.day
)
SELECT
    ranked.network_id,
    ranked.ore_a_year,
    ranked.ore_per_inhabitant_a_year,
    ranked.ore_a_year_max,
    ranked.host_code,
    ranked.day AS valid_from,
    ranked.end_day AS valid_to
FROM ranked
WHERE ranked.place = 1
