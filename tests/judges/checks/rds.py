"""RDS: creating, changing, rebooting and deleting databases."""

from . import databases, worlds
from .expect import attempt, expect, expect_true, refused, tags_of
from .registry import check


@check("CreateDBInstance: creating, then available; shows what it was given, endpoint, tags, no password")
def _(cloud):
    net = worlds.network(cloud)
    group = worlds.security_group(cloud, net.vpc)
    name, subnets = cloud.name("db"), databases.subnet_group(cloud, net)
    made = cloud.rds.create_db_instance(
        DBInstanceIdentifier=name,
        Tags=[{"Key": "Name", "Value": "primary"}],
        **databases.settings(
            MultiAZ=True,
            StorageEncrypted=True,
            DBSubnetGroupName=subnets,
            VpcSecurityGroupIds=[group],
            BackupRetentionPeriod=7,
            DBName="shop",
        ),
    )["DBInstance"]
    expect(made["DBInstanceStatus"], "creating", "the status in the answer")
    expect(made.get("Endpoint", {}).get("Address"), None, "the endpoint's address while it is creating")
    databases.available(cloud, name)
    now = databases.shown(cloud, name)
    expect((now["Engine"], now["DBInstanceClass"], now["AllocatedStorage"]), ("mysql", "db.t3.micro", 20), "what")
    expect((now["MultiAZ"], now["StorageEncrypted"], now["DBName"]), (True, True, "shop"), "MultiAZ, encryption, name")
    expect_true(now.get("KmsKeyId"), "an encrypted database shows no KmsKeyId")
    expect((now["MasterUsername"], now["BackupRetentionPeriod"]), ("root_user", 7), "user and backups")
    expect(now["DBSubnetGroup"]["DBSubnetGroupName"], subnets, "the subnet group")
    expect([held["VpcSecurityGroupId"] for held in now["VpcSecurityGroups"]], [group], "security groups")
    expect((now["Endpoint"]["Port"], now["Endpoint"]["Address"].startswith(name)), (3306, True), "the endpoint")
    expect(tags_of(now["TagList"]), {"Name": "primary"}, "TagList")
    expect("MasterUserPassword" in now.get("PendingModifiedValues", {}), False, "a password is pending")
    expect(now["DeletionProtection"], False, "DeletionProtection")


@check("CreateDBInstance: the same name is refused with DBInstanceAlreadyExists, in other letters too")
def _(cloud):
    name = databases.instance(cloud)
    for again in (name, name.upper()):
        refused(
            "DBInstanceAlreadyExists", cloud.rds.create_db_instance, DBInstanceIdentifier=again, **databases.settings()
        )


@check("CreateDBInstance: the name is stored in lower case")
def _(cloud):
    name = cloud.name("DB")
    made = cloud.rds.create_db_instance(DBInstanceIdentifier=name, **databases.settings())["DBInstance"]
    expect(made["DBInstanceIdentifier"], name.lower(), "DBInstanceIdentifier")


@check("CreateDBInstance: names that are none are refused with InvalidParameterValue")
def _(cloud):
    for name in ("1db", "db--two", "db-", "db_under", "d" * 64):
        refused(
            "InvalidParameterValue", cloud.rds.create_db_instance, DBInstanceIdentifier=name, **databases.settings()
        )


@check("CreateDBInstance: unknown subnet and parameter groups are refused with their NotFound")
def _(cloud):
    call, name = cloud.rds.create_db_instance, cloud.name("db")
    unknown = databases.settings(DBSubnetGroupName=cloud.name("nobody"))
    refused("DBSubnetGroupNotFoundFault", call, DBInstanceIdentifier=name, **unknown)
    unknown = databases.settings(DBParameterGroupName=cloud.name("nobody"))
    refused("DBParameterGroupNotFound", call, DBInstanceIdentifier=name, **unknown)


