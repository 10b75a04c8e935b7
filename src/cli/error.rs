//! Errors at the door: what went wrong, which exit code it is, and what to do next. The only place that turns errors into words for people.

use std::collections::BTreeSet;
use std::error::Error;

use crate::aws::clients::ConnectError;
use crate::aws::lookups::LookupError;
use crate::emulators::StartError;
use crate::engine::cloud_error::CloudError;
use crate::engine::deployment::RunError;
use crate::engine::graph::GraphError;
use crate::engine::planner::{PlanError, ProtectedResource, Protection, Unreleasable};
use crate::engine::state::Elsewhere;
use crate::store::StoreError;
use crate::store::objects::Refusal;
use crate::store::remote::RemoteError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Fine,
    /// Something went wrong.
    Failed,
    /// `plan --detailed-exitcode`: there is something to do.
    Pending,
    /// Part of it is done; run again.
    Partly,
    /// Who asks is not known or not allowed.
    Credentials,
    /// Somebody else is at work.
    Locked,
    /// Protection refused it.
    Refused,
    /// The command line is wrong.
    Usage,
    /// Stopped by the user.
    Interrupted,
}

/// An error at the door.
#[derive(Debug)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// What happened, with its causes.
    pub message: String,
    /// What to do next.
    pub hints: Vec<String>,
}

impl Exit {
    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Pending => 2,
            Self::Partly => 3,
            Self::Credentials => 4,
            Self::Locked => 5,
            Self::Refused => 6,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }
}

impl CommandError {
    /// Something went wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), hints: Vec::new() }
    }

    /// With another exit code.
    #[must_use]
    pub fn exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// With advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn chain(error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Self::new(message)
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let plain = Self::chain(&error);
        match error {
            StoreError::Locked(holder) if holder.pid == 0 => plain.exit(Exit::Locked).hint("wait until it is done"),
            StoreError::Locked(holder) => plain
                .exit(Exit::Locked)
                .hint(format!("it is `{}`, process {}, since {}", holder.command, holder.pid, holder.since))
                .hint("wait until it is done; the lock goes with its process, nothing has to be unlocked"),
            StoreError::Damaged { path, .. } if path.starts_with("s3:") => plain
                .hint("nothing was changed")
                .hint("the bucket keeps the older versions of every object: bring back the one before this")
                .hint("if none is of use, `pando state recover` finds out anew, from AWS, what there is"),
            StoreError::Damaged { path, .. } => {
                let folder = path.parent().unwrap_or(&path).display();
                plain.hint("nothing was changed").hint(format!(
                    "older copies of the state lie in {folder} as state.<number>.bak; the highest number is the newest"
                )).hint("if none is of use, `pando state recover` finds out anew, from AWS, what there is")
            }
            StoreError::Newer { .. } => plain.hint("update Pando"),
            StoreError::NotAPlan { .. } => plain.hint("nothing was changed").hint("`pando plan --out FILE` makes one"),
            StoreError::Io { .. } => plain,
            StoreError::Remote(error) => by_bucket(plain, error),
        }
    }
}

impl From<ConnectError> for CommandError {
    fn from(error: ConnectError) -> Self {
        let plain = Self::chain(&error);
        match error {
            ConnectError::NoRegion => {
                plain.hint("write `region:` into the blueprint, or set AWS_REGION, or the profile's `region`")
            }
            ConnectError::Endpoint(_) => plain
                .exit(Exit::Usage)
                .hint("an endpoint looks like http://127.0.0.1:4566; look at `--endpoint-url`, AWS_ENDPOINT_URL and the profile"),
            ConnectError::Credentials(_) => plain
                .exit(Exit::Credentials)
                .hint("Pando uses the standard AWS configuration: AWS_PROFILE, `aws sso login`, AWS_ACCESS_KEY_ID and so on")
                .hint("to try it without an account: `pando demo`"),
            ConnectError::Unreachable { .. } => plain
                .hint("nothing was changed")
                .hint("check the network, and the endpoint if one is set: `--endpoint-url`, AWS_ENDPOINT_URL"),
        }
    }
}

