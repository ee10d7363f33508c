"""The database read from outside, past the server: is anything half there?"""

import json
import sqlite3
from collections import defaultdict

from .dialects import WITH_PASSWORD
from .verdict import expect

TABLES = {
    "users": "SELECT id, email, email_key, first_name, version, pending_since IS NOT NULL "
    "AS pending, deleted_at IS NOT NULL AS deleted FROM users ORDER BY id",
    "claims": "SELECT value, owner_id FROM claims WHERE scope = 'email'",
    "events": "SELECT id, type, subject_type, subject_id, change FROM events ORDER BY id",
    "members": "SELECT user_id FROM account_members",
    "credentials": "SELECT user_id FROM credentials",
    "invitations": "SELECT id, user_id FROM invitations",
    "answers": "SELECT key, status FROM idempotency_records",
}
# Each of these is told exactly once for each version of a user.
OF_A_VERSION = ("user_created", "user_updated", "user_deleted")


def of_sqlite(path, selects):
    """What each reads, on one snapshot; the file itself must be sound."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    connection.row_factory = sqlite3.Row
    connection.execute("BEGIN")
    rows = {
        table: [dict(row) for row in connection.execute(select)]
        for table, select in selects.items()
    }
    sound = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    strays = list(connection.execute("PRAGMA foreign_key_check"))
    connection.close()
    expect(sound == ["ok"], f"the file is damaged: {sound}")
    expect(not strays, f"rows refer to what is not there: {len(strays)}")
    return rows


def change_sqlite(path, sql):
    """Runs a statement in a transaction of its own."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(sql)
    connection.close()


# What a crash in the wrong place could leave, one each: `halves` must see them all.
DAMAGES = (
    "DELETE FROM claims WHERE owner_id = (SELECT max(owner_id) FROM claims)",
    "INSERT INTO claims VALUES (1, 'email', 'nobody@crash.example', 999999)",
    "UPDATE users SET email_key = 'other@crash.example' WHERE id = (SELECT owner_id FROM claims)",
    "DELETE FROM events WHERE id = (SELECT min(id) FROM events WHERE type = 'user_created')",
    "DELETE FROM events WHERE id = (SELECT min(id) FROM events WHERE type = 'user_updated')",
    "DELETE FROM events WHERE id = (SELECT min(id) FROM events WHERE type = 'user_deleted')",
    "UPDATE users SET version = version + 1, first_name = 'Half' WHERE id = "
    "(SELECT min(id) FROM users)",
    "UPDATE users SET first_name = 'Half' WHERE id = (SELECT min(id) FROM users)",
    "UPDATE users SET deleted_at = 1 WHERE id = (SELECT max(owner_id) FROM claims)",
    "DELETE FROM account_members WHERE user_id = (SELECT min(id) FROM users)",
    "DELETE FROM credentials WHERE user_id = (SELECT min(user_id) FROM credentials)",
    "DELETE FROM invitations WHERE id = (SELECT min(id) FROM invitations)",
    "DELETE FROM events WHERE subject_type = 'invitation'",
    "DELETE FROM events WHERE id = "
    "(SELECT min(id) FROM events WHERE type = 'user_added_to_account')",
    "DELETE FROM idempotency_records WHERE key = (SELECT min(key) FROM idempotency_records)",
)


def expect_damage_is_seen(path):
    """That a check can fail is worth as much as that it passes: damages a sound file."""
    for damage in DAMAGES:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        connection.execute(damage)
        rows = {
            table: [dict(row) for row in connection.execute(select)]
            for table, select in TABLES.items()
        }
        connection.execute("ROLLBACK")
        connection.close()
        expect(halves(rows), f"the audit does not see this: {damage}")


