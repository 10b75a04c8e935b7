//! The parameters of each engine, those that people set most; the real lists go into the hundreds.
//!
//! A line has a parameter's name; whether it is static (`s`), dynamic (`d`) or not to be changed (`e`); its type; its allowed values; and its
//! value as RDS sets it, if it does. From `aws rds describe-engine-default-parameters` and the engines' manuals
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.MySQL.Parameters.html>,
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html>).

/// A parameter of an engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// `static` or `dynamic`.
    pub(super) apply: &'static str,
    pub(super) can_change: bool,
    /// `integer`, `boolean`, `string`, `float` or `list`.
    pub(super) kind: &'static str,
    pub(super) allowed: Option<&'static str>,
    pub(super) value: Option<&'static str>,
}

/// The parameters of a family, in the order of their names.
pub(super) fn of(family: &str) -> Vec<Parameter> {
    let tables: &[&'static str] = match family {
        "mysql8.0" => &[SHARED, MYSQL, MYSQL_8_0],
        family if family.starts_with("mysql") => &[SHARED, MYSQL, MYSQL_8_4],
        family if family.starts_with("mariadb") => &[SHARED, MARIADB],
        "postgres13" | "postgres14" => &[POSTGRES, POSTGRES_TO_14],
        _ => &[POSTGRES, POSTGRES_FROM_15],
    };
    let mut all: Vec<Parameter> = tables.iter().flat_map(|table| table.lines()).filter_map(parse).collect();
    all.sort_by_key(|parameter| parameter.name);
    all
}

fn parse(line: &'static str) -> Option<Parameter> {
    let mut words = line.splitn(5, ' ');
    let (name, apply, kind) = (words.next()?, words.next()?, words.next()?);
    let given = |word: Option<&'static str>| word.filter(|word| *word != "-");
    Some(Parameter {
        name,
        apply: if apply == "d" { "dynamic" } else { "static" },
        can_change: apply != "e",
        kind,
        allowed: given(words.next()),
        value: given(words.next()),
    })
}

