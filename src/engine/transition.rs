//! Which fact may follow which status, and what comes of it.

use super::journal::Fact;
use super::state::{Record, Status};

/// The whole table. Everything not listed is refused, and then the record is handed back as it was.
pub(super) fn transition(before: Option<Record>, fact: Fact) -> Result<Option<Record>, Option<Box<Record>>> {
    let Some(record) = before else { return begin(fact) };
    let Record { key, expected, made, unseen: was_unseen, mut ghost, request, status } = record.clone();
    let unseen = match fact {
        Fact::Made { .. } => true,
        Fact::Ready { .. } => false,
        _ => was_unseen,
    };
    let (request, status) = match (status, fact) {
        (Status::Planned, Fact::CreateSent { key: next, request, expected, at }) if next == key => {
            return Ok(Some(Record { expected, made: None, request, status: Status::Sent { at }, ..record }));
        }
        (Status::Unproved { at: lost }, Fact::CreateSent { key: next, request: again, at, .. })
            if next == key && again == request =>
        {
            ghost = Some(lost);
            (request, Status::Sent { at })
        }
        (Status::Sent { .. } | Status::Unproved { .. }, Fact::Created { id, at }) => {
            return Ok(Some(Record { made: Some(at), status: Status::Creating { id }, ..record }));
        }
        (Status::Sent { at }, Fact::NotFound) => (request, Status::Unproved { at }),
        (Status::Creating { id }, Fact::Made { outputs } | Fact::Ready { outputs }) => {
            (request, Status::Ready { id, outputs })
        }
        (Status::Ready { id, .. }, Fact::Ready { outputs }) if was_unseen => (request, Status::Ready { id, outputs }),
        (Status::Ready { id, outputs }, Fact::UpdateSent { request: next, at }) => {
            (request, Status::Updating { id, outputs, next, at: Some(at) })
        }
        // The update before may have happened, in part or later; what it moved to stays held.
        (Status::Updating { id, outputs, next: before, .. }, Fact::UpdateSent { request: next, at }) => {
            (request.or(&before), Status::Updating { id, outputs, next, at: Some(at) })
        }
        (Status::Updating { id, outputs, next, .. }, Fact::UpdateAnswered) => {
            (request, Status::Updating { id, outputs, next, at: None })
        }
        (Status::Updating { id, next, .. }, Fact::Ready { outputs })
        | (
            Status::Creating { id } | Status::Ready { id, .. } | Status::Updating { id, .. },
            Fact::Recorded { request: next, outputs },
        ) => (next, Status::Ready { id, outputs }),
        (
            Status::Creating { id }
            | Status::Ready { id, .. }
            | Status::Updating { id, .. }
            | Status::Deleting { id, .. },
            Fact::DeleteSent { at },
        ) => (request, Status::Deleting { id, at }),
        (
            Status::Creating { .. } | Status::Ready { .. } | Status::Updating { .. } | Status::Deleting { .. },
            Fact::Gone,
        ) if let Some(at) = ghost => {
            // It stays watched, and keeps when it was made: its identity is used up.
            return Ok(Some(Record { unseen: false, status: Status::Unproved { at }, ..record }));
        }
        // It is asked for again in this run, or forgotten at its end. Whoever takes over from an older copy must know of it.
        (Status::Sent { .. }, Fact::Refused) => (request, ghost.map_or(Status::Planned, |at| Status::Unproved { at })),
        (
            Status::Planned
            | Status::Unproved { .. }
            | Status::Creating { .. }
            | Status::Ready { .. }
            | Status::Updating { .. }
            | Status::Deleting { .. },
            Fact::Gone,
        ) => return Ok(None),
        _ => return Err(Some(Box::new(record))),
    };
    Ok(Some(Record { key, expected, made, unseen, ghost, request, status }))
}

/// What a life can begin with.
fn begin(fact: Fact) -> Result<Option<Record>, Option<Box<Record>>> {
    let (key, expected, request, status) = match fact {
        Fact::Planned { key, request } => (key, None, request, Status::Planned),
        Fact::CreateSent { key, request, expected, at } => (key, expected, request, Status::Sent { at }),
        _ => return Err(None),
    };
    Ok(Some(Record { key, expected, made: None, unseen: false, ghost: None, request, status }))
}
