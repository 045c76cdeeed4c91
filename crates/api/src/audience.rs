//! For whom an answer is made. It is a part of every tag, so that an answer made for some is neither taken from what is kept for
//! others nor called "not modified" to them.

use std::future::Future;

tokio::task_local! {
    /// The audience of the request under way, for whoever makes a tag deep below the router.
    static AUDIENCE: Audience;
}

/// Those who get the same answer to the same question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Audience {
    /// Whoever sent no key that opens more. Sees what is for everybody.
    #[default]
    Everybody,
    /// Whoever uses the machine of a server for which no key was ever made. Sees all.
    ThisMachine,
    /// Those with a key that may read.
    Readers,
    /// Those who run the server. See all.
    Operators,
}

impl Audience {
    /// Its word in tags.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Everybody => "everybody",
            Self::ThisMachine => "this machine",
            Self::Readers => "readers",
            Self::Operators => "operators",
        }
    }

    /// Whether it sees what is not for everybody: causes of failures, texts of held deliveries, rows.
    pub(crate) const fn sees_details(self) -> bool {
        matches!(self, Self::ThisMachine | Self::Operators)
    }
}

/// The audience of the request under way; outside of one the least.
pub(crate) fn current() -> Audience {
    AUDIENCE.try_with(|audience| *audience).unwrap_or_default()
}

/// Answers a request of this audience.
pub(crate) fn answering<F: Future>(audience: Audience, answer: F) -> impl Future<Output = F::Output> {
    AUDIENCE.scope(audience, answer)
}