const SHARED: &str = "\
auto_increment_increment d integer 1-65535
auto_increment_offset d integer 1-65535
autocommit d boolean 0,1
automatic_sp_privileges d boolean 0,1
back_log s integer 1-65535
basedir e string - /rdsdbbin/mysql
binlog_cache_size d integer 4096-18446744073709547520 32768
binlog_row_image d string full,minimal,noblob
bulk_insert_buffer_size d integer 0-18446744073709547520
character_set_client d string -
character_set_connection d string -
character_set_database d string -
character_set_filesystem d string - binary
character_set_results d string -
character_set_server d string -
collation_connection d string -
collation_server d string -
completion_type d string NO_CHAIN,CHAIN,RELEASE,0,1,2
concurrent_insert d string NEVER,AUTO,ALWAYS,0,1,2
connect_timeout d integer 2-31536000
datadir e string - /rdsdbdata/db/
default_storage_engine e string InnoDB InnoDB
default_week_format d integer 0-7
delay_key_write d string OFF,ON,ALL
div_precision_increment d integer 0-30
event_scheduler d string ON,OFF
explicit_defaults_for_timestamp d boolean 0,1 1
flush_time d integer 0-31536000
ft_max_word_len s integer 10-84
ft_min_word_len s integer 1-84
general_log d boolean 0,1
group_concat_max_len d integer 4-18446744073709547520
init_connect d string -
innodb_adaptive_flushing d boolean 0,1
innodb_adaptive_hash_index d boolean 0,1
innodb_autoinc_lock_mode s integer 0-2
innodb_buffer_pool_dump_at_shutdown d boolean 0,1
innodb_buffer_pool_load_at_startup s boolean 0,1
innodb_buffer_pool_size d integer 5242880-18446744073709551615 {DBInstanceClassMemory*3/4}
innodb_data_home_dir e string -
innodb_deadlock_detect d boolean 0,1
innodb_file_per_table d boolean 0,1 1
innodb_flush_log_at_trx_commit d integer 0-2 1
innodb_flush_method s string O_DIRECT,O_DIRECT_NO_FSYNC,fsync O_DIRECT
innodb_io_capacity d integer 100-18446744073709551615
innodb_io_capacity_max d integer 100-18446744073709551615
innodb_lock_wait_timeout d integer 1-1073741824
innodb_log_buffer_size s integer 262144-4294967295 8388608
innodb_max_dirty_pages_pct d float 0-99.99
innodb_open_files s integer 10-4294967295
innodb_print_all_deadlocks d boolean 0,1
innodb_purge_threads s integer 1-32
innodb_read_io_threads s integer 1-64
innodb_rollback_on_timeout s boolean 0,1
innodb_sort_buffer_size s integer 65536-67108864
innodb_stats_on_metadata d boolean 0,1
innodb_stats_persistent d boolean 0,1
innodb_strict_mode d boolean 0,1
innodb_sync_array_size s integer 1-1024
innodb_write_io_threads s integer 1-64
interactive_timeout d integer 1-31536000
join_buffer_size d integer 128-18446744073709547520
key_buffer_size d integer 8-18446744073709551615 16777216
lc_time_names d string -
local_infile d boolean 0,1 1
lock_wait_timeout d integer 1-31536000
log_bin_trust_function_creators d boolean 0,1
log_output d string FILE,TABLE,NONE TABLE
log_queries_not_using_indexes d boolean 0,1
log_slave_updates e boolean 0,1
long_query_time d float 0-31536000
low_priority_updates d boolean 0,1
lower_case_table_names s integer 0,1
max_allowed_packet d integer 1024-1073741824
max_connect_errors d integer 1-9223372036854775807
max_connections d integer 1-100000 {DBInstanceClassMemory/12582880}
max_heap_table_size d integer 16384-1844674407370954752
max_join_size d integer 1-18446744073709551615
max_prepared_stmt_count d integer 0-1048576
max_sort_length d integer 4-8388608
max_user_connections d integer 0-4294967295
net_buffer_length d integer 1024-1048576
net_read_timeout d integer 1-31536000
net_retry_count d integer 1-4294967295
net_write_timeout d integer 1-31536000
optimizer_switch d string -
performance_schema s boolean 0,1
pid_file e string - /rdsdbdata/log/mysql-{EndPointPort}.pid
plugin_dir e string -
port e integer 1-65535 {EndPointPort}
query_alloc_block_size d integer 1024-4294967295
read_buffer_size d integer 8200-2147479552 262144
read_only d boolean 0,1,{TrueIfReplica} {TrueIfReplica}
read_rnd_buffer_size d integer 8200-2147479552 524288
relay_log e string - /rdsdbdata/log/relaylog/relaylog
require_secure_transport d boolean 0,1
secure_file_priv e string - /tmp
server_id e integer 1-4294967295 {ServerId}
skip_name_resolve s boolean 0,1
skip_show_database s boolean 0,1
slow_launch_time d integer 0-31536000
slow_query_log d boolean 0,1
socket e string - /tmp/mysql.sock
sort_buffer_size d integer 32768-18446744073709551615
sql_mode d string -
sync_binlog d integer 0-4294967295 1
table_definition_cache d integer 400-524288
table_open_cache d integer 1-524288
thread_cache_size d integer 0-16384
thread_stack s integer 131072-18446744073709547520 262144
time_zone d string -
tls_version s string TLSv1.2,TLSv1.3
tmp_table_size d integer 1024-9223372036854775807
tmpdir e string - /rdsdbdata/tmp/
wait_timeout d integer 1-31536000";

