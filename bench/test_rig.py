"""What the rig makes of its figures: `python3 bench/test_rig.py`."""

import json
import socket
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from rig import main, people, report  # noqa: E402 - the path above comes first
from rig.load import Connection  # noqa: E402
from rig.muster import last_page  # noqa: E402
from rig.operations import OPERATIONS, Operation  # noqa: E402


def figures(**rates):
    """Results with these rates of `get`, by server, at 10 000 users and 16 connections."""
    return {"figures": [figure("get", server, 10_000, rate) for server, rate in rates.items()]}


def figure(operation, server, size, rate, **rest):
    """One figure; a rate of nothing is one that failed."""
    found = {"operation": operation, "server": server, "size": size, "concurrency": 16, **rest}
    return found | ({"failed": "refused"} if rate is None else {"rate": rate})


def judged(results, of):
    """The judgement of `get` against a server, if there is one."""
    whats = [each for each in report.ratios(results) if each["of"] == of]
    return whats[0] if whats else None


def told(*answers):
    """What a connection makes of the answers of a server that sends these and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def send():
            peer, _ = server.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"".join(answers))

        sender = threading.Thread(target=send)
        sender.start()
        connection = Connection(server.getsockname()[1])
        try:
            return [connection.ask(["POST / HTTP/1.1"], "{}") for _ in answers]
        finally:
            connection.close()
            sender.join()


class Answers(unittest.TestCase):
    def test_an_answer_ends_where_its_length_or_its_last_chunk_says(self):
        plain = b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc"
        self.assertEqual(told(plain), [(201, "abc")])
        head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        chunked = head + b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nt: u\r\n\r\n"
        self.assertEqual(told(chunked), [(200, "abc0123456789")])

    def test_half_an_answer_is_none(self):
        for broken in (
            b"",
            b"HTTP/1.1 200 OK\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\na",
        ):
            with self.assertRaises((ValueError, OSError)):
                told(broken)


class Ratios(unittest.TestCase):
    def test_a_ratio_that_suffices_passes_and_one_below_does_not(self):
        enough = figures(muster=700, **{"limit-sqlite": 1000})
        self.assertTrue(judged(enough, "limit-sqlite")["passed"])
        short = figures(muster=699, **{"limit-sqlite": 1000})
        self.assertFalse(judged(short, "limit-sqlite")["passed"])

    def test_a_failed_figure_makes_no_ratio(self):
        self.assertIsNone(judged(figures(muster=None, **{"limit-sqlite": 1000}), "limit-sqlite"))
        self.assertIsNone(judged(figures(muster=700, **{"limit-sqlite": None}), "limit-sqlite"))

    def test_one_size_that_falls_short_is_enough(self):
        results = figures(muster=700, **{"limit-sqlite": 1000})
        results["figures"] += [
            figure("get", "muster", 100_000, 600),
            figure("get", "limit-sqlite", 100_000, 1000),
        ]
        self.assertFalse(judged(results, "limit-sqlite")["passed"])

    def test_where_a_size_is_named_it_alone_is_judged_when_it_was_measured(self):
        small = [
            figure("list", "muster", 10_000, 500),
            figure("list", "limit-sqlite", 10_000, 1000),
        ]
        self.assertFalse(judged({"figures": small}, "limit-sqlite")["passed"])
        large = [
            figure("list", "muster", 100_000, 600),
            figure("list", "limit-sqlite", 100_000, 1000),
        ]
        self.assertTrue(judged({"figures": small + large}, "limit-sqlite")["passed"])

    def test_growth_may_decline_as_the_limit_does_and_no_more(self):
        def grown(own, limit):
            rates = {"muster": own, "limit-sqlite": limit}
            small = [figure("get", server, 10_000, 1000) for server in rates]
            large = [figure("get", server, 1_000_000, rate) for server, rate in rates.items()]
            return judged({"figures": small + large}, "its own at 10 000 users (the limit's)")[
                "passed"
            ]

        self.assertTrue(grown(own=800, limit=1000))
        self.assertFalse(grown(own=799, limit=1000))
        self.assertTrue(grown(own=700, limit=700))
        self.assertFalse(grown(own=699, limit=700))


class Logins(unittest.TestCase):
    def test_a_login_is_judged_against_bare_hashing(self):
        def login(rate):
            results = {"figures": [figure("login", "muster", 10_000, rate),
                                   figure("login", "limit-argon2", 0, 100)]}
            found = [each for each in report.ratios(results) if each["of"] == "limit-argon2"]
            return found[0]["passed"]

        self.assertTrue(login(90))
        self.assertFalse(login(89))

    def test_those_who_log_in_are_members_with_a_password(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "people.ndjson")
            people.write_lines(path, 20, 3)
            lines = [json.loads(line) for line in path.read_text().splitlines()]
        able = [line for line in lines if "password_hash" in line]
        self.assertEqual(len(able), 2)
        self.assertTrue(all(line["accounts"] == [{"id": 3}] for line in able))


class Pages(unittest.TestCase):
    def test_the_page_asked_for_by_number_is_the_last_full_one(self):
        self.assertEqual(last_page(1_000_000), {"page": "20000", "offset": "999950"})
        self.assertEqual(last_page(100_020), {"page": "2000", "offset": "99950"})

    def test_a_deep_page_is_judged_at_a_million_against_the_same_page_of_each_limit(self):
        for own, limit in (("muster", "limit-sqlite"), ("muster-postgres", "limit-postgres")):
            for rate, passed in ((150, True), (149, False)):
                found = [
                    figure("page-wonolo", own, 100_000, 100),
                    figure("page-wonolo", limit, 100_000, 100),
                    figure("page-wonolo", own, 1_000_000, rate),
                    figure("page-wonolo", limit, 1_000_000, 100),
                ]
                self.assertEqual(judged({"figures": found}, limit)["passed"], passed)

    def test_a_deep_page_is_measured_at_a_million_on_every_server_that_has_it(self):
        page = next(each for each in OPERATIONS if each.name == "page-wonolo")
        self.assertTrue(page.large)
        self.assertEqual(set(page.calls), {"muster", "limit"})


class Figures(unittest.TestCase):
    def test_the_median_is_the_figure(self):
        runs = [{"rate": rate, "others": 0.0} for rate in (1, 100, 10)]
        made = main.figure(Operation("get", ""), "muster", 10_000, 16, runs)
        self.assertEqual(made["rate"], 10)

    def test_a_run_that_failed_makes_the_figure_fail(self):
        runs = [{"rate": 10, "others": 0.0}, {"rate": 10, "others": 0.0, "failed": "refused: 1"}]
        made = main.figure(Operation("get", ""), "muster", 10_000, 16, runs)
        self.assertEqual(made["failed"], "refused: 1")
        self.assertNotIn("rate", made)


class Table(unittest.TestCase):
    def test_every_target_is_of_an_operation_that_is_measured(self):
        names = {operation.name for operation in OPERATIONS}
        for target in report.TARGETS:
            self.assertIn(target.operation, names)
            self.assertIn(target.of_operation or target.operation, names)


if __name__ == "__main__":
    unittest.main()
