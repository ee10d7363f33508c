"""The plots. `draw` runs this file with the environment's Python, which has matplotlib."""

import json
import sys
from pathlib import Path

if __name__ != "__main__":
    from . import process

COLORS = {
    "muster": "#1f5fa8",
    "muster-postgres": "#6fa3d8",
    "limit-sqlite": "#8a8a8a",
    "limit-postgres": "#bbbbbb",
    "limit-static": "#dddddd",
    "limit-argon2": "#555555",
}
OTHERS = ("#d9822b", "#2f8f5b", "#a83f6f", "#7a5cb8")
MAIN = ("get", "list", "walk", "update", "create", "password")


def draw(environment, place):
    """Draws the plots of the results in a directory."""
    process.run([environment / "bin" / "python", __file__, place])


def color(server, servers):
    """A server's colour, the same in each plot."""
    others = sorted(set(servers) - set(COLORS))
    return COLORS.get(server) or OTHERS[others.index(server) % len(OTHERS)]


def good(results):
    """The figures that may be shown."""
    return [each for each in results["figures"] if "failed" not in each]


def size_shown(figures):
    """The size whose figures are compared: the greatest that all kinds of servers have."""
    return max((each["size"] for each in figures if each["size"] <= 100_000), default=0)


def bars(pyplot, figures, value, label, title, file, concurrency):
    """Groups of bars, an operation each, a server a bar."""
    size = size_shown(figures)
    shown = [
        each
        for each in figures
        if each["size"] in (size, 0) and each["concurrency"] == concurrency and value(each)
    ]
    operations = [name for name in MAIN if any(each["operation"] == name for each in shown)]
    servers = sorted({each["server"] for each in shown if each["operation"] in operations})
    figure, axes = pyplot.subplots(figsize=(9, 4.2))
    width = 0.8 / max(1, len(servers))
    for server in servers:
        own = {each["operation"]: value(each) for each in shown if each["server"] == server}
        places = []
        for at, name in enumerate(operations):
            if name in own:
                beside = [each for each in servers if has(shown, name, each)]
                places.append(at + (beside.index(server) - (len(beside) - 1) / 2) * width)
        heights = [own[name] for name in operations if name in own]
        drawn = axes.bar(places, heights, width, label=server, color=color(server, servers))
        axes.bar_label(drawn, [brief(height) for height in heights], fontsize=6, rotation=60)
    axes.set_yscale("log")
    axes.margins(y=0.15)
    axes.set_xticks(range(len(operations)), operations)
    axes.set_ylabel(label)
    axes.set_title(f"{title}: {size:_} users, {concurrency} connections".replace("_", " "))
    finish(pyplot, figure, [axes], file)


def has(figures, operation, server):
    """Whether a server has a figure of an operation."""
    return any((each["operation"], each["server"]) == (operation, server) for each in figures)


def brief(number):
    """A number in few characters."""
    return f"{number / 1000:.1f}k" if number >= 1000 else f"{number:.3g}"


def growth(pyplot, figures, file, concurrency):
    """Throughput against the number of users, a plot for each operation."""
    operations = ("get", "list", "walk", "create")
    figure, panes = pyplot.subplots(1, len(operations), figsize=(11, 3.4))
    servers = list(dict.fromkeys(each["server"] for each in figures if each["size"]))
    for name, axes in zip(operations, panes):
        for server in servers:
            points = sorted(
                (each["size"], each["rate"])
                for each in figures
                if (each["operation"], each["server"], each["concurrency"])
                == (name, server, concurrency)
            )
            if points:
                sizes, rates = zip(*points)
                axes.plot(sizes, rates, marker="o", label=server, color=color(server, servers))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_title(f"{name}, {concurrency} connections", fontsize=9)
        axes.set_xlabel("users")
    panes[0].set_ylabel("requests a second")
    finish(pyplot, figure, panes, file)


def finish(pyplot, figure, panes, file):
    """Names the servers below the panes, and writes a small PNG."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    drawn = {}
    for axes in panes:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: brief(number)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        handles, names = axes.get_legend_handles_labels()
        drawn.update(zip(names, handles, strict=True))
    figure.legend(drawn.values(), drawn, loc="lower center", ncols=len(drawn), fontsize=7)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(file, dpi=90)
    pyplot.close(figure)


def main(place):
    """Draws all plots."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figures = good(json.loads((place / "results.json").read_text()))
    if not figures:
        return
    most = max(each["concurrency"] for each in figures)
    rate, title = "requests a second", "Throughput"
    bars(pyplot, figures, lambda each: each["rate"], rate, title, place / "throughput.png", most)
    for name, short in (("p50_ms", "p50"), ("p99_ms", "p99")):
        bars(
            pyplot,
            figures,
            lambda each, name=name: each.get(name),
            "milliseconds",
            f"Latency, {short}",
            place / f"latency-{short}.png",
            most,
        )
    if len({each["size"] for each in figures} - {0}) > 1:
        growth(pyplot, figures, place / "growth.png", most)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