const MYSQL: &str = "\
activate_all_roles_on_login d boolean 0,1 0
authentication_policy d string *:caching_sha2_password,,;mysql_native_password,,
binlog_expire_logs_seconds d integer 0-4294967295 2592000
binlog_format d string ROW,STATEMENT,MIXED MIXED
binlog_order_commits d boolean 0,1
binlog_rows_query_log_events d boolean 0,1
binlog_transaction_compression d boolean 0,1
check_proxy_users d boolean 0,1
default_collation_for_utf8mb4 d string utf8mb4_0900_ai_ci,utf8mb4_general_ci
end_markers_in_json d boolean 0,1
enforce_gtid_consistency d string OFF,WARN,ON
gtid-mode d string OFF,OFF_PERMISSIVE,ON_PERMISSIVE,ON OFF_PERMISSIVE
information_schema_stats_expiry d integer 0-31536000
innodb_dedicated_server s boolean 0,1
innodb_redo_log_capacity d integer 8388608-137438953472
innodb_print_ddl_logs d boolean 0,1
internal_tmp_mem_storage_engine d string TempTable,MEMORY
log_error_verbosity d integer 1-3
log_slow_extra d boolean 0,1
mandatory_roles d string -
max_execution_time d integer 0-4294967295
partial_revokes d boolean 0,1
password_history d integer 0-4294967295
password_reuse_interval d integer 0-4294967295
replica_parallel_workers d integer 0-1024
replica_preserve_commit_order d boolean 0,1
session_track_gtids d string OFF,OWN_GTID,ALL_GTIDS
temptable_max_mmap d integer 0-18446744073709551615
temptable_max_ram d integer 2097152-18446744073709551615
validate_password.length d integer 0-2147483647
validate_password.policy d string LOW,MEDIUM,STRONG,0,1,2";

const MYSQL_8_0: &str = "\
default_authentication_plugin s string mysql_native_password,sha256_password,caching_sha2_password mysql_native_password
expire_logs_days d integer 0-99
innodb_log_file_size s integer 4194304-1099511627776 134217728
master_verify_checksum d boolean 0,1
old_passwords d integer 0,2
slave_parallel_workers d integer 0-1024
sync_master_info d integer 0-4294967295";

const MYSQL_8_4: &str = "\
mysql_native_password s string ON,OFF OFF
restrict_fk_on_non_standard_key d boolean 0,1
set_operations_buffer_size d integer 16384-1073741824
tls_ciphersuites s string -";

const MARIADB: &str = "\
aria_pagecache_buffer_size s integer 131072-18446744073709551615
binlog_format d string ROW,STATEMENT,MIXED MIXED
expire_logs_days d integer 0-99
gtid_domain_id d integer 0-4294967295
gtid_strict_mode d boolean 0,1
idle_transaction_timeout d integer 0-31536000
innodb_log_file_size s integer 1048576-549755813888 134217728
log_slow_verbosity d string -
log_warnings d integer 0-9
max_statement_time d float 0-31536000
query_cache_limit d integer 0-18446744073709547520
query_cache_size d integer 0-18446744073709547520
query_cache_type s string OFF,ON,DEMAND,0,1,2
slave_parallel_mode d string optimistic,conservative,aggressive,minimal,none
slave_parallel_threads d integer 0-16383
system_versioning_alter_history d string ERROR,KEEP
thread_handling s string one-thread-per-connection,pool-of-threads
thread_pool_max_threads d integer 1-65536
userstat d boolean 0,1";

