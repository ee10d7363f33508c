"""Logins, resets and sign-ups that cannot be told apart: whoever's the email is and whatever is wrong, the
answer takes as long and says the same."""

import json
import math
import time
from itertools import combinations
from urllib.parse import urlencode

from apparatus.connection import Request
from apparatus.site import Site
from apparatus.verdict import expect

# Logins, resets, or sign-ups, of each class.
SHORT, LONG = 100, 2_000
PASSWORD = "tide plank ferry orbit"
FORM = "/forms/crash"
# Links go out to nobody who would take them: what is timed is the answer to who asks.
OPTIONS = (
    *("--trusted-proxy", "127.0.0.1/32"),
    *("--base-url", "http://127.0.0.1"),
    *("--smtp-url", "smtp://127.0.0.1:9"),
    *("--mail-from", "muster@crash.example"),
)
# The chance that a run in which nothing differs is called different, over all its pairs.
FALSE_ALARM = 0.001
# Failures a minute that a pair of user and address may have, and after which it is locked.
ALLOWED = 10
# Logins of a locked pair before the minute is over.
BEFORE_UNLOCKED = 200
# Ranks alone would call a microsecond different, if it were steady enough.
LEAST_SHARE = 0.02


def rig(run):
    count = run.of(short=SHORT, long=LONG)
    with Site(run, "sqlite", options=OPTIONS) as site:
        muster = site.muster
        muster.start()
        logins = Logins(run, muster)
        logins.make_users()
        yield _judged("refused", logins.refused(count))
        yield _judged("slowed down", logins.slowed_down(count))
        yield _judged("resets", logins.resets(count))
        yield _judged("sign-ups", logins.sign_ups(count))
        muster.tell_to_stop()
        muster.stopped(within=35)


class Logins:
    """Logins, resets and sign-ups of each class over one connection, each from an address of its own."""

    def __init__(self, run, muster):
        self.random = run.random
        self.muster = muster
        self.connection = muster.connection()
        self.addresses = 0

    def make_users(self):
        """One user for each class that has one."""
        users = {
            "wrong": {"password": PASSWORD},
            "suspended": {"password": PASSWORD, "suspended_at": "2026-01-01T00:00:00Z"},
            "without": {},
            "locked": {"password": PASSWORD},
        }
        for name, fields in users.items():
            body = {"email": f"{name}@crash.example", **fields}
            answer = self._native("POST", "/v1/users", body)
            expect(answer.status == 201, f"{name}: {answer}")
        body = {"email": "due@crash.example", "password": PASSWORD}
        number = self._native("POST", "/v1/users", body).json()["id"]
        answer = self._native("POST", f"/v1/users/{number}/password", {"new_password": PASSWORD + "!"})
        expect(answer.status == 204, f"due: {answer}")

    def _native(self, method, path, body):
        return self.connection.ask(self.muster.key.request("native", method, path, body))

    def refused(self, count):
        """Seconds of each class, drawn in turns so that all see the same machine."""
        classes = {
            "unknown": ("nobody@crash.example", PASSWORD),
            "wrong": ("wrong@crash.example", "another one"),
            "empty": ("wrong@crash.example", ""),
            "suspended": ("suspended@crash.example", PASSWORD),
            "without a password": ("without@crash.example", PASSWORD),
            "to be changed": ("due@crash.example", PASSWORD),
        }
        return self._drawn(self._login, classes, count, 401)

    def slowed_down(self, count):
        """The same for a user and for nobody whose failures are too many."""
        classes = {
            "locked": ("locked@crash.example", PASSWORD),
            "locked unknown": ("nobody@crash.example", PASSWORD),
        }
        seconds = {name: [] for name in classes}
        while len(seconds["locked"]) < count:
            address = self._another_address()
            for email, _ in classes.values():
                for _ in range(ALLOWED):
                    self._login(email, "wrong", address)
            part = min(BEFORE_UNLOCKED, count - len(seconds["locked"]))
            drawn = self._drawn(self._login, classes, part, 429, lambda: address)
            for name, found in drawn.items():
                seconds[name] += found
        return seconds

    def resets(self, count):
        """Seconds of asking for a link: for a user's address, and for nobody's."""
        classes = {
            "known": ("wrong@crash.example",),
            "suspended": ("suspended@crash.example",),
            "unknown": ("nobody@crash.example",),
        }
        return self._drawn(self._reset, classes, count, 202)

    def sign_ups(self, count):
        """Seconds of signing up by a public form: with a user's address, and with nobody's."""
        fields = {"name": "crash", "resource": "User", "public": True, "configuration": {"email": {}}}
        answer = self._native("POST", "/v1/forms", fields)
        expect(answer.status == 201, f"form: {answer}")
        page = self.connection.ask(Request("GET", FORM))
        expect(page.status == 200, f"page: {page}")
        _, rest = page.body.decode().split('name="form_token" value="')
        self.page = (rest.split('"')[0], page.headers["set-cookie"].split(";")[0])
        classes = {
            "known": ("wrong@crash.example",),
            "suspended": ("suspended@crash.example",),
            # Who signs up is known from then on.
            "unknown": ("nobody.{}@crash.example",),
        }
        return self._drawn(self._sign_up, classes, count, 200)

    def _drawn(self, ask, classes, count, status, address=None):
        """The seconds of each class, whose answers are all of this status and alike."""
        address = address or self._another_address
        seconds = {name: [] for name in classes}
        said = set()
        for _ in range(count):
            names = list(classes)
            self.random.shuffle(names)
            for name in names:
                answer, taken = ask(*classes[name], address())
                expect(answer.status == status, f"{name}: {answer}")
                seconds[name].append(taken)
                told = answer.body.decode()
                if told.startswith("{"):
                    told = {**answer.json(), "request_id": None}
                unlike = ("x-request-id", "date", "retry-after")
                heads = {k: v for k, v in answer.headers.items() if k not in unlike}
                said.add(json.dumps([told, heads], sort_keys=True))
        expect(len(said) == 1, f"{len(said)} answers differ: {sorted(said)}")
        return seconds

    def _another_address(self):
        self.addresses += 1
        number = self.addresses
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def _login(self, email, password, address):
        body = {"email": email, "password": password}
        return self._timed("/v1/sessions", _json(body), address)

    def _reset(self, email, address):
        return self._timed("/v1/password-resets", _json({"email": email}), address)

    def _sign_up(self, email, address):
        token, cookie = self.page
        fields = {"email": email.format(self.addresses), "form_token": token}
        form = ("application/x-www-form-urlencoded", urlencode(fields).encode())
        return self._timed(FORM, form, address, [("cookie", cookie)])

    def _timed(self, path, content, address, more=()):
        kind, body = content
        headers = [("content-type", kind), ("x-forwarded-for", address), *more]
        request = Request("POST", path, headers, body)
        begun = time.perf_counter()
        answer = self.connection.ask(request)
        return answer, time.perf_counter() - begun


