//! Rolling a launch template over the clones of a group, and how far that is.

use aws_sdk_autoscaling::types::{
    DesiredConfiguration, InstanceRefresh, InstanceRefreshStatus, LaunchTemplateSpecification, RefreshPreferences,
    ScaleInProtectedInstances, ScalingActivityStatusCode, StandbyInstances,
};
use serde::{Deserialize, Serialize};

use super::clients::Aws;
use super::failure::{code, with_references};
use super::resources::autoscaling_group::{AutoscalingGroupName, Observed};
use super::resources::launch_template::{LaunchTemplateId, VERSION};
use crate::engine::cloud_error::CloudResult;
use crate::engine::resource::Call;

/// An instance refresh.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refresh {
    /// The status in AWS's words.
    pub status: String,
    /// It is still at work.
    pub running: bool,
    /// It ended without success, and the clones are not made of what was asked for.
    pub failed: bool,
    /// How far it is, in percent.
    pub percent: i32,
    /// Why it stands where it stands.
    pub reason: Option<String>,
}

impl Refresh {
    /// Whether the clones are what they were before it.
    fn is_rolled_back(&self) -> bool {
        self.status == InstanceRefreshStatus::RollbackSuccessful.as_str()
    }
}

/// Rolls a template over the clones: a new one is in service before an old one goes, and a failure rolls back. The group itself is left as
/// it is: AWS changes it when the refresh has succeeded, and a rollback goes to what the group says.
pub(super) async fn roll(
    call: &Call<'_, Aws>,
    id: &AutoscalingGroupName,
    template: LaunchTemplateId,
) -> CloudResult<()> {
    let preferences = RefreshPreferences::builder()
        .min_healthy_percentage(100)
        .max_healthy_percentage(110)
        .skip_matching(true)
        .auto_rollback(true)
        .scale_in_protected_instances(ScaleInProtectedInstances::Refresh)
        .standby_instances(StandbyInstances::Ignore);
    let wanted = DesiredConfiguration::builder().launch_template(specification(template.clone()));
    let request = call.cloud.api.autoscaling.start_instance_refresh().auto_scaling_group_name(&id.0);
    let request = request.preferences(preferences.build()).desired_configuration(wanted.build());
    let Err(error) = request.send().await else { return Ok(()) };
    if code(&error) == "InstanceRefreshInProgress" {
        cancel_another(call.cloud, id, &template).await;
    }
    Err(with_references(error))
}

/// Ends the refresh that is in the way, unless it rolls out this very template: nobody wants its clones any more, and if they do not come into
/// service AWS gives up only after an hour. The engine tries again when it has ended, so what fails here fails only later.
async fn cancel_another(cloud: &Aws, id: &AutoscalingGroupName, template: &LaunchTemplateId) {
    let another =
        latest(cloud, id, None).await.filter(|(refresh, wanted)| refresh.running && wanted.as_ref() != Some(template));
    if another.is_some() {
        let request = cloud.api.autoscaling.cancel_instance_refresh().auto_scaling_group_name(&id.0);
        drop(request.send().await);
    }
}

/// What only a call for each group tells: how far a rollout is, and why clones do not start.
pub(super) async fn look_closer(cloud: &Aws, id: &AutoscalingGroupName, seen: &mut Observed) {
    let failed_launch = async { if seen.in_service < seen.min { failed_launch(cloud, id).await } else { None } };
    let (latest, failed_launch) = tokio::join!(latest(cloud, id, seen.launch_template.as_ref()), failed_launch);
    if let Some((refresh, template)) = latest {
        if refresh.running {
            seen.launch_template = template;
        } else if refresh.failed && !refresh.is_rolled_back() {
            // Some of the clones are of one template and some of the other.
            seen.launch_template = None;
        }
        seen.refresh = Some(refresh);
    }
    seen.failed_launch = failed_launch;
}

/// The latest refresh of a group, and the template it rolls out. An extra look, whose failure hides progress and nothing else: a group whose
/// refresh is not done does not have the template asked for.
async fn latest(
    cloud: &Aws,
    id: &AutoscalingGroupName,
    now: Option<&LaunchTemplateId>,
) -> Option<(Refresh, Option<LaunchTemplateId>)> {
    let request = cloud.api.autoscaling.describe_instance_refreshes().auto_scaling_group_name(&id.0).max_records(1);
    let refreshes = request.send().await.ok()?.instance_refreshes.unwrap_or_default();
    let latest = refreshes.first()?;
    let wanted = latest.desired_configuration().and_then(|wanted| wanted.launch_template());
    let wanted = wanted.and_then(|template| template.launch_template_id()).map(|id| LaunchTemplateId(id.into()));
    let off_target = wanted.is_some() && wanted.as_ref() != now;
    Some((refresh(latest, off_target), wanted))
}

/// No capacity, a quota, an image that may not be used: only the group's activities tell. Like the look at a refresh, it may fail.
async fn failed_launch(cloud: &Aws, id: &AutoscalingGroupName) -> Option<String> {
    let request = cloud.api.autoscaling.describe_scaling_activities().auto_scaling_group_name(&id.0).max_records(1);
    let activities = request.send().await.ok()?.activities.unwrap_or_default();
    let failed = activities.into_iter().find(|a| a.status_code() == Some(&ScalingActivityStatusCode::Failed))?;
    failed.status_message
}

/// A template, by its one version.
pub(super) fn specification(template: LaunchTemplateId) -> LaunchTemplateSpecification {
    LaunchTemplateSpecification::builder().launch_template_id(template.0).version(VERSION).build()
}

fn refresh(latest: &InstanceRefresh, off_target: bool) -> Refresh {
    use InstanceRefreshStatus as Is;
    let status = latest.status().cloned().unwrap_or(Is::Pending);
    let ended =
        matches!(status, Is::Successful | Is::Failed | Is::Cancelled | Is::RollbackFailed | Is::RollbackSuccessful);
    Refresh {
        running: !ended,
        failed: ended && status != Is::Successful && off_target,
        percent: latest.percentage_complete().unwrap_or_default(),
        reason: latest.status_reason().map(Into::into),
        status: status.as_str().to_owned(),
    }
}