def halves(rows, named=True):
    """What is half there, in words; nothing when all is whole. `named`: each email begins with
    the dialect that made its user, and so tells what stands around them."""
    users = {row["id"]: row for row in rows["users"]}
    events = defaultdict(list)
    for event in rows["events"]:
        events[event["subject_type"], event["subject_id"]].append(event)
    found = _claims(users, rows["claims"])
    for user in users.values():
        found += _history(user, events["user", str(user["id"])])
    strays = [event for (kind, id), all in events.items() for event in all
              if kind == "user" and int(id) not in users]
    found += [f"event {event['id']} of no user" for event in strays]
    found += _memberships(users, rows)
    found += _invitations(users, rows["invitations"], events)
    if named:
        made = _made(rows["events"])
        found += _passwords(made, rows["credentials"])
        found += _answers(made, rows["answers"])
    return found


def _claims(users, claims):
    """Who is there holds their email, and nobody else holds any."""
    held = {(row["value"], row["owner_id"]) for row in claims}
    due = {
        (user["email_key"], user["id"])
        for user in users.values()
        if not user["deleted"] and user["email_key"] is not None
    }
    found = [f"user {id} without the claim of {value}" for value, id in due - held]
    return found + [f"claim of {value} by {id}, who lacks it" for value, id in held - due]


def _history(user, events):
    """The events of a user tell each version, and what stands in the row."""
    told = [event for event in events if event["type"] in OF_A_VERSION]
    if [event["type"] for event in told].count("user_created") != 1:
        return [f"user {user['id']} was not created once"]
    found = []
    if len(told) != user["version"]:
        found.append(f"user {user['id']} has version {user['version']}, {len(told)} events")
    for name in ("email", "first_name"):
        if _last(told, name) != user[name]:
            found.append(f"user {user['id']}: {name} is not what their events tell")
    if any(event["type"] == "user_deleted" for event in told) != bool(user["deleted"]):
        found.append(f"user {user['id']}: events and row differ on deletion")
    return found


def _last(events, name):
    """What a field became last: a value that no event replaced. Clients give none twice, and
    the order of event ids is not that of time."""
    changes = [_change(event) for event in events]
    old = {change["old"].get(name) for change in changes if name in change["new"]}
    last = [change["new"][name] for change in changes if name in change["new"]]
    last = [value for value in last if value not in old]
    return last[0] if len(last) == 1 else None


def _change(event):
    """The fields before and after; PostgreSQL keeps them as JSON, SQLite as text."""
    change = event["change"]
    return json.loads(change) if isinstance(change, str) else change


def _made(events):
    """The email that each user was created with."""
    return {
        int(event["subject_id"]): _change(event)["new"]["email"]
        for event in events
        if event["type"] == "user_created"
    }


def _memberships(users, rows):
    """Each is a member of the account that their key is bound to, and that was told once."""
    members = [row["user_id"] for row in rows["members"]]
    found = [f"user {id} is no member" for id in set(users) - set(members)]
    added = [int(event["subject_id"]) for event in rows["events"]
             if event["type"] == "user_added_to_account"]
    if sorted(added) != sorted(members):
        found.append("memberships and their events differ")
    return found


def _passwords(made, credentials):
    due = {id for id, email in made.items() if email.split(".")[0] in WITH_PASSWORD}
    have = {row["user_id"] for row in credentials}
    return [f"user {id}: a password that is not due, or missing" for id in due ^ have]


def _invitations(users, invitations, events):
    pending = {user["id"] for user in users.values() if user["pending"]}
    invited = {row["user_id"] for row in invitations}
    found = [f"user {id}: pending and invited differ" for id in pending ^ invited]
    for row in invitations:
        if len(events["invitation", str(row["id"])]) != 1:
            found.append(f"invitation {row['id']} without its event")
    return found


def _answers(made, answers):
    """A native creation stands with its idempotency record, or neither does."""
    kept = {row["key"] for row in answers if row["status"] == 201}
    due = {f"create.{email}" for email in made.values() if email.startswith("native.")}
    return [f"idempotency record {key}: not with its user" for key in due ^ kept]
