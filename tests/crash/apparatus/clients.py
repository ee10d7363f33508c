"""Clients that change users through every API and keep books of it."""

import os
import random
import threading
import time

from .book import Book
from .connection import Connection, NoAnswer
from .dialects import DIALECTS, FIRST_NAME, creation, is_unavailable
from .verdict import Broken

DOMAIN = "crash.example"
# A client that was told 503 waits this long.
PAUSE = 0.02


class Client:
    """One client. It changes users of its own alone, one change at a time."""

    def __init__(self, name, key, folder, seed):
        self.name = name
        self.key = key
        self.random = random.Random(f"{seed}.{name}")
        self.book = Book(os.path.join(folder, f"{name}.ledger"))
        self.made = 0
        # Who may be changed: acknowledged, there, without an open change.
        self.known = {}
        self.acknowledgements = []
        self.refusals = 0
        self.failure = None

    def work(self, address, stop, through_refusals=False):
        """Makes changes until told to stop or cut off; a 503 is passed over if so said."""
        connection = Connection(address)
        try:
            while not stop.is_set():
                if self.step(connection):
                    continue
                if not through_refusals:
                    return
                time.sleep(PAUSE)
        except NoAnswer as cause:
            if through_refusals:
                self.failure = f"{self.name}: {type(cause).__name__}: {cause}"
        except Exception as cause:  # `Load.end` tells of it.
            self.failure = f"{self.name}: {type(cause).__name__}: {cause}"
        finally:
            connection.close()

    def step(self, connection):
        """One change; false when it was refused with 503."""
        draw = self.random.random()
        if draw < 0.6 or not self.known:
            return self.create(connection)
        who = self.random.choice(list(self.known))
        if draw < 0.75:
            return self.change(connection, who, self._with(who, "first_name"))
        if draw < 0.9:
            return self.change(connection, who, self._with(who, "email"))
        return self.change(connection, who, None)

    def _with(self, who, field):
        state, number = self.known[who]["state"], self.book.number
        value = f"N{number}" if field == "first_name" else f"{who}.m{number}@{DOMAIN}"
        return state | {field: value}

    def create(self, connection):
        self.made += 1
        dialect = DIALECTS[self.made % len(DIALECTS)]
        who = f"{dialect}.{self.name}.{self.made}"
        state = {"email": f"{who}.m0@{DOMAIN}", "first_name": FIRST_NAME}
        number = self.book.asked(who, state)
        answer = connection.ask(creation(self.key, dialect, state["email"]))
        if not self._acknowledged(dialect, answer, 201):
            return False
        id = _id(dialect, answer)
        self.book.acknowledged(number, id)
        self.acknowledgements.append(time.monotonic())
        self.known[who] = {"state": state, "id": id}
        return True

    def change(self, connection, who, after):
        """Changes a user through the native API, or deletes them."""
        id = self.known[who]["id"] or self._find(connection, who)
        if id is None:
            return False
        path = f"/v1/users/{id}"
        number = self.book.asked(who, after)
        before = self.known.pop(who)["state"]
        if after is None:
            request = self.key.request("native", "DELETE", path)
        else:
            changed = {k: v for k, v in after.items() if before[k] != v}
            request = self.key.request("native", "PATCH", path, changed)
        answer = connection.ask(request)
        if not self._acknowledged("native", answer, 204 if after is None else 200):
            return False
        self.book.acknowledged(number, id)
        self.acknowledgements.append(time.monotonic())
        if after is not None:
            self.known[who] = {"state": after, "id": id}
        return True

    def _find(self, connection, who):
        """The id of a user whose creation did not tell it."""
        email = self.known[who]["state"]["email"].replace("@", "%40")
        answer = connection.ask(self.key.request("native", "GET", f"/v1/users?email={email}"))
        if is_unavailable("native", answer):
            return None
        data = answer.json()["data"] if answer.status == 200 else []
        if len(data) != 1:
            raise Broken(f"{email} was acknowledged and is not there: {answer}")
        self.known[who]["id"] = data[0]["id"]
        return data[0]["id"]

    def _acknowledged(self, dialect, answer, status):
        if answer.status == status:
            return True
        if not is_unavailable(dialect, answer):
            raise Broken(f"{dialect}: {answer}")
        self.refusals += 1
        return False


def _id(dialect, answer):
    """The id that a creation told; Legalesign tells none."""
    if dialect == "legalesign":
        return None
    body = answer.json()
    return body["user"]["id"] if dialect == "wonolo" else int(body["id"])


class Load:
    """Several clients at work in threads."""

    def __init__(self, clients, address, through_refusals=False):
        self.clients = clients
        self.stop = threading.Event()
        self.threads = [
            threading.Thread(
                target=each.work, args=(address, self.stop, through_refusals), daemon=True
            )
            for each in clients
        ]
        for thread in self.threads:
            thread.start()

    def end(self):
        """Waits for what is under way; what a client could not explain fails the rig."""
        self.stop.set()
        for thread in self.threads:
            thread.join()
        failures = [each.failure for each in self.clients if each.failure]
        if failures:
            raise Broken("; ".join(failures))


class Audit:
    """The books against what the server shows: nothing lost, nothing half, nothing else."""

    def __init__(self):
        self.acknowledged = 0
        self.made = 0
        self.absent = 0

    def check(self, clients, users):
        """Holds every book against all users; what was open is settled in it."""
        shown = _by_who(users)
        self.acknowledged = 0
        for client in clients:
            account = client.book.read()
            self.acknowledged += account.acknowledged
            for who in account.states.keys() | account.open.keys():
                self._one(client, account, who, shown.pop(who, None))
        if shown:
            raise Broken(f"users that nobody asked for: {sorted(shown)[:10]}")

    def _one(self, client, account, who, user):
        state = user and {name: user[name] for name in ("email", "first_name")}
        before, change = account.states.get(who), account.open.get(who)
        id = account.ids.get(who)
        if user and id is not None and user["id"] != id:
            raise Broken(f"{who} has the id {user['id']}, and was told {id}")
        if change is None:
            if state != before:
                raise Broken(f"LOST: {who} is {state}, acknowledged was {before}")
            return
        if state not in (before, change.after):
            raise Broken(f"HALF: {who} is {state}, neither {before} nor {change.after}")
        made = state == change.after
        self.made += made
        self.absent += not made
        client.book.settled(change.number, made)
        if user:
            client.known[who] = {"state": state, "id": user["id"]}
        else:
            client.known.pop(who, None)


def _by_who(users):
    shown = {}
    for user in users:
        who = ".".join(user["email"].split("@")[0].split(".")[:3])
        if who in shown:
            raise Broken(f"{who} is there twice")
        shown[who] = user
    return shown
