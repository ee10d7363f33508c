"""Five hundred logins at once, of clients that hang up: memory stays bounded, and others go on."""

import json
import threading
import time

from apparatus.connection import NoAnswer, Request
from apparatus.site import Site
from apparatus.verdict import expect

AT_ONCE = 500
ROUNDS_SHORT, ROUNDS_LONG = 2, 20
# One hashing takes 19 MiB, and there are as many at once as cores: far more would be one a login.
MOST_GROWTH = 200 << 20
# Other calls in the meantime, and what the slowest may take, in seconds.
SLOWEST = 2.0
PASSWORD = "tide plank ferry orbit"


def rig(run):
    rounds = run.of(short=ROUNDS_SHORT, long=ROUNDS_LONG)
    with Site(run, "sqlite", options=("--trusted-proxy", "127.0.0.1/32")) as site:
        muster = site.muster
        muster.start()
        body = {"email": "ada@crash.example", "password": PASSWORD}
        made = muster.connection().ask(muster.key.request("native", "POST", "/v1/users", body))
        expect(made.status == 201, f"{made}")
        user = made.json()["id"]
        before = muster.memory()
        with Others(muster, user) as others:
            for number in range(rounds):
                _all_at_once(muster, number, hang_up=True)
                _all_at_once(muster, number, hang_up=False)
                # What clients left behind is hashed to its end, and no more of it waits.
                time.sleep(1)
        grown = others.most - before
        expect(not others.failures, f"other calls failed: {others.failures[:3]}")
        expect(others.slowest < SLOWEST, f"another call took {others.slowest:.2f} s")
        expect(grown < MOST_GROWTH, f"memory grew by {grown >> 20} MiB")
        answer = _login(muster.connection(), 0, PASSWORD)
        expect(answer.status == 201, f"a login afterwards: {answer}")
        yield (
            f"logins: {rounds} x 2 x {AT_ONCE} at once, {others.count} other calls, the slowest "
            f"{others.slowest * 1000:.0f} ms; memory {before >> 20} MiB before, "
            f"{others.most >> 20} MiB at most"
        )
        muster.tell_to_stop()
        muster.stopped(within=35)


def _request(number, password):
    # Each from an address of its own, and for an email of its own: nothing slows them down.
    email = "ada@crash.example" if number == 0 else f"nobody.{number}@crash.example"
    body = json.dumps({"email": email, "password": password}).encode()
    address = f"10.1.{number >> 8 & 255}.{number & 255}"
    headers = [("content-type", "application/json"), ("x-forwarded-for", address)]
    return Request("POST", "/v1/sessions", headers, body)


def _login(connection, number, password):
    return connection.ask(_request(number, password))


def _all_at_once(muster, round_number, hang_up):
    """Sends all of them; then hangs up at once, or reads every answer."""
    connections = []
    for number in range(AT_ONCE):
        connection = muster.connection()
        connection.open()
        request = _request(1 + round_number * AT_ONCE + number, PASSWORD)
        connection.socket.sendall(request.bytes())
        connections.append(connection)
    statuses = {}
    for connection in connections:
        if not hang_up:
            try:
                answer = connection.answer()
            except NoAnswer as cause:
                expect(False, f"no answer: {cause}")
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
        connection.close()
    # Refused for being wrong, or for being too many; never a fault, and never all unheard.
    expect(set(statuses) <= {401, 503}, f"answers: {statuses}")
    expect(hang_up or statuses.get(401, 0) > 0, f"none was looked at: {statuses}")


class Others:
    """Somebody who reads a user over and over, and how much memory the server has meanwhile."""

    def __init__(self, muster, user):
        self.muster = muster
        self.request = muster.key.request("native", "GET", f"/v1/users/{user}")
        self.failures = []
        self.slowest = 0.0
        self.count = 0
        self.most = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._go_on)

    def _go_on(self):
        connection = self.muster.connection()
        while not self.over.wait(0.02):
            begun = time.perf_counter()
            try:
                answer = connection.ask(self.request)
                if answer.status != 200:
                    self.failures.append(repr(answer))
            except NoAnswer as cause:
                self.failures.append(repr(cause))
            self.slowest = max(self.slowest, time.perf_counter() - begun)
            self.most = max(self.most, self.muster.memory())
            self.count += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
