//! `pando demo`: the whole story on a local AWS, in one command: deploy, look, change, destroy, and proof that nothing is left.

#![expect(clippy::disallowed_methods, reason = "it writes the blueprint of the demo")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::apply::{Terms, apply};
use super::destroy::destroy;
use super::plan::plan;
use super::status;
use crate::aws::clients::{Access, Aws, Target};
use crate::aws::resources::registry;
use crate::cli::args::{Demo, EmulatorName, Global};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Exit};
use crate::cli::local_aws::{LocalAws, Wish, cache_folder, names};
use crate::cli::view::View;
use crate::cli::view::progress::seconds;
use crate::emulators;
use crate::engine::deployment::stopped;

/// What is deployed.
const BLUEPRINT: &str = include_str!("../../../blueprints/web-service.yaml");
/// How much faster than on AWS time passes in the simulator: six minutes take little more than half a second.
const SPEED: f64 = 600.0;
/// Its stack.
const STACK: &str = "shop";

/// A piece of the blueprint, what takes its place, and what that means.
struct Edit {
    from: &'static str,
    to: &'static str,
    means: &'static str,
}

/// The change that is shown.
const GROWTH: [Edit; 3] = [
    Edit { from: "clones: { min: 2, max: 12 }", to: "clones: { min: 4, max: 12 }", means: "four web servers, not two" },
    Edit { from: "GiB\n  replicas: 2", to: "GiB\n  replicas: 3", means: "a third read replica" },
    Edit {
        from: "workers:\n",
        to: "workers:\n  emails: { instance: t4g.small, clones: { min: 1, max: 5 } }\n",
        means: "a second group of workers, with a queue of its own",
    },
];

/// Without it, a stack for production refuses to be destroyed.
const FAREWELL: [Edit; 1] =
    [Edit { from: "stack: shop\n", to: "stack: shop\nprotect: []\n", means: "nothing is protected any more" }];

/// Tells the story. Ends it at once when the user stops it, for all of it is thrown away anyway.
pub async fn run(global: Global, args: Demo, stop: watch::Receiver<bool>) -> Result<Exit, CommandError> {
    if global.file.is_some() || global.env.is_some() || global.endpoint_url.is_some() {
        let odd = CommandError::new("the demo brings its own blueprint and its own AWS");
        return Err(odd
            .exit(Exit::Usage)
            .hint("leave out --file, --env and --endpoint-url (and PANDO_FILE, PANDO_ENV)"));
    }
    let (cache, view) = (cache_folder()?, View::new(global.json));
    let ran_before = runs(&cache).await;
    let wish = Wish { emulator: args.emulator, speed: SPEED, port: None, stays: args.keep, cache: &cache };
    let result = tokio::select! {
        result = play(&wish, ran_before, view, stop.clone()) => result,
        () = stopped(stop.clone()) => Err(CommandError::new("stopped").exit(Exit::Interrupted)),
    };
    if args.keep && !ran_before && !matches!(result, Ok(Exit::Fine)) {
        for name in names() {
            emulators::stop_detached(name, &cache).await?;
        }
    }
    result
}

/// Whether a local AWS was started to stay.
async fn runs(cache: &Path) -> bool {
    for name in names() {
        if emulators::detached(name, cache).await.is_some() {
            return true;
        }
    }
    false
}

async fn play(
    wish: &Wish<'_>,
    ran_before: bool,
    view: View,
    stop: watch::Receiver<bool>,
) -> Result<Exit, CommandError> {
    let began = Instant::now();
    let setting_up = match wish.emulator {
        EmulatorName::Simulator => "1. Setting up a local AWS: Pando's simulator, on 127.0.0.1 only",
        _ => "1. Setting up a local AWS: emulators in Python, pinned, on 127.0.0.1 only",
    };
    let stage = step(view, setting_up, Stage::set(wish, ran_before, view, stop)).await?;
    step(view, "2. Deploying a web service: load balancer, clones, database, cache, workers", stage.deploy()).await?;
    step(view, "3. Looking at it", stage.look()).await?;
    step(view, "4. Planning again: there must be nothing to do", stage.plan_again()).await?;
    step(view, "5. Changing it", stage.grow()).await?;
    if wish.stays {
        stage.say_how_to_go_on();
        return Ok(Exit::Fine);
    }
    step(view, "6. Destroying it: refused, because production is protected", stage.be_refused()).await?;
    step(view, "7. Lifting the protection, which is a change like any other", stage.unprotect()).await?;
    step(view, "8. Destroying it, and looking for leftovers", stage.destroy()).await?;
    drop(stage);
    view.note(&format!("\nThe local AWS is stopped. All of it took {}.", seconds(began.elapsed())));
    view.note("Next: `pando init` writes a blueprint of your own, `pando local start` keeps a local AWS running.");
    Ok(Exit::Fine)
}

