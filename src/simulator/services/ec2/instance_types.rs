//! Instance types: a table of the current families, computed from what the sizes of a family have in common.
//!
//! Source: <https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html>.

use super::zones;
use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with instance types.
pub(super) const ACTIONS: &[Action] =
    &[action("DescribeInstanceTypes", describe), action("DescribeInstanceTypeOfferings", offerings)];

/// A family: types that differ in their size alone.
struct Family {
    name: &'static str,
    maker: &'static str,
    clock: f64,
    /// MiB for each virtual processor; of burstable types a size says its own.
    memory: u64,
    sizes: &'static [&'static str],
}

const fn family(
    name: &'static str,
    maker: &'static str,
    clock: f64,
    memory: u64,
    sizes: &'static [&'static str],
) -> Family {
    Family { name, maker, clock, memory, sizes }
}

const BURSTABLE: &[&str] = &["nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"];
const C5: &[&str] = &["large", "xlarge", "2xlarge", "4xlarge", "9xlarge", "12xlarge", "18xlarge", "24xlarge"];
const INTEL: &[&str] = &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge"];
const FROM_MEDIUM: &[&str] = &["medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"];
const FLEXIBLE: &[&str] = &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge"];

const GENERAL: u64 = 4096;
const COMPUTE: u64 = 2048;
const MEMORY: u64 = 8192;

const FAMILIES: &[Family] = &[
    family("c5", "Intel", 3.4, COMPUTE, C5),
    family("c6a", "AMD", 3.6, COMPUTE, INTEL),
    family("c6g", "AWS", 2.5, COMPUTE, FROM_MEDIUM),
    family("c6i", "Intel", 3.5, COMPUTE, INTEL),
    family("c7a", "AMD", 3.7, COMPUTE, FROM_MEDIUM),
    family("c7g", "AWS", 2.6, COMPUTE, FROM_MEDIUM),
    family("c7i", "Intel", 3.2, COMPUTE, INTEL),
    family("c7i-flex", "Intel", 3.2, COMPUTE, FLEXIBLE),
    family("c8g", "AWS", 2.8, COMPUTE, FROM_MEDIUM),
    family("m5", "Intel", 3.1, GENERAL, INTEL),
    family("m6a", "AMD", 3.6, GENERAL, INTEL),
    family("m6g", "AWS", 2.5, GENERAL, FROM_MEDIUM),
    family("m6i", "Intel", 3.5, GENERAL, INTEL),
    family("m7a", "AMD", 3.7, GENERAL, FROM_MEDIUM),
    family("m7g", "AWS", 2.6, GENERAL, FROM_MEDIUM),
    family("m7i", "Intel", 3.2, GENERAL, INTEL),
    family("m7i-flex", "Intel", 3.2, GENERAL, FLEXIBLE),
    family("m8g", "AWS", 2.8, GENERAL, FROM_MEDIUM),
    family("r5", "Intel", 3.1, MEMORY, INTEL),
    family("r6a", "AMD", 3.6, MEMORY, INTEL),
    family("r6g", "AWS", 2.5, MEMORY, FROM_MEDIUM),
    family("r6i", "Intel", 3.5, MEMORY, INTEL),
    family("r7a", "AMD", 3.7, MEMORY, FROM_MEDIUM),
    family("r7g", "AWS", 2.6, MEMORY, FROM_MEDIUM),
    family("r7i", "Intel", 3.2, MEMORY, INTEL),
    family("r8g", "AWS", 2.8, MEMORY, FROM_MEDIUM),
    family("t2", "Intel", 2.3, GENERAL, BURSTABLE),
    family("t3", "Intel", 2.5, GENERAL, BURSTABLE),
    family("t3a", "AMD", 2.2, GENERAL, BURSTABLE),
    family("t4g", "AWS", 2.5, GENERAL, BURSTABLE),
];

/// One type.
#[derive(Clone, Copy)]
pub(crate) struct InstanceType {
    family: &'static Family,
    size: &'static str,
}

/// The type of this name.
pub(crate) fn find(name: &str) -> Option<InstanceType> {
    let (family, size) = name.split_once('.')?;
    let family = FAMILIES.iter().find(|known| known.name == family)?;
    let size = family.sizes.iter().find(|known| **known == size)?;
    Some(InstanceType { family, size })
}

/// The type of this name, which has to be one.
pub(crate) fn need(name: &str) -> Result<InstanceType, Refusal> {
    find(name).ok_or_else(|| invalid(format!("Invalid value '{name}' for InstanceType.")))
}

fn all() -> impl Iterator<Item = InstanceType> {
    FAMILIES.iter().flat_map(|family| family.sizes.iter().map(move |size| InstanceType { family, size }))
}

impl InstanceType {
    /// `t3.micro`.
    pub(crate) fn name(self) -> String {
        format!("{}.{}", self.family.name, self.size)
    }

