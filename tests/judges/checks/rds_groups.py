"""RDS: replicas, snapshots and restores, subnet groups, parameter groups."""

from . import databases, worlds
from .expect import expect, expect_true, refused, tags_of
from .registry import check


@check("CreateDBInstanceReadReplica: source and replica show each other; class and engine are the source's")
def _(cloud):
    source = databases.instance(cloud)
    replica = databases.replica(cloud, source)
    shown = databases.shown(cloud, replica)
    expect(shown["ReadReplicaSourceDBInstanceIdentifier"], source, "the source of the replica")
    expect((shown["DBInstanceClass"], shown["Engine"]), ("db.t3.micro", "mysql"), "class and engine")
    expect(shown["StatusInfos"][0]["Status"], "replicating", "StatusInfos")
    replicas = databases.shown(cloud, source)["ReadReplicaDBInstanceIdentifiers"]
    expect(replicas, [replica], "the replicas of the source")


@check("CreateDBInstanceReadReplica: of a source without backups is refused")
def _(cloud):
    # User guide: automatic backups must be on; AWS answers InvalidDBInstanceState.
    source = databases.instance(cloud, BackupRetentionPeriod=0)
    refused(
        ("InvalidDBInstanceState", "InvalidParameterCombination"),
        cloud.rds.create_db_instance_read_replica,
        DBInstanceIdentifier=cloud.name("replica"),
        SourceDBInstanceIdentifier=source,
    )


@check("CreateDBInstanceReadReplica: unknown sources and names that are taken are refused")
def _(cloud):
    call = cloud.rds.create_db_instance_read_replica
    source = databases.instance(cloud)
    unknown = cloud.name("nobody")
    refused("DBInstanceNotFound", call, DBInstanceIdentifier=cloud.name("r"), SourceDBInstanceIdentifier=unknown)
    refused("DBInstanceAlreadyExists", call, DBInstanceIdentifier=source, SourceDBInstanceIdentifier=source)


@check("ModifyDBInstance: a source of replicas cannot lose its backups")
def _(cloud):
    # API reference, BackupRetentionPeriod: "Can't be set to 0 if the DB instance is a source to read replicas".
    source = databases.instance(cloud)
    databases.replica(cloud, source)
    databases.available(cloud, source)
    refused(
        ("InvalidParameterCombination", "InvalidParameterValue", "InvalidDBInstanceState"),
        cloud.rds.modify_db_instance,
        DBInstanceIdentifier=source,
        BackupRetentionPeriod=0,
        ApplyImmediately=True,
    )


@check("PromoteReadReplica: stands alone with its own backups, and the source forgets it")
def _(cloud):
    source = databases.instance(cloud)
    replica = databases.replica(cloud, source)
    cloud.rds.promote_read_replica(DBInstanceIdentifier=replica, BackupRetentionPeriod=3)
    cloud.until(
        lambda: not databases.shown(cloud, replica).get("ReadReplicaSourceDBInstanceIdentifier"), 3600, "it is promoted"
    )
    databases.available(cloud, replica)
    expect(databases.shown(cloud, replica)["BackupRetentionPeriod"], 3, "BackupRetentionPeriod")
    expect(databases.shown(cloud, source)["ReadReplicaDBInstanceIdentifiers"], [], "the replicas of the source")


@check("PromoteReadReplica: of what is no replica is refused with InvalidDBInstanceState")
def _(cloud):
    name = databases.instance(cloud)
    refused("InvalidDBInstanceState", cloud.rds.promote_read_replica, DBInstanceIdentifier=name)


@check("DeleteDBInstance: a replica takes no final snapshot")
def _(cloud):
    # API reference, SkipFinalSnapshot: "When you delete a read replica … must be enabled": InvalidParameterCombination.
    replica = databases.replica(cloud, databases.instance(cloud))
    refused(
        ("InvalidParameterCombination", "InvalidDBInstanceState"),
        cloud.rds.delete_db_instance,
        DBInstanceIdentifier=replica,
        FinalDBSnapshotIdentifier=cloud.name("final"),
    )
    databases.deleted(cloud, replica)


@check("CreateDBSnapshot: shows source, type, size and engine; the same name is refused")
def _(cloud):
    name = databases.instance(cloud)
    snapshot = databases.snapshot(cloud, name)
    shown = cloud.rds.describe_db_snapshots(DBSnapshotIdentifier=snapshot)["DBSnapshots"][0]
    expect((shown["DBInstanceIdentifier"], shown["SnapshotType"]), (name, "manual"), "source and type")
    expect((shown["AllocatedStorage"], shown["Engine"]), (20, "mysql"), "size and engine")
    databases.available(cloud, name)
    refused(
        "DBSnapshotAlreadyExists",
        cloud.rds.create_db_snapshot,
        DBSnapshotIdentifier=snapshot,
        DBInstanceIdentifier=name,
    )


