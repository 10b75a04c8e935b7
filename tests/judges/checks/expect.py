"""How a check says that something else came than AWS answers."""

from botocore.exceptions import ClientError


class Wrong(Exception):
    """The answer is not AWS's."""


def expect(actual, wanted, what):
    """`actual` must equal `wanted`."""
    if actual != wanted:
        raise Wrong(f"{what}: expected {wanted!r}, came {actual!r}")


def expect_true(condition, what):
    """What `what` states must hold; `what` also says what came."""
    if not condition:
        raise Wrong(what)


def error_code(error):
    """The code of a refusal, as boto3 shows it."""
    return error.response.get("Error", {}).get("Code", "")


def documented_status(call, code):
    """The HTTP status of a refusal, where it is known; EC2 answers 400, and 412 to a dry run."""
    model = call.__self__.meta.service_model
    if model.resolved_protocol == "ec2":
        return 412 if code == "DryRunOperation" else 400
    if model.service_name in ("sqs", "ssm", "secretsmanager"):
        return 400
    # CloudWatch's model names statuses for its query protocol; what its JSON protocol sends is not documented.
    if model.resolved_protocol == "json":
        return None
    statuses = [
        shape.metadata["error"].get("httpStatusCode")
        for shape in model.error_shapes
        if shape.error_code == code and "error" in shape.metadata
    ]
    return statuses[0] if statuses else None


def refused(codes, call, **parameters):
    """The call must be refused with the code (or one of the codes); returns the error for a closer look."""
    wanted = (codes,) if isinstance(codes, str) else tuple(codes)
    asked = f"{getattr(call, '__name__', 'the call')} with {str(parameters)[:200]}"
    try:
        call(**parameters)
    except ClientError as error:
        if error_code(error) not in wanted:
            message = error.response.get("Error", {}).get("Message", "")
            raise Wrong(f"expected {' or '.join(wanted)}, came {error_code(error)}: {message}: {asked}") from error
        came, status = error.response["ResponseMetadata"]["HTTPStatusCode"], documented_status(call, error_code(error))
        if status not in (None, came):
            raise Wrong(f"{error_code(error)} came with the HTTP status {came}, expected {status}: {asked}") from error
        return error
    raise Wrong(f"expected {' or '.join(wanted)}, but it was accepted: {asked}")


def attempt(call, **parameters):
    """The answer and None, or None and the code of the refusal."""
    try:
        return call(**parameters), None
    except ClientError as error:
        return None, error_code(error)


def gone(codes, call, **parameters):
    """True once the call is refused with one of the codes; other refusals are raised."""
    wanted = (codes,) if isinstance(codes, str) else tuple(codes)
    try:
        call(**parameters)
    except ClientError as error:
        if error_code(error) in wanted:
            return True
        raise
    return False


def tags_of(tags):
    """AWS's list of tags as a dictionary, without the tags that AWS itself sets."""
    return {tag["Key"]: tag["Value"] for tag in tags or [] if not tag["Key"].startswith("aws:")}
