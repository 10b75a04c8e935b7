//! What is wrong with a network.

use ipnet::Ipv4Net;

use super::{Nat, Network, Settings, Tier, subnet_range};
use crate::aws::lookups::Answers;
use crate::blueprint::decode::Spanned;
use crate::blueprint::diagnostic::{Diagnostic, Report, Span};
use crate::blueprint::sections::Problems;
use crate::blueprint::values::Cidr;
use crate::blueprint::{Blueprint, Profile};

/// Mistakes that show in the file.
pub fn check(blueprint: &Blueprint, problems: &mut Problems<'_>) {
    let network = blueprint.network.as_ref();
    let settings = Settings::of(network, problems.profile, blueprint.has_clones());
    let nat = network.and_then(|network| network.nat);
    if let Some(nat) = nat.filter(|nat| nat.value == Nat::None && blueprint.has_clones()) {
        let cut_off = Diagnostic::warning(nat.span, "without NAT, clones reach neither the internet nor AWS itself");
        problems
            .report
            .add(cut_off.hint("they read their surroundings from SSM, and take jobs from SQS; write `nat: one`"));
    }
    network.iter().filter_map(|network| network.cidr.as_ref()).for_each(|cidr| check_range(cidr, problems.report));
    check_data(blueprint, &settings, problems);
    check_public(blueprint, problems);
    let room = settings.room(Tier::Private);
    let (clones, span) = blueprint.most_clones();
    // A rollout starts new clones before it stops old ones, a tenth at a time.
    let needed = clones + clones.div_ceil(10);
    if needed > room {
        let message =
            format!("up to {clones} clones, and a tenth more during a rollout, and the network has room for {room}");
        let small = Diagnostic::error(span, message);
        let cidr = network.and_then(|network| network.cidr.as_ref());
        problems.report.add(match cidr {
            Some(cidr) => small
                .related(cidr.span, "half of this range is for clones")
                .hint("a larger `network.cidr`, such as a /16, has more"),
            None => small.hint("the default network is a /16; no larger one is possible"),
        });
    }
}

/// A range as it should be written, and of private addresses.
fn check_range(cidr: &Spanned<Cidr>, report: &mut Report) {
    let range = cidr.value.0;
    if range != range.trunc() {
        let message = format!("{} is an address in the network, not the network", range.addr());
        let right = range.trunc().to_string();
        report.add(
            Diagnostic::error(cidr.span, message).hint("a range begins with its first address").replacement(right),
        );
    }
    // RFC 1918, and the shared addresses of RFC 6598.
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
    let contains = |block: &str| block.parse::<Ipv4Net>().is_ok_and(|block| block.contains(&range));
    if !private.into_iter().any(contains) {
        let message =
            format!("{range} is not private: whoever has these addresses in the internet could not be reached");
        report.add(Diagnostic::error(cidr.span, message).hint(format!("private are {}", private.join(", "))));
    }
}

/// Whether there is an address for each node of the database and the cache.
fn check_data(blueprint: &Blueprint, settings: &Settings, problems: &mut Problems<'_>) {
    let database = blueprint.database.as_ref().map_or(0, |database| database.nodes(problems.profile));
    let needed = database + blueprint.cache.as_ref().map_or(0, |cache| cache.nodes(problems.profile));
    let room = settings.room(Tier::Data);
    if needed > room {
        let span = settings.span.unwrap_or(blueprint.stack.span);
        let message = format!("database and cache have {needed} nodes, and the network has room for {room}");
        let small = Diagnostic::error(span, message).hint("a larger `network.cidr`, such as a /16, has more");
        problems.report.add(small.label("a quarter of this is for them"));
    }
}

/// Whether a load balancer can grow.
///
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer>
fn check_public(blueprint: &Blueprint, problems: &mut Problems<'_>) {
    const SMALLEST: u8 = 27;
    let cidr = blueprint.network.as_ref().and_then(|network| network.cidr.as_ref()).filter(|_| blueprint.web.is_some());
    let Some(cidr) = cidr else { return };
    let prefix = subnet_range(cidr.value.0.trunc(), Tier::Public, 0).map_or(SMALLEST, |range| range.prefix_len());
    if prefix > SMALLEST {
        let message = format!("the load balancer gets subnets of /{prefix}, and AWS wants /{SMALLEST} for it to grow");
        problems.report.add(Diagnostic::warning(cidr.span, message).hint("a /23 or larger is enough"));
    }
}

/// Mistakes that show only with the world's answers.
pub fn check_answers(
    network: Option<&Network>,
    profile: Profile,
    answers: &Answers,
    fallback: Span,
    report: &mut Report,
) {
    let settings = Settings::of(network, profile, true);
    if answers.zones.len() < settings.zones {
        let said = network.and_then(|network| network.zones);
        let region = &answers.site.region;
        let message =
            format!("{} availability zones are asked for, and {region} has {}", settings.zones, answers.zones.len());
        let few = Diagnostic::error(said.map_or(fallback, |zones| zones.span), message);
        report.add(few.hint(format!("write `network: {{ zones: {} }}`", answers.zones.len())));
    }
}