@check("CreateDBInstance: an unknown engine, class and a short password are refused with InvalidParameterValue")
def _(cloud):
    call, name = cloud.rds.create_db_instance, cloud.name("db")
    for odd in ({"Engine": "nosuch"}, {"DBInstanceClass": "db.none.micro"}, {"MasterUserPassword": "short"}):
        refused(
            ("InvalidParameterValue", "InvalidParameterCombination"),
            call,
            DBInstanceIdentifier=name,
            **databases.settings(**odd),
        )


@check("CreateDBInstance: without a password, and without letting RDS manage one, is refused")
def _(cloud):
    without = databases.settings()
    del without["MasterUserPassword"]
    refused(
        ("InvalidParameterValue", "InvalidParameterCombination", "MissingParameter"),
        cloud.rds.create_db_instance,
        DBInstanceIdentifier=cloud.name("db"),
        **without,
    )


@check("CreateDBInstance: with ManageMasterUserPassword shows the ARN of a secret that Secrets Manager has")
def _(cloud):
    managed = databases.settings(ManageMasterUserPassword=True)
    del managed["MasterUserPassword"]
    name = cloud.name("db")
    cloud.rds.create_db_instance(DBInstanceIdentifier=name, **managed)
    databases.available(cloud, name)
    secret = databases.shown(cloud, name)["MasterUserSecret"]
    expect(secret["SecretStatus"], "active", "SecretStatus")
    cloud.secretsmanager.describe_secret(SecretId=secret["SecretArn"])
    # API reference: MasterUserPassword "can't be specified if ManageMasterUserPassword is turned on".
    both = databases.settings(ManageMasterUserPassword=True)
    refused(
        ("InvalidParameterCombination", "InvalidParameterValue"),
        cloud.rds.create_db_instance,
        DBInstanceIdentifier=cloud.name("db"),
        **both,
    )


@check("DescribeDBInstances: an unknown name is refused with DBInstanceNotFound")
def _(cloud):
    refused("DBInstanceNotFound", cloud.rds.describe_db_instances, DBInstanceIdentifier=cloud.name("nobody"))


@check("DescribeDBInstances: filters by name and engine; an unknown filter is refused with InvalidParameterValue")
def _(cloud):
    name = databases.instance(cloud)

    def found(**filters):
        asked = [{"Name": key.replace("_", "-"), "Values": [value]} for key, value in filters.items()]
        shown = cloud.rds.describe_db_instances(Filters=asked)["DBInstances"]
        return [held["DBInstanceIdentifier"] for held in shown]

    expect(found(db_instance_id=name), [name], "db-instance-id")
    expect(found(db_instance_id=name, engine="postgres"), [], "another engine")
    refused(
        "InvalidParameterValue", cloud.rds.describe_db_instances, Filters=[{"Name": "colour", "Values": ["blue"]}]
    )


@check("DescribeDBInstances: MaxRecords cuts pages, and below 20 is refused with InvalidParameterValue")
def _(cloud):
    for _number in range(21):
        cloud.rds.create_db_instance(DBInstanceIdentifier=cloud.name("db"), **databases.settings())
    pages = cloud.pages(cloud.rds.describe_db_instances, "DBInstances", token="Marker", MaxRecords=20)
    expect([len(page) for page in pages], [20, 1], "lengths of the pages")
    names = {held["DBInstanceIdentifier"] for page in pages for held in page}
    expect(len(names), 21, "databases on all pages")
    refused("InvalidParameterValue", cloud.unchecked("rds").describe_db_instances, MaxRecords=5)


@check("AddTagsToResource and RemoveTagsFromResource: show in ListTagsForResource and TagList")
def _(cloud):
    name = databases.instance(cloud)
    arn = databases.shown(cloud, name)["DBInstanceArn"]
    cloud.rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    cloud.rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["a"])
    expect(tags_of(cloud.rds.list_tags_for_resource(ResourceName=arn)["TagList"]), {"b": "2"}, "tags")
    expect(tags_of(databases.shown(cloud, name)["TagList"]), {"b": "2"}, "TagList")


