//! `CreateDBInstance`.

use super::engines::{self, Version};
use super::instance::{Instance, Settings, Site, turn};
use super::refusals::combination;
use super::{life, listing, network, requests, show, windows};
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::object;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2;
use crate::simulator::services::iam;
use crate::simulator::services::secrets;
use crate::simulator::tags::Tags;

/// Making databases.
pub(super) const ACTIONS: &[Action] = &[action("CreateDBInstance", create)];

/// The certificate authority of who names none.
pub(super) const AUTHORITY: &str = "rds-ca-rsa2048-g1";

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = listing::identifier(input, "DBInstanceIdentifier", 63)?;
    check_free(scene, &id)?;
    let class = input.need("DBInstanceClass")?.to_owned();
    let engine = engines::engine(input.need("Engine")?)?;
    let version = engine.version(input.text("EngineVersion"))?;
    engines::check_class(&class)?;
    let storage = requests::storage(scene, input, engine)?;
    let mut settings = settings(scene, input, version, class)?;
    settings.username = username(input, version)?;
    settings.database = database(input, version)?;
    let is_managed = managed(input, version)?;
    let tags = Tags::read(input, "Tags")?;
    let mut place = network::site(scene, input, settings.multi_az)?;
    settings.public = public(scene, input, &place)?;
    network::attach(scene, &mut place)?;
    let mut instance = Instance { settings, storage, place, tags, ..fresh(scene) };
    if is_managed {
        instance.secret = Some(make_secret(scene, &instance));
    }
    Ok(open(scene, &id, instance))
}

/// A database of which nothing is known yet.
pub(super) fn fresh(scene: &mut Scene<'_>) -> Instance {
    let resource = format!("db-{}", scene.dice.capitals(26));
    Instance { resource, parameters: "in-sync", ..Instance::default() }
}

/// Refuses an identifier that another database has.
pub(super) fn check_free(scene: &Scene<'_>, id: &str) -> Result<(), Refusal> {
    let is_free = !scene.here.rds.instances.has(id);
    Scene::ensure(is_free, || Refusal::new("DBInstanceAlreadyExists", "DB instance already exists"))
}

/// Puts a new database on the shelf, has it be made, and answers what it looks like.
pub(super) fn open(scene: &mut Scene<'_>, id: &str, instance: Instance) -> crate::simulator::output::Tree {
    iam::service_role(scene, "rds.amazonaws.com");
    let visible = scene.fresh();
    let whole = if instance.source.is_some() {
        scene.settings.durations.database_replica
    } else {
        scene.settings.durations.database
    };
    // The first backup is a part of the time until it is available.
    let making = if instance.settings.backup_days > 0 { whole * 5 / 6 } else { whole };
    scene.here.rds.instances.put(id, instance, visible);
    turn(scene, id, "creating", Some((making, life::created)));
    match scene.here.rds.instances.get(id) {
        Some(instance) => object! { "DBInstance" => show::instance(scene, id, instance) },
        None => object! {},
    }
}

/// What somebody chose, but for the administrator, the first database and who may reach it.
pub(super) fn settings(
    scene: &mut Scene<'_>,
    input: &Input,
    version: Version,
    class: String,
) -> Result<Settings, Refusal> {
    let engine = version.engine;
    let maintenance = windows::maintenance(input)?;
    let backup = requests::backup_window(input)?;
    let monitoring_seconds = monitoring(input)?;
    Ok(Settings {
        engine: engine.name.to_owned(),
        version: version.number.to_owned(),
        class,
        username: String::new(),
        database: None,
        port: input.ranged("Port", (1150, 65_535))?.unwrap_or(engine.port),
        parameter_group: requests::parameter_group(scene, input, version)?,
        option_group: option_group(input, version)?,
        multi_az: input.flag("MultiAZ").unwrap_or(false),
        public: false,
        minor_upgrades: input.flag("AutoMinorVersionUpgrade").unwrap_or(true),
        copy_tags: input.flag("CopyTagsToSnapshot").unwrap_or(false),
        iam_login: input.flag("EnableIAMDatabaseAuthentication").unwrap_or(false),
        deletion_protection: input.flag("DeletionProtection").unwrap_or(false),
        backup_days: input.ranged("BackupRetentionPeriod", (0, 35))?.unwrap_or(1),
        backup_window: backup.unwrap_or_else(|| windows::draw_daily(scene.dice, 30)),
        maintenance_window: maintenance.unwrap_or_else(|| windows::draw_weekly(scene.dice, 30)),
        logs: requests::logs(input, "EnableCloudwatchLogsExports", version)?,
        certificate: input.text_or("CACertificateIdentifier", AUTHORITY),
        license: input.text_or("LicenseModel", engine.license),
        monitoring_seconds,
        monitoring_role: input.text("MonitoringRoleArn").map(str::to_owned),
        insights_mode: input.text_or("DatabaseInsightsMode", "standard"),
        insights_days: insights(input)?,
        lifecycle_support: input.text_or("EngineLifecycleSupport", "open-source-rds-extended-support"),
    })
}

