"""Muster on both engines, and the databases that it and its limits start from."""

import http.client
import json
import time
from pathlib import Path

from . import people, process
from .load import write_list
from .server import Server, copy_files

# Rows a page while all users are walked through.
PAGE = 200
# Rows of a page that is asked for by its number; the last full one is measured, which is page
# 20 000 of 1 000 000 users.
NUMBERED = 50


class Database:
    """A database of Muster's with people in it, made by Muster's own commands. Servers copy it;
    `variables` and `lists` are what requests to any copy are filled with."""

    def __init__(self, rig, url, place, size):
        self.rig = rig
        self.url = url
        self.place = place
        self.size = size
        self.variables = {}
        self.lists = {}
        self.import_seconds = None

    def make(self):
        """Makes the credentials, loads the people and walks through them."""
        key = self.muster("key", "create", "--name", "bench")
        account = self.muster("account", "create", "--name", "Acme")["id"]
        group = self.muster("group", "create", "--name", "Sales")["slug"]
        self.variables = {
            "key": key["id"],
            "secret": key["secret"],
            "token": key["token"],
            "account": str(account),
            "group": group,
            **last_page(self.size),
        }
        lines = self.place.parent / "people.ndjson"
        people.write_lines(lines, self.size, account)
        started = time.monotonic()
        self.load(lines)
        self.import_seconds = round(time.monotonic() - started, 2)
        lines.unlink()
        server = Source(self)
        server.start()
        try:
            self.walk(server.port)
        finally:
            server.stop()

    def muster(self, *arguments):
        """What a command of Muster's prints, read."""
        printed = process.run([*muster_command(self), "-o", "json", *arguments])
        return json.loads(printed) if printed.strip() else None

    def load(self, lines):
        """Loads people from a file."""
        process.run([*muster_command(self), "import", lines], timeout=1800)

    def walk(self, port):
        """Walks through all users as a client does, and keeps ids and cursors."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        key = f"api_key={self.variables['key']}&secret_key={self.variables['secret']}"
        form = {"content-type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/api_v2/authorize", key, form)
        self.variables["wonolo"] = json.loads(connection.getresponse().read())["token"]
        found = {"id": [], "uid": [], "member": [], "login": [], "cursor": []}
        headers = {"authorization": f"Bearer {self.variables['token']}"}
        path = start = f"/v1/users?limit={PAGE}"
        while path:
            connection.request("GET", path, headers=headers)
            page = json.loads(connection.getresponse().read())
            found["id"] += [user["id"] for user in page["data"]]
            found["uid"] += [user["uid"] for user in page["data"]]
            members = [user for user in page["data"] if user["accounts"]]
            found["member"] += [user["id"] for user in members]
            found["login"] += [user["email"] for user in members]
            cursor = page["next_cursor"]
            path = cursor and f"{start}&cursor={cursor}"
            found["cursor"] += [cursor] if cursor else []
        if len(found["id"]) != self.size:
            raise process.Broken(f"{len(found['id'])} users and not {self.size} were loaded")
        for name, values in found.items():
            self.lists[name] = write_list(self.place.parent / f"{self.place.name}.{name}", values)


def last_page(size):
    """The number of the last full page of so many users, and how many stand before it."""
    page = max(1, size // NUMBERED)
    return {"page": str(page), "offset": str((page - 1) * NUMBERED)}


def muster_command(database):
    """Muster with its settings for a database, without a command."""
    return [
        database.rig.muster,
        *("--database", database.url),
        *("--secret-key-file", database.place / "secret.key"),
    ]


def serve_command(rig, url, key_file, port):
    """`muster serve` as it is run by default, but for its addresses."""
    addresses = ("--listen", f"127.0.0.1:{port}", "--management", "127.0.0.1:0")
    settings = ("--database", url, "--secret-key-file", key_file)
    return [rig.muster, *addresses, *settings, "serve"], {}


def sqlite_people(rig, size):
    """The SQLite file with so many people, made once."""
    if size not in rig.sqlite_people:
        place = Path(rig.place, f"people-{size}")
        place.mkdir()
        database = Database(rig, f"sqlite:{place}/muster.db", place, size)
        _make_key(place)
        database.make()
        rig.sqlite_people[size] = database
    return rig.sqlite_people[size]


def postgres_people(rig, size):
    """The PostgreSQL database with so many people, made once."""
    if size not in rig.postgres_people:
        place = Path(rig.place, f"postgres-people-{size}")
        place.mkdir()
        name = f"people_{size}"
        rig.postgres.create(name)
        database = Database(rig, rig.postgres.url(name), place, size)
        _make_key(place)
        database.make()
        rig.postgres.tidy(name)
        rig.postgres_people[size] = database
    return rig.postgres_people[size]


def _make_key(place):
    key = place / "secret.key"
    key.write_text("5eed" * 16 + "\n")
    key.chmod(0o600)


class Source(Server):
    """Muster on the database that others are copied from, while it is made."""

    name = "source"
    kind = "muster"
    health = "/health/ready"

    def __init__(self, database):
        super().__init__(database.rig, f"{database.place.name}")
        self.database = database

    def command(self, port):
        """See `Server.command`."""
        return serve_command(self.rig, self.database.url, self.database.place / "secret.key", port)


class OnSqlite(Server):
    """A server on a copy of Muster's SQLite file."""

    def prepare(self):
        """See `Server.prepare`."""
        people_of_size = sqlite_people(self.rig, self.size)
        self.variables, self.lists = people_of_size.variables, people_of_size.lists

    def copy(self):
        """See `Server.copy`."""
        copy_files(sqlite_people(self.rig, self.size).place, self.place / "data")

    @property
    def file(self):
        """The database file."""
        return self.place / "data" / "muster.db"


class OnPostgres(Server):
    """A server on a copy of Muster's PostgreSQL database."""

    # A million take PostgreSQL minutes to load and to copy.
    usual_users = 100_000
    all_up_to = 10_000

    def prepare(self):
        """See `Server.prepare`."""
        people_of_size = postgres_people(self.rig, self.size)
        self.variables, self.lists = people_of_size.variables, people_of_size.lists

    @property
    def database(self):
        """The name of its database."""
        return f"{self.name}_{self.size}".replace("-", "_")

    def copy(self):
        """See `Server.copy`."""
        self.rig.postgres.create(self.database, template=f"people_{self.size}")

    def processes(self):
        """See `Server.processes`: the database's work is the server's."""
        return [self.process.pid, self.rig.postgres.pid()]


class MusterSqlite(OnSqlite):
    """Muster on SQLite."""

    name = "muster"
    kind = "muster"
    health = "/health/ready"

    def command(self, port):
        """See `Server.command`."""
        url = f"sqlite:{self.file}"
        return serve_command(self.rig, url, self.file.with_name("secret.key"), port)


class MusterPostgres(OnPostgres):
    """Muster on PostgreSQL."""

    name = "muster-postgres"
    kind = "muster"
    health = "/health/ready"

    def command(self, port):
        """See `Server.command`."""
        key = postgres_people(self.rig, self.size).place / "secret.key"
        return serve_command(self.rig, self.rig.postgres.url(self.database), key, port)