impl From<LookupError> for CommandError {
    fn from(error: LookupError) -> Self {
        let plain = Self::chain(&error);
        match error {
            LookupError::Cloud(_, cause) => by_cloud(plain, &cause).hint("nothing was changed"),
            LookupError::NoImage(..) => plain.hint("check the name, the owner and the region"),
            LookupError::Unreadable(..) => plain,
        }
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        let plain = Self::chain(&error);
        match &error {
            RunError::Plan(PlanError::Protected(protected)) => still_protected(plain, protected),
            RunError::Plan(PlanError::Release(_, why)) => {
                let plain = plain.hint("nothing was changed");
                match why {
                    Unreleasable::Unknown => plain.exit(Exit::Usage).hint("`pando protect` lists what is protected"),
                    Unreleasable::Vanished => plain.exit(Exit::Refused).hint(VANISHED),
                    Unreleasable::Replace(_) => {
                        plain.exit(Exit::Refused).hint("lift its deletion protection in AWS, and release it again")
                    }
                }
            }
            RunError::Read(_, cause) => by_cloud(plain, cause).hint("nothing was changed"),
            RunError::Journal(_) => {
                plain.exit(Exit::Partly).hint("nothing is sent that cannot be remembered; make room and run again")
            }
            RunError::Stopped => plain.exit(Exit::Interrupted),
            RunError::Wider(_) => plain.exit(Exit::Partly).hint("run `pando plan` and decide again"),
            RunError::UnknownKind(_) | RunError::Plan(PlanError::UnknownKind(_)) => plain.hint("update Pando"),
            RunError::Plan(_) | RunError::State(_) => plain.hint("this is a fault in Pando; please report it"),
        }
    }
}

impl From<GraphError> for CommandError {
    fn from(error: GraphError) -> Self {
        Self::chain(&error).hint("this is a fault in Pando; please report it")
    }
}

impl From<Box<Elsewhere>> for CommandError {
    fn from(error: Box<Elsewhere>) -> Self {
        Self::chain(&error)
            .exit(Exit::Refused)
            .hint("nothing was changed")
            .hint("if what it describes is gone for good (an emulator that was stopped), remove the stack's folder below `.pando`")
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        Self::chain(&error)
    }
}

/// State in a bucket.
fn by_bucket(plain: CommandError, error: RemoteError) -> CommandError {
    match error {
        RemoteError::Connect(error) => error.into(),
        RemoteError::NoBucket { bucket } => {
            plain.hint(format!("`pando init --state s3://{bucket}/PREFIX` makes it; is it in another account?"))
        }
        RemoteError::Failed { why: Refusal::Denied(_), .. } => plain
            .exit(Exit::Credentials)
            .hint("state in a bucket needs s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject on its objects"),
        RemoteError::Failed { .. } => plain.hint("what was done is written down on this machine; run again here"),
        RemoteError::Locked(_) => plain.exit(Exit::Locked),
        RemoteError::TakenOver { rescue, .. } => plain
            .exit(Exit::Locked)
            .hint(format!("what this run knew is in {}", rescue.display()))
            .hint("what it has sent is looked for by its key in the next run, whoever starts it"),
        RemoteError::RolledBack { folder, .. } => plain
            .hint("nothing was changed")
            .hint(format!(
                "bring the newest version of the object back; or, if what is in the bucket shall count, move {} out of the way",
                folder.display()
            ))
            .hint("if no version of it is left, `pando state recover` finds out anew, from AWS, what it knew"),
        RemoteError::AnotherStack { folder, .. } => plain.hint("nothing was changed").hint(format!(
            "give the stack another name; or, if what that folder describes is gone, move {} out of the way",
            folder.display()
        )),
        RemoteError::OnlyCopy { place, folder } => {
            let wanted = place.rsplitn(3, '/').nth(2).unwrap_or(&place);
            plain.exit(Exit::Usage).hint("nothing was changed").hint(format!("write `state: {wanted}` into the blueprint")).hint(
                format!("to keep the state on this machine from now on, remove {}", folder.join("remote.json").display()),
            )
        }
        RemoteError::Unsteady { .. } => plain.exit(Exit::Locked).hint("run again; if it stays so, something else writes there"),
    }
}

const VANISHED: &str = "to have what is no longer there made anew, take it off `protect` in the blueprint";

fn still_protected(error: CommandError, protected: &[ProtectedResource]) -> CommandError {
    let error = error.exit(Exit::Refused).hint("nothing was changed");
    let (gone, there): (Vec<_>, Vec<_>) = protected.iter().partition(|resource| resource.why == Protection::Vanished);
    let there: BTreeSet<String> = there.iter().map(|resource| resource.incarnation.address.to_string()).collect();
    let release = there.into_iter().fold(String::new(), |all, address| format!("{all} {address}"));
    let lift = format!("to let it go, lift its protection first: `pando protect --release{release}`");
    let error = if release.is_empty() { error } else { error.hint(lift) };
    if gone.is_empty() { error } else { error.hint(VANISHED) }
}

fn by_cloud(error: CommandError, cause: &CloudError) -> CommandError {
    match cause {
        CloudError::Denied(_) => error.exit(Exit::Credentials).hint("the credentials lack a permission"),
        CloudError::Expired(_) => {
            error.exit(Exit::Credentials).hint("renew them (`aws sso login`) and run the same command again")
        }
        CloudError::NotYet(_) | CloudError::Unknown(_) => {
            error.hint("it was asked several times; wait a while and run again")
        }
        CloudError::Refused(_) | CloudError::Missing(_) | CloudError::Exists(_) => error,
        CloudError::Foreign(_) => error.hint("remove or rename it, or give the stack another name"),
    }
}
