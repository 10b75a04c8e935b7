"""What checks of RDS need: instances that are available, and looks at them."""

from . import worlds
from .expect import attempt

PASSWORD = "correct-horse-9"


def settings(**parameters):
    """The parameters of CreateDBInstance for a small MySQL, without its name."""
    return {
        "DBInstanceClass": "db.t3.micro",
        "Engine": "mysql",
        "AllocatedStorage": 20,
        "MasterUsername": "root_user",
        "MasterUserPassword": PASSWORD,
        "BackupRetentionPeriod": 1,
    } | parameters


def instance(cloud, **parameters):
    """A database that is available, by its name."""
    name = cloud.name("db")
    cloud.rds.create_db_instance(DBInstanceIdentifier=name, **settings(**parameters))
    return available(cloud, name)


def shown(cloud, name):
    """A database as Describe shows it."""
    return cloud.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def status(cloud, name):
    """The status of a database; gone if it is not there."""
    answer, code = attempt(cloud.rds.describe_db_instances, DBInstanceIdentifier=name)
    if code in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
        return "gone"
    return answer["DBInstances"][0]["DBInstanceStatus"]


def available(cloud, name, seconds=3600):
    """Wait until the database is available; returns its name."""
    cloud.until(lambda: status(cloud, name) == "available", seconds, f"{name} is available")
    return name


def deleted(cloud, name):
    """Delete a database without a snapshot and wait until it is gone."""
    cloud.rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    cloud.until(lambda: status(cloud, name) == "gone", 3600, f"{name} is gone")


def replica(cloud, source, **parameters):
    """A read replica that is available, by its name."""
    name = cloud.name("replica")
    cloud.rds.create_db_instance_read_replica(
        DBInstanceIdentifier=name, SourceDBInstanceIdentifier=source, **parameters
    )
    return available(cloud, name)


def subnet_group(cloud, net=None):
    """A subnet group over two zones, by its name."""
    name = cloud.name("subnets")
    cloud.rds.create_db_subnet_group(
        DBSubnetGroupName=name,
        DBSubnetGroupDescription="made by a check",
        SubnetIds=(net or worlds.network(cloud)).subnets,
    )
    return name


def parameter_group(cloud, family="mysql8.0"):
    """A parameter group, by its name."""
    name = cloud.name("parameters")
    cloud.rds.create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily=family, Description="made by a check"
    )
    return name


def snapshot(cloud, source):
    """A manual snapshot that is available, by its name."""
    name = cloud.name("snapshot")
    cloud.rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=source)
    cloud.until(lambda: snapshot_status(cloud, name) == "available", 3600, f"{name} is available")
    return name


def snapshot_status(cloud, name):
    """The status of a snapshot."""
    return cloud.rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]["Status"]
