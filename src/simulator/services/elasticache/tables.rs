//! The parameters of each family, those that people set most.
//!
//! A line has a parameter's name; whether it changes at once (`i`), with a restart (`r`) or not at all (`e`); its type; its allowed values; and
//! its default. From <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html>.

/// A parameter of an engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// `immediate` or `requires-reboot`.
    pub(super) change: &'static str,
    pub(super) can_change: bool,
    /// `integer` or `string`.
    pub(super) kind: &'static str,
    pub(super) allowed: Option<&'static str>,
    pub(super) value: Option<&'static str>,
}

/// The parameters of a family, in the order of their names.
pub(super) fn of(family: &str) -> Vec<Parameter> {
    let tables: &[&'static str] = if family.starts_with("memcached") {
        &[MEMCACHED]
    } else if matches!(family, "redis4.0" | "redis5.0") {
        &[REDIS]
    } else {
        &[REDIS, REDIS_FROM_6]
    };
    let mut all: Vec<Parameter> = tables.iter().flat_map(|table| table.lines()).filter_map(parse).collect();
    all.sort_by_key(|parameter| parameter.name);
    all
}

fn parse(line: &'static str) -> Option<Parameter> {
    let mut words = line.splitn(5, ' ');
    let (name, change, kind) = (words.next()?, words.next()?, words.next()?);
    let given = |word: Option<&'static str>| word.filter(|word| *word != "-");
    Some(Parameter {
        name,
        change: if change == "r" { "requires-reboot" } else { "immediate" },
        can_change: change != "e",
        kind,
        allowed: given(words.next()),
        value: given(words.next()),
    })
}

const REDIS: &str = "\
active-defrag-cycle-max i integer 1-75 75
active-defrag-cycle-min i integer 1-75 5
active-defrag-ignore-bytes i integer 1048576- 104857600
active-defrag-max-scan-fields i integer 1-1000000 1000
active-defrag-threshold-lower i integer 1-100 10
active-defrag-threshold-upper i integer 1-100 100
activedefrag i string yes,no no
activerehashing r string yes,no yes
appendfsync e string always,everysec,no everysec
appendonly e string yes,no no
client-output-buffer-limit-normal-hard-limit i integer 0- 0
client-output-buffer-limit-normal-soft-limit i integer 0- 0
client-output-buffer-limit-normal-soft-seconds i integer 0- 0
client-output-buffer-limit-pubsub-hard-limit i integer 0- 33554432
client-output-buffer-limit-pubsub-soft-limit i integer 0- 8388608
client-output-buffer-limit-pubsub-soft-seconds i integer 0- 60
client-output-buffer-limit-replica-soft-seconds e integer 0- 60
client-query-buffer-limit i integer 1048576-1073741824 1073741824
close-on-replica-write i string yes,no yes
cluster-allow-pubsubshard-when-down i string yes,no yes
cluster-enabled r string yes,no no
cluster-require-full-coverage i string yes,no no
databases r integer 1-1200000 16
hash-max-ziplist-entries i integer 0- 512
hash-max-ziplist-value i integer 0- 64
hll-sparse-max-bytes i integer 1-16000 3000
latency-tracking i string yes,no no
lazyfree-lazy-eviction e string yes,no no
lazyfree-lazy-expire e string yes,no no
lazyfree-lazy-server-del e string yes,no no
lfu-decay-time i integer 0- 1
lfu-log-factor i integer 1- 10
list-compress-depth r integer 0- 0
list-max-ziplist-size r integer -5- -2
lua-replicate-commands i string yes,no yes
maxclients e integer 1-65000 65000
maxmemory e integer 1- -
maxmemory-policy i string volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction volatile-lru
maxmemory-samples i integer 1- 3
min-replicas-max-lag i integer 0- 10
min-replicas-to-write i integer 0- 0
notify-keyspace-events i string - -
proto-max-bulk-len i integer 1048576-536870912 536870912
rename-commands i string - -
repl-backlog-size i integer 16384- 1048576
repl-backlog-ttl e integer 0- 3600
repl-timeout e integer 11- 60
replica-allow-chaining e string yes,no no
replica-ignore-maxmemory e string yes,no yes
replica-lazy-flush e string yes,no no
reserved-memory-percent i integer 0-100 25
set-max-intset-entries i integer 0- 512
slowlog-log-slower-than i integer -1- 10000
slowlog-max-len i integer 0- 128
stream-node-max-bytes i integer 0- 4096
stream-node-max-entries i integer 0- 100
tcp-keepalive i integer 0- 300
timeout i integer 0,20- 0
zset-max-ziplist-entries i integer 0- 128
zset-max-ziplist-value i integer 0- 64";

const REDIS_FROM_6: &str = "\
acllog-max-len i integer 1-10000 128
hash-max-listpack-entries i integer 0- 512
hash-max-listpack-value i integer 0- 64
list-max-listpack-size r integer -5- -2
tracking-table-max-keys i integer 1-100000000 1000000
zset-max-listpack-entries i integer 0- 128
zset-max-listpack-value i integer 0- 64";

const MEMCACHED: &str = "\
backlog_queue_limit e integer 1-10000 1024
binding_protocol r string auto,ascii auto
cas_disabled r integer 0,1 0
chunk_size r integer 1-1024 48
chunk_size_growth_factor r string 1-1.25 1.25
config_max r integer 16 16
config_size_max r integer 65536 65536
disable_flush_all i integer 0,1 0
error_on_memory_exhausted r integer 0,1 0
expirezero_does_not_evict r integer 0,1 0
hash_algorithm r string jenkins,murmur3 murmur3
hashpower_init r integer 12-32 16
idle_timeout r integer 0- 0
large_memory_pages e integer 0,1 0
lock_down_paged_memory e integer 0,1 0
lru_crawler i integer 0,1 1
lru_maintainer r integer 0,1 1
max_item_size r integer 1024-1073741824 1048576
max_simultaneous_connections r integer 3-65000 65000
maxconns_fast r integer 0,1 1
maximize_core_file_limit e integer 0,1 0
memcached_connections_overhead r integer 0-100 100
modern e integer 1 1
requests_per_event e integer 20 20
slab_automove i integer 0-2 1
slab_chunk_max r integer 0- 524288
slab_reassign r integer 0,1 1
track_sizes r integer 0,1 0
watcher_logbuf_size r integer - 262144
worker_logbuf_size r integer - 65536";
