"""A proxy that is as far away as AWS: passes calls on after a delay, and counts them.

    python3 proxy.py --delay 60 --to http://127.0.0.1:5000 [--service elasticache=http://127.0.0.1:4566]

It listens on 127.0.0.1, on a free port, which is the first line that it prints; it ends when its standard input closes. `GET /_proxy/counts` says
how often each action was called, in the form in which the simulator's `/_simulator/counts` does. The host that the caller named is passed on, so
that the addresses of queues lead back here.
"""

import argparse
import http.client
import json
import re
import sys
import threading
import time
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCOPE = re.compile(r"Credential=[^/]+/\d+/[\w-]+/([\w-]+)/aws4_request")
# Headers that are about one connection and not about the message.
OF_THE_CONNECTION = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
PATIENCE = 120


class Proxy(ThreadingHTTPServer):
    """The counts, and where calls go."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, delay, to, services):
        super().__init__(("127.0.0.1", 0), Passage)
        self.delay = delay
        self.to = to
        self.services = services
        self.counts = {}
        self.counting = threading.Lock()

    def count(self, service, action):
        """One more call."""
        with self.counting:
            self.counts.setdefault(service, Counter())[action] += 1


class Passage(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        """Any method is passed on, but for one path."""
        if self.path == "/_proxy/counts":
            with self.server.counting:
                counts = json.dumps(self.server.counts).encode()
            return self.answer(200, [("Content-Type", "application/json")], counts)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = SCOPE.search(self.headers.get("Authorization", ""))
        service = found[1] if found else "?"
        self.server.count(service, self.action(body))
        time.sleep(self.server.delay)
        return self.answer(*self.ask(self.server.services.get(service, self.server.to), body))

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def action(self, body):
        """What is to be done."""
        target = self.headers.get("X-Amz-Target")
        if target:
            return target.rpartition(".")[2]
        form = urllib.parse.parse_qs(body.decode(errors="replace"))
        return form.get("Action", [f"{self.command} {self.path}"])[0]

    def ask(self, url, body):
        """What the emulator answers: status, headers and body."""
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_THE_CONNECTION}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in OF_THE_CONNECTION]
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def answer(self, status, headers, body):
        """Sends an answer in one piece."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


def main():
    """Serves until nobody wants it any more."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--delay", type=float, required=True, help="milliseconds before a call is passed on")
    parser.add_argument("--to", required=True, help="where calls go")
    parser.add_argument("--service", action="append", default=[], help="NAME=URL of a service that is elsewhere")
    arguments = parser.parse_args()
    proxy = Proxy(arguments.delay / 1000, arguments.to, dict(one.split("=", 1) for one in arguments.service))
    print(f"http://127.0.0.1:{proxy.server_address[1]}", flush=True)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
