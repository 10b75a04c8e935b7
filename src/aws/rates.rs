//! How fast AWS lets itself be called: the token buckets that it documents, as far as Pando makes use of them.
//!
//! Sources: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/load-balancer-api-throttling.html>,
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html>. All of them hold for an account in a region.

/// How many calls at once, and how many more each second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    /// Calls at once, after a rest.
    pub(super) burst: f64,
    /// Calls each second, in the long run.
    pub(super) refill: f64,
}

/// The share of what AWS documents that Pando takes. The rest is for others who use the same account: its load balancers and groups at work,
/// and people who look at it.
const OURS: f64 = 0.8;

/// Pando's share of a documented rate.
const fn ours(burst: f64, refill: f64) -> Rate {
    Rate { burst: burst * OURS, refill: refill * OURS }
}

/// The buckets that a call takes a token from, by name, with the rate of each. `None`: AWS documents none. So it is with Auto Scaling, CloudWatch,
/// ElastiCache, IAM, Secrets Manager, SQS, STS and Systems Manager, which have one bucket for all actions here.
pub(super) fn buckets<'a>(service: &str, action: &'a str) -> Vec<(&'a str, Option<Rate>)> {
    let documented = match service {
        // Each action has a bucket of its own.
        "ec2" => vec![(action, ec2(action))],
        "elasticloadbalancing" => {
            let all = ("all", ours(40.0, 10.0));
            match action {
                "CreateLoadBalancer" | "SetSubnets" => vec![all, (action, ours(10.0, 0.2))],
                "RegisterTargets" | "DeregisterTargets" => vec![all, ("register", ours(20.0, 4.0))],
                _ if action.starts_with("Describe") => vec![all, ("describe", ours(40.0, 10.0))],
                _ => vec![all, ("change", ours(20.0, 3.0))],
            }
        }
        "rds" => vec![("all", ours(300.0, 12.0))],
        _ => return vec![("all", None)],
    };
    documented.into_iter().map(|(name, rate)| (name, Some(rate))).collect()
}

/// Reads have half of this where they are neither filtered nor paginated. Pando's always are.
fn ec2(action: &str) -> Rate {
    match action {
        "CreateNatGateway" | "DeleteNatGateway" => ours(10.0, 1.0),
        "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => ours(4.0, 0.3),
        "CreateLaunchTemplateVersion" | "ModifyLaunchTemplate" | "CreateNetworkInterface" | "TerminateInstances" => {
            ours(100.0, 5.0)
        }
        "RunInstances" => ours(5.0, 2.0),
        "CreateTags" | "DeleteTags" => ours(100.0, 10.0),
        _ if ["Describe", "Get", "List", "Search"].iter().any(|verb| action.starts_with(verb)) => ours(100.0, 20.0),
        _ => ours(50.0, 5.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(service: &str, action: &'static str) -> Vec<&'static str> {
        buckets(service, action).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_call_takes_a_token_from_each_bucket_that_it_has_to_do_with() {
        assert_eq!(names("ec2", "CreateVpc"), ["CreateVpc"]);
        assert_eq!(names("elasticloadbalancing", "CreateLoadBalancer"), ["all", "CreateLoadBalancer"]);
        assert_eq!(names("elasticloadbalancing", "CreateListener"), ["all", "change"]);
        assert_eq!(names("elasticloadbalancing", "DescribeListeners"), ["all", "describe"]);
        assert_eq!(names("rds", "CreateDBInstance"), ["all"]);
        assert_eq!(buckets("iam", "CreateRole"), [("all", None)]);
    }

    #[test]
    fn a_fifth_of_what_is_documented_is_left_to_others() {
        let rate = buckets("ec2", "CreateVpcEndpoint")[0].1.unwrap();
        assert!((rate.burst - 3.2).abs() < 1e-9 && (rate.refill - 0.24).abs() < 1e-9, "{rate:?}");
    }
}
