"""Tests for L{comet.protocols.janus.exchange}."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.janus.exchange import Exchange, Settled
from comet.protocols.janus.wire import Answer, Happened, JanusError, NotJanus


class ExchangeTests(SynchronousTestCase):
    """Who waits for what."""

    def setUp(self):
        self.exchange = Exchange("s3cret", limit=3, patience=10)

    def ask(self, word, waiter, now=0, **more):
        """@return: what is sent."""
        return json.loads(self.exchange.ask({"janus": word, **more}, waiter, now))

    def receive(self, **told):
        return self.exchange.receive(json.dumps(told))

    def test_requests(self):
        """A request has the secret, a transaction of its own, and the session once there is one."""
        self.assertEqual(
            self.ask("create", "a"), {"janus": "create", "apisecret": "s3cret", "transaction": "1"}
        )
        self.exchange.session = 7
        asked = self.ask("attach", "b", plugin="p")
        self.assertEqual((asked["session_id"], asked["plugin"], asked["transaction"]), (7, "p", "2"))
        self.assertNotIn("apisecret", Exchange("").ask({"janus": "info"}, "c", 0))

    def test_answers(self):
        """An answer finds who waits for it, whatever the order; it does so once."""
        for waiter in ("a", "b"):
            self.ask("attach", waiter)
        self.assertEqual(
            self.receive(janus="success", transaction="2", data={"id": 5}), Settled("b", Answer({"id": 5}))
        )
        self.assertIsNone(self.receive(janus="success", transaction="2"))
        settled = self.receive(janus="error", transaction="1", error={"code": 458, "reason": "no"})
        self.assertEqual(settled.waiter, "a")
        self.assertIsInstance(settled.outcome, JanusError)
        self.assertEqual(len(self.exchange), 0)

    def test_acknowledged(self):
        """An acknowledgement answers what needs no more; to all else it is nothing, early or late."""
        for word in ("keepalive", "trickle"):
            waiter = self.ask(word, word)["transaction"]
            self.assertEqual(self.receive(janus="ack", transaction=waiter), Settled(word, Answer()))
        message = self.ask("message", "m")["transaction"]
        self.assertIsNone(self.receive(janus="ack", transaction=message))
        self.assertEqual(len(self.exchange), 1)
        self.assertIsInstance(self.receive(janus="event", transaction=message, sender=1), Settled)
        self.assertIsNone(self.receive(janus="ack", transaction=message))

    def test_all_else(self):
        """What happens passes through, and what is no Janus is said so."""
        self.assertIsInstance(self.receive(janus="webrtcup", sender=1), Happened)
        with self.assertRaises(NotJanus):
            self.exchange.receive("hello")

    def test_overdue(self):
        """It is known when an answer has not come in time."""
        self.assertFalse(self.exchange.is_overdue(99))
        self.ask("attach", "a", now=0)
        self.ask("attach", "b", now=5)
        self.assertFalse(self.exchange.is_overdue(9.9))
        self.assertTrue(self.exchange.is_overdue(10))
        self.receive(janus="success", transaction="1")
        self.assertFalse(self.exchange.is_overdue(14.9))
        self.assertTrue(self.exchange.is_overdue(15))

    def test_limit(self):
        """So many may wait, and no more."""
        for waiter in "abc":
            self.ask("attach", waiter)
        with self.assertRaises(JanusError):
            self.ask("attach", "d")
        self.receive(janus="success", transaction="1")
        self.ask("attach", "d")

    def test_close(self):
        """At the end it is known who waits in vain."""
        for waiter in "ab":
            self.ask("attach", waiter)
        self.assertEqual(self.exchange.close(), ["a", "b"])
        self.assertEqual((len(self.exchange), self.exchange.close()), (0, []))
