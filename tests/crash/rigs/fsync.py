"""Acknowledged is synced: the system calls of a server, in their order, as strace sees them."""

import ast
import contextlib
import os
import re
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor

from apparatus.connection import Connection
from apparatus.dialects import DIALECTS, creation
from apparatus.site import Site
from apparatus.verdict import Broken, LeftOut, expect

SEQUENTIAL = 40
CLIENTS, OF_EACH = 8, 5
CALLS = "pwrite64,fdatasync,fsync,write,writev,sendto"
LINE = re.compile(rb"^(\d+) +(\w+)\((\d+)<([^>]*)>(.*)$")
UNFINISHED = b"<unfinished ...>"
RESUMED = re.compile(rb"^(\d+) +<\.\.\. (\w+) resumed>")
TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"')


def rig(run):
    strace = shutil.which("strace")
    if strace is None:
        raise LeftOut("strace is not installed (apt-get install strace)")
    yield _sequential(run, strace)
    yield _concurrent(run, strace)


def _sequential(run, strace):
    told = _creations(run, strace, clients=1, of_each=SEQUENTIAL)
    expect(told["syncs"] >= SEQUENTIAL, f"{told['syncs']} syncs for {SEQUENTIAL} creations")
    return _figures(1, SEQUENTIAL, told)


def _concurrent(run, strace):
    told = _creations(run, strace, CLIENTS, OF_EACH)
    return _figures(CLIENTS, CLIENTS * OF_EACH, told)


def _figures(clients, creations, told):
    return (
        f"fsync, {clients} at once: {creations} creations, {told['commits']} commits, "
        f"{told['syncs']} syncs of the log, each answer after its own"
    )


def _creations(run, strace, clients, of_each):
    """What the trace of a server tells that these clients created users on."""
    def names(client):
        return [f"{DIALECTS[n % len(DIALECTS)]}.c{client}.{n}" for n in range(of_each)]

    def work(address):
        key = site.muster.key
        with ThreadPoolExecutor(clients) as pool:
            for done in [pool.submit(_create, key, address, names(n)) for n in range(clients)]:
                done.result()

    with Site(run, "sqlite") as site:
        log = _traced(site, strace, work)
    every = [name for client in range(clients) for name in names(client)]
    return _acknowledged_after_sync(log, every)


def _create(key, address, names):
    """Creates users one after another; each answer carries its request's name."""
    connection = Connection(address)
    for name in names:
        request = creation(key, name.split(".")[0], f"{name}@crash.example")
        request.headers.append(("x-request-id", name))
        answer = connection.ask(request)
        expect(answer.status == 201, f"{name}: {answer}")
    connection.close()


def _traced(site, strace, work):
    """The trace of a server while `work` is done at its address, and until its end."""
    log = os.path.join(site.folder, "trace")
    muster = site.muster
    muster.start([strace, "-f", "-y", "-s", "5000", "-e", f"trace={CALLS}", "-o", log])
    child = _child(muster.process.pid)
    try:
        work(muster.address)
        os.kill(child, signal.SIGTERM)
        muster.stopped(within=60)
    except BaseException:
        # It would outlive strace.
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        raise
    with open(log, "rb") as file:
        return file.read().splitlines()


def _child(process):
    with open(f"/proc/{process}/task/{process}/children") as file:
        return int(file.read().split()[0])


class Call:
    """A system call: where in the trace it began and ended."""

    def __init__(self, at, name, file, rest):
        self.name = name
        self.file = file
        self.rest = rest
        self.began = at
        self.ended = at

    def data(self):
        """What it wrote."""
        parts = [text.decode("latin-1") for text in TEXT.findall(self.rest)]
        return b"".join(ast.literal_eval(f'b"{part}"') for part in parts)


def calls_of(lines):
    """The calls of a trace; one that another thread's line interrupts spans several."""
    calls, waiting = [], {}
    for at, line in enumerate(lines):
        started = LINE.match(line)
        if started:
            thread, name, _, file, rest = started.groups()
            call = Call(at, name.decode(), file.decode(errors="replace"), rest)
            calls.append(call)
            if rest.endswith(UNFINISHED):
                waiting[thread] = call
                call.ended = None
            else:
                expect(b") = -1" not in rest, f"a call failed: {line[:300]!r}")
            continue
        resumed = RESUMED.match(line)
        if resumed and resumed.group(1) in waiting:
            expect(b") = -1" not in line, f"a call failed: {line[:300]!r}")
            waiting.pop(resumed.group(1)).ended = at
    return calls


def _acknowledged_after_sync(lines, names):
    """Each 201 was sent after a sync that began after its rows had been written to the log."""
    calls = [call for call in calls_of(lines) if call.ended is not None]
    of_log = [call for call in calls if call.file.endswith("-wal")]
    syncs = [call for call in of_log if call.name in ("fdatasync", "fsync")]
    writes = [(call, call.data()) for call in of_log if call.name == "pwrite64"]
    answers = [call for call in calls if call.file.startswith(("socket:", "TCP"))]
    answers = [(call, call.data()) for call in answers]
    answers = [(call, data) for call, data in answers if data.startswith(b"HTTP/1.1 201 ")]
    expect(len(answers) == len(names), f"{len(answers)} answers for {len(names)} creations")
    commits = [call for call, data in writes if _is_commit(data)]
    expect(commits and len(syncs) >= len(commits), f"{len(syncs)} syncs, {len(commits)} commits")
    for name in names:
        named = f"x-request-id: {name}\r\n".encode()
        answer = next(call for call, data in answers if named in data)
        sync = _first_sync_after(syncs, _written(writes, name))
        expect(sync < answer.began, f"{name} was answered before its sync")
    _expect_sync_between(commits, syncs)
    return {"commits": len(commits), "syncs": len(syncs)}


def _is_commit(data):
    """Whether a write is the head of a frame that ends a commit: 24 bytes, whose second
    number is the size of the database after it (SQLite's file format, section 4.1)."""
    return len(data) == 24 and data[4:8] != b"\0\0\0\0"


def _written(writes, name):
    """Where the first write to the log ended that holds a user."""
    email = f"{name}@crash.example".encode()
    for call, data in writes:
        if email in data:
            return call.ended
    raise Broken(f"{name} was never written to the log")


def _first_sync_after(syncs, at):
    """Where the first sync ended that began after a line."""
    ends = [sync.ended for sync in syncs if sync.began > at]
    expect(ends, f"no sync after line {at}")
    return min(ends)


def _expect_sync_between(commits, syncs):
    """No commit begins before the one before it is synced: a group is one sync."""
    for one, next in zip(commits, commits[1:]):
        between = [s for s in syncs if s.began > one.began and s.ended < next.began]
        expect(between, f"lines {one.began} to {next.began}: two commits without a sync between")
