"""What is measured of a program beside its throughput: cold start, memory when idle, size."""

import shutil
import statistics
import time

from . import process
from .muster import serve_command

STARTS = 10
# How long after its first answer a server counts as idle.
SETTLE_SECONDS = 2


def measure(rig, peers):
    """Starts Muster, and each peer, on nothing, several times; answers what that showed."""
    programs = {"muster": (rig.muster, _muster, "/health/ready")}
    for peer in peers:
        programs[peer.name] = (peer.program(rig), peer.cold, peer.health)
    found = {}
    for name, (program, command, health) in programs.items():
        seconds = [_start(rig, command, health, settle=0)[0] for _ in range(STARTS)]
        _, memory = _start(rig, command, health, settle=SETTLE_SECONDS)
        found[name] = {
            "cold_start_ms": round(statistics.median(seconds) * 1000, 1),
            "cold_starts_ms": [round(each * 1000, 1) for each in seconds],
            "idle_mib": memory,
            "binary_mib": round(program.stat().st_size / 1024**2, 1),
        }
    return found


def _muster(rig, place, port):
    return serve_command(rig, f"sqlite:{place}/muster.db", place / "secret.key", port)


def _start(rig, command, health, settle):
    """One start in an empty directory: the seconds to its first answer, and its memory after."""
    place = rig.place / "start"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    port = process.free_port()
    arguments, environment = command(rig, place, port)
    server = process.Process(arguments, rig.place / "start.log", environment, place)
    try:
        seconds = server.wait_until_ready(port, health, pause=0.0005)
        time.sleep(settle)
        return seconds, process.memory_mib([server.pid])
    finally:
        server.stop()
