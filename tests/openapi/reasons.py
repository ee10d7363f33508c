"""What valid input is refused for, and what invalid input is taken: the short lists, with reasons.

A document says what a request looks like. What a server knows besides is here.
"""

import json

# Statuses that say nothing against the input: who asks, for what, how it stands there.
STATE = {401, 403, 404, 409, 412, 429}

# By API: (field, words of the fault, why). A field or words of None: any.
REFUSALS = {
    "native": [
        (None, "taken", "uniqueness is the directory's to know"),
        (None, "must_exist", "so is what exists"),
        ("cursor", "bad_format", "a cursor is the one that the page before gave, of the same list"),
        ("Idempotency-Key", "mismatch", "one key is of one request"),
        ("channels", "not_included", "the server's own events are told of by the website alone"),
        ("permissions", "not_included", "what is the tenant's is granted in no account"),
        ("credential", "bad_format", "an authenticator makes one"),
        ("current_password", "mismatch", "a password is the user's to know"),
        ("configuration", "", "what a form may list is in docs/form.schema.json"),
        ("default_payload", "", "what it may fill is what the form's resource has"),
        ("type", "missing", "transactables and relationships have one"),
        ("type", "unknown", "and others none"),
        ("type", "refused", "and others none"),
        ("public", "refused", "a page signs up users, and makes nothing else"),
        ("subject_type", "blank", "a subject is its type and its id"),
        ("subject_id", "blank", "both or none"),
        ("actor_type", "blank", "and so is an actor"),
        ("actor_id", "blank", "both or none"),
        ("uri", "bad_format", "what a host's name may be is in RFC 1035, not in a pattern"),
        ("url", "bad_format", "where a webhook may lead is in docs/WEBHOOKS.md"),
        ("current_password", "unknown_field", "is named by the user alone, of their own"),
        ("name", "refused", "the path's"),
        ("password", "guessable", "a password of JSON's making may be made of the user's own name"),
        ("worker", "immutable", "of the kind `employer`: kinds go with their attributes"),
        ("employer", "immutable", "of the kind `worker`"),
        ("badges", "immutable", "of the kind `employer`"),
        ("kind", "blank", "attributes of a kind ask for the kind"),
        ("customer_id", "blank", "an employer needs an account"),
        ("role", "blank", "and a role"),
        ("latitude", "blank", "a place is both of its degrees"),
        ("longitude", "blank", "a place is both of its degrees"),
        ("at", "in_future", "a job is in no state to come"),
        ("badge_id", "blank", "a badge is given by its number"),
        ("id", "blank", "and taken away by the number of its being held"),
    ],
    "wonolo": [
        (None, "has already been taken", "uniqueness is the directory's to know"),
        (None, "must exist", "so is what exists"),
        (None, "is too long", "a number in the place of a text may have too many digits"),
        ("customer_id", "can't be blank", "who becomes an employer needs an account"),
        ("role", "can't be blank", "and a role"),
        ("password_confirmation", "doesn't match Password", "one text must repeat another"),
        ("password_confirmation", "can't be blank", "and come with it"),
        ("user_badges.badge_id", "can't be blank", "a badge is given by its number"),
        ("user_badges.id", "can't be blank", "and taken away by the number of its being held"),
        ("id", "can't be changed", "the path's, where it is sent"),
        ("type", "can't be changed", "as it is"),
        ("user_badges", "is invalid", "by index: each is a hash"),
    ],
    "pulse": [
        (None, "names nothing that exists", "what exists is the directory's to know"),
        (None, "is already taken", "uniqueness is, too"),
        ("notificationPreferences", "repeats a rule", "each event and account once"),
        (None, "repeats a rule", "each event and account once"),
    ],
    "platformos": [
        (None, "has already been taken", "uniqueness is the directory's to know"),
        (None, "must exist", "so is what exists"),
        ("email", "can't be blank", "the form that is built in asks for one"),
        ("base", "Invalid email or password", "whose password it is, is the directory's to know"),
        ("name", "can't be blank", "a transactable has one"),
        ("user_id", "can't be blank", "a relationship is to somebody"),
        ("creator_id", "can't be blank", "a key without an owner names whose it is"),
    ],
    "legalesign": [
        ("email", "A user with this email already exists.", "uniqueness is the directory's to know"),
        (None, "is not a valid choice.", "so is what exists"),
        ("exists", "User is already", "and who is where"),
    ],
}

# By API: (operation, words of what is invalid, why): what is invalid by the document and taken
# nevertheless. An operation of None: any.
TAKEN = {
    "native": [],
    "wonolo": [
        ("createUser", "Missing request body", "with `token` alone in the query it is the list"),
        (None, "token: Incorrect type", "a token that is no text is none, and the header has one"),
    ],
    "pulse": [],
    "platformos": [
        (None, "email", "null is as if it were not there, which a tool takes for a wrong format"),
    ],
    "legalesign": [],
}

FORM = "application/x-www-form-urlencoded"
# By type of body: why all of that type is passed over that is invalid by the document and taken.
TAKEN_AS = {
    FORM: "every value of a form is a text: what is of a wrong type in JSON is right there",
}


def faults(api, body):
    """What an answer finds wrong: (field, words)."""
    if api == "native":
        for each in body.get("errors", []):
            place = each.get("pointer") or each.get("parameter") or ""
            for whole in ("/configuration", "/default_payload"):
                if place.startswith(f"{whole}/"):
                    place = whole
            yield place.rsplit("/", 1)[-1], each["code"]
    elif api == "pulse":
        for each in body.get("message", "").split("; "):
            place, _, words = each.partition(": ")
            yield place.rsplit(".", 1)[-1], words
    elif api == "legalesign":
        for fields in body.values():
            if isinstance(fields, dict):
                for place, words in fields.items():
                    for each in [words] if isinstance(words, str) else words:
                        yield place, each
    else:
        if isinstance(body.get("error"), str):
            yield "", body["error"]
        errors = body.get("errors", {})
        for place, words in errors.items():
            for each in words:
                yield place, each


def known(api, field, words):
    return any(
        (place is None or place == field) and said in words for place, said, _ in REFUSALS[api]
    )


def of_refusal(api, case, response):
    """The faults of a refused request that no reason is written down for."""
    if response.status_code < 400 or response.status_code in STATE or response.status_code >= 500:
        return []
    try:
        body = response.json()
    except json.JSONDecodeError:
        return [f"{response.status_code} without words"]
    found = list(faults(api, body)) if isinstance(body, dict) else []
    if not found:
        return [f"{response.status_code} {json.dumps(body)[:300]}"]
    return [f"{field} {words}" for field, words in found if not known(api, field, words)]


def may_be_taken(api, case):
    """Whether a reason is written down for taking what is invalid in a request."""
    if case.media_type in TAKEN_AS:
        return True
    if api == "wonolo" and "" in (case.query or {}).values():
        # An empty value is as if it were not there.
        return True
    said = case.meta.phase.data.description if case.meta else None
    called = case.operation.definition.raw.get("operationId")
    return any(
        operation in (None, called) and words in (said or "") for operation, words, _ in TAKEN[api]
    )
