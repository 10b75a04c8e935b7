# What moto does not keep, or tells otherwise than it was told. Terraform would set it anew in every plan.

resource "aws_autoscaling_group" "web" {
  lifecycle {
    ignore_changes = [default_instance_warmup]
  }
}

resource "aws_autoscaling_group" "worker" {
  lifecycle {
    ignore_changes = [default_instance_warmup]
  }
}

resource "aws_autoscaling_policy" "backlog" {
  lifecycle {
    ignore_changes = [enabled, predictive_scaling_configuration]
  }
}

resource "aws_autoscaling_policy" "wake" {
  lifecycle {
    ignore_changes = [enabled, predictive_scaling_configuration]
  }
}

resource "aws_autoscaling_policy" "web" {
  lifecycle {
    ignore_changes = [enabled, predictive_scaling_configuration]
  }
}

resource "aws_db_parameter_group" "database" {
  lifecycle {
    ignore_changes = [parameter]
  }
}

resource "aws_elasticache_parameter_group" "cache" {
  lifecycle {
    ignore_changes = [parameter]
  }
}

resource "aws_elasticache_replication_group" "cache" {
  lifecycle {
    ignore_changes = [auto_minor_version_upgrade]
  }
}

resource "aws_launch_template" "tier" {
  lifecycle {
    ignore_changes = [tag_specifications]
  }
}

resource "aws_sqs_queue" "jobs" {
  lifecycle {
    ignore_changes = [redrive_policy]
  }
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  lifecycle {
    ignore_changes = [description]
  }
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  lifecycle {
    ignore_changes = [description]
  }
}
