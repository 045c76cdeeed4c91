//! What is kept between questions: shared relations and the cells of KPIs. An edition never changes, so nothing kept
//! ever goes stale; least recently used goes first when the memory set aside is full.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::future::Cache;
use utbredt_model::Period;

use crate::error::EngineError;
use crate::question::cells::{Cells, CellsKey};
use crate::question::relations::{FamilyKey, Relation, RelationKey};

/// The memory set aside when nobody says, in bytes.
pub(crate) const DEFAULT_BYTES: u64 = 512 << 20;

/// About how many rows of a relation one query makes: more than a year of months of all solutions there are today, which is the
/// usual window and so one query.
const ROWS_AT_ONCE: usize = 150_000;

/// How many locks of families are kept.
const MOST_FAMILIES: u64 = 10_000;

/// Relations and cells, both bounded by bytes. Whoever asks for what is being computed waits for it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    bytes: u64,
    /// Whether so few questions come that no relation is worth computing for other solutions than theirs.
    pub(crate) few_questions: bool,
    /// About how many rows of a relation one query makes.
    pub(crate) rows_at_once: usize,
    relations: Cache<RelationKey, Arc<Relation>>,
    /// Who computes relations of a family: whoever comes second waits, and then finds them.
    families: Cache<FamilyKey, Arc<tokio::sync::Mutex<()>>>,
    cells: Cache<CellsKey, Arc<Cells>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    cells_found: AtomicU64,
    cells_computed: AtomicU64,
    relations_found: AtomicU64,
    relations_computed: AtomicU64,
}

/// How much is kept, and how often it served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeptStats {
    /// Sets of cells found.
    pub cells_found: u64,
    /// Sets of cells computed.
    pub cells_computed: u64,
    /// Relations found, by the period.
    pub relations_found: u64,
    /// Relations computed.
    pub relations_computed: u64,
    /// Bytes of cells and relations kept now.
    pub bytes: u64,
    /// Bytes set aside.
    pub limit: u64,
}

/// A count as it is now.
fn read(counter: &AtomicU64) -> u64 {
    // Relaxed: the counts are shown, and nothing is decided by them.
    counter.load(Ordering::Relaxed)
}

fn key(family: &FamilyKey, period: Period) -> RelationKey {
    RelationKey { family: family.clone(), period }
}

/// A weight in bytes, as the cache counts.
fn weight(bytes: usize) -> u32 {
    // The cache counts in 32 bits; what is larger weighs as much as can be said.
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Kept {
    /// Room for so many bytes: three quarters for relations, a quarter for cells.
    pub(crate) fn new(bytes: u64) -> Self {
        let relations = Cache::builder()
            .max_capacity(bytes / 4 * 3)
            .weigher(|_: &RelationKey, relation: &Arc<Relation>| weight(relation.bytes()))
            .build();
        let cells = Cache::builder()
            .max_capacity(bytes / 4)
            .weigher(|_: &CellsKey, cells: &Arc<Cells>| weight(cells.bytes()))
            .build();
        let families = Cache::new(MOST_FAMILIES);
        Self {
            bytes,
            few_questions: false,
            rows_at_once: ROWS_AT_ONCE,
            relations,
            families,
            cells,
            counts: Arc::default(),
        }
    }

    /// The most bytes all solutions of one relation may take, before only the solution asked for is computed.
    pub(crate) fn relation_limit(&self) -> usize {
        if self.few_questions { 0 } else { usize::try_from(self.bytes / 4).unwrap_or(usize::MAX) }
    }

    /// The relations of some periods; `compute` gives those of the periods that are not kept, in order.
    pub(crate) async fn relations<F>(
        &self,
        family: &FamilyKey,
        periods: &[Period],
        compute: impl FnOnce(Vec<Period>) -> F,
    ) -> Result<Vec<Arc<Relation>>, EngineError>
    where
        F: Future<Output = Result<Vec<Relation>, EngineError>>,
    {
        let lock = self.families.get_with(family.clone(), async { Arc::default() }).await;
        // Held while computing: a second caller finds the relations instead of computing them again.
        let _held = lock.lock().await;
        let mut found: Vec<Option<Arc<Relation>>> = Vec::with_capacity(periods.len());
        let mut missing = Vec::new();
        for period in periods {
            let kept = self.relations.get(&key(family, *period)).await;
            if kept.is_none() {
                missing.push(*period);
            }
            found.push(kept);
        }
        self.counts.relations_found.fetch_add((periods.len() - missing.len()) as u64, Ordering::Relaxed);
        if !missing.is_empty() {
            self.counts.relations_computed.fetch_add(missing.len() as u64, Ordering::Relaxed);
            let computed = compute(missing.clone()).await?;
            let mut fresh = missing.into_iter().zip(computed);
            for slot in found.iter_mut().filter(|slot| slot.is_none()) {
                if let Some((period, relation)) = fresh.next() {
                    let relation = Arc::new(relation);
                    self.relations.insert(key(family, period), Arc::clone(&relation)).await;
                    *slot = Some(relation);
                }
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// The cells of a KPI, computed when they are not kept; and whether they were computed by this call.
    pub(crate) async fn cells(
        &self,
        key: CellsKey,
        compute: impl Future<Output = Result<Cells, EngineError>>,
    ) -> Result<(Arc<Cells>, bool), EngineError> {
        let mut fresh = false;
        let computed = async {
            // The cache runs this for one of several callers only, which is how that one is known.
            fresh = true;
            compute.await.map(Arc::new)
        };
        let cells = Box::pin(self.cells.try_get_with(key, computed)).await?;
        let counter = if fresh { &self.counts.cells_computed } else { &self.counts.cells_found };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok((cells, fresh))
    }

    /// Drops every set of cells; relations stay.
    pub(crate) fn forget_cells(&self) {
        self.cells.invalidate_all();
    }

    /// How much is kept, and how often it served.
    pub(crate) fn stats(&self) -> KeptStats {
        KeptStats {
            cells_found: read(&self.counts.cells_found),
            cells_computed: read(&self.counts.cells_computed),
            relations_found: read(&self.counts.relations_found),
            relations_computed: read(&self.counts.relations_computed),
            bytes: self.relations.weighted_size() + self.cells.weighted_size(),
            limit: self.bytes,
        }
    }
}
