"""CloudWatch: metrics, alarms that fire, metric math, dashboards."""

from datetime import timedelta

from . import fleets
from .auto_scaling_hooks import STEPS
from .expect import attempt, expect, expect_true, refused, tags_of
from .registry import check

ALARM = {
    "MetricName": "Load",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 10.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def alarm(cloud, **parameters):
    """An alarm on a namespace of its own, its name and the namespace."""
    name = cloud.name("alarm")
    cloud.cloudwatch.put_metric_alarm(AlarmName=name, Namespace=name, **ALARM | parameters)
    return name


def shown(cloud, name):
    """An alarm as Describe shows it, or None."""
    found = cloud.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found[0] if found else None


def feed(cloud, namespace, value, metric="Load", **parameters):
    """One datum of a metric, now."""
    datum = {"MetricName": metric, "Value": value} | parameters
    cloud.cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])


def period(cloud):
    """A period that takes a second of our clock at least, so that each one gets data while a check polls."""
    return 60 * -(-cloud.lasting(1, most=3600) // 60)


def fed_until(cloud, name, value, state):
    """Feed the alarm's metric until the alarm is in the state."""

    def probe():
        feed(cloud, name, value)
        return shown(cloud, name)["StateValue"] == state

    cloud.until(probe, 5 * period(cloud), f"the alarm is {state} with the value {value}")


def stat(identifier, namespace, metric, statistic="Sum", seconds=60, **parameters):
    """A query for one metric."""
    metric = {"Namespace": namespace, "MetricName": metric}
    return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": seconds, "Stat": statistic}} | parameters


def error_rate(namespace, seconds):
    """The queries of an alarm on the rate of errors in per cent."""
    return [
        stat("m1", namespace, "Errors", seconds=seconds, ReturnData=False),
        stat("m2", namespace, "Requests", seconds=seconds, ReturnData=False),
        {"Id": "e1", "Expression": "100 * m1 / m2", "Label": "rate", "ReturnData": True},
    ]


def values(cloud, queries, start, end):
    """The values of each query's result by its id, oldest first."""
    answer = cloud.cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=start, EndTime=end, ScanBy="TimestampAscending"
    )
    return {held["Id"]: held["Values"] for held in answer["MetricDataResults"]}


def minute(cloud):
    """The start of a minute a little while ago."""
    return (cloud.now() - timedelta(minutes=10)).replace(second=0, microsecond=0)


@check("PutMetricAlarm: shows its settings and tags, and starts with INSUFFICIENT_DATA")
def _(cloud):
    name = alarm(cloud, Tags=[{"Key": "Name", "Value": "load"}], AlarmDescription="hot", TreatMissingData="ignore")
    now = shown(cloud, name)
    expect({key: now.get(key) for key in ALARM}, ALARM, "settings")
    expect((now["StateValue"], now["ActionsEnabled"]), ("INSUFFICIENT_DATA", True), "state and actions")
    expect((now["AlarmDescription"], now["TreatMissingData"]), ("hot", "ignore"), "description, missing data")
    expect(now["AlarmArn"], f"arn:aws:cloudwatch:{cloud.region}:{cloud.account}:alarm:{name}", "AlarmArn")
    tags = cloud.cloudwatch.list_tags_for_resource(ResourceARN=now["AlarmArn"])["Tags"]
    expect(tags_of(tags), {"Name": "load"}, "tags")


@check("PutMetricAlarm: the same name silently overwrites, and leaves the tags")
def _(cloud):
    # API reference, Tags: "If you are using this operation to update an existing alarm, any tags … are ignored."
    name = alarm(cloud, Tags=[{"Key": "a", "Value": "1"}])
    settings = ALARM | {"Threshold": 20.0, "Tags": [{"Key": "b", "Value": "2"}]}
    cloud.cloudwatch.put_metric_alarm(AlarmName=name, Namespace=name, **settings)
    now = shown(cloud, name)
    expect(now["Threshold"], 20.0, "Threshold")
    tags = cloud.cloudwatch.list_tags_for_resource(ResourceARN=now["AlarmArn"])["Tags"]
    expect(tags_of(tags), {"a": "1"}, "tags")


@check("PutMetricAlarm: an odd period and an unknown comparison are refused")
def _(cloud):
    call = cloud.unchecked("cloudwatch").put_metric_alarm
    for wrong in ({"Period": 7}, {"ComparisonOperator": "Sideways"}):
        refused(
            ("InvalidParameterValue", "ValidationError"),
            call,
            AlarmName=cloud.name("alarm"),
            Namespace="odd",
            **ALARM | wrong,
        )


@check("PutMetricAlarm: metric math comes back as it was given")
def _(cloud):
    name = cloud.name("alarm")
    queries = error_rate(name, 60)
    math = {key: ALARM[key] for key in ("EvaluationPeriods", "Threshold", "ComparisonOperator")}
    cloud.cloudwatch.put_metric_alarm(AlarmName=name, Metrics=queries, **math)
    given = {query["Id"]: query.get("Expression") for query in queries}
    expect({held["Id"]: held.get("Expression") for held in shown(cloud, name)["Metrics"]}, given, "Metrics")


