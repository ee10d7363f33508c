"""A PostgreSQL of the rigs' own, durable, that can be killed and started again."""

import glob
import json
import os
import shutil
import signal
import subprocess
import time

from .verdict import Broken, expect

SCRIPT = os.path.join(os.path.dirname(__file__), "..", "..", "..", "scripts", "postgres")


class Cluster:
    """A server in a directory; made by `scripts/postgres`, which is told to forgo durability."""

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        started = subprocess.run([SCRIPT, "start", folder], capture_output=True, text=True)
        expect(started.returncode == 0, f"PostgreSQL: {started.stderr}")
        self.url = started.stdout.strip()
        self.port = self.url.rsplit(":", 1)[1].split("/")[0]
        program = os.readlink(f"/proc/{self.pid()}/exe")
        self.binaries = os.path.dirname(program)
        self.psql = shutil.which("psql") or os.path.join(self.binaries, "psql")
        expect(os.path.exists(self.psql), "psql is needed: apt-get install postgresql-client")
        for setting in ("fsync", "full_page_writes"):
            self.command("postgres", f"ALTER SYSTEM SET {setting} = on")
        self.command("postgres", "SELECT pg_reload_conf()")
        self.databases = 0

    def pid(self):
        with open(os.path.join(self.folder, "data", "postmaster.pid")) as file:
            return int(file.readline())

    def command(self, database, sql):
        """Runs a statement; answers what it prints."""
        done = subprocess.run(
            [self.psql, "-X", "-At", "-v", "ON_ERROR_STOP=1", "-c", sql, self.address(database)],
            capture_output=True, text=True,
        )
        expect(done.returncode == 0, f"{sql}: {done.stderr}")
        return done.stdout.strip()

    def tables(self, database, selects):
        """The rows of several SELECTs by the names of their columns, on one snapshot."""
        parts = [
            f"'{name}', (SELECT coalesce(json_agg(r), '[]') FROM ({select}) r)"
            for name, select in selects.items()
        ]
        return json.loads(self.command(database, f"SELECT json_build_object({', '.join(parts)})"))

    def address(self, database):
        return f"postgres://muster@127.0.0.1:{self.port}/{database}"

    def database(self):
        """A new database: its name."""
        self.databases += 1
        name = f"rig_{self.databases}"
        self.command("postgres", f"CREATE DATABASE {name}")
        for setting, value in (("fsync", "on"), ("synchronous_commit", "on")):
            shown = self.command(name, f"SHOW {setting}")
            expect(shown == value, f"{setting} is {shown}")
        return name

    def wait_for_no_client(self):
        """Until what a killed client had sent is done with: a COMMIT may still be under way."""
        busy = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'muster'"
        limit = time.monotonic() + 30
        while self.command("postgres", busy) != "0":
            expect(time.monotonic() < limit, "PostgreSQL does not let go of a client that is dead")
            time.sleep(0.02)

    def kill(self):
        """SIGKILL to the server and every process of it."""
        father = self.pid()
        # Held still first, so that none has time to notice that another has died.
        _send(father, signal.SIGSTOP)
        processes = [father, *_children(father)]
        for each in processes:
            _send(each, signal.SIGSTOP)
        for each in processes:
            _send(each, signal.SIGKILL)
        limit = time.monotonic() + 30
        while any(_runs(each) for each in processes):
            expect(time.monotonic() < limit, "PostgreSQL does not die")
            time.sleep(0.01)
        # Its number stays taken while nobody has asked for its status; all of it is dead.
        os.remove(os.path.join(self.folder, "data", "postmaster.pid"))

    def start_again(self):
        """Starts it where it was; it recovers by itself, and accepts connections at the end."""
        owner = os.stat(os.path.join(self.folder, "data"))
        other = {} if os.geteuid() != 0 else {
            "user": owner.st_uid, "group": owner.st_gid, "extra_groups": [],
        }
        started = subprocess.run(
            [os.path.join(self.binaries, "pg_ctl"), "start", "-w", "-t", "60", "-s",
             "-D", os.path.join(self.folder, "data"), "-o", f"-p {self.port}",
             "-l", os.path.join(self.folder, "log")],
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **other,
        )
        if started.returncode != 0:
            with open(os.path.join(self.folder, "log")) as log:
                raise Broken(f"PostgreSQL did not start again: {log.read()[-2000:]}")

    def remove(self):
        if subprocess.run([SCRIPT, "stop", self.folder]).returncode != 0:
            raise Broken("PostgreSQL could not be stopped")


def _children(father):
    found = []
    for task in glob.glob(f"/proc/{father}/task/*/children"):
        with open(task) as file:
            found += [int(each) for each in file.read().split()]
    return found


def _send(process, number):
    try:
        os.kill(process, number)
    except ProcessLookupError:
        pass


def _runs(process):
    """Whether it is there and no zombie."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
