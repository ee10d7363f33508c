"""PostgreSQL itself is killed under load: the nodes heal by themselves, nothing is lost."""

import time

from apparatus.clients import Audit, Client, Load
from apparatus.site import Site
from apparatus.verdict import Broken, expect

CLIENTS = 8
# Seconds that writes may fail after PostgreSQL accepts connections again: a connection that is
# being made, or waited for, may take five.
LONGEST_GAP = 10


def rig(run):
    kills = run.of(short=2, long=100)
    begun = time.monotonic()
    with Site(run, "postgres") as site:
        muster, audit = site.muster, Audit()
        seeds = [run.random.random() for _ in range(CLIENTS)]
        clients = [Client(f"c{n}", muster.key, site.folder, seeds[n]) for n in range(CLIENTS)]
        muster.start()
        gaps = []
        while len(gaps) < kills and not (len(gaps) >= 2 and run.out_of_time()):
            gaps.append(_one_kill(run, site, clients))
            users = muster.everyone()
            audit.check(clients, users)
            site.expect_whole()
        muster.tell_to_stop()
        muster.stopped(within=35)
    seconds = time.monotonic() - begun
    refusals = sum(each.refusals for each in clients)
    down = [down for down, _ in gaps]
    healed = [healed for _, healed in gaps]
    yield (
        f"postgres killed: {len(gaps)} kills, {audit.acknowledged} changes acknowledged, 0 lost; "
        f"{refusals} answered 503, {audit.made} of them made, 0 half; down {min(down):.2f} to "
        f"{max(down):.2f} s, writes back after {max(healed):.2f} s more at most ({seconds:.0f} s)"
    )


def _one_kill(run, site, clients):
    """Seconds that PostgreSQL was down, and that every client needed after it to write again."""
    cluster = run.cluster()
    load = Load(clients, site.muster.address, through_refusals=True)
    try:
        _wait_for_writes(clients, since=time.monotonic(), within=LONGEST_GAP)
        time.sleep(run.random.uniform(0.05, 0.5))
        before = sum(each.refusals for each in clients)
        killed = time.monotonic()
        cluster.kill()
        cluster.start_again()
        up = time.monotonic()
        healed = _wait_for_writes(clients, since=up, within=LONGEST_GAP) - up
        after = sum(each.refusals for each in clients)
        expect(after > before, "no client met the database that was down")
    finally:
        load.end()
    return up - killed, healed


def _wait_for_writes(clients, since, within):
    """Until each client has had a change acknowledged since then: when the last one had."""
    limit = time.monotonic() + within
    while True:
        for each in clients:
            if each.failure:
                raise Broken(each.failure)
        firsts = [_first_since(each.acknowledgements, since) for each in clients]
        if all(firsts):
            return max(firsts)
        missing = sum(first is None for first in firsts)
        expect(time.monotonic() < limit, f"{missing} clients cannot write after {within} s")
        time.sleep(0.02)


def _first_since(times, since):
    """The first of rising times that is not before `since`."""
    first = None
    for at in reversed(times):
        if at < since:
            break
        first = at
    return first
