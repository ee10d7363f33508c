"""Many writers, one email, one success: over all dialects, on each engine and on two nodes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from apparatus.connection import Connection
from apparatus.dialects import bare_creation, is_taken
from apparatus.site import Site
from apparatus.verdict import Broken, expect

# How many of each: Wonolo's are few, since theirs alone hash a password, which takes its time.
OF_EACH = {"wonolo": 2, "pulse": 5, "platformos": 5, "legalesign": 6, "native": 6}
WRITERS = sum(OF_EACH.values())
PLACES = (("sqlite", 1), ("postgres", 1), ("postgres", 2))


def rig(run):
    for engine, nodes in PLACES:
        yield _on(run, engine, nodes)


def _on(run, engine, nodes):
    rounds, begun, done = run.of(short=40, long=400), time.monotonic(), 0
    with Site(run, engine) as site:
        for _ in range(nodes - 1):
            site.node()
        for node in site.nodes:
            node.start()
        dialects = [dialect for dialect, count in OF_EACH.items() for _ in range(count)]
        writers = [Writer(each, site.nodes[n % nodes]) for n, each in enumerate(dialects)]
        wins = {dialect: 0 for dialect in OF_EACH}
        while done < rounds and not (done >= 40 and run.out_of_time()):
            wins[_race(run, writers, done)] += 1
            done += 1
        users = site.muster.everyone()
        expect(len(users) == done, f"{len(users)} users after {done} rounds")
        site.expect_whole(named=False)
    seconds = time.monotonic() - begun
    return (
        f"races, {engine}, {nodes} node{'s' * (nodes > 1)}: {WRITERS} writers, {done} rounds, "
        f"one success each, {done * (WRITERS - 1)} told that it is taken; won by "
        + ", ".join(f"{name} {count}" for name, count in wins.items())
        + f" ({seconds:.0f} s)"
    )


class Writer:
    """One writer, with a dialect and a connection of its own."""

    def __init__(self, dialect, node):
        self.node = node
        self.dialect = dialect
        self.connection = Connection(node.address)
        self.answer = None
        self.seconds = 0

    def write(self, email, start, delay):
        request = bare_creation(self.node.key, self.dialect, email)
        start.wait()
        time.sleep(delay)
        begun = time.monotonic()
        self.answer = self.connection.ask(request)
        self.seconds = time.monotonic() - begun


def _race(run, writers, number):
    """One round: the dialect that won it."""
    start = threading.Barrier(len(writers))
    email = f"race{number}@crash.example"
    # In every other round the others give those who hash a start, so that all come to the
    # database together.
    hashing = [each.seconds for each in writers if each.dialect == "wonolo"]
    longest = max(hashing) if number % 2 else 0
    with ThreadPoolExecutor(len(writers)) as pool:
        done = []
        for each in writers:
            delay = longest * run.random.uniform(0.8, 1.2) if each.dialect != "wonolo" else 0
            done.append(pool.submit(each.write, email, start, delay))
        for each in done:
            each.result()
    won = [each for each in writers if each.answer.status == 201]
    expect(len(won) == 1, f"{len(won)} of {len(writers)} were told that they made {email}")
    for each in writers:
        if each is not won[0] and not is_taken(each.dialect, each.answer):
            raise Broken(f"{each.dialect}, second to {won[0].dialect}: {each.answer}")
    return won[0].dialect
