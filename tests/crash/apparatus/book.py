"""A client's book: what it asked for, and what it was told, on disk before it goes on."""

import json
import os

# A user as the book knows them: nothing but what the client itself set. None: not there.
ABSENT = None


class Change:
    """One change of one user, and what they are before and after it."""

    def __init__(self, number, who, before, after):
        self.number = number
        self.who = who
        self.before = before
        self.after = after


class Book:
    """An append-only file. `who` names a user for good: the start of every email they get."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "ab")
        self.number = 0

    def _write(self, line, durable):
        self.file.write(json.dumps(line).encode() + b"\n")
        self.file.flush()
        if durable:
            os.fdatasync(self.file.fileno())

    def asked(self, who, after):
        """Before a change is sent: its number."""
        self.number += 1
        self._write({"n": self.number, "who": who, "after": after}, durable=False)
        return self.number

    def acknowledged(self, number, id=None):
        """The server has answered that the change is made."""
        self._write({"n": number, "acknowledged": True, "id": id}, durable=True)

    def settled(self, number, made):
        """What came of a change that was not acknowledged, as found afterwards."""
        self._write({"n": number, "settled": made}, durable=True)

    def read(self):
        """What the file says: each user's state, their open change, and the ids they have."""
        return Account(self.path)


class Account:
    """A book, read from its file."""

    def __init__(self, path):
        self.states = {}
        self.open = {}
        self.ids = {}
        self.acknowledged = 0
        asked = {}
        with open(path, "rb") as file:
            for line in file:
                self._take(json.loads(line), asked)
        for number, entry in asked.items():
            who = entry["who"]
            change = Change(number, who, self.states.get(who), entry["after"])
            self.open[who] = change

    def _take(self, line, asked):
        if "who" in line:
            asked[line["n"]] = line
            return
        change = asked.pop(line["n"])
        if line.get("acknowledged"):
            self.acknowledged += 1
            if line["id"] is not None:
                self.ids[change["who"]] = line["id"]
        elif not line["settled"]:
            return
        self.states[change["who"]] = change["after"]
