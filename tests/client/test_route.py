"""Tests of the way to the nodes."""

from twisted.trial.unittest import SynchronousTestCase

from comet.client.route import CAP, STABLE, Route
from comet.client.settings import Settings

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
        """Is how long the wait is, up to the longest there is."""
        route = Route(["a", "b"], 0, lambda: 1.0)
        self.assertEqual([route.lost(0, 2.5), route.lost(STABLE, 0.0), route.lost(0, 900)], [2.5, 0.0, CAP])

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
