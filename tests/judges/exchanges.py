"""Recorded exchanges: one JSON object a line, as the shape judge reads them, and a recorder that hooks into boto3's
clients."""

import base64
import json
import re
import threading
import urllib.parse


def encoded_body(body):
    """Text where it is UTF-8, else Base64."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def read_exchanges(lines):
    """The exchanges of a recording: bodies as bytes, names of headers in lower case. A line may also be one of the
    simulator's log of calls, which holds request and response under `exchange`."""
    for line in lines:
        exchange = json.loads(line)
        exchange |= exchange.pop("exchange", {})
        for side in (exchange["request"], exchange["response"]):
            body = side["body"]
            side["body"] = base64.b64decode(body["base64"]) if isinstance(body, dict) else body.encode()
            side["headers"] = {name.lower(): text for name, text in side["headers"].items()}
        yield exchange


class Recorder:
    """Writes every exchange of the sessions or clients that it is attached to."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")
        self.sent = threading.local()

    def attach(self, events):
        """Listens to a client's `meta.events`, or to a session's `events` for all its future clients."""
        events.register("before-send.*.*", self.on_request)
        events.register("response-received.*.*", self.on_response)

    def on_request(self, request, **_):
        """Keeps what is about to be sent."""
        headers = {name: text.decode() if isinstance(text, bytes) else text for name, text in request.headers.items()}
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
            request.body.seek(0)
        url = urllib.parse.urlsplit(request.url)
        headers.setdefault("Host", url.netloc)
        self.sent.request = {
            "method": request.method,
            "target": url.path + (f"?{url.query}" if url.query else ""),
            "headers": headers,
            "body": encoded_body(body.encode() if isinstance(body, str) else body),
        }

    def on_response(self, response_dict, event_name, **_):
        """Writes the pair; an answer that the caller streams is not read, and lost ones are no exchange."""
        if response_dict is None:
            return
        request = self.sent.request
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", request["headers"].get("Authorization", ""))
        body = response_dict["body"]
        exchange = {
            "service": scope[1] if scope else "",
            "action": event_name.rpartition(".")[2],
            "request": request,
            "response": {
                "status": response_dict["status_code"],
                "headers": dict(response_dict["headers"]),
                "body": encoded_body(body if isinstance(body, bytes) else b""),
            },
        }
        self.file.write(json.dumps(exchange) + "\n")
        self.file.flush()
