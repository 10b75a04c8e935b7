//! Which emulators there are and how they are started.

use super::install::Packages;

/// An emulator.
#[derive(Debug)]
pub struct Recipe {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Everything to install, pinned.
    pub(super) requirements: &'static str,
    /// The Python module that is the server.
    pub(super) module: &'static str,
    /// Its arguments; `{port}` is the port.
    pub(super) arguments: &'static [&'static str],
    /// Python that runs before the module.
    pub(super) prelude: &'static str,
    /// Its environment; `{port}` is the port and `{folder}` a folder it may write to.
    pub(super) environment: &'static [(&'static str, &'static str)],
}

impl Recipe {
    /// What it is made of.
    pub(super) fn packages(&self) -> Packages<'_> {
        Packages { name: self.name, version: self.version, requirements: self.requirements }
    }
}

/// moto: its Auto Scaling starts instances that EC2 shows and target groups have, and its network checks are the strictest.
pub const MOTO: Recipe = Recipe {
    name: "moto",
    version: "5.2.5",
    requirements: include_str!("requirements/moto.txt"),
    module: "moto.server",
    prelude: "",
    arguments: &["-H", "127.0.0.1", "-p", "{port}"],
    // Without the switches AWS's own policies are unknown and any image is as good as another.
    environment: &[("MOTO_IAM_LOAD_MANAGED_POLICIES", "true"), ("MOTO_ENABLE_AMI_VALIDATION", "1")],
};

/// MiniStack: quick, with the most faithful ElastiCache, SQS and alarms; its Auto Scaling is a facade.
pub const MINISTACK: Recipe = Recipe {
    name: "ministack",
    version: "1.5.33",
    requirements: include_str!("requirements/ministack.txt"),
    module: "ministack.app",
    prelude: include_str!("ministack_neighbour.py"),
    arguments: &[],
    environment: &[("GATEWAY_PORT", "{port}"), ("BIND_HOST", "127.0.0.1"), ("TMPDIR", "{folder}")],
};

/// LocalStack, the last community edition for Python 3.11: EC2, SQS, IAM, SSM, Secrets Manager and CloudWatch, but neither load balancers nor
/// groups nor databases.
pub const LOCALSTACK: Recipe = Recipe {
    name: "localstack",
    version: "4.9.0",
    requirements: include_str!("requirements/localstack.txt"),
    module: "localstack.runtime.main",
    prelude: "",
    arguments: &[],
    // hypercorn, because the other server listens on all interfaces; paths, because queue URLs would need DNS.
    environment: &[
        ("GATEWAY_LISTEN", "127.0.0.1:{port}"),
        ("GATEWAY_SERVER", "hypercorn"),
        ("SKIP_SSL_CERT_DOWNLOAD", "1"),
        ("DISABLE_EVENTS", "1"),
        ("DNS_ADDRESS", "0"),
        ("SQS_ENDPOINT_STRATEGY", "path"),
        ("LOCALSTACK_VOLUME_DIR", "{folder}"),
    ],
};

/// All of them.
pub const RECIPES: [&Recipe; 3] = [&MOTO, &MINISTACK, &LOCALSTACK];
