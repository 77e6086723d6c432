"""Tests for L{comet.protocols.janus.wire}: texts as Janus 1.1.2 writes them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.janus.wire import (
    Acknowledged,
    Answer,
    Answered,
    Happened,
    JanusError,
    NotJanus,
    SessionOver,
    read,
    write,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = ("janus", "transaction", "sender", "plugindata", "data", "jsep", "error", "session_id")
WORDS = ("ack", "success", "error", "event", "timeout", "hangup", "server_info", "trickle")


class ReadTests(SynchronousTestCase):
    """What texts mean."""

    def test_answers_of_janus(self):
        """A success has what it gives, and what Janus says of itself is the answer as a whole."""
        text = '{"janus":"success","transaction":"2","data":{"id":4238513355878342}}'
        self.assertEqual(read(text), Answered("2", Answer({"id": 4238513355878342})))
        self.assertEqual(
            read('{"janus":"success","session_id":1,"transaction":"3"}'), Answered("3", Answer({}))
        )
        info = {"janus": "server_info", "transaction": "1", "version": 1102, "session-timeout": 60}
        self.assertEqual(read(json.dumps(info)), Answered("1", Answer(info)))

    def test_acknowledged(self):
        """That a request has arrived is no answer."""
        self.assertEqual(read('{"janus":"ack","session_id":1,"transaction":"4"}'), Acknowledged("4"))

    def test_answers_of_the_plugin(self):
        """The answer of the plug-in is what it says, and the description beside it."""
        data = {"videoroom": "event", "room": 77, "configured": "ok"}
        told = {
            "janus": "event",
            "session_id": 1,
            "transaction": "7",
            "sender": 9,
            "plugindata": {"plugin": "janus.plugin.videoroom", "data": data},
        }
        self.assertEqual(read(json.dumps(told)), Answered("7", Answer(data)))
        jsep = {"type": "answer", "sdp": "v=0\r\n"}
        self.assertEqual(read(json.dumps({**told, "jsep": jsep})), Answered("7", Answer(data, jsep)))

    def test_errors(self):
        """Errors of Janus and those of the plug-in have a number and a sentence."""
        reason = "No such handle 5 in session 6"
        about = {"session_id": 6, "transaction": "32"}
        data = {"videoroom": "event", "error_code": 459, "error": reason}
        for told in (
            {"janus": "error", **about, "error": {"code": 459, "reason": reason}},
            {"janus": "event", **about, "sender": 5, "plugindata": {"plugin": "p", "data": data}},
        ):
            arrival = read(json.dumps(told))
            self.assertIsInstance(arrival.outcome, JanusError)
            self.assertEqual((arrival.outcome.code, str(arrival.outcome)), (459, reason))
        nothing = read('{"janus":"error","transaction":"1"}').outcome
        self.assertEqual((nothing.code, str(nothing)), (0, "it does not say why"))

    def test_what_happens(self):
        """What has no transaction has happened to a handle: to its room, or to its connection."""
        data = {"videoroom": "event", "room": 77, "unpublished": 1}
        text = json.dumps(
            {"janus": "event", "session_id": 1, "sender": 9, "plugindata": {"plugin": "p", "data": data}}
        )
        self.assertEqual(read(text), Happened(9, "event", data))
        told = {"janus": "hangup", "session_id": 1, "sender": 9, "reason": "Close PC"}
        self.assertEqual(read(json.dumps(told)), Happened(9, "hangup", told))

    def test_the_session(self):
        """The end of the session is told apart; what is nobody's is passed over."""
        self.assertEqual(read('{"janus":"timeout","session_id":1}'), SessionOver())
        self.assertIsNone(read('{"janus":"keepalive"}'))

    def test_no_janus(self):
        """All else is said by something that is no Janus."""
        for text in ("", "{", "[]", "1", "null", "{}", '{"janus":1}', "[" * 100_000):
            with self.assertRaises(NotJanus):
                read(text)

    @given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(WORDS) | JSON) | JSON)
    def test_anything(self, value):
        """Whatever comes is something that is known, or nobody's, or no Janus."""
        try:
            arrival = read(json.dumps(value))
        except NotJanus:
            return
        self.assertIsInstance(arrival, Acknowledged | Answered | Happened | SessionOver | None)


class WriteTests(SynchronousTestCase):
    """Texts of requests."""

    def test_write(self):
        """A request is one compact line."""
        self.assertEqual(write({"janus": "info", "transaction": "ü"}), '{"janus":"info","transaction":"ü"}')
