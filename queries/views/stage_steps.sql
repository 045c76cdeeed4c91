/* view
doc = "The stages in order, the furthest last: withdrawn and paused come before every stage on the way, but after having no event at all."
uses = []
*/
SELECT
    column1 AS stage,
    column2 AS step
FROM (
    VALUES
        ('withdrawn', 1),
        ('paused', 2),
        ('planned', 3),
        ('agreed', 4),
        ('technically_ready', 5),
        ('pilot', 6),
        ('in_production', 7)
)
