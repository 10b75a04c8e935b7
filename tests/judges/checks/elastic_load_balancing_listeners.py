"""Elastic Load Balancing: listeners and rules."""

from . import worlds
from .expect import expect, refused
from .registry import check
from .worlds import forward

NOBODY = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/nobody/0123456789abcdef/0123456789abcdef"
REDIRECT = [
    {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
]
PATH = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}]


def front(cloud):
    """A load balancer and a target group."""
    net = worlds.network(cloud)
    return worlds.load_balancer(cloud, net, Scheme="internal"), worlds.target_group(cloud, net.vpc)


def listening(cloud):
    """A listener on port 80 and its target group."""
    balancer, target_group = front(cloud)
    return worlds.listener(cloud, balancer, target_group), target_group


def rule(cloud, listener, target_group, priority, conditions=None):
    """A rule, by its ARN."""
    return cloud.elbv2.create_rule(
        ListenerArn=listener, Priority=priority, Conditions=conditions or PATH, Actions=forward(target_group)
    )["Rules"][0]["RuleArn"]


def priorities(cloud, listener):
    """The rules of a listener by priority."""
    return {shown["Priority"]: shown for shown in cloud.elbv2.describe_rules(ListenerArn=listener)["Rules"]}


@check("CreateListener: shows protocol, port and action, and is found by its load balancer")
def _(cloud):
    balancer, target_group = front(cloud)
    made = worlds.listener(cloud, balancer, target_group)
    shown = cloud.elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    expect([found["ListenerArn"] for found in shown], [made], "listeners of the load balancer")
    expect((shown[0]["Protocol"], shown[0]["Port"]), ("HTTP", 80), "protocol and port")
    action = shown[0]["DefaultActions"][0]
    expect((action["Type"], action["TargetGroupArn"]), ("forward", target_group), "the action")


@check("CreateListener: the same port and settings answer the same listener")
def _(cloud):
    # API reference: "If you attempt to create multiple listeners with the same settings, each call succeeds."
    balancer, target_group = front(cloud)
    first = worlds.listener(cloud, balancer, target_group)
    expect(worlds.listener(cloud, balancer, target_group), first, "the second answer's ARN")


@check("CreateListener: the same port with another action is refused with DuplicateListener")
def _(cloud):
    balancer, target_group = front(cloud)
    worlds.listener(cloud, balancer, target_group)
    refused(
        "DuplicateListener",
        cloud.elbv2.create_listener,
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=REDIRECT,
    )


@check("CreateListener: a redirect shows with host, path and query of the request")
def _(cloud):
    balancer, _target_group = front(cloud)
    made = cloud.elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=REDIRECT
    )["Listeners"][0]
    config = made["DefaultActions"][0]["RedirectConfig"]
    wanted = {
        "Protocol": "HTTPS",
        "Port": "443",
        "Host": "#{host}",
        "Path": "/#{path}",
        "Query": "#{query}",
        "StatusCode": "HTTP_301",
    }
    expect(config, wanted, "RedirectConfig with AWS's defaults")


@check("CreateListener: HTTPS without a certificate is refused with CertificateNotFound or ValidationError")
def _(cloud):
    # AWS: "A certificate must be specified for HTTPS listeners", ValidationError.
    balancer, target_group = front(cloud)
    request = {"LoadBalancerArn": balancer, "Protocol": "HTTPS", "Port": 443, "DefaultActions": forward(target_group)}
    refused(("ValidationError", "CertificateNotFound"), cloud.elbv2.create_listener, **request)


@check("CreateListener: for unknown load balancers and groups is refused with their NotFound")
def _(cloud):
    balancer, target_group = front(cloud)
    request = {"Protocol": "HTTP", "Port": 80}
    refused(
        "TargetGroupNotFound",
        cloud.elbv2.create_listener,
        LoadBalancerArn=balancer,
        DefaultActions=forward(target_group[:-16] + "0123456789abcdef"),
        **request,
    )
    refused(
        "LoadBalancerNotFound",
        cloud.elbv2.create_listener,
        LoadBalancerArn=balancer[:-16] + "0123456789abcdef",
        DefaultActions=forward(target_group),
        **request,
    )


