//! `DescribeDBInstances`.

use super::refusals::no_instance;
use super::{listing, show};
use crate::simulator::input::Input;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

/// Looking at databases.
pub(super) const ACTIONS: &[Action] = &[action("DescribeDBInstances", describe)];

/// What can be filtered by (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html>).
const FILTERS: &[&str] = &["db-cluster-id", "db-instance-id", "dbi-resource-id", "domain", "engine"];

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let filters = listing::filters(input, FILTERS)?;
    let named = input.text("DBInstanceIdentifier");
    let name = named.map(listing::name);
    if let (Some(named), Some(id)) = (named, &name) {
        let is_there = scene.here.rds.instances.seen(id, scene.sight).is_some();
        Scene::ensure(is_there, || no_instance(named))?;
    }
    let found = scene.here.rds.instances.visible(scene.sight).filter(|(id, instance)| {
        let values = |filter: &str| match filter {
            "db-instance-id" => vec![(*id).to_owned(), scene.arn("rds", &format!("db:{id}"))],
            "dbi-resource-id" => vec![instance.resource.clone()],
            "engine" => vec![instance.settings.engine.clone()],
            _ => Vec::new(),
        };
        name.as_deref().is_none_or(|name| name == *id) && filters.pass(&instance.tags, values)
    });
    let all = found.map(|(id, instance)| (id.to_owned(), show::instance(scene, id, instance)));
    Ok(page.list("DBInstances", "DBInstance", all))
}
