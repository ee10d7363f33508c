"""The five APIs: how each creates and reads a user, and how each says no."""

import json

from .connection import Request

DIALECTS = ("wonolo", "pulse", "platformos", "legalesign", "native")
# Those that are sent a password, and so hash one.
WITH_PASSWORD = ("wonolo", "platformos", "legalesign")
PASSWORD = "Tide-plank7-ferry"
FIRST_NAME = "Ada"


class Key:
    """A key's parts, and the account that it is bound to."""

    def __init__(self, made, account):
        self.id = made["id"]
        self.secret = made["secret"]
        self.token = made["token"]
        self.account = account

    def headers(self, dialect):
        if dialect == "platformos":
            return [("authorization", f"Token token={self.token}")]
        if dialect == "legalesign":
            return [("authorization", f"ApiKey {self.id}:{self.secret}")]
        bearer = ("authorization", f"Bearer {self.token}")
        if dialect == "pulse":
            return [bearer, ("x-account-id", str(self.account))]
        return [bearer]

    def request(self, dialect, method, path, body=None, headers=()):
        """A request with this key's credential in the dialect's form."""
        headers = self.headers(dialect) + list(headers)
        if body is None:
            return Request(method, path, headers)
        headers.append(("content-type", "application/json"))
        return Request(method, path, headers, json.dumps(body).encode())


def _creation_body(dialect, email):
    if dialect == "wonolo":
        user = {"type": "Worker", "first_name": FIRST_NAME, "last_name": "Lovelace"}
        user |= {"email": email, "password": PASSWORD, "password_confirmation": PASSWORD}
        return "/api_v2/users", {"user": user}
    if dialect == "pulse":
        return "/users", {"email": email, "name": f"{FIRST_NAME} Lovelace"}
    if dialect == "platformos":
        form = {"email": email, "first_name": FIRST_NAME, "password": PASSWORD}
        configuration = "reference_rest_api_create_user"
        return "/api/users", {"form_configuration_name": configuration, "form": form}
    if dialect == "legalesign":
        body = {"first_name": FIRST_NAME, "last_name": "Lovelace"}
        return "/api/v1/user/", body | {"email": email, "password": PASSWORD}
    return "/v1/users", {"email": email, "first_name": FIRST_NAME}


def creation(key, dialect, email):
    """The request that creates a user; natively under an idempotency key."""
    path, body = _creation_body(dialect, email)
    headers = [("idempotency-key", f"create.{email}")] if dialect == "native" else []
    return key.request(dialect, "POST", path, body, headers)


def bare_creation(key, dialect, email):
    """As `creation`, without idempotency key, and without password where one may be left out."""
    path, body = _creation_body(dialect, email)
    for holder in (body, body.get("form", {})):
        holder.pop("password", None)
    return key.request(dialect, "POST", path, body)


def reading(key, dialect, user):
    """The request that reads a user, who is given as the native API shows them."""
    path = {
        "wonolo": f"/api_v2/users/{user['id']}",
        "pulse": f"/users/{user['id']}",
        "platformos": f"/api/users/{user['id']}",
        "legalesign": f"/api/v1/user/{user['uid']}/",
        "native": f"/v1/users/{user['id']}",
    }[dialect]
    return key.request(dialect, "GET", path)


def is_taken(dialect, answer):
    """Whether an answer says that the email is another's, in the dialect's own words."""
    if dialect == "wonolo":
        errors = {"errors": {"email": ["has already been taken"]}}
        return (answer.status, answer.json()) == (422, errors)
    if dialect == "pulse":
        return answer.status == 409 and answer.json()["error"] == "Conflict"
    if dialect == "platformos":
        errors = {"id": None, "errors": {"email": ["has already been taken"]}}
        return (answer.status, answer.json()) == (422, errors)
    if dialect == "legalesign":
        told = {"user": {"email": ["A user with this email already exists."]}}
        return (answer.status, answer.json()) == (400, told)
    return answer.status == 409 and answer.json()["code"] == "taken"


def is_unavailable(dialect, answer):
    """Whether an answer is 503 in the dialect's own shape, and says when to come back."""
    if answer.status != 503 or answer.headers.get("retry-after") != "1":
        return False
    body, kind = answer.json(), answer.headers["content-type"]
    said = "the service cannot do this now"
    if dialect == "wonolo":
        return body == {"error": said}
    if dialect == "pulse":
        return body == {"error": "Service Unavailable", "status": 503, "message": said}
    if dialect == "platformos":
        told = {"errors": {"base": ["Service Unavailable"]}}
        return body == told and kind == "application/vnd.api+json"
    if dialect == "legalesign":
        return body == {"error": said, "request_id": answer.headers["x-request-id"]}
    return body["code"] == "unavailable" and kind == "application/problem+json"
