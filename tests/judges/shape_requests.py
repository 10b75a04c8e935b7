"""Reads a recorded request as its protocol says and checks it against the operation's input shape."""

import base64
import json
import re
import urllib.parse
import xml.etree.ElementTree as ElementTree

from botocore.parsers import RpcV2CBORParser
from shape_values import (
    check_shape,
    local_name,
    member_element_name,
    value_from_json,
    value_from_text,
    value_from_xml,
    wire_name,
)

TRANSPORT_HEADERS = re.compile(
    r"x-amz-(date|content-sha256|security-token|user-agent|decoded-content-length|trailer|te|sdk-checksum-algorithm"
    r"|checksum-.*)"
)
TRANSPORT_PARAMETERS = re.compile(r"x-id|X-Amz-.*")


def judge_request(operation, request, complain):
    """Checks one request; answers the protocol that it speaks."""
    protocol = protocol_of(operation.service_model, request)
    value = READERS[protocol](operation, request, complain)
    if operation.input_shape is not None and value is not None:
        check_shape(operation.input_shape, value, operation.input_shape.name, complain, is_input=True)
    return protocol


def protocol_of(service, request):
    """The protocol on the wire: a service may speak several, and the request says which."""
    headers = request["headers"]
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "cbor"
    if "x-amz-target" in headers:
        return "json"
    return service.protocol if service.protocol in ("ec2", "rest-xml") else "query"


def read_form(operation, request, complain):
    """EC2 query and AWS query: a form whose dotted names spell the tree."""
    target = urllib.parse.urlsplit(request["target"])
    pairs = []
    for text in (target.query, request["body"].decode()):
        pairs += urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
    tree = {}
    for name, value in pairs:
        node = tree
        for step in name.split("."):
            node = node.setdefault(step, {})
        if "" in node:
            complain(name, "a parameter that occurs more than once", value)
        node[""] = value
    for name, expected in (("Action", operation.name), ("Version", operation.service_model.api_version)):
        found = tree.pop(name, {}).get("")
        if found != expected:
            complain(name, f"not {expected}", found)
    if operation.input_shape is None:
        for name in tree:
            complain(name, "the operation has no parameters", "")
        return None
    is_ec2 = operation.service_model.protocol == "ec2"
    return FormReader(is_ec2, complain).structure(operation.input_shape, tree, operation.input_shape.name)


class FormReader:
    """Reads the tree of a form against shapes."""

    def __init__(self, is_ec2, complain):
        self.is_ec2 = is_ec2
        self.complain = complain

    def value(self, shape, node, path):
        """The value at a node."""
        kind = shape.type_name
        if kind in ("structure", "list", "map"):
            if node.get("") and len(node) == 1:
                self.complain(path, f"text where the model has a {kind}", node[""])
                return None
            return getattr(self, kind)(shape, {key: item for key, item in node.items() if key}, path)
        for key in node:
            if key:
                self.complain(f"{path}.{key}", f"a parameter inside a {kind}", node[key].get(""))
        return value_from_text(shape, node.get("", ""), "iso8601", path, self.complain)

    def member_name(self, member, name):
        """The name of a structure's member in the form."""
        if self.is_ec2:
            given = wire_name(member, name)
            return member.serialization.get("queryName", given[0].upper() + given[1:])
        return member_element_name(member, name)

    def structure(self, shape, node, path):
        """The members that the form gives."""
        names = {self.member_name(member, name): name for name, member in shape.members.items()}
        known = {}
        for key, item in node.items():
            name = names.get(key)
            if name is None:
                self.complain(f"{path}.{key}", "the model has no such parameter", item.get(""))
                continue
            known[name] = self.value(shape.members[name], item, f"{path}.{name}")
        return known

    def numbered(self, node, path):
        """The nodes 1, 2, 3 … of a list in their order."""
        if sorted(node) != sorted(str(number) for number in range(1, len(node) + 1)):
            self.complain(path, "items that are not numbered 1, 2, 3 …", " ".join(node))
        return [node[key] for key in sorted(node)]

    def unwrapped(self, node, name, path):
        """What is below a list's own level (`member`, `entry`)."""
        if set(node) - {name}:
            self.complain(path, f"{sorted(set(node) - {name})} where the model has .{name}.", "")
        return node.get(name, {})

    def list(self, shape, node, path):
        """The items of a list; EC2 numbers them without a level between."""
        if not self.is_ec2 and not shape.serialization.get("flattened"):
            node = self.unwrapped(node, wire_name(shape.member, "member"), path)
        return [self.value(shape.member, item, path + "[]") for item in self.numbered(node, path)]

    def map(self, shape, node, path):
        """The entries of a map."""
        if not shape.serialization.get("flattened"):
            node = self.unwrapped(node, "entry", path)
        key_name, value_name = wire_name(shape.key, "key"), wire_name(shape.value, "value")
        answer = {}
        for entry in self.numbered(node, path):
            if set(entry) != {key_name, value_name}:
                self.complain(path, f"a map entry that is not {key_name} and {value_name}", sorted(entry))
                continue
            key = self.value(shape.key, entry[key_name], path + "{key}")
            answer[key] = self.value(shape.value, entry[value_name], path + "{}")
        return answer


