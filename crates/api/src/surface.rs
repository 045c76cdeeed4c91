//! What is at which address of a server that has one for operators beside the one for readers.

/// Who a route is for, which is where it is once operators have an address of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Those who read numbers or deliver them.
    Readers,
    /// Those who run the server.
    Operators,
    /// Both: it is at either address.
    Both,
}

/// What is at one address of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Surface {
    /// All there is: the server has one address.
    #[default]
    Whole,
    /// What operators read has an address of its own, which is not this one.
    WithoutOperation,
    /// That other address.
    Operation,
}

impl Surface {
    pub(crate) const fn has(self, side: Side) -> bool {
        // Health and problems are at both: whoever watches one address should not need the other.
        match self {
            Self::Whole => true,
            Self::WithoutOperation => !matches!(side, Side::Operators),
            Self::Operation => !matches!(side, Side::Readers),
        }
    }
}

/// What decides which routes there are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Served {
    /// Whether deliveries are taken.
    pub(crate) takes_uploads: bool,
    pub(crate) surface: Surface,
}
