//! The images that Amazon and Canonical publish: a few releases of each, named as they name theirs.
//!
//! Sources: <https://docs.aws.amazon.com/linux/al2023/ug/ec2.html>,
//! <https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/>.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{Device, Image};
use crate::simulator::clock::Moment;
use crate::simulator::tags::Tags;

/// Amazon's account, and Canonical's.
const AMAZON: &str = "137112412989";
const CANONICAL: &str = "099720109477";

/// How old the releases are when a world begins, in days. Amazon deprecates a release after 90 days.
const AGES: &[u32] = &[110, 47, 33, 19, 5];
const DEPRECATED_AFTER: u32 = 90;
const DAY: Duration = Duration::from_hours(24);

/// A line of releases.
struct Line {
    owner: &'static str,
    architecture: &'static str,
    /// The name, in which `DATE` stands for the day of the release.
    name: &'static str,
    description: &'static str,
    root: &'static str,
    gigabytes: u64,
    /// The public parameters that name its newest release.
    parameters: &'static [&'static str],
}

const LINES: &[Line] = &[
    Line {
        owner: AMAZON,
        architecture: "x86_64",
        name: "al2023-ami-2023.9.DATE.0-kernel-6.1-x86_64",
        description: "Amazon Linux 2023 AMI 2023.9.DATE.0 x86_64 HVM kernel-6.1",
        root: "/dev/xvda",
        gigabytes: 8,
        parameters: &[
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64",
        ],
    },
    Line {
        owner: AMAZON,
        architecture: "arm64",
        name: "al2023-ami-2023.9.DATE.0-kernel-6.1-arm64",
        description: "Amazon Linux 2023 AMI 2023.9.DATE.0 arm64 HVM kernel-6.1",
        root: "/dev/xvda",
        gigabytes: 8,
        parameters: &[
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-arm64",
        ],
    },
    Line {
        owner: AMAZON,
        architecture: "x86_64",
        name: "al2023-ami-minimal-2023.9.DATE.0-kernel-6.1-x86_64",
        description: "Amazon Linux 2023 AMI 2023.9.DATE.0 x86_64 Minimal HVM kernel-6.1",
        root: "/dev/xvda",
        gigabytes: 2,
        parameters: &[
            "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-x86_64",
            "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-6.1-x86_64",
        ],
    },
    Line {
        owner: AMAZON,
        architecture: "arm64",
        name: "al2023-ami-minimal-2023.9.DATE.0-kernel-6.1-arm64",
        description: "Amazon Linux 2023 AMI 2023.9.DATE.0 arm64 Minimal HVM kernel-6.1",
        root: "/dev/xvda",
        gigabytes: 2,
        parameters: &[
            "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-arm64",
            "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-6.1-arm64",
        ],
    },
    Line {
        owner: CANONICAL,
        architecture: "x86_64",
        name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-DATE",
        description: "Canonical, Ubuntu, 24.04, amd64 noble image",
        root: "/dev/sda1",
        gigabytes: 8,
        parameters: &["/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"],
    },
    Line {
        owner: CANONICAL,
        architecture: "arm64",
        name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-DATE",
        description: "Canonical, Ubuntu, 24.04, arm64 noble image",
        root: "/dev/sda1",
        gigabytes: 8,
        parameters: &["/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"],
    },
    Line {
        owner: CANONICAL,
        architecture: "x86_64",
        name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-DATE",
        description: "Canonical, Ubuntu, 22.04 LTS, amd64 jammy image",
        root: "/dev/sda1",
        gigabytes: 8,
        parameters: &["/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"],
    },
    Line {
        owner: CANONICAL,
        architecture: "arm64",
        name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-DATE",
        description: "Canonical, Ubuntu, 22.04 LTS, arm64 jammy image",
        root: "/dev/sda1",
        gigabytes: 8,
        parameters: &["/aws/service/canonical/ubuntu/server/22.04/stable/current/arm64/hvm/ebs-gp2/ami-id"],
    },
];

/// All that is published in a region.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    /// The images by id.
    pub(super) images: BTreeMap<String, Image>,
    /// The public parameters of the Systems Manager, and the image that each names.
    pub(super) parameters: BTreeMap<String, String>,
}

/// What is published in a region of a world that begins at this moment.
pub(super) fn of(region: &str, begins: Moment) -> Catalogue {
    let mut all = Catalogue::default();
    for line in LINES {
        for (place, age) in AGES.iter().enumerate() {
            let is_newest = place + 1 == AGES.len();
            let (id, image) = line.release(region, begins.minus(DAY * *age), is_newest);
            if is_newest {
                all.parameters.extend(line.parameters.iter().map(|name| ((*name).to_owned(), id.clone())));
            }
            all.images.insert(id, image);
        }
    }
    all
}

impl Line {
    fn release(&self, region: &str, made: Moment, is_newest: bool) -> (String, Image) {
        let date: String = made.iso().chars().take(10).filter(char::is_ascii_digit).collect();
        let name = self.name.replace("DATE", &date);
        // No release follows the newest one here, so that it never grows old.
        let deprecated = (!is_newest).then(|| made.plus(DAY * DEPRECATED_AFTER));
        let root = Device {
            name: self.root.to_owned(),
            snapshot: id("snap", region, &name),
            gigabytes: self.gigabytes,
            kind: if self.name.contains("hvm-ssd/") { "gp2" } else { "gp3" }.to_owned(),
            delete: true,
            ..Device::default()
        };
        let image = Image {
            owner: self.owner.to_owned(),
            alias: Some("amazon"),
            description: self.description.replace("DATE", &date),
            architecture: self.architecture.to_owned(),
            root: self.root.to_owned(),
            devices: vec![root],
            made,
            is_public: true,
            is_available: true,
            is_uefi: true,
            needs_session_tokens: true,
            deprecated,
            source: None,
            from_instance: None,
            tags: Tags::default(),
            is_protected: false,
            is_disabled: false,
            name: name.clone(),
        };
        (id("ami", region, &name), image)
    }
}

/// The same id for the same release of a region in every world.
fn id(prefix: &str, region: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{region} {name}"));
    let number = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{prefix}-0{number:016x}")
}
