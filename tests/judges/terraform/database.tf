# The database: a primary with a standby, and two replicas to read from.

resource "aws_db_subnet_group" "database" {
  name        = "${var.stack}-database"
  description = "Where the database of ${var.stack} may stand"
  subnet_ids  = aws_subnet.data[*].id
}

resource "aws_db_parameter_group" "database" {
  name        = "${var.stack}-database"
  description = "Settings of the database of ${var.stack}"
  family      = "mysql8.4"

  parameter {
    name         = "require_secure_transport"
    value        = "1"
    apply_method = "pending-reboot"
  }
}

resource "aws_secretsmanager_secret" "database" {
  name                    = "${var.stack}-database"
  description             = "Administrator of the database of ${var.stack}"
  recovery_window_in_days = 0
}

# Made anew whenever Terraform runs, and kept only when the secret is new.
ephemeral "aws_secretsmanager_random_password" "database" {
  password_length     = 32
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "database" {
  secret_id = aws_secretsmanager_secret.database.id
  secret_string_wo = jsonencode({
    username = "pando"
    password = ephemeral.aws_secretsmanager_random_password.database.random_password
  })
  secret_string_wo_version = 1
}

data "aws_secretsmanager_secret_version" "database" {
  secret_id  = aws_secretsmanager_secret_version.database.secret_id
  version_id = aws_secretsmanager_secret_version.database.version_id
}

locals {
  database = jsondecode(data.aws_secretsmanager_secret_version.database.secret_string)
}

resource "aws_db_instance" "primary" {
  identifier                          = "${var.stack}-primary"
  engine                              = "mysql"
  engine_version                      = "8.4"
  instance_class                      = "db.t4g.medium"
  allocated_storage                   = 100
  storage_type                        = "gp3"
  storage_encrypted                   = true
  publicly_accessible                 = false
  db_subnet_group_name                = aws_db_subnet_group.database.name
  parameter_group_name                = aws_db_parameter_group.database.name
  vpc_security_group_ids              = [aws_security_group.tier["database"].id]
  username                            = "pando"
  password                            = local.database.password
  db_name                             = "app"
  port                                = 3306
  multi_az                            = true
  backup_retention_period             = 7
  deletion_protection                 = false
  auto_minor_version_upgrade          = true
  copy_tags_to_snapshot               = true
  iam_database_authentication_enabled = true
  enabled_cloudwatch_logs_exports     = ["error", "slowquery"]
  skip_final_snapshot                 = false
  final_snapshot_identifier           = "${var.stack}-primary-final"
  delete_automated_backups            = true
}

resource "aws_db_instance" "replica" {
  count                               = 2
  identifier                          = "${var.stack}-replica-${count.index + 1}"
  replicate_source_db                 = aws_db_instance.primary.identifier
  instance_class                      = "db.t4g.medium"
  storage_encrypted                   = true
  publicly_accessible                 = false
  vpc_security_group_ids              = [aws_security_group.tier["database"].id]
  auto_minor_version_upgrade          = true
  copy_tags_to_snapshot               = true
  iam_database_authentication_enabled = true
  enabled_cloudwatch_logs_exports     = ["error", "slowquery"]
  skip_final_snapshot                 = true
}
