# What clones are told of their surroundings: parameters, which clones read once, when they boot.

locals {
  surroundings = {
    "database/engine"  = "mysql"
    "database/host"    = aws_db_instance.primary.address
    "database/port"    = "3306"
    "database/name"    = "app"
    "database/secret"  = aws_secretsmanager_secret.database.arn
    "database/readers" = join(",", aws_db_instance.replica[*].address)
    "cache/engine"     = "valkey"
    "cache/host"       = aws_elasticache_replication_group.cache.primary_endpoint_address
    "cache/port"       = "6379"
    "cache/reader"     = aws_elasticache_replication_group.cache.reader_endpoint_address
    "cache/secret"     = aws_secretsmanager_secret.cache.arn
    "sessions/host"    = aws_elasticache_cluster.sessions.cluster_address
    "queue/thumbnails" = aws_sqs_queue.jobs.url
  }
}

resource "aws_ssm_parameter" "surroundings" {
  for_each = local.surroundings
  name     = "/pando/${var.stack}/${each.key}"
  type     = "String"
  value    = each.value
}

output "url" {
  value = "http://${aws_lb.web.dns_name}"
}
