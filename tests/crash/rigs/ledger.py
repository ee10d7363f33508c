"""Nothing acknowledged is lost: the server is killed at random moments under load."""

import time

from apparatus import stored
from apparatus.clients import Audit, Client, Load
from apparatus.dialects import reading
from apparatus.site import ENGINES, Site
from apparatus.verdict import expect

CLIENTS = 8
# Kills on one database, before a new one is begun: so that audits stay short.
ON_ONE_DATABASE = 25


def rig(run):
    for engine in ENGINES:
        yield _on(run, engine)


def _on(run, engine):
    kills = run.of(short=10, long=500)
    done, acknowledged, made, absent, begun = 0, 0, 0, 0, time.monotonic()
    while done < kills and not (done >= 10 and run.out_of_time()):
        audit = Audit()
        with Site(run, engine) as site:
            count = min(ON_ONE_DATABASE, kills - done)
            _one_database(run, site, audit, count)
            if engine == "sqlite" and not done:
                stored.expect_damage_is_seen(site.file)
        done += count
        acknowledged += audit.acknowledged
        made += audit.made
        absent += audit.absent
    seconds = time.monotonic() - begun
    expect(acknowledged > done, "hardly anything was acknowledged")
    return (
        f"ledger, {engine}: {done} kills, {acknowledged} changes acknowledged, 0 lost; "
        f"{made + absent} not acknowledged, {made} whole, {absent} absent, 0 half "
        f"({seconds:.0f} s)"
    )


def _one_database(run, site, audit, kills):
    muster = site.muster
    seeds = [run.random.random() for _ in range(CLIENTS)]
    clients = [Client(f"c{n}", muster.key, site.folder, seeds[n]) for n in range(CLIENTS)]
    muster.start()
    for _ in range(kills):
        load = Load(clients, muster.address)
        time.sleep(run.random.uniform(0.05, 0.6))
        muster.kill()
        load.end()
        site.settle()
        muster.start()
        users = muster.everyone()
        audit.check(clients, users)
        site.expect_whole()
        _read_through_their_apis(run, muster, users)
    muster.kill()


def _read_through_their_apis(run, muster, users):
    """Some users, as the API that made each shows them."""
    connection = muster.connection()
    for user in run.random.sample(users, min(10, len(users))):
        dialect = user["email"].split(".")[0]
        answer = connection.ask(reading(muster.key, dialect, user))
        expect(answer.status == 200, f"{dialect} does not show {user['email']}: {answer}")
    connection.close()
