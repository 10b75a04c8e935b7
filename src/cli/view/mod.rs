//! What users see. Results go to standard output, everything else to standard error.

pub mod diagnostics;
pub mod escape;
mod field_text;
pub mod json;
pub mod out;
pub mod plan_text;
pub mod progress;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;

use serde_json::json;

use self::escape::escape;
use self::json::JsonLines;
use self::progress::Progress;
use super::error::CommandError;
use crate::blueprint::diagnostic::{Diagnostic, Source};
use crate::engine::address::Incarnation;
use crate::engine::deployment::Report;
use crate::engine::event::Listener;
use crate::engine::plan::Plan;
use crate::engine::planner::ProtectedResource;

/// How results are shown.
#[derive(Clone, Copy, Debug)]
pub enum View {
    /// To people.
    Human,
    /// To machines.
    Json(JsonLines),
}

impl View {
    /// For people, or for machines if they asked.
    pub fn new(json: bool) -> Self {
        if json { Self::Json(JsonLines::begin()) } else { Self::Human }
    }

    /// Whoever is told of a run's events.
    pub fn listener(self) -> Box<dyn Listener> {
        match self {
            Self::Human => Box::new(Progress::new()),
            Self::Json(lines) => Box::new(lines),
        }
    }

    /// Says something that is not a result.
    pub fn note(self, text: &str) {
        match self {
            Self::Human => out::error_line(text),
            Self::Json(lines) => lines.write("note", &json!({ "text": text })),
        }
    }

    /// Shows mistakes of a blueprint.
    pub fn diagnostics(self, source: &Source, diagnostics: &[Diagnostic]) {
        if diagnostics.is_empty() {
            return;
        }
        match self {
            Self::Human => {
                let styled = std::io::stderr().is_terminal();
                out::error_line(&format!("{}\n", diagnostics::render(source, diagnostics, styled)));
            }
            Self::Json(lines) => {
                for diagnostic in diagnostics {
                    let (line, column) = source.position(diagnostic.span.start);
                    let place =
                        json!({ "file": source.name, "line": line, "column": column, "diagnostic": diagnostic });
                    lines.write("diagnostic", &place);
                }
            }
        }
    }

    /// Shows a plan, and which of its steps end data.
    pub fn plan(self, plan: &Plan, lost: &BTreeSet<Incarnation>) {
        match self {
            Self::Human => out::line(&plan_text::text(plan, lost)),
            Self::Json(lines) => {
                lines.write("plan", &json!({ "totals": plan.totals(), "steps": plan, "lost_data": lost }));
            }
        }
    }

    /// Shows only how much a plan does.
    pub fn totals(self, plan: &Plan) {
        match self {
            Self::Human => out::line(&plan_text::totals(&plan.totals())),
            Self::Json(lines) => lines.write("totals", &json!({ "totals": plan.totals() })),
        }
    }

    /// Shows what is protected, and what the blueprint says of it.
    pub fn protected(self, all: &[(ProtectedResource, Option<&'static str>)]) {
        match self {
            Self::Human if all.is_empty() => out::line("Nothing is protected."),
            Self::Human => {
                for (resource, remark) in all {
                    let remark = remark.map(|remark| format!("; {remark}")).unwrap_or_default();
                    out::line(&format!("{}{remark}", escape(&resource.to_string())));
                }
            }
            Self::Json(lines) => {
                let member = |(resource, remark): &(ProtectedResource, Option<&str>)| {
                    let (of, text) = (&resource.incarnation, resource.to_string());
                    json!({ "incarnation": of, "text": text, "remark": remark })
                };
                lines.write("protected", &json!({ "protected": all.iter().map(member).collect::<Vec<_>>() }));
            }
        }
    }

    /// Shows names and values.
    pub fn outputs(self, outputs: &[(String, Option<String>)]) {
        match self {
            Self::Human => {
                let width = outputs.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
                for (name, value) in outputs {
                    let value = value.as_deref().map_or_else(|| "(known after apply)".to_owned(), escape);
                    out::line(&format!("{name:width$}  {value}"));
                }
            }
            Self::Json(lines) => {
                let members = outputs.iter().map(|(name, value)| (name.clone(), json!(value)));
                lines.write("outputs", &json!({ "outputs": members.collect::<serde_json::Map<_, _>>() }));
            }
        }
    }

    /// Shows how a run ended.
    pub fn report(self, report: &Report) {
        match self {
            Self::Human => out::error_line(&report_text(report)),
            Self::Json(lines) => {
                let names = |set: &mut dyn Iterator<Item = String>| set.collect::<Vec<_>>();
                let failed = report.failed.iter().map(|(at, why)| (at.to_string(), json!(why.to_string())));
                lines.write(
                    "result",
                    &json!({
                        "complete": report.is_complete(),
                        "stopped": report.stopped,
                        "expired": report.expired,
                        "done": names(&mut report.done.iter().map(ToString::to_string)),
                        "left": names(&mut report.left.iter().map(ToString::to_string)),
                        "unproved": names(&mut report.unproved.iter().map(ToString::to_string)),
                        "failed": failed.collect::<serde_json::Map<_, _>>(),
                    }),
                );
            }
        }
    }

    /// Shows an error and what to do about it.
    pub fn error(self, error: &CommandError) {
        match self {
            Self::Human => {
                let (red, reset) = (anstyle::AnsiColor::Red.on_default().bold(), anstyle::Reset);
                out::error_line(&format!("{red}error{reset}: {}", escape(&error.message)));
                for hint in &error.hints {
                    out::error_line(&format!("  hint: {}", escape(hint)));
                }
            }
            Self::Json(lines) => {
                let code = error.exit.code();
                lines.write("error", &json!({ "message": error.message, "hints": error.hints, "exit_code": code }));
            }
        }
    }
}

fn report_text(report: &Report) -> String {
    if report.is_complete() {
        return format!("Done: {} steps.", report.done.len());
    }
    let mut lines = vec![format!(
        "{}: {} done, {} failed, {} not begun.",
        if report.stopped || report.expired.is_some() { "Stopped" } else { "Partly done" },
        report.done.len(),
        report.failed.len() + report.unproved.len(),
        report.left.len(),
    )];
    if !report.left.is_empty() {
        let left: Vec<String> = report.left.iter().map(|at| escape(&at.address.to_string())).collect();
        lines.push(format!("Left to do: {}", left.join(", ")));
    }
    if report.expired.is_some() {
        lines.push(
            "The credentials have expired: renew them first (`aws sso login`, or whatever gave you them).".into(),
        );
    }
    lines.push("Everything that was done is recorded; run the same command again to go on.".into());
    lines.join("\n")
}
