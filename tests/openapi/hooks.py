"""How schemathesis makes values of our formats, and what it checks besides its own.

Schemathesis loads this file by SCHEMATHESIS_HOOKS. `MUSTER_FACTS` is JSON with what the server has:
numbers of an account, a group and a badge.
"""

import json
import os
import re
import urllib.parse

import jsonschema_rs
import schemathesis
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection

import reasons

FACTS = json.loads(os.environ["MUSTER_FACTS"])
API = FACTS["api"]

# Values that are what their format says. The server's own rule is narrower or wider than what
# schemathesis would guess from the name.
letters = st.text("abcdefghijklmnopqrstuvwxyz", min_size=8, max_size=12)
FORMATS = {
    "idn-email": letters.map("{}@example.org".format),
    "phone": st.integers(2_000_000, 9_999_999).map("+1415{:07d}".format),
    "timezone": st.sampled_from(["UTC", "Europe/London", "Asia/Kolkata", "US/Pacific"]),
    "iso-8601": st.datetimes().map(lambda at: at.replace(year=2026).isoformat()),
    "account": st.just(str(FACTS["account"])),
    "web-address": letters.map("https://{}.invalid/hook".format),
    "form-name": st.just("reference_rest_api_create_user"),
    "session-form": st.just("reference_rest_api_create_session"),
    "transactable-form": st.just("boat"),
    "relationship-form": st.just("friend"),
    "group": st.sampled_from([FACTS["group_slug"], FACTS["group_uri"]]),
    "group-list": st.sampled_from(["", FACTS["group_slug"], FACTS["group_uri"]]),
    "redirect": st.just(""),
    "password": st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=14, max_size=20).map(
        "Aa1!{}".format
    ),
}
for name, strategy in FORMATS.items():
    schemathesis.openapi.format(name, strategy)


# A field's name, or the path to one: schemathesis writes what a document calls a deepObject so.
NAME = re.compile(r"\w+(\[\w+\])*", re.ASCII)


def pairs(value, prefix=""):
    """A form's fields, nested by brackets, as Rails reads them."""
    for name, inner in value.items():
        # A name with a bracket in it cannot be written. Those of the API have none, and it
        # passes over others.
        if not NAME.fullmatch(str(name)):
            continue
        path = f"{prefix}[{name}]" if prefix else str(name)
        if isinstance(inner, dict):
            yield from pairs(inner, path)
        elif isinstance(inner, list):
            for index, each in enumerate(inner):
                if isinstance(each, dict):
                    yield from pairs(each, f"{path}[{index}]")
                else:
                    yield f"{path}[]", text_of(each)
        else:
            yield path, text_of(inner)


def text_of(value):
    # A form has no null but an empty text.
    if value is None or value == "null":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@schemathesis.serializer("application/x-www-form-urlencoded")
def form(ctx, value):
    if isinstance(value, dict):
        return urllib.parse.urlencode(list(pairs(value)), errors="replace").encode()
    return text_of(value).encode(errors="replace")


def whole(value):
    """Whole numbers as this API writes them: without a point. JSON Schema does not tell 1.0 from 1."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole(each) for each in value]
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    return value


@schemathesis.hook
def map_body(context, body):
    body = whole(body)
    if isinstance(body, dict):
        without_token(body)
    return body


def one_of_people(text):
    """Always the same one for a text."""
    return FACTS["people"][sum(text.encode(errors="replace")) % len(FACTS["people"])]


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Most of what is named is there: of what is not, there is little to be learnt."""
    for name, value in (path_parameters or {}).items():
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**63:
            path_parameters[name] = 1 + (value - 1) % len(FACTS["people"])
        elif isinstance(value, str) and name == "user" and len(value) % 4:
            person = one_of_people(value)
            path_parameters[name] = person["email"] if len(value) % 2 else str(person["id"])
        elif isinstance(value, str) and name == "username" and len(value) % 4:
            path_parameters[name] = one_of_people(value)["uid"]
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    if query:
        without_token(query)
    return query


def without_token(values):
    # A wrong token goes before the right one in the header, and is counted against its sender.
    if API == "wonolo" and not FACTS["counted"]:
        values.pop("token", None)


def is_form(case):
    return case.media_type == reasons.FORM


def is_empty_form(case):
    """Whether nothing is left under the wrapper: a form has no way to say an empty hash."""
    if API != "wonolo" or not is_form(case) or not isinstance(case.body, dict):
        return False
    wrapped = {name: case.body[name] for name in ("user", "badge") if name in case.body}
    return not list(pairs(wrapped))


def is_described(case):
    """Whether a JSON body is what the document describes: of several schemas with a `not`,
    schemathesis makes some that fit none."""
    content = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    schema = content.get(case.media_type, {}).get("schema")
    if schema is None or is_form(case):
        return True
    known = {"components": case.operation.schema.raw_schema["components"]}
    return jsonschema_rs.validator_for(known | schema).is_valid(case.body)


@schemathesis.check
def valid_input_is_taken(ctx, response, case):
    """Positive data is taken, or refused for a reason that is written down."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return None
    if is_empty_form(case) or not is_described(case):
        return None
    unexplained = reasons.of_refusal(API, case, response)
    if unexplained:
        raise AssertionError("valid input was refused: " + "; ".join(unexplained))
    return None


@schemathesis.check
def invalid_input_is_refused(ctx, response, case):
    """Negative data is refused, but for what is written down."""
    if reasons.may_be_taken(API, case):
        return None
    return negative_data_rejection(ctx, response, case)


@schemathesis.check
def the_server_looks(ctx, response, case):
    """A server that answers 429 to everything would hold any document."""
    if response.status_code == 429 and not FACTS["counted"]:
        raise AssertionError("429 where nothing is counted")
    return None
