"""Every creation is told: in the feed, in its stream and by webhook, whatever is killed."""

import time

from apparatus.clients import Audit, Client, Load
from apparatus.follower import Follower
from apparatus.receiver import Receiver, Silent
from apparatus.site import Site
from apparatus.told import CREATED, Told, still_open, stored, unseen_damages
from apparatus.verdict import Broken, expect

# Two nodes of one PostgreSQL share the work.
PLACES = (("sqlite", 1), ("postgres", 2))
CLIENTS = 8
# Kills on one database, before a new one is begun: so that the audit stays short.
ON_ONE_DATABASE = 25
A_MINUTE_LESS = {"sqlite": "due_at - 60000", "postgres": "due_at - interval '1 minute'"}
OPTIONS = ("--webhook-allow", "127.0.0.0/8")


def rig(run):
    for engine, nodes in PLACES:
        yield _on(run, engine, nodes)


def _on(run, engine, nodes):
    kills, figures, begun = run.of(short=5, long=200), Figures(), time.monotonic()
    while figures.kills < kills and not (figures.kills >= 5 and run.out_of_time()):
        count = min(ON_ONE_DATABASE, kills - figures.kills)
        receiver, silent = Receiver(run.random.random()), Silent()
        with Site(run, engine, options=OPTIONS) as site, receiver, silent:
            for _ in range(nodes - 1):
                site.node()
            _one_database(run, site, receiver, silent, count, figures)
        figures.kills += count
    return figures.line(engine, nodes, time.monotonic() - begun)


def _one_database(run, site, receiver, silent, kills, figures):
    for node in site.nodes:
        node.start()
    webhook = _make_webhook(site.muster, receiver.url)
    receiver.secret = webhook["secret"]
    _make_webhook(site.muster, silent.url)
    seeds = [run.random.random() for _ in range(CLIENTS)]
    clients = [Creator(f"c{n}", site.muster.key, site.folder, seeds[n]) for n in range(CLIENTS)]
    with Follower(site.nodes, site.muster.key, run.random.random()) as follower:
        _kill(run, site, clients, kills)
        figures.cut += _cut(run, site, webhook["id"])
        for node in site.nodes:
            node.start()
        _wait_for_rest(run, site, webhook["id"])
        users, feed = site.muster.everyone(), site.muster.feed()
        _wait(
            lambda: follower.has_seen(len(feed)), 10,
            lambda: f"the follower has seen {len(follower.seen)} of {len(feed)} events",
        )
        for node in site.nodes:
            node.kill()
    audit = Audit()
    audit.check(clients, users)
    site.expect_whole()
    emails = {user["id"]: user["email"] for user in users}
    rows = site.rows(stored(webhook["id"]))
    told = Told(emails, feed, follower.seen, receiver.receipts, rows)
    faults = told.faults()
    expect(not faults, f"{len(faults)} faults: " + "; ".join(faults[:10]))
    unseen = unseen_damages(told)
    expect(not unseen, f"the audit does not see these: {unseen}")
    expect(silent.was_tried(), "nothing was sent to the endpoint that never answers")
    figures.add(audit, told, follower)


class Creator(Client):
    """Makes users and leaves them as they are."""

    def step(self, connection):
        return self.create(connection)


def _make_webhook(muster, url):
    """An endpoint of creations: its number and secret."""
    connection = muster.connection()
    body = {"url": url, "event_types": [CREATED]}
    answer = connection.ask(muster.key.request("native", "POST", "/v1/webhooks", body))
    expect(answer.status == 201, f"POST /v1/webhooks: {answer}")
    connection.close()
    return answer.json()


def _kill(run, site, clients, kills):
    """Load on every node; each time some are killed and started again, at last all are killed."""
    nodes = site.nodes
    shares = {node: clients[n :: len(nodes)] for n, node in enumerate(nodes)}
    loads = {node: Load(shares[node], node.address) for node in nodes}
    for left in reversed(range(kills)):
        time.sleep(run.random.uniform(0.1, 0.8))
        some = run.random.sample(nodes, run.random.randint(1, len(nodes)))
        killed = some if left else nodes
        for node in killed:
            node.kill()
        for node in killed:
            loads[node].end()
        if len(killed) == len(nodes):
            site.settle()
        for node in killed if left else ():
            node.start()
            loads[node] = Load(shares[node], node.address)


def _cut(run, site, webhook):
    """How many attempts lie cut after the kills. Their leases have up to a minute to go: the short
    form does not wait for that, and lets a minute pass in the database."""
    cut = sum(bool(row["taken"]) for row in site.rows(still_open(webhook))["pending"])
    if not run.long:
        site.change(f"UPDATE deliveries SET due_at = {A_MINUTE_LESS[site.engine]} "
                    "WHERE lease IS NOT NULL")
    return cut


def _wait_for_rest(run, site, webhook):
    """Until every event has its place, and nothing is due to the receiver that answers. What it
    refused is sent again after 5.5 s at most; in the long form, what a kill cut after 60."""
    within, selects = run.of(short=20, long=90), still_open(webhook)
    _wait(
        lambda: not any(site.rows(selects).values()), within,
        lambda: "open: " + str({name: len(rows) for name, rows in site.rows(selects).items()}),
    )


def _wait(holds, within, failed):
    limit = time.monotonic() + within
    while not holds():
        if time.monotonic() > limit:
            raise Broken(f"after {within} s: {failed()}")
        time.sleep(0.1)


class Figures:
    """What the line of a part says, over all its databases."""

    def __init__(self):
        self.kills = self.cut = self.acknowledged = self.made = 0
        self.events = self.receipts = self.again = self.streams = 0

    def add(self, audit, told, follower):
        self.acknowledged += audit.acknowledged
        self.made += audit.made
        self.events += len(told.feed)
        self.receipts += len(told.receipts)
        self.again += len(told.receipts) - len({each.id for each in told.receipts})
        self.streams += follower.streams

    def line(self, engine, nodes, seconds):
        expect(self.acknowledged > self.kills, "hardly anything was acknowledged")
        expect(self.again > 0, "nothing was sent again")
        return (
            f"events, {engine}, {nodes} node{'s' * (nodes > 1)}: {self.kills} kills, "
            f"{self.acknowledged} creations acknowledged and {self.made} made without, each told "
            f"once in the feed; {self.receipts} messages received, {self.again} of them again, "
            f"{self.cut} attempts cut at the end, none missed, all signed, each event under one "
            f"id; {self.events} events followed over {self.streams} streams, each once and in "
            f"order ({seconds:.0f} s)"
        )