/// How often the operating system is looked at, in seconds.
pub(super) fn monitoring(input: &Input) -> Result<i64, Refusal> {
    let seconds = input.whole("MonitoringInterval")?.unwrap_or(0);
    if ![0, 1, 5, 10, 15, 30, 60].contains(&seconds) {
        return Err(invalid(format!("Invalid MonitoringInterval: {seconds}")));
    }
    let has_role = input.text("MonitoringRoleArn").is_some_and(|role| !role.is_empty());
    if seconds > 0 && !has_role {
        return Err(combination(
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.",
        ));
    }
    Ok(seconds)
}

/// For how many days Performance Insights keeps what it sees, if it is on.
pub(super) fn insights(input: &Input) -> Result<Option<i64>, Refusal> {
    input.pass_over("PerformanceInsightsKMSKeyId");
    let days = input.whole("PerformanceInsightsRetentionPeriod")?;
    let is_known = days.is_none_or(|days| days == 7 || days == 731 || (days % 31 == 0 && (31..=713).contains(&days)));
    if !is_known {
        return Err(invalid("Invalid Performance Insights retention period."));
    }
    Ok(input.flag("EnablePerformanceInsights").filter(|on| *on).map(|_| days.unwrap_or(7)))
}

/// The option group of a call; there are only the default ones.
pub(super) fn option_group(input: &Input, version: Version) -> Result<String, Refusal> {
    let own = version.option_group();
    match input.text("OptionGroupName").filter(|name| *name != own) {
        None => Ok(own),
        Some(name) => {
            let words = format!("Specified OptionGroupName: {name} not found.");
            Err(Refusal::new("OptionGroupNotFoundFault", words).status(404))
        }
    }
}

fn username(input: &Input, version: Version) -> Result<String, Refusal> {
    let blank = || invalid("The parameter MasterUsername must be provided and must not be blank.");
    let name = input.text("MasterUsername").filter(|name| !name.is_empty()).ok_or_else(blank)?;
    let most = if version.engine.name == "postgres" { 63 } else { 16 };
    let has_form = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_')
        && name.len() <= most;
    if !has_form {
        return Err(invalid("The parameter MasterUsername is not a valid identifier."));
    }
    if version.engine.reserved.contains(&name.to_ascii_lowercase().as_str()) {
        let words = format!("MasterUsername {name} cannot be used as it is a reserved word used by the engine");
        return Err(invalid(words));
    }
    Ok(name.to_owned())
}

fn database(input: &Input, version: Version) -> Result<Option<String>, Refusal> {
    let Some(name) = input.text("DBName").filter(|name| !name.is_empty()) else { return Ok(None) };
    let has_form = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_')
        && name.len() <= if version.engine.name == "postgres" { 63 } else { 64 };
    if !has_form {
        return Err(invalid("DBName must begin with a letter and contain only alphanumeric characters."));
    }
    Ok(Some(name.to_owned()))
}

/// Whether RDS is to make and keep the password; else there has to be one.
fn managed(input: &Input, version: Version) -> Result<bool, Refusal> {
    input.pass_over("MasterUserSecretKmsKeyId");
    let is_managed = input.flag("ManageMasterUserPassword") == Some(true);
    match input.text("MasterUserPassword") {
        Some(_) if is_managed => {
            Err(combination("You can't specify MasterUserPassword when ManageMasterUserPassword is enabled."))
        }
        None if is_managed => Ok(true),
        Some(password) => requests::password(password, version.engine).map(|()| false),
        None => Err(invalid("The parameter MasterUserPassword must be provided and must not be blank.")),
    }
}

/// Whether a database gets a public address: as wanted; else it does in the default subnet group only. (`PubliclyAccessible` in
/// <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html>)
pub(super) fn public(scene: &Scene<'_>, input: &Input, place: &Site) -> Result<bool, Refusal> {
    let wanted = input.flag("PubliclyAccessible").unwrap_or(place.subnet_group == "default");
    Scene::ensure(!wanted || ec2::has_gateway(scene, &place.vpc), || {
        let words = "Cannot create a publicly accessible DBInstance. The specified VPC has no internet gateway attached. Update the VPC and \
                     then try again";
        Refusal::new("InvalidVPCNetworkStateFault", words)
    })?;
    Ok(wanted)
}

/// Makes the secret of a password that RDS manages, and answers its ARN.
pub(super) fn make_secret(scene: &mut Scene<'_>, instance: &Instance) -> String {
    let name = format!("rds!db-{}", scene.dice.uuid());
    let password = scene.dice.hex(28);
    let value = serde_json::json!({ "username": instance.settings.username, "password": password });
    secrets::create_managed(scene, &name, &value.to_string())
}
