//! How far each step is.

use tokio::time::Instant;

use super::wait::Wait;

/// How far a step is. Absent: not begun.
pub(super) enum Phase {
    /// A call is under way.
    Calling,
    /// The cloud said "not yet"; the step is taken up again at this time.
    Postponed(Instant),
    /// It is looked at until it is as it should be.
    Waiting(Wait),
    Done,
    /// Done, as far as the answers to its calls tell. It is looked at when there is nothing else to do.
    Unseen,
    Failed,
    /// The answer was lost.
    Lost,
}

impl Phase {
    /// Whether it is done, whatever a look that is still to come may tell.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Done | Self::Unseen => true,
            Self::Waiting(wait) => wait.is_of_done(),
            Self::Calling | Self::Postponed(_) | Self::Failed | Self::Lost => false,
        }
    }
}

/// A step that was begun.
pub(super) struct Progress {
    pub(super) phase: Phase,
    pub(super) begun: Instant,
    /// How often the cloud said "not yet", and since when.
    pub(super) postponed: u32,
    pub(super) postponed_since: Option<Instant>,
    /// What waits for it has been told.
    pub(super) released: bool,
}

impl Progress {
    /// A step that begins now.
    pub(super) fn begin() -> Self {
        Self { phase: Phase::Calling, begun: Instant::now(), postponed: 0, postponed_since: None, released: false }
    }

    pub(super) fn is_postponed(&self) -> bool {
        matches!(self.phase, Phase::Postponed(_))
    }
}
