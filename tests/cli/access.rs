//! Where calls go and who makes them: regions, credentials, endpoints, and what is said when one of them is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpListener;

use super::{LEDGER, batch, ledger_made};
use crate::support::command::Sandbox;
use crate::support::scripted::{Call, Reply, Stub, caller, identity, zones};

/// Verbs that go to AWS.
const VERBS: [&[&str]; 3] = [&["plan"], &["apply", "--yes"], &["destroy", "--confirm", "ledger"]];

fn denied(call: &Call) -> Reply {
    identity(call).unwrap_or(Reply::Error(
        403,
        "UnauthorizedOperation",
        "You are not authorized to perform this operation.",
    ))
}

#[tokio::test]
async fn without_a_region_nothing_is_sent() {
    let stub = Stub::strict().await;
    let sandbox = Sandbox::with(&LEDGER.replace("region: eu-west-1\n", "")).at(&stub.url);
    for verb in VERBS {
        sandbox.run(verb).await.expect(1, &["no region is set", "AWS_REGION"]);
    }
    assert_eq!((stub.calls(), sandbox.state().len()), (vec![], 0));
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let stub = Stub::strict().await;
    let sandbox = Sandbox::with(LEDGER).set("AWS_ENDPOINT_URL", &stub.url);
    for verb in VERBS {
        sandbox.run(verb).await.expect(4, &["credentials", "AWS_PROFILE", "pando demo"]);
    }
    assert_eq!((stub.calls(), sandbox.state().len()), (vec![], 0));
}

