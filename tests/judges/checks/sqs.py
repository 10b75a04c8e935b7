"""SQS: queues, messages, visibility, dead letters, order, delays and long polling."""

import json
import time

from . import queues
from .expect import expect, expect_true, refused
from .registry import check


def arn(cloud, url):
    """The ARN of a queue."""
    return queues.attributes(cloud, url, "QueueArn")["QueueArn"]


@check("CreateQueue: shows AWS's defaults, its ARN and its tags")
def _(cloud):
    name = cloud.name("queue")
    url = cloud.sqs.create_queue(QueueName=name, tags={"Name": "work"})["QueueUrl"]
    now = queues.attributes(cloud, url)
    expect((now["VisibilityTimeout"], now["DelaySeconds"]), ("30", "0"), "visibility timeout and delay")
    expect((now["MessageRetentionPeriod"], now["ReceiveMessageWaitTimeSeconds"]), ("345600", "0"), "retention, wait")
    expect(now["QueueArn"], f"arn:aws:sqs:{cloud.region}:{cloud.account}:{name}", "QueueArn")
    # Since 2021 new queues are encrypted with SQS's own key.
    expect(now["SqsManagedSseEnabled"], "true", "SqsManagedSseEnabled")
    expect(cloud.sqs.list_queue_tags(QueueUrl=url)["Tags"], {"Name": "work"}, "tags")
    expect_true(url.endswith(f"/{cloud.account}/{name}"), f"the URL {url} does not end with account and name")


@check("CreateQueue: the same name and attributes answer the same URL")
def _(cloud):
    name = cloud.name("queue")
    given = {"VisibilityTimeout": "77"}
    url = cloud.sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"]
    expect(cloud.sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"], url, "the second answer's URL")


@check("CreateQueue: the same name with another attribute is refused with QueueNameExists")
def _(cloud):
    name = cloud.name("queue")
    cloud.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "77"})
    other = {"VisibilityTimeout": "78"}
    error = refused("QueueAlreadyExists", cloud.sqs.create_queue, QueueName=name, Attributes=other)
    # The JSON protocol's own name of the error, beside the code of the query protocol in x-amzn-query-error.
    expect(error.response["Error"].get("QueryErrorCode"), "QueueNameExists", "the error's shape")


@check("CreateQueue: odd names, values and attribute names are refused")
def _(cloud):
    call = cloud.sqs.create_queue
    for name in ("a b", "x" * 81, "dotted.name"):
        refused("InvalidParameterValue", call, QueueName=name)
    name = cloud.name("queue")
    refused("InvalidAttributeValue", call, QueueName=name, Attributes={"VisibilityTimeout": "43201"})
    refused("InvalidAttributeName", call, QueueName=name, Attributes={"Colour": "blue"})


@check("CreateQueue: a FIFO queue's name must end in .fifo")
def _(cloud):
    refused(
        "InvalidParameterValue",
        cloud.sqs.create_queue,
        QueueName=cloud.name("queue"),
        Attributes={"FifoQueue": "true"},
    )


@check(
    "CreateQueue: within 60 s of its deletion a name is refused with QueueDeletedRecently, then it is free",
    alone=True,
)
def _(cloud):
    def prepare():
        name = cloud.name("queue")
        return name, cloud.sqs.create_queue(QueueName=name)["QueueUrl"]

    def trial(prepared):
        name, url = prepared
        cloud.sqs.delete_queue(QueueUrl=url)
        try:
            cloud.sqs.create_queue(QueueName=name)
        except cloud.sqs.exceptions.ClientError as error:
            return name, error.response["Error"]["Code"]
        return name, "accepted"

    name, code = cloud.within(60, prepare, trial)
    expect(code, "AWS.SimpleQueueService.QueueDeletedRecently", "the code right after the deletion")

    def free():
        try:
            return cloud.sqs.create_queue(QueueName=name)["QueueUrl"]
        except cloud.sqs.exceptions.QueueDeletedRecently:
            return None

    cloud.until(free, 90, "the name is free after a minute")


