//! The emulators that other tests stand on do what those tests take for granted.

use pando::aws::clients::Access;
use pando::cli::local_aws::ACCOUNT;

use crate::support::emulator::{Emulators, REGION};

async fn check(emulators: Emulators) {
    let target = emulators.target(REGION);
    let cloud = emulators.connect_for(REGION, Access::Read).await;
    assert_eq!((cloud.site.account.as_str(), cloud.site.region.as_str()), (ACCOUNT, REGION));
    // Where a process of its own is sent is where clients in this one go.
    let environment = emulators.environment();
    assert_eq!(environment.get("AWS_ENDPOINT_URL"), target.endpoint_url.as_ref());
    assert_eq!(environment.get("AWS_ENDPOINT_URL_ELASTICACHE"), target.endpoint_urls.get("ElastiCache"));
    let zones = cloud.api.ec2.describe_availability_zones().send().await.expect("an answer");
    assert!(zones.availability_zones().len() >= 2, "{:?}", zones.availability_zones());
}

#[tokio::test]
async fn moto_and_ministack_stand_in_for_aws_together() {
    check(Emulators::pair().await).await;
}

#[tokio::test]
async fn ministack_stands_in_for_aws_alone() {
    check(Emulators::ministack().await).await;
}

#[tokio::test]
async fn localstack_stands_in_for_aws_alone() {
    check(Emulators::localstack().await).await;
}
