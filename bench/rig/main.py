"""The rig's command line, and the order in which everything happens."""

import argparse
import importlib.util
import shutil
import signal
import statistics
import tempfile
import time
from pathlib import Path

from . import plots, process, report, startup, tools
from .limits import LimitArgon2, LimitPostgres, LimitSqlite, LimitStatic
from .muster import MusterPostgres, MusterSqlite
from .operations import OPERATIONS
from .postgres import Cluster
from .tools import BENCH, say

CONCURRENCIES = (16, 64)
SIZES = (10_000, 100_000, 1_000_000)


class Rig:
    """What all parts share while the rig runs."""

    def __init__(self, options):
        self.options = options
        tools.need_wrk()
        self.limit_programs = tools.build_limits()
        self.muster = Path(options.muster).resolve() if options.muster else tools.build_muster()
        self.peers = [load_peer(folder) for folder in peer_folders()]
        required = [BENCH / "requirements.txt"]
        required += [folder / "requirements.txt" for folder in peer_folders()]
        self.environment = tools.environment([file for file in required if file.exists()])
        # The user who runs PostgreSQL must reach its part of it.
        self.place = Path(tempfile.mkdtemp(prefix="muster-bench-", dir=options.data))
        self.place.chmod(0o711)
        self.postgres = Cluster(tools.ROOT, self.place / "postgres")
        self.sqlite_people = {}
        self.postgres_people = {}

    def close(self):
        """Stops everything and deletes what was made."""
        process.stop_all()
        self.postgres.stop()
        shutil.rmtree(self.place, ignore_errors=True)


def peer_folders():
    """The folders of the peers."""
    return sorted(path.parent for path in (BENCH / "peers").glob("*/peer.py"))