@check("GetQueueUrl: finds by name; an unknown name is refused with NonExistentQueue")
def _(cloud):
    name = cloud.name("queue")
    url = cloud.sqs.create_queue(QueueName=name)["QueueUrl"]
    expect(cloud.sqs.get_queue_url(QueueName=name)["QueueUrl"], url, "QueueUrl")
    error = refused(queues.MISSING, cloud.sqs.get_queue_url, QueueName=cloud.name("nobody"))
    expect(error.response["Error"].get("QueryErrorCode"), "QueueDoesNotExist", "the error's shape")


@check("ListQueues: finds by prefix, and MaxResults cuts pages")
def _(cloud):
    prefix = cloud.name("many")
    for number in range(5):
        cloud.sqs.create_queue(QueueName=f"{prefix}-{number}")
    pages = cloud.pages(cloud.sqs.list_queues, "QueueUrls", QueueNamePrefix=prefix, MaxResults=2)
    expect(sorted(url[-1] for page in pages for url in page), list("01234"), "queues on all pages")
    expect_true(max(len(page) for page in pages) <= 2, "a page is longer than MaxResults")
    expect(cloud.sqs.list_queues(QueueNamePrefix=cloud.name("nobody")).get("QueueUrls", []), [], "queues of nobody")


@check("SetQueueAttributes: shows; TagQueue and UntagQueue change the tags")
def _(cloud):
    url = queues.queue(cloud)
    cloud.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99", "DelaySeconds": "3"})
    now = queues.attributes(cloud, url, "VisibilityTimeout", "DelaySeconds")
    expect(now, {"VisibilityTimeout": "99", "DelaySeconds": "3"}, "attributes")
    cloud.sqs.tag_queue(QueueUrl=url, Tags={"a": "1", "b": "2"})
    cloud.sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    expect(cloud.sqs.list_queue_tags(QueueUrl=url)["Tags"], {"b": "2"}, "tags")


