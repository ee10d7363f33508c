"""A receiver of webhooks: it keeps what it is sent, and is not always well."""

import base64
import hmac
import http.server
import json
import random
import socket
import threading
import time

# How it may treat an event that it sees for the first time, and of a hundred, how many; the first
# ones are each of these. All that comes again is taken: the second delay of the schedule is five
# minutes.
WHIMS = (("refused", 5), ("hung up", 5), ("slow", 10))
# Seconds until a slow answer: far within the server's patience, long enough to be cut by a kill.
SLOW = 0.4


class Receipt:
    """A message that arrived whole, and how it was treated."""

    def __init__(self, headers, body, secret):
        self.at = time.time()
        self.id = headers.get("webhook-id", "")
        self.timestamp = int(headers.get("webhook-timestamp", "0"))
        self.signed = _is_signed(headers, body, secret)
        self.body = json.loads(body)
        self.treated = "taken"

    @property
    def event(self):
        return self.body["data"]


def _is_signed(headers, body, secret):
    """By Standard Webhooks: any one of the signatures is enough."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return expected in headers.get("webhook-signature", "").split(" ")


class Receiver:
    """Used with `with`. `secret` must be told before the first message."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.secret = None
        self.receipts = []
        self.known = set()
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.receiver = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/events"

    def take(self, headers, body):
        """Keeps a message: how it is to be treated."""
        receipt = Receipt(headers, body, self.secret)
        with self.lock:
            if receipt.event["id"] not in self.known:
                receipt.treated = self._whim(len(self.known))
                self.known.add(receipt.event["id"])
            self.receipts.append(receipt)
        return receipt.treated

    def _whim(self, number):
        if number < len(WHIMS):
            return WHIMS[number][0]
        draw = self.random.randrange(100)
        for whim, share in WHIMS:
            draw -= share
            if draw < 0:
                return whim
        return "taken"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Silent:
    """An endpoint that takes connections and never answers. Used with `with`."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"

    def was_tried(self):
        """Whether anybody connected."""
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        """A sender that is killed leaves its connections broken."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers["content-length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        treated = self.server.receiver.take(self.headers, body)
        if treated == "hung up":
            self.close_connection = True
            return
        if treated == "slow":
            time.sleep(SLOW)
        self.send_response(500 if treated == "refused" else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass
