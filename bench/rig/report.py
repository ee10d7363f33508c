"""From figures to the table: what was wanted, what was measured, and whether it suffices."""

import json
import statistics
from dataclasses import dataclass

from .operations import OPERATIONS

TITLES = {operation.name: operation.title for operation in OPERATIONS}


@dataclass(frozen=True)
class Target:
    """A ratio that is wanted of Muster's throughput: to another server's at the same operation,
    size and concurrency, or to something else of its own. One of which nothing is wanted is
    shown all the same."""

    operation: str
    of: str
    wanted: float | None
    server: str = "muster"
    # What the other one is measured at, where it is not the same.
    of_operation: str = ""
    of_size: int = 0
    # The size that is judged, where the target names one and it was measured.
    judged: int = 0


TARGETS = [
    Target("get", "limit-sqlite", 0.7),
    Target("get", "pocketbase", 6),
    Target("create", "limit-sqlite", 0.5),
    Target("create", "pocketbase", 3),
    Target("list", "limit-sqlite", 0.6, judged=100_000),
    Target("list", "pocketbase", 8, judged=100_000),
    Target("list", "pocketbase", None, of_operation="list-uncounted"),
    Target("walk", "muster", 0.9, of_operation="first", judged=1_000_000),
    Target("walk", "pocketbase", 20, of_size=100_000, judged=1_000_000),
    Target("walk", "pocketbase", None, of_operation="walk-uncounted", of_size=100_000),
    Target("password", "limit-argon2", 0.9),
    Target("password", "pocketbase", 5),
    Target("login", "limit-argon2", 0.9),
    Target("page-wonolo", "limit-sqlite", 1.5, judged=1_000_000),
    Target("list-wonolo", "limit-sqlite", None, of_operation="list"),
    Target("authorize-wonolo", "limit-sqlite", None, of_operation="get"),
    Target("get", "limit-postgres", 0.7, server="muster-postgres"),
    Target("create", "limit-postgres", 0.7, server="muster-postgres"),
    Target("page-wonolo", "limit-postgres", 1.5, server="muster-postgres", judged=1_000_000),
    Target(
        "list-wonolo", "limit-postgres", None, server="muster-postgres", of_operation="list"
    ),
    Target(
        "authorize-wonolo", "limit-postgres", None, server="muster-postgres", of_operation="get"
    ),
]
# Throughput at the greatest size against the smallest.
GROWTH = (("get", "list", "walk", "create"), 10_000, 1_000_000, 0.8)
COLD_START_MS = 50
IDLE_MIB = 20
LOADED_MIB = 150
# Ratios from here on are shown without decimals.
LARGE_RATIO = 10


class Figures:
    """The figures, to be looked up."""

    def __init__(self, results):
        self._by_key = {
            (each["operation"], each["server"], each["size"], each["concurrency"]): each
            for each in results["figures"]
        }
        self.sizes = sorted({key[2] for key in self._by_key} - {0})
        self.concurrencies = sorted({key[3] for key in self._by_key})

    def get(self, operation, server, size, concurrency):
        """A figure, also of a server that has no size."""
        found = self._by_key.get((operation, server, size, concurrency))
        return found or self._by_key.get((operation, server, 0, concurrency))

    def rate(self, *key):
        """A throughput, or nothing where it was not measured or failed."""
        found = self.get(*key)
        return found.get("rate") if found and "failed" not in found else None

    def cells(self):
        """Every size and concurrency that was measured."""
        return [(size, each) for size in self.sizes for each in self.concurrencies]


def ratios(results):
    """Each target with the ratios that were measured, and whether they suffice."""
    figures = Figures(results)
    found = [_judge(figures, target) for target in TARGETS]
    found += [_judge_growth(figures, operation) for operation in GROWTH[0]]
    return [each for each in found if each["cells"]]


def _judge(figures, target):
    cells = {}
    for size, concurrency in figures.cells():
        own = figures.rate(target.operation, target.server, size, concurrency)
        operation = target.of_operation or target.operation
        other = figures.rate(operation, target.of, target.of_size or size, concurrency)
        if own and other:
            cells[f"{size} c{concurrency}"] = own / other
    of = target.of if target.of != target.server else "its own"
    of += f": {TITLES[target.of_operation]}" if target.of_operation else ""
    of += f", {thousands(target.of_size)} users" if target.of_size else ""
    asked = {name: ratio for name, ratio in cells.items() if name.startswith(f"{target.judged} ")}
    return {
        "what": f"{_prefix(target.server)}{TITLES[target.operation]}",
        "of": of,
        "wanted": target.wanted,
        "cells": {name: round(ratio, 3) for name, ratio in cells.items()},
        "judged": target.judged if asked else None,
        "passed": target.wanted is None
        or all(ratio >= target.wanted for ratio in (asked or cells).values()),
    }


def _judge_growth(figures, operation):
    _, small, large, wanted = GROWTH

    def decline(server, concurrency):
        before = figures.rate(operation, server, small, concurrency)
        after = figures.rate(operation, server, large, concurrency)
        return after / before if before and after else None

    cells, limits, passed = {}, {}, True
    for concurrency in figures.concurrencies:
        own = decline("muster", concurrency)
        limit = decline("limit-sqlite", concurrency)
        if own:
            name = f"{large} c{concurrency}"
            cells[name] = round(own, 3)
            limits[name] = limit and round(limit, 3)
            passed = passed and own >= min(wanted, limit or wanted)
    return {
        "what": TITLES[operation],
        "of": f"its own at {thousands(small)} users (the limit's)",
        "wanted": wanted,
        "cells": cells,
        "limits": limits,
        "judged": None,
        "passed": passed,
    }


def _prefix(server):
    return "PostgreSQL: " if server.endswith("postgres") else ""


def plain_targets(results):
    """Targets that are no ratios: name, measured, wanted, unit, passed."""
    found = []
    own = results.get("startup", {}).get("muster")
    if own:
        found.append(("cold start, empty file", own["cold_start_ms"], COLD_START_MS, "ms"))
        found.append(("memory, idle", own["idle_mib"]["pss"], IDLE_MIB, "MiB"))
    for each in results["memory"]:
        if each["server"] == "muster":
            name = f"memory after load, {thousands(each['size'])} users"
            name += f" (of which {each['file']:.0f} MiB are mapped files)"
            found.append((name, each["pss"], LOADED_MIB, "MiB"))
    return [(name, value, wanted, unit, value <= wanted) for name, value, wanted, unit in found]


def thousands(number):
    """A number as it is read: 100 000."""
    return f"{number:,}".replace(",", " ")


def _row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _rule(columns):
    return _row(*["---"] * columns)


def _verdict(passed):
    return "pass" if passed else "**short**"


def ratio_table(results):
    """What must be shown, as Markdown."""
    found = ratios(results)
    names = list(dict.fromkeys(name for each in found for name in each["cells"]))
    lines = [_row("operation", "of", "wanted", *map(_head, names), ""), _rule(len(names) + 4)]
    for each in found:
        limits = each.get("limits", {})
        cells = [_ratio(each["cells"].get(name), limits.get(name)) for name in names]
        wanted = each["wanted"] and f"≥ {each['wanted']:g}"
        verdict = _verdict(each["passed"]) if wanted else ""
        lines.append(_row(each["what"], each["of"], wanted or "", *cells, verdict))
    return "\n".join(lines)


def _head(name):
    size, concurrency = name.split(" c")
    return f"{thousands(int(size))}, {concurrency}"


def _ratio(value, limit=None):
    if value is None:
        return ""
    shown = f"{value:.2f}" if value < LARGE_RATIO else f"{value:.0f}"
    return f"{shown} ({limit:.2f})" if limit else shown


def plain_table(results):
    """Cold start, memory, size and import, as Markdown."""
    lines = [_row("what", "measured", "wanted", ""), _rule(4)]
    for name, value, wanted, unit, passed in plain_targets(results):
        lines.append(_row(name, f"{value:g} {unit}", f"≤ {wanted} {unit}", _verdict(passed)))
    for name, each in results.get("startup", {}).items():
        if name != "muster":
            lines.append(_row(f"{name}: cold start", f"{each['cold_start_ms']:g} ms", "", ""))
            lines.append(_row(f"{name}: memory, idle", f"{each['idle_mib']['pss']:g} MiB", "", ""))
        lines.append(_row(f"{name}: program", f"{each['binary_mib']:g} MiB", "", ""))
    for each in results["imports"]:
        what = f"loading {thousands(each['size'])} users, {each['engine']}"
        lines.append(_row(what, f"{each['seconds']:g} s", "", ""))
    return "\n".join(lines)


def rate_table(results):
    """Every figure, as Markdown."""
    figures = Figures(results)
    heads = [
        f"{name}, {each}" for each in figures.concurrencies for name in ("/s", "p50 ms", "p99 ms")
    ]
    lines = [_row("operation", "server", "users", *heads), _rule(len(heads) + 3)]
    seen = dict.fromkeys(
        (each["operation"], each["server"], each["size"]) for each in results["figures"]
    )
    for operation, server, size in seen:
        cells = []
        for concurrency in figures.concurrencies:
            cells += _figure_cells(figures.get(operation, server, size, concurrency))
        lines.append(_row(TITLES[operation], server, thousands(size) if size else "", *cells))
    return "\n".join(lines)


def _figure_cells(found):
    if not found or "failed" in found:
        return ["failed" if found else "", "", ""]
    latencies = [f"{found[name]:.2f}" if name in found else "" for name in ("p50_ms", "p99_ms")]
    return [
        thousands(round(found["rate"])) if found["rate"] >= 100 else f"{found['rate']:.1f}",
        *latencies,
    ]


def heading(results):
    """One line on when, where and of what the figures are."""
    machine, versions, options = results["machine"], results["versions"], results["options"]
    others = [run["others"] for each in results["figures"] for run in each["runs"]] or [0]
    parts = [
        results["date"],
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB",
        machine["file_system"],
        f"{versions['muster']} at {versions['commit']}",
        f"runs of {options['seconds']} s, medians of {options['rounds']}",
        f"others used {statistics.median(others):.0%} of the machine during a run, "
        f"at most {max(others):.0%}",
    ]
    return " · ".join(parts + ["**interrupted**"] * ("minutes" not in results))


def table(results):
    """All tables, as Markdown."""
    return f"""# Muster beside its limits and peers

{heading(results)}

## What it must show

Ratios of throughput, by number of users and concurrency.

{ratio_table(results)}

{plain_table(results)}

## All figures

Requests a second and latencies, by concurrency.

{rate_table(results)}
"""


def written(results):
    """The results as JSON, a figure a line."""
    rest = {name: value for name, value in results.items() if name != "figures"}
    figures = ",\n".join(json.dumps(each) for each in results["figures"])
    return json.dumps(rest, indent=1)[:-2] + f',\n "figures": [\n{figures}\n ]\n}}\n'


def write(results, place):
    """Writes the results and their table; answers the table."""
    results["ratios"] = ratios(results)
    text = table(results)
    place.mkdir(parents=True, exist_ok=True)
    (place / "results.json").write_text(written(results))
    (place / "table.md").write_text(text)
    return text