@check("DescribeDBSnapshots: unknown snapshots are refused with DBSnapshotNotFound, databases without any are empty")
def _(cloud):
    refused("DBSnapshotNotFound", cloud.rds.describe_db_snapshots, DBSnapshotIdentifier=cloud.name("nobody"))
    name = databases.instance(cloud)
    manual = cloud.rds.describe_db_snapshots(DBInstanceIdentifier=name, SnapshotType="manual")["DBSnapshots"]
    expect(manual, [], "manual snapshots")


@check("DeleteDBSnapshot: is gone; twice is refused with DBSnapshotNotFound")
def _(cloud):
    snapshot = databases.snapshot(cloud, databases.instance(cloud))
    cloud.rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot)
    refused("DBSnapshotNotFound", cloud.rds.delete_db_snapshot, DBSnapshotIdentifier=snapshot)


@check("RestoreDBInstanceFromDBSnapshot: a new database with the snapshot's engine and size")
def _(cloud):
    snapshot = databases.snapshot(cloud, databases.instance(cloud, AllocatedStorage=30))
    name = cloud.name("restored")
    request = {"DBInstanceIdentifier": name, "DBSnapshotIdentifier": snapshot}
    made = cloud.rds.restore_db_instance_from_db_snapshot(**request)["DBInstance"]
    expect(made["DBInstanceStatus"], "creating", "the status in the answer")
    databases.available(cloud, name)
    shown = databases.shown(cloud, name)
    expect((shown["Engine"], shown["AllocatedStorage"]), ("mysql", 30), "engine and size")
    expect(shown["MasterUsername"], "root_user", "MasterUsername")
    refused("DBInstanceAlreadyExists", cloud.rds.restore_db_instance_from_db_snapshot, **request)


@check("RestoreDBInstanceFromDBSnapshot: of an unknown snapshot is refused with DBSnapshotNotFound")
def _(cloud):
    refused(
        "DBSnapshotNotFound",
        cloud.rds.restore_db_instance_from_db_snapshot,
        DBInstanceIdentifier=cloud.name("restored"),
        DBSnapshotIdentifier=cloud.name("nobody"),
    )


@check("CreateDBSubnetGroup: shows VPC, subnets with zones, and tags; the same name is refused")
def _(cloud):
    net, name = worlds.network(cloud), cloud.name("subnets")
    request = {
        "DBSubnetGroupName": name,
        "DBSubnetGroupDescription": "two",
        "SubnetIds": net.subnets,
        "Tags": [{"Key": "Name", "Value": "two"}],
    }
    made = cloud.rds.create_db_subnet_group(**request)["DBSubnetGroup"]
    expect((made["VpcId"], made["SubnetGroupStatus"]), (net.vpc, "Complete"), "VPC and status")
    zones = sorted((s["SubnetAvailabilityZone"]["Name"], s["SubnetIdentifier"]) for s in made["Subnets"])
    expect(zones, sorted(zip(net.zones, net.subnets)), "subnets")
    tags = cloud.rds.list_tags_for_resource(ResourceName=made["DBSubnetGroupArn"])["TagList"]
    expect(tags_of(tags), {"Name": "two"}, "tags")
    refused("DBSubnetGroupAlreadyExists", cloud.rds.create_db_subnet_group, **request)


@check("CreateDBSubnetGroup: one zone is refused with DBSubnetGroupDoesNotCoverEnoughAZs")
def _(cloud):
    refused(
        "DBSubnetGroupDoesNotCoverEnoughAZs",
        cloud.rds.create_db_subnet_group,
        DBSubnetGroupName=cloud.name("subnets"),
        DBSubnetGroupDescription="one zone",
        SubnetIds=worlds.network(cloud, "aa").subnets,
    )


@check("CreateDBSubnetGroup: an unknown subnet is refused with InvalidSubnet")
def _(cloud):
    refused(
        "InvalidSubnet",
        cloud.rds.create_db_subnet_group,
        DBSubnetGroupName=cloud.name("subnets"),
        DBSubnetGroupDescription="unknown",
        SubnetIds=[worlds.network(cloud).subnets[0], "subnet-0123456789abcdef0"],
    )


@check("DeleteDBSubnetGroup: with a database is refused with InvalidDBSubnetGroupStateFault, then it goes")
def _(cloud):
    group = databases.subnet_group(cloud)
    name = databases.instance(cloud, DBSubnetGroupName=group)
    refused("InvalidDBSubnetGroupStateFault", cloud.rds.delete_db_subnet_group, DBSubnetGroupName=group)
    databases.deleted(cloud, name)
    cloud.rds.delete_db_subnet_group(DBSubnetGroupName=group)
    refused("DBSubnetGroupNotFoundFault", cloud.rds.delete_db_subnet_group, DBSubnetGroupName=group)
    refused("DBSubnetGroupNotFoundFault", cloud.rds.describe_db_subnet_groups, DBSubnetGroupName=group)


