# Only the network and the web tier: what is said here takes the place of what `main.tf`, `security.tf`, `clones.tf` and `surroundings.tf` say.
# Killing Terraform hundreds of times over the whole stack would take days.

locals {
  groups = {
    load-balancer = "Load balancer, open to the world"
    web           = "Clones of the tier web"
  }

  flows = {
    load-balancer-web = { from = "load-balancer", to = "web", port = 8080 }
  }

  ways_out = {
    web-80  = { from = "web", port = 80 }
    web-443 = { from = "web", port = 443 }
  }

  tiers = {
    web = { instance = "t4g.small", policy = data.aws_iam_policy_document.clones.json }
  }

  surroundings = {
    "stack" = var.stack
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
}

data "aws_iam_policy_document" "workers" {
  statement {
    actions   = ["ssm:GetParameter"]
    resources = [local.parameters]
  }
}
