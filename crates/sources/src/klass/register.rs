//! What the register's changes mean: which code was alive on which day, and which pairs of codes are a border that
//! moved rather than a municipality that was split.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use utbredt_model::MunicipalityCode;
use utbredt_model::territory::{Change, ChangeKind, classify};

/// Which codes were alive when, as far as a feed of changes and known divisions show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Register {
    /// By code: the days something happened to it, whether it lived the day before, and whether from then on.
    events: BTreeMap<MunicipalityCode, BTreeMap<NaiveDate, (bool, bool)>>,
}

impl Register {
    /// What the changes show.
    #[must_use]
    pub fn of(changes: &[Change]) -> Self {
        let mut register = Self::default();
        for change in changes {
            if let Some(old) = &change.old {
                register.event(old, change.date).0 = true;
            }
            if let Some(new) = &change.new {
                register.event(new, change.date).1 = true;
            }
        }
        register
    }

    /// What is known of a code at a day: whether it lived the day before, and whether from then on.
    fn event(&mut self, code: &MunicipalityCode, day: NaiveDate) -> &mut (bool, bool) {
        self.events.entry(code.clone()).or_default().entry(day).or_default()
    }

    /// Adds a whole division: these codes lived on `day`.
    #[must_use]
    pub fn with<'c>(mut self, day: NaiveDate, codes: impl IntoIterator<Item = &'c MunicipalityCode>) -> Self {
        for code in codes {
            self.events.entry(code.clone()).or_default().entry(day).or_insert((true, true));
        }
        self
    }

    /// Whether the code was alive on `day`; `None` when nothing is known of it.
    #[must_use]
    pub fn lives(&self, code: &MunicipalityCode, day: NaiveDate) -> Option<bool> {
        let events = self.events.get(code)?;
        if let Some((_, (_, after))) = events.range(..=day).next_back() {
            return Some(*after);
        }
        // Each event records whether the code lived the day before: the first one decides for all days before it.
        events.first_key_value().map(|(_, (before, _))| *before)
    }

    /// The first day, at or after `day`, on which a code begins that is not alive on `day`.
    #[must_use]
    pub fn begins_after(&self, code: &MunicipalityCode, day: NaiveDate) -> Option<NaiveDate> {
        if self.lives(code, day)? {
            return None;
        }
        self.events.get(code)?.range(day..).find(|(_, (_, after))| *after).map(|(date, _)| *date)
    }
}

/// The kind of each change, as [`classify`] reads them, but for pieces of territory that change hands: when a code
/// goes on (a pair with itself) and beside it there is a pair with a code that was alive the day before, a border moved
/// and no municipality was split. From 2026 the register lists such pieces among the rest.
///
/// `alive` is whether a code lived the day before; [`Register::lives`] or the codes of that day answer it.
#[must_use]
pub fn kinds(changes: &[Change], alive: impl Fn(&MunicipalityCode, NaiveDate) -> bool) -> Vec<ChangeKind> {
    let goes_on: BTreeSet<(NaiveDate, &MunicipalityCode)> = changes
        .iter()
        .filter(|change| change.old == change.new)
        .filter_map(|change| Some((change.date, change.old.as_ref()?)))
        .collect();
    let mut rest = Vec::new();
    let mut parts = Vec::with_capacity(changes.len());
    for change in changes {
        let is_part = match (&change.old, &change.new) {
            (Some(old), Some(new)) if old != new => {
                let before = change.date.pred_opt().unwrap_or(change.date);
                goes_on.contains(&(change.date, old)) && alive(new, before)
            }
            _ => false,
        };
        parts.push(is_part);
        if !is_part {
            rest.push(change.clone());
        }
    }
    // The parts are left out, since beside them a municipality that goes on would look split.
    let mut kinds = classify(&rest).into_iter();
    let merged = parts.into_iter().map(|is_part| if is_part { None } else { kinds.next() });
    merged.map(|kind| kind.unwrap_or(ChangeKind::Boundary)).collect()
}
