//! What clones are told of their surroundings: parameters of SSM under `/pando/<stack>/`, and the same as outputs of the stack.

use super::cache::CacheRefs;
use super::database::DatabaseRefs;
use super::web::FaceRefs;
use super::workers::QueueRefs;
use crate::aws::resources::autoscaling_group::AutoscalingGroup;
use crate::aws::resources::parameter::{Parameter, Setting};
use crate::aws::resources::secret::Secret;
use crate::blueprint::Stack;
use crate::engine::graph::{Graph, GraphError};
use crate::engine::reference::Ref;

/// Everything that clones may want to reach.
pub struct Surroundings<'a> {
    /// The database.
    pub database: Option<&'a DatabaseRefs>,
    /// The cache.
    pub cache: Option<&'a CacheRefs>,
    /// The queues, by the name of their group of workers.
    pub queues: &'a [(String, QueueRefs)],
}

impl Surroundings<'_> {
    /// The secrets that clones need.
    pub fn secrets(&self) -> impl Iterator<Item = &Ref<Secret>> {
        let database = self.database.map(|database| &database.password);
        database.into_iter().chain(self.cache.and_then(|cache| cache.password.as_ref()))
    }

    /// By name, each a path below the stack's.
    fn settings(&self) -> Vec<(String, Setting)> {
        let mut settings = Vec::new();
        let mut say = |name: &str, setting: Setting| settings.push((name.to_owned(), setting));
        if let Some(database) = self.database {
            say("database/engine", Setting::Text(database.engine.clone()));
            say("database/host", Setting::DatabaseHost(database.primary.clone()));
            say("database/port", Setting::Text(database.port.to_string()));
            say("database/name", Setting::Text(database.name.clone()));
            say("database/secret", Setting::SecretArn(database.password.clone()));
            // Without replicas the primary takes the reads, so that applications need not ask.
            let readers = if database.replicas.is_empty() {
                Setting::DatabaseHost(database.primary.clone())
            } else {
                Setting::ReaderHosts(database.replicas.clone())
            };
            say("database/readers", readers);
        }
        if let Some(cache) = self.cache {
            say("cache/engine", Setting::Text(cache.engine.clone()));
            say("cache/host", cache.host.clone());
            say("cache/port", Setting::Text(cache.port.to_string()));
            if let Some(reader) = &cache.reader {
                say("cache/reader", reader.clone());
            }
            if let Some(password) = &cache.password {
                say("cache/secret", Setting::SecretArn(password.clone()));
            }
        }
        for (group, queue) in self.queues {
            say(&format!("queue/{group}"), Setting::QueueUrl(queue.jobs.clone()));
        }
        settings
    }
}

/// Makes the parameters, and lists the outputs. Clones read the parameters once, when they boot, so their groups come after them: a clone
/// that boots while the database is still being made would never learn where it is.
pub fn tell(
    seen: &Surroundings<'_>,
    face: Option<&FaceRefs>,
    groups: &[Ref<AutoscalingGroup>],
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<Vec<(String, Setting)>, GraphError> {
    let mut outputs = Vec::new();
    if let Some(face) = face {
        let url = Setting::Url { scheme: face.scheme.clone(), load_balancer: face.load_balancer.clone() };
        outputs.push(("url".to_owned(), url));
    }
    for (name, value) in seen.settings() {
        let resource = name.replace('/', "-");
        let full = format!("/pando/{}/{name}", stack.name);
        let parameter = Parameter { name: full, value: value.clone(), tags: stack.tags(&resource) };
        let parameter = graph.add(&resource, &parameter)?;
        graph.make_after(groups, &parameter)?;
        outputs.push((name.replace('/', "_"), value));
    }
    Ok(outputs)
}
