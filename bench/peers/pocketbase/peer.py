"""PocketBase: its `users` collection for creations with a password, and a plain collection with
the fields and indexes of a user of Muster's for everything else.

Collections are made through its API. Rows are put into its SQLite file while it is stopped, in
the form that it writes itself: its API takes minutes for what this does in seconds. Requests
carry a superuser's token, for which it checks no rules. Its settings are its defaults: the rate
limiter is off, bcrypt's cost is 10, `synchronous` is NORMAL, so that a commit does not wait for
the disk.
"""

import json
import random
import sqlite3
import string
import time
import urllib.request

from rig import people, process
from rig.load import write_list
from rig.operations import PASSWORD, Call
from rig.server import Server, copy_files

TOKEN = ("authorization: $token",)
ADMINISTRATOR = {"identity": "bench@example.com", "password": "bench-password"}
TEXTS = (
    "kind phone first_name last_name state external_id onboarding_state w2_onboarding_status "
    "w2_employee_id drug_tested employer_role created_by updated_by title timezone"
).split()
NUMBERS = ("customer_id", "team_id", "version")
DATES = ("pending_since", "suspended_at", "deleted_at")
# Over all rows: a condition such as `last_name != ''` would keep an index from serving a filter.
INDEXES = [
    "CREATE UNIQUE INDEX people_email ON people (email)",
    "CREATE INDEX people_last_name ON people (last_name)",
    "CREATE INDEX people_first_name ON people (first_name)",
    "CREATE INDEX people_external_id ON people (external_id)",
    "CREATE INDEX people_customer ON people (customer_id)",
    "CREATE INDEX people_updated ON people (updated)",
]
PERSON = (
    '{"email":"<run>-<n>@example.com","first_name":"Ada","last_name":"Lovelace<d>",'
    '"phone":"+4420794600<d>","external_id":"<run>-<n>",'
    '"title":"Site supervisor","timezone":"Europe/London"}'
)
USER = (
    f'{{"email":"<run>-<n>@example.com","name":"Ada Lovelace<d>","password":"{PASSWORD}",'
    f'"passwordConfirm":"{PASSWORD}"}}'
)
RECORDS = "/api/collections/people/records"
BY_NAME = f"{RECORDS}?perPage=50&filter=last_name%3D%27Lovelace<d>%27"
PAGE_1000 = f"{RECORDS}?perPage=50&page=1000"
EMAIL = '"email":'


def _page(path, **rest):
    return Call("GET", path, TOKEN, holds=EMAIL, times=50, **rest)


class Peer(Server):
    """PocketBase over one size of data."""

    name = "pocketbase"
    kind = "pocketbase"
    health = "/api/health"
    most_users = 100_000
    calls = {
        "get": Call("GET", f"{RECORDS}/<record>", TOKEN, holds=EMAIL),
        "list": _page(BY_NAME, stretch=2),
        "list-uncounted": _page(f"{BY_NAME}&skipTotal=1", stretch=2),
        "walk": _page(PAGE_1000, least_size=50_000, slow=True),
        "walk-uncounted": _page(f"{PAGE_1000}&skipTotal=1", least_size=50_000, slow=True),
        "update": Call(
            "PATCH",
            f"{RECORDS}/<record>",
            TOKEN,
            '{"title":"Engineer <run>-<n>"}',
            holds="Engineer",
        ),
        "create": Call("POST", RECORDS, TOKEN, PERSON, holds=EMAIL),
        "password": Call(
            "POST", "/api/collections/users/records", TOKEN, USER, holds=EMAIL, slow=True
        ),
    }

    @staticmethod
    def program(rig):
        """Where its program is."""
        return rig.environment / "bin" / "pocketbase"

    @staticmethod
    def version(rig):
        """Its version."""
        return process.run([Peer.program(rig), "--version"]).split()[-1]

    def command(self, port):
        """See `Server.command`."""
        return self._serve(self.place / "data", port)

    def _serve(self, data, port):
        return self.cold(self.rig, data, port)

    @staticmethod
    def cold(rig, place, port):
        """The command that serves from a directory, which may be empty."""
        options = ["--dir", place, "--http", f"127.0.0.1:{port}"]
        return [Peer.program(rig), "serve", *options], {}

    def copy(self):
        """See `Server.copy`."""
        copy_files(self.place / "source", self.place / "data")

    def prepare(self):
        """See `Server.prepare`."""
        source = self.place / "source"
        administrator = [ADMINISTRATOR["identity"], ADMINISTRATOR["password"]]
        command = [self.program(self.rig), "superuser", "upsert", *administrator]
        process.run([*command, "--dir", source])
        port = process.free_port()
        server = process.Process(self._serve(source, port)[0], self.place / "log")
        try:
            server.wait_until_ready(port, self.health)
            self._make_collections(f"http://127.0.0.1:{port}/api/collections")
        finally:
            server.stop()
        records = self._fill(source / "data.db")
        self.lists["record"] = write_list(self.place / "records", records)

    def _make_collections(self, collections):
        def post(path, body):
            headers = {"content-type": "application/json", "authorization": token}
            request = urllib.request.Request(collections + path, json.dumps(body).encode(), headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)

        token = ""
        token = post("/_superusers/auth-with-password", ADMINISTRATOR)["token"]
        self.variables["token"] = token
        fields = [{"name": name, "type": "text"} for name in TEXTS]
        fields += [{"name": name, "type": "number"} for name in NUMBERS]
        fields += [{"name": name, "type": "date"} for name in DATES]
        fields += [
            {"name": "email", "type": "email"},
            {"name": "created", "type": "autodate", "onCreate": True},
            {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
        ]
        post("", {"name": "people", "type": "base", "fields": fields, "indexes": INDEXES})
        # One user made by its API is what the others are copies of.
        user = {"email": "first@example.com", "name": "Ada", "password": PASSWORD}
        post("/users/records", {**user, "passwordConfirm": PASSWORD})

    def _fill(self, file):
        """Puts the people in; answers the ids of their records."""
        draw = random.Random(self.size)

        def text(length):
            return "".join(draw.choices(string.ascii_lowercase + string.digits, k=length))

        now = time.strftime("%Y-%m-%d %H:%M:%S.000Z", time.gmtime())
        database = sqlite3.connect(file)
        records = [text(15) for _ in range(self.size)]
        rows = (
            {**people.person(number), "id": record, "created": now, "updated": now, "version": 1}
            for number, record in enumerate(records)
        )
        names = [*people.person(0), "id", "created", "updated", "version"]
        places = ", ".join(f":{name}" for name in names)
        database.executemany(f"INSERT INTO people ({', '.join(names)}) VALUES ({places})", rows)
        # The one user that there is, in a table of its own: selecting it is looking at one row.
        database.execute("CREATE TEMP TABLE first AS SELECT * FROM users")
        columns = [row[1] for row in database.execute("PRAGMA table_info(users)")]
        own = {"id": "?1", "tokenKey": "?2", "email": "?3"}
        copied = ", ".join(own.get(name, f'"{name}"') for name in columns)
        users = (
            (text(15), text(50), person["email"]) for person in map(people.person, range(self.size))
        )
        database.executemany(f"INSERT INTO users SELECT {copied} FROM first", users)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        return records
