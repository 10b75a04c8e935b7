# The cache: a replication group of Valkey, and, as the other kind a blueprint can have, a cluster of Memcached.

resource "aws_elasticache_subnet_group" "cache" {
  name        = "${var.stack}-cache"
  description = "Where the cache of ${var.stack} may stand"
  subnet_ids  = aws_subnet.data[*].id
}

resource "aws_elasticache_parameter_group" "cache" {
  name        = "${var.stack}-cache"
  description = "Settings of the cache of ${var.stack}"
  family      = "valkey8"

  parameter {
    name  = "maxmemory-policy"
    value = "allkeys-lru"
  }
}

resource "aws_secretsmanager_secret" "cache" {
  name                    = "${var.stack}-cache"
  description             = "Password of the cache of ${var.stack}"
  recovery_window_in_days = 0
}

ephemeral "aws_secretsmanager_random_password" "cache" {
  password_length     = 32
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "cache" {
  secret_id = aws_secretsmanager_secret.cache.id
  secret_string_wo = jsonencode({
    password = ephemeral.aws_secretsmanager_random_password.cache.random_password
  })
  secret_string_wo_version = 1
}

data "aws_secretsmanager_secret_version" "cache" {
  secret_id  = aws_secretsmanager_secret_version.cache.secret_id
  version_id = aws_secretsmanager_secret_version.cache.version_id
}

resource "aws_elasticache_replication_group" "cache" {
  replication_group_id       = "${var.stack}-cache"
  description                = "The cache of ${var.stack}"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = "cache.t4g.small"
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  multi_az_enabled           = true
  subnet_group_name          = aws_elasticache_subnet_group.cache.name
  parameter_group_name       = aws_elasticache_parameter_group.cache.name
  security_group_ids         = [aws_security_group.tier["cache"].id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  auth_token                 = jsondecode(data.aws_secretsmanager_secret_version.cache.secret_string).password
  snapshot_retention_limit   = 7
  auto_minor_version_upgrade = true
  port                       = 6379
}

resource "aws_elasticache_parameter_group" "sessions" {
  name        = "${var.stack}-sessions"
  description = "Settings of the sessions of ${var.stack}"
  family      = "memcached1.6"
}

resource "aws_elasticache_cluster" "sessions" {
  cluster_id                 = "${var.stack}-sessions"
  engine                     = "memcached"
  engine_version             = "1.6.22"
  node_type                  = "cache.t4g.micro"
  num_cache_nodes            = 2
  az_mode                    = "cross-az"
  transit_encryption_enabled = true
  subnet_group_name          = aws_elasticache_subnet_group.cache.name
  parameter_group_name       = aws_elasticache_parameter_group.sessions.name
  security_group_ids         = [aws_security_group.tier["sessions"].id]
  auto_minor_version_upgrade = true
}
