"""ElastiCache: replication groups, clusters, subnet groups and parameter groups."""

from . import worlds
from .expect import attempt, expect, expect_true, refused, tags_of
from .registry import check


def redis(**parameters):
    """The parameters of CreateReplicationGroup, without its name: a primary and a replica."""
    return {
        "ReplicationGroupDescription": "made by a check",
        "Engine": "redis",
        "CacheNodeType": "cache.t3.micro",
        "NumCacheClusters": 2,
        "AutomaticFailoverEnabled": True,
    } | parameters


def replication_group(cloud, **parameters):
    """A replication group that is available, by its name."""
    name = cloud.name("cache")
    cloud.elasticache.create_replication_group(ReplicationGroupId=name, **redis(**parameters))
    return available(cloud, name)


def shown(cloud, name):
    """A replication group as Describe shows it."""
    return cloud.elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]


def status(cloud, name):
    """The status of a replication group; gone if it is not there."""
    answer, code = attempt(cloud.elasticache.describe_replication_groups, ReplicationGroupId=name)
    return "gone" if code == "ReplicationGroupNotFoundFault" else answer["ReplicationGroups"][0]["Status"]


def available(cloud, name):
    """Wait until the replication group is available; returns its name."""
    cloud.until(lambda: status(cloud, name) == "available", 3600, f"{name} is available")
    return name


def deleted(cloud, name):
    """Delete a replication group and wait until it is gone."""
    cloud.elasticache.delete_replication_group(ReplicationGroupId=name)
    cloud.until(lambda: status(cloud, name) == "gone", 3600, f"{name} is gone")


def subnet_group(cloud):
    """A subnet group, by its name."""
    name = cloud.name("subnets")
    cloud.elasticache.create_cache_subnet_group(
        CacheSubnetGroupName=name,
        CacheSubnetGroupDescription="made by a check",
        SubnetIds=worlds.network(cloud).subnets,
    )
    return name


def parameter_group(cloud, family="redis7"):
    """A parameter group, by its name."""
    name = cloud.name("parameters")
    cloud.elasticache.create_cache_parameter_group(
        CacheParameterGroupName=name, CacheParameterGroupFamily=family, Description="made by a check"
    )
    return name


def memcached(cloud, **parameters):
    """A Memcached cluster of two nodes that is available, by its name."""
    name = cloud.name("mem")
    settings = {"Engine": "memcached", "CacheNodeType": "cache.t3.micro", "NumCacheNodes": 2} | parameters
    cloud.elasticache.create_cache_cluster(CacheClusterId=name, **settings)
    cloud.until(lambda: cluster(cloud, name)["CacheClusterStatus"] == "available", 3600, f"{name} is available")
    return name


def cluster(cloud, name):
    """A cluster as Describe shows it, with its nodes."""
    answer = cloud.elasticache.describe_cache_clusters(CacheClusterId=name, ShowCacheNodeInfo=True)
    return answer["CacheClusters"][0]


@check("CreateReplicationGroup: creating, then available with members, endpoints and failover")
def _(cloud):
    name = cloud.name("cache")
    made = cloud.elasticache.create_replication_group(
        ReplicationGroupId=name, **redis(TransitEncryptionEnabled=True, AtRestEncryptionEnabled=True)
    )["ReplicationGroup"]
    expect(made["Status"], "creating", "the status in the answer")
    available(cloud, name)
    now = shown(cloud, name)
    expect(sorted(now["MemberClusters"]), [f"{name}-001", f"{name}-002"], "MemberClusters")
    expect((now["AutomaticFailover"], now["ClusterEnabled"]), ("enabled", False), "failover, cluster mode")
    expect((now["TransitEncryptionEnabled"], now["AtRestEncryptionEnabled"]), (True, True), "encryption")
    group = now["NodeGroups"][0]
    expect((group["NodeGroupId"], group["Status"]), ("0001", "available"), "the node group")
    expect_true(group["PrimaryEndpoint"]["Address"] and group["ReaderEndpoint"]["Address"], "endpoints are missing")
    roles = sorted(member["CurrentRole"] for member in group["NodeGroupMembers"])
    expect(roles, ["primary", "replica"], "roles of the members")


