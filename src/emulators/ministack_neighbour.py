# MiniStack's ElastiCache asks its own EC2 for the subnets of a group. Where another emulator holds the network (PANDO_NEIGHBOUR is its
# address), it is told of those subnets first, as that emulator describes them; what that one does not know is still refused.
import os


def prelude():
    neighbour = os.environ.get("PANDO_NEIGHBOUR")
    if not neighbour:
        return

    import botocore.session
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import ec2, elasticache

    ask = elasticache._resolve_subnets

    def resolve(parameters):
        wanted = elasticache._extract_configs(parameters, "SubnetIds", ("SubnetIdentifier", "member"))
        client = botocore.session.get_session().create_client(
            "ec2",
            region_name=get_region(),
            endpoint_url=neighbour,
            aws_access_key_id=get_account_id(),
            aws_secret_access_key="emulator",
        )
        ec2._ensure_defaults_initialized()
        filters = [{"Name": "subnet-id", "Values": list(wanted)}]
        told = []
        for subnet in client.describe_subnets(Filters=filters)["Subnets"]:
            if subnet["SubnetId"] not in ec2._subnets:
                told.append(subnet["SubnetId"])
                ec2._subnets[subnet["SubnetId"]] = subnet
        try:
            return ask(parameters)
        finally:
            for subnet in told:
                del ec2._subnets[subnet]

    elasticache._resolve_subnets = resolve


prelude()
