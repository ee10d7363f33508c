"""A server under measure. The limits, Muster and every peer are one of these."""

import os
import shutil
from pathlib import Path

from . import load, process
from .load import Load

# A server starts again from a fresh copy once creations made this many times its size of rows.
MOST_GROWTH = 0.2


class Server:
    """One program over a database of one size, `size` 0 where there is none.

    A peer has a `name`, its `calls` by operation, the `health` path that answers 200 when it
    serves, `prepare`, `copy` and `command`; see peers/pocketbase.
    """

    name = ""
    # What its calls are found by: `muster`, `limit`, `static`, or a peer's own name.
    kind = ""
    health = "/"
    # Sizes above are not measured; nor, unless sizes are asked for, are those above the usual.
    most_users = 10_000_000
    usual_users = 1_000_000
    # Above this size, only operations that are `large` are measured.
    all_up_to = 100_000
    calls = {}

    def __init__(self, rig, size):
        self.rig = rig
        self.size = size
        self.place = Path(rig.place, f"{self.name}-{size}")
        self.place.mkdir()
        self.process = None
        self.port = None
        self.variables = {}
        self.lists = {}
        self.grown = 0

    # What a server has of its own.

    def prepare(self):
        """Makes what `copy` copies; runs once, before the first start."""

    def copy(self):
        """Puts a fresh database of its size in its place; the server does not run."""

    def command(self, port):
        """The command that serves on a port, and what it needs in the environment."""
        raise NotImplementedError

    def processes(self):
        """The processes whose work is its own."""
        return [self.process.pid]

    # What all servers share.

    def call(self, operation):
        """How it does an operation, if it does."""
        call = operation.calls.get(self.kind) or self.calls.get(operation.name)
        if call is None or self.size < call.least_size:
            return None
        return call if self.size <= self.all_up_to or operation.large else None

    def start(self):
        """Serves on a free port; another may take it first, then the next is tried."""
        for left in reversed(range(5)):
            self.port = process.free_port()
            command, environment = self.command(self.port)
            self.process = process.Process(command, self.place / "log", environment, self.place)
            try:
                return self.process.wait_until_ready(self.port, self.health)
            except process.Broken:
                self.process.stop()
                if not left or "ddress already in use" not in self.process.log_end():
                    raise

    def stop(self):
        """Ends it."""
        if self.process:
            self.process.stop()
            self.process = None

    def fresh(self):
        """Serves a fresh copy."""
        self.stop()
        self.copy()
        # What the copy left to be written would disturb those who wait for the disk.
        os.sync()
        self.start()
        self.grown = 0

    def ready(self, operation):
        """Readies it for an operation that adds rows."""
        if operation.grows and self.size and self.grown > MOST_GROWTH * self.size:
            self.fresh()

    def check(self, operation):
        """One request, whose answer is looked at."""
        Load(self.call(operation), self, self.place).check()

    def measure(self, operation, concurrency, seconds):
        """One run; answers its figures. `failed` says why it is no figure."""
        self.ready(operation)
        watch = load.Watch(self.processes())
        call = self.call(operation)
        sent = Load(call, self, self.place)
        send = sent.run_and_drain if call.slow else sent.run
        counted = send(concurrency, seconds * call.stretch)
        sample = {
            "rate": round(counted["requests"] / counted["seconds"], 1),
            "p50_ms": counted["p50_ms"],
            "p99_ms": counted["p99_ms"],
            "bytes": round(counted["bytes"] / max(1, counted["requests"])),
            "others": watch.others(),
        }
        faults = {name: counted[name] for name in ("refused", "broken", "late") if counted[name]}
        if faults or not counted["requests"]:
            sample["failed"] = f"{faults or 'no answer'}; {self.process.log_end()[-300:]}"
        if operation.grows:
            self.grown += counted["requests"]
        self.process.cut_log()
        return sample

    def memory(self):
        """Its memory now, in MiB."""
        return process.memory_mib(self.processes())


def copy_files(source, target):
    """Copies a directory's files over another's."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
