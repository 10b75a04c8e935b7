//! Pando: one YAML blueprint becomes a scalable web service on AWS virtual machines, and is kept that way.
//!
//! # The map
//!
//! In the order of the arrows; each module imports only from those after it.
//!
//! - [`cli`]: verbs, arguments, views and exit codes. The only code that prints, reads the environment, or decides how the process ends.
//! - [`blueprint`]: YAML text to typed sections to a graph of desired resources. Pure: the same text and answers give the same graph.
//! - [`store`]: where a stack's state lives: snapshot, journal, backups and lock, in a folder or in a bucket.
//! - [`emulators`]: AWS emulators that others wrote, installed, started and stopped on this machine.
//! - [`simulator`]: an AWS in memory, for the demo, for trying things out, and for tests that crash. Knows nothing of Pando.
//! - [`aws`]: everything that knows Amazon: clients, what their errors mean, tags, look-ups, and one file for each kind of resource.
//! - [`engine`]: what a plan is, how it is made, and how it is carried out so that no crash loses or doubles anything. Knows no cloud and no file.
//!
//! The way of the data:
//!
//! ```text
//! pando.yaml ─parse→ Blueprint ─needs→ look-ups ─expand→ Graph of desired resources ┐
//! state + journal ─fold→ State ─resolve→ ─observe (one batched read per kind)→      ├─ planner (pure) → Plan → view
//!                                                                                   ┘        │
//!                        events → view  ←──────── execute (parallel, journalled) ←───────────┘
//! ```
//!
//! # On disk
//!
//! | what | whose |
//! |---|---|
//! | `.pando/<stack>/state.json` | [`store::file`]: the state at the end of the last run, with a checksum; replaced in one step |
//! | `.pando/<stack>/journal` | [`store::file`]: what happened since, one checksummed line for each append |
//! | `.pando/<stack>/state.<serial>.bak` | [`store::file`]: the last ten snapshots before |
//! | `.pando/<stack>/lock` | [`store::file`]: held by the kernel for whoever is at work |
//! | `.pando/<stack>/lost-<number>/` | [`store`]: what was left of a state in the place of which another was recovered |
//! | whatever `pando plan --out` names | [`store::saved_plan`]: a plan, and what must be the same when it is carried out |
//! | `.pando/<stack>/remote.json` | [`store::remote`]: that the folder is this machine's copy of a state in a bucket, and how far it goes |
//! | `.pando/<stack>/state.rescue-<serial>.json` | [`store::remote`]: what a run knew whose lock somebody else had taken over |
//! | `.pando/<stack>.<n>.stale/` | [`store::remote`]: a copy that was set aside, because others had gone on without it |
//! | `s3://bucket/prefix/<stack>/` | [`store::remote`]: `state.json`, `journal` and `lock` |
//! | `~/.cache/pando/emulators/` | [`emulators`]: their Python environments, logs, and notes of those that stay |
//! | `~/.cache/pando/emulators/demo/` | [`cli`]: the blueprint and state of `pando demo --keep` |
//!
//! # Where a change goes
//!
//! - a kind of resource: a file in [`aws::resources`], and its lines in the list there;
//! - a section of the blueprint: a file in [`blueprint::sections`], its field and its line in [`blueprint::Blueprint::expand`];
//! - a verb: a file in [`cli::commands`], its arguments in [`cli::args`], its line in the dispatch;
//! - a rule of the architecture: `tests/tidy.rs`, which keeps all of this true.

pub mod aws;
pub mod blueprint;
pub mod cli;
pub mod emulators;
pub mod engine;
pub mod simulator;
pub mod store;
