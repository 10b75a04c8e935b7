# All copies in one state: the configuration of `tests/judges/terraform` as a module. Beside this lies its provider, which a module that is there
# several times cannot have.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "= 5.100.0"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "account" {
  type = string
}

variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "stack" {
  type = string
}

variable "copies" {
  type = number
}

variable "replicas" {
  type = number
}

variable "most_clones" {
  type    = number
  default = 12
}

module "copy" {
  count       = var.copies
  source      = "./stack"
  endpoint    = var.endpoint
  account     = var.account
  region      = var.region
  stack       = "${var.stack}-${count.index}"
  replicas    = var.replicas
  most_clones = var.most_clones
}