@check("An alarm fires from metric data, and is OK again")
def _(cloud):
    name = alarm(cloud, Period=period(cloud))
    fed_until(cloud, name, 50.0, "ALARM")
    expect_true(shown(cloud, name).get("StateReason"), "StateReason is empty")
    fed_until(cloud, name, 1.0, "OK")


@check("An alarm fires from metric math, as the rate of errors")
def _(cloud):
    name = cloud.name("alarm")
    queries = error_rate(name, period(cloud))
    math = {key: ALARM[key] for key in ("EvaluationPeriods", "Threshold", "ComparisonOperator")}
    cloud.cloudwatch.put_metric_alarm(AlarmName=name, Metrics=queries, **math)

    def probe():
        feed(cloud, name, 5.0, "Errors")
        feed(cloud, name, 10.0, "Requests")
        return shown(cloud, name)["StateValue"] == "ALARM"

    cloud.until(probe, 5 * period(cloud), "the alarm fires at 50 % errors")


@check("An alarm without data is OK, in ALARM or INSUFFICIENT_DATA as TreatMissingData says")
def _(cloud):
    for treatment, state in [("notBreaching", "OK"), ("breaching", "ALARM"), ("missing", "INSUFFICIENT_DATA")]:
        name = alarm(cloud, TreatMissingData=treatment)
        cloud.until(lambda of=name, want=state: shown(cloud, of)["StateValue"] == want, 600, f"{treatment}: {state}")


@check("An alarm's action executes a scaling policy")
def _(cloud):
    group = fleets.group(cloud, size=1)
    policy = cloud.autoscaling.put_scaling_policy(AutoScalingGroupName=group, PolicyName="steps", **STEPS)["PolicyARN"]
    name = alarm(cloud, AlarmActions=[policy], Period=period(cloud))

    def probe():
        feed(cloud, name, 50.0)
        return fleets.shown(cloud, group)["DesiredCapacity"] > 1

    cloud.until(probe, 5 * period(cloud), "the alarm makes the group larger")


@check("SetAlarmState: its reason stays, in words and JSON, as long as the state does")
def _(cloud):
    # User guide, missing data: with ignore "the current alarm state is maintained". Reference, MetricAlarm:
    # StateUpdatedTimestamp is of "the last update to the value of … StateValue".
    name = alarm(cloud, TreatMissingData="ignore")
    call = cloud.cloudwatch.set_alarm_state
    call(AlarmName=name, StateValue="ALARM", StateReason="a drill", StateReasonData='{"kind": "drill"}')
    facts = ("StateReason", "StateReasonData", "StateUpdatedTimestamp", "StateTransitionedTimestamp")
    before = {fact: shown(cloud, name).get(fact) for fact in facts}
    expect((before["StateReason"], before["StateReasonData"]), ("a drill", '{"kind": "drill"}'), "reasons")
    call(AlarmName=name, StateValue="ALARM", StateReason="again")
    later = alarm(cloud, TreatMissingData="breaching")
    cloud.until(lambda: shown(cloud, later)["StateValue"] == "ALARM", 600, "alarms are looked at")
    expect({fact: shown(cloud, name).get(fact) for fact in facts}, before, "what the alarm says of its state")


@check("PutMetricData: a value together with a set of statistics or of values is refused")
def _(cloud):
    statistics = {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0}
    for datum in (
        {"Value": 1.0, "StatisticValues": statistics},
        {"Value": 1.0, "Values": [1.0]},
        {"Values": [1.0], "StatisticValues": statistics},
    ):
        refused(
            "InvalidParameterCombination",
            cloud.cloudwatch.put_metric_data,
            Namespace=cloud.name("space"),
            MetricData=[{"MetricName": "Load"} | datum],
        )