@check("DeleteSecurityGroup: of a database is refused with DependencyViolation")
def _(cloud):
    net = worlds.network(cloud)
    group = worlds.security_group(cloud, net.vpc)
    subnets = databases.subnet_group(cloud, net)
    databases.instance(cloud, DBSubnetGroupName=subnets, VpcSecurityGroupIds=[group])
    refused("DependencyViolation", cloud.ec2.delete_security_group, GroupId=group)


@check("CreateDBParameterGroup: shows family; the same name is refused, an unknown family too")
def _(cloud):
    name = databases.parameter_group(cloud)
    shown = cloud.rds.describe_db_parameter_groups(DBParameterGroupName=name)["DBParameterGroups"][0]
    expect((shown["DBParameterGroupFamily"], shown["Description"]), ("mysql8.0", "made by a check"), "the group")
    call = cloud.rds.create_db_parameter_group
    request = {"DBParameterGroupName": name, "DBParameterGroupFamily": "mysql8.0", "Description": "x"}
    refused("DBParameterGroupAlreadyExists", call, **request)
    other = {"DBParameterGroupName": cloud.name("p"), "DBParameterGroupFamily": "mysql0.1"}
    refused("InvalidParameterValue", call, **request | other)


@check("ModifyDBParameterGroup: what was set is found under the source user; an unknown parameter is refused")
def _(cloud):
    name = databases.parameter_group(cloud)
    parameter = {"ParameterName": "max_connections", "ParameterValue": "321", "ApplyMethod": "immediate"}
    cloud.rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[parameter])
    pages = cloud.pages(
        cloud.rds.describe_db_parameters, "Parameters", token="Marker", DBParameterGroupName=name, Source="user"
    )
    found = {held["ParameterName"]: held["ParameterValue"] for page in pages for held in page}
    expect(found, {"max_connections": "321"}, "parameters that the user set")
    odd = {"ParameterName": "no_such_parameter", "ParameterValue": "1", "ApplyMethod": "immediate"}
    refused(
        "InvalidParameterValue", cloud.rds.modify_db_parameter_group, DBParameterGroupName=name, Parameters=[odd]
    )


@check("ModifyDBParameterGroup: a static parameter is refused immediate, and pends until the reboot")
def _(cloud):
    # User guide: static parameters take ApplyMethod pending-reboot only; the instance shows pending-reboot.
    group = databases.parameter_group(cloud)
    name = databases.instance(cloud, DBParameterGroupName=group)

    def applied():
        return databases.shown(cloud, name)["DBParameterGroups"][0]["ParameterApplyStatus"]

    expect(applied(), "in-sync", "ParameterApplyStatus at first")
    static = {"ParameterName": "performance_schema", "ParameterValue": "1"}
    call = cloud.rds.modify_db_parameter_group
    immediate = [{**static, "ApplyMethod": "immediate"}]
    refused(
        ("InvalidParameterCombination", "InvalidParameterValue"),
        call,
        DBParameterGroupName=group,
        Parameters=immediate,
    )
    call(DBParameterGroupName=group, Parameters=[{**static, "ApplyMethod": "pending-reboot"}])
    cloud.until(lambda: applied() == "pending-reboot", 900, "the parameter waits for a reboot")
    databases.available(cloud, name)
    cloud.rds.reboot_db_instance(DBInstanceIdentifier=name)
    cloud.until(lambda: applied() == "in-sync", 1800, "the parameter is in sync after the reboot")


@check("DeleteDBParameterGroup: in use is refused with InvalidDBParameterGroupState, then it goes")
def _(cloud):
    group = databases.parameter_group(cloud)
    name = databases.instance(cloud, DBParameterGroupName=group)
    refused("InvalidDBParameterGroupState", cloud.rds.delete_db_parameter_group, DBParameterGroupName=group)
    databases.deleted(cloud, name)
    cloud.rds.delete_db_parameter_group(DBParameterGroupName=group)
    refused("DBParameterGroupNotFound", cloud.rds.describe_db_parameter_groups, DBParameterGroupName=group)


@check("DescribeDBEngineVersions: shows versions of MySQL with their family, and one as the default")
def _(cloud):
    shown = cloud.rds.describe_db_engine_versions(Engine="mysql")["DBEngineVersions"]
    expect_true(any(held["DBParameterGroupFamily"] == "mysql8.0" for held in shown), "no version is of mysql8.0")
    only = cloud.rds.describe_db_engine_versions(Engine="mysql", DefaultOnly=True)["DBEngineVersions"]
    expect(len(only), 1, "default versions")
