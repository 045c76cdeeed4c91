//! What editions are dated: by the clock, unless it contradicts the lake; and the way back from a clock that was wrong.

use tempfile::tempdir;

use super::support::{append, files, moment, row};
use crate::{Edition, Lake, LakeError};

const DAY: i64 = 24 * 60 * 60;

/// The year 2035, when the clock of these tests is at 2025.
const TEN_YEARS: i64 = 3653 * DAY;

/// Commits another row; what the lake holds is then another thing each time.
fn commit(lake: &Lake, second: i64) -> Result<Edition, LakeError> {
    let number = i32::try_from(lake.latest().unwrap().map_or(0, |edition| edition.number)).unwrap();
    let outcome = lake.writer().unwrap().commit(append(second, &[row("0301", number, 1, "a")]))?;
    Ok(outcome.edition().clone())
}

fn redate(lake: &Lake, second: i64) -> Option<Edition> {
    lake.writer().unwrap().redate(moment(second)).unwrap()
}

#[test]
fn a_clock_far_from_the_newest_edition_is_refused_and_writes_nothing() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    commit(&lake, 0).unwrap();
    let before = files(folder.path());
    for (second, side) in [(400 * DAY + 1, "400 days after"), (-400 * DAY - 1, "400 days before")] {
        let error = commit(&lake, second).unwrap_err();
        assert!(matches!(error, LakeError::Clock { number: 1, .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(side) && text.contains("`utbredt init --trust-clock`"), "{text}");
        assert!(lake.writer().unwrap().compact(moment(second)).is_err());
    }
    assert_eq!(files(folder.path()), before);
    // Within the slack the clock is believed, and one that was set back changes no order.
    assert_eq!(commit(&lake, -400 * DAY).unwrap().recorded_at, moment(0));
    assert_eq!(commit(&lake, 400 * DAY).unwrap().recorded_at, moment(400 * DAY));
}

#[test]
fn a_lake_dated_by_a_clock_that_was_ahead_is_dated_anew() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    assert_eq!(redate(&lake, 0), None, "nothing is dated wrongly yet");
    commit(&lake, 0).unwrap();
    // Somebody insists, and is wrong.
    let insisted = redate(&lake, TEN_YEARS).unwrap();
    assert_eq!((insisted.number, insisted.recorded_at), (2, moment(TEN_YEARS)));
    let wrong = commit(&lake, TEN_YEARS + DAY).unwrap();
    assert!(commit(&lake, DAY).is_err(), "ten years back are no slack");
    let again = redate(&lake, DAY).unwrap();
    assert_eq!((again.number, again.recorded_at), (4, moment(DAY)));
    assert_eq!((&again.tables, &again.receipts), (&wrong.tables, &wrong.receipts), "no row changes");
    assert_eq!(redate(&lake, 2 * DAY), None, "the dates are right");
    let right = commit(&lake, 3 * DAY).unwrap();
    assert_eq!((right.number, right.recorded_at), (5, moment(3 * DAY)));
    // A day finds the newest edition that was not made later; those dated wrongly are passed over.
    for (second, number) in [(0, 1), (DAY - 1, 1), (DAY, 4), (3 * DAY, 5), (2 * TEN_YEARS, 5)] {
        assert_eq!(lake.as_of(moment(second)).unwrap().number, number, "{second}");
    }
    assert_eq!(Lake::open(folder.path()).unwrap().verify().unwrap().problems, Vec::<String>::new());
}

/// A hundred days are believed, and would hold for a hundred days.
#[test]
fn a_small_jump_is_undone_in_the_same_way() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    commit(&lake, 0).unwrap();
    commit(&lake, 100 * DAY).unwrap();
    assert_eq!(commit(&lake, DAY).unwrap().recorded_at, moment(100 * DAY));
    assert_eq!(redate(&lake, 2 * DAY).unwrap().recorded_at, moment(2 * DAY));
    assert_eq!(commit(&lake, 3 * DAY).unwrap().recorded_at, moment(3 * DAY));
}