@check("DescribeCacheClusters: shows the members of a replication group")
def _(cloud):
    name = replication_group(cloud)
    member = cluster(cloud, f"{name}-001")
    expect((member["ReplicationGroupId"], member["Engine"]), (name, "redis"), "group and engine")
    expect(member["NumCacheNodes"], 1, "NumCacheNodes")


@check("CreateReplicationGroup: the same name is refused with ReplicationGroupAlreadyExists")
def _(cloud):
    name = replication_group(cloud)
    refused(
        "ReplicationGroupAlreadyExists",
        cloud.elasticache.create_replication_group,
        ReplicationGroupId=name,
        **redis(),
    )


@check("CreateReplicationGroup: an unknown subnet group is refused with CacheSubnetGroupNotFoundFault")
def _(cloud):
    refused(
        "CacheSubnetGroupNotFoundFault",
        cloud.elasticache.create_replication_group,
        ReplicationGroupId=cloud.name("cache"),
        **redis(CacheSubnetGroupName=cloud.name("nobody")),
    )


@check("CreateReplicationGroup: failover with a single node is refused")
def _(cloud):
    # API reference, AutomaticFailoverEnabled: needs at least one replica.
    refused(
        ("InvalidParameterCombination", "InvalidParameterValue"),
        cloud.elasticache.create_replication_group,
        ReplicationGroupId=cloud.name("cache"),
        **redis(NumCacheClusters=1),
    )


@check("CreateReplicationGroup: names longer than 40 or with odd signs are refused with InvalidParameterValue")
def _(cloud):
    for name in ("c" * 41, "1cache", "cache--two", "cache-"):
        refused(
            "InvalidParameterValue",
            cloud.elasticache.create_replication_group,
            ReplicationGroupId=name,
            **redis(),
        )


@check("DescribeReplicationGroups: an unknown name is refused with ReplicationGroupNotFoundFault")
def _(cloud):
    refused(
        "ReplicationGroupNotFoundFault",
        cloud.elasticache.describe_replication_groups,
        ReplicationGroupId=cloud.name("nobody"),
    )


@check("AddTagsToResource and RemoveTagsFromResource: show in ListTagsForResource")
def _(cloud):
    name = cloud.name("cache")
    cloud.elasticache.create_replication_group(
        ReplicationGroupId=name, Tags=[{"Key": "a", "Value": "1"}], **redis()
    )
    available(cloud, name)
    arn = shown(cloud, name)["ARN"]

    def left():
        return tags_of(cloud.elasticache.list_tags_for_resource(ResourceName=arn)["TagList"])

    expect(left(), {"a": "1"}, "tags at creation")
    cloud.elasticache.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "b", "Value": "2"}])
    available(cloud, name)
    cloud.elasticache.remove_tags_from_resource(ResourceName=arn, TagKeys=["a"])
    expect(left(), {"b": "2"}, "tags afterwards")


@check("ModifyReplicationGroup: another node type goes by way of modifying; while creating it is refused")
def _(cloud):
    name = cloud.name("cache")
    change = {"ReplicationGroupId": name, "CacheNodeType": "cache.t3.small", "ApplyImmediately": True}
    cloud.elasticache.create_replication_group(ReplicationGroupId=name, **redis())
    refused("InvalidReplicationGroupState", cloud.elasticache.modify_replication_group, **change)
    available(cloud, name)
    answer = cloud.elasticache.modify_replication_group(**change)["ReplicationGroup"]
    expect(answer["Status"], "modifying", "the status in the answer")
    available(cloud, name)
    expect(shown(cloud, name)["CacheNodeType"], "cache.t3.small", "CacheNodeType")


