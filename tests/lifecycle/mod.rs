//! Whole stacks, by the real binary on emulators that others wrote: up, nothing to do, changed, nothing to do, down, nothing left.

mod localstack;
mod ministack;
mod witness;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::command::Sandbox;
use crate::support::documents::ready_made;
use crate::support::emulator::{Emulators, REGION};

use witness::Witness;

/// What is changed in a blueprint, and exactly what that must lead to: `update queue/jobs`.
struct Change {
    edits: &'static [(&'static str, &'static str)],
    steps: &'static [&'static str],
}

/// A blueprint that has been written, and the emulators it is applied to.
struct Trial {
    emulators: Emulators,
    sandbox: Sandbox,
    stack: String,
    text: String,
}

impl Trial {
    fn new(emulators: Emulators, text: String) -> Self {
        let sandbox = emulators.environment().iter().fold(Sandbox::with(&text), |sandbox, (k, v)| sandbox.set(k, v));
        let stack = text.lines().find_map(|line| line.strip_prefix("stack: ")).unwrap().to_owned();
        Self { emulators, sandbox, stack, text }
    }

    fn edit(&mut self, edits: &[(&str, &str)]) {
        for (from, to) in edits {
            assert_eq!(self.text.matches(from).count(), 1, "`{from}` in\n{}", self.text);
            self.text = self.text.replace(from, to);
        }
        self.sandbox.write("pando.yaml", &self.text);
    }

    /// Applies, and plans again: nothing may be left to do.
    async fn applied(&self) {
        self.sandbox.run(&["apply", "--yes", "--confirm", &self.stack]).await.expect(0, &["Done: "]);
        self.sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
    }

    /// The steps of a plan, `update queue/jobs`.
    async fn planned(&self) -> BTreeSet<String> {
        let ended = self.sandbox.run(&["plan", "--json"]).await;
        let lines = ended.expect(0, &[]).json();
        let plan = lines.iter().find(|line| line["type"] == "plan").unwrap();
        let steps = plan["steps"].as_object().unwrap().iter();
        steps
            .map(|(at, step)| format!("{} {}", step["action"].as_str().unwrap(), at.split('@').next().unwrap()))
            .collect()
    }

    /// Plans exactly these steps, and applies them.
    async fn change(&mut self, change: &Change) {
        self.edit(change.edits);
        let expected: BTreeSet<String> = change.steps.iter().map(ToString::to_string).collect();
        assert_eq!(self.planned().await, expected);
        self.applied().await;
    }

    /// A stack for production has to be let go first.
    async fn unprotect(&mut self) {
        let confirm = ["destroy", "--confirm", &self.stack];
        self.sandbox.run(&confirm).await.expect(6, &["protect", "nothing was changed"]);
        let line = format!("stack: {}\n", self.stack);
        let without = format!("{line}protect: []\n");
        self.edit(&[(&line, &without)]);
        self.applied().await;
    }

    /// Destroys, and asks the emulators themselves what is left.
    async fn destroyed(&self) {
        let ended = self.sandbox.run(&["destroy", "--confirm", &self.stack]).await;
        ended.expect(0, &["found nothing left"]);
        let state: Value =
            serde_json::from_str(&self.sandbox.text(&format!(".pando/{}/state.json", self.stack))).unwrap();
        assert_eq!(state["state"]["records"], serde_json::json!({}));
        let witness = self.witness().await;
        assert_eq!(witness.leftovers().await, Vec::<String>::new());
    }

    async fn witness(&self) -> Witness {
        Witness::new(self.emulators.connect(REGION).await, &self.stack)
    }
}

async fn a_web_service_goes_up_grows_and_goes_down(emulators: Emulators) {
    let mut trial = Trial::new(emulators, ready_made("web-service", &[]));
    trial.applied().await;
    let witness = trial.witness().await;
    witness.clones_are_in_service(2).await;
    witness.templates_are_hardened().await;
    witness.replicas_copy_the_primary(2).await;
    witness.rules_let_in_whom_they_should().await;
    witness.alarms_read_the_right_queue("thumbnails").await;
    witness.no_password_was_written_down(&trial.sandbox).await;
    let growth = Change {
        edits: &[
            ("clones: { min: 2, max: 12 }", "clones: { min: 4, max: 12 }"),
            ("GiB\n  replicas: 2", "GiB\n  replicas: 3"),
            ("workers:\n", "workers:\n  emails: { instance: t4g.small, clones: { min: 1, max: 5 } }\n"),
        ],
        steps: &[
            "create alarm/worker-emails_late",
            "create autoscaling_group/worker-emails",
            "create db_replica/replica-3",
            "create launch_template/worker-emails",
            "create parameter/queue-emails",
            "create queue/emails",
            "create queue/emails_dead",
            "create scaling_policy/worker-emails",
            "update autoscaling_group/web",
            "update parameter/database-readers",
            "update role/web",
            "update role/worker",
        ],
    };
    trial.change(&growth).await;
    let witness = trial.witness().await;
    witness.clones_are_in_service(4).await;
    witness.replicas_copy_the_primary(3).await;
    witness.alarms_read_the_right_queue("emails").await;
    trial.unprotect().await;
    trial.destroyed().await;
}

