/* view
doc = "The spans of days that rows of usage are about, each once."
uses = []
*/
SELECT DISTINCT
    usage.period_start,
    usage.period_end
FROM usage