@check("DeleteQueue: is gone for every call, and takes its messages along")
def _(cloud):
    url = queues.queue(cloud)
    queues.send(cloud, url, "lost")
    cloud.sqs.delete_queue(QueueUrl=url)
    refused(queues.MISSING, cloud.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    refused(queues.MISSING, cloud.sqs.send_message, QueueUrl=url, MessageBody="x")
    refused(queues.MISSING, cloud.sqs.receive_message, QueueUrl=url)
    refused(queues.MISSING, cloud.sqs.delete_queue, QueueUrl=url)


@check("ReceiveMessage: body, attributes, digests, and the count of receives")
def _(cloud):
    url = queues.queue(cloud)
    attribute = {"kind": {"DataType": "String", "StringValue": "order"}}
    sent = cloud.sqs.send_message(QueueUrl=url, MessageBody="hello", MessageAttributes=attribute)
    expect(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592", "MD5OfMessageBody")
    message = queues.receive(cloud, url)
    expect((message["MessageId"], message["Body"]), (sent["MessageId"], "hello"), "id and body")
    expect(message["MessageAttributes"]["kind"]["StringValue"], "order", "the message attribute")
    expect(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"], "MD5OfMessageAttributes")
    expect(message["Attributes"]["ApproximateReceiveCount"], "1", "ApproximateReceiveCount")
    expect_true(message["Attributes"].get("SentTimestamp"), "SentTimestamp is missing")


@check("ReceiveMessage: hides the message for the visibility timeout, then gives it again with a higher count")
def _(cloud):
    timeout = cloud.lasting(1.5, least=2)
    url = queues.queue(cloud, VisibilityTimeout=timeout)
    queues.send(cloud, url, "work")
    first = queues.receive(cloud, url)
    expect(queues.poll(cloud, url), [], "messages while it is hidden")
    again = queues.receive(cloud, url, seconds=timeout * 2)
    expect(again["MessageId"], first["MessageId"], "the message that comes again")
    expect(again["Attributes"]["ApproximateReceiveCount"], "2", "ApproximateReceiveCount")


@check("DeleteMessage: the message does not come again; twice is no error")
def _(cloud):
    url = queues.queue(cloud, VisibilityTimeout=0)
    queues.send(cloud, url, "work")
    message = queues.receive(cloud, url)
    queues.delete(cloud, url, message)
    queues.delete(cloud, url, message)
    expect(queues.poll(cloud, url), [], "messages afterwards")


@check("DeleteMessage: what is no receipt is refused with ReceiptHandleIsInvalid")
def _(cloud):
    url = queues.queue(cloud)
    refused("ReceiptHandleIsInvalid", cloud.sqs.delete_message, QueueUrl=url, ReceiptHandle="nonsense")


@check("ChangeMessageVisibility: zero gives the message back at once")
def _(cloud):
    url = queues.queue(cloud, VisibilityTimeout=43200)
    queues.send(cloud, url, "work")
    message = queues.receive(cloud, url)
    call = cloud.sqs.change_message_visibility
    call(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    again = queues.receive(cloud, url)
    expect(again["MessageId"], message["MessageId"], "the message that comes again")
    receipt = again["ReceiptHandle"]
    refused("InvalidParameterValue", call, QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=43201)


@check("ChangeMessageVisibility: a message that is not in flight is refused with MessageNotInflight")
def _(cloud):
    url = queues.queue(cloud, VisibilityTimeout=43200)
    queues.send(cloud, url, "work")
    receipt = {"QueueUrl": url, "ReceiptHandle": queues.receive(cloud, url)["ReceiptHandle"]}
    cloud.sqs.change_message_visibility(VisibilityTimeout=0, **receipt)
    # The reference names MessageNotInflight; users meet "Message does not exist or is not available" as well.
    refused(
        ("AWS.SimpleQueueService.MessageNotInflight", "InvalidParameterValue"),
        cloud.sqs.change_message_visibility,
        VisibilityTimeout=60,
        **receipt,
    )


@check("ApproximateNumberOfMessages: counts what is visible, in flight and delayed")
def _(cloud):
    url = queues.queue(cloud, VisibilityTimeout=43200)
    for body in "abc":
        queues.send(cloud, url, body)
    queues.send(cloud, url, "later", DelaySeconds=900)
    queues.receive(cloud, url)

    def counts():
        now = queues.attributes(cloud, url)
        names = ("", "NotVisible", "Delayed")
        return [int(now[f"ApproximateNumberOfMessages{name}"]) for name in names]

    expect(counts(), [2, 1, 1], "visible, in flight and delayed")


@check("DelaySeconds: a message is hidden for its delay")
def _(cloud):
    delay = cloud.lasting(1, least=2, most=900)
    url = queues.queue(cloud, DelaySeconds=delay)
    queues.send(cloud, url, "later")
    expect(queues.poll(cloud, url), [], "messages before the delay is over")
    expect(queues.receive(cloud, url, seconds=delay * 2)["Body"], "later", "the message")


@check("DelaySeconds: more than 900 is refused with InvalidParameterValue")
def _(cloud):
    url = queues.queue(cloud)
    refused("InvalidParameterValue", cloud.sqs.send_message, QueueUrl=url, MessageBody="x", DelaySeconds=901)


@check("Long polling: waits for the time it is given, and ends early with a message")
def _(cloud):
    url = queues.queue(cloud)
    started = time.monotonic()
    expect(queues.poll(cloud, url, WaitTimeSeconds=3), [], "messages of an empty queue")
    took = (time.monotonic() - started) * cloud.speed
    expect_true(took > 2.5, f"a receive that waits 3 s took {took:.1f} s")
    queues.send(cloud, url, "soon", DelaySeconds=2)
    expect([message["Body"] for message in queues.poll(cloud, url, WaitTimeSeconds=20)], ["soon"], "messages")
    refused("InvalidParameterValue", cloud.sqs.receive_message, QueueUrl=url, WaitTimeSeconds=21)


@check("ReceiveMessage: at most ten messages; eleven are refused with InvalidParameterValue")
def _(cloud):
    url = queues.queue(cloud, VisibilityTimeout=43200)
    entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(10)]
    for _number in range(2):
        expect(len(cloud.sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]), 10, "sent in a batch")
    expect_true(len(queues.poll(cloud, url)) <= 10, "more than ten messages came at once")
    refused("InvalidParameterValue", cloud.sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=11)


@check("SendMessageBatch: no entries, eleven, and the same id twice are refused")
def _(cloud):
    url = queues.queue(cloud)
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(11)]
    for code, wrong in [
        ("EmptyBatchRequest", []),
        ("TooManyEntriesInBatchRequest", entries),
        ("BatchEntryIdsNotDistinct", entries[:1] * 2),
    ]:
        refused("AWS.SimpleQueueService." + code, cloud.sqs.send_message_batch, QueueUrl=url, Entries=wrong)


@check("DeleteMessageBatch: tells of each entry whether it was deleted")
def _(cloud):
    url = queues.queue(cloud)
    queues.send(cloud, url, "work")
    message = queues.receive(cloud, url)
    answer = cloud.sqs.delete_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "good", "ReceiptHandle": message["ReceiptHandle"]},
            {"Id": "bad", "ReceiptHandle": "nonsense"},
        ],
    )
    expect([entry["Id"] for entry in answer.get("Successful", [])], ["good"], "Successful")
    expect([(e["Id"], e["Code"]) for e in answer.get("Failed", [])], [("bad", "ReceiptHandleIsInvalid")], "Failed")