@check("IncreaseReplicaCount and DecreaseReplicaCount: change the members")
def _(cloud):
    name = replication_group(cloud)
    for count, call in [(2, "increase_replica_count"), (1, "decrease_replica_count")]:
        getattr(cloud.elasticache, call)(ReplicationGroupId=name, NewReplicaCount=count, ApplyImmediately=True)
        available(cloud, name)
        expect(len(shown(cloud, name)["MemberClusters"]), count + 1, f"members after {call}")


@check("DecreaseReplicaCount: to none while failover is on is refused")
def _(cloud):
    name = replication_group(cloud)
    refused(
        ("InvalidParameterCombination", "InvalidParameterValue", "NoOperationFault"),
        cloud.elasticache.decrease_replica_count,
        ReplicationGroupId=name,
        NewReplicaCount=0,
        ApplyImmediately=True,
    )


@check("TestFailover: the replica becomes the primary")
def _(cloud):
    name = replication_group(cloud)

    def primary():
        members = shown(cloud, name)["NodeGroups"][0]["NodeGroupMembers"]
        return [held["CacheClusterId"] for held in members if held["CurrentRole"] == "primary"]

    before = primary()
    cloud.elasticache.test_failover(ReplicationGroupId=name, NodeGroupId="0001")
    cloud.until(lambda: primary() not in (before, []), 1200, "another member is the primary")
    available(cloud, name)


@check("DeleteReplicationGroup: is deleting, then gone with its members; twice is refused")
def _(cloud):
    name = replication_group(cloud)
    answer = cloud.elasticache.delete_replication_group(ReplicationGroupId=name)["ReplicationGroup"]
    expect(answer["Status"], "deleting", "the status in the answer")
    cloud.until(lambda: status(cloud, name) == "gone", 3600, "it is gone")
    refused("CacheClusterNotFound", cloud.elasticache.describe_cache_clusters, CacheClusterId=f"{name}-001")
    refused("ReplicationGroupNotFoundFault", cloud.elasticache.delete_replication_group, ReplicationGroupId=name)


@check("DeleteReplicationGroup: a final snapshot stays")
def _(cloud):
    name, final = replication_group(cloud), cloud.name("final")
    cloud.elasticache.delete_replication_group(ReplicationGroupId=name, FinalSnapshotIdentifier=final)
    cloud.until(lambda: status(cloud, name) == "gone", 3600, "it is gone")
    snapshots = cloud.elasticache.describe_snapshots(SnapshotName=final)["Snapshots"]
    expect([(held["SnapshotStatus"], held["ReplicationGroupId"]) for held in snapshots], [("available", name)], "it")


@check("CreateCacheCluster: Memcached shows nodes over zones and a configuration endpoint")
def _(cloud):
    now = cluster(cloud, memcached(cloud, CacheSubnetGroupName=subnet_group(cloud), AZMode="cross-az"))
    expect((now["Engine"], now["NumCacheNodes"], len(now["CacheNodes"])), ("memcached", 2, 2), "engine and nodes")
    expect([node["CacheNodeId"] for node in now["CacheNodes"]], ["0001", "0002"], "ids of the nodes")
    expect(len({node["CustomerAvailabilityZone"] for node in now["CacheNodes"]}), 2, "zones of the nodes")
    expect(now["ConfigurationEndpoint"]["Port"], 11211, "the port of the ConfigurationEndpoint")


@check("ModifyCacheCluster: more nodes; fewer must name those that go")
def _(cloud):
    name = memcached(cloud)
    change = {"CacheClusterId": name, "ApplyImmediately": True}

    def nodes():
        now = cluster(cloud, name)
        return len(now["CacheNodes"]) if now["CacheClusterStatus"] == "available" else None

    cloud.elasticache.modify_cache_cluster(NumCacheNodes=3, **change)
    cloud.until(lambda: nodes() == 3, 3600, "there are three nodes")
    refused(
        ("InvalidParameterCombination", "InvalidParameterValue"),
        cloud.elasticache.modify_cache_cluster,
        NumCacheNodes=2,
        **change,
    )
    cloud.elasticache.modify_cache_cluster(NumCacheNodes=2, CacheNodeIdsToRemove=["0003"], **change)
    cloud.until(lambda: nodes() == 2, 3600, "there are two nodes")


