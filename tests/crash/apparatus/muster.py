"""The server under test: the real binary, started, killed and asked."""

import json
import os
import resource
import signal
import subprocess
import time

from .connection import Connection
from .dialects import Key
from .verdict import Broken, expect

# Nothing of the caller's own settings reaches the server.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("MUSTER_")}


def _as_most_systems_do():
    """Few descriptors at first, whatever the rigs themselves may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1_024, most), most))


class Muster:
    """One node: its folder, its database and, while it runs, its process."""

    def __init__(self, binary, folder, database, options=()):
        self.binary = binary
        self.folder = folder
        self.database = database
        self.options = options
        self.process = None
        self.address = None
        self.key = None
        os.makedirs(folder, exist_ok=True)
        self.log = os.path.join(folder, "muster.log")
        self.secret = os.path.join(os.path.dirname(folder), "secret.key")
        if not os.path.exists(self.secret):
            with open(self.secret, "w") as file:
                file.write("7" * 64)

    def _arguments(self, *arguments):
        common = ["--database", self.database, "--secret-key-file", self.secret]
        return [self.binary, *arguments, "-o", "json", *common]

    def run(self, *arguments):
        """Runs a command of the binary and answers what it prints."""
        done = subprocess.run(
            self._arguments(*arguments), env=ENVIRONMENT, cwd=self.folder,
            capture_output=True, timeout=60,
        )
        expect(done.returncode == 0, f"muster {arguments[0]}: {done.stderr.decode()}")
        return json.loads(done.stdout)

    def make_key(self):
        """An account, and a key that is bound to it."""
        account = self.run("account", "create", "--name", "Acme")["id"]
        made = self.run("key", "create", "--name", "rig", "--account", str(account))
        self.key = Key(made, account)
        return self.key

    def start(self, before=()):
        """Starts it; answers the seconds until it listened. `before` goes before the command."""
        begun = time.monotonic()
        listen = ("--listen", "127.0.0.1:0", "--management", "127.0.0.1:0")
        serve = self._arguments("serve", *listen, *self.options)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*before, *serve], env=ENVIRONMENT | {"MUSTER_LOG": "warn"}, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                preexec_fn=_as_most_systems_do,
            )
        told = self.process.stdout.readline()
        if not told:
            raise Broken(f"muster did not start, status {self.process.wait()}: {self.log}")
        host, port = json.loads(told)["listen"].rsplit(":", 1)
        self.address = (host, int(port))
        return time.monotonic() - begun

    def connection(self):
        return Connection(self.address)

    def kill(self):
        """SIGKILL: nothing is finished, nothing is said."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def tell_to_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def stopped(self, within):
        """Waits for its end after SIGTERM, which must come well and in time."""
        try:
            status = self.process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Broken(f"muster still ran {within} s after SIGTERM") from None
        self.process.stdout.close()
        expect(status == 0, f"muster ended with status {status} after SIGTERM")

    def end(self):
        """Whatever happened, it does not outlive the rig. One that ended by itself is told of."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.kill()
        elif self.process.returncode not in (0, -signal.SIGKILL):
            print(f"muster ended by itself, status {self.process.returncode}", flush=True)

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise Broken("the process has no memory")

    def everyone(self):
        """All users, as the native API walks them."""
        return self._walk("/v1/users?limit=200")

    def feed(self):
        """All events that the key may see, in the order of the feed."""
        return self._walk("/v1/events?limit=200")

    def _walk(self, path):
        connection, rows = self.connection(), []
        while path:
            answer = connection.ask(self.key.request("native", "GET", path))
            expect(answer.status == 200, f"GET {path}: {answer}")
            page = answer.json()
            rows += page["data"]
            # The feed has a cursor to go on from at its end too, and says that it is the end.
            link = answer.headers.get("link") if page.get("has_more", True) else None
            path = link[link.index("<") + 1 : link.index(">")] if link else None
        connection.close()
        return rows
