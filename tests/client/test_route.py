"""Tests of the way to the nodes."""

from dataclasses import fields

from twisted.trial.unittest import SynchronousTestCase

from comet.client.route import ASKED_CAP, CAP, STABLE, Route
from comet.client.settings import Settings
from comet.kinds import kind_of
from comet.sections import Main

NODES = ("ws://a", "ws://b", "ws://c")


class RouteTests(SynchronousTestCase):
    """Which node, and when."""

    def test_home(self):
        """The anonymous begin with the first node, a user with the one of its number."""
        self.assertEqual([Route(NODES, user_id, float).url[-1] for user_id in (0, 1, 2, 3)], list("abca"))

    def test_next_on_failure(self):
        """Each failure leads to the next node, after the last comes the first."""
        route = Route(NODES, 2, lambda: 1.0)
        visited = [route.url[-1]]
        for _ in range(4):
            route.lost(0)
            visited.append(route.url[-1])
        self.assertEqual("".join(visited), "cabca")

    def test_home_after_a_good_connection(self):
        """A connection that lasted leads home when it ends; one that did not, to the next node."""
        route = Route(NODES, 0, lambda: 1.0)
        route.lost(0)
        route.lost(STABLE)
        self.assertEqual((route.url, route.away), ("ws://a", False))
        route.lost(STABLE / 2)
        self.assertEqual((route.url, route.away), ("ws://b", True))

    def test_waits_double_with_each_round(self):
        """The wait doubles when all nodes were tried, up to a limit."""
        route = Route(NODES[:2], 0, lambda: 1.0)
        self.assertEqual([route.lost(0) for _ in range(6)], [0.5, 0.5, 1, 1, 2, 2])
        self.assertEqual([route.lost(0) for _ in range(100)][-1], CAP)
        self.assertEqual(route.lost(STABLE), 0.5)

    def test_what_the_server_asks_for(self):
        """Is how long the wait is, also where the client by itself would not wait so long."""
        route = Route(["a", "b"], 0, lambda: 1.0)
        self.assertEqual(
            [route.lost(0, 2.5), route.lost(STABLE, 0.0), route.lost(0, 599.5)], [2.5, 0.0, 599.5]
        )

    def test_nobody_is_sent_away_for_ever(self):
        """A server may ask for as long as the longest drain, and not for more."""
        drain = next(kind_of(key) for key in fields(Main) if key.name == "drain")
        self.assertEqual(drain.read(f"{ASKED_CAP:.0f}"), ASKED_CAP)
        self.assertRaises(ValueError, drain.read, f"{ASKED_CAP + 1:.0f}")
        for asked in (ASKED_CAP + 1, 1e12, float("inf")):
            self.assertEqual(Route(NODES, 0, lambda: 1.0).lost(0, asked), ASKED_CAP)

    def test_waits_are_scattered(self):
        """The wait is any share of what it could be."""
        shares = iter((0.0, 0.25, 0.999))
        route = Route(NODES[:1], 0, lambda: next(shares))
        self.assertEqual([route.lost(0) for _ in range(3)], [0, 0.25, 2 * 0.999])


class SettingsTests(SynchronousTestCase):
    """What is checked at the start."""

    def test_addresses_are_completed(self):
        """The path may be left out, one that is given stays."""
        settings = Settings(nodes=["ws://h:1", "wss://h/", "ws://h/own/ws?x=1"])
        self.assertEqual(settings.nodes, ("ws://h:1/comet/ws", "wss://h/comet/ws", "ws://h/own/ws?x=1"))

    def test_wrong_addresses(self):
        """What is no address of a WebSocket is refused, and so is none at all."""
        for nodes in ([], ["http://h"], ["h:8087"], ["ws://"], ["ws://h:port"]):
            self.assertRaises(ValueError, Settings, nodes=nodes)
