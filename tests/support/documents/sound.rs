//! Generated blueprints without a mistake: every section and field, in every combination that means something.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// A field of a mapping, which may be absent.
type Field = (&'static str, BoxedStrategy<Option<Value>>);

/// A blueprint. Its clones boot from an image for Graviton.
pub fn blueprint() -> BoxedStrategy<Value> {
    let head = map(vec![
        must("pando", Just(json!(1))),
        must("stack", Just(json!("shop"))),
        may("region", words(&["eu-west-1", "us-gov-east-1"])),
        may("state", words(&[".pando", "states/shop"])),
        may("profile", words(&["prod", "dev"])),
        may("tags", tags()),
    ]);
    (head, sections()).prop_map(|(head, sections)| joined(head, sections)).boxed()
}

/// The same with what protects it, and environments.
pub fn with_environments() -> BoxedStrategy<Value> {
    let protect = vec(words(&["web", "database", "cache", "workers"]), 0..3).prop_map(Value::from);
    let overlay = (map(vec![may("profile", words(&["prod", "dev"])), may("tags", tags())]), sections());
    let overlay = overlay.prop_map(|(head, sections)| joined(head, sections));
    let environments = map(vec![may("dev", overlay.clone()), may("prod", overlay)]);
    let more = map(vec![may("protect", protect), may("environments", environments)]);
    (blueprint(), more).prop_map(|(blueprint, more)| joined(blueprint, more)).boxed()
}

fn sections() -> BoxedStrategy<Value> {
    map(vec![
        may("network", network()),
        must("image", image()),
        may("web", web()),
        may("database", database()),
        may("cache", cache()),
        may("workers", workers()),
    ])
}

fn network() -> BoxedStrategy<Value> {
    map(vec![
        may("cidr", words(&["10.0.0.0/16", "10.20.0.0/18", "192.168.0.0/20", "100.64.0.0/16"])),
        may("zones", number(2, 4)),
        may("nat", words(&["none", "one", "per-zone"])),
        may("egress", vec(number(440, 444), 0..3).prop_map(Value::from)),
    ])
}

fn image() -> BoxedStrategy<Value> {
    let newest =
        map(vec![must("owner", words(&["self", "123456789012"])), must("name", words(&["web-*", "base-1.2"]))]);
    prop_oneof![
        words(&["ami-0d27e0fb3bac4d724", "ami-12345678"]).prop_map(|id| json!({ "id": id })),
        words(&["/aws/service/web", "/golden/image"]).prop_map(|name| json!({ "ssm": name })),
        newest.prop_map(|newest| json!({ "newest": newest })),
    ]
    .boxed()
}

fn web() -> BoxedStrategy<Value> {
    let scale = prop_oneof![
        words(&["1%", "50%", "100 %"]).prop_map(|share| json!({ "cpu": share })),
        number(1, 5000).prop_map(|count| json!({ "requests_per_clone": count })),
    ];
    let certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/8d6e0a4b";
    map(vec![
        may("instance", instance()),
        may("clones", clones(1)),
        may("port", number(8080, 8082)),
        may("health", words(&["/", "/healthz"])),
        may("scale", scale),
        may("warmup", words(&["30s", "2m"])),
        may("certificate", words(&[certificate])),
    ])
}

fn database() -> BoxedStrategy<Value> {
    map(vec![
        must("engine", words(&["mysql 8.0", "mysql 8.4", "mariadb 11.4", "postgres 16", "postgres 17.2"])),
        may("class", words(&["db.t4g.medium", "db.r7g.2xlarge"])),
        may("storage", words(&["20 GiB", "100GiB"])),
        may("storage_max", words(&["500 GiB", "1 TiB"])),
        may("replicas", number(0, 3)),
        may("multi_az", any::<bool>().prop_map(Value::from)),
        may("backups", words(&["1d", "35d", "48h"])),
        may("final_snapshot", any::<bool>().prop_map(Value::from)),
        may("name", words(&["app", "shop_2"])),
        may("user", words(&["pando", "shop_admin"])),
        may("port", number(3306, 3308)),
    ])
}

fn cache() -> BoxedStrategy<Value> {
    let node = || may("node", words(&["cache.t4g.micro", "cache.r7g.large"]));
    prop_oneof![
        map(vec![
            must("engine", words(&["valkey 7", "valkey 8.1", "redis 6", "redis 7.1"])),
            node(),
            may("replicas", number(0, 3)),
            may("final_snapshot", any::<bool>().prop_map(Value::from)),
        ]),
        map(vec![must("engine", words(&["memcached 1.6", "memcached 1.6.17"])), node(), may("nodes", number(1, 4))]),
    ]
    .boxed()
}

fn workers() -> BoxedStrategy<Value> {
    let worker = map(vec![
        may("instance", instance()),
        may("clones", clones(0)),
        may("latency", words(&["30s", "5m"])),
        may("job_time", words(&["1s", "25s"])),
        may("visibility", words(&["30s", "10m", "12h"])),
        may("retries", number(1, 9)),
        may("retention", words(&["1m", "14d"])),
    ]);
    // The last two are what other groups' parts might be called.
    let names = select(vec!["mail", "image", "mail-dead", "mail-wake"]);
    let groups = btree_map(names, worker, 0..4);
    groups.prop_map(|groups| groups.into_iter().map(|(name, worker)| (name.to_owned(), worker)).collect()).boxed()
}

fn tags() -> BoxedStrategy<Value> {
    let value = prop_oneof![words(&["shop", "a b", "", "ä/ö@ü"]), number(0, 99), any::<bool>().prop_map(Value::from)];
    map(vec![may("team", value.clone()), may("cost:centre", value)])
}

fn clones(fewest: u32) -> BoxedStrategy<Value> {
    let both = (fewest..fewest + 3, 1_u32..9);
    both.prop_map(|(min, more)| json!({ "min": min, "max": min + more })).boxed()
}

fn instance() -> BoxedStrategy<Value> {
    words(&["t4g.small", "c7g.large", "m7gd.metal"])
}

fn words(words: &[&'static str]) -> BoxedStrategy<Value> {
    select(words.to_vec()).prop_map(Value::from).boxed()
}

fn number(from: u32, to: u32) -> BoxedStrategy<Value> {
    (from..=to).prop_map(Value::from).boxed()
}

fn may(name: &'static str, value: impl Strategy<Value = Value> + 'static) -> Field {
    (name, option::of(value).boxed())
}

fn must(name: &'static str, value: impl Strategy<Value = Value> + 'static) -> Field {
    (name, value.prop_map(Some).boxed())
}

fn map(fields: Vec<Field>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<&str>, Vec<_>) = fields.into_iter().unzip();
    let there = move |values: Vec<Option<Value>>| {
        let members = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        Value::Object(members.collect::<Map<_, _>>())
    };
    values.prop_map(there).boxed()
}

fn joined(one: Value, two: Value) -> Value {
    match (one, two) {
        (Value::Object(mut one), Value::Object(two)) => {
            one.extend(two);
            Value::Object(one)
        }
        _ => unreachable!("both are made by `map`"),
    }
}
