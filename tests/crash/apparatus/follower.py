"""A follower of the feed's stream, who comes again whenever it ends."""

import http.client
import json
import random
import threading
import time

from .verdict import Broken

# Seconds: longer than a quiet stream goes without a comment.
PATIENCE = 30
PAUSE = 0.02


class Follower:
    """Follows from the feed's beginning, at whichever node is there; used with `with`."""

    def __init__(self, nodes, key, seed):
        self.nodes = nodes
        self.key = key
        self.random = random.Random(seed)
        self.last = 0
        # The ids of the events, as they came.
        self.seen = []
        self.streams = 0
        self.failure = None
        self.ended = False

    def __enter__(self):
        threading.Thread(target=self._follow, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended = True

    def has_seen(self, count):
        """Whether it is so far; what it could not explain fails the rig."""
        if self.failure:
            raise Broken(self.failure)
        return len(self.seen) >= count

    def _follow(self):
        while not self.ended and not self.failure:
            try:
                self._one_stream(self.random.choice(self.nodes).address)
            except (OSError, http.client.HTTPException):
                time.sleep(PAUSE)
            except Exception as cause:  # `has_seen` tells of it.
                self.failure = f"the follower: {type(cause).__name__}: {cause}"

    def _one_stream(self, address):
        connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
        try:
            headers = dict(self.key.headers("native")) | {"last-event-id": str(self.last)}
            connection.request("GET", "/v1/events/stream", headers=headers)
            stream = connection.getresponse()
            if stream.status != 200:
                raise Broken(f"/v1/events/stream: {stream.status} {stream.read(500)}")
            self.streams += 1
            self._read(stream)
        finally:
            connection.close()

    def _read(self, stream):
        """Events count when they are whole, which an empty line tells."""
        fields = {}
        while line := stream.readline():
            line = line.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            if "data" in fields:
                self.seen.append(json.loads(fields["data"])["id"])
                self.last = int(fields["id"])
            fields = {}
