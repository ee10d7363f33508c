"""A PostgreSQL of the rig's own, with the durability that it has by default."""

import shutil
import subprocess
from pathlib import Path

from . import process

# What scripts/postgres gives up for the speed of tests.
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


class Cluster:
    """A throwaway server, made by scripts/postgres."""

    def __init__(self, root, place):
        self._script = root / "scripts" / "postgres"
        self._place = place
        self._url = None

    def start(self):
        """Starts it, and makes it durable."""
        self._url = process.run([self._script, "start", self._place]).strip()
        for name in DURABLE:
            self.run("postgres", f"ALTER SYSTEM SET {name} = on")
        self.run("postgres", "SELECT pg_reload_conf()")
        # A new session sees what was reloaded.
        for name in DURABLE:
            if self.run("postgres", f"SHOW {name}") != "on":
                raise process.Broken(f"PostgreSQL does not turn {name} on")

    def stop(self):
        """Stops it and deletes what it holds."""
        if self._place.exists():
            subprocess.run([self._script, "stop", self._place], check=False)

    def url(self, name):
        """The URL of one of its databases."""
        return self._url.rsplit("/", 1)[0] + f"/{name}"

    def pid(self):
        """Its first process."""
        return int((self._place / "data" / "postmaster.pid").read_text().split("\n", 1)[0])

    def run(self, database, sql):
        """Runs a statement; answers what came back."""
        options = ["-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql]
        return process.run([_psql(), self.url(database), *options]).strip()

    def create(self, name, template="template0"):
        """Makes a database anew, as a copy of another's files."""
        self.run("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.run("postgres", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")

    def tidy(self, name):
        """Does at once what the server does in its own time after a load."""
        self.run(name, "VACUUM ANALYZE")
        self.run(name, "CHECKPOINT")

    def version(self):
        """Its version."""
        return self.run("postgres", "SHOW server_version")


def _psql():
    found = shutil.which("psql") or next(
        iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"), reverse=True)), None
    )
    if not found:
        raise process.Broken("psql is not found: install PostgreSQL's client")
    return found
