//! Dashboards: bodies in JSON by name.

use serde::Serialize;

use super::{refuse, required};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

pub(super) const ACTIONS: &[Action] = &[
    action("PutDashboard", put),
    action("GetDashboard", get),
    action("ListDashboards", list),
    action("DeleteDashboards", delete),
];

/// A dashboard.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Dashboard {
    body: String,
    changed: Moment,
}

/// Dashboards have no region.
fn arn(scene: &Scene<'_>, name: &str) -> String {
    format!("arn:aws:cloudwatch::{}:dashboard/{name}", scene.place.account)
}

fn unknown(name: &str) -> Refusal {
    refuse("DashboardNotFoundError", format!("Dashboard {name} does not exist")).status(404)
}

fn put(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, body) = (required(input, "DashboardName")?, required(input, "DashboardBody")?);
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
    if !name.chars().all(is_sign) || name.len() > 255 {
        let words = format!(
            "The value {name} for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_)."
        );
        return Err(refuse("DashboardInvalidInputError", words));
    }
    if serde_json::from_str::<serde_json::Value>(body).is_err() {
        return Err(refuse("DashboardInvalidInputError", "The field DashboardBody must be a valid JSON object"));
    }
    let dashboard = Dashboard { body: body.to_owned(), changed: scene.now };
    let visible = scene.fresh();
    scene.here.cloudwatch.dashboards.put(name, dashboard, visible);
    Ok(object! { "DashboardValidationMessages" => members::<String>([]) })
}

fn get(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = required(input, "DashboardName")?;
    let found = scene.here.cloudwatch.dashboards.seen(name, scene.sight).ok_or_else(|| unknown(name))?;
    Ok(
        object! { "DashboardArn" => arn(scene, name), "DashboardBody" => &found.body, "DashboardName" => name.to_owned() },
    )
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let prefix = input.text("DashboardNamePrefix").unwrap_or_default();
    let page = Page::read(input, "MaxRecords", "NextToken", (1, 1000), "InvalidParameterValue")?;
    let found = scene.here.cloudwatch.dashboards.visible(scene.sight).filter(|(name, _)| name.starts_with(prefix));
    let (page, next) = page.cut(found.map(|(name, dashboard)| {
        let shown = object! {
            "DashboardName" => name.to_owned(),
            "DashboardArn" => arn(scene, name),
            "LastModified" => dashboard.changed,
            "Size" => dashboard.body.len(),
        };
        (name.to_owned(), shown)
    }));
    Ok(object! { "DashboardEntries" => members(page), "NextToken" => next })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let names = input.texts("DashboardNames");
    if let Some(name) = names.iter().find(|name| !scene.here.cloudwatch.dashboards.has(name)) {
        return Err(unknown(name));
    }
    for name in names {
        scene.here.cloudwatch.dashboards.remove(name);
    }
    Ok(Tree::EMPTY)
}
