//! The blueprint: text in, typed sections, graph of resources out.
//!
//! Nothing here performs I/O. What the world must tell is asked for by [`Blueprint::needs`] and comes in as a value.

pub mod architecture;
pub mod decode;
pub mod diagnostic;
mod environments;
pub mod keeping;
pub mod schema;
pub mod sections;
pub mod syntax;
pub mod tag_value;
pub mod values;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;

use crate::aws::lookups::{Answers, Lookup};
use crate::aws::resources::parameter::Setting;
use crate::aws::tags::Tags;
use crate::engine::graph::{Graph, GraphError};

use decode::{Decode, Spanned, decode_fields, decode_words};
use diagnostic::{Diagnostic, Report, Source};
use keeping::Keeping;
use sections::cache::Cache;
use sections::database::Database;
use sections::image::Image;
use sections::network::Network;
use sections::surroundings::{self, Surroundings};
use sections::web::Web;
use sections::workers::Worker;
use sections::{Problems, cache, clones, database, network, web, workers};
use tag_value::TagValue;
use values::{Name, Region, StatePlace, TagKey};

/// A deployment of a web service on AWS: what should be there.
///
/// Sections are optional; a blueprint with only `workers`, or only a `database`, works. Everything that is not said has a default fit for
/// production.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Pando blueprint")]
pub struct Blueprint {
    /// The version of the blueprint language.
    pub pando: LanguageVersion,
    /// The stack's name. Names in AWS begin with it. With an environment, its name is added: `shop-prod`.
    pub stack: Spanned<Name>,
    /// The AWS region. Default: what the AWS configuration says.
    pub region: Option<Region>,
    /// Where the state is kept: a folder beside the blueprint, or `s3://bucket/prefix` for a team. Default: `.pando`.
    pub state: Option<StatePlace>,
    /// How careful to be. `prod`, the default, follows AWS's security standards and survives the loss of a zone; `dev` relaxes what costs
    /// money, and Pando prints what it relaxed.
    pub profile: Option<Profile>,
    /// What must be neither deleted nor replaced until it is taken off this list and applied. Default: in `prod` all of it, in `dev` nothing.
    pub protect: Option<Vec<Spanned<Protected>>>,
    /// Tags for everything that can have tags.
    pub tags: Option<BTreeMap<Spanned<TagKey>, TagValue>>,
    /// The private network that everything stands in.
    pub network: Option<Network>,
    /// The machine image that clones boot from. Needed for `web` and `workers`.
    pub image: Option<Image>,
    /// Identical servers behind a load balancer.
    pub web: Option<Web>,
    /// A relational database with read replicas.
    pub database: Option<Database>,
    /// An in-memory cache.
    pub cache: Option<Cache>,
    /// Groups of workers, each with a queue of its own, by name.
    pub workers: Option<BTreeMap<Spanned<Name>, Worker>>,
    /// What differs by environment, laid over the rest. Each environment is a stack of its own, `shop-prod`.
    #[schemars(with = "Option<BTreeMap<Name, schema::Overlay>>")]
    pub environments: Option<environments::Names>,
}

/// The version of the blueprint language. There is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LanguageVersion;

/// How careful to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Profile {
    /// Survives the loss of a zone, keeps backups, protects data.
    #[default]
    Prod,
    /// Cheap, and gone without asking twice.
    Dev,
}

/// What can be protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Protected {
    /// The load balancer, whose name clients know.
    Web,
    /// The primary database and its password.
    Database,
    /// The cache.
    Cache,
    /// The queues and what waits in them.
    Workers,
}

decode_words!(Profile, "a profile", { "prod" => Prod, "dev" => Dev });
decode_words!(Protected, "something that can be protected", {
    "web" => Web, "database" => Database, "cache" => Cache, "workers" => Workers,
});

/// A blueprint as a graph, and what it tells the outside.
#[derive(Debug)]
pub struct Expansion {
    /// The desired resources.
    pub graph: Graph,
    /// What is worth knowing of the stack, by name.
    pub outputs: Vec<(String, Setting)>,
}

/// What all sections need to know.
pub struct Stack<'a> {
    /// The full name, with the environment's.
    pub name: String,
    /// How careful to be.
    pub profile: Profile,
    /// What must stay.
    pub protect: BTreeSet<Protected>,
    /// What the world told.
    pub answers: &'a Answers,
    tags: BTreeMap<String, String>,
}

impl Stack<'_> {
    /// The tags of a resource, with its name.
    pub fn tags(&self, name: &str) -> Tags {
        let mut tags = self.tags.clone();
        tags.insert("Name".into(), format!("{}-{name}", self.name));
        Tags(tags)
    }

    /// Whether it is for production.
    pub fn is_prod(&self) -> bool {
        self.profile == Profile::Prod
    }
}

impl Blueprint {
    /// Reads a blueprint, with one of its environments laid over it. All mistakes are returned at once; warnings come with the blueprint.
    ///
    /// # Errors
    /// Every mistake in the file, at least one of them an error.
    pub fn parse(source: &Source, environment: Option<&str>) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut report = Report::default();
        let blueprint = Self::read(source, environment, &mut report);
        if let Some(blueprint) = &blueprint {
            blueprint.check(&mut report);
        }
        let diagnostics = report.finish();
        match blueprint.filter(|_| !diagnostics.iter().any(Diagnostic::is_error)) {
            Some(blueprint) => Ok((blueprint, diagnostics)),
            None => Err(diagnostics),
        }
    }

    /// The first half of [`Self::parse`]: what the file says, whether it makes sense or not. It reports nothing exactly where the JSON Schema
    /// has nothing to object either.
    pub fn read(source: &Source, environment: Option<&str>, report: &mut Report) -> Option<Self> {
        let root = syntax::parse(&source.text, report)?;
        let root = environments::overlay(root, environment, report)?;
        Self::decode(&root, report)
    }

    /// The names of the environments in a file, as far as it can be read.
    pub fn environments(source: &Source) -> Vec<String> {
        let root = syntax::parse(&source.text, &mut Report::default());
        root.map(|root| environments::names(&root)).unwrap_or_default()
    }

    /// The full name of the stack, with the environment's.
    pub fn name(&self) -> &str {
        &self.stack.value.0
    }

    /// Where the state is kept.
    pub fn keeping(&self) -> Keeping<'_> {
        self.state.as_ref().map_or(Keeping::Folder(".pando"), StatePlace::keeping)
    }

    /// What the world has to tell before this can be expanded.
    pub fn needs(&self) -> Vec<Lookup> {
        let mut needs = vec![Lookup::Zones];
        let image = self.image.as_ref().filter(|_| self.has_clones());
        needs.extend(image.map(|image| Lookup::Image(image.query())));
        needs
    }

    /// What `profile: dev` relaxes in this blueprint, in words.
    pub fn relaxed(&self) -> Vec<String> {
        if self.profile() == Profile::Prod {
            return Vec::new();
        }
        let mut relaxed = Vec::new();
        relaxed.extend(network::relaxed(self.network.as_ref(), self.has_clones()));
        relaxed.extend(
            self.has_clones().then(|| "metrics of clones come every five minutes, not every minute".to_owned()),
        );
        relaxed.extend(self.database.iter().flat_map(Database::relaxed));
        relaxed.extend(self.cache.iter().flat_map(Cache::relaxed));
        if self.protect.is_none() {
            relaxed.push("nothing is protected from deletion".into());
        }
        relaxed
    }

    /// Mistakes that show only with the world's answers.
    pub fn check_answers(&self, answers: &Answers) -> Vec<Diagnostic> {
        let mut report = Report::default();
        network::check_answers(self.network.as_ref(), self.profile(), answers, self.stack.span, &mut report);
        if let (Some(image), Some(found)) = (&self.image, &answers.image) {
            clones::check_answers(self, image, found, &mut report);
        }
        report.finish()
    }

    /// The resources that this blueprint asks for. Pure: the same blueprint and answers give the same graph.
    ///
    /// # Errors
    /// A fault in a section, never in the blueprint.
    pub fn expand(&self, answers: &Answers) -> Result<Expansion, GraphError> {
        let mut graph = Graph::default();
        let stack = self.stack(answers);
        let network = network::expand(self.network.as_ref(), &self.tiers(), &stack, &mut graph)?;
        let database = self.database.as_ref().map(|d| database::expand(d, &network, &stack, &mut graph)).transpose()?;
        let cache = self.cache.as_ref().map(|c| cache::expand(c, &network, &stack, &mut graph)).transpose()?;
        let queues = workers::queues(self.workers.as_ref(), &stack, &mut graph)?;
        let seen = Surroundings { database: database.as_ref(), cache: cache.as_ref(), queues: &queues };
        let face = self.web.as_ref().map(|w| web::expand(w, &network, &seen, &stack, &mut graph)).transpose()?;
        let mut groups = workers::expand(self.workers.as_ref(), &network, &seen, &stack, &mut graph)?;
        groups.extend(face.iter().map(|face| face.group.clone()));
        network.ways_out.iter().try_for_each(|way| graph.make_after(&groups, way))?;
        let outputs = surroundings::tell(&seen, face.as_ref(), &groups, &stack, &mut graph)?;
        Ok(Expansion { graph, outputs })
    }

    /// How careful to be.
    pub fn profile(&self) -> Profile {
        self.profile.unwrap_or_default()
    }

    /// Whether anything boots from an image.
    pub fn has_clones(&self) -> bool {
        self.web.is_some() || self.workers.as_ref().is_some_and(|workers| !workers.is_empty())
    }

    fn tiers(&self) -> network::Tiers {
        network::Tiers {
            web: self.web.is_some(),
            clones: self.has_clones(),
            data: self.database.is_some() || self.cache.is_some(),
        }
    }

    fn stack<'a>(&self, answers: &'a Answers) -> Stack<'a> {
        let all = || BTreeSet::from([Protected::Web, Protected::Database, Protected::Cache, Protected::Workers]);
        let protect = match (&self.protect, self.profile()) {
            (Some(list), _) => list.iter().map(|item| item.value).collect(),
            (None, Profile::Prod) => all(),
            (None, Profile::Dev) => BTreeSet::new(),
        };
        let tags = self.tags.iter().flatten().map(|(key, value)| (key.value.0.clone(), value.0.clone()));
        Stack { name: self.name().to_owned(), profile: self.profile(), protect, answers, tags: tags.collect() }
    }

    /// Mistakes that a schema cannot see.
    fn check(&self, report: &mut Report) {
        let problems = &mut Problems { report, profile: self.profile() };
        self.check_name(problems);
        self.check_tags(problems);
        if let (true, None) = (self.has_clones(), &self.image) {
            let missing =
                Diagnostic::error(self.stack.span, "clones need an image to boot from, and there is no `image`");
            problems.report.add(missing.hint("add `image: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64 }`, or an image of your own by `id` or `newest`"));
        }
        network::check(self, problems);
        clones::check(self, problems);
        self.web.iter().for_each(|web| web.check(problems));
        self.database.iter().for_each(|database| database.check(problems));
        self.cache.iter().for_each(|cache| cache.check(problems));
        self.workers.iter().flatten().for_each(|(_, worker)| worker.check(problems));
    }

    /// Names in AWS are made of the stack's and the resource's and are cut to what each service allows (see `aws::naming`). What is refused
    /// here is what would no longer be told apart by a person, or what a service would not take however it is cut.
    fn check_name(&self, problems: &mut Problems<'_>) {
        // Names of load balancers have 32 characters, of which Pando's own mark takes eleven.
        const LONGEST: usize = 21;
        // Names of queues have 80, of which the mark takes eleven, `_dead` five and a hyphen one.
        const LONGEST_OF_QUEUE: usize = 63;
        let (name, span) = (self.name(), self.stack.span);
        if name.len() > LONGEST {
            let message =
                format!("the stack's name `{name}` has {} characters, and AWS leaves room for {LONGEST}", name.len());
            problems.report.add(Diagnostic::error(span, message).hint(
                "a load balancer's name has at most 32 characters, and eleven of them tell this one from its successor",
            ));
        }
        let reserved = [("sg", "security groups"), ("internal", "load balancers")];
        let begins = |word: &str| name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        for (word, what) in reserved.into_iter().filter(|(word, _)| begins(word)) {
            let message =
                format!("AWS allows no names of {what} that begin with `{word}-`, as those of this stack would");
            problems.report.add(Diagnostic::error(span, message).hint("choose another name for the stack"));
        }
        let room = LONGEST_OF_QUEUE.saturating_sub(name.len().min(LONGEST));
        for (worker, _) in self.workers.iter().flatten().filter(|(worker, _)| worker.0.len() > room) {
            let length = worker.0.len();
            let message =
                format!("this name has {length} characters, and in the stack `{name}` there is room for {room}");
            problems.report.add(Diagnostic::error(worker.span, message).hint(
                "a queue's name has at most 80 characters, and is made of the stack's name, this one and Pando's own mark",
            ));
        }
    }

    fn check_tags(&self, problems: &mut Problems<'_>) {
        const MOST: usize = 45;
        for (key, _) in self.tags.iter().flatten() {
            let reserved = ["aws:", "pando:"].into_iter().find(|prefix| key.value.0.to_lowercase().starts_with(prefix));
            if let Some(prefix) = reserved {
                problems
                    .report
                    .add(Diagnostic::error(key.span, format!("tags that begin with `{prefix}` are reserved")));
            }
            if key.value.0 == "Name" {
                let taken = Diagnostic::error(key.span, "the tag `Name` is Pando's to set");
                problems.report.add(taken.hint("it says which resource of the stack this is"));
            }
        }
        let mut places: Vec<_> = self.tags.iter().flatten().map(|(key, _)| key.span).collect();
        places.sort();
        if let Some(place) = places.get(MOST) {
            let message = format!("this is one tag too many: AWS allows 50, and Pando needs {} of them", 50 - MOST);
            problems.report.add(Diagnostic::error(*place, message));
        }
    }
}

impl Decode for LanguageVersion {
    fn decode(node: &syntax::Node, report: &mut Report) -> Option<Self> {
        match u32::decode(node, report)? {
            1 => Some(Self),
            other => {
                let unknown =
                    Diagnostic::error(node.span, format!("this Pando does not know version {other} of the language"));
                report.add(unknown.hint("it knows version 1; perhaps a newer Pando is needed"));
                None
            }
        }
    }
}

impl JsonSchema for LanguageVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LanguageVersion".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "const": 1 })
    }
}

decode_fields!(Blueprint, "the blueprint", {
    pando!, stack!, region?, state?, profile?, protect?, tags?, network?, image?, web?, database?, cache?, workers?, environments?,
});
