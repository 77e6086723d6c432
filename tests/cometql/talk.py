"""Talking CometQL in tests: an engine over a memory store, and what is said to it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.engine import Engine
from comet.cometql.interface import Login
from comet.cometql.results import Done
from tests.running import make_broker

NOW = 1_700_000_000


def at_once(coroutine):
    """@return: what C{coroutine} returns, or raise what it raises; it must not wait for anything."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the coroutine waits")


class TalkTests(SynchronousTestCase):
    """A test case with an engine and one conversation as C{root}."""

    def setUp(self):
        self.broker = make_broker(time=NOW)
        self.engine = Engine(self.broker, "secret", dev_index_size=100)
        self.talk = self.open()

    def open(self, user="root", dev_id=0, database="CometQL_v1"):
        """@return: a conversation."""
        return self.engine.open(Login(user, dev_id, 7, "127.0.0.1:5000", database))

    def run_(self, text, talk=None):
        """@return: the result of a statement."""
        return at_once((talk or self.talk).query(text))

    def rows(self, text, talk=None):
        """@return: the rows of a statement as tuples."""
        return [tuple(row) for row in self.run_(text, talk).rows]

    def value(self, text, talk=None):
        """@return: the only cell of the only row."""
        ((value,),) = self.rows(text, talk)
        return value

    def titles(self, text):
        """@return: the names of the columns."""
        return [column.name for column in self.run_(text).columns]

    def does(self, text, affected=0, insert_id=0, talk=None):
        """Assert that a statement is carried out, with this outcome."""
        result = self.run_(text, talk)
        self.assertIsInstance(result, Done)
        self.assertEqual((result.affected, result.insert_id), (affected, insert_id), text)

    def refuses(self, error, text, *said, talk=None):
        """Assert that a statement is refused with exactly this class, and that the text says so much."""
        with self.assertRaises(error) as caught:
            self.run_(text, talk)
        self.assertIs(type(caught.exception), error, text)
        for words in said:
            self.assertIn(words, str(caught.exception))
