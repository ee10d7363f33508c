"""The client that openapi-python-client makes from native's document: made without a warning, it
creates, reads, lists and changes a user."""

import importlib
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def make(folder):
    """Makes the client, and imports it."""
    config = folder / "client.yaml"
    config.write_text("package_name_override: muster_client\npost_hooks: []\n"
        # Every JSON text is YAML.
        "content_type_overrides:\n  application/yaml: application/json\n"
    )
    program = pathlib.Path(sys.executable).with_name("openapi-python-client")
    document = ROOT / "openapi" / "native.json"
    made = folder / "client"
    subprocess.run(
        [
            program, "generate", "--path", document, "--output-path", made, "--config", config,
            "--meta", "none", "--fail-on-warning",
        ],
        check=True,
    )
    sys.path.insert(0, str(folder))
    made.rename(folder / "muster_client")
    return importlib.import_module("muster_client")


def check(server):
    """Whether the client does what it is for."""
    package = make(server.folder)
    users = importlib.import_module("muster_client.api.users")
    models = importlib.import_module("muster_client.models")
    call = lambda name: importlib.import_module(f"muster_client.api.users.{name}")
    client = package.AuthenticatedClient(base_url=server.url, token=server.key["token"])

    body = models.UserCreation(email="client@example.org", first_name="Ada", last_name="Lovelace")
    made = call("create_user").sync_detailed(client=client, body=body)
    assert made.status_code == 201, made
    user = made.parsed
    assert isinstance(user, models.User) and user.email == "client@example.org", user
    assert made.headers["location"] == f"/v1/users/{user.id}"

    page = call("list_users").sync(client=client, email="client@example.org")
    assert [each.id for each in page.data] == [user.id] and page.next_cursor is None, page

    change = models.UserUpdate(city="Paris", rating=4.5)
    changed = call("update_user").sync_detailed(
        id=user.id, client=client, body=change, if_match=made.headers["etag"]
    )
    assert changed.status_code == 200, changed
    assert (changed.parsed.city, changed.parsed.rating) == ("Paris", 4.5)
    assert changed.parsed.version == user.version + 1 and changed.parsed.first_name == "Ada"

    stale = call("update_user").sync_detailed(
        id=user.id, client=client, body=change, if_match=made.headers["etag"]
    )
    assert stale.status_code == 412 and isinstance(stale.parsed, models.Problem), stale
    twice = call("create_user").sync(client=client, body=body)
    assert isinstance(twice, models.Problem) and twice.errors[0].pointer == "/email", twice
    assert users is not None
    print("a client made from the document creates, lists and changes a user")
