//! Blueprints that can be read and make no sense, or hardly any.

use insta::assert_snapshot;
use pando::aws::lookups::Image;
use pando::blueprint::Blueprint;
use pando::cli::view::diagnostics::render;

use super::{bodies, gallery};
use crate::support::documents::source;
use crate::support::mirror::stack::answers;

#[test]
fn the_names_of_stacks_and_workers_leave_room_for_what_aws_makes_of_them() {
    let worker = "x".repeat(60);
    assert_snapshot!(gallery(&[
        ("just short enough", "pando: 1\nstack: twenty-two-characters\n"),
        ("too long a stack", "pando: 1\nstack: twenty-two-characters1\n"),
        ("reserved for security groups", "pando: 1\nstack: sg\n"),
        ("reserved for load balancers", "pando: 1\nstack: internal-tools\n"),
        (
            "too long a worker",
            &format!("pando: 1\nstack: shop\nimage: {{ id: ami-12345678 }}\nworkers: {{ {worker}: {{}} }}\n")
        ),
    ]));
    let longest =
        format!("pando: 1\nstack: shop\nimage: {{ id: ami-12345678 }}\nworkers: {{ {}: {{}} }}\n", &worker[..59]);
    assert!(Blueprint::parse(&source(&longest), None).is_ok());
}

#[test]
fn a_range_is_private_and_begins_with_its_first_address() {
    assert_snapshot!(bodies(&[
        ("bits beyond the prefix", "network: { cidr: 10.20.1.5/16 }"),
        ("someone else's", "network: { cidr: 8.8.0.0/16 }"),
        ("this machine's", "network: { cidr: 127.0.0.0/16 }"),
        ("half private", "network: { cidr: 172.32.0.0/16 }"),
    ]));
    for range in ["10.255.0.0/16", "172.31.0.0/16", "192.168.0.0/16", "192.168.255.0/24", "100.64.0.0/16"] {
        let text = format!("pando: 1\nstack: shop\nnetwork: {{ cidr: {range} }}\n");
        assert!(Blueprint::parse(&source(&text), None).is_ok_and(|(_, warnings)| warnings.is_empty()), "{range}");
    }
}

#[test]
fn a_network_has_room_for_everything_in_it() {
    let image = "image: { id: ami-12345678 }";
    let small = "network: { cidr: 10.0.0.0/24, zones: 2 }";
    assert_snapshot!(bodies(&[
        (
            "for clones",
            &format!("{image}\nnetwork: {{ cidr: 10.0.0.0/22 }}\nweb: {{ clones: {{ min: 2, max: 400 }} }}")
        ),
        (
            "for clones of the default network",
            &format!(
                "{image}\nworkers: {{ mail: {{ clones: {{ min: 0, max: 10000 }} }}, letters: {{ clones: {{ min: 0, max: 9999 }} }}, post: {{ clones: {{ min: 0, max: 5000 }} }} }}"
            )
        ),
        (
            "for databases and caches",
            &format!(
                "{small}\ndatabase: {{ engine: mysql 8.4, replicas: 15 }}\ncache: {{ engine: memcached 1.6, nodes: 9 }}"
            )
        ),
        ("for the load balancer", &format!("{image}\n{small}\nweb: {{ clones: {{ min: 1, max: 2 }} }}")),
    ]));
}

#[test]
fn clones_without_a_way_out_are_warned_of() {
    assert_snapshot!(bodies(&[
        ("with clones", "image: { id: ami-12345678 }\nnetwork: { nat: none }\nworkers: { mail: {} }"),
        ("without", "network: { nat: none }\ndatabase: { engine: mysql 8.4 }"),
    ]));
}

#[test]
fn the_number_of_clones_has_to_make_sense() {
    assert_snapshot!(bodies(&[
        ("more at least than at most", "image: { id: ami-12345678 }\nweb: { clones: { min: 3, max: 2 } }"),
        ("never a clone", "image: { id: ami-12345678 }\nworkers: { mail: { clones: { min: 0, max: 0 } } }"),
        ("a web tier that would sleep for ever", "image: { id: ami-12345678 }\nweb: { clones: { min: 0, max: 2 } }"),
        ("nothing to boot from", "web: {}"),
    ]));
}

