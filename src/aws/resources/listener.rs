//! A listener: a port of the load balancer and what becomes of a request to it.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, Listener as Described, ProtocolEnum, RedirectActionConfig,
    RedirectActionStatusCodeEnum,
};
use serde::{Deserialize, Serialize};

use super::load_balancer::{self, LoadBalancer, LoadBalancerArn};
use super::target_group::TargetGroup;
use crate::aws::at_once::each;
use crate::aws::clients::Aws;
use crate::aws::elb::{owned, retag, tags_on};
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::present::present;
use crate::aws::sightings::joined;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::{Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A listener.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Listener {
    /// Whose port it is.
    pub load_balancer: Ref<LoadBalancer>,
    /// The port.
    pub port: u16,
    /// With a certificate it speaks HTTPS, else HTTP. An ARN of ACM.
    pub certificate: Option<String>,
    /// What becomes of a request.
    pub action: Answer,
    /// The user's tags.
    pub tags: Tags,
}

/// What becomes of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It goes to a clone.
    Forward(Ref<TargetGroup>),
    /// The browser is sent to the same address over HTTPS.
    RedirectToHttps,
}

/// TLS 1.3 and 1.2 with forward secrecy: what ELB.17 and ELB.18 of AWS's security standard demand.
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";

// identity, observation, outputs

super::id! {
    /// The listener's ARN.
    ListenerArn
}

/// What ELB tells about a listener.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Whose port it is.
    pub load_balancer: LoadBalancerArn,
    /// The port.
    pub port: u16,
    /// The certificate of an HTTPS listener.
    pub certificate: Option<String>,
    /// The TLS policy of an HTTPS listener.
    pub tls_policy: Option<String>,
    /// The target group's ARN, `https` for a redirect, or the type of whatever else.
    pub action: String,
}

// rules

impl Resource for Listener {
    const KIND: &'static str = "listener";
    const GOES_AT_ONCE: bool = true;
    /// A port has one listener.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    type Id = ListenerArn;
    type Observed = Observed;
    type Outputs = ();

    fn outputs(_: &ListenerArn, _: &Observed) {}

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { load_balancer, port, certificate, action, tags } = self;
        diff.replace("load_balancer", diff.outputs(load_balancer).map(|lb| lb.arn), &seen.load_balancer);
        diff.in_place("port", port, &seen.port);
        diff.in_place("certificate", certificate, &seen.certificate);
        if certificate.is_some() {
            let policy = seen.tls_policy.clone().unwrap_or_default();
            diff.in_place("tls_policy", &TLS_POLICY.to_owned(), &policy);
        }
        let action = match action {
            Answer::Forward(group) => diff.outputs(group).map(|group| group.arn.0),
            Answer::RedirectToHttps => Known::Now("https".to_owned()),
        };
        diff.in_place("action", action, &seen.action);
        diff.unseen("tags", Manner::InPlace, tags);
    }
}

// cloud calls

