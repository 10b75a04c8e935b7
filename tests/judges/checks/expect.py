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


def refused(codes, call, **parameters):
    """The call must be refused with the code (or one of the codes); returns the error for a closer look."""
    wanted = (codes,) if isinstance(codes, str) else tuple(codes)
    name = getattr(call, "__name__", "the call")
    try:
        call(**parameters)
    except ClientError as error:
        if error_code(error) not in wanted:
            raise Wrong(
                f"{name}: expected {' or '.join(wanted)}, came {error_code(error)}: "
                f"{error.response.get('Error', {}).get('Message', '')}"
            ) from error
        return error
    raise Wrong(f"{name}: expected {' or '.join(wanted)}, but it was accepted")


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
