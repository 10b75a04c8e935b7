//! Making, finding, emptying and deleting queues, and their tags.

use std::time::Duration;

use super::super::super::input::Input;
use super::super::super::output::{Tree, named, object};
use super::super::super::pages::Page;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::queue::Queue;
use super::{attributes, invalid, invalid_value, meant, name_of, need, no_such_queue, refusal, url};

pub(super) const ACTIONS: &[Action] = &[
    action("CreateQueue", create),
    action("DeleteQueue", delete),
    action("GetQueueUrl", get_url),
    action("ListQueueTags", list_tags),
    action("ListQueues", list),
    action("PurgeQueue", purge),
    action("TagQueue", tag),
    action("UntagQueue", untag),
];

/// For how long the name of a deleted queue is not given again, and a queue is not purged again.
const A_MINUTE: Duration = Duration::from_mins(1);

/// A name that a queue may have. Those of FIFO queues end in `.fifo`, and only those.
fn check_name(name: &str, is_fifo: bool) -> Result<(), Refusal> {
    let stem = if is_fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
    if stem.is_some_and(|stem| !stem.is_empty() && name.len() <= 80 && stem.chars().all(is_sign)) {
        return Ok(());
    }
    Err(invalid(if is_fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix \
         and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    }))
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = need(input, "QueueName")?.to_owned();
    let wants_fifo = input.at("Attributes").and_then(|given| given.flag("FifoQueue"));
    let is_fifo = wants_fifo == Some(true);
    check_name(&name, is_fifo)?;
    let given = attributes::read(input, is_fifo)?;
    // The API's reference writes the parameter in small letters, unlike all others.
    let tags = read_tags(input, if input.has("tags") { "tags" } else { "Tags" })?;
    if let Some(queue) = scene.here.sqs.queues.get(&name) {
        let differs = given.iter().find(|(attribute, value)| !attributes::is_same(queue, attribute, value));
        if let Some((attribute, _)) = differs {
            let words =
                format!("A queue already exists with the same name and a different value for attribute {attribute}");
            return Err(refusal("QueueNameExists", "QueueAlreadyExists", words));
        }
        return Ok(object! { "QueueUrl" => url(scene, &name) });
    }
    if scene.here.sqs.deleted.get(&name).is_some_and(|deleted| scene.now.since(*deleted) < A_MINUTE) {
        let words = "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
        return Err(refusal("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently", words));
    }
    attributes::check(scene, &name, is_fifo, &given)?;
    let mut queue = Queue { is_fifo, created: scene.now, modified: scene.now, tags, ..Queue::default() };
    attributes::apply(&mut queue, given);
    let visible = scene.fresh();
    scene.here.sqs.deleted.remove(&name);
    let answer = object! { "QueueUrl" => url(scene, &name) };
    scene.here.sqs.queues.put(name, queue, visible);
    Ok(answer)
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name_of(scene, input)?;
    scene.here.sqs.queues.remove(&name);
    scene.here.sqs.deleted.insert(name, scene.now);
    Ok(Tree::EMPTY)
}

fn get_url(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = need(input, "QueueName")?;
    let is_own = input.text("QueueOwnerAWSAccountId").is_none_or(|owner| owner == scene.place.account);
    let is_there = is_own && scene.here.sqs.queues.seen(name, scene.sight).is_some();
    Scene::ensure(is_there, no_such_queue)?;
    Ok(object! { "QueueUrl" => url(scene, name) })
}

/// Without `MaxResults` there are no pages: the first thousand are answered, and no token.
fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let prefix = input.text("QueueNamePrefix").unwrap_or_default();
    let page = Page::read(input, "MaxResults", "NextToken", (1, 1000), "InvalidParameterValueException")?;
    let names =
        scene.here.sqs.queues.visible(scene.sight).map(|(name, _)| name).filter(|name| name.starts_with(prefix));
    let (urls, token) = page.cut(names.map(|name| (name.to_owned(), Tree::Text(url(scene, name).into()))));
    let token = token.filter(|_| input.has("MaxResults"));
    Ok(object! { "QueueUrls" => (!urls.is_empty()).then(|| named("", urls)), "NextToken" => token })
}

/// It is empty at once, and cannot be purged again for a minute.
fn purge(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let now = scene.now;
    let (name, queue) = meant(scene, input)?;
    if queue.purged.is_some_and(|purged| now.since(purged) < A_MINUTE) {
        let words = format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds.");
        return Err(refusal("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", words));
    }
    queue.messages.clear();
    queue.purged = Some(now);
    Ok(Tree::EMPTY)
}

fn read_tags(input: &Input, name: &str) -> Result<Tags, Refusal> {
    Tags::from_map(input, name).map_err(|refusal| invalid(refusal.message))
}

fn list_tags(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (_, queue) = meant(scene, input)?;
    Ok(object! { "Tags" => (!queue.tags.is_empty()).then(|| queue.tags.map()) })
}

fn tag(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let more = read_tags(input, "Tags")?;
    let (name, queue) = meant(scene, input)?;
    let words = |refusal: Refusal| invalid_value(&name, "Tags", &refusal.message);
    queue.tags.merge(more).map_err(words)?;
    Ok(Tree::EMPTY)
}

fn untag(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (_, queue) = meant(scene, input)?;
    input.texts("TagKeys").into_iter().for_each(|key| queue.tags.remove(key, None));
    Ok(Tree::EMPTY)
}
