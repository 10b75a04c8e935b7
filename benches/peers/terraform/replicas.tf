variable "replicas" {
  description = "How many replicas the database has. Not every judge can tell Terraform of them."
  type        = number
}