@check("CreateCacheCluster: a name that is taken, and DescribeCacheClusters of an unknown one, are refused")
def _(cloud):
    name = memcached(cloud)
    refused(
        "CacheClusterAlreadyExists",
        cloud.elasticache.create_cache_cluster,
        CacheClusterId=name,
        Engine="memcached",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=1,
    )
    refused("CacheClusterNotFound", cloud.elasticache.describe_cache_clusters, CacheClusterId=cloud.name("nobody"))


@check("DeleteCacheCluster: is deleting, then gone")
def _(cloud):
    name = memcached(cloud)
    answer = cloud.elasticache.delete_cache_cluster(CacheClusterId=name)["CacheCluster"]
    expect(answer["CacheClusterStatus"], "deleting", "the status in the answer")
    cloud.until(
        lambda: attempt(cloud.elasticache.describe_cache_clusters, CacheClusterId=name)[1] == "CacheClusterNotFound",
        3600,
        "it is gone",
    )


@check("DeleteCacheSubnetGroup: in use is refused with CacheSubnetGroupInUse, then it goes")
def _(cloud):
    group = subnet_group(cloud)
    name = replication_group(cloud, CacheSubnetGroupName=group)
    refused("CacheSubnetGroupInUse", cloud.elasticache.delete_cache_subnet_group, CacheSubnetGroupName=group)
    deleted(cloud, name)
    cloud.elasticache.delete_cache_subnet_group(CacheSubnetGroupName=group)
    refused(
        "CacheSubnetGroupNotFoundFault", cloud.elasticache.describe_cache_subnet_groups, CacheSubnetGroupName=group
    )


@check("CreateCacheSubnetGroup: shows VPC and subnets; the same name is refused, unknown subnets too")
def _(cloud):
    net, name = worlds.network(cloud), cloud.name("subnets")
    request = {"CacheSubnetGroupName": name, "CacheSubnetGroupDescription": "two", "SubnetIds": net.subnets}
    made = cloud.elasticache.create_cache_subnet_group(**request)["CacheSubnetGroup"]
    expect(made["VpcId"], net.vpc, "VpcId")
    expect(sorted(held["SubnetIdentifier"] for held in made["Subnets"]), sorted(net.subnets), "subnets")
    refused("CacheSubnetGroupAlreadyExists", cloud.elasticache.create_cache_subnet_group, **request)
    unknown = {"CacheSubnetGroupName": cloud.name("subnets"), "SubnetIds": ["subnet-0123456789abcdef0"]}
    refused("InvalidSubnet", cloud.elasticache.create_cache_subnet_group, **request | unknown)


@check("Cache parameter groups: what was set is found under the source user; in use they cannot be deleted")
def _(cloud):
    group = parameter_group(cloud)
    setting = {"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}
    cloud.elasticache.modify_cache_parameter_group(CacheParameterGroupName=group, ParameterNameValues=[setting])
    pages = cloud.pages(
        cloud.elasticache.describe_cache_parameters,
        "Parameters",
        token="Marker",
        CacheParameterGroupName=group,
        Source="user",
    )
    found = {held["ParameterName"]: held["ParameterValue"] for page in pages for held in page}
    expect(found, {"maxmemory-policy": "allkeys-lru"}, "parameters that the user set")
    name = replication_group(cloud, CacheParameterGroupName=group, EngineVersion="7.1")
    refused(
        "InvalidCacheParameterGroupState",
        cloud.elasticache.delete_cache_parameter_group,
        CacheParameterGroupName=group,
    )
    deleted(cloud, name)
    cloud.elasticache.delete_cache_parameter_group(CacheParameterGroupName=group)
    refused(
        "CacheParameterGroupNotFound",
        cloud.elasticache.describe_cache_parameter_groups,
        CacheParameterGroupName=group,
    )
