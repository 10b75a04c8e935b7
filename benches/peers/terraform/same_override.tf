# Takes away what `tests/judges/terraform` has beyond `blueprints/web-service.yaml`, so that both tools make the same: a second cache, a second
# listener, a second policy and two hooks.

locals {
  groups = {
    load-balancer = "Load balancer, open to the world"
    web           = "Clones of the tier web"
    worker        = "Clones of the tier worker"
    database      = "The database"
    cache         = "The cache"
  }

  flows = {
    load-balancer-web = { from = "load-balancer", to = "web", port = 8080 }
    web-database      = { from = "web", to = "database", port = 3306 }
    worker-database   = { from = "worker", to = "database", port = 3306 }
    web-cache         = { from = "web", to = "cache", port = 6379 }
    worker-cache      = { from = "worker", to = "cache", port = 6379 }
  }

  surroundings = merge(var.replicas == 0 ? {} : { "database/readers" = join(",", aws_db_instance.replica[*].address) }, {
    "database/engine"  = "mysql"
    "database/host"    = aws_db_instance.primary.address
    "database/port"    = "3306"
    "database/name"    = "app"
    "database/secret"  = aws_secretsmanager_secret.database.arn
    "cache/engine"     = "valkey"
    "cache/host"       = aws_elasticache_replication_group.cache.primary_endpoint_address
    "cache/port"       = "6379"
    "cache/reader"     = aws_elasticache_replication_group.cache.reader_endpoint_address
    "cache/secret"     = aws_secretsmanager_secret.cache.arn
    "queue/thumbnails" = aws_sqs_queue.jobs.url
  })
}

resource "aws_db_instance" "replica" {
  count = var.replicas
}

resource "aws_elasticache_cluster" "sessions" {
  count                = 0
  parameter_group_name = null
}

resource "aws_elasticache_parameter_group" "sessions" {
  count = 0
}

resource "aws_lb_listener" "old" {
  count = 0
}

resource "aws_autoscaling_policy" "web_requests" {
  count = 0
}

resource "aws_autoscaling_lifecycle_hook" "web" {
  count = 0
}

resource "aws_autoscaling_group" "worker" {
  dynamic "initial_lifecycle_hook" {
    for_each = []
    content {
      name                 = "none"
      lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING"
    }
  }
}