impl Manage for Listener {
    type Cloud = Aws;
    const READ_BATCH: usize = 20;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &Aws, ids: &[ListenerArn], _: Look) -> CloudResult<Vec<(ListenerArn, Observed)>> {
        let ask = |arns| async move {
            Ok(cloud.api.elb.describe_listeners().set_listener_arns(Some(arns)).send().await?.listeners)
        };
        let found = present(ids.iter().map(|id| id.0.clone()).collect(), ask).await?;
        Ok(found.iter().filter_map(observed).collect())
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, ListenerArn)>> {
        let balancers = LoadBalancer::find_owned(cloud, owner).await?.into_iter().map(|(_, balancer)| balancer);
        let arns = list(cloud, balancers.collect()).await?.into_iter().map(|(id, _)| id.0).collect();
        Ok(owned(cloud, owner, arns).await?.into_iter().map(|(key, arn)| (key, ListenerArn(arn))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        let balancers = load_balancer::named(cloud, wanted.owner()).await?;
        let listed = list(cloud, balancers).await?;
        let arns = listed.iter().map(|(id, _)| id.0.clone()).collect();
        let owned = owned(cloud, wanted.owner(), arns).await?;
        Ok(joined::<Self>(Vec::new(), listed, &owned))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<ListenerArn> {
        let balancer = call.outputs(&self.load_balancer)?.arn;
        let request = call.cloud.api.elb.create_listener().load_balancer_arn(balancer.0).port(self.port.into());
        let request = request.protocol(self.protocol()).default_actions(self.sdk_action(call)?);
        let request = request.set_certificates(self.certificates()).set_ssl_policy(self.tls_policy());
        let answer = request.set_tags(Some(tags_on(&self.tags, call))).send().await.map_err(with_references)?;
        let made = answer.listeners.unwrap_or_default().into_iter().find_map(|listener| listener.listener_arn);
        Ok(ListenerArn(made.unwrap_or_default()))
    }

    fn as_made(&self, call: &Call<'_, Aws>, _: &ListenerArn) -> CloudResult<Option<Observed>> {
        let Self { load_balancer, port, certificate, action, tags: _ } = self;
        let action = match action {
            Answer::Forward(group) => call.outputs(group)?.arn.0,
            Answer::RedirectToHttps => "https".to_owned(),
        };
        Ok(Some(Observed {
            load_balancer: call.outputs(load_balancer)?.arn,
            port: *port,
            certificate: certificate.clone(),
            tls_policy: certificate.is_some().then(|| TLS_POLICY.to_owned()),
            action,
        }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &ListenerArn, _: &Observed) -> CloudResult<()> {
        let request = call.cloud.api.elb.modify_listener().listener_arn(&id.0).port(self.port.into());
        let request = request.protocol(self.protocol()).default_actions(self.sdk_action(call)?);
        let request = request.set_certificates(self.certificates()).set_ssl_policy(self.tls_policy());
        request.send().await.map_err(with_references)?;
        retag(call, &id.0, &self.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &ListenerArn) -> CloudResult<()> {
        call.cloud.api.elb.delete_listener().listener_arn(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

/// All listeners of these load balancers, whoever's they are.
async fn list(cloud: &Aws, balancers: Vec<LoadBalancerArn>) -> CloudResult<Vec<(ListenerArn, Observed)>> {
    let of = async |balancer: LoadBalancerArn| {
        let request = cloud.api.elb.describe_listeners().load_balancer_arn(&balancer.0);
        match request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await {
            // Listed a moment ago and gone since.
            Err(e) if is_absent(&e) => Ok(None),
            answer => answer.map(Some).map_err(classify),
        }
    };
    let listeners = each(balancers, of).await?;
    Ok(listeners.iter().flatten().filter_map(observed).collect())
}

// conversions

impl Listener {
    fn protocol(&self) -> ProtocolEnum {
        if self.certificate.is_some() { ProtocolEnum::Https } else { ProtocolEnum::Http }
    }

    fn certificates(&self) -> Option<Vec<Certificate>> {
        let certificate = |arn: &String| vec![Certificate::builder().certificate_arn(arn).build()];
        self.certificate.as_ref().map(certificate)
    }

    fn tls_policy(&self) -> Option<String> {
        self.certificate.is_some().then(|| TLS_POLICY.to_owned())
    }

    fn sdk_action(&self, call: &Call<'_, Aws>) -> CloudResult<Action> {
        Ok(match &self.action {
            Answer::Forward(group) => {
                let arn = call.outputs(group)?.arn.0;
                Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(arn).build()
            }
            Answer::RedirectToHttps => {
                let redirect = RedirectActionConfig::builder().protocol("HTTPS").port("443");
                let redirect = redirect.status_code(RedirectActionStatusCodeEnum::Http301).build();
                let action = Action::builder().r#type(ActionTypeEnum::Redirect);
                action.redirect_config(redirect).build()
            }
        })
    }
}

fn observed(listener: &Described) -> Option<(ListenerArn, Observed)> {
    let action = listener.default_actions().first()?;
    let forwards_to = action.target_group_arn().or_else(|| {
        let groups = action.forward_config()?.target_groups();
        groups.first()?.target_group_arn()
    });
    let is_https = action.redirect_config().is_some_and(|redirect| redirect.protocol() == Some("HTTPS"));
    let other = if is_https { "https" } else { action.r#type().map_or("nothing", ActionTypeEnum::as_str) };
    let observed = Observed {
        load_balancer: LoadBalancerArn(listener.load_balancer_arn()?.into()),
        port: listener.port().and_then(|port| u16::try_from(port).ok())?,
        certificate: listener.certificates().first().and_then(|c| c.certificate_arn()).map(Into::into),
        tls_policy: listener.ssl_policy().map(Into::into),
        action: forwards_to.unwrap_or(other).into(),
    };
    Some((ListenerArn(listener.listener_arn()?.into()), observed))
}
