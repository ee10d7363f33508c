"""SIGTERM under load: what was accepted is answered whole, and the server ends well and in time."""

import threading
import time

from apparatus.connection import Connection, Cut, Refused, Unanswered
from apparatus.dialects import DIALECTS, creation
from apparatus.site import ENGINES, Site
from apparatus.verdict import expect

# Clients that keep their connection, that make one for each request, and that send half a
# request before the signal and the rest of it after.
KEEPING, FRESH, SLOW = 8, 4, 4
# Seconds: what running requests are given, and the process after them.
IN_TIME = 30 + 5


def rig(run):
    for engine in ENGINES:
        yield _on(run, engine)


def _on(run, engine):
    stops, done = run.of(short=3, long=50), 0
    answered, last, unaccepted, slowest = 0, 0, 0, 0
    with Site(run, engine) as site:
        while done < stops and not (done >= 3 and run.out_of_time()):
            clients, seconds = _one_stop(run, site, done)
            _expect_nothing_half_done(site, clients)
            answered += sum(len(each.made) for each in clients)
            last += sum(each.after for each in clients)
            unaccepted += sum(len(each.unaccepted) for each in clients)
            slowest = max(slowest, seconds)
            done += 1
    return (
        f"drain, {engine}: {done} times SIGTERM, {answered} requests answered whole, {last} of "
        f"them after the signal, 0 cut; {unaccepted} met a closed connection and did nothing; "
        f"ended with status 0 within {slowest:.2f} s"
    )


def _one_stop(run, site, number):
    """The clients of one run of the server, and the seconds it took to end."""
    muster = site.muster
    muster.start()
    kinds = [Keeping] * KEEPING + [Fresh] * FRESH + [Slow] * SLOW
    signal = threading.Event()
    clients = [kind(muster, f"t{number}.{n}", signal) for n, kind in enumerate(kinds)]
    threads = [threading.Thread(target=each.guarded, daemon=True) for each in clients]
    for thread in threads:
        thread.start()
    for each in clients:
        expect(each.under_way.wait(timeout=30), f"{each.failure or 'a client does not come on'}")
    time.sleep(run.random.uniform(0.1, 0.5))
    begun = time.monotonic()
    muster.tell_to_stop()
    signal.set()
    muster.stopped(within=IN_TIME)
    seconds = time.monotonic() - begun
    for thread in threads:
        thread.join()
    for each in clients:
        early = [email for email, sent in each.unaccepted if sent < begun]
        expect(not early, f"sent before the signal and CUT: {early[:5]}")
    failures = [each.failure for each in clients if each.failure]
    expect(not failures, "; ".join(failures))
    return clients, seconds


class Client:
    """Creates users until the server is gone."""

    def __init__(self, muster, name, signal):
        self.muster = muster
        self.name = name
        self.signal = signal
        self.under_way = threading.Event()
        self.connection = Connection(muster.address)
        self.asked = 0
        self.made = []
        self.unaccepted = []
        self.after = 0
        self.failure = None

    def guarded(self):
        try:
            self.work()
        except Exception as cause:  # The main thread tells of it.
            self.failure = f"{self.name}: {type(cause).__name__}: {cause}"
        self.under_way.set()
        self.connection.close()

    def new(self):
        """A creation: its email and request."""
        self.asked += 1
        dialect = DIALECTS[self.asked % len(DIALECTS)]
        email = f"{dialect}.{self.name}.{self.asked}@crash.example"
        return email, creation(self.muster.key, dialect, email)

    def take(self, email, answer):
        expect(answer.status == 201, f"{email}: {answer}")
        self.made.append(email)
        self.after += self.signal.is_set()

    def work(self):
        while True:
            email, request = self.new()
            sent = time.monotonic()
            try:
                self.take(email, self.connection.ask(request))
            except Refused:
                return
            except Unanswered:
                self.unaccepted.append((email, sent))
            except Cut as cause:
                expect(False, f"{email} was CUT: {cause}")
            self.go_on()

    def go_on(self):
        self.under_way.set()


class Keeping(Client):
    """Keeps its connection as long as the server does."""


class Fresh(Client):
    """Makes a connection for each request."""

    def go_on(self):
        super().go_on()
        self.connection.close()


class Slow(Client):
    """Sends half a request, and the rest after the signal: it was accepted, and is answered."""

    def work(self):
        email, request = self.new()
        data = request.bytes()
        self.connection.open()
        self.connection.socket.sendall(data[: len(data) - 10])
        self.go_on()
        expect(self.signal.wait(timeout=60), "no signal")
        time.sleep(0.2)
        self.connection.socket.sendall(data[len(data) - 10 :])
        self.take(email, self.connection.answer())


def _expect_nothing_half_done(site, clients):
    """Every 201 is there; who was not answered was not made."""
    site.muster.start()
    shown = {user["email"] for user in site.muster.everyone()}
    site.muster.kill()
    site.settle()
    for each in clients:
        lost = [email for email in each.made if email not in shown]
        expect(not lost, f"acknowledged and not there: {lost[:5]}")
        done = [email for email, _ in each.unaccepted if email in shown]
        expect(not done, f"made, and the answer was CUT: {done[:5]}")
    site.expect_whole()
