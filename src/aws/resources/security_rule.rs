//! One rule of a security group.
//!
//! A kind of its own, so that two groups can name each other. Rules that others added to a group are not ours to take away; they hold the
//! group, and deleting it then names them.

use aws_sdk_ec2::types::{
    Filter, IpPermission, IpRange, ResourceType, SecurityGroupRule, SecurityGroupRuleDescription, UserIdGroupPair,
};
use serde::{Deserialize, Serialize};

use super::security_group::{SecurityGroup, SecurityGroupId};
use crate::aws::clients::Aws;
use crate::aws::ec2::{FILTER_VALUES, filter, keys, owned_by, retag, seen_tags, tags_on};
use crate::aws::failure::{classify, with_references};
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A rule: who may reach whom, on which TCP port.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecurityRule {
    /// The group it belongs to.
    pub group: Ref<SecurityGroup>,
    /// Whether it lets in or out.
    pub direction: Direction,
    /// The other side.
    pub peer: Peer,
    /// The TCP port.
    pub port: u16,
    /// Why it is there.
    pub description: String,
    /// The user's tags.
    pub tags: Tags,
}

/// Which way the connection is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the group.
    Ingress,
    /// Out of the group.
    Egress,
}

/// The other side of a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Whatever is in this group.
    Group(Ref<SecurityGroup>),
    /// Whatever has an address in this range.
    Range(String),
}

// identity, observation, outputs

/// A rule is named by its own id; revoking it wants the group too, and the direction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SecurityRuleId {
    /// `sgr-…`.
    pub rule: String,
    /// The group it belongs to.
    pub group: SecurityGroupId,
}

/// What EC2 tells about a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The group it belongs to.
    pub group: SecurityGroupId,
    /// Whether it lets in or out.
    pub direction: Direction,
    /// The other side: a group's id or a range.
    pub peer: String,
    /// The TCP port. `None`: several, or another protocol.
    pub port: Option<u16>,
    /// Why it is there. Some emulators do not tell.
    pub description: Option<String>,
    /// All tags.
    pub tags: Tags,
}

// rules

impl Resource for SecurityRule {
    const KIND: &'static str = "security_rule";
    const GOES_AT_ONCE: bool = true;
    /// Two equal rules cannot stand beside each other, and unequal ones are changed by making another.
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    type Id = SecurityRuleId;
    type Observed = Observed;
    type Outputs = ();

    fn outputs(_: &SecurityRuleId, _: &Observed) {}

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { group, direction, peer, port, description, tags } = self;
        diff.replace("group", diff.outputs(group).map(|group| group.id), &seen.group);
        diff.replace("direction", direction, &seen.direction);
        match peer {
            Peer::Group(peer) => diff.replace("peer", diff.outputs(peer).map(|peer| peer.id.0), &seen.peer),
            Peer::Range(range) => diff.replace("peer", range, &seen.peer),
        }
        diff.replace("port", &Some(*port), &seen.port);
        diff.reported("description", Manner::InPlace, description, seen.description.as_ref());
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }
}

// cloud calls

