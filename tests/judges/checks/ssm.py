"""SSM: the parameter store."""

from .expect import expect, expect_true, refused, tags_of
from .registry import check


def parameter(cloud, value="one", **parameters):
    """A parameter, by its name."""
    name = f"/{cloud.name('check')}/value"
    cloud.ssm.put_parameter(Name=name, Value=value, **{"Type": "String"} | parameters)
    return name


def get(cloud, name, **parameters):
    """A parameter as GetParameter answers it."""
    return cloud.ssm.get_parameter(Name=name, **parameters)["Parameter"]


@check("PutParameter: version 1; GetParameter shows value, type, version and ARN")
def _(cloud):
    name = f"/{cloud.name('check')}/value"
    answer = cloud.ssm.put_parameter(Name=name, Value="one", Type="String")
    expect((answer["Version"], answer["Tier"]), (1, "Standard"), "version and tier in the answer")
    shown = get(cloud, name)
    expect((shown["Value"], shown["Type"], shown["Version"]), ("one", "String", 1), "the parameter")
    expect(shown["ARN"], f"arn:aws:ssm:{cloud.region}:{cloud.account}:parameter{name}", "ARN")


@check("PutParameter: a name that is there is refused with ParameterAlreadyExists, unless it may overwrite")
def _(cloud):
    name = parameter(cloud)
    call = cloud.ssm.put_parameter
    refused("ParameterAlreadyExists", call, Name=name, Value="two", Type="String")
    expect(call(Name=name, Value="two", Type="String", Overwrite=True)["Version"], 2, "Version")
    expect(get(cloud, name)["Value"], "two", "Value")
    history = cloud.ssm.get_parameter_history(Name=name)["Parameters"]
    expect([(held["Version"], held["Value"]) for held in history], [(1, "one"), (2, "two")], "history")


@check("PutParameter: tags together with Overwrite are refused with ValidationException")
def _(cloud):
    # API reference, Tags: "To add tags to an existing Systems Manager parameter, use the AddTagsToResource operation."
    name = parameter(cloud)
    refused(
        "ValidationException",
        cloud.ssm.put_parameter,
        Name=name,
        Value="two",
        Type="String",
        Overwrite=True,
        Tags=[{"Key": "a", "Value": "1"}],
    )


@check("PutParameter: names under aws or ssm, odd signs and empty values are refused")
def _(cloud):
    call = cloud.unchecked("ssm").put_parameter
    for name in ("/aws/mine", "ssm-mine", "a b"):
        refused(("ValidationException", "AccessDeniedException"), call, Name=name, Value="x", Type="String")
    refused("ValidationException", call, Name=cloud.name("empty"), Value="", Type="String")


@check("PutParameter: a standard parameter holds 4096 characters and no more")
def _(cloud):
    expect(len(get(cloud, parameter(cloud, "x" * 4096))["Value"]), 4096, "length of the value")
    refused(
        "ValidationException",
        cloud.ssm.put_parameter,
        Name=cloud.name("long"),
        Value="x" * 4097,
        Type="String",
        Tier="Standard",
    )


@check("SecureString: is encrypted unless decryption is asked for")
def _(cloud):
    name = parameter(cloud, "secret-value", Type="SecureString")
    expect_true("secret-value" not in get(cloud, name)["Value"], "the value is readable without decryption")
    expect(get(cloud, name, WithDecryption=True)["Value"], "secret-value", "the decrypted value")


@check("GetParameter: unknown names are ParameterNotFound, unknown versions ParameterVersionNotFound")
def _(cloud):
    refused("ParameterNotFound", cloud.ssm.get_parameter, Name=f"/{cloud.name('nobody')}")
    name = parameter(cloud)
    expect(get(cloud, f"{name}:1")["Value"], "one", "the value of version 1")
    refused("ParameterVersionNotFound", cloud.ssm.get_parameter, Name=f"{name}:9")


