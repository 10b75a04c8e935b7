//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Deploys scalable web services on AWS virtual machines: one YAML blueprint, planned, applied and kept that way.
#[derive(Debug, Parser)]
#[command(name = "pando", version, propagate_version = true, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 fine, 1 failed, 2 changes pending (with --detailed-exitcode), 3 partly applied (run again), \
4 credentials, 5 locked, 6 refused by protection, 64 wrong usage, 130 interrupted.\n\nTo try it without an AWS account: pando demo"
)]
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
pub struct Global {
    /// The blueprint [default: pando.yaml here or in a folder above]
    #[arg(short, long, global = true, value_name = "FILE", env = "PANDO_FILE")]
    pub file: Option<PathBuf>,
    /// The environment of the blueprint
    #[arg(short, long, global = true, value_name = "NAME", env = "PANDO_ENV")]
    pub env: Option<String>,
    /// Send all calls there instead of to AWS (an emulator)
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Write lines of JSON to standard output
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
    /// Show endpoints and other outputs
    Output(Output),
    /// Show clones, databases, caches and queues at a glance
    Status,
    /// Print the JSON Schema of blueprints, for editors
    Schema,
    /// A local AWS emulator to try everything on
    #[command(subcommand)]
    Local(Local),
    /// The whole story on a local emulator: deploy, look, change, destroy
    Demo(Demo),
}

/// Write a commented blueprint to begin with.
#[derive(Debug, Args)]
pub struct Init {
    /// What to begin with
    #[arg(short, long, value_enum, default_value_t = Template::Web)]
    pub template: Template,
    /// The stack's name [default: the folder's name]
    #[arg(short, long, value_name = "NAME")]
    pub stack: Option<String>,
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
pub struct Plan {
    /// End with 2 if there is something to do
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Ask AWS again instead of using the pinned answer
    #[arg(long, value_enum, value_name = "WHAT")]
    pub renew: Vec<Renew>,
}

/// An answer that is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Renew {
    /// The image that clones boot from
    Image,
    /// The availability zones
    Zones,
}

/// Make it so.
#[derive(Debug, Args)]
pub struct Apply {
    /// Do not ask
    #[arg(short, long, alias = "auto-approve")]
    pub yes: bool,
    /// Ask AWS again instead of using the pinned answer
    #[arg(long, value_enum, value_name = "WHAT")]
    pub renew: Vec<Renew>,
}

/// Remove everything.
#[derive(Debug, Args)]
pub struct Destroy {
    /// The stack's name, instead of typing it
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// Show endpoints and other outputs.
#[derive(Debug, Args)]
pub struct Output {
    /// Only this one, without its name
    pub name: Option<String>,
}

/// A local AWS emulator.
#[derive(Debug, Subcommand)]
pub enum Local {
    /// Start it, and print how to use it
    Start(LocalStart),
    /// Stop it; everything in it is gone
    Stop,
}

/// Start a local emulator.
#[derive(Debug, Args)]
pub struct LocalStart {
    /// Which one
    #[arg(long, value_enum, default_value_t = EmulatorName::Moto)]
    pub emulator: EmulatorName,
    /// The port [default: a free one]
    #[arg(long)]
    pub port: Option<u16>,
}

/// An emulator that others wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EmulatorName {
    /// moto, with MiniStack for the cache
    Moto,
    /// MiniStack alone
    Ministack,
    /// LocalStack's last community edition
    Localstack,
}

/// The whole story on a local emulator.
#[derive(Debug, Args)]
pub struct Demo {
    /// Leave the stack and the emulator up, and say how to go on
    #[arg(long)]
    pub keep: bool,
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
