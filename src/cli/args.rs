//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::commands::state::State;
use crate::engine::address::Address;

/// Deploys scalable web services on AWS virtual machines: one YAML blueprint, planned, applied and kept that way.
#[derive(Debug, Parser)]
#[command(name = "pando", version, propagate_version = true, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "\
To begin:
  pando demo                 the whole story on a local AWS, without an account
  pando init                 a blueprint to begin with
  pando plan                 what it would make
  pando apply                make it

Credentials, region and endpoints come from the standard AWS configuration: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and so on.

Exit codes: 0 fine, 1 failed, 2 changes pending (plan --detailed-exitcode), 3 partly applied (run again), \
4 credentials, 5 another run is at work, 6 refused by protection, 64 wrong usage, 130 interrupted.")]
pub struct Arguments {
    /// Options of all commands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of all commands.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of all commands")]
pub struct Global {
    /// The blueprint [default: pando.yaml here or in a folder above]
    #[arg(short, long, global = true, value_name = "FILE", env = "PANDO_FILE", hide_env_values = true)]
    pub file: Option<PathBuf>,
    /// Lay this environment over the blueprint; the stack `shop` is then `shop-NAME` [default: none]
    #[arg(short, long, global = true, value_name = "NAME", env = "PANDO_ENV", hide_env_values = true)]
    pub env: Option<String>,
    /// Send every call to this address instead of to AWS: an emulator, `http://127.0.0.1:4566` [default: what the AWS configuration says]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Print lines of JSON instead of text; the first says the version of the format
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented blueprint to begin with
    Init(Init),
    /// Check a blueprint and all its environments, without any cloud
    Validate,
    /// Show what would change, and why
    Plan(Plan),
    /// Make it so; goes on where an interrupted run stopped
    Apply(Apply),
    /// Remove everything
    Destroy(Destroy),
    /// Show what is protected from deletion, or lift it
    Protect(Protect),
    /// Show endpoints and other outputs
    Output(Output),
    /// Show clones, databases, caches and queues at a glance
    Status,
    /// Look at the state, or bring back one that was lost
    #[command(subcommand)]
    State(State),
    /// Print the JSON Schema of blueprints, for editors
    Schema,
    /// A local AWS to try everything on
    #[command(subcommand)]
    Local(Local),
    /// The whole story on a local AWS: deploy, look, change, destroy
    Demo(Demo),
}

/// Write a commented blueprint to begin with.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pando init
  pando init --template worker --stack reports
  pando init --state s3://acme-state/pando   state for a team, in a bucket that is made and tried out

A file that is there already is never written over.")]
pub struct Init {
    /// What the blueprint describes
    #[arg(short, long, value_enum, default_value_t = Template::Web)]
    pub template: Template,
    /// The stack's name, with which all its names in AWS begin: small letters, digits and hyphens [default: the folder's name]
    #[arg(short, long, value_name = "NAME")]
    pub stack: Option<String>,
    /// Keep the state in this bucket, `s3://BUCKET/PREFIX`. It is made if there is none: with versions, encrypted, not public, with TLS only; and it
    /// is tried out whether it keeps its word about conditions [default: in a folder beside the blueprint]
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
}

/// What to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// Web servers, database, cache and workers
    Web,
    /// Web servers alone
    Api,
    /// Workers and their queue
    Worker,
    /// A database with replicas
    Database,
}

/// Show what would change, and why.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pando plan
  pando plan --env dev --detailed-exitcode   in a script: 2 if there is something to do
  pando plan --out shop.plan                 for somebody to look at, and for `pando apply shop.plan`

A plan changes nothing, neither in AWS nor in the state. `+` creates, `~` changes, `±` replaces, `-` deletes; `(holds data)` marks what is lost \
with the data in it.")]
pub struct Plan {
    /// End with exit code 2 instead of 0 if there is something to do
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Save the plan, to be carried out later exactly as it was shown: `pando apply FILE`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Ask AWS anew for this, instead of using the answer that the first apply pinned; can be given twice
    #[arg(long, value_enum, value_name = "WHAT")]
    pub renew: Vec<Renew>,
}

/// An answer that is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Renew {
    /// The newest image that `image` stands for; all clones are rolled over to it
    Image,
    /// The availability zones of the region
    Zones,
}

/// Make it so.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pando apply                                shows the plan and asks
  pando apply --env prod --yes               in a script
  pando apply --yes --confirm shop           also where a database, cache, queue or password is deleted or replaced
  pando apply --renew image                  rolls all clones over to the newest image
  pando apply shop.plan                      what `pando plan --out shop.plan` showed, once

