"""A well-behaved client, in a process of its own: how long do its requests take?

    python3 -m apparatus.pacer HOST PORT SECONDS < {"token": …, "user": …}

It reads and creates, on a kept connection and on new ones in turn, at a steady pace whatever the
answers take, and prints the latency of its slowest percent, in milliseconds, as JSON.
"""

import json
import sys
import time

from .connection import Connection, NoAnswer, Request

PACE = 1 / 100


def main():
    address, seconds = (sys.argv[1], int(sys.argv[2])), float(sys.argv[3])
    given = json.load(sys.stdin)
    kept, latencies, failures = Connection(address), [], []
    begun = time.monotonic()
    for turn in range(int(seconds / PACE)):
        due = begun + turn * PACE
        time.sleep(max(0, due - time.monotonic()))
        new = turn % 2 == 1
        connection = Connection(address) if new else kept
        try:
            answer = connection.ask(_request(given, turn))
            if answer.status not in (200, 201):
                failures.append(f"{answer}")
        except NoAnswer as cause:
            failures.append(f"{type(cause).__name__} {cause}")
        # From when it was due: a request that had to wait for the one before has waited too.
        latencies.append(time.monotonic() - due)
        if new:
            connection.close()
    latencies.sort()
    p99 = latencies[int(len(latencies) * 0.99)] * 1000
    print(json.dumps({"p99": p99, "count": len(latencies), "failures": failures[:5]}))


def _request(given, turn):
    headers = [("authorization", f"Bearer {given['token']}")]
    if turn % 10:
        return Request("GET", f"/v1/users/{given['user']}", headers)
    headers.append(("content-type", "application/json"))
    body = json.dumps({"email": f"paced.{time.monotonic_ns()}@crash.example"})
    return Request("POST", "/v1/users", headers, body.encode())


if __name__ == "__main__":
    main()
