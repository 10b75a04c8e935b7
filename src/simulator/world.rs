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
    /// As which role and session, if not as root.
    pub(crate) session: Option<sts::Session>,
}

impl Caller {
    /// The account's root.
    pub(crate) fn root(account: &str) -> Self {
        Self { key: account.to_owned(), account: account.to_owned(), session: None }
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
    pub(crate) tokens: Tokens,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Account {
    iam: iam::State,
    regions: BTreeMap<String, Region>,
}

/// All there is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct World {
    accounts: BTreeMap<String, Account>,
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
            s3: s3::State::default(),
            sessions: sts::Sessions::default(),
            agenda: Agenda::default(),
            dice: Dice::new(settings.seed),
            settings,
        }
    }

    /// Whose an access key id is: an account's, if it is one of twelve digits; a session's, if it was handed out; else the standard account's.
    pub(crate) fn caller(&self, key: &str) -> Caller {
        let session = self.sessions.get(key).cloned();
        let is_account = key.len() == 12 && key.bytes().all(|b| b.is_ascii_digit());
        let account = match &session {
            Some(session) => session.account.clone(),
            None if is_account => key.to_owned(),
            None => ACCOUNT.to_owned(),
        };
        Caller { key: key.to_owned(), account, session }
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
        let account = self.accounts.entry(place.account.clone()).or_default();
        let is_new = !account.regions.contains_key(&place.region);
        let here = account.regions.entry(place.region.clone()).or_default();
        let mut scene = Scene {
            now,
            sight: now,
            asked: now,
            place,
            caller,
            here,
            iam: &mut account.iam,
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
        act(&mut scene)
    }
}
