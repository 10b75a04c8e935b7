"""SQS: FIFO queues, their order, groups and deduplication."""

from . import queues
from .expect import expect, expect_true, refused
from .registry import check


@check("SendMessage: in a FIFO queue needs a group, and an id or digests against duplicates")
def _(cloud):
    url = queues.queue(cloud, fifo=True)
    refused("MissingParameter", cloud.sqs.send_message, QueueUrl=url, MessageBody="x", MessageDeduplicationId="1")
    refused("InvalidParameterValue", cloud.sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="g")


@check("SendMessage: a delay for one message is refused in a FIFO queue")
def _(cloud):
    # API reference, DelaySeconds: "When you set FifoQueue, you can't set DelaySeconds per message."
    url = queues.queue(cloud, fifo=True, ContentBasedDeduplication="true")
    refused(
        "InvalidParameterValue",
        cloud.sqs.send_message,
        QueueUrl=url,
        MessageBody="x",
        MessageGroupId="g",
        DelaySeconds=5,
    )


@check("Deduplication: the same id within five minutes is accepted and delivered once", alone=True)
def _(cloud):
    def prepare():
        return queues.queue(cloud, fifo=True, VisibilityTimeout=43200)

    def trial(url):
        for body in ("one", "two"):
            queues.send(cloud, url, body, MessageGroupId="g", MessageDeduplicationId="same")
        return url

    url = cloud.within(300, prepare, trial)
    expect([message["Body"] for message in queues.poll(cloud, url)], ["one"], "messages")


@check("Deduplication: by content with ContentBasedDeduplication", alone=True)
def _(cloud):
    def prepare():
        return queues.queue(cloud, fifo=True, ContentBasedDeduplication="true", VisibilityTimeout=43200)

    def trial(url):
        for body in ("one", "one", "two"):
            queues.send(cloud, url, body, MessageGroupId="g")
        return url

    url = cloud.within(300, prepare, trial)
    expect([message["Body"] for message in queues.poll(cloud, url)], ["one", "two"], "messages")


@check("Order: messages of a group come as they were sent, with rising sequence numbers")
def _(cloud):
    url = queues.queue(cloud, fifo=True, VisibilityTimeout=43200)
    for number in range(5):
        queues.send(cloud, url, str(number), MessageGroupId="g", MessageDeduplicationId=str(number))
    messages = queues.poll(cloud, url)
    expect([message["Body"] for message in messages], list("01234"), "bodies")
    numbers = [int(message["Attributes"]["SequenceNumber"]) for message in messages]
    expect(numbers, sorted(set(numbers)), "sequence numbers")
    expect({message["Attributes"]["MessageGroupId"] for message in messages}, {"g"}, "MessageGroupId")


@check("Groups: while a message of a group is in flight the group waits, and others don't")
def _(cloud):
    url = queues.queue(cloud, fifo=True, VisibilityTimeout=43200)
    for body, group in [("a1", "a"), ("a2", "a"), ("b1", "b")]:
        queues.send(cloud, url, body, MessageGroupId=group, MessageDeduplicationId=body)
    first = queues.poll(cloud, url, most=1)
    expect([message["Body"] for message in first], ["a1"], "the first message")
    expect([message["Body"] for message in queues.poll(cloud, url)], ["b1"], "messages while a1 is in flight")
    queues.delete(cloud, url, first[0])
    expect([message["Body"] for message in queues.poll(cloud, url)], ["a2"], "messages after a1 is deleted")


@check("Groups: a message that comes back is first again")
def _(cloud):
    url = queues.queue(cloud, fifo=True, VisibilityTimeout=43200)
    for body in ("one", "two"):
        queues.send(cloud, url, body, MessageGroupId="g", MessageDeduplicationId=body)
    message = queues.poll(cloud, url, most=1)[0]
    cloud.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    bodies = [again["Body"] for again in queues.poll(cloud, url)]
    expect_true(bodies[:1] == ["one"], f"after one came back, {bodies} came")
