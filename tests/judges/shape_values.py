"""What a value must look like for a shape of botocore's models: the text of scalars, the constraints of inputs, JSON
trees and XML trees.

Every function takes `complain(path, what, value)` and tells it what is wrong; it never raises for a wrong value. Paths
name members as the model does and leave positions out (`Reservations[].Instances[].State`), so that one kind of finding
is one line however often it occurs."""

import base64
import binascii
import functools
import re
import unicodedata

from shape_truths import ENUM_VALUES

TIMESTAMP_TEXTS = {
    "iso8601": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"),
    "rfc822": re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"),
    "unixtimestamp": re.compile(r"\d+(\.\d+)?"),
}
WHOLE_NUMBERS = {"integer": 2**31, "long": 2**63}
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
HEADER_LOCATIONS = ("header", "headers", "statusCode", "uri", "querystring")


def wire_name(shape, default):
    """The name that a member has on the wire."""
    return shape.serialization.get("name", default)


def value_from_text(shape, text, timestamp_format, path, complain):
    """The typed value of a scalar that stands as text in a form, in XML or in a header."""
    kind = shape.type_name
    if kind == "boolean":
        if text not in ("true", "false"):
            complain(path, "a boolean that is neither true nor false", text)
        return text == "true"
    if kind in WHOLE_NUMBERS:
        if not re.fullmatch(r"-?\d+", text) or not -WHOLE_NUMBERS[kind] <= int(text) < WHOLE_NUMBERS[kind]:
            complain(path, f"not a number of type {kind}", text)
            return None
        return int(text)
    if kind in ("float", "double"):
        try:
            return float(text)
        except ValueError:
            complain(path, f"not a number of type {kind}", text)
            return None
    if kind == "timestamp":
        expected = shape.serialization.get("timestampFormat", timestamp_format).lower()
        if not TIMESTAMP_TEXTS[expected].fullmatch(text):
            complain(path, f"not a timestamp in the format {expected}", text)
        return None
    if kind == "blob":
        return decoded_blob(text, path, complain)
    if kind in ("structure", "list", "map"):
        complain(path, f"text where the model has a {kind}", text)
        return None
    return text


def decoded_blob(text, path, complain):
    """The bytes of a blob in Base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        complain(path, "a blob that is not Base64", text)
        return None


def value_from_json(shape, value, path, complain):
    """The typed value of a JSON tree."""
    kind = shape.type_name
    if kind == "structure" and not shape.is_document_type:
        return structure_from_json(shape, value, path, complain)
    if kind == "list":
        if not isinstance(value, list):
            complain(path, "not a list", value)
            return None
        return [value_from_json(shape.member, item, path + "[]", complain) for item in value]
    if kind == "map":
        if not isinstance(value, dict):
            complain(path, "not a map", value)
            return None
        return {key: value_from_json(shape.value, item, path + "{}", complain) for key, item in value.items()}
    return scalar_from_json(shape, value, path, complain)


def structure_from_json(shape, value, path, complain):
    """The members of a JSON object that the model knows."""
    if not isinstance(value, dict):
        complain(path, "not an object", value)
        return None
    names = {wire_name(member, name): name for name, member in shape.members.items()}
    known = {}
    for key, item in value.items():
        name = names.get(key)
        if name is None:
            complain(f"{path}.{key}", "the model has no such key", item)
        elif item is None:
            complain(f"{path}.{name}", "null, where AWS leaves the key out", item)
        else:
            known[name] = value_from_json(shape.members[name], item, f"{path}.{name}", complain)
    return known


def scalar_from_json(shape, value, path, complain):
    """The typed value of a JSON scalar."""
    kind = shape.type_name
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in WHOLE_NUMBERS and not (isinstance(value, int) and is_number):
        complain(path, f"not a number of type {kind}", value)
        return None
    if kind in ("float", "double") and not is_number:
        complain(path, f"not a number of type {kind}", value)
        return None
    if kind == "boolean" and not isinstance(value, bool):
        complain(path, "a boolean that is neither true nor false", value)
        return None
    if kind == "timestamp":
        if not is_number:
            complain(path, "a timestamp that is not seconds since 1970 as a number", value)
        return None
    if kind in ("string", "character", "blob") and not isinstance(value, str):
        complain(path, "not a string", value)
        return None
    return decoded_blob(value, path, complain) if kind == "blob" else value


def local_name(tag):
    """An element's name without its namespace."""
    return tag.rpartition("}")[2]


def value_from_xml(shape, element, path, complain):
    """The typed value of an element, read as the model says and not more leniently."""
    kind = shape.type_name
    if kind == "structure":
        return structure_from_xml(shape, element, path, complain)
    if kind == "list":
        name = wire_name(shape.member, "member")
        return list_from_xml(shape, children_named(element, name, path, complain), path, complain)
    if kind == "map":
        return map_from_xml(shape, children_named(element, "entry", path, complain), path, complain)
    for child in element:
        complain(f"{path}.{local_name(child.tag)}", f"an element inside a {kind}", child.text)
    return value_from_text(shape, element.text or "", "iso8601", path, complain)


def children_named(element, name, path, complain):
    """The children of a list or map wrapper, all of which must bear one name."""
    refuse_text(element, path, complain)
    for child in element:
        if local_name(child.tag) != name:
            complain(path, f"<{local_name(child.tag)}> where the wrapper has only <{name}>", child.text)
    return [child for child in element if local_name(child.tag) == name]


