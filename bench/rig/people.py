"""The people that the databases are filled with: the same in each, and the same in each run."""

import json

# Distinct last names: a list by one of them has a page of 50 from 5 100 people on.
NAMES = 100
# One person in this many is a member of the account, and can log in.
MEMBERS = 10
# argon2id of `operations.PASSWORD`, as Muster makes it: hashing a password for each would take
# longer than all the rest.
PASSWORD_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$9JzHCkMUMrIB3UKbu1QtYw"
    "$wAHV+Apb8GXV6HVAMAKhmCjjXwMcOA+UoWX6nFFBnQ8"
)


def person(number):
    """A person as `POST /v1/users` takes them; `number` from 0."""
    made = {
        "email": f"user{number:07}@example.com",
        "first_name": "Ada",
        "last_name": f"Lovelace{number % NAMES:02}",
        "phone": f"+4420794{number % 100000:05}",
        "external_id": f"external-{number:07}",
        "title": "Site supervisor",
        "timezone": "Europe/London",
    }
    return made


def write_lines(path, size, account):
    """Writes people as lines of JSON, as `muster import` reads them."""
    with open(path, "w", encoding="utf-8") as lines:
        for number in range(size):
            made = person(number)
            if number % MEMBERS == 0:
                made["accounts"] = [{"id": account}]
                made["password_hash"] = PASSWORD_HASH
            lines.write(json.dumps(made, separators=(",", ":")) + "\n")
