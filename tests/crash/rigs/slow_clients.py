"""Slow and greedy clients: another client hardly notices, and memory stays bounded."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time

from apparatus.site import Site
from apparatus.verdict import LeftOut, expect

ROUNDS = 3
QUIET, UNDER_ATTACK = 5, 10
# An attack is given this long to build up before it is measured.
BUILDING_UP = 10
# Opened so many a second: as many requests as a busy client makes, and each to be waited for.
CONNECTIONS, OPENED = 1_000, 100
IDLE_CONNECTIONS = 5_000
BODIES = 4
# How much longer another client's slowest percent may take.
FACTOR = 3
MOST_MEMORY = 256 << 20
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def rig(run):
    slowhttptest = shutil.which("slowhttptest")
    if slowhttptest is None:
        raise LeftOut("slowhttptest is not installed (apt-get install slowhttptest)")
    with Site(run, "sqlite") as site:
        muster = site.muster
        muster.start()
        user = _fill(muster)
        idle = muster.memory()
        for name, command in _attacks(slowhttptest, muster).items():
            yield _against(muster, user, name, command)
        time.sleep(1)
        yield f"slow clients: memory {idle >> 20} MiB before, {muster.memory() >> 20} MiB after"
        muster.tell_to_stop()
        muster.stopped(within=35)


def _fill(muster):
    """Users enough for an answer that is worth reading slowly: the id of one."""
    connection = muster.connection()
    for number in range(300):
        body = {"email": f"native.s.{number}@crash.example", "address": "a" * 200}
        answer = connection.ask(muster.key.request("native", "POST", "/v1/users", body))
        expect(answer.status == 201, f"{answer}")
    return answer.json()["id"]


def _attacks(slowhttptest, muster):
    host, port = muster.address
    base = f"http://{host}:{port}"
    slow = [slowhttptest, "-c", str(CONNECTIONS), "-r", str(OPENED), "-l", "600"]
    of_ours = [sys.executable, "-m", "apparatus.attackers"]
    token = muster.key.token
    answers = f"{base}/api_v2/users?token={token}&per=50"
    return {
        "slow heads": [*slow, "-H", "-i", "2", "-x", "24", "-u", f"{base}/v1/users"],
        "slow bodies": [*slow, "-B", "-i", "2", "-s", "8192", "-t", "POST", "-x", "10",
                        "-f", "application/json", "-u", f"{base}/api_v2/users"],
        "slow readers": [*slow, "-X", "-w", "256", "-y", "512", "-n", "5", "-z", "32",
                         "-k", "1", "-u", answers],
        f"{IDLE_CONNECTIONS} idle connections":
            [*of_ours, "idle", host, str(port), str(IDLE_CONNECTIONS)],
        "100 MB bodies": [*of_ours, "bodies", host, str(port), str(BODIES)],
    }


def _against(muster, user, name, command):
    """One kind of attack, in rounds beside quiet."""
    quiet, attacked = [], []
    with Watch(muster) as watch:
        for _ in range(ROUNDS):
            quiet.append(_paced(muster, user, QUIET))
            with Attack(command):
                time.sleep(BUILDING_UP)
                attacked.append(_paced(muster, user, UNDER_ATTACK))
    before, under = statistics.median(quiet), statistics.median(attacked)
    told = f"{name}: p99 {before:.2f} ms quiet, {under:.2f} ms under attack"
    expect(under <= FACTOR * before, told)
    expect(watch.memory <= MOST_MEMORY, f"{name}: {watch.memory >> 20} MiB")
    return (
        f"slow clients, {told} ({under / before:.1f} x), {watch.connections} connections at most, "
        f"{watch.memory >> 20} MiB at most"
    )


class Attack:
    """A command that is run again and again: it ends when the server has closed on all of it."""

    def __init__(self, command):
        # They stand for other machines, and give way to what is measured.
        self.command = ["nice", "-n", "19", *command]
        self.over = threading.Event()
        self.process = None
        self.thread = threading.Thread(target=self._go_on)

    def _go_on(self):
        while not self.over.is_set():
            self.process = subprocess.Popen(
                self.command, cwd=HERE, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            while self.process.poll() is None and not self.over.wait(0.1):
                pass
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def _paced(muster, user, seconds):
    """The slowest percent of a well-behaved client, in milliseconds."""
    host, port = muster.address
    done = subprocess.run(
        [sys.executable, "-m", "apparatus.pacer", host, str(port), str(seconds)],
        cwd=HERE, input=json.dumps({"token": muster.key.token, "user": user}),
        capture_output=True, text=True,
    )
    expect(done.returncode == 0, done.stderr)
    told = json.loads(done.stdout)
    expect(not told["failures"], f"another client was refused: {told['failures']}")
    return told["p99"]


class Watch:
    """The most memory that the server takes, and the most connections that it holds."""

    def __init__(self, muster):
        self.muster = muster
        self.memory = 0
        self.connections = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look)

    def _look(self):
        files = f"/proc/{self.muster.process.pid}/fd"
        while not self.over.wait(0.2):
            self.memory = max(self.memory, self.muster.memory())
            self.connections = max(self.connections, len(os.listdir(files)))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
