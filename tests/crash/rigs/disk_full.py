"""A full disk: writes answer 503 in each dialect's own shape, reads go on, and room is enough."""

import time

from apparatus.connection import Connection
from apparatus.dialects import DIALECTS, creation, is_unavailable, reading
from apparatus.site import Site
from apparatus.small_disk import SmallDisk
from apparatus.verdict import expect

# More than the log may grow to before it is brought into the file (32 MiB), and the file.
DISK_MIB = 64
# Requests after which the disk must have been met as full, or as free again.
PATIENCE = 2_000


def rig(run):
    rounds = run.of(short=2, long=20)
    folder = run.new_folder()
    with SmallDisk(folder, DISK_MIB) as disk, Site(run, "sqlite", folder) as site:
        yield _on(run, site, disk, rounds)


def _on(run, site, disk, rounds):
    muster = site.muster
    muster.start()
    writer = Writer(muster)
    for _ in range(20):
        writer.create()
    refused, recovered = 0, []
    for _ in range(rounds):
        disk.fill()
        refused += writer.until_full()
        _expect_reads(writer)
        disk.make_room()
        recovered.append(writer.until_free())
        _expect_reads(writer)
        for _ in range(20):
            writer.create()
    users = {user["email"] for user in muster.everyone()}
    expect(users == set(writer.made), "users and acknowledged creations differ")
    site.expect_whole()
    muster.tell_to_stop()
    muster.stopped(within=35)
    return (
        f"disk full: {rounds} times, {refused} writes answered 503 in the shapes of "
        f"{len(DIALECTS)} APIs, reads went on, {len(writer.made)} creations acknowledged and "
        f"there, writes back after {max(recovered) * 1000:.0f} ms at most, without a restart"
    )


class Writer:
    """Creates users, and knows which were acknowledged."""

    def __init__(self, muster):
        self.muster = muster
        self.connection = Connection(muster.address)
        self.asked = 0
        self.made = []

    def attempt(self, dialect):
        """A creation: whether it was acknowledged; anything but 201 and 503 is a fault."""
        self.asked += 1
        email = f"{dialect}.d.{self.asked}@crash.example"
        answer = self.connection.ask(creation(self.muster.key, dialect, email))
        if answer.status == 201:
            self.made.append(email)
            return True
        expect(is_unavailable(dialect, answer), f"{dialect} on a full disk: {answer}")
        return False

    def create(self):
        expect(self.attempt(DIALECTS[self.asked % len(DIALECTS)]), "503 while there is room")

    def until_full(self):
        """Writes until every dialect has answered 503 in a row: how many did in all."""
        refused, in_a_row = 0, 0
        for _ in range(PATIENCE):
            if self.attempt(DIALECTS[self.asked % len(DIALECTS)]):
                in_a_row = 0
            else:
                refused += 1
                in_a_row += 1
            if in_a_row == 2 * len(DIALECTS):
                return refused + self._changes_refused()
        expect(False, f"{PATIENCE} writes, and the disk is not full")

    def _changes_refused(self):
        """A change, a deletion and a new token are refused as a creation is, or done whole: what
        the server does by itself may have made room in the log by then."""
        key, users = self.muster.key, self.muster.everyone()
        path = f"/v1/users/{users[0]['id']}"
        body = {"api_key": key.id, "secret_key": key.secret}
        requests = [
            ("native", key.request("native", "PATCH", path, {"first_name": "Grace"})),
            ("native", key.request("native", "DELETE", path)),
            ("wonolo", key.request("wonolo", "POST", "/api_v2/authorize", body)),
        ]
        refused = 0
        for dialect, request in requests:
            answer = self.connection.ask(request)
            if answer.status in (200, 204):
                if answer.status == 204:
                    self.made.remove(users[0]["email"])
                continue
            expect(is_unavailable(dialect, answer), f"{request.path} on a full disk: {answer}")
            refused += 1
        return refused

    def until_free(self):
        """Writes until each dialect was acknowledged: seconds until the last was."""
        begun = time.monotonic()
        for dialect in DIALECTS:
            for _ in range(PATIENCE):
                if self.attempt(dialect):
                    break
            else:
                expect(False, f"{PATIENCE} writes by {dialect} fail although there is room")
        return time.monotonic() - begun


def _expect_reads(writer):
    """Reads by id through each API, a list, and health."""
    muster = writer.muster
    users = muster.everyone()
    expect(len(users) == len(writer.made), f"{len(users)} shown, {len(writer.made)} made")
    for dialect in DIALECTS:
        answer = writer.connection.ask(reading(muster.key, dialect, users[-1]))
        expect(answer.status == 200, f"{dialect} cannot read on a full disk: {answer}")
    health = muster.key.request("native", "GET", "/health/live")
    expect(writer.connection.ask(health).status == 200, "not alive")
