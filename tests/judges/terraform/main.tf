# What `blueprints/web-service.yaml` becomes, in Terraform's words, so that its AWS provider can judge a simulated AWS.
# Each tier has a file of its own.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "= 5.100.0"
    }
  }
}

provider "aws" {
  region = var.region

  # All that any local AWS needs, and nothing that would make the provider more patient or more forgiving.
  access_key              = var.account
  secret_key              = "emulator"
  skip_metadata_api_check = true
  s3_use_path_style       = true

  endpoints {
    autoscaling    = var.endpoint
    cloudwatch     = var.endpoint
    ec2            = var.endpoint
    elasticache    = var.endpoint
    elbv2          = var.endpoint
    iam            = var.endpoint
    rds            = var.endpoint
    s3             = var.endpoint
    secretsmanager = var.endpoint
    sqs            = var.endpoint
    ssm            = var.endpoint
    sts            = var.endpoint
  }

  default_tags {
    tags = { "pando:stack" = var.stack }
  }
}

variable "endpoint" {
  description = "Where the AWS to be judged answers."
  type        = string
}

variable "account" {
  description = "The account, which is the access key too."
  type        = string
  default     = "123456789012"
}

variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "stack" {
  description = "The name that all others begin with."
  type        = string
  default     = "shop"
}

variable "most_clones" {
  description = "The most web clones there may be."
  type        = number
  default     = 12
}

variable "visibility" {
  description = "How long a job that was taken is hidden from other workers, in seconds."
  type        = number
  default     = 300
}

variable "revision" {
  description = "Is in the user data of all clones: another one rolls the fleet."
  type        = string
  default     = "1"
}

# What Pando looks up before it plans.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_availability_zones" "all" {
  state = "available"

  filter {
    name   = "zone-type"
    values = ["availability-zone"]
  }
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required", "opted-in"]
  }
}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

data "aws_ami" "image" {
  owners = ["amazon"]

  filter {
    name   = "image-id"
    values = [nonsensitive(data.aws_ssm_parameter.image.value)]
  }
}

locals {
  zones      = slice(sort(data.aws_availability_zones.all.names), 0, 3)
  image      = data.aws_ami.image
  here       = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  parameters = "arn:aws:ssm:${local.here}:parameter/pando/${var.stack}"
  volumes    = { for device in local.image.block_device_mappings : device.device_name => device.ebs["volume_size"] }
  volume     = max(20, local.volumes[local.image.root_device_name])
}