async fn a_web_tier_changes_what_it_follows_and_where_it_listens(emulators: Emulators) {
    let mut trial = Trial::new(emulators, ready_made("web-only", &[]));
    trial.applied().await;
    trial.witness().await.clones_are_in_service(2).await;
    let follow = Change {
        edits: &[("scale: { requests_per_clone: 1000 }", "scale: { cpu: 60% }"), ("health: /\n", "health: /healthz\n")],
        steps: &["update scaling_policy/web", "update target_group/web"],
    };
    trial.change(&follow).await;
    // A target group keeps its port: another is made and taken into use before the old one goes, and so are the rules that name the port.
    let listen = Change {
        edits: &[("health: /healthz\n", "health: /healthz\n  port: 9000\n")],
        steps: &[
            "create security_rule/load-balancer-to-web",
            "create security_rule/web-from-load-balancer",
            "create target_group/web",
            "delete security_rule/load-balancer-to-web",
            "delete security_rule/web-from-load-balancer",
            "delete target_group/web",
            "update autoscaling_group/web",
            "update listener/http",
        ],
    };
    trial.edit(listen.edits);
    assert_eq!(trial.planned().await.len(), 8, "each replacement has a step for either life");
    trial.applied().await;
    trial.unprotect().await;
    trial.destroyed().await;
}

async fn workers_get_another_promise(emulators: Emulators) {
    let mut trial = Trial::new(emulators, ready_made("worker-only", &[]));
    trial.applied().await;
    trial.witness().await.alarms_read_the_right_queue("reports").await;
    let promise = Change {
        edits: &[("latency: 5m ", "latency: 10m "), ("visibility: 10m ", "visibility: 20m ")],
        steps: &[
            "update alarm/worker-reports_late",
            "update queue/reports",
            "update queue/reports_dead",
            "update scaling_policy/worker-reports",
        ],
    };
    trial.change(&promise).await;
    trial.unprotect().await;
    trial.destroyed().await;
}

async fn a_database_gets_more_of_everything(emulators: Emulators) {
    let mut trial = Trial::new(emulators, ready_made("database-only", &[]));
    trial.applied().await;
    trial.witness().await.replicas_copy_the_primary(1).await;
    let more = Change {
        edits: &[
            ("class: db.t4g.medium", "class: db.t4g.large"),
            ("storage: 50 GiB", "storage: 60 GiB"),
            ("14d", "21d"),
        ],
        steps: &["update db_instance/primary", "update db_replica/replica-1"],
    };
    trial.change(&more).await;
    // What has grown stays: asking for less storage is not a change.
    trial.edit(&[("storage: 60 GiB", "storage: 50 GiB")]);
    let recorded = trial.planned().await;
    assert_eq!(recorded, BTreeSet::from(["record db_instance/primary".to_owned()]));
    trial.applied().await;
    trial.unprotect().await;
    trial.destroyed().await;
}

/// The same trials, wherever AWS is stood in for.
macro_rules! on {
    ($place:ident, $emulators:expr) => {
        mod $place {
            use crate::support::emulator::Emulators;

            #[tokio::test]
            async fn a_web_service_goes_up_grows_and_goes_down() {
                super::a_web_service_goes_up_grows_and_goes_down($emulators.await).await;
            }

            #[tokio::test]
            async fn a_web_tier_changes_what_it_follows_and_where_it_listens() {
                super::a_web_tier_changes_what_it_follows_and_where_it_listens($emulators.await).await;
            }

            #[tokio::test]
            async fn workers_get_another_promise() {
                super::workers_get_another_promise($emulators.await).await;
            }

            #[tokio::test]
            async fn a_database_gets_more_of_everything() {
                super::a_database_gets_more_of_everything($emulators.await).await;
            }
        }
    };
}

on!(moto_and_ministack, Emulators::pair());
on!(the_simulator, Emulators::simulator());