@check("ModifyListener: changes port and action; a port in use is refused with DuplicateListener")
def _(cloud):
    balancer, target_group = front(cloud)
    listener = worlds.listener(cloud, balancer, target_group)
    worlds.listener(cloud, balancer, target_group, 8080)
    refused("DuplicateListener", cloud.elbv2.modify_listener, ListenerArn=listener, Port=8080)
    cloud.elbv2.modify_listener(ListenerArn=listener, Port=81, DefaultActions=REDIRECT)
    shown = cloud.elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0]
    expect((shown["Port"], shown["DefaultActions"][0]["Type"]), (81, "redirect"), "port and action")


@check("DescribeListeners: unknown ARNs are refused with ListenerNotFound or ValidationError")
def _(cloud):
    refused(("ListenerNotFound", "ValidationError"), cloud.elbv2.describe_listeners, ListenerArns=[NOBODY])


@check("DeleteListener: is gone; twice is refused with ListenerNotFound")
def _(cloud):
    listener, _target_group = listening(cloud)
    cloud.elbv2.delete_listener(ListenerArn=listener)
    refused("ListenerNotFound", cloud.elbv2.describe_listeners, ListenerArns=[listener])
    refused("ListenerNotFound", cloud.elbv2.delete_listener, ListenerArn=listener)


@check("CreateRule: shows priority, condition and action beside the default rule")
def _(cloud):
    listener, target_group = listening(cloud)
    made = rule(cloud, listener, target_group, 10)
    shown = priorities(cloud, listener)
    expect(sorted(shown), ["10", "default"], "priorities")
    expect(shown["10"]["RuleArn"], made, "RuleArn")
    expect(shown["10"]["Conditions"][0]["PathPatternConfig"], {"Values": ["/api/*"]}, "the condition")
    expect((shown["10"]["IsDefault"], shown["default"]["IsDefault"]), (False, True), "IsDefault")


@check("CreateRule: a priority in use is refused with PriorityInUse")
def _(cloud):
    listener, target_group = listening(cloud)
    rule(cloud, listener, target_group, 10)
    refused(
        "PriorityInUse",
        cloud.elbv2.create_rule,
        ListenerArn=listener,
        Priority=10,
        Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example"]}}],
        Actions=forward(target_group),
    )


@check("CreateRule: forwards by weight to two groups")
def _(cloud):
    net = worlds.network(cloud)
    groups = [worlds.target_group(cloud, net.vpc), worlds.target_group(cloud, net.vpc)]
    listener = worlds.listener(cloud, worlds.load_balancer(cloud, net, Scheme="internal"), groups[0])
    weights = [{"TargetGroupArn": group, "Weight": weight} for group, weight in zip(groups, (90, 10))]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}
    made = cloud.elbv2.create_rule(ListenerArn=listener, Priority=1, Conditions=PATH, Actions=[action])["Rules"][0]
    shown = made["Actions"][0]["ForwardConfig"]["TargetGroups"]
    expect(sorted(shown, key=lambda held: -held["Weight"]), weights, "TargetGroups")
    refused("ResourceInUse", cloud.elbv2.delete_target_group, TargetGroupArn=groups[1])


@check("SetRulePriorities, ModifyRule and DeleteRule: change what DescribeRules shows")
def _(cloud):
    listener, target_group = listening(cloud)
    made = rule(cloud, listener, target_group, 10)
    cloud.elbv2.set_rule_priorities(RulePriorities=[{"RuleArn": made, "Priority": 5}])
    expect(sorted(priorities(cloud, listener)), ["5", "default"], "priorities")
    cloud.elbv2.modify_rule(
        RuleArn=made, Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/new"]}}]
    )
    expect(priorities(cloud, listener)["5"]["Conditions"][0]["Values"], ["/new"], "Values of the condition")
    cloud.elbv2.delete_rule(RuleArn=made)
    expect(sorted(priorities(cloud, listener)), ["default"], "priorities after DeleteRule")
    refused("RuleNotFound", cloud.elbv2.delete_rule, RuleArn=made)


@check("DeleteRule: of the default rule is refused with OperationNotPermitted")
def _(cloud):
    listener, _target_group = listening(cloud)
    refused(
        "OperationNotPermitted", cloud.elbv2.delete_rule, RuleArn=priorities(cloud, listener)["default"]["RuleArn"]
    )
