//! Reads that several kinds ask for at the same moment, sent as one.
//!
//! A plan begins all its reads together, and many an answer tells of more than one kind: a database names its groups, a gateway its address.
//! Whoever asks first waits until everybody else has had a turn, and then asks for all of them. Nobody waits for time to pass, and who asks
//! alone asks as if there were nothing to share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_ec2::types::{NatGateway, RouteTable, SecurityGroup, TagDescription};
use aws_sdk_elasticache::types::CacheCluster;
use aws_sdk_iam::types::InstanceProfile;
use aws_sdk_rds::types::DbInstance;
use tokio::sync::oneshot;

use super::ec2::GroupsAsked;
use crate::engine::cloud_error::{CloudError, CloudResult};

/// The reads that kinds share.
#[derive(Default)]
pub(super) struct Rounds {
    /// Databases by identifier. The groups that they use ask for none of their own.
    pub(super) databases: Together<Vec<String>, Vec<DbInstance>>,
    /// All instance profiles with their roles.
    pub(super) instance_profiles: Together<(), Vec<InstanceProfile>>,
    /// NAT gateways by id. Their addresses ask for none of their own.
    pub(super) nat_gateways: Together<Vec<String>, Vec<NatGateway>>,
    /// Route tables by id. The gateways that they lead to ask for none of their own.
    pub(super) route_tables: Together<Vec<String>, Vec<RouteTable>>,
    /// What carries these keys, of any sort.
    pub(super) key_tags: Together<Vec<String>, Vec<TagDescription>>,
    /// Security groups, by VPC or by id.
    pub(super) security_groups: Together<GroupsAsked, Vec<SecurityGroup>>,
    /// All cache clusters with their nodes.
    pub(super) cache_clusters: Together<(), Vec<CacheCluster>>,
}

/// What is listed for several who would otherwise ask by name. Who is alone gets none, for one thing costs no more by name; and so does who may
/// not list.
pub(super) async fn listed<T>(askers: usize, list: impl Future<Output = CloudResult<Vec<T>>>) -> CloudResult<Vec<T>> {
    if askers < 2 {
        return Ok(Vec::new());
    }
    match list.await {
        Err(CloudError::Denied(_) | CloudError::Refused(_)) => Ok(Vec::new()),
        answer => answer,
    }
}

/// One sort of call: questions `Q` of several, and one answer `A` for all of them.
pub(super) struct Together<Q, A> {
    round: Mutex<Option<Round<Q, A>>>,
}

/// Questions that have not been sent yet, and who waits for the answer besides the one who sends them.
struct Round<Q, A> {
    questions: Vec<Q>,
    others: Vec<oneshot::Sender<CloudResult<Arc<A>>>>,
}

/// Who opened a round. If it is dropped before it has sent the questions, the round ends with it, and nobody waits for an answer that never
/// comes.
struct Leader<'a, Q, A> {
    of: &'a Together<Q, A>,
    is_waiting: bool,
}

impl<Q, A> Together<Q, A> {
    /// Asks, with whoever else asks at the same moment. `send` is given all questions; of several, that of the first who asked is called.
    ///
    /// # Errors
    /// What `send` said, to everybody. [`CloudError::Unknown`] if who was to send was dropped meanwhile.
    pub(super) async fn ask<F>(&self, question: Q, send: impl FnOnce(Vec<Q>) -> F) -> CloudResult<Arc<A>>
    where
        F: Future<Output = CloudResult<A>>,
    {
        let given_up = || CloudError::Unknown("the read was given up".into());
        if let Some(answer) = self.join(question) {
            return answer.await.unwrap_or_else(|_| Err(given_up()));
        }
        let leader = Leader { of: self, is_waiting: true };
        tokio::task::yield_now().await;
        let Round { questions, others } = leader.close().ok_or_else(given_up)?;
        let answer = send(questions).await.map(Arc::new);
        for other in others {
            // Who has gone since needs no answer.
            drop(other.send(answer.clone()));
        }
        answer
    }

    /// Joins the round that is open. `None`: there was none, and now there is one with this question.
    fn join(&self, question: Q) -> Option<oneshot::Receiver<CloudResult<Arc<A>>>> {
        let mut open = self.lock();
        let Some(round) = open.as_mut() else {
            *open = Some(Round { questions: vec![question], others: Vec::new() });
            return None;
        };
        let (other, answer) = oneshot::channel();
        round.questions.push(question);
        round.others.push(other);
        Some(answer)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Round<Q, A>>> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// By hand: `derive` would demand the same of `Q` and `A`.
impl<Q, A> Default for Together<Q, A> {
    fn default() -> Self {
        Self { round: Mutex::new(None) }
    }
}

impl<Q, A> Leader<'_, Q, A> {
    /// Ends the round: who asks from now on opens another.
    fn close(mut self) -> Option<Round<Q, A>> {
        self.is_waiting = false;
        self.of.lock().take()
    }
}

impl<Q, A> Drop for Leader<'_, Q, A> {
    fn drop(&mut self) {
        if self.is_waiting {
            let round = self.of.lock().take();
            drop(round);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};

    use futures_util::FutureExt as _;
    use futures_util::future::{join_all, pending};

    use super::*;

    /// A service that notes what it is asked.
    #[derive(Default)]
    struct Service(Mutex<Vec<Vec<u8>>>);

    impl Service {
        fn count(&self, asked: Vec<u8>) -> Ready<CloudResult<usize>> {
            let count = asked.len();
            self.0.lock().unwrap().push(asked);
            ready(Ok(count))
        }
    }

    fn busy() -> CloudError {
        CloudError::NotYet("busy".into())
    }

    #[tokio::test]
    async fn three_who_ask_at_the_same_moment_are_answered_by_one_call() {
        let (together, service) = (Together::default(), Service::default());
        let ask = |question| together.ask(question, |asked| service.count(asked));
        for answer in join_all([1, 2, 3].map(ask)).await {
            assert_eq!(answer, Ok(Arc::new(3)));
        }
        assert_eq!(ask(4).await, Ok(Arc::new(1)));
        assert_eq!(*service.0.lock().unwrap(), [vec![1, 2, 3], vec![4]]);
    }

    #[tokio::test]
    async fn an_error_reaches_everybody() {
        let together: Together<u8, usize> = Together::default();
        let ask = |question| together.ask(question, |_| async { Err(busy()) });
        for answer in join_all([1, 2].map(ask)).await {
            assert_eq!(answer, Err(busy()));
        }
    }

    #[tokio::test]
    async fn who_asked_first_may_go_at_any_time_and_leaves_nobody_waiting() {
        let (together, service) = (Together::default(), Service::default());
        // Before the questions are sent, and after.
        for turns in [1, 2] {
            let mut first = Box::pin(together.ask(1, |_| pending()));
            let mut second = Box::pin(together.ask(2, |asked| service.count(asked)));
            assert_eq!(first.as_mut().now_or_never(), None);
            assert_eq!(second.as_mut().now_or_never(), None);
            for _ in 1..turns {
                assert_eq!(first.as_mut().now_or_never(), None);
            }
            drop(first);
            assert_eq!(second.await, Err(CloudError::Unknown("the read was given up".into())));
            assert_eq!(together.ask(3, |asked| service.count(asked)).await, Ok(Arc::new(1)));
        }
    }
}
