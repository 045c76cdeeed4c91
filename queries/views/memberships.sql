/* view
doc = "Who is a member of a network, by the code and the division that the list gives, from `valid_from` up to but not including `valid_to` (the years 1 and 9999 where not known). A member counts once: spans of one code that overlap or meet are one, and where a newer division's code for the same land is a member too, the older one is until then."
uses = []
*/
WITH listed AS (
    SELECT
        members.network_id,
        members.municipality_code,
        members.division_date,
        coalesce(members.valid_from, DATE '0001-01-01') AS valid_from,
        least(
            coalesce(members.valid_to, DATE '9999-12-31'),
            min(CASE WHEN newer.network_id IS NOT NULL THEN coalesce(newer.valid_from, DATE '0001-01-01') END)
        ) AS valid_to
    FROM network_members AS members
    LEFT JOIN municipality_mappings
        ON municipality_mappings.policy_id = 'population_share'
        AND municipality_mappings.from_code = members.municipality_code
        AND municipality_mappings.from_date = members.division_date
        AND municipality_mappings.to_date > members.division_date
    LEFT JOIN network_members AS newer
        ON newer.network_id = members.network_id
        AND newer.municipality_code = municipality_mappings.to_code
        AND newer.division_date = municipality_mappings.to_date
        AND (newer.valid_to IS NULL OR members.valid_from IS NULL OR newer.valid_to > members.valid_from)
    GROUP BY
        members.network_id,
        members.municipality_code,
        members.division_date,
        members.valid_from,
        members.valid_to
),
-- How far the spans that begin before it reach.
reached AS (
    SELECT
        listed.network_id,
        listed.municipality_code,
        listed.division_date,
        listed.valid_from,
        listed.valid_to,
        max(listed.valid_to) OVER (
            PARTITION BY
                listed.network_id,
                listed.municipality_code,
                listed.division_date
            ORDER BY
                listed.valid_from,
                listed.valid_to
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached_day
    FROM listed
    WHERE listed.valid_to > listed.valid_from
),
numbered AS (
    SELECT
        reached.network_id,
        reached.municipality_code,
        reached.division_date,
        reached.valid_from,
        reached.valid_to,
        sum(CASE WHEN reached.valid_from <= reached.reached_day THEN 0 ELSE 1 END) OVER (
            PARTITION BY
                reached.network_id,
                reached.municipality_code,
                reached.division_date
            ORDER BY
                reached.valid_from,
                reached.valid_to
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS membership
    FROM reached
)
SELECT
    numbered.network_id,
    numbered.municipality_code,
    numbered.division_date,
    min(numbered.valid_from) AS valid_from,
    max(numbered.valid_to) AS valid_to
FROM numbered
GROUP BY
    numbered.network_id,
    numbered.municipality_code,
    numbered.division_date,
    numbered.membership
