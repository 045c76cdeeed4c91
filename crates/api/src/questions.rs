//! Questions: so many computed at once, so many waiting, on threads of their own where the server has such. A poll whose
//! answer is kept never comes here, so it does not wait behind a question.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use crate::problem::Problem;

/// Questions that wait for their turn; further ones are sent away at once.
const WAITING: usize = 64;

/// How long a question goes on when nobody waits for it any more: somebody who asks again finds it half done.
const LEFT_BEHIND: Duration = Duration::from_secs(10);

/// What the time limit may be short of when a client's wait ended with it.
const SLACK: Duration = Duration::from_millis(100);

/// Where questions are computed, and how many.
#[derive(Debug, Clone)]
pub(crate) struct Questions {
    /// The threads' runtime; the caller's own without it.
    runtime: Option<Handle>,
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    left_behind: Duration,
}

impl Default for Questions {
    fn default() -> Self {
        Self::new(None, 2)
    }
}

impl Questions {
    /// Computed by so many threads, one question each: more at once would share the threads and take as many times the memory.
    pub(crate) fn new(runtime: Option<Handle>, threads: usize) -> Self {
        let turns = Arc::new(Semaphore::new(threads));
        Self { runtime, turns, queue: Arc::new(Semaphore::new(WAITING)), left_behind: LEFT_BEHIND }
    }

    /// How many wait for their turn now.
    pub(crate) fn waiting(&self) -> usize {
        WAITING - self.queue.available_permits()
    }

    /// Computes an answer in its turn. When the caller is dropped at the time limit of its request the question goes on as long
    /// again, otherwise [`LEFT_BEHIND`]: what it has computed by then is kept for whoever asks again.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        time_limit: Duration,
        question: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let entered = Instant::now();
        let turn = {
            let _in_queue = self.queue.try_acquire().map_err(|_| Problem::overloaded())?;
            // Never closed; fair, so the first to come is the first to go.
            Arc::clone(&self.turns).acquire_owned().await.map_err(|error| Problem::failed(&error))?
        };
        self.run(entered, time_limit, Some(turn), question).await
    }

    /// Computes what no client waits for, beside the questions: it takes no turn of theirs. When the caller is dropped it goes on
    /// as long as a question would.
    pub(crate) async fn compute_beside<T: Send + 'static>(
        &self,
        time_limit: Duration,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        self.run(Instant::now(), time_limit, None, work).await
    }

    async fn run<T: Send + 'static>(
        &self,
        entered: Instant,
        time_limit: Duration,
        turn: Option<OwnedSemaphorePermit>,
        question: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let runtime = self.runtime.clone().unwrap_or_else(Handle::current);
        let task = runtime.spawn(async move {
            let answer = question.await;
            drop(turn);
            answer
        });
        let rest = (self.left_behind, time_limit);
        let _watched = LeftBehind { task: task.abort_handle(), runtime, entered, rest };
        task.await.map_err(|error| Problem::failed(&error))?
    }
}

/// Stops a question some time after nobody waits for it.
struct LeftBehind {
    task: AbortHandle,
    runtime: Handle,
    entered: Instant,
    /// What it has left where its client went away, and where its client waited to the time limit, which is the same.
    rest: (Duration, Duration),
}

impl Drop for LeftBehind {
    fn drop(&mut self) {
        if self.task.is_finished() {
            return;
        }
        let (left_behind, time_limit) = self.rest;
        let at_limit = self.entered.elapsed() + SLACK >= time_limit;
        let rest = if at_limit { time_limit } else { left_behind };
        let task = self.task.clone();
        self.runtime.spawn(async move {
            tokio::time::sleep(rest).await;
            task.abort();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::time::{sleep, timeout};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// A question that takes so long and then says so.
    fn slow(
        takes: Duration,
        done: &Arc<AtomicBool>,
    ) -> impl Future<Output = Result<(), Problem>> + Send + 'static {
        let done = Arc::clone(done);
        async move {
            sleep(takes).await;
            done.store(true, Ordering::Relaxed);
            Ok(())
        }
    }

    #[tokio::test]
    async fn more_than_fit_wait_their_turn_and_more_than_may_wait_are_sent_away() {
        let (questions, done) = (Questions::new(None, 2), Arc::default());
        let send = || {
            let (questions, question) = (questions.clone(), slow(Duration::from_millis(50), &done));
            tokio::spawn(async move { questions.compute(LONG, question).await })
        };
        let start = Instant::now();
        let sent: Vec<_> = (0..2 + WAITING).map(|_| send()).collect();
        sleep(Duration::from_millis(10)).await;
        assert_eq!(questions.waiting(), WAITING);
        let problem = send().await.unwrap().unwrap_err();
        assert_eq!((problem.status.as_u16(), problem.code.as_str()), (503, "overloaded"));
        for question in sent {
            question.await.unwrap().unwrap();
        }
        // Two at a time: 66 take 33 times 50 ms.
        assert!(start.elapsed() >= Duration::from_millis(33 * 50), "{:?}", start.elapsed());
        assert_eq!(questions.waiting(), 0);
    }

    /// Whether a question that takes so long is finished, though its client left at once and it has 300 ms.
    async fn is_finished(takes: Duration) -> bool {
        let questions = Questions { left_behind: Duration::from_millis(300), ..Questions::default() };
        let done = Arc::default();
        let answer = questions.compute(LONG, slow(takes, &done));
        timeout(Duration::from_millis(10), answer).await.unwrap_err();
        sleep(Duration::from_millis(900)).await;
        // Its turn is free again in any case.
        assert_eq!(questions.turns.available_permits(), 2);
        done.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn a_question_whose_client_left_goes_on_for_a_while_and_then_stops() {
        assert!(is_finished(Duration::from_millis(100)).await);
        assert!(!is_finished(Duration::from_millis(800)).await);
    }

    /// A join that never yields is such a question.
    #[test]
    fn a_question_that_holds_its_thread_holds_no_other() {
        let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let requests = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let questions = Questions::new(Some(threads.handle().clone()), 1);
        let blocking = Duration::from_millis(800);
        let took = requests.block_on(async {
            let question = questions.compute(LONG, async move {
                std::thread::sleep(blocking);
                Ok(())
            });
            let start = Instant::now();
            let poll = async {
                sleep(Duration::from_millis(10)).await;
                start.elapsed()
            };
            let (answer, took) = tokio::join!(question, poll);
            answer.unwrap();
            took
        });
        assert!(took < blocking / 2, "{took:?}");
    }

    #[tokio::test]
    async fn a_question_at_its_time_limit_goes_on_for_as_long_again() {
        let (questions, done) = (Questions::default(), Arc::default());
        let limit = Duration::from_millis(300);
        let question = slow(Duration::from_millis(450), &done);
        timeout(limit, questions.compute(limit, question)).await.unwrap_err();
        sleep(Duration::from_millis(250)).await;
        assert!(done.load(Ordering::Relaxed));
        let (late, done) = (slow(Duration::from_millis(900), &Arc::default()), done);
        timeout(limit, questions.compute(limit, late)).await.unwrap_err();
        sleep(Duration::from_millis(450)).await;
        assert_eq!((questions.turns.available_permits(), done.load(Ordering::Relaxed)), (2, true));
    }
}