@check("ModifyDBInstance: a class that is not applied at once is pending, and the class stays")
def _(cloud):
    name = databases.instance(cloud)
    answer = cloud.rds.modify_db_instance(DBInstanceIdentifier=name, DBInstanceClass="db.t3.large")["DBInstance"]
    expect(answer["PendingModifiedValues"].get("DBInstanceClass"), "db.t3.large", "the pending class")
    expect(answer["DBInstanceClass"], "db.t3.micro", "the class")


@check("ModifyDBInstance: a class that is applied at once goes by way of modifying")
def _(cloud):
    name = databases.instance(cloud)
    cloud.rds.modify_db_instance(DBInstanceIdentifier=name, DBInstanceClass="db.t3.large", ApplyImmediately=True)
    cloud.until(lambda: databases.shown(cloud, name)["DBInstanceClass"] == "db.t3.large", 3600, "the class is new")
    databases.available(cloud, name)
    expect(databases.shown(cloud, name).get("PendingModifiedValues", {}), {}, "PendingModifiedValues")


@check("ModifyDBInstance: deletion protection and retention are applied at once without being asked")
def _(cloud):
    # API reference, DeletionProtection: "This change doesn't result in an outage … applied immediately".
    name = databases.instance(cloud)
    cloud.rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=True)
    cloud.until(lambda: databases.shown(cloud, name)["DeletionProtection"], 600, "DeletionProtection is on")
    expect(databases.shown(cloud, name).get("PendingModifiedValues", {}), {}, "PendingModifiedValues")


@check("ModifyDBInstance: less storage is refused")
def _(cloud):
    # User guide: "You can't reduce the amount of storage for a DB instance after storage has been allocated."
    name = databases.instance(cloud, AllocatedStorage=50)
    refused(
        ("InvalidParameterCombination", "InvalidParameterValue"),
        cloud.rds.modify_db_instance,
        DBInstanceIdentifier=name,
        AllocatedStorage=20,
        ApplyImmediately=True,
    )


@check("ModifyDBInstance: while it is creating is refused with InvalidDBInstanceState", alone=True)
def _(cloud):
    def modify(name):
        cloud.rds.create_db_instance(DBInstanceIdentifier=name, **databases.settings())
        change = {"DBInstanceClass": "db.t3.large", "ApplyImmediately": True}
        return attempt(cloud.rds.modify_db_instance, DBInstanceIdentifier=name, **change)[1]

    code = cloud.within(60, lambda: cloud.name("db"), modify)
    expect(code, "InvalidDBInstanceState", "the refusal")


@check("ModifyDBInstance: an unknown name is refused with DBInstanceNotFound")
def _(cloud):
    refused("DBInstanceNotFound", cloud.rds.modify_db_instance, DBInstanceIdentifier=cloud.name("nobody"))


@check("RebootDBInstance: is rebooting, then available; failover without Multi-AZ is refused")
def _(cloud):
    name = databases.instance(cloud)
    answer = cloud.rds.reboot_db_instance(DBInstanceIdentifier=name)["DBInstance"]
    expect(answer["DBInstanceStatus"], "rebooting", "the status in the answer")
    databases.available(cloud, name)
    refused(
        ("InvalidParameterCombination", "InvalidDBInstanceState"),
        cloud.rds.reboot_db_instance,
        DBInstanceIdentifier=name,
        ForceFailover=True,
    )


@check("RebootDBInstance: with failover swaps the zones of a Multi-AZ database")
def _(cloud):
    name = databases.instance(cloud, MultiAZ=True, DBSubnetGroupName=databases.subnet_group(cloud))
    before = databases.shown(cloud, name)
    zones = (before["AvailabilityZone"], before["SecondaryAvailabilityZone"])
    cloud.rds.reboot_db_instance(DBInstanceIdentifier=name, ForceFailover=True)
    databases.available(cloud, name)

    def now():
        shown = databases.shown(cloud, name)
        return (shown["AvailabilityZone"], shown["SecondaryAvailabilityZone"])

    cloud.until(lambda: now() == zones[::-1], 600, f"the zones {zones} are swapped")