Ctrl-C once: calls under way are answered and written down, and no more are sent. The next apply goes on where this one stopped.")]
pub struct Apply {
    /// A plan that `pando plan --out FILE` saved: does exactly that, without asking, or nothing if anything is different by now
    #[arg(value_name = "FILE", conflicts_with = "renew")]
    pub plan: Option<PathBuf>,
    /// Do not ask before the plan is carried out; needed where there is no terminal
    #[arg(short, long, alias = "auto-approve")]
    pub yes: bool,
    /// The stack's name, with the environment's: data may be deleted. Needed beside `--yes` for a plan that deletes or replaces what holds data
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// Ask AWS anew for this, instead of using the answer that the first apply pinned; can be given twice
    #[arg(long, value_enum, value_name = "WHAT")]
    pub renew: Vec<Renew>,
}

/// Remove everything.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pando destroy                              shows what goes, and asks for the stack's name
  pando destroy --env dev --confirm shop-dev

What the blueprint protects is not removed, nor is anything else then. In the end a search by tag proves that nothing is left.")]
pub struct Destroy {
    /// The stack's name, with the environment's, instead of typing it; needed where there is no terminal
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// Show what is protected from deletion, or lift it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pando protect                                     what is protected, and by what
  pando protect --release db_instance/primary       shows the plan, and asks for the stack's name
  pando protect --release queue/jobs queue/jobs_dead --confirm shop

`protect` in the blueprint protects, from the next apply on. Deleting a block from the blueprint does not lift its protection; this does, in a step \
of its own, so that nothing goes by mistake. The next `pando apply` may then remove or replace it.")]
pub struct Protect {
    /// Lift the protection of these: in the state, and in AWS where it has a lock of its own
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    pub release: Vec<Address>,
    /// The stack's name, with the environment's, instead of typing it; needed where there is no terminal
    #[arg(long, value_name = "NAME", requires = "release")]
    pub confirm: Option<String>,
}

/// Show endpoints and other outputs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pando output
  curl \"$(pando output url)\"")]
pub struct Output {
    /// Print the value of this one only, without its name [default: all, with their names]
    pub name: Option<String>,
}

/// A local AWS.
#[derive(Debug, Subcommand)]
pub enum Local {
    /// Start a local AWS that stays, and print the variables that lead to it
    Start(LocalStart),
    /// Stop every local AWS that was started; everything in them is gone
    Stop,
    /// Be the simulator: what `start` starts
    #[command(hide = true)]
    Serve(LocalServe),
}

/// Start a local AWS.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eval \"$(pando local start)\" && pando apply
  eval \"$(pando local start --speed 1)\"      a database takes its six minutes, as on AWS
  eval \"$(pando local start --emulator moto)\"

The simulator is part of Pando. The others are installed once, from PyPI, into PANDO_CACHE [default: your cache folder], with the Python that \
PANDO_PYTHON names [default: python3]. All of them listen on 127.0.0.1 only.")]
pub struct LocalStart {
    /// Which one
    #[arg(long, value_enum, default_value_t = EmulatorName::Simulator)]
    pub emulator: EmulatorName,
    /// How much faster than on AWS time passes in the simulator
    #[arg(long, value_name = "TIMES", default_value_t = 60.0)]
    pub speed: f64,
    /// The port it listens on; that of MiniStack beside moto is always a free one [default: a free one]
    #[arg(long)]
    pub port: Option<u16>,
}

/// Be the simulator.
#[derive(Debug, Args)]
pub struct LocalServe {
    /// The port to listen on
    #[arg(long)]
    pub port: u16,
    /// How much faster than on AWS time passes
    #[arg(long)]
    pub speed: f64,
    /// End when this file is gone
    #[arg(long)]
    pub note: PathBuf,
}

/// What stands in for AWS on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EmulatorName {
    /// Pando's own simulator; needs nothing
    Simulator,
    /// moto, with MiniStack for the cache
    Moto,
    /// MiniStack alone
    Ministack,
    /// LocalStack's last community edition
    Localstack,
}

/// The whole story on a local AWS.
#[derive(Debug, Args)]
pub struct Demo {
    /// Leave the stack and the local AWS up, and say how to go on
    #[arg(long)]
    pub keep: bool,
    /// What stands in for AWS
    #[arg(long, value_enum, default_value_t = EmulatorName::Simulator)]
    pub emulator: EmulatorName,
}

impl Renew {
    /// The name of the question.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Zones => "zones",
        }
    }
}