def _json(fields):
    return "application/json", json.dumps(fields).encode()


def _judged(what, seconds):
    """No class is told from another by a rank test."""
    pairs = list(combinations(seconds, 2))
    # Two-sided, and shared out over the pairs.
    bound = _quantile(1 - FALSE_ALARM / 2 / len(pairs))
    worst, told = 0.0, ""
    for one, other in pairs:
        score, share = rank_test(seconds[one], seconds[other])
        if abs(score) >= worst:
            worst, told = abs(score), f"{one} and {other}"
        differs = abs(score) > bound and abs(share - 0.5) > LEAST_SHARE
        expect(not differs, f"{one} and {other} differ: z {score:.1f}, {share:.3f} of pairs")
    medians = ", ".join(f"{name} {_median(found) * 1000:.2f}" for name, found in seconds.items())
    count = len(next(iter(seconds.values())))
    return (
        f"times, {what}: {count} of each of {len(seconds)} classes, z {worst:.1f} at most "
        f"({told}; {bound:.1f} would tell), medians in ms: {medians}"
    )


def rank_test(one, other):
    """Mann and Whitney's: the score under the normal approximation, and in which share of pairs
    the second is the greater."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        middle = (at + 1 + end) / 2
        ranks += middle * sum(1 for _, which in ranked[at:end] if which)
        at = end
    n, m = len(one), len(other)
    above = ranks - m * (m + 1) / 2
    deviation = math.sqrt(n * m * (n + m + 1) / 12)
    return (above - n * m / 2) / deviation, above / (n * m)


def _quantile(share):
    """The normal distribution's, by halving."""
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        if (1 + math.erf(middle / math.sqrt(2))) / 2 < share:
            low = middle
        else:
            high = middle
    return low


def _median(values):
    return sorted(values)[len(values) // 2]
