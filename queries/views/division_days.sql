/* view
doc = "The days on which each division is in force, from `valid_from` up to but not including `valid_to`: every day lies in one. The oldest is the best that is known of the days before it."
uses = []
*/
SELECT
    divisions.division_date,
    CASE
        WHEN divisions.division_date = min(divisions.division_date) OVER () THEN DATE '0001-01-01'
        ELSE divisions.division_date
    END AS valid_from,
    coalesce(divisions.valid_to, DATE '9999-12-31') AS valid_to
FROM divisions
