# The web tier: clones behind a load balancer.

resource "aws_lb" "web" {
  name                       = "${var.stack}-web"
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = aws_subnet.public[*].id
  security_groups            = [aws_security_group.tier["load-balancer"].id]
  drop_invalid_header_fields = true
  depends_on                 = [aws_internet_gateway.main]
}

resource "aws_lb_target_group" "web" {
  name                 = "${var.stack}-web"
  vpc_id               = aws_vpc.main.id
  protocol             = "HTTP"
  port                 = 8080
  target_type          = "instance"
  deregistration_delay = 30

  health_check {
    path = "/healthz"
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.web.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

# Without a certificate, redirecting is all that a second one can do.
resource "aws_lb_listener" "old" {
  load_balancer_arn = aws_lb.web.arn
  port              = 8080
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      protocol    = "HTTP"
      port        = "80"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_autoscaling_group" "web" {
  name                      = "${var.stack}-web"
  min_size                  = 2
  max_size                  = var.most_clones
  vpc_zone_identifier       = aws_subnet.private[*].id
  target_group_arns         = [aws_lb_target_group.web.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 120
  default_instance_warmup   = 120
  metrics_granularity       = "1Minute"
  enabled_metrics           = local.group_metrics
  depends_on                = [aws_lb_listener.http, aws_ssm_parameter.surroundings, aws_iam_role_policy.tier]

  launch_template {
    id      = aws_launch_template.tier["web"].id
    version = aws_launch_template.tier["web"].latest_version
  }
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage       = 100
      max_healthy_percentage       = 110
      skip_matching                = true
      auto_rollback                = true
      scale_in_protected_instances = "Refresh"
      standby_instances            = "Ignore"
    }
  }
  tag {
    key                 = "Name"
    value               = "${var.stack}-web"
    propagate_at_launch = true
  }
}

resource "aws_autoscaling_lifecycle_hook" "web" {
  name                   = "${var.stack}-web-goodbye"
  autoscaling_group_name = aws_autoscaling_group.web.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  default_result         = "CONTINUE"
  heartbeat_timeout      = 60
}

resource "aws_autoscaling_policy" "web" {
  name                   = "${var.stack}-web"
  autoscaling_group_name = aws_autoscaling_group.web.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = 50

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_autoscaling_policy" "web_requests" {
  name                   = "${var.stack}-web-requests"
  autoscaling_group_name = aws_autoscaling_group.web.name
  policy_type            = "TargetTrackingScaling"
  depends_on             = [aws_lb_listener.http]

  target_tracking_configuration {
    target_value = 1000

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = "${aws_lb.web.arn_suffix}/${aws_lb_target_group.web.arn_suffix}"
    }
  }
}