@check("GetParameters: answers what is there and names what isn't; more than ten are refused")
def _(cloud):
    name, nobody = parameter(cloud), f"/{cloud.name('nobody')}"
    answer = cloud.ssm.get_parameters(Names=[name, nobody])
    expect([held["Name"] for held in answer["Parameters"]], [name], "Parameters")
    expect(answer["InvalidParameters"], [nobody], "InvalidParameters")
    many = [f"/x/{number}" for number in range(11)]
    refused("ValidationException", cloud.unchecked("ssm").get_parameters, Names=many)


@check("GetParametersByPath: one level or all of them, in pages")
def _(cloud):
    path = f"/{cloud.name('path')}"
    for name in ("a", "b", "c/d"):
        cloud.ssm.put_parameter(Name=f"{path}/{name}", Value=name, Type="String")

    def names(**parameters):
        pages = cloud.pages(cloud.ssm.get_parameters_by_path, "Parameters", Path=path, **parameters)
        return sorted(held["Name"].removeprefix(path) for page in pages for held in page)

    expect(names(), ["/a", "/b"], "names of one level")
    expect(names(Recursive=True), ["/a", "/b", "/c/d"], "names of all levels")
    expect(names(Recursive=True, MaxResults=2), ["/a", "/b", "/c/d"], "names in pages of two")


@check("DescribeParameters: finds by name and by tag, and shows no value")
def _(cloud):
    stack = cloud.name("stack")
    name = parameter(cloud, Tags=[{"Key": "Stack", "Value": stack}])

    def found(key, value):
        filters = [{"Key": key, "Option": "Equals", "Values": [value]}]
        pages = cloud.pages(cloud.ssm.describe_parameters, "Parameters", ParameterFilters=filters)
        return [held for page in pages for held in page]

    expect([held["Name"] for held in found("Name", name)], [name], "by name")
    expect([held["Name"] for held in found("tag:Stack", stack)], [name], "by tag")
    expect(found("tag:Stack", cloud.name("stack")), [], "by a tag of nobody")
    expect("Value" in found("Name", name)[0], False, "a value in DescribeParameters")


@check("AddTagsToResource and RemoveTagsFromResource: show in ListTagsForResource; unknown names are refused")
def _(cloud):
    name = parameter(cloud)
    resource = {"ResourceType": "Parameter", "ResourceId": name}
    cloud.ssm.add_tags_to_resource(Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], **resource)
    cloud.ssm.remove_tags_from_resource(TagKeys=["a"], **resource)
    expect(tags_of(cloud.ssm.list_tags_for_resource(**resource)["TagList"]), {"b": "2"}, "tags")
    refused(
        "InvalidResourceId",
        cloud.ssm.list_tags_for_resource,
        ResourceType="Parameter",
        ResourceId=f"/{cloud.name('nobody')}",
    )


@check("DeleteParameter: is gone; twice is refused with ParameterNotFound; DeleteParameters names what wasn't there")
def _(cloud):
    name, other = parameter(cloud), parameter(cloud)
    cloud.ssm.delete_parameter(Name=name)
    refused("ParameterNotFound", cloud.ssm.get_parameter, Name=name)
    refused("ParameterNotFound", cloud.ssm.delete_parameter, Name=name)
    answer = cloud.ssm.delete_parameters(Names=[name, other])
    expect((answer["DeletedParameters"], answer["InvalidParameters"]), ([other], [name]), "deleted and invalid")


@check("DeleteParameter: a parameter of the same name begins with version 1 again")
def _(cloud):
    name = parameter(cloud)
    cloud.ssm.put_parameter(Name=name, Value="two", Type="String", Overwrite=True)
    cloud.ssm.delete_parameter(Name=name)
    expect(cloud.ssm.put_parameter(Name=name, Value="three", Type="String")["Version"], 1, "Version")


@check("Public parameters: Amazon's newest image is an image that EC2 knows")
def _(cloud):
    shown = get(cloud, "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")
    expect_true(shown["Value"].startswith("ami-"), f"the value {shown['Value']} is no image")
    images = cloud.ec2.describe_images(ImageIds=[shown["Value"]])["Images"]
    expect([image["ImageId"] for image in images], [shown["Value"]], "images of that id")
