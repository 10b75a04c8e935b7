//! Calls that need not wait for one another.

use std::future::ready;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::engine::cloud_error::{CloudError, CloudResult};

/// How many of the looks at single things are under way at most, so that five hundred of them do not open five hundred connections.
const LOOKS: usize = 32;

/// Looks at each of these, and keeps what is there, in their order.
///
/// # Errors
/// That of one look. The others are given up, which does no harm.
pub(super) async fn each<T, A, F>(those: impl IntoIterator<Item = T>, look: impl FnMut(T) -> F) -> CloudResult<Vec<A>>
where
    F: Future<Output = CloudResult<Option<A>>>,
{
    let looks = stream::iter(those).map(look).buffered(LOOKS);
    looks.try_filter_map(|found| ready(Ok(found))).try_collect().await
}

/// Makes changes that do not depend on one another. All of them are waited for, whatever becomes of one.
///
/// # Errors
/// That of one change; if the answer to any is lost, that.
pub(super) async fn all(changes: impl IntoIterator<Item = impl Future<Output = CloudResult<()>>>) -> CloudResult<()> {
    gravest(join_all(changes).await)
}

/// What became of changes that were made at once.
///
/// # Errors
/// As for [`all`].
pub(super) fn gravest(answers: impl IntoIterator<Item = CloudResult<()>>) -> CloudResult<()> {
    let errors = answers.into_iter().filter_map(Result::err);
    match errors.min_by_key(|error| !matches!(error, CloudError::Unknown(_))) {
        Some(gravest) => Err(gravest),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn looks_keep_their_order_and_leave_out_what_is_not_there() {
        let look = |n: u64| async move {
            tokio::task::yield_now().await;
            Ok((n != 50).then_some(n))
        };
        let found = each(0..100, look).await.unwrap();
        assert_eq!(found, (0..100).filter(|n| *n != 50).collect::<Vec<_>>());
        let refused = each(0..100, |n| ready(if n == 7 { Err(CloudError::Refused("7".into())) } else { Ok(Some(n)) }));
        assert_eq!(refused.await, Err(CloudError::Refused("7".into())));
    }

    #[tokio::test]
    async fn that_an_answer_was_lost_counts_more_than_that_another_was_refused() {
        let (refused, lost) = (CloudError::Refused("no".into()), CloudError::Unknown("lost".into()));
        let answers = [Ok(()), Err(refused.clone()), Err(lost.clone()), Ok(())];
        assert_eq!(all(answers.map(ready)).await, Err(lost));
        assert_eq!(all([Ok(()), Err(refused.clone())].map(ready)).await, Err(refused));
        assert_eq!(all([Ok(()), Ok(())].map(ready)).await, Ok(()));
    }
}