@check("RedrivePolicy: after the last receive the message moves to the dead letters, with its id")
def _(cloud):
    dead = queues.queue(cloud)
    policy = {"deadLetterTargetArn": arn(cloud, dead), "maxReceiveCount": 2}
    url = queues.queue(cloud, VisibilityTimeout=0, RedrivePolicy=json.dumps(policy))
    sent = queues.send(cloud, url, "poison")
    for count in ("1", "2"):
        message = queues.receive(cloud, url)
        expect(message["Attributes"]["ApproximateReceiveCount"], count, "ApproximateReceiveCount")
    expect(queues.poll(cloud, url), [], "messages after two receives")
    expect(queues.receive(cloud, dead)["MessageId"], sent, "the dead letter")
    sources = cloud.sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
    expect(sources, [url], "queues that send their dead letters there")


@check("RedrivePolicy: a target that is not there is refused")
def _(cloud):
    policy = {"deadLetterTargetArn": f"arn:aws:sqs:{cloud.region}:{cloud.account}:nobody", "maxReceiveCount": 2}
    refused(
        ("InvalidParameterValue", "InvalidAttributeValue", queues.MISSING),
        cloud.sqs.create_queue,
        QueueName=cloud.name("queue"),
        Attributes={"RedrivePolicy": json.dumps(policy)},
    )


@check("PurgeQueue: empties the queue; again within 60 s is refused with PurgeQueueInProgress", alone=True)
def _(cloud):
    url = queues.queue(cloud)
    queues.send(cloud, url, "lost")
    cloud.sqs.purge_queue(QueueUrl=url)
    cloud.until(
        lambda: queues.attributes(cloud, url)["ApproximateNumberOfMessages"] == "0", 90, "the queue is empty"
    )

    def trial(fresh):
        cloud.sqs.purge_queue(QueueUrl=fresh)
        try:
            cloud.sqs.purge_queue(QueueUrl=fresh)
        except cloud.sqs.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return "accepted"

    code = cloud.within(60, lambda: queues.queue(cloud), trial)
    expect(code, "AWS.SimpleQueueService.PurgeQueueInProgress", "the second purge")


@check("MessageRetentionPeriod: a message is gone once it is older")
def _(cloud):
    url = queues.queue(cloud, MessageRetentionPeriod=60)
    queues.send(cloud, url, "old", DelaySeconds=0)
    cloud.until(
        lambda: queues.attributes(cloud, url)["ApproximateNumberOfMessages"] == "0", 120, "the message is gone"
    )


@check("SendMessage: an empty or too long body is refused")
def _(cloud):
    url = queues.queue(cloud)
    empty = ("MissingParameter", "InvalidParameterValue", "EmptyValue")
    refused(empty, cloud.unchecked("sqs").send_message, QueueUrl=url, MessageBody="")
    # The limit is 1 MiB since August 2025, 256 KiB before.
    refused("InvalidParameterValue", cloud.sqs.send_message, QueueUrl=url, MessageBody="x" * (1024 * 1024 + 1))
