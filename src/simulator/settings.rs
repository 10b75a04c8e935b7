//! How a world is: how long things take, what can be seen when, who may do what.

use std::time::Duration;

use super::dice::Dice;

/// The choices of whoever makes a world.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What all that is random comes from.
    pub seed: u64,
    /// How long a fresh thing stays invisible.
    pub visibility: Visibility,
    /// How long things take.
    pub durations: Durations,
    /// How long answers take.
    pub latency: Latency,
    /// Whether callers are throttled.
    pub throttling: Throttling,
    /// Whether calls outside the caller's policies are denied.
    pub enforces_policies: bool,
    /// Whether whole requests and answers are kept in the log.
    pub records: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            visibility: Visibility::AtOnce,
            durations: Durations::default(),
            latency: Latency::None,
            throttling: Throttling::Off,
            enforces_policies: false,
            records: false,
        }
    }
}

/// How long a fresh thing stays invisible to its maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Not at all.
    AtOnce,
    /// As a rule not, sometimes seconds, now and then a minute, at the very worst five: what provider authors report of EC2.
    Drawn,
    /// Always this long.
    Always(Duration),
}

impl Visibility {
    /// The delay of one thing.
    pub(crate) fn draw(self, dice: &mut Dice) -> Duration {
        match self {
            Self::AtOnce => Duration::ZERO,
            Self::Always(span) => span,
            Self::Drawn => match dice.between(0, 99) {
                0..60 => Duration::ZERO,
                60..95 => dice.span(Duration::from_secs(1), Duration::from_secs(5)),
                95..99 => Duration::from_mins(1),
                _ => Duration::from_mins(5),
            },
        }
    }
}

/// How long an answer is under way, when what was asked for has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// No time at all.
    None,
    /// Always this long.
    Always(Duration),
    /// As a rule a fraction of a second, sometimes some seconds, so that answers overtake one another.
    Drawn,
}

impl Latency {
    /// The time of one answer.
    pub(crate) fn draw(self, dice: &mut Dice) -> Duration {
        let (low, high) = match self {
            Self::None => return Duration::ZERO,
            Self::Always(span) => return span,
            Self::Drawn => match dice.between(0, 99) {
                0..70 => (20, 300),
                70..95 => (300, 1500),
                _ => (1500, 4000),
            },
        };
        dice.span(Duration::from_millis(low), Duration::from_millis(high))
    }
}

/// Whether calls use up tokens of the buckets that AWS documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttling {
    /// No limits.
    Off,
    /// The documented rates.
    Documented,
    /// Half the documented rates, as when others use the same account.
    Half,
}

macro_rules! durations {
    ($($(#[$doc:meta])* $name:ident: $seconds:literal;)*) => {
        /// How long things take, in simulated time.
        #[derive(Clone, Debug)]
        pub struct Durations { $($(#[$doc])* pub $name: Duration,)* }

        impl Default for Durations {
            fn default() -> Self {
                Self { $($name: Duration::from_secs($seconds),)* }
            }
        }

        impl Durations {
            /// Everything takes no time at all.
            pub fn none() -> Self {
                Self { $($name: Duration::ZERO,)* }
            }
        }
    };
}

// The planning values of creation times gathered from Terraform's acceptance tests and from users' reports; AWS promises none.
durations! {
    /// From launch until an instance runs.
    instance_start: 20;
    /// From running until what is on it answers a health check.
    instance_boot: 40;
    /// From the call until an instance is terminated.
    instance_stop: 30;
    /// A NAT gateway, until available.
    nat_gateway: 100;
    /// A NAT gateway, until deleted.
    nat_gateway_delete: 60;
    /// An endpoint of a VPC, until available.
    vpc_endpoint: 10;
    /// A load balancer, until active.
    load_balancer: 150;
    /// From a load balancer's deletion until its network interfaces are gone.
    load_balancer_linger: 120;
    /// A database, until available.
    database: 360;
    /// A read replica, until available.
    database_replica: 480;
    /// A change of a database, until available again.
    database_change: 240;
    /// A restart of a database.
    database_reboot: 40;
    /// A database, until gone.
    database_delete: 180;
    /// A snapshot of a database.
    database_snapshot: 120;
    /// A replication group or a cluster of a cache, until available.
    cache: 420;
    /// A change of a cache, until available again.
    cache_change: 240;
    /// A cache, until gone.
    cache_delete: 240;
    /// Until the rest of AWS knows a new role or instance profile.
    iam_propagation: 8;
    /// How often a group looks after its instances.
    group_look: 10;
}
