"""What the rig needs before it can measure: programs built and installed; and what machine and
versions the figures are of."""

import os
import platform
import re
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path

from . import process

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
CACHE = BENCH / ".cache"


def say(text):
    """Tells the person at the terminal, and when."""
    print(f"{datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def install(package):
    """Installs a Debian package, where that is possible."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise process.Broken(f"install the package {package}")
    say(f"installing Debian's package {package}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    process.run(["apt-get", "update"], quiet)
    process.run(["apt-get", "install", "-y", "--no-install-recommends", package], quiet)


def need_wrk():
    """Installs wrk when it is not there."""
    if not shutil.which("wrk"):
        install("wrk")


def environment(requirements):
    """A virtual environment with what these files require; made anew when they changed."""
    wanted = "".join(file.read_text() for file in requirements)
    place, mark = CACHE / "environment", CACHE / "environment.txt"
    if mark.exists() and mark.read_text() == wanted:
        return place
    say("installing the Python packages of the rig and its peers")
    shutil.rmtree(place, ignore_errors=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        process.run([sys.executable, "-m", "venv", place])
    except process.Broken:
        install("python3-venv")
        process.run([sys.executable, "-m", "venv", place])
    listed = [option for file in requirements for option in ("-r", file)]
    process.run([place / "bin" / "pip", "install", "--quiet", *listed])
    mark.write_text(wanted)
    return place


def build_muster():
    """Muster as it is shipped."""
    say("building Muster")
    process.run(["cargo", "build", "--release", "--locked"], directory=ROOT, timeout=3600)
    return _target(ROOT) / "release" / "muster"


def build_limits():
    """The limit programs; answers where they are."""
    say("building the limits")
    limits = BENCH / "limits"
    process.run(["cargo", "build", "--release", "--locked"], directory=limits, timeout=3600)
    return _target(limits) / "release"


def _target(workspace):
    return Path(os.environ.get("CARGO_TARGET_DIR") or workspace / "target")


def _first(pattern, file, otherwise="?"):
    found = re.search(pattern, Path(file).read_text(), re.MULTILINE)
    return found[1].strip() if found else otherwise


def _try(command):
    try:
        return process.run(command, directory=ROOT).strip().split("\n", 1)[0]
    except (process.Broken, OSError):
        return "?"


def machine(place):
    """The machine, and the file system that the databases are on."""
    return {
        "processor": _first(r"^model name\s*:\s*(.*)$", "/proc/cpuinfo"),
        "cores": os.cpu_count(),
        "memory_gib": round(int(_first(r"^MemTotal:\s*(\d+)", "/proc/meminfo")) / 1024**2, 1),
        "kernel": platform.release(),
        "system": _first(r'^PRETTY_NAME="?([^"\n]*)', "/etc/os-release"),
        "file_system": _try(["findmnt", "-n", "-o", "FSTYPE", "-T", place]),
    }


def versions(rig):
    """The versions of all that was measured, and of what measured it."""
    return {
        "muster": _try([rig.muster, "--version"]),
        "commit": _try(["git", "describe", "--always", "--dirty"]),
        "rustc": _try(["rustc", "--version"]),
        "wrk": _wrk(),
        "python": platform.python_version(),
        **_locked(BENCH / "limits" / "Cargo.lock"),
    }


def _wrk():
    # It prints its version with its usage, and fails.
    try:
        process.run(["wrk", "-v"])
    except process.Broken as cause:
        found = re.search(r"wrk (\S+)", str(cause).split(":", 1)[-1])
        return found[1] if found else "?"
    return "?"


def _locked(lock):
    named = "axum|tokio-postgres|rusqlite|libsqlite3-sys|argon2"
    pairs = re.findall(rf'^name = "({named})"\nversion = "(.*)"$', lock.read_text(), re.MULTILINE)
    return dict(pairs)


def now():
    """The time, for the record."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