def load_peer(folder):
    """The class `Peer` of a peer's folder."""
    spec = importlib.util.spec_from_file_location(f"peer_{folder.name}", folder / "peer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Peer


def read_options():
    """What the command line says."""
    names = ", ".join(operation.name for operation in OPERATIONS)
    reader = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    add = reader.add_argument
    add("--quick", action="store_true", help="a part of it, in three minutes after the builds")
    add("--only", metavar="OP,…", help=f"these operations: {names}")
    add("--sizes", metavar="N,…", help="numbers of users")
    add("--servers", metavar="NAME,…", help="limit-static, limit-sqlite, muster, pocketbase …")
    add("--seconds", type=int, help="length of a run")
    add("--rounds", type=int, default=3, help="runs of which the median is taken")
    add("--out", metavar="DIR", help="where the results go")
    add("--data", default="/var/tmp", metavar="DIR", help="where the databases go: a real disk")
    add("--muster", metavar="FILE", help="a program that is built already")
    options = reader.parse_args()
    quick = options.quick
    options.seconds = options.seconds or (1 if quick else 2)
    options.asked_sizes = listed(options.sizes, int)
    options.sizes = options.asked_sizes or (SIZES[:1] if quick else SIZES)
    options.only = listed(options.only)
    options.servers = listed(options.servers)
    options.out = Path(options.out or BENCH / "results" / ("quick" if quick else "latest"))
    return options


def listed(text, kind=str):
    """The values of a comma list."""
    return [kind(part) for part in text.split(",")] if text else []


def chosen_operations(options):
    """The operations that were asked for."""
    unknown = set(options.only) - {operation.name for operation in OPERATIONS}
    if unknown:
        raise process.Broken(f"no such operation: {', '.join(unknown)}")
    if options.only:
        return [operation for operation in OPERATIONS if operation.name in options.only]
    return [operation for operation in OPERATIONS if operation.quick or not options.quick]


def chosen_groups(rig):
    """Kinds of servers that are measured side by side, by the engine they stand on."""
    options = rig.options
    groups = {
        "sqlite": [LimitStatic, LimitSqlite, LimitArgon2, *rig.peers, MusterSqlite],
        "postgres": [LimitPostgres, MusterPostgres],
    }
    unknown = set(options.servers) - {kind.name for group in groups.values() for kind in group}
    if unknown:
        raise process.Broken(f"no such server: {', '.join(unknown)}")
    if options.servers:
        return {
            engine: [kind for kind in group if kind.name in options.servers]
            for engine, group in groups.items()
        }
    if options.quick:
        groups.pop("postgres")
    return groups


def make_servers(rig, kinds):
    """A server of each kind at each size, with its data, running."""
    servers = []
    for kind in kinds:
        most = kind.most_users if rig.options.asked_sizes else kind.usual_users
        sizes = [size for size in rig.options.sizes if size <= min(most, kind.most_users)]
        for size in [0] if kind in (LimitStatic, LimitArgon2) else sizes:
            say(f"preparing {kind.name}" + (f" with {size} users" if size else ""))
            server = kind(rig, size)
            server.prepare()
            server.copy()
            server.start()
            servers.append(server)
    return servers


def measure_operation(rig, operation, servers):
    """All rounds of one operation on all servers that have it, in turn."""
    servers = [server for server in servers if server.call(operation)]
    for server in servers:
        server.check(operation)
        if operation.large and not rig.options.quick:
            # A first run, which does not count, so that what is made once is made.
            server.measure(operation, CONCURRENCIES[0], 1)
    for concurrency in CONCURRENCIES:
        samples = {server: [] for server in servers}
        for _ in range(rig.options.rounds):
            for server, runs in samples.items():
                runs.append(server.measure(operation, concurrency, rig.options.seconds))
        for server, runs in samples.items():
            yield figure(operation, server.name, server.size, concurrency, runs)


def figure(operation, server, size, concurrency, runs):
    """The medians of some runs; a run that failed makes no figure."""
    found = {
        "operation": operation.name,
        "server": server,
        "size": size,
        "concurrency": concurrency,
        "runs": runs,
    }
    failures = [run["failed"] for run in runs if "failed" in run]
    if failures:
        found["failed"] = failures[0]
    else:
        for name in runs[0]:
            found[name] = round(statistics.median(run[name] for run in runs), 3)
    tell(found)
    return found


def tell(found):
    """A line for whoever watches."""
    where = f"{found['operation']:20} {found['server']:16} {found['size'] or '':>8}"
    where += f" c={found['concurrency']:<3}"
    if "failed" in found:
        say(f"{where} FAILED: {found['failed']}")
        return
    latency = ""
    if "p50_ms" in found:
        latency = f"p50 {found['p50_ms']:8.2f} ms  p99 {found['p99_ms']:8.2f} ms"
    rates = " ".join(f"{run['rate']:.0f}" for run in found["runs"])
    say(f"{where} {found['rate']:9.0f}/s  {latency}  others {found['others']:.2f}  ({rates})")


def measure_group(rig, kinds, results):
    """Measures servers that stand side by side, then stops them."""
    servers = make_servers(rig, kinds)
    for operation in chosen_operations(rig.options):
        results["figures"].extend(measure_operation(rig, operation, servers))
    for server in servers:
        used = server.memory()
        if used:
            results["memory"].append({"server": server.name, "size": server.size, **used})
        server.stop()
        shutil.rmtree(server.place)


# Options that say where things are on this machine.
PLACES = ("out", "data", "muster")


def new_results(rig):
    """Results without a figure: when, where and of what."""
    versions = tools.versions(rig)
    versions |= {peer.name: peer.version(rig) for peer in rig.peers}
    return {
        "date": tools.now(),
        "machine": tools.machine(rig.place),
        "versions": versions,
        "options": {
            key: str(value)
            for key, value in vars(rig.options).items()
            if key not in PLACES
        },
        "startup": {},
        "figures": [],
        "memory": [],
        "imports": [],
    }


def measure(rig, results):
    """Measures everything that was asked for; results grow meanwhile."""
    began = time.monotonic()
    if not rig.options.only:
        say("cold starts")
        results["startup"] = startup.measure(rig, rig.peers)
    groups = chosen_groups(rig)
    measure_group(rig, groups["sqlite"], results)
    note_imports(rig.sqlite_people, results)
    if groups.get("postgres"):
        rig.postgres.start()
        results["versions"]["postgres"] = rig.postgres.version()
        measure_group(rig, groups["postgres"], results)
        note_imports(rig.postgres_people, results)
    results["minutes"] = round((time.monotonic() - began) / 60, 1)


def note_imports(databases, results):
    """Keeps how long the people took to load, and nothing else of them."""
    for database in databases.values():
        engine = database.url.split(":", 1)[0]
        taken = {"engine": engine, "size": database.size, "seconds": database.import_seconds}
        results["imports"].append(taken)
        shutil.rmtree(database.place)


def keep(rig, results):
    """Writes and shows what there is, also when the rig was interrupted."""
    if not results["figures"]:
        return
    text = report.write(results, rig.options.out)
    plots.draw(rig.environment, rig.options.out)
    print(text)
    say(f"the results are in {rig.options.out}")


def stop_on_signals():
    """What would end the rig at once ends it in order; a second time changes nothing."""

    def stop(number, _):
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)


def main():
    """Runs the rig: 0 when every run was good, 1 when one was not."""
    options = read_options()
    stop_on_signals()
    rig = None
    try:
        rig = Rig(options)
        results = new_results(rig)
        try:
            measure(rig, results)
        finally:
            keep(rig, results)
        say(f"it took {results['minutes']} minutes")
        return 1 if any("failed" in found for found in results["figures"]) else 0
    except process.Broken as cause:
        say(f"bench/run: {cause}")
        return 1
    finally:
        process.stop_all()
        if rig:
            rig.close()
