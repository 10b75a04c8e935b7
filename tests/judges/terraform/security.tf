# Who may talk to whom: a group for each tier, and every rule a resource of its own.

locals {
  groups = {
    load-balancer = "Load balancer, open to the world"
    web           = "Clones of the tier web"
    worker        = "Clones of the tier worker"
    database      = "The database"
    cache         = "The cache"
    sessions      = "The sessions"
  }

  # Who reaches whom on which port: two rules each.
  flows = {
    load-balancer-web = { from = "load-balancer", to = "web", port = 8080 }
    web-database      = { from = "web", to = "database", port = 3306 }
    worker-database   = { from = "worker", to = "database", port = 3306 }
    web-cache         = { from = "web", to = "cache", port = 6379 }
    worker-cache      = { from = "worker", to = "cache", port = 6379 }
    web-sessions      = { from = "web", to = "sessions", port = 11211 }
  }

  ways_out = {
    web-80     = { from = "web", port = 80 }
    web-443    = { from = "web", port = 443 }
    worker-80  = { from = "worker", port = 80 }
    worker-443 = { from = "worker", port = 443 }
  }
}

resource "aws_security_group" "tier" {
  for_each    = local.groups
  name        = "${var.stack}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "${var.stack}-${each.key}" }
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  for_each                     = local.flows
  security_group_id            = aws_security_group.tier[each.value.from].id
  referenced_security_group_id = aws_security_group.tier[each.value.to].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = "${each.value.from} to ${each.value.to}"
  tags                         = { Name = "${var.stack}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  for_each                     = local.flows
  security_group_id            = aws_security_group.tier[each.value.to].id
  referenced_security_group_id = aws_security_group.tier[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = "${each.value.from} to ${each.value.to}"
  tags                         = { Name = "${var.stack}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "world" {
  security_group_id = aws_security_group.tier["load-balancer"].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
  description       = "the world to load-balancer"
}

resource "aws_vpc_security_group_egress_rule" "world" {
  for_each          = local.ways_out
  security_group_id = aws_security_group.tier[each.value.from].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  description       = "${each.value.from} to the world"
}