const POSTGRES: &str = "\
application_name d string -
archive_command e string - /etc/rds/dbbin/pgscripts/rds_wal_archive
archive_timeout e integer - 300
auto_explain.log_analyze d boolean 0,1
auto_explain.log_min_duration d integer -1-2147483647
autovacuum d boolean 0,1
autovacuum_analyze_scale_factor d float 0-100 0.05
autovacuum_analyze_threshold d integer 0-2147483647
autovacuum_freeze_max_age s integer 100000000-750000000
autovacuum_max_workers s integer 1-262143 GREATEST({DBInstanceClassMemory/64371566592},3)
autovacuum_multixact_freeze_max_age s integer 10000000-2000000000
autovacuum_naptime d integer 1-2147483 15
autovacuum_vacuum_cost_delay d float -1-100
autovacuum_vacuum_cost_limit d integer -1-10000 GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)
autovacuum_vacuum_scale_factor d float 0-100 0.1
autovacuum_vacuum_threshold d integer 0-2147483647
autovacuum_work_mem d integer -1-2147483647 GREATEST({DBInstanceClassMemory/32768},65536)
backslash_quote d string safe_encoding,on,off
bgwriter_delay d integer 10-10000
bytea_output d string hex,escape
check_function_bodies d boolean 0,1
checkpoint_completion_target d float 0-1 0.9
checkpoint_timeout d integer 30-3600
client_encoding d string -
client_min_messages d string debug5,debug4,debug3,debug2,debug1,log,notice,warning,error
config_file e string - /rdsdbdata/config/postgresql.conf
cpu_index_tuple_cost d float -
cpu_tuple_cost d float -
cron.database_name s string -
cursor_tuple_fraction d float 0-1
data_directory e string - /rdsdbdata/db
datestyle d string -
deadlock_timeout d integer 1-2147483647
debug_print_plan d boolean 0,1
default_statistics_target d integer 1-10000
default_transaction_isolation d string serializable,repeatable read,read committed,read uncommitted
effective_cache_size d integer 1-2147483647 {DBInstanceClassMemory/16384}
effective_io_concurrency d integer 0-1000
enable_hashjoin d boolean 0,1
enable_indexscan d boolean 0,1
enable_nestloop d boolean 0,1
enable_seqscan d boolean 0,1
from_collapse_limit d integer 1-2147483647
geqo d boolean 0,1
hba_file e string - /rdsdbdata/config/pg_hba.conf
hot_standby_feedback d boolean 0,1
huge_pages s string on,off,try off
idle_in_transaction_session_timeout d integer 0-2147483647 86400000
intervalstyle d string postgres,postgres_verbose,sql_standard,iso_8601
jit d boolean 0,1
join_collapse_limit d integer 1-2147483647
lc_messages d string -
listen_addresses e string - *
lo_compat_privileges d boolean 0,1 0
lock_timeout d integer 0-2147483647
log_autovacuum_min_duration d integer -1-2147483647 10000
log_checkpoints d boolean 0,1
log_connections d boolean 0,1
log_destination d string stderr,csvlog stderr
log_disconnections d boolean 0,1
log_duration d boolean 0,1
log_error_verbosity d string terse,default,verbose
log_filename d string postgresql.log.%Y-%m-%d,postgresql.log.%Y-%m-%d-%H,postgresql.log.%Y-%m-%d-%H%M postgresql.log.%Y-%m-%d-%H
log_hostname d boolean 0,1
log_line_prefix d string - %t:%r:%u@%d:[%p]:
log_lock_waits d boolean 0,1
log_min_duration_statement d integer -1-2147483647
log_min_error_statement d string debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic
log_min_messages d string debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic
log_rotation_age d integer 1-1440 60
log_statement d string none,ddl,mod,all
log_statement_stats d boolean 0,1
log_temp_files d integer -1-2147483647
logging_collector e boolean 0,1 1
logical_decoding_work_mem d integer 64-2147483647
maintenance_work_mem d integer 1024-2147483647 GREATEST({DBInstanceClassMemory*1024/63963136},65536)
max_connections s integer 6-262143 LEAST({DBInstanceClassMemory/9531392},5000)
max_locks_per_transaction s integer 10-2147483647 64
max_logical_replication_workers s integer 0-262143
max_parallel_maintenance_workers d integer 0-1024
max_parallel_workers d integer 0-1024 GREATEST({DBInstanceVCPU/2},8)
max_parallel_workers_per_gather d integer 0-1024
max_prepared_transactions s integer 0-262143 0
max_replication_slots s integer 5-262143 20
max_slot_wal_keep_size d integer -1-2147483647
max_stack_depth d integer 100-2147483647 6144
max_standby_archive_delay d integer -1-2147483647 30000
max_standby_streaming_delay d integer -1-2147483647 30000
max_wal_senders s integer 5-262143 25
max_wal_size d integer 128-201326592 2048
max_worker_processes s integer 0-262143 GREATEST({DBInstanceVCPU*2},8)
min_wal_size d integer 128-201326592 192
password_encryption d string md5,scram-sha-256
pg_stat_statements.max s integer 100-2147483647
pg_stat_statements.track d string none,top,all
pgaudit.log d string ddl,function,misc,read,role,write,none,all,-ddl,-function,-misc,-read,-role,-write
pgaudit.role d string -
port e integer 1-65535 {EndPointPort}
random_page_cost d float 0-1.79769e+308
rds.extensions e string -
rds.force_admin_logging_level d string disabled,debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic
rds.force_autovacuum_logging_level d string disabled,debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic warning
rds.log_retention_period d integer 1440-10080 4320
rds.logical_replication s boolean 0,1 0
rds.rds_superuser_reserved_connections s integer 0-262143
rds.restrict_password_commands s boolean 0,1
search_path d string -
seq_page_cost d float 0-1.79769e+308
session_replication_role d string origin,local,replica
shared_buffers s integer 16-1073741823 {DBInstanceClassMemory/32768}
shared_preload_libraries s list auto_explain,orafce,pgaudit,pglogical,pg_bigm,pg_cron,pg_hint_plan,pg_prewarm,pg_similarity,pg_stat_statements,pg_tle,pg_transport,plprofiler pg_stat_statements
ssl e boolean 0,1 1
ssl_ciphers s string HIGH,MEDIUM,!aNULL,!eNULL
ssl_min_protocol_version d string TLSv1.2,TLSv1.3
standard_conforming_strings d boolean 0,1
statement_timeout d integer 0-2147483647
superuser_reserved_connections s integer 0-262143
synchronous_commit d string local,on,off on
tcp_keepalives_count d integer 0-2147483647 2
tcp_keepalives_idle d integer 0-2147483647 300
tcp_keepalives_interval d integer 0-2147483647 30
temp_buffers d integer 100-1073741823
temp_file_limit d integer -1-2147483647
timezone d string - UTC
track_activities d boolean 0,1
track_activity_query_size s integer 100-1048576 4096
track_commit_timestamp s boolean 0,1
track_counts d boolean 0,1
track_functions d string none,pl,all pl
track_io_timing d boolean 0,1 1
unix_socket_directories e string - /tmp
update_process_title d boolean 0,1
vacuum_cost_limit d integer 1-10000
vacuum_cost_page_miss d integer 0-10000 5
wal_buffers s integer -1-262143
wal_compression d boolean 0,1 1
wal_keep_size d integer 0-2147483647 2048
wal_receiver_timeout d integer 0-3600000 30000
wal_sender_timeout d integer 0-3600000 30000
wal_writer_delay d integer 1-10000
work_mem d integer 64-2147483647
xmlbinary d string base64,hex";

const POSTGRES_TO_14: &str = "\
rds.force_ssl s boolean 0,1 0
stats_temp_directory e string - /rdsdbdata/db/pg_stat_tmp";

const POSTGRES_FROM_15: &str = "\
rds.force_ssl d boolean 0,1 1
recovery_prefetch d string on,off,try";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_parameters_of_each_sort_and_none_twice() {
        for (family, _) in crate::simulator::services::rds::engines::families() {
            let all = of(family);
            assert!(all.len() > 100, "{family} has {}", all.len());
            assert!(all.windows(2).all(|pair| pair[0].name < pair[1].name), "{family}");
            assert!(all.iter().any(|parameter| !parameter.can_change) && all.iter().any(|p| p.apply == "dynamic"));
        }
    }
}
