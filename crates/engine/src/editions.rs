//! Which editions there are, and how a running engine moves on to a newer one.

use std::sync::{Arc, PoisonError};

use utbredt_kpi::{AsOf, RequestError};
use utbredt_lake::{Edition, EditionNote, Lake, LakeError};
use utbredt_model::oslo;

use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// What the editions up to the one served now did, oldest first.
    ///
    /// # Errors
    /// A record that is not as it was made, by name.
    pub fn editions(&self) -> Result<Vec<Arc<EditionNote>>, EngineError> {
        // An edition recorded since is not served before `refresh`, so it is not listed either.
        let served = self.edition().number;
        self.lake.history(served).map_err(|error| EngineError::of_lake(&self.lake, error))
    }

    /// An edition with all its files and receipts; `None` for one that is not, or not yet, served.
    ///
    /// # Errors
    /// A record it is read from that is not as it was made.
    pub fn find_edition(&self, number: u64) -> Result<Option<Edition>, EngineError> {
        if number == 0 || number > self.edition().number {
            return Ok(None);
        }
        self.lake.edition(number).map(Some).map_err(|error| EngineError::of_lake(&self.lake, error))
    }

    /// Serves the lake's newest edition from now on; says whether it is another than before. Answers under way keep
    /// the edition they began with.
    ///
    /// # Errors
    /// A damaged record, or a lake that no longer holds the edition served. The engine then serves what it served.
    pub fn refresh(&self) -> Result<bool, EngineError> {
        Ok(self.newer()?.is_some_and(|newest| self.serve(newest)))
    }

    /// The lake's newest edition, where it is not served yet.
    ///
    /// # Errors
    /// As [`Engine::refresh`].
    pub fn newer(&self) -> Result<Option<Arc<Edition>>, EngineError> {
        let newest = self.look_for_newer();
        let records = newest.as_ref().err().filter(|error| matches!(error, EngineError::Damaged { .. }));
        self.look_at_damage(records.map(ToString::to_string).into_iter().collect());
        newest
    }

    /// Serves an edition of [`Engine::newer`] from now on, unless a newer one is served already; says whether it does.
    pub fn serve(&self, newest: Arc<Edition>) -> bool {
        let mut current = self.edition.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have moved on since it was looked for; the newer one stays.
        let is_newer = newest.number > current.number;
        if is_newer {
            *current = newest;
        }
        is_newer
    }

    fn look_for_newer(&self) -> Result<Option<Arc<Edition>>, EngineError> {
        let failed = |error| EngineError::of_lake(&self.lake, error);
        let served = self.edition();
        let newest = self.lake.latest().map_err(failed)?;
        let Some(newest) = newest.filter(|newest| newest.number >= served.number) else {
            return Err(replaced(&self.lake, served.number));
        };
        // A lake that was put in the place of another has editions of the same numbers: they are not ours to follow.
        let known = if newest.number == served.number {
            newest.sha256.clone()
        } else {
            self.lake.edition(served.number).map_err(failed)?.sha256
        };
        if known != served.sha256 {
            return Err(replaced(&self.lake, served.number));
        }
        Ok((newest.number > served.number).then(|| Arc::new(newest)))
    }

    /// The edition a question is about.
    pub(crate) fn edition_of(&self, as_of: AsOf) -> Result<Arc<Edition>, EngineError> {
        let found = match as_of {
            AsOf::Latest => return Ok(self.edition()),
            // Most questions name the edition served, which was read before.
            AsOf::Edition(number) if number == self.edition().number => return Ok(self.edition()),
            AsOf::Edition(number) => self.lake.edition(number),
            AsOf::Date(day) => {
                // The day is included, and times are kept in microseconds: this is its last moment.
                let end = oslo::start(day.succ_opt().unwrap_or(day));
                self.lake.as_of(end - chrono::TimeDelta::microseconds(1))
            }
        };
        found.map(Arc::new).map_err(|error| match error {
            LakeError::NoEdition(_) => {
                let hint = format!("editions 1 to {} exist", self.edition().number);
                RequestError::invalid("unknown_edition", error.to_string(), hint).into()
            }
            other => EngineError::of_lake(&self.lake, other),
        })
    }
}

fn replaced(lake: &Lake, number: u64) -> EngineError {
    EngineError::Replaced { path: lake.root().to_path_buf(), number }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use utbredt_lake::EditionDraft;

    use super::*;

    fn commit(lake: &Lake, day: i64) {
        let table = utbredt_lake::Table::named("divisions").expect("a table");
        let columns: Vec<arrow::array::ArrayRef> = vec![
            Arc::new(arrow::array::Date32Array::from(vec![i32::try_from(day).expect("small")])),
            Arc::new(arrow::array::Date32Array::from(vec![None::<i32>])),
            Arc::new(arrow::array::Int32Array::from(vec![1_i32])),
        ];
        let rows = arrow::array::RecordBatch::try_new(table.schema(), columns).expect("a row");
        let change = EditionDraft {
            recorded_at: DateTime::UNIX_EPOCH + TimeDelta::days(day),
            reason: format!("day {day}"),
            replace: vec![(table, rows)],
            append: vec![],
            supersedes: vec![],
            receipts: vec![],
        };
        lake.writer().expect("the lock").commit(change).expect("an edition");
    }

    #[test]
    fn a_newer_edition_is_picked_up_and_old_readers_keep_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Lake::init(folder.path()).expect("a lake");
        commit(&lake, 1);
        let engine = Engine::open(folder.path(), vec![]).expect("it opens");
        let reader = engine.edition();
        assert_eq!(engine.refresh().ok(), Some(false));
        commit(&lake, 2);
        let numbers = |engine: &Engine| engine.editions().expect("all").iter().map(|e| e.number).collect();
        let before: Vec<u64> = numbers(&engine);
        assert_eq!(before, [1], "an edition not yet served is not reported");
        assert_eq!(engine.clone().refresh().ok(), Some(true));
        assert_eq!((reader.number, engine.edition().number), (1, 2));
        let after: Vec<u64> = numbers(&engine);
        assert_eq!(after, [1, 2]);
        assert_eq!(engine.refresh().ok(), Some(false));
    }

    #[test]
    fn a_lake_put_in_the_place_of_another_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("lake");
        commit(&Lake::init(&root).expect("a lake"), 1);
        let engine = Engine::open(&root, vec![]).expect("it opens");
        std::fs::remove_dir_all(&root).expect("removed");
        let other = Lake::init(&root).expect("another lake");
        commit(&other, 3);
        commit(&other, 4);
        assert_eq!(engine.refresh().expect_err("refused").code(), "lake_unreadable");
        assert_eq!(engine.edition().reason, "day 1");
    }
}
