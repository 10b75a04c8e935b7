"""Checks a recorded answer against the operation's output shape, or, when it is an error, against the form that errors
have in its protocol."""

import json
import re
import xml.etree.ElementTree as ElementTree

from shape_requests import decoded_cbor
from shape_truths import EC2_ENVELOPE, QUERY_ERROR_CODES, STATUSES
from shape_values import (
    HEADER_LOCATIONS,
    check_shape,
    local_name,
    structure_from_xml,
    value_from_json,
    value_from_text,
    value_from_xml,
    wire_name,
)

# botocore leaves out how S3 names the roots of answers whose members stand in the body itself.
S3_ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListParts": "ListPartsResult",
}
# botocore says no namespace for S3 either.
S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
S3_HEADERS = re.compile(r"x-amz-(request-id|id-2|bucket-region|checksum-.*)")
JSON_ERROR_KEYS = {"__type", "message", "Message", "code"}


def judge_response(operation, protocol, response, result_keys, complain):
    """Checks one answer. `result_keys` are the lists that the paginators read: XML answers hold them even when they are
    empty."""
    if response["status"] >= 300:
        return judge_error(operation, protocol, response, complain)
    expected = STATUSES.get(operation.name, {operation.http.get("responseCode", 200)})
    if response["status"] not in expected:
        complain("status", f"not in {sorted(expected)}", response["status"])
    value = READERS[protocol](operation, response, complain)
    shape = operation.output_shape
    if shape is None or value is None:
        return None
    check_shape(shape, value, shape.name, complain, is_input=False)
    if protocol in ("ec2", "query"):
        for key in result_keys:
            if key in shape.members and key not in value:
                complain(f"{shape.name}.{key}", "a list that AWS sends even when it is empty", "")
    return None


def parsed_xml(response, complain):
    """The root of an XML body."""
    if not re.match(r"(text|application)/xml\b", response["headers"].get("content-type", "")):
        complain("Content-Type", "not text/xml or application/xml", response["headers"].get("content-type"))
    try:
        return ElementTree.fromstring(response["body"])
    except ElementTree.ParseError as error:
        complain("body", "not XML", response["body"][:80] + str(error).encode())
        return None


def check_root(root, name, namespace, complain):
    """The root's name, and one namespace throughout."""
    if local_name(root.tag) != name:
        complain("body", f"its root is not <{name}>", local_name(root.tag))
    for element in root.iter():
        found = element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""
        if found.rstrip("/") != namespace.rstrip("/"):
            complain("body", f"not in the namespace {namespace}", f"<{local_name(element.tag)}> in {found or 'none'}")
            return


def required_text(parent, name, path, complain):
    """The text of a child that must be there and not be empty."""
    found = [child for child in parent if local_name(child.tag) == name]
    if len(found) != 1 or not (found[0].text or "").strip():
        complain(f"{path}.<{name}>", "missing or empty", [child.tag for child in parent])
        return ""
    return found[0].text


def read_ec2(operation, response, complain):
    """EC2: the members stand in the root, beside the request's id. An operation without output answers
    <return>true</return>."""
    root = parsed_xml(response, complain)
    if root is None:
        return None
    check_root(root, f"{operation.name}Response", operation.service_model.metadata["xmlNamespace"], complain)
    required_text(root, "requestId", "body", complain)
    if operation.output_shape is not None:
        return structure_from_xml(operation.output_shape, root, operation.output_shape.name, complain, EC2_ENVELOPE)
    if required_text(root, "return", "body", complain) not in ("", "true"):
        complain("body.<return>", "not true", "")
    refuse_others(root, EC2_ENVELOPE, "body", complain)
    return None


def refuse_others(parent, allowed, path, complain):
    """Complains about children that do not belong to the protocol."""
    for child in parent:
        if local_name(child.tag) not in allowed:
            complain(f"{path}.<{local_name(child.tag)}>", "the protocol has no such element", child.text)


def read_query(operation, response, complain):
    """AWS query: <ActionResponse> holds <ActionResult> and <ResponseMetadata>."""
    root = parsed_xml(response, complain)
    if root is None:
        return None
    check_root(root, f"{operation.name}Response", operation.service_model.metadata["xmlNamespace"], complain)
    shape = operation.output_shape
    wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result") if shape else None
    refuse_others(root, ("ResponseMetadata", wrapper), "body", complain)
    metadata = [child for child in root if local_name(child.tag) == "ResponseMetadata"]
    if len(metadata) == 1:
        required_text(metadata[0], "RequestId", "body.ResponseMetadata", complain)
        refuse_others(metadata[0], ("RequestId",), "body.ResponseMetadata", complain)
    else:
        complain("body.<ResponseMetadata>", "not exactly once", len(metadata))
    if shape is None:
        return None
    results = [child for child in root if local_name(child.tag) == wrapper]
    if len(results) != 1:
        complain(f"body.<{wrapper}>", "not exactly once", len(results))
        return None
    return structure_from_xml(shape, results[0], shape.name, complain)


def json_body(response, complain):
    """The JSON in a body; operations without output may answer nothing."""
    try:
        return json.loads(response["body"] or b"{}")
    except ValueError:
        complain("body", "not JSON", response["body"][:80])
        return None


def check_json_headers(operation, response, complain):
    """The content type and the request's id."""
    content_type = f"application/x-amz-json-{operation.service_model.metadata['jsonVersion']}"
    if response["body"] and response["headers"].get("content-type") != content_type:
        complain("Content-Type", f"not {content_type}", response["headers"].get("content-type"))
    if not response["headers"].get("x-amzn-requestid"):
        complain("x-amzn-RequestId", "missing or empty", "")


def read_json(operation, response, complain):
    """JSON 1.0 and 1.1."""
    check_json_headers(operation, response, complain)
    return against_output(operation, json_body(response, complain), response, complain)


def read_cbor(operation, response, complain):
    """RPC v2 in CBOR."""
    if response["headers"].get("smithy-protocol") != "rpc-v2-cbor":
        complain("smithy-protocol", "not rpc-v2-cbor", response["headers"].get("smithy-protocol"))
    return against_output(operation, decoded_cbor(response["body"]), response, complain)


def against_output(operation, value, response, complain):
    """A decoded tree against the output shape."""
    if operation.output_shape is None:
        if value:
            complain("body", "the operation has no output", value)
        return None
    if not response["body"]:
        complain("body", "empty, where the operation has an output", "")
    return (
        None if value is None else value_from_json(operation.output_shape, value, operation.output_shape.name, complain)
    )


def read_rest(operation, response, complain):
    """REST XML: headers and body."""
    for name in ("x-amz-request-id", "x-amz-id-2"):
        if not response["headers"].get(name):
            complain(name, "missing or empty", "")
    shape = operation.output_shape
    known = read_headers(operation, response["headers"], complain)
    if shape is None:
        if response["body"].strip():
            complain("body", "the operation has no output", response["body"][:80])
        return None
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name != "structure":
        return known
    in_body = [
        name for name, member in shape.members.items() if member.serialization.get("location") not in HEADER_LOCATIONS
    ]
    if not response["body"]:
        if in_body and operation.http["method"] != "HEAD":
            complain("body", "empty, where the operation has an output", "")
        return None
    if not in_body:
        complain("body", "the operation has no output in the body", response["body"][:80])
        return known
    root = parsed_xml(response, complain)
    return None if root is None else known | read_rest_body(operation, payload, root, complain)


def read_headers(operation, headers, complain):
    """The members that stand in headers; no other x-amz- header may be there."""
    members = operation.output_shape.members if operation.output_shape else {}
    unknown = {
        name: text for name, text in headers.items() if name.startswith("x-amz-") and not S3_HEADERS.fullmatch(name)
    }
    known = {}
    for name, member in members.items():
        location, key = member.serialization.get("location"), wire_name(member, name).lower()
        if location == "header" and key in headers:
            known[name] = value_from_text(
                member, headers[key], "rfc822", f"{operation.output_shape.name}.{name}", complain
            )
            unknown.pop(key, None)
        elif location == "headers":
            unknown = {header: text for header, text in unknown.items() if not header.startswith(key)}
    for name, text in unknown.items():
        complain(name, "the model has no such header", text)
    return known


def read_rest_body(operation, payload, root, complain):
    """The members in an XML body."""
    shape = operation.output_shape
    if operation.name == "GetBucketLocation":
        # The root is the value itself, empty for us-east-1.
        check_root(root, "LocationConstraint", S3_NAMESPACE, complain)
        return {"LocationConstraint": root.text} if root.text else {}
    if payload:
        member = shape.members[payload]
        check_root(root, wire_name(member, payload), S3_NAMESPACE, complain)
        return {payload: value_from_xml(member, root, f"{shape.name}.{payload}", complain)}
    check_root(root, S3_ROOTS.get(operation.name, f"{operation.name}Result"), S3_NAMESPACE, complain)
    return structure_from_xml(shape, root, shape.name, complain)


def judge_error(operation, protocol, response, complain):
    """The form of an error answer, and its code against the service's modelled errors."""
    if protocol == "rest-xml" and (operation.http["method"] == "HEAD" or response["status"] == 304):
        if response["body"]:
            complain("error", "a body where HTTP allows none", response["body"][:80])
        return
    read = {"ec2": ec2_error, "query": query_error, "rest-xml": rest_error}.get(protocol, json_error)
    code = read(operation, response, complain)
    if code:
        check_code(operation, protocol, code, response["status"], complain)