#[test]
fn instance_types_and_image_have_one_processor() {
    assert_snapshot!(bodies(&[
        (
            "two among the types",
            "image: { id: ami-12345678 }\nweb: { instance: t4g.small }\nworkers: { mail: { instance: c7i.large } }"
        ),
        (
            "another than the image's name says",
            "image: { newest: { owner: self, name: web-*-x86_64 } }\nweb: { instance: t4g.small }"
        ),
        ("another than the parameter says", "image: { ssm: /golden/arm64 }\nweb: { instance: t3.small }"),
    ]));
}

#[test]
fn the_database_is_one_that_rds_would_make() {
    assert_snapshot!(bodies(&[
        ("replicas without backups", "database: { engine: mysql 8.4, replicas: 1, backups: 0d }"),
        ("backups by the hour", "database: { engine: mysql 8.4, backups: 36h }"),
        ("backups for too long", "database: { engine: mysql 8.4, backups: 36d }"),
        ("too old", "database: { engine: mysql 5.6 }"),
        ("old enough to cost more", "database: { engine: mysql 5.7 }"),
        ("newer than this Pando", "database: { engine: postgres 21.3 }"),
        ("too little storage", "database: { engine: mysql 8.4, storage: 10 GiB }"),
        ("too much storage", "database: { engine: mysql 8.4, storage: 65 TiB }"),
        ("no room to grow", "database: { engine: mysql 8.4, storage: 100 GiB, storage_max: 105 GiB }"),
        ("everyone's user", "database: { engine: mysql 8.4, user: root }"),
        ("the engine's database", "database: { engine: postgres 17, name: postgres }"),
    ]));
}

#[test]
fn the_cache_is_one_that_elasticache_would_make() {
    assert_snapshot!(bodies(&[
        ("memcached with replicas", "cache: { engine: memcached 1.6, replicas: 1 }"),
        ("valkey with nodes", "cache: { engine: valkey 8, nodes: 2 }"),
        ("too old to encrypt", "cache: { engine: memcached 1.6.6 }"),
        ("newer than this Pando", "cache: { engine: valkey 9.9 }"),
        ("memcached with a snapshot", "cache: { engine: memcached 1.6, final_snapshot: true }"),
        ("a node without snapshots", "cache: { engine: valkey 8, node: cache.t1.micro, final_snapshot: false }"),
    ]));
}

#[test]
fn the_times_of_workers_fit_each_other() {
    let worker = |fields: &str| format!("image: {{ id: ami-12345678 }}\nworkers: {{ mail: {{ {fields} }} }}");
    assert_snapshot!(bodies(&[
        ("a job longer than its wait", &worker("latency: 10s, job_time: 20s")),
        ("a job longer than the wait by default", &worker("job_time: 2m")),
        ("hidden for less than a job takes", &worker("job_time: 50s, visibility: 30s")),
        ("hidden by default for less than a job takes", &worker("latency: 1h, job_time: 10m")),
        ("hidden for too long", &worker("visibility: 13h")),
        ("kept for too long", &worker("retention: 15d")),
        ("kept for too short", &worker("retention: 30s")),
        ("no time at all", &worker("latency: 0s, retention: 0s")),
    ]));
}

#[test]
fn some_tags_are_not_the_authors_to_set() {
    let many = (0..46).map(|number| format!("  tag-{number}: x\n")).collect::<Vec<_>>().concat();
    assert_snapshot!(bodies(&[
        ("reserved", "tags: { aws:x: 1, Pando:key: 2, Name: 3 }"),
        ("too many", &format!("tags:\n{many}")),
    ]));
}

#[test]
fn what_shows_only_with_answers_is_shown_in_the_file_too() {
    let text =
        "pando: 1\nstack: shop\nnetwork: { zones: 4 }\nimage: { id: ami-12345678 }\nweb: { instance: t4g.small }\n";
    let (blueprint, warnings) = Blueprint::parse(&source(text), None).expect("a sound blueprint");
    assert_eq!(warnings, []);
    let mut told = answers();
    assert_eq!(blueprint.check_answers(&told), []);
    told.zones.truncate(2);
    told.image = told.image.map(|image| Image { architecture: "x86_64".into(), ..image });
    assert_snapshot!(render(&source(text), &blueprint.check_answers(&told), false));
}
