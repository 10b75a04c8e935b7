"""What checks of SQS need: queues, and receiving that tries again as short polling demands."""

MISSING = "AWS.SimpleQueueService.NonExistentQueue"


def queue(cloud, fifo=False, **attributes):
    """A queue, by its URL."""
    name = cloud.name("queue") + (".fifo" if fifo else "")
    given = {key: str(value) for key, value in attributes.items()} | ({"FifoQueue": "true"} if fifo else {})
    return cloud.sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"]


def attributes(cloud, url, *names):
    """Attributes of a queue."""
    answer = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"])
    return answer.get("Attributes", {})


def send(cloud, url, body, **parameters):
    """Send a message; returns its id."""
    return cloud.sqs.send_message(QueueUrl=url, MessageBody=body, **parameters)["MessageId"]


def poll(cloud, url, most=10, **parameters):
    """What one receive call finds, without waiting."""
    answer = cloud.sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=most,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
        **parameters,
    )
    return answer.get("Messages", [])


def receive(cloud, url, seconds=60, **parameters):
    """The next message, once there is one."""
    return cloud.until(lambda: poll(cloud, url, most=1, **parameters), seconds, "a message can be received")[0]


def delete(cloud, url, message):
    """Delete a message that was received."""
    cloud.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