/// One step of the story: what is done, and how long it took.
async fn step<T>(
    view: View,
    title: &str,
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    view.note(&format!("\n{title}"));
    let began = Instant::now();
    let done = work.await?;
    view.note(&format!("   took {}", seconds(began.elapsed())));
    Ok(done)
}

/// Where the story plays: a local AWS, and a folder with a blueprint.
struct Stage {
    view: View,
    folder: PathBuf,
    target: Target,
    stop: watch::Receiver<bool>,
    // Both end when these are dropped.
    _aws: LocalAws,
    _temporary: Option<tempfile::TempDir>,
}

impl Stage {
    async fn set(
        wish: &Wish<'_>,
        ran_before: bool,
        view: View,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, CommandError> {
        let kept = wish.stays.then(|| kept_folder(wish.cache, ran_before)).transpose()?;
        let (folder, temporary) = kept.map_or_else(temporary_folder, |folder| Ok((folder, None)))?;
        let mut tell = |text: &str| view.note(&format!("   {text}"));
        let aws = LocalAws::start(wish, &mut tell).await?;
        let stage = Self { view, folder, target: aws.target("eu-west-1"), stop, _aws: aws, _temporary: temporary };
        stage.write(BLUEPRINT)?;
        Ok(stage)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("pando.yaml")
    }

    fn write(&self, blueprint: &str) -> Result<(), CommandError> {
        let path = self.file();
        std::fs::write(&path, blueprint)
            .map_err(|e| CommandError::new(format!("could not write {}: {e}", path.display())))
    }

    fn context(&self) -> Result<Context, CommandError> {
        let global = Global { file: Some(self.file()), json: matches!(self.view, View::Json(_)), ..Global::default() };
        Ok(Context::load(&global, self.stop.clone())?.with_target(self.target.clone()))
    }

    async fn connect(&self, access: Access) -> Result<(Context, Arc<Aws>), CommandError> {
        let context = self.context()?;
        let cloud = Arc::new(context.connect(access).await?);
        Ok((context, cloud))
    }

    async fn deploy(&self) -> Result<(), CommandError> {
        self.apply(true).await
    }

    async fn apply(&self, brief: bool) -> Result<(), CommandError> {
        let (context, cloud) = self.connect(Access::Write).await?;
        let terms = Terms { yes: true, brief, ..Terms::default() };
        complete(Box::pin(apply(&context, Arc::clone(&cloud), &terms)).await?)?;
        self.say_calls(&cloud);
        Ok(())
    }

    async fn look(&self) -> Result<(), CommandError> {
        let (context, cloud) = self.connect(Access::Read).await?;
        Box::pin(status::status(&context, &cloud)).await
    }

    async fn plan_again(&self) -> Result<(), CommandError> {
        let (context, cloud) = self.connect(Access::Read).await?;
        let plan = Box::pin(plan(&context, Arc::clone(&cloud), &[])).await?.plan;
        self.view.plan(&plan, &plan.lost_data(&registry().rules()));
        self.say_calls(&cloud);
        if plan.is_empty() {
            return Ok(());
        }
        Err(CommandError::new("a plan right after an apply is not empty")
            .hint("this is a fault in Pando; please report it"))
    }

    async fn grow(&self) -> Result<(), CommandError> {
        self.edit(&GROWTH)?;
        self.apply(false).await?;
        self.look().await
    }

    async fn be_refused(&self) -> Result<(), CommandError> {
        let (context, cloud) = self.connect(Access::Write).await?;
        match Box::pin(destroy(&context, cloud, Some(STACK), true)).await {
            Err(refusal) if refusal.exit == Exit::Refused => {
                self.view.note(&format!("   {}", refusal.message));
                Ok(())
            }
            Err(other) => Err(other),
            Ok(_) => {
                Err(CommandError::new("a protected stack was destroyed")
                    .hint("this is a fault in Pando; please report it"))
            }
        }
    }

    async fn unprotect(&self) -> Result<(), CommandError> {
        self.edit(&FAREWELL)?;
        self.apply(true).await
    }

    async fn destroy(&self) -> Result<(), CommandError> {
        let (context, cloud) = self.connect(Access::Write).await?;
        complete(Box::pin(destroy(&context, Arc::clone(&cloud), Some(STACK), true)).await?)?;
        self.say_calls(&cloud);
        Ok(())
    }

    fn edit(&self, edits: &[Edit]) -> Result<(), CommandError> {
        let path = self.file();
        let text = std::fs::read_to_string(&path)
            .map_err(|e| CommandError::new(format!("could not read {}: {e}", path.display())))?;
        for edit in edits {
            self.view.note(&format!("   in the blueprint: {}", edit.means));
        }
        self.write(&edited(&text, edits))
    }

    fn say_calls(&self, cloud: &Aws) {
        self.view.note(&format!("   {} calls to AWS", cloud.calls().values().sum::<u64>()));
    }

    fn say_how_to_go_on(&self) {
        let pando = std::env::current_exe().map_or_else(|_| "pando".to_owned(), |path| path.display().to_string());
        let lines = [
            "\nThe stack and the local AWS are up. To go on:".to_owned(),
            format!("  alias pando={pando}"),
            "  eval \"$(pando local start)\"            # where the local AWS answers".to_owned(),
            format!("  cd {}", self.folder.display()),
            "  pando status                           # or plan, output, apply after an edit of pando.yaml".to_owned(),
            "  pando local stop                       # everything is gone".to_owned(),
        ];
        self.view.note(&lines.join("\n"));
    }
}

/// What must have come to its end.
fn complete(exit: Exit) -> Result<(), CommandError> {
    match exit {
        Exit::Fine => Ok(()),
        Exit::Interrupted => Err(CommandError::new("stopped").exit(Exit::Interrupted)),
        exit => Err(CommandError::new("the demo ends here, because not everything could be done").exit(exit)),
    }
}

fn temporary_folder() -> Result<(PathBuf, Option<tempfile::TempDir>), CommandError> {
    let folder = tempfile::Builder::new().prefix("pando-demo-").tempdir();
    let folder = folder.map_err(|e| CommandError::new(format!("could not make a temporary folder: {e}")))?;
    Ok((folder.path().to_owned(), Some(folder)))
}

/// The folder of a demo that is kept, empty. There is one at a time.
fn kept_folder(cache: &Path, ran_before: bool) -> Result<PathBuf, CommandError> {
    let folder = cache.join("demo");
    if folder.exists() && ran_before {
        let kept = CommandError::new(format!("a demo that was kept is still up, in {}", folder.display()));
        return Err(kept.hint("go on there, or end it with `pando local stop`"));
    }
    let failed = |e| CommandError::new(format!("could not prepare {}: {e}", folder.display()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(failed)?;
    }
    std::fs::create_dir_all(&folder).map_err(failed)?;
    Ok(folder)
}

fn edited(blueprint: &str, edits: &[Edit]) -> String {
    edits.iter().fold(blueprint.to_owned(), |text, edit| text.replacen(edit.from, edit.to, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::Blueprint;
    use crate::blueprint::diagnostic::Source;

    #[test]
    fn every_edit_finds_its_place_and_leaves_a_sound_blueprint() {
        let mut text = BLUEPRINT.to_owned();
        for edit in GROWTH.iter().chain(&FAREWELL) {
            assert_eq!(text.matches(edit.from).count(), 1, "{}", edit.from);
            text = edited(&text, std::slice::from_ref(edit));
        }
        let source = Source { name: "pando.yaml".into(), text };
        let (blueprint, _) = Blueprint::parse(&source, None).unwrap();
        assert_eq!(blueprint.name(), STACK);
    }
}
