# Workers behind a queue: none while nothing waits, and as many as the promise to the jobs takes.

locals {
  group_metrics = [
    "GroupDesiredCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize",
    "GroupPendingInstances", "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances",
  ]
}

resource "aws_sqs_queue" "dead" {
  name                       = "${var.stack}-thumbnails-dead"
  visibility_timeout_seconds = var.visibility
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = true
}

resource "aws_sqs_queue" "jobs" {
  name                       = "${var.stack}-thumbnails"
  visibility_timeout_seconds = var.visibility
  message_retention_seconds  = 345600
  sqs_managed_sse_enabled    = true
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 5 })
}

resource "aws_sqs_queue_policy" "tls_only" {
  for_each  = { jobs = aws_sqs_queue.jobs, dead = aws_sqs_queue.dead }
  queue_url = each.value.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = each.value.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_autoscaling_group" "worker" {
  name                      = "${var.stack}-worker-thumbnails"
  min_size                  = 0
  max_size                  = 20
  vpc_zone_identifier       = aws_subnet.private[*].id
  health_check_type         = "EC2"
  health_check_grace_period = 120
  default_instance_warmup   = 120
  metrics_granularity       = "1Minute"
  enabled_metrics           = local.group_metrics
  depends_on                = [aws_ssm_parameter.surroundings, aws_iam_role_policy.tier]

  launch_template {
    id      = aws_launch_template.tier["worker"].id
    version = aws_launch_template.tier["worker"].latest_version
  }
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 110
      skip_matching          = true
      auto_rollback          = true
    }
  }
  # Makes the provider create the group empty, then the hook, then set the sizes.
  initial_lifecycle_hook {
    name                 = "${var.stack}-worker-hello"
    lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING"
    default_result       = "CONTINUE"
    heartbeat_timeout    = 60
  }
  tag {
    key                 = "Name"
    value               = "${var.stack}-worker-thumbnails"
    propagate_at_launch = true
  }
}

resource "aws_autoscaling_policy" "backlog" {
  name                   = "${var.stack}-worker-thumbnails"
  autoscaling_group_name = aws_autoscaling_group.worker.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = 15

    customized_metric_specification {
      metrics {
        id          = "waiting"
        return_data = false

        metric_stat {
          stat = "Sum"

          metric {
            namespace   = "AWS/SQS"
            metric_name = "ApproximateNumberOfMessagesVisible"

            dimensions {
              name  = "QueueName"
              value = aws_sqs_queue.jobs.name
            }
          }
        }
      }
      metrics {
        id          = "clones"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "AWS/AutoScaling"
            metric_name = "GroupInServiceInstances"

            dimensions {
              name  = "AutoScalingGroupName"
              value = aws_autoscaling_group.worker.name
            }
          }
        }
      }
      metrics {
        id          = "backlog"
        expression  = "IF(FILL(clones, 0) > 0, waiting / clones, waiting)"
        return_data = true
      }
    }
  }
}

resource "aws_autoscaling_policy" "wake" {
  name                    = "${var.stack}-worker-thumbnails-wake"
  autoscaling_group_name  = aws_autoscaling_group.worker.name
  policy_type             = "StepScaling"
  adjustment_type         = "ExactCapacity"
  metric_aggregation_type = "Maximum"

  step_adjustment {
    metric_interval_lower_bound = 0
    scaling_adjustment          = 1
  }
}

resource "aws_cloudwatch_metric_alarm" "wake" {
  alarm_name          = "${var.stack}-worker-thumbnails-wake"
  alarm_description   = "Jobs wait for thumbnails, and no worker is there: starts the first"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_autoscaling_policy.wake.arn]

  metric_query {
    id = "waiting"

    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      period      = 60
      stat        = "Maximum"
      dimensions  = { QueueName = aws_sqs_queue.jobs.name }
    }
  }
  metric_query {
    id = "clones"

    metric {
      namespace   = "AWS/AutoScaling"
      metric_name = "GroupDesiredCapacity"
      period      = 60
      stat        = "Maximum"
      dimensions  = { AutoScalingGroupName = aws_autoscaling_group.worker.name }
    }
  }
  metric_query {
    id          = "alone"
    expression  = "IF(FILL(clones, 0) < 1, waiting, 0)"
    label       = "messages that nobody takes"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "late" {
  alarm_name          = "${var.stack}-worker-thumbnails-late"
  alarm_description   = "Jobs for thumbnails wait longer than the 30 seconds promised"
  comparison_operator = "GreaterThanThreshold"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.jobs.name }
  statistic           = "Maximum"
  period              = 60
  threshold           = 30
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
}