impl Manage for SecurityRule {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &Aws, ids: &[SecurityRuleId], _: Look) -> CloudResult<Vec<(SecurityRuleId, Observed)>> {
        describe(cloud, filter("security-group-rule-id", ids.iter().map(|id| &id.rule))).await
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, SecurityRuleId)>> {
        Ok(keys(describe(cloud, owned_by(owner)).await?, owner, |seen| &seen.tags))
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(describe(cloud, owned_by(wanted.owner())).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<SecurityRuleId> {
        let group = call.outputs(&self.group)?.id;
        let (permission, tags) = (self.permission(call)?, tags_on(ResourceType::SecurityGroupRule, &self.tags, call));
        let ec2 = &call.cloud.api.ec2;
        let rules = match self.direction {
            Direction::Ingress => {
                let request = ec2.authorize_security_group_ingress().group_id(&group.0).ip_permissions(permission);
                request.tag_specifications(tags).send().await.map_err(with_references)?.security_group_rules
            }
            Direction::Egress => {
                let request = ec2.authorize_security_group_egress().group_id(&group.0).ip_permissions(permission);
                request.tag_specifications(tags).send().await.map_err(with_references)?.security_group_rules
            }
        };
        let rule = rules.unwrap_or_default().into_iter().find_map(|rule| rule.security_group_rule_id);
        let rule = rule.ok_or_else(|| CloudError::Unknown("the answer names no rule".into()))?;
        Ok(SecurityRuleId { rule, group })
    }

    fn as_made(&self, call: &Call<'_, Aws>, id: &SecurityRuleId) -> CloudResult<Option<Observed>> {
        let Self { group: _, direction, peer, port, description, tags } = self;
        let peer = match peer {
            Peer::Group(peer) => call.outputs(peer)?.id.0,
            Peer::Range(range) => range.clone(),
        };
        Ok(Some(Observed {
            group: id.group.clone(),
            direction: *direction,
            peer,
            port: Some(*port),
            description: Some(description.clone()),
            tags: tags.clone(),
        }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &SecurityRuleId, seen: &Observed) -> CloudResult<()> {
        if seen.description.as_ref() != Some(&self.description) {
            let text = SecurityGroupRuleDescription::builder()
                .security_group_rule_id(&id.rule)
                .description(&self.description)
                .build();
            let ec2 = &call.cloud.api.ec2;
            match self.direction {
                Direction::Ingress => {
                    let request = ec2.update_security_group_rule_descriptions_ingress().group_id(&id.group.0);
                    request.security_group_rule_descriptions(text).send().await.map_err(classify)?;
                }
                Direction::Egress => {
                    let request = ec2.update_security_group_rule_descriptions_egress().group_id(&id.group.0);
                    request.security_group_rule_descriptions(text).send().await.map_err(classify)?;
                }
            }
        }
        retag(call, &id.rule, &self.tags, &seen.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &SecurityRuleId) -> CloudResult<()> {
        let ec2 = &call.cloud.api.ec2;
        match self.direction {
            Direction::Ingress => {
                let request = ec2.revoke_security_group_ingress().group_id(&id.group.0);
                request.security_group_rule_ids(&id.rule).send().await.map_err(classify)?;
            }
            Direction::Egress => {
                let request = ec2.revoke_security_group_egress().group_id(&id.group.0);
                request.security_group_rule_ids(&id.rule).send().await.map_err(classify)?;
            }
        }
        Ok(())
    }
}

// conversions

impl SecurityRule {
    fn permission(&self, call: &Call<'_, Aws>) -> CloudResult<IpPermission> {
        let port = Some(i32::from(self.port));
        let permission = IpPermission::builder().ip_protocol("tcp").set_from_port(port).set_to_port(port);
        Ok(match &self.peer {
            Peer::Group(peer) => {
                let pair = UserIdGroupPair::builder().group_id(call.outputs(peer)?.id.0).description(&self.description);
                permission.user_id_group_pairs(pair.build()).build()
            }
            Peer::Range(range) => {
                let range = IpRange::builder().cidr_ip(range).description(&self.description);
                permission.ip_ranges(range.build()).build()
            }
        })
    }
}

async fn describe(cloud: &Aws, filter: Filter) -> CloudResult<Vec<(SecurityRuleId, Observed)>> {
    let pages = cloud.api.ec2.describe_security_group_rules().filters(filter).into_paginator().items().send();
    let rules = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    Ok(rules.iter().filter_map(observed).collect())
}

fn observed(rule: &SecurityGroupRule) -> Option<(SecurityRuleId, Observed)> {
    let group = SecurityGroupId(rule.group_id()?.into());
    let peer = rule.referenced_group_info().and_then(|info| info.group_id()).or(rule.cidr_ipv4()).unwrap_or_default();
    let is_one_port = rule.ip_protocol() == Some("tcp") && rule.from_port() == rule.to_port();
    let port = rule.from_port().filter(|_| is_one_port).and_then(|port| u16::try_from(port).ok());
    let observed = Observed {
        group: group.clone(),
        direction: if rule.is_egress() == Some(true) { Direction::Egress } else { Direction::Ingress },
        peer: peer.into(),
        port,
        description: rule.description().filter(|text| !text.is_empty()).map(Into::into),
        tags: seen_tags(rule.tags()),
    };
    Some((SecurityRuleId { rule: rule.security_group_rule_id()?.into(), group }, observed))
}
