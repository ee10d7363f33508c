"""Load on one server, by wrk or, where answers take long, by threads of the rig; and the one
request that is checked before it."""

import itertools
import json
import os
import random
import re
import socket
import string
import threading
import time
from pathlib import Path
from string import Template

from . import process

SCRIPT = Path(__file__).with_name("load.lua")
# Entries of a list that the load generator draws from.
DRAWN = 100_000


def write_list(path, values):
    """Writes a list that requests draw from: all of it, or an even share of a long one."""
    step = max(1, len(values) // DRAWN)
    path.write_text("".join(f"{value}\n" for value in values[::step]))
    return path


class Load:
    """One call, ready to be sent to one server."""

    def __init__(self, call, server, place):
        self.call = call
        self.port = server.port
        self.lists = server.lists
        self.path = Template(call.path).substitute(server.variables)
        self.body = Template(call.body).substitute(server.variables)
        self.headers = [Template(each).substitute(server.variables) for each in call.headers]
        if self.body:
            form = not self.body.startswith("{")
            kind = "application/x-www-form-urlencoded" if form else "application/json"
            self.headers.append(f"content-type: {kind}")
        self._run = "r" + "".join(random.choices(string.ascii_lowercase + string.digits, k=9))
        self._headers_file = place / "headers"
        self._body_file = place / "body"

    def check(self):
        """Sends the request once; raises `Broken` unless the answer is right."""
        call = self.call
        try:
            connection = Connection(self.port)
            status, text = self._send(connection, "0n0", self._lists())
            connection.close()
        except (OSError, ValueError) as cause:
            raise process.Broken(f"{self.path}: {cause}") from cause
        if status != call.status:
            raise process.Broken(f"{self.path}: {status} and not {call.status}: {text[:500]}")
        if call.holds and text.count(call.holds) < call.times:
            raise process.Broken(f"{self.path}: not {call.times} times {call.holds}: {text[:500]}")

    def _lists(self):
        """What placeholders stand for in requests of the rig itself: any of these values."""
        values = {"run": [self._run]}
        for name, file in self.lists.items():
            with open(file, encoding="utf-8") as lines:
                values[name] = lines.read().split()
        return values

    def _send(self, connection, number, lists):
        drawn = {name: random.choice(values) for name, values in lists.items()}
        values = {**drawn, "n": number, "d": f"{random.randrange(100):02}"}

        def fill(text):
            return re.sub(r"<([a-z]+)>", lambda found: values[found[1]], text)

        head = [f"{self.call.method} {fill(self.path)} HTTP/1.1", "host: 127.0.0.1", *self.headers]
        return connection.ask(head, fill(self.body))

    def run(self, concurrency, seconds):
        """Sends it for some seconds over some connections; answers what wrk counted."""
        self._headers_file.write_text("".join(f"{header}\r\n" for header in self.headers))
        self._body_file.write_text(self.body)
        environment = {
            "METHOD": self.call.method,
            "PATH_TEMPLATE": self.path,
            "HEADERS": str(self._headers_file),
            "BODY": str(self._body_file),
            "LISTS": " ".join(f"{name}={file}" for name, file in self.lists.items()),
            "RUN": self._run,
            "SEED": str(random.randrange(1 << 30)),
        }
        command = ["wrk", "-t1", f"-c{concurrency}", f"-d{seconds}s", "--timeout", "20s"]
        command += ["--latency", "-s", SCRIPT, f"http://127.0.0.1:{self.port}"]
        printed = process.run(command, environment, timeout=seconds + 60)
        return json.loads(printed[printed.rindex("{") :])

    def run_and_drain(self, concurrency, seconds):
        """Sends it for some seconds over some connections, and waits for the last answer; the
        time until then is what counts. Answers the same as `run`."""
        latencies, faults = [], {"refused": 0, "broken": 0, "late": 0}
        lists = self._lists()
        started = time.monotonic()

        def send_on(number):
            connection = None
            for count in itertools.count():
                sent = time.monotonic()
                if sent - started >= seconds:
                    return
                try:
                    connection = connection or Connection(self.port)
                    status, _ = self._send(connection, f"{number}n{count}", lists)
                except (OSError, ValueError):
                    faults["broken"] += 1
                    return
                faults["refused"] += status != self.call.status
                latencies.append(time.monotonic() - sent)

        threads = [
            threading.Thread(target=send_on, args=[each], daemon=True)
            for each in range(concurrency)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        passed = time.monotonic() - started
        latencies.sort()
        return {
            "requests": len(latencies),
            "seconds": passed,
            "p50_ms": round(_share(latencies, 0.5) * 1000, 3),
            "p99_ms": round(_share(latencies, 0.99) * 1000, 3),
            "bytes": 0,
            **faults,
        }


class Connection:
    """A kept connection that costs the machine next to nothing: `http.client` takes half a
    millisecond of processor time an answer, which the server would lack."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def ask(self, head, body):
        """Sends a request of these lines; its answer's status and text. `OSError` or
        `ValueError` where no whole one comes."""
        body = body.encode()
        lines = [*head, f"content-length: {len(body)}", "", ""]
        self._socket.sendall("\r\n".join(lines).encode() + body)
        first = self._answers.readline().split()
        if len(first) < 2:
            raise ValueError("no answer")
        status, heads = int(first[1]), {}
        while line := self._answers.readline().strip():
            name, _, value = line.partition(b":")
            heads[name.lower()] = value.strip().lower()
        if heads.get(b"transfer-encoding") == b"chunked":
            return status, b"".join(self._chunks()).decode()
        return status, self._read(int(heads.get(b"content-length", b"none"))).decode()

    def _chunks(self):
        while length := int(self._answers.readline().split(b";")[0], 16):
            yield self._read(length)
            self._answers.readline()
        while self._answers.readline().strip():
            pass

    def _read(self, length):
        found = self._answers.read(length)
        if len(found) != length:
            raise ValueError("half an answer")
        return found

    def close(self):
        """Closes it."""
        self._answers.close()
        self._socket.close()


def _share(ordered, share):
    """The value that this share of the ordered values does not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Watch:
    """What the rest of the machine did meanwhile: the share of all processors that neither the
    server nor the load generator used, 0 to 1; what a hypervisor gave to others counts."""

    def __init__(self, pids):
        self._pids = pids
        self._start = self._now()

    def _now(self):
        own = os.times()
        client = own.user + own.system + own.children_user + own.children_system
        ours = process.processor_seconds(self._pids) + client
        return time.monotonic(), process.machine_seconds(), ours

    def others(self):
        """That share since the start."""
        passed, machine, ours = (b - a for a, b in zip(self._start, self._now()))
        return round(max(0.0, machine - ours) / passed / os.cpu_count(), 3)
