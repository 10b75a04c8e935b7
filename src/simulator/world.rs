//! All there is: accounts, regions, and what is in them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::agenda::Agenda;
use super::clock::Moment;
use super::dice::Dice;
use super::scene::Scene;
use super::services::{self, autoscaling, cloudwatch, ec2, elasticache, elb, iam, rds, s3, secrets, sqs, ssm, sts};
use super::settings::Settings;
use super::tokens::Tokens;

/// An account and a region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The access key id.
    pub(crate) key: String,
    /// Whose account.
    pub(crate) account: String,
    /// As which role and session, if neither as root nor as a user.
    pub(crate) session: Option<sts::Session>,
    /// As which user of IAM.
    pub(crate) user: Option<String>,
    /// Until when the credentials count, if they are temporary.
    pub(crate) expires: Option<Moment>,
}

impl Caller {
    /// The account's root.
    pub(crate) fn root(account: &str) -> Self {
        Self { key: account.to_owned(), account: account.to_owned(), session: None, user: None, expires: None }
    }
}

/// The services of one account in one region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Region {
    pub(crate) autoscaling: autoscaling::State,
    pub(crate) cloudwatch: cloudwatch::State,
    pub(crate) ec2: ec2::State,
    pub(crate) elasticache: elasticache::State,
    pub(crate) elb: elb::State,
    pub(crate) rds: rds::State,
    pub(crate) secrets: secrets::State,
    pub(crate) sqs: sqs::State,
    pub(crate) ssm: ssm::State,
    /// Not part of a dump: they are history.
    #[serde(skip)]
    pub(crate) tokens: Tokens,
}

/// All there is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct World {
    /// By account and region.
    accounts: BTreeMap<String, BTreeMap<String, Region>>,
    /// By account.
    iam: BTreeMap<String, iam::State>,
    s3: s3::State,
    #[serde(skip)]
    pub(crate) sessions: sts::Sessions,
    #[serde(skip)]
    agenda: Agenda,
    #[serde(skip)]
    pub(crate) dice: Dice,
    #[serde(skip)]
    pub(crate) settings: Settings,
}

/// The account of credentials that name none.
const ACCOUNT: &str = "123456789012";

impl World {
    /// An empty one.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            accounts: BTreeMap::new(),
            iam: BTreeMap::new(),
            s3: s3::State::default(),
            sessions: sts::Sessions::default(),
            agenda: Agenda::default(),
            dice: Dice::new(settings.seed),
            settings,
        }
    }

    /// Whose an access key id is: an account's, if it is one of twelve digits; a session's or a user's, if it was handed out; an
    /// instance's, if it is the id of one with a role; else the standard account's.
    pub(crate) fn caller(&self, key: &str) -> Caller {
        let mut caller = Caller::root(if is_account(key) { key } else { ACCOUNT });
        key.clone_into(&mut caller.key);
        if let Some(credentials) = self.sessions.get(key).cloned() {
            let sts::Temporary { account, user, session, expires } = credentials;
            (caller.account, caller.user, caller.session, caller.expires) = (account, user, session, Some(expires));
        } else if let Some((account, user)) =
            self.iam.iter().find_map(|(account, iam)| Some((account, iam.user_of(key)?)))
        {
            caller.account.clone_from(account);
            caller.user = Some(user.to_owned());
        } else if let Some((account, session)) = self.on_instance(key) {
            (caller.account, caller.session) = (account, Some(session));
        }
        caller
    }

    /// The account and the session of what runs on an instance: there is no metadata service to ask, so the instance's id is its access key.
    fn on_instance(&self, key: &str) -> Option<(String, sts::Session)> {
        let id = key.strip_prefix("i-").map(|_| key)?;
        self.accounts.iter().find_map(|(account, regions)| {
            let profile = regions.values().find_map(|region| ec2::instances::profile_of(&region.ec2, id))?;
            Some((account.clone(), self.iam.get(account)?.session_of(profile, id)?))
        })
    }

    /// Lets everything happen that is due by this moment.
    pub(crate) fn advance(&mut self, now: Moment) {
        while let Some((at, due)) = self.agenda.next(now) {
            let root = Caller::root(&due.place.account);
            self.enter(at, &due.place, &root, |scene| (due.run)(scene, &due.subject));
        }
    }

    /// Does something in one place. A region that nobody used yet is furnished first.
    pub(crate) fn enter<R>(
        &mut self,
        now: Moment,
        place: &Place,
        caller: &Caller,
        act: impl FnOnce(&mut Scene<'_>) -> R,
    ) -> R {
        let regions = self.accounts.entry(place.account.clone()).or_default();
        let is_new = !regions.contains_key(&place.region);
        let here = regions.entry(place.region.clone()).or_default();
        // It is taken out for a moment, so that the scene can hold it and all the others.
        let mut iam = self.iam.remove(&place.account).unwrap_or_default();
        let mut scene = Scene {
            now,
            sight: now,
            asked: now,
            place,
            caller,
            here,
            endpoint: None,
            iam: &mut iam,
            others: &self.iam,
            s3: &mut self.s3,
            sessions: &mut self.sessions,
            agenda: &mut self.agenda,
            dice: &mut self.dice,
            settings: &self.settings,
            again: None,
        };
        if is_new {
            services::furnish(&mut scene);
        }
        let answer = act(&mut scene);
        self.iam.insert(place.account.clone(), iam);
        answer
    }
}

/// Whether an access key id is an account's number, as emulators take it.
fn is_account(key: &str) -> bool {
    key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit())
}