def refuse_text(element, path, complain):
    """Wrappers and structures hold elements, no text of their own."""
    loose = (element.text or "") + "".join(child.tail or "" for child in element)
    if loose.strip():
        complain(path, "text beside elements", loose.strip())


def list_from_xml(shape, elements, path, complain):
    """The items of a list."""
    return [value_from_xml(shape.member, item, path + "[]", complain) for item in elements]


def map_from_xml(shape, entries, path, complain):
    """The keys and values of a map's entries."""
    key_name, value_name = wire_name(shape.key, "key"), wire_name(shape.value, "value")
    answer = {}
    for entry in entries:
        names = [local_name(child.tag) for child in entry]
        if sorted(names) != sorted((key_name, value_name)):
            complain(path, f"a map entry that is not <{key_name}> and <{value_name}>", names)
            continue
        key, value = (
            next(child for child in entry if local_name(child.tag) == name) for name in (key_name, value_name)
        )
        answer[value_from_xml(shape.key, key, path + "{key}", complain)] = value_from_xml(
            shape.value, value, path + "{}", complain
        )
    return answer


def member_element_name(member, name):
    """The element that holds a member; a flattened list's is named by its items."""
    if member.type_name == "list" and member.serialization.get("flattened"):
        return wire_name(member.member, wire_name(member, name))
    return wire_name(member, name)


def structure_from_xml(shape, element, path, complain, also_allowed=()):
    """The members of an element that the model knows; `also_allowed` are children that belong to the protocol."""
    refuse_text(element, path, complain)
    children = {}
    for child in element:
        children.setdefault(local_name(child.tag), []).append(child)
    known = {}
    for name, member in shape.members.items():
        if member.serialization.get("location") in HEADER_LOCATIONS:
            continue
        if member.serialization.get("xmlAttribute"):
            attribute = element.get(wire_name(member, name).replace("xsi:", XSI))
            if attribute is not None:
                known[name] = value_from_text(member, attribute, "iso8601", f"{path}.{name}", complain)
            continue
        found = children.pop(member_element_name(member, name), None)
        if found is not None:
            known[name] = member_from_xml(member, found, f"{path}.{name}", complain)
    for name, unknown in children.items():
        if name not in also_allowed:
            complain(f"{path}.<{name}>", "the model has no such element", unknown[0].text)
    return known


def member_from_xml(member, elements, path, complain):
    """The value of a member that stands in one element, or in several when it is flattened."""
    if member.serialization.get("flattened"):
        read = list_from_xml if member.type_name == "list" else map_from_xml
        return read(member, elements, path, complain)
    if len(elements) > 1:
        complain(path, "an element that occurs more than once", len(elements))
    return value_from_xml(member, elements[0], path, complain)


def check_shape(shape, value, path, complain, is_input):
    """Required members, enums and unions; for inputs also lengths, ranges and patterns, which AWS's own answers do not
    always keep."""
    kind = shape.type_name
    if value is None:
        return
    if kind == "structure" and not shape.is_document_type:
        for name in shape.required_members:
            if name not in value:
                complain(f"{path}.{name}", "required, but missing", "")
        if shape.is_tagged_union and len(value) != 1:
            complain(path, "a union holds exactly one member", sorted(value))
        for name, item in value.items():
            check_shape(shape.members[name], item, f"{path}.{name}", complain, is_input)
    elif kind == "list":
        for item in value:
            check_shape(shape.member, item, path + "[]", complain, is_input)
    elif kind == "map":
        for key, item in value.items():
            check_shape(shape.key, key, path + "{key}", complain, is_input)
            check_shape(shape.value, item, path + "{}", complain, is_input)
    elif (
        kind == "string"
        and shape.enum
        and value not in shape.enum
        and (is_input or value not in ENUM_VALUES.get(shape.name, ()))
    ):
        complain(path, "not a value of the model's enum", value)
    if is_input:
        check_limits(shape, value, path, complain)


def check_limits(shape, value, path, complain):
    """Lengths, ranges and patterns of one value."""
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in ("string", "list", "map", "blob"):
        what, size = "length", len(value)
    elif shape.type_name in ("integer", "long", "float", "double"):
        what, size = "value", value
    else:
        return
    if lowest is not None and size < lowest or highest is not None and size > highest:
        complain(path, f"its {what} is not within {lowest}..{highest}", value)
    pattern = shape.metadata.get("pattern")
    if pattern and shape.type_name == "string" and not compiled(pattern).fullmatch(value):
        complain(path, f"does not match {pattern}", value)


@functools.cache
def compiled(pattern):
    """A pattern of the models, which are Java's: Unicode categories and surrogates are spelled out for Python."""
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", "\U00010000-\U0010FFFF")
    return re.compile(re.sub(r"\\p\{(\w+)\}", lambda found: category(found[1]), pattern), re.ASCII)


@functools.cache
def category(name):
    """The characters of a Unicode category as the inside of a character class."""
    if name == "ASCII":
        return r"\x00-\x7f"
    letters = [code for code in range(0x10000) if unicodedata.category(chr(code)).startswith(name.removeprefix("Is"))]
    return "".join(re.escape(chr(code)) for code in letters)
