"""A server of this build on a fresh directory, with a key, an account and a group in it."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
# How long a debug build may take to answer for the first time.
PATIENCE = 60
# Users that are there from the beginning.
PEOPLE = 40


def muster():
    """The binary: cargo says where it is."""
    build = ["cargo", "build", "--locked", "-p", "muster", "--message-format=json-render-diagnostics"]
    told = subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in told.stdout.splitlines()]
    return next(each["executable"] for each in messages if each.get("executable"))


class Server:
    """Where it is, and what it knows."""

    def __init__(self, binary, folder):
        self.folder = pathlib.Path(folder)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")
        }
        self.command = [binary, "--database", f"sqlite:{self.folder / 'muster.db'}", "-o", "json"]

    def run(self, *arguments):
        """A command of the binary, on the same directory; what it printed."""
        told = subprocess.run(
            [*self.command, *arguments],
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return json.loads(told.stdout)

    def make(self):
        """A key with all scopes, an account and a group, for calls to name."""
        self.key = self.run("key", "create", "--name", "tests")
        self.account = self.run("account", "create", "--name", "Acme")["id"]
        self.group = self.run("group", "create", "--name", "Sales")
        self.run("badge", "create", "--name", "Forklift")

    def store_forms(self):
        """A form for each resource that none is built in for."""
        for name, resource in (("boat", "Transactable"), ("friend", "RelationshipUser")):
            form = {"name": name, "resource": resource, "type": name, "configuration": {}}
            self.call("POST", "/v1/forms", form)

    def make_people(self):
        """Members of the account, for paths to name."""
        self.people = []
        for number in range(PEOPLE):
            body = {
                "email": f"member{number}@example.org", "first_name": "Ada", "last_name": "Byron"
            }
            _, user = self.call("POST", "/v1/users", body)
            member = {"user_id": user["id"]}
            self.call("POST", f"/v1/accounts/{self.account}/members", member)
            self.people.append({name: user[name] for name in ("id", "uid", "email")})

    def call(self, method, path, body=None, headers=None):
        """A call of `/v1`; its status and body."""
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {self.key['token']}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None


@contextlib.contextmanager
def serving(*arguments):
    """A running server."""
    with tempfile.TemporaryDirectory(prefix="muster-openapi-") as folder:
        server = Server(muster(), folder)
        server.make()
        log = open(server.folder / "log", "w")
        port = free_port()
        addresses = ["--listen", f"127.0.0.1:{port}", "--management", "127.0.0.1:0"]
        # Passkeys are bound to a name.
        addresses += ["--base-url", f"http://localhost:{port}"]
        command = [*server.command, "serve", *addresses, *arguments]
        process = subprocess.Popen(
            command, env=server.environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            server.url = "http://" + json.loads(process.stdout.readline())["listen"]
            wait(server.url)
            server.store_forms()
            server.make_people()
            yield server
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)
            log.close()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait(url):
    """Until the server can serve."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url + "/health/ready", timeout=5):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
