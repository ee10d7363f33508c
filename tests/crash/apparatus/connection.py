"""An HTTP/1.1 client that knows exactly how far an exchange came."""

import json
import socket

# Longer than any time-out of the server: what takes longer is a fault.
PATIENCE = 60


class NoAnswer(Exception):
    """The exchange ended without a whole answer."""


class Refused(NoAnswer):
    """There was no connection: nothing was sent."""


class Unanswered(NoAnswer):
    """The connection ended before the first byte of an answer."""

    def __init__(self, what, fresh):
        super().__init__(what)
        self.fresh = fresh


class Cut(NoAnswer):
    """An answer began and broke off."""


class Answer:
    """An answer, read whole."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def closes(self):
        return self.headers.get("connection", "").lower() == "close"

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


class Request:
    """What is asked; `headers` is a list of pairs."""

    def __init__(self, method, path, headers=(), body=None):
        self.method = method
        self.path = path
        self.headers = list(headers)
        self.body = body

    def bytes(self):
        lines = [f"{self.method} {self.path} HTTP/1.1", "host: muster"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body is not None:
            lines.append(f"content-length: {len(self.body)}")
        head = "\r\n".join(lines) + "\r\n\r\n"
        return head.encode() + (self.body or b"")


class Connection:
    """A connection that is made when it is needed, and kept as long as the server keeps it."""

    def __init__(self, address):
        self.address = address
        self.socket = None
        self.asked = 0
        self.buffer = b""

    def open(self):
        """Connects; nothing is sent."""
        try:
            self.socket = socket.create_connection(self.address, timeout=PATIENCE)
        except (ConnectionError, socket.timeout) as cause:
            raise Refused(str(cause)) from cause
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked = 0
        self.buffer = b""

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def ask(self, request):
        """Sends a request and reads its answer."""
        if self.socket is None:
            self.open()
        self.asked += 1
        failure = None
        try:
            self.socket.sendall(request.bytes())
        except ConnectionError as cause:
            # The server may have answered and closed before it had read everything.
            failure = cause
        return self.answer(failure)

    def answer(self, failure=None):
        """Reads the answer to what was sent."""
        try:
            answer = self._read()
        except NoAnswer:
            self.close()
            raise
        if answer.closes:
            self.close()
        elif failure is not None:
            self.close()
        return answer

    def _more(self):
        """More bytes; none when the connection has ended."""
        try:
            read = self.socket.recv(65_536)
        except ConnectionError:
            return False
        self.buffer += read
        return bool(read)

    def _read(self):
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                if self.buffer:
                    raise Cut(f"the head broke off: {self.buffer!r}")
                raise Unanswered("no answer", fresh=self.asked <= 1)
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        status, headers = _read_head(head)
        length = 0 if status == 204 else int(headers.get("content-length", "-1"))
        if length < 0:
            raise Cut(f"an answer without its length: {head!r}")
        while len(self.buffer) < length:
            if not self._more():
                raise Cut(f"the body broke off: {head!r}")
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Answer(status, headers, body)


def _read_head(head):
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(lines[0].split(" ")[1]), headers