def read_json(operation, request, complain):
    """JSON 1.0 and 1.1."""
    metadata = operation.service_model.metadata
    expected = f"{metadata['targetPrefix']}.{operation.name}"
    if request["headers"].get("x-amz-target") != expected:
        complain("X-Amz-Target", f"not {expected}", request["headers"].get("x-amz-target"))
    content_type = f"application/x-amz-json-{metadata['jsonVersion']}"
    if request["headers"].get("content-type") != content_type:
        complain("Content-Type", f"not {content_type}", request["headers"].get("content-type"))
    try:
        value = json.loads(request["body"] or b"{}")
    except ValueError as error:
        complain("body", "not JSON", str(error))
        return None
    if operation.input_shape is None:
        return None
    return value_from_json(operation.input_shape, value, operation.input_shape.name, complain)


def read_cbor(operation, request, complain):
    """RPC v2 in CBOR; decoded by botocore, read like JSON, where timestamps arrive as datetimes."""
    expected = f"/service/{operation.service_model.metadata['targetPrefix']}/operation/{operation.name}"
    if request["target"] != expected:
        complain("path", f"not {expected}", request["target"])
    return value_from_json(operation.input_shape, decoded_cbor(request["body"]), operation.input_shape.name, complain)


def decoded_cbor(body):
    """CBOR as JSON would hold it."""
    if not body:
        return {}
    parser = RpcV2CBORParser()
    return without_datetimes(parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)))


def without_datetimes(value):
    """A decoded tree with seconds in place of datetimes, and Base64 in place of bytes."""
    if isinstance(value, dict):
        return {key: without_datetimes(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_datetimes(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.timestamp() if hasattr(value, "timestamp") else value


def read_rest(operation, request, complain):
    """REST XML: parts of the input stand in the path, the query, the headers and the body."""
    target = urllib.parse.urlsplit(request["target"])
    known = read_path(operation, target.path, request["headers"].get("host", ""), complain)
    if request["method"] != operation.http["method"]:
        complain("method", f"not {operation.http['method']}", request["method"])
    parameters = dict(urllib.parse.parse_qsl(target.query, keep_blank_values=True))
    fixed = urllib.parse.urlsplit(operation.http["requestUri"]).query
    for name, expected in urllib.parse.parse_qsl(fixed, keep_blank_values=True):
        if parameters.pop(name, None) != expected:
            complain(name, "the operation's own query parameter is missing", target.query)
    members = operation.input_shape.members if operation.input_shape else {}
    headers = {name: text for name, text in request["headers"].items() if name.startswith("x-amz-")}
    root = operation.input_shape.name if operation.input_shape else operation.name
    for name, member in members.items():
        location, key = member.serialization.get("location"), wire_name(member, name)
        source = {"querystring": parameters, "header": request["headers"]}.get(location, {})
        text = source.get(key if location == "querystring" else key.lower())
        if text is not None:
            known[name] = value_from_text(
                member, text, "rfc822" if location == "header" else "iso8601", f"{root}.{name}", complain
            )
            parameters.pop(key, None) if location == "querystring" else headers.pop(key.lower(), None)
        elif location == "headers":
            headers = {header: text for header, text in headers.items() if not header.startswith(key.lower())}
    for name, text in parameters.items():
        if not TRANSPORT_PARAMETERS.fullmatch(name):
            complain(f"?{name}", "the model has no such query parameter", text)
    for name, text in headers.items():
        if not TRANSPORT_HEADERS.fullmatch(name):
            complain(name, "the model has no such header", text)
    read_payload(operation, request, known, complain)
    return known


def read_path(operation, path, host, complain):
    """The members in the path; the bucket may stand in the host name instead."""
    template = urllib.parse.urlsplit(operation.http["requestUri"]).path
    pattern = re.sub(r"\{(\w+)(\+?)\}", lambda part: f"(?P<{part[1]}>{'.+' if part[2] else '[^/]+'})", template)
    for candidate in (path, f"/{host.split('.')[0]}{path}"):
        found = re.fullmatch(pattern + "/?", candidate)
        if found:
            return {name: urllib.parse.unquote(text) for name, text in found.groupdict().items()}
    complain("path", f"not {template}", path)
    return {}


def read_payload(operation, request, known, complain):
    """The body in XML, when the model has one."""
    shape = operation.input_shape
    payload = shape and shape.serialization.get("payload")
    member = shape.members[payload] if payload else None
    if member is None or member.type_name != "structure" or not request["body"]:
        if payload and request["body"]:
            known[payload] = None
        return
    try:
        element = ElementTree.fromstring(request["body"])
    except ElementTree.ParseError as error:
        complain("body", "not XML", str(error))
        return
    if local_name(element.tag) != wire_name(member, payload):
        complain("body", f"its root is not <{wire_name(member, payload)}>", local_name(element.tag))
    known[payload] = value_from_xml(member, element, f"{shape.name}.{payload}", complain)


READERS = {"ec2": read_form, "query": read_form, "json": read_json, "cbor": read_cbor, "rest-xml": read_rest}
