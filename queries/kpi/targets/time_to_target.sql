/* kpi
title = { nb = "Tid til målet", nn = "Tid til målet", en = "Time to target" }
answers = { nb = "Når blir målet nådd med dagens vekst, og hvor sikkert er det?", nn = "Når blir målet nådd med veksten no, og kor sikkert er det?", en = "When will the target be reached at this growth, and how sure is that?" }
version = 6
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
lookback = 49
[caveats]
nb = ["Verdien er det som er nådd; framskrivningen er et regnestykke over de siste 24 periodene, ikke et løfte, og kan aldri vise mer enn alle.", "Områdene i svaret låner av hverandre hvor fort det går: et svar for kommuner og et for fylker kan derfor si noe ulikt.", "Det framskrives ikke før åtte punkter har kommet etter et brudd, ved færre enn åtte punkter, under 10 %, der tallet gjelder mindre enn fire av fem innbyggere, eller der flere er talt enn det finnes; årsaken står i egen kolonne.", "Innføringens egen dekning stiger i sprang: et stort sprang regnes som brudd, også når det er ekte.", "Ligger målet lenger fram enn veksten rekker når den avtar, står det not_at_this_pace; det er ikke det samme som aldri.", "I datidens grenser (then) begynner en omnummerert kommune på nytt; i dagens (now) har den hele sin historie.", "Et områdes andel er den hos dem som har meldt: blir noen tause, flytter den seg.", "Treffsikkerheten kan prøves: utbredt backtest."]
nn = ["Verdien er det som er nådd; framskrivinga er eit reknestykke over dei siste 24 periodane, ikkje ein lovnad, og kan aldri vise meir enn alle.", "Områda i svaret låner av kvarandre kor fort det går: eit svar for kommunar og eit for fylke kan difor seie noko ulikt.", "Det blir ikkje framskrive før åtte punkt har kome etter eit brot, ved færre enn åtte punkt, under 10 %, der talet gjeld mindre enn fire av fem innbyggjarar, eller der fleire er talde enn det finst; årsaka står i ein eigen kolonne.", "Dekninga til innføringa sjølv stig i sprang: eit stort sprang blir rekna som brot, òg når det er ekte.", "Ligg målet lenger fram enn veksten rekk når han minkar, står det not_at_this_pace; det er ikkje det same som aldri.", "I grensene frå den gongen (then) begynner ein omnummerert kommune på nytt; i dei no (now) har han heile historia si.", "Andelen til eit område er den hos dei som har meldt: blir nokon tause, flytter han seg.", "Treffsikkerheita kan prøvast: utbredt backtest."]
en = ["The value is what has been reached; the forecast is arithmetic over the last 24 periods, not a promise, and can never show more than everybody.", "The areas of an answer borrow from each other how fast they grow: an answer for municipalities and one for counties may therefore differ.", "There is no forecast before eight points have come after a break, from fewer than eight points, below 10 %, where the number covers less than four in five of the inhabitants, or where more are counted than could be; a column gives the reason.", "The coverage of a rollout itself rises in leaps: a great leap is taken for a break, even when it is real.", "Where the target lies farther away than growth reaches as it slackens, the outlook is not_at_this_pace, which is not the same as never.", "In the borders of then a renumbered municipality begins anew; in those of now it has its whole history.", "An area's share is that of those who reported: when some fall silent it moves.", "How good it is can be tried: utbredt backtest."]
[rollup]
kind = "area"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.metric]
type = "choice"
doc = "The KPI that has the target. Reach is that of users_active."
choices = ["rollout.population_coverage", "rollout.municipalities_live", "adoption.reach"]
default = "rollout.population_coverage"
[columns.target_share]
doc = "The target."
unit = "share"
[columns.target_source]
doc = "Whose target it is: the nation's, a network's or the municipality's own."
unit = "words"
[columns.due]
doc = "The day it is due."
unit = "dates"
[columns.outlook]
doc = "How the forecast compares with the due day."
unit = "codes"
codes = ["reached", "on_time", "late", "not_at_this_pace", "refused"]
[columns.refusal]
doc = "Why there is no forecast, where the outlook is refused."
unit = "codes"
codes = ["no_number", "low_coverage", "above_eligible", "break", "few_points", "low_reach"]
[columns.break_period]
doc = "First day of the period in which the numbers broke off from those before."
unit = "dates"
[columns.probability]
doc = "The chance that the target is reached by its due day, from 0 to 1."
unit = "chances"
[columns.median_date]
doc = "The first end of a period by which the target is as likely reached as not; the day after the period's last."
unit = "dates"
[columns.early_date]
doc = "The same for one chance in ten: where the 80 % interval begins."
unit = "dates"
[columns.late_date]
doc = "The same for nine chances in ten: where the interval ends; none when that is not within 20 years."
unit = "dates"
[columns.due_share]
doc = "What will have been reached on the due day, in the middle."
unit = "share"
[columns.due_share_low]
doc = "The low end of its 80 % interval."
unit = "share"
[columns.due_share_high]
doc = "The high end."
unit = "share"
[reasons.reached]
nb = "Målet er nådd."
nn = "Målet er nådd."
en = "The target has been reached."
[reasons.on_time]
nb = "Med dagens vekst blir målet nådd innen fristen."
nn = "Med veksten no blir målet nådd innan fristen."
en = "At this growth the target is reached by its due day."
[reasons.late]
nb = "Med dagens vekst blir målet nådd etter fristen."
nn = "Med veksten no blir målet nådd etter fristen."
en = "At this growth the target is reached after its due day."
[reasons.not_at_this_pace]
nb = "Med dagens vekst blir målet ikke nådd de neste 20 årene; det er ikke det samme som aldri."
nn = "Med veksten no blir målet ikkje nådd dei neste 20 åra; det er ikkje det same som aldri."
en = "At this growth the target is not reached within 20 years, which is not the same as never."
[reasons.refused]
nb = "Det er ikke grunnlag for en framskrivning; årsaken står i egen kolonne."
nn = "Det er ikkje grunnlag for ei framskriving; årsaka står i ein eigen kolonne."
en = "There is no basis for a forecast; a column of its own gives the reason."
[reasons.no_number]
nb = "Perioden har ikke noe tall."
nn = "Perioden har ikkje noko tal."
en = "The period has no number."
[reasons.low_coverage]
nb = "Tallet gjelder for få: mindre enn fire av fem innbyggere bor der noen har meldt."
nn = "Talet gjeld for få: mindre enn fire av fem innbyggjarar bur der nokon har meldt."
en = "The number covers too few: less than four in five of the inhabitants live where somebody reported."
[reasons.above_eligible]
nb = "Det er talt flere enn det finnes i målgruppen."
nn = "Det er talt fleire enn det finst i målgruppa."
en = "More are counted than there are in the target group."
[reasons.break]
nb = "Tallene brøt med de tidligere, og færre enn åtte punkter er kommet siden."
nn = "Tala braut med dei tidlegare, og færre enn åtte punkt har kome sidan."
en = "The numbers broke off from those before, and fewer than eight points have come since."
[reasons.few_points]
nb = "Det er færre enn åtte punkter å regne fra."
nn = "Det er færre enn åtte punkt å rekne frå."
en = "There are fewer than eight points to reckon from."
[reasons.low_reach]
nb = "Mindre enn 10 % er nådd, og da sier veksten for lite om framtiden."
nn = "Mindre enn 10 % er nådd, og då seier veksten for lite om framtida."
en = "Less than 10 % has been reached, and growth then shows too little of the future."
[[changes]]
version = 6
date = "2026-11-29"
codes = ["same_land"]
[[changes]]
version = 5
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 4
date = "2026-11-29"
codes = ["above_whole", "representative_areas"]
[[changes]]
version = 3
date = "2026-11-28"
codes = ["coverage_of_everybody", "production_alone", "kept_code", "unplaceable_not_valid"]
nb = "Midten og de to endene av et intervall læres hver for seg av framskrivningenes egne feil; før var intervallet like langt til begge sider, og tallene falt oftere under det enn over."
nn = "Midten og dei to endane av eit intervall blir lærte kvar for seg av feila til framskrivingane sjølve; før var intervallet like langt til begge sider, og tala fall oftare under det enn over."
en = "The middle and the two ends of an interval are each learnt from the forecasts' own errors; before, both sides were equally long, and numbers fell below it more often than above."
[[changes]]
version = 2
date = "2026-11-28"
codes = ["whole_period"]
*/
SELECT
    goal_areas.period_start,
    goal_areas.area_code,
    goal_areas.value,
    goal_areas.numerator,
    goal_areas.denominator,
    goal_areas.state,
    goal_areas.coverage,
    goal_areas.coverage_of_expected,
    goal_areas.marks,
    goal_areas.municipalities_reported,
    goal_areas.municipalities_expected,
    goal_areas.target AS target_share,
    goal_areas.scope AS target_source,
    goal_areas.due AS due,
    forecasts.outlook AS outlook,
    forecasts.refusal AS refusal,
    forecasts.break_period AS break_period,
    forecasts.probability AS probability,
    forecasts.median_date AS median_date,
    forecasts.early_date AS early_date,
    forecasts.late_date AS late_date,
    forecasts.share_middle AS due_share,
    forecasts.share_low AS due_share_low,
    forecasts.share_high AS due_share_high
FROM goal_areas
LEFT JOIN forecasts
    ON forecasts.period_start = goal_areas.period_start
    AND forecasts.area_code = goal_areas.area_code
ORDER BY
    goal_areas.period_start,
    goal_areas.area_code
