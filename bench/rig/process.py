"""Processes that the rig starts: each is stopped when the rig ends, however it ends."""

import ctypes
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

# How long a server may take to answer, and to end, before it counts as broken.
READY_SECONDS = 60
STOP_SECONDS = 15
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)
_running = []


class Broken(Exception):
    """A program did not do what the rig needs of it."""


def free_port():
    """A port of 127.0.0.1 that is free now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


def _end_with_the_rig():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """A server in the background, in a process group of its own: Ctrl-C reaches the rig alone,
    which then stops its servers in order."""

    def __init__(self, command, log, environment=None, directory=None):
        self.log = Path(log)
        self.started = time.monotonic()
        with open(self.log, "ab") as output:
            self._popen = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=directory,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                preexec_fn=_end_with_the_rig,
            )
        self.pid = self._popen.pid
        _running.append(self)

    def has_ended(self):
        """Whether it ended by itself."""
        return self._popen.poll() is not None

    def wait_until_ready(self, port, path, pause=0.005):
        """Waits for the first 200 at `path`; answers the seconds since the start."""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        while time.monotonic() - self.started < READY_SECONDS:
            if self.has_ended():
                raise Broken(f"{self._popen.args[0]} ended: {self.log_end()}")
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                    connection.sendall(request)
                    if connection.recv(12) == b"HTTP/1.1 200":
                        return time.monotonic() - self.started
            except OSError:
                pass
            time.sleep(pause)
        raise Broken(f"{self._popen.args[0]} does not answer {path}: {self.log_end()}")

    def log_end(self):
        """The last of what it logged."""
        return self.log.read_bytes()[-2000:].decode(errors="replace")

    def cut_log(self):
        """Empties the log, so that it never reaches the disk."""
        os.truncate(self.log, 0)

    def stop(self):
        """Asks it to end, and insists."""
        if self in _running:
            _running.remove(self)
        if self.has_ended():
            return
        self._popen.terminate()
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def stop_all():
    """Stops what still runs."""
    for process in list(_running):
        process.stop()


def run(command, environment=None, directory=None, timeout=600):
    """Runs a command to its end; answers what it printed. Raises `Broken` when it fails."""
    popen = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=directory,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
        preexec_fn=_end_with_the_rig,
    )
    try:
        output, complaints = popen.communicate(timeout=timeout)
    except BaseException as cause:
        popen.kill()
        popen.wait()
        if isinstance(cause, subprocess.TimeoutExpired):
            raise Broken(f"{command[0]} does not end") from cause
        raise
    if popen.returncode != 0:
        raise Broken(f"{' '.join(map(str, command))} failed: {complaints[-2000:]}{output[-500:]}")
    return output


def tree(pids):
    """The processes and all that they started."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = _stat(entry)
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    found, waiting = set(), list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def _stat(pid):
    """The fields of /proc/PID/stat after the command's name, or nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None


def processor_seconds(pids):
    """Processor time that the processes and their children have used."""
    ticks = 0
    for pid in tree(pids):
        fields = _stat(pid)
        if fields:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def machine_seconds():
    """Processor time that the whole machine has used, or that was taken from it."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _, _, *rest = fields[:8]
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def memory_mib(pids):
    """Memory of the processes in MiB: `pss` in all, of which `anonymous` is their own and
    `file` are pages of files that are mapped, such as the database."""
    sums = {"pss": 0.0, "anonymous": 0.0, "file": 0.0}
    names = {"Pss": "pss", "Pss_Anon": "anonymous", "Pss_File": "file"}
    for pid in tree(pids):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        for name, kib in re.findall(r"^(Pss\w*):\s+(\d+) kB", text, re.MULTILINE):
            if name in names:
                sums[names[name]] += int(kib) / 1024
    return {name: round(value, 1) for name, value in sums.items()}