@check("StopDBInstance and StartDBInstance: stopped, then available; starting what runs is refused")
def _(cloud):
    name = databases.instance(cloud)
    refused("InvalidDBInstanceState", cloud.rds.start_db_instance, DBInstanceIdentifier=name)
    cloud.rds.stop_db_instance(DBInstanceIdentifier=name)
    cloud.until(lambda: databases.status(cloud, name) == "stopped", 1800, "it is stopped")
    cloud.rds.start_db_instance(DBInstanceIdentifier=name)
    databases.available(cloud, name)


@check("DeleteDBInstance: with deletion protection is refused with InvalidParameterCombination")
def _(cloud):
    name = databases.instance(cloud, DeletionProtection=True)
    refused(
        "InvalidParameterCombination",
        cloud.rds.delete_db_instance,
        DBInstanceIdentifier=name,
        SkipFinalSnapshot=True,
    )


@check("DeleteDBInstance: without a word about the final snapshot is refused with InvalidParameterCombination")
def _(cloud):
    name = databases.instance(cloud)
    refused("InvalidParameterCombination", cloud.rds.delete_db_instance, DBInstanceIdentifier=name)


@check("DeleteDBInstance: with both, a snapshot's name and no snapshot, is refused with InvalidParameterCombination")
def _(cloud):
    name = databases.instance(cloud)
    refused(
        "InvalidParameterCombination",
        cloud.rds.delete_db_instance,
        DBInstanceIdentifier=name,
        SkipFinalSnapshot=True,
        FinalDBSnapshotIdentifier=cloud.name("final"),
    )


@check("DeleteDBInstance: with a final snapshot leaves that snapshot; the database is deleting, then gone")
def _(cloud):
    name, final = databases.instance(cloud), cloud.name("final")
    answer = cloud.rds.delete_db_instance(DBInstanceIdentifier=name, FinalDBSnapshotIdentifier=final)["DBInstance"]
    expect(answer["DBInstanceStatus"], "deleting", "the status in the answer")
    cloud.until(lambda: databases.status(cloud, name) == "gone", 3600, "it is gone")
    snapshot = cloud.rds.describe_db_snapshots(DBSnapshotIdentifier=final)["DBSnapshots"][0]
    expect((snapshot["Status"], snapshot["SnapshotType"]), ("available", "manual"), "the final snapshot")
    expect(snapshot["DBInstanceIdentifier"], name, "whose snapshot it is")


@check("DeleteDBInstance: a final snapshot whose name is taken is refused with DBSnapshotAlreadyExists")
def _(cloud):
    name = databases.instance(cloud)
    taken = databases.snapshot(cloud, name)
    databases.available(cloud, name)
    refused(
        "DBSnapshotAlreadyExists",
        cloud.rds.delete_db_instance,
        DBInstanceIdentifier=name,
        FinalDBSnapshotIdentifier=taken,
    )


@check("DeleteDBInstance: automated backups go along, manual snapshots stay")
def _(cloud):
    name = databases.instance(cloud)
    manual = databases.snapshot(cloud, name)
    databases.available(cloud, name)
    databases.deleted(cloud, name)
    left = cloud.rds.describe_db_snapshots(DBInstanceIdentifier=name)["DBSnapshots"]
    expect([snapshot["DBSnapshotIdentifier"] for snapshot in left], [manual], "snapshots afterwards")


@check("DeleteDBInstance: an unknown one, and one that is being deleted already, are refused", alone=True)
def _(cloud):
    refused(
        "DBInstanceNotFound",
        cloud.rds.delete_db_instance,
        DBInstanceIdentifier=cloud.name("nobody"),
        SkipFinalSnapshot=True,
    )

    def again(name):
        cloud.rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        return attempt(cloud.rds.delete_db_instance, DBInstanceIdentifier=name, SkipFinalSnapshot=True)[1]

    code = cloud.within(30, lambda: databases.instance(cloud), again)
    expect(code, "InvalidDBInstanceState", "the second deletion's refusal")