#[tokio::test]
async fn credentials_that_aws_does_not_know_are_named_as_the_cause() {
    for code in ["InvalidClientTokenId", "ExpiredToken", "SignatureDoesNotMatch"] {
        let stub = Stub::start(move |_| Reply::Error(403, code, "The security token is wrong.")).await;
        let sandbox = Sandbox::with(LEDGER).at(&stub.url);
        for verb in VERBS {
            sandbox.run(verb).await.expect(4, &["credentials", code, "The security token is wrong."]);
        }
        assert_eq!((stub.count("GetCallerIdentity"), stub.calls().len(), sandbox.state().len()), (3, 3, 0));
    }
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_wrong_usage_wherever_it_was_said() {
    let sandbox = || Sandbox::with(LEDGER).set("AWS_ACCESS_KEY_ID", "key").set("AWS_SECRET_ACCESS_KEY", "secret");
    for bad in ["localhost:4566", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999"] {
        let said = [bad, "is not an http:// or https:// URL"];
        sandbox().run(&["plan", "--endpoint-url", bad]).await.expect(64, &said);
        sandbox().set("AWS_ENDPOINT_URL", bad).run(&["plan"]).await.expect(64, &said);
        sandbox().set("AWS_ENDPOINT_URL_RDS", bad).run(&["plan"]).await.expect(64, &said);
        let profiled = sandbox().set("AWS_PROFILE", "local");
        profiled.write("home/.aws/config", format!("[profile local]\nendpoint_url = {bad}\n"));
        profiled.run(&["plan"]).await.expect(64, &said);
    }
}

#[tokio::test]
async fn an_endpoint_where_nobody_listens_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let sandbox = Sandbox::with(LEDGER).at(&url).set("AWS_MAX_ATTEMPTS", "2");
    for verb in VERBS {
        sandbox.run(verb).await.expect(1, &["no answer from", &url, "nothing was changed"]);
    }
    assert!(sandbox.state().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_never_answers_is_given_up() {
    let stub = Stub::start(|_| Reply::Silence).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    let running: Vec<_> = VERBS.iter().map(|verb| sandbox.start(verb)).collect();
    for running in running {
        running.end().await.expect(1, &["no answer from", &stub.url, "within 15 seconds"]);
    }
    assert_eq!((stub.writes(), sandbox.state().len()), (vec![], 0));
}

#[tokio::test]
async fn a_permission_that_is_missing_in_the_middle_of_a_plan_is_named_and_nothing_is_sent() {
    let stub = Stub::start(denied).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    sandbox.run(&["plan"]).await.expect(4, &["could not look up zones", "UnauthorizedOperation", "lack a permission"]);
    sandbox.remember("ledger", &ledger_made(&stub.url)).await;
    let before = sandbox.state();
    sandbox.run(&["plan"]).await.expect(4, &["kind vpc", "UnauthorizedOperation", "nothing was changed"]);
    assert_eq!((stub.writes(), sandbox.state()), (vec![], before));
}

#[tokio::test]
async fn a_throttled_call_is_sent_five_times_and_then_named() {
    let rule =
        |call: &Call| identity(call).unwrap_or(Reply::Error(503, "RequestLimitExceeded", "Request limit exceeded."));
    let stub = Stub::start(rule).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    sandbox.run(&["plan"]).await.expect(1, &["could not look up zones", "RequestLimitExceeded", "nothing was changed"]);
    assert_eq!(stub.count("DescribeAvailabilityZones"), 5);
    let fewer = sandbox.set("AWS_MAX_ATTEMPTS", "2");
    fewer.run(&["plan"]).await.expect(1, &["RequestLimitExceeded"]);
    assert_eq!(stub.count("DescribeAvailabilityZones"), 7);
}

#[tokio::test]
async fn state_of_another_place_is_refused_and_left_alone() {
    let elsewhere = Arc::new(AtomicBool::new(false));
    let moved = Arc::clone(&elsewhere);
    let stub = Stub::start(move |call| {
        let account = if moved.load(Ordering::Relaxed) { "999999999999" } else { "123456789012" };
        if call.action == "GetCallerIdentity" { Reply::Xml(caller(account)) } else { denied(call) }
    });
    let (stub, other) = (stub.await, Stub::strict().await);
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    sandbox.remember("ledger", &ledger_made(&stub.url)).await;
    // What the journal remembers is put in order by the first run that may write.
    sandbox.run(&["apply", "--yes"]).await.expect(4, &["kind vpc"]);
    let (before, calls) = (sandbox.state(), stub.calls().len());
    for verb in VERBS {
        let there = [verb, &["--endpoint-url", &other.url]].concat();
        sandbox.run(&there).await.expect(6, &["belongs to account 123456789012", &stub.url, &other.url]);
        sandbox.write("pando.yaml", LEDGER.replace("eu-west-1", "us-east-1"));
        sandbox.run(verb).await.expect(6, &["region eu-west-1", "region us-east-1", "nothing was changed"]);
        sandbox.write("pando.yaml", LEDGER);
        elsewhere.store(true, Ordering::Relaxed);
        sandbox.run(verb).await.expect(6, &["account 123456789012", "account 999999999999"]);
        elsewhere.store(false, Ordering::Relaxed);
    }
    assert_eq!(sandbox.state(), before);
    let all = [&stub.calls()[calls..], &other.calls()].concat();
    assert!(all.iter().all(|call| call == "sts:GetCallerIdentity"), "{all:?}");
}

#[tokio::test]
async fn profiles_regions_and_endpoints_come_from_the_standard_configuration() {
    let answer = |call: &Call| identity(call).or((call.action == "DescribeAvailabilityZones").then(zones));
    let answer = move |call: &Call| answer(call).unwrap_or(Reply::Error(400, "InvalidAction", "unexpected"));
    let (all, ec2) = (Stub::start(answer).await, Stub::start(answer).await);
    let sandbox = Sandbox::with(&LEDGER.replace("region: eu-west-1\n", ""));
    let config = format!(
        "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = secret\n\
         [profile shop]\nregion = eu-central-1\nendpoint_url = {}\nservices = local\n\
         aws_access_key_id = SHOP\naws_secret_access_key = secret\n\
         [services local]\nec2 =\n  endpoint_url = {}\n",
        all.url, ec2.url
    );
    sandbox.write("home/.aws/config", config);
    let sandbox = sandbox.set("AWS_PROFILE", "shop");
    sandbox.run(&["plan"]).await.expect(0, &["to create"]);
    let sandbox = sandbox.set("AWS_REGION", "eu-north-1");
    sandbox.run(&["plan"]).await.expect(0, &["to create"]);
    let seen =
        |stub: &Stub| stub.all().into_iter().map(|call| (call.key, call.region, call.action)).collect::<Vec<_>>();
    let call = |region: &str, action: &str| ("SHOP".to_owned(), region.to_owned(), action.to_owned());
    assert_eq!(seen(&all), ["eu-central-1", "eu-north-1"].map(|region| call(region, "GetCallerIdentity")));
    assert_eq!(seen(&ec2), ["eu-central-1", "eu-north-1"].map(|region| call(region, "DescribeAvailabilityZones")));
}

#[tokio::test]
async fn one_service_can_have_an_endpoint_of_its_own_unless_the_command_line_names_one_for_all() {
    let answer = |call: &Call| identity(call).unwrap_or_else(zones);
    let (all, ec2) = (Stub::start(answer).await, Stub::start(answer).await);
    let sandbox = Sandbox::with(LEDGER).at(&all.url).set("AWS_ENDPOINT_URL_EC2", &ec2.url);
    sandbox.run(&["plan"]).await.expect(0, &["to create"]);
    assert_eq!(all.calls(), ["sts:GetCallerIdentity"]);
    assert_eq!(ec2.calls(), ["ec2:DescribeAvailabilityZones"]);
    sandbox.run(&["plan", "--endpoint-url", &all.url]).await.expect(0, &["to create"]);
    assert_eq!(all.calls().len(), 3);
}

#[tokio::test]
async fn a_profile_can_assume_a_role() {
    let assumed = "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>x</AssumedRoleId>\
        <Arn>arn:aws:sts::123456789012:assumed-role/deploy/x</Arn></AssumedRoleUser><Credentials>\
        <AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
        <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let stub = Stub::start(move |call| match call.action.as_str() {
        "AssumeRole" => Reply::Xml(assumed.to_owned()),
        _ => identity(call).unwrap_or_else(zones),
    });
    let stub = stub.await;
    let sandbox = Sandbox::with(LEDGER).set("AWS_PROFILE", "deploy").set("AWS_ENDPOINT_URL", &stub.url);
    sandbox.write(
        "home/.aws/config",
        "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = secret\n\
         [profile deploy]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = base\nregion = eu-west-1\n",
    );
    sandbox.run(&["plan"]).await.expect(0, &["to create"]);
    let seen: Vec<_> = stub.all().into_iter().map(|call| (call.key, call.action)).collect();
    let call = |key: &str, action: &str| (key.to_owned(), action.to_owned());
    assert_eq!(seen[..2], [call("BASE", "AssumeRole"), call("ASSUMED", "GetCallerIdentity")]);
    assert!(seen[2..].iter().all(|(key, _)| key == "ASSUMED"), "{seen:?}");
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_a_matter_of_credentials() {
    let stub = Stub::start(|_| Reply::Error(403, "AccessDenied", "You may not assume this role.")).await;
    let sandbox = Sandbox::with(&batch("roles")).set("AWS_PROFILE", "deploy").set("AWS_ENDPOINT_URL", &stub.url);
    sandbox.write(
        "home/.aws/config",
        "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = secret\n\
         [profile deploy]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = base\n",
    );
    sandbox.run(&["plan"]).await.expect(4, &["credentials", "You may not assume this role."]);
}
