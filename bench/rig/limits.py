"""The limit programs of bench/limits: the same durable work by the same parts, and no more."""

import json

from . import load, process
from .muster import OnPostgres, OnSqlite
from .server import Server


class LimitSqlite(OnSqlite):
    """axum and rusqlite."""

    name = "limit-sqlite"
    kind = "limit"
    health = "/health"

    def command(self, port):
        """See `Server.command`."""
        return _command(self, port, str(self.file))


class LimitPostgres(OnPostgres):
    """axum and tokio-postgres."""

    name = "limit-postgres"
    kind = "limit"
    health = "/health"

    def command(self, port):
        """See `Server.command`."""
        return _command(self, port, self.rig.postgres.url(self.database))


class LimitStatic(Server):
    """axum alone, with one answer."""

    name = "limit-static"
    kind = "static"
    health = "/health"

    def command(self, port):
        """See `Server.command`."""
        return _command(self, port, "")


class LimitArgon2(Server):
    """argon2id on all cores, without a server."""

    name = "limit-argon2"

    def call(self, operation):
        """See `Server.call`: it stands beside what hashes one password a request."""
        return operation.name in ("password", "login") or None

    def start(self):
        """It runs only while it is measured."""

    def check(self, operation):
        """It answers nothing that could be checked."""

    def measure(self, operation, concurrency, seconds):
        """See `Server.measure`; it has no concurrency but that of the cores."""
        watch = load.Watch([])
        printed = process.run([self.rig.limit_programs / self.name, str(seconds)])
        return {"rate": json.loads(printed)["rate"], "others": watch.others()}

    def memory(self):
        """None that stays."""


def _command(server, port, database):
    settings = {
        "LISTEN": f"127.0.0.1:{port}",
        "DATABASE": database,
        "KEY": server.variables.get("token", ""),
    }
    return [server.rig.limit_programs / server.name], settings