def ec2_error(_operation, response, complain):
    """<Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>."""
    root = parsed_xml(response, complain)
    if root is None:
        return None
    check_root(root, "Response", "", complain)
    required_text(root, "RequestID", "error", complain)
    refuse_others(root, ("Errors", "RequestID"), "error", complain)
    errors = root.findall("Errors/Error")
    if len(errors) != 1:
        complain("error.<Errors>.<Error>", "not exactly once", len(errors))
        return None
    refuse_others(errors[0], ("Code", "Message"), "error.Error", complain)
    required_text(errors[0], "Message", "error.Error", complain)
    return required_text(errors[0], "Code", "error.Error", complain)


def query_error(operation, response, complain):
    """<ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>."""
    root = parsed_xml(response, complain)
    if root is None:
        return None
    check_root(root, "ErrorResponse", operation.service_model.metadata["xmlNamespace"], complain)
    required_text(root, "RequestId", "error", complain)
    refuse_others(root, ("Error", "RequestId"), "error", complain)
    errors = [child for child in root if local_name(child.tag) == "Error"]
    if len(errors) != 1:
        complain("error.<Error>", "not exactly once", len(errors))
        return None
    refuse_others(errors[0], ("Type", "Code", "Message", "Detail"), "error.Error", complain)
    expected = "Sender" if response["status"] < 500 else "Receiver"
    if required_text(errors[0], "Type", "error.Error", complain) != expected:
        complain("error.Error.Type", f"not {expected}", response["status"])
    required_text(errors[0], "Message", "error.Error", complain)
    return required_text(errors[0], "Code", "error.Error", complain)


def json_error(operation, response, complain):
    """{"__type": code, "message": text}; the model of the error may add members."""
    if response["headers"].get("smithy-protocol") == "rpc-v2-cbor":
        value = decoded_cbor(response["body"])
    else:
        check_json_headers(operation, response, complain)
        value = json_body(response, complain)
    if value is None:
        return None
    code = value.get("__type", "").rpartition("#")[2]
    if not code:
        complain("error.__type", "missing or empty", value)
    shape = next(
        (shape for shape in operation.service_model.error_shapes if code in (shape.name, error_code(shape))), None
    )
    for key, item in value.items():
        if key not in JSON_ERROR_KEYS and not (shape and key in shape.members):
            complain(f"error.{key}", "the model has no such key", item)
    if not isinstance(value.get("message", value.get("Message", "")), str):
        complain("error.message", "not a string", value)
    if "awsQueryCompatible" in operation.service_model.metadata and shape:
        fault = "Sender" if response["status"] < 500 else "Receiver"
        expected = f"{QUERY_ERROR_CODES.get(shape.name, error_code(shape))};{fault}"
        if response["headers"].get("x-amzn-query-error") != expected:
            complain("x-amzn-query-error", f"not {expected}", response["headers"].get("x-amzn-query-error"))
    return code


def rest_error(_operation, response, complain):
    """<Error><Code/><Message/>…<RequestId/><HostId/></Error>."""
    root = parsed_xml(response, complain)
    if root is None:
        return None
    check_root(root, "Error", "", complain)
    for name in ("Message", "RequestId", "HostId"):
        required_text(root, name, "error", complain)
    return required_text(root, "Code", "error", complain)


def error_code(shape):
    """The code that stands on the wire for a modelled error in the query protocols."""
    return shape.metadata.get("error", {}).get("code", shape.name)


def check_code(operation, protocol, code, status, complain):
    """A modelled error has the model's code and status. The shape's name is not the code where the model gives
    another."""
    shapes = operation.service_model.error_shapes
    on_wire = (lambda shape: shape.name) if protocol in ("json", "cbor") else error_code
    found = next((shape for shape in shapes if on_wire(shape) == code), None)
    if found is not None:
        expected = found.metadata.get("error", {}).get("httpStatusCode", status)
        # The models' statuses are those of the query protocols; in JSON, client errors are 400 whatever they say.
        wrong = status != expected if protocol not in ("json", "cbor") else status // 100 != expected // 100
        if wrong:
            complain("error.status", f"not {expected}, as the model says for {code}", status)
        return
    misnamed = next((shape for shape in shapes if code in (shape.name, error_code(shape))), None)
    if misnamed is not None:
        complain("error.code", f"not {on_wire(misnamed)}, as the model says", code)


READERS = {"ec2": read_ec2, "query": read_query, "json": read_json, "cbor": read_cbor, "rest-xml": read_rest}
