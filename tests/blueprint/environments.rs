//! Environments: what differs, laid over the rest.

use insta::assert_snapshot;
use pando::blueprint::Blueprint;

use super::seen;
use crate::support::documents::source;

const TEXT: &str = "\
pando: 1
stack: shop
image: { newest: { owner: self, name: web-* } }
web:
  port: 8080
  scale: { cpu: 50% }
workers:
  image: { job_time: 2s, retries: 9, clones: { min: 0, max: 9 } }
environments:
  dev: { profile: dev, image: { id: ami-12345678 }, web: { scale: { requests_per_clone: 9 } }, workers: { image: { clones: { max: 2 } } } }
  prod: { region: eu-west-1 }
";

#[test]
fn mappings_are_merged_and_choices_replaced() {
    let (blueprint, warnings) = Blueprint::parse(&source(TEXT), Some("dev")).expect("a sound blueprint");
    assert_eq!(warnings, []);
    assert_eq!(blueprint.name(), "shop-dev");
    assert_snapshot!(format!("{:?}", blueprint.image.unwrap().query()), @r#"Id("ami-12345678")"#);
    let web = blueprint.web.unwrap();
    assert_snapshot!(format!("{:?}", web.scale.unwrap()), @"RequestsPerClone(Requests(9))");
    assert_eq!(web.port.unwrap().0, 8080, "what is not said stays");
    // A group of workers that is called like a choice is none.
    let (_, worker) = blueprint.workers.unwrap().pop_first().unwrap();
    assert_eq!(worker.clones(), (0, 2));
    assert_eq!(worker.retries.unwrap().0, 9);
}

#[test]
fn an_unknown_environment_is_refused_with_the_nearest_name() {
    let none = "pando: 1\nstack: shop\n";
    let shown = [seen(TEXT, Some("prd")), seen(TEXT, Some("staging")), seen(none, Some("dev"))];
    assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn an_environment_changes_neither_language_nor_stack_nor_environments() {
    let text = "pando: 1\nstack: shop\nenvironments:\n  dev: { stack: site, pando: 2, environments: {} }\n";
    assert_snapshot!(seen(text, Some("dev")));
}

#[test]
fn environments_that_are_none_are_refused_whichever_is_asked_for() {
    let text = "pando: 1\nstack: shop\nenvironments:\n  dev:\n  Prod: { profile: prod }\n  test: [dev]\n";
    assert_snapshot!(seen(text, None));
    assert_snapshot!(seen("pando: 1\nstack: shop\nenvironments: [dev, prod]\n", Some("dev")));
}

#[test]
fn a_mistake_in_an_environment_is_shown_where_it_is() {
    let text = "pando: 1\nstack: shop\ndatabase: { engine: mysql 8.4, replicas: 2 }\nenvironments:\n  dev: { database: { backups: 0d, clas: x } }\n";
    assert_snapshot!(seen(text, Some("dev")));
}

#[test]
fn the_name_of_an_environment_counts_towards_the_length_of_the_stacks() {
    let text = "pando: 1\nstack: fourteen-signs\nenvironments: { production: {} }\n";
    assert_snapshot!(seen(text, Some("production")));
    assert!(Blueprint::parse(&source(text), None).is_ok());
}
