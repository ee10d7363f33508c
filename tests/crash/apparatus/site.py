"""What a rig works on: a database of its own on one engine, and nodes that serve it."""

import os
import random
import shutil
import tempfile
import time

from . import stored
from .muster import Muster
from .postgres import Cluster
from .verdict import expect

ENGINES = ("sqlite", "postgres")


class Run:
    """One run of the rigs: the binary, how long, from which seed, and what it has made."""

    def __init__(self, binary, long, seed, until=None):
        self.binary = binary
        self.long = long
        self.seed = seed
        self.until = until
        self.folder = tempfile.mkdtemp(prefix="muster-crash.")
        # PostgreSQL runs as another user, who must reach its folder.
        os.chmod(self.folder, 0o711)
        self.random = random.Random(seed)
        self.made = 0
        self._cluster = None

    def of(self, short, long):
        """The one of two that this run's length asks for."""
        return long if self.long else short

    def out_of_time(self):
        """Whether a bounded run should do no more than it has."""
        return self.until is not None and time.monotonic() >= self.until

    def new_folder(self):
        self.made += 1
        folder = os.path.join(self.folder, str(self.made))
        os.makedirs(folder)
        return folder

    def cluster(self):
        """The PostgreSQL that the rigs of a run share."""
        if self._cluster is None:
            self._cluster = Cluster(os.path.join(self.folder, "postgres"))
        return self._cluster

    def close(self, keep):
        if self._cluster is not None:
            self._cluster.remove()
            self._cluster = None
        if not keep:
            shutil.rmtree(self.folder)


class Site:
    """Used with `with`: no node outlives it."""

    def __init__(self, run, engine, folder=None, options=()):
        self.run = run
        self.engine = engine
        self.options = options
        self.folder = folder or run.new_folder()
        self.nodes = []
        if engine == "sqlite":
            self.file = os.path.join(self.folder, "muster.db")
            self.url = f"sqlite:{self.file}"
        else:
            self.database = run.cluster().database()
            self.url = run.cluster().address(self.database)
        self.muster = self.node()
        self.muster.make_key()

    def node(self):
        """One more node."""
        name = f"node{len(self.nodes)}"
        node = Muster(self.run.binary, os.path.join(self.folder, name), self.url, self.options)
        if self.nodes:
            node.key = self.muster.key
        self.nodes.append(node)
        return node

    def settle(self):
        """After a kill: until nothing that the dead server sent is still under way."""
        if self.engine == "postgres":
            self.run.cluster().wait_for_no_client()

    def rows(self, selects=stored.TABLES):
        """What these SELECTs read, past the server."""
        if self.engine == "sqlite":
            return stored.of_sqlite(self.file, selects)
        return self.run.cluster().tables(self.database, selects)

    def change(self, sql):
        """Changes the database past the server, while none runs."""
        if self.engine == "sqlite":
            stored.change_sqlite(self.file, sql)
        else:
            self.run.cluster().command(self.database, sql)

    def expect_whole(self, named=True):
        """Nothing is half there (`stored.halves`)."""
        found = stored.halves(self.rows(), named)
        expect(not found, f"{len(found)} half there: " + "; ".join(found[:10]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.end()