@check("SetAlarmState: stays while missing data is ignored; unknown alarms are refused with ResourceNotFound")
def _(cloud):
    name = alarm(cloud, TreatMissingData="ignore")
    call = cloud.cloudwatch.set_alarm_state
    call(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    # User guide, missing data: with ignore "the current alarm state is maintained". Once an alarm that was made later
    # has been looked at, this one has been, too.
    later = alarm(cloud, TreatMissingData="breaching")
    cloud.until(lambda: shown(cloud, later)["StateValue"] == "ALARM", 600, "alarms are looked at")
    now = shown(cloud, name)
    expect((now["StateValue"], now["StateReason"]), ("ALARM", "a drill"), "state and reason")
    refused("ResourceNotFound", call, AlarmName=cloud.name("nobody"), StateValue="OK", StateReason="x")


@check("DescribeAlarms: finds by prefix and state, in pages; unknown names are no error")
def _(cloud):
    prefix = cloud.name("many")
    for number in range(3):
        cloud.cloudwatch.put_metric_alarm(AlarmName=f"{prefix}-{number}", Namespace=prefix, **ALARM)
    pages = cloud.pages(cloud.cloudwatch.describe_alarms, "MetricAlarms", AlarmNamePrefix=prefix, MaxRecords=2)
    expect([len(page) for page in pages], [2, 1], "lengths of the pages")
    found = cloud.cloudwatch.describe_alarms(AlarmNamePrefix=prefix, StateValue="ALARM")["MetricAlarms"]
    expect(found, [], "alarms of the prefix in ALARM")
    expect(shown(cloud, cloud.name("nobody")), None, "an unknown alarm")


@check("DeleteAlarms: an unknown name doesn't keep the others")
def _(cloud):
    # API reference: "the alarms you specify with correct names are still deleted"; it lists ResourceNotFound too.
    name = alarm(cloud)
    _answer, code = attempt(cloud.cloudwatch.delete_alarms, AlarmNames=[cloud.name("nobody"), name])
    expect_true(code in (None, "ResourceNotFound"), f"the refusal is {code}")
    expect(shown(cloud, name), None, "the alarm afterwards")


@check("GetMetricData: sums, averages and expressions over what was put")
def _(cloud):
    name, start = cloud.name("metrics"), minute(cloud)
    for metric, numbers in [("Errors", (1.0, 3.0)), ("Requests", (10.0, 30.0))]:
        for number in numbers:
            feed(cloud, name, number, metric, Timestamp=start + timedelta(seconds=5))
    queries = [
        stat("m1", name, "Errors"),
        stat("m2", name, "Requests", "Average"),
        {"Id": "e1", "Expression": "100 * m1 / m2"},
    ]
    found = cloud.until(
        lambda: (lambda got: got if got.get("m2") else None)(
            values(cloud, queries, start, start + timedelta(minutes=2))
        ),
        180,
        "the data can be read",
    )
    expect(found, {"m1": [4.0], "m2": [20.0], "e1": [20.0]}, "values")


@check("GetMetricData: IF and FILL decide where data is missing")
def _(cloud):
    name, start = cloud.name("metrics"), minute(cloud)
    feed(cloud, name, 6.0, "Backlog", Timestamp=start + timedelta(seconds=5))
    feed(cloud, name, 0.0, "Serving", Timestamp=start + timedelta(seconds=5))
    queries = [
        stat("m1", name, "Backlog", ReturnData=False),
        stat("m2", name, "Serving", "Average", ReturnData=False),
        stat("m3", name, "Nothing", ReturnData=False),
        {"Id": "e1", "Expression": "IF(m2 > 0, m1 / m2, m1)"},
        {"Id": "e2", "Expression": "FILL(m3, 7) + m1"},
    ]
    found = cloud.until(
        lambda: (lambda got: got if got.get("e1") else None)(
            values(cloud, queries, start, start + timedelta(minutes=1))
        ),
        180,
        "the data can be read",
    )
    expect(found["e1"], [6.0], "IF without an instance in service")
    expect(sorted(found), ["e1", "e2"], "ids of the results that are returned")


@check("GetMetricStatistics and ListMetrics: show what was put, by dimension")
def _(cloud):
    name, start = cloud.name("metrics"), minute(cloud)
    dimension = [{"Name": "Queue", "Value": "one"}]
    for number in (2.0, 4.0):
        feed(cloud, name, number, Dimensions=dimension, Timestamp=start + timedelta(seconds=5))

    def read(**parameters):
        return cloud.cloudwatch.get_metric_statistics(
            Namespace=name,
            MetricName="Load",
            StartTime=start,
            EndTime=start + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum", "Average", "Maximum", "SampleCount"],
            **parameters,
        )["Datapoints"]

    point = cloud.until(lambda: read(Dimensions=dimension), 180, "the data can be read")[0]
    wanted = (6.0, 3.0, 4.0, 2.0)
    expect((point["Sum"], point["Average"], point["Maximum"], point["SampleCount"]), wanted, "statistics")
    # Dimensions are part of a metric's identity: without them it is another metric.
    expect(read(), [], "data without the dimension")
    metrics = cloud.until(
        lambda: cloud.cloudwatch.list_metrics(Namespace=name)["Metrics"], 900, "the metric is listed"
    )
    expect([(held["MetricName"], held["Dimensions"]) for held in metrics], [("Load", dimension)], "metrics")


@check("PutDashboard: comes back, is deleted, and an unknown one is refused")
def _(cloud):
    name = cloud.name("dashboard")
    body = '{"widgets":[]}'
    cloud.cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)
    expect(cloud.cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"], body, "DashboardBody")
    cloud.cloudwatch.delete_dashboards(DashboardNames=[name])
    refused(("ResourceNotFound", "DashboardNotFoundError"), cloud.cloudwatch.get_dashboard, DashboardName=name)
