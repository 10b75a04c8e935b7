# What clones of both tiers have in common: who they are to IAM, what they may do, and what they are made of.

locals {
  tiers = {
    web    = { instance = "t4g.small", policy = data.aws_iam_policy_document.clones.json }
    worker = { instance = "c7g.large", policy = data.aws_iam_policy_document.workers.json }
  }

  user_data = { for tier in keys(local.tiers) : tier => <<-EOT
    #!/bin/sh
    export PANDO_STACK='${var.stack}'
    export PANDO_TIER='${tier}'
    export PANDO_REGION='${data.aws_region.current.name}'
    echo 'revision ${var.revision}'
  EOT
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "clones" {
  statement {
    sid       = "SessionManager"
    actions   = ["ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel"]
    resources = ["*"]
  }
  statement {
    sid       = "Parameters"
    actions   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]
    resources = [local.parameters, "${local.parameters}/*"]
  }
  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.database.arn, aws_secretsmanager_secret.cache.arn]
  }
  statement {
    sid       = "Enqueue"
    actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
    resources = [aws_sqs_queue.jobs.arn]
  }
}

data "aws_iam_policy_document" "workers" {
  source_policy_documents = [data.aws_iam_policy_document.clones.json]

  statement {
    sid       = "Work"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.jobs.arn]
  }
}

resource "aws_iam_role" "tier" {
  for_each           = local.tiers
  name               = "${var.stack}-${each.key}"
  path               = "/pando/${var.stack}/"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "tier" {
  for_each = local.tiers
  name     = "pando"
  role     = aws_iam_role.tier[each.key].name
  policy   = each.value.policy
}

resource "aws_iam_instance_profile" "tier" {
  for_each = local.tiers
  name     = "${var.stack}-${each.key}"
  path     = "/pando/${var.stack}/"
  role     = aws_iam_role.tier[each.key].name
}

resource "aws_launch_template" "tier" {
  for_each               = local.tiers
  name                   = "${var.stack}-${each.key}"
  image_id               = local.image.id
  instance_type          = each.value.instance
  vpc_security_group_ids = [aws_security_group.tier[each.key].id]
  user_data              = base64encode(local.user_data[each.key])

  iam_instance_profile {
    arn = aws_iam_instance_profile.tier[each.key].arn
  }
  block_device_mappings {
    device_name = local.image.root_device_name

    ebs {
      volume_size           = local.volume
      volume_type           = "gp3"
      encrypted             = true
      delete_on_termination = true
    }
  }
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  monitoring {
    enabled = true
  }
  tag_specifications {
    resource_type = "volume"
    tags          = { Name = "${var.stack}-${each.key}" }
  }
}
