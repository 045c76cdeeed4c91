/* view
doc = "The solutions of which a number in force or a rollout event is made up: so is what is known of their deliveries."
uses = []
*/
SELECT usage.solution_id
FROM usage
WHERE usage.synthetic
UNION
SELECT rollout_events.solution_id
FROM rollout_events
WHERE rollout_events.synthetic