    /// `x86_64` or `arm64`.
    pub(crate) fn architecture(self) -> &'static str {
        if self.family.maker == "AWS" { "arm64" } else { "x86_64" }
    }

    /// Whether it has credits for bursts.
    pub(crate) fn is_burstable(self) -> bool {
        self.family.name.starts_with('t')
    }

    /// Whether its credits are unlimited unless somebody says otherwise: not those of T2.
    pub(crate) fn is_unlimited(self) -> bool {
        self.is_burstable() && self.family.name != "t2"
    }

    /// Whether it is one of the Nitro system, which all but T2 are.
    pub(crate) fn is_nitro(self) -> bool {
        self.family.name != "t2"
    }

    /// Virtual processors.
    pub(crate) fn processors(self) -> u64 {
        let single = self.family.name == "t2" && matches!(self.size, "nano" | "micro" | "small");
        match self.size {
            "medium" if !self.is_burstable() => 1,
            "nano" | "micro" | "small" if single => 1,
            "xlarge" => 4,
            size => {
                size.strip_suffix("xlarge").and_then(|times| times.parse::<u64>().ok()).map_or(2, |times| times * 4)
            }
        }
    }

    /// Memory in MiB.
    pub(crate) fn memory(self) -> u64 {
        match self.size {
            "nano" => 512,
            "micro" => 1024,
            "small" => 2048,
            "medium" if self.is_burstable() => 4096,
            _ => self.family.memory * self.processors(),
        }
    }

    /// Threads of one core: two with Intel and the older AMD.
    pub(crate) fn threads(self) -> u64 {
        let two = match self.family.maker {
            "Intel" => self.is_nitro(),
            "AMD" => !self.family.name.ends_with("7a"),
            _ => false,
        };
        if two { 2 } else { 1 }
    }

    /// Network interfaces at most, and private addresses of each.
    fn interfaces(self) -> (u64, u64) {
        match (self.size, self.processors()) {
            ("nano" | "micro", _) => (2, if self.is_nitro() { 2 } else { 4 }),
            ("small", _) => (3, 4),
            ("medium", 1) => (2, 4),
            (_, ..=2) => (3, if self.is_burstable() && self.size == "medium" { 6 } else { 10 }),
            (_, ..=8) => (4, 15),
            (_, ..=48) => (8, 30),
            _ => (15, 50),
        }
    }

    fn show(self) -> Tree {
        let (cores, threads) = (self.processors() / self.threads(), self.threads());
        let boot: &[&'static str] = if self.architecture() == "arm64" { &["uefi"] } else { &["legacy-bios", "uefi"] };
        object! {
            "instanceType" => self.name(),
            "currentGeneration" => true,
            "freeTierEligible" => matches!(self.name().as_str(), "t2.micro" | "t3.micro"),
            "supportedUsageClasses" => items(["on-demand", "spot"]),
            "supportedRootDeviceTypes" => items(["ebs"]),
            "supportedVirtualizationTypes" => items(["hvm"]),
            "bareMetal" => false,
            "hypervisor" => if self.is_nitro() { "nitro" } else { "xen" },
            "processorInfo" => object! {
                "supportedArchitectures" => items([self.architecture()]),
                "sustainedClockSpeedInGhz" => self.family.clock,
                "manufacturer" => self.family.maker,
            },
            "vCpuInfo" => object! {
                "defaultVCpus" => self.processors(),
                "defaultCores" => cores,
                "defaultThreadsPerCore" => threads,
            },
            "memoryInfo" => object! { "sizeInMiB" => self.memory() },
            "instanceStorageSupported" => false,
            "ebsInfo" => object! {
                "ebsOptimizedSupport" => if self.is_nitro() { "default" } else { "unsupported" },
                "encryptionSupport" => "supported",
                "nvmeSupport" => if self.is_nitro() { "required" } else { "unsupported" },
            },
            "networkInfo" => self.network(),
            "placementGroupInfo" => object! { "supportedStrategies" => items(["partition", "spread"]) },
            "hibernationSupported" => self.architecture() == "x86_64",
            "burstablePerformanceSupported" => self.is_burstable(),
            "dedicatedHostsSupported" => !self.is_burstable(),
            "autoRecoverySupported" => true,
            "supportedBootModes" => items(boot.iter().copied()),
        }
    }

    fn network(self) -> Tree {
        let (interfaces, addresses) = self.interfaces();
        let performance = if self.is_burstable() { "Up to 5 Gigabit" } else { "Up to 12.5 Gigabit" };
        let card = object! {
            "networkCardIndex" => 0_u64,
            "networkPerformance" => performance,
            "maximumNetworkInterfaces" => interfaces,
        };
        object! {
            "networkPerformance" => performance,
            "maximumNetworkInterfaces" => interfaces,
            "maximumNetworkCards" => 1_u64,
            "defaultNetworkCardIndex" => 0_u64,
            "networkCards" => items([card]),
            "ipv4AddressesPerInterface" => addresses,
            "ipv6AddressesPerInterface" => addresses,
            "ipv6Supported" => true,
            "enaSupport" => if self.is_nitro() { "required" } else { "unsupported" },
            "efaSupported" => false,
            "encryptionInTransitSupported" => matches!(self.family.name.as_bytes(), [_, b'6'..=b'8', ..]),
        }
    }

    fn value(self, name: &str) -> Vec<String> {
        let one = match name {
            "auto-recovery-supported" | "current-generation" => "true".to_owned(),
            "bare-metal" | "instance-storage-supported" => "false".to_owned(),
            "burstable-performance-supported" => self.is_burstable().to_string(),
            "dedicated-hosts-supported" => (!self.is_burstable()).to_string(),
            "free-tier-eligible" => matches!(self.name().as_str(), "t2.micro" | "t3.micro").to_string(),
            "hibernation-supported" => (self.architecture() == "x86_64").to_string(),
            "hypervisor" => if self.is_nitro() { "nitro" } else { "xen" }.to_owned(),
            "instance-type" => self.name(),
            "memory-info.size-in-mib" => self.memory().to_string(),
            "processor-info.supported-architecture" => self.architecture().to_owned(),
            "supported-root-device-type" => "ebs".to_owned(),
            "supported-usage-class" => return vec!["on-demand".to_owned(), "spot".to_owned()],
            "supported-virtualization-type" => "hvm".to_owned(),
            "vcpu-info.default-cores" => (self.processors() / self.threads()).to_string(),
            "vcpu-info.default-threads-per-core" => self.threads().to_string(),
            "vcpu-info.default-vcpus" => self.processors().to_string(),
            _ => return Vec::new(),
        };
        vec![one]
    }
}

