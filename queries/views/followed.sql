/* view
doc = "The solutions whose rollout is followed: those with any event. Nothing is known of the others, which is not 0."
uses = []
*/
SELECT DISTINCT rollout_events.solution_id
FROM rollout_events