const FILTERS: &[&str] = &[
    "auto-recovery-supported",
    "bare-metal",
    "burstable-performance-supported",
    "current-generation",
    "dedicated-hosts-supported",
    "free-tier-eligible",
    "hibernation-supported",
    "hypervisor",
    "instance-storage-supported",
    "instance-type",
    "memory-info.size-in-mib",
    "processor-info.supported-architecture",
    "supported-root-device-type",
    "supported-usage-class",
    "supported-virtualization-type",
    "vcpu-info.default-cores",
    "vcpu-info.default-threads-per-core",
    "vcpu-info.default-vcpus",
];

fn describe(_: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, FILTERS)?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 100), "InvalidParameterValue")?;
    let asked = input.texts("InstanceType");
    let unknown: Vec<&str> = asked.iter().copied().filter(|name| find(name).is_none()).collect();
    if !unknown.is_empty() {
        let words = format!("The following supplied instance types do not exist: [{}]", unknown.join(", "));
        return Err(Refusal::new("InvalidInstanceType", words));
    }
    let mut found: Vec<InstanceType> =
        if asked.is_empty() { all().collect() } else { asked.iter().filter_map(|name| find(name)).collect() };
    found.retain(|kind| filters.pass(&Tags::default(), |name| kind.value(name)));
    found.sort_by_key(|kind| kind.name());
    found.dedup_by_key(|kind| kind.name());
    let (page, next) = page.cut(found.into_iter().map(|kind| (kind.name(), kind.show())));
    Ok(object! { "instanceTypeSet" => items(page), "nextToken" => next })
}

fn offerings(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, &["instance-type", "location"])?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 1000), "InvalidParameterValue")?;
    let location = input.text_or("LocationType", "region");
    let places: Vec<String> = match location.as_str() {
        "region" => vec![scene.place.region.clone()],
        "availability-zone" => zones::of(&scene.place.region).iter().map(|zone| zone.name.clone()).collect(),
        "availability-zone-id" => zones::of(&scene.place.region).iter().map(|zone| zone.id.clone()).collect(),
        other => return Err(invalid(format!("Invalid value '{other}' for LocationType."))),
    };
    let mut found = Vec::new();
    for kind in all() {
        for place in &places {
            let value = |name: &str| vec![if name == "location" { place.clone() } else { kind.name() }];
            if filters.pass(&Tags::default(), value) {
                let shown = object! { "instanceType" => kind.name(), "locationType" => &location, "location" => place };
                found.push((format!("{} {place}", kind.name()), shown));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = page.cut(found);
    Ok(object! { "instanceTypeOfferingSet" => items(page), "nextToken" => next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_computed_from_its_family_and_its_size() {
        let of = |name: &str| find(name).map(|kind| (kind.processors(), kind.memory(), kind.architecture()));
        assert_eq!(of("t3.micro"), Some((2, 1024, "x86_64")));
        assert_eq!(of("t2.micro"), Some((1, 1024, "x86_64")));
        assert_eq!(of("t4g.2xlarge"), Some((8, 32_768, "arm64")));
        assert_eq!(of("c7g.medium"), Some((1, 2048, "arm64")));
        assert_eq!(of("r6i.24xlarge"), Some((96, 786_432, "x86_64")));
        assert_eq!(of("t3.24xlarge"), None);
        assert_eq!(of("c5.9xlarge"), Some((36, 73_728, "x86_64")));
        assert_eq!((of("c5.8xlarge"), of("c5.16xlarge")), (None, None));
    }
}
