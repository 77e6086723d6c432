"""Tests for L{comet.protocols.dialects.jsonlines} and the fields it reads."""

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadValue, MissingValue, TooLong
from comet.limits import Limits
from comet.model import (
    NOWHERE,
    Acknowledge,
    Answer,
    AskCount,
    AskData,
    AskMembers,
    AskPage,
    AskStatus,
    Channel,
    Command,
    Counted,
    Done,
    Follow,
    Hello,
    Message,
    Page,
    Ping,
    Place,
    Refresh,
    Request,
    Send,
    Unfollow,
    Unreadable,
)
from comet.protocols.dialects.jsonlines import COMMANDS, JsonLines

DIALECT = JsonLines(Limits(), "node", 30)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.text("abcXYZ019_-", min_size=2, max_size=64)
PLACES = st.builds(Place, st.text("0123456789abcdef", min_size=1, max_size=8), st.integers(0, 2**50))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def read(**command):
    return DIALECT.decode(json.dumps(command))


class DecodeTests(SynchronousTestCase):
    """What clients say."""

    def refuses(self, kind, error, **command):
        found = read(**command)
        self.assertIsInstance(found, Unreadable)
        self.assertIs(found.intended, kind)
        self.assertIsInstance(found.error, error)
        return str(found.error)

    def test_hello(self):
        """All keys, or none."""
        self.assertEqual(read(cmd="hello", version=1), Hello())
        found = read(
            cmd="hello", dev_id=2, user_id=7, key="k", uuid="u u", channels={"a1": "e:3", "b1": None}, ack=5
        )
        self.assertEqual(found, Hello(2, 7, "k", "u", {"a1": Place("e", 3), "b1": None}, 5))
        self.assertIn("version 1", self.refuses(Hello, BadValue, cmd="hello", version=2))
        self.refuses(Hello, TooLong, cmd="hello", key="k" * 5000)
        for wrong in (-1, 2**31, "7", 7.5, True):
            self.refuses(Hello, BadValue, cmd="hello", user_id=wrong)

    def test_subscribing(self):
        """One channel or several, with or without a cursor."""
        self.assertEqual(read(cmd="subscribe", channel="news"), Follow({"news": None}))
        self.assertEqual(read(cmd="subscribe", channel="news", since="e:3"), Follow({"news": Place("e", 3)}))
        self.assertEqual(
            read(cmd="subscribe", channels={"a1": None, "b1": "e:1"}),
            Follow({"a1": None, "b1": Place("e", 1)}),
        )
        self.assertEqual(read(cmd="unsubscribe", channel="a1"), Unfollow(("a1",)))
        self.assertEqual(read(cmd="unsubscribe", channels=["a1", "b1"]), Unfollow(("a1", "b1")))
        self.refuses(Follow, MissingValue, cmd="subscribe")
        for wrong in ("x", ":", "e:", "e:-1", "e:1x", 3, ["e:1"]):
            self.refuses(Follow, BadValue, cmd="subscribe", channel="news", since=wrong)
        for wrong in ("a b", "é1", "a.b"):
            self.refuses(Follow, BadValue, cmd="subscribe", channel=wrong)

    def test_publishing(self):
        """Text goes as it is, anything else as its JSON; without an id nothing is reported."""
        self.assertEqual(
            read(cmd="publish", channel="web_x", data="it's"), Send("web_x", "", "it's", False, True)
        )
        found = read(cmd="publish", id=1, channel="web_x", event="e", data={"a": [1, "é"]}, hide=True)
        self.assertEqual(found, Request(1, Send("web_x", "e", '{"a":[1,"é"]}', True)))
        self.refuses(Send, MissingValue, cmd="publish", channel="web_x")
        self.refuses(Send, BadValue, cmd="publish", channel="web_x", data="x", hide=1)
        self.refuses(Send, BadValue, cmd="publish", channel="web_x", data="\ud800")
        self.refuses(Send, BadValue, cmd="publish", channel="web_x", data=["\ud800"])

    def test_questions(self):
        """They need an id, to be answered."""
        for words, command in (
            ({"cmd": "count", "channel": "a1"}, AskCount("a1", "")),
            ({"cmd": "members", "channel": "a1"}, AskMembers("a1", "")),
            ({"cmd": "history", "channel": "a1"}, AskPage("a1")),
            (
                {"cmd": "history", "channel": "a1", "limit": 5, "since": "e:1"},
                AskPage("a1", 5, Place("e", 1)),
            ),
            ({"cmd": "status", "user_id": 9}, AskStatus(9)),
            ({"cmd": "data", "user_id": 9}, AskData(9, "")),
        ):
            self.assertEqual(read(id="x", **words), Request("x", command))
            self.refuses(type(command), MissingValue, **words)

    def test_the_rest(self):
        """Commands that may have an id."""
        self.assertEqual(read(cmd="ping"), Ping())
        self.assertEqual(read(cmd="ack", number=5), Acknowledge(5))
        self.assertEqual(read(cmd="refresh", id=-1, token="t"), Request(-1, Refresh("t")))
        self.refuses(Refresh, MissingValue, cmd="refresh")

    def test_half_a_character_is_no_text(self):
        """One half of a surrogate pair is refused wherever it stands; a pair is the character it means."""
        for data in ("\ud800", "\udfff", "caf\u00e9\udc00.", "x" * 5000 + "\ud83d"):
            self.assertIn(
                "surrogate", self.refuses(Send, BadValue, cmd="publish", channel="web_a", data=data)
            )
        self.assertEqual(
            read(cmd="publish", channel="web_a", data="\U0001f600\ue000\ud7ff").text[0], "\U0001f600"
        )

    def test_errors_have_the_id_of_the_command(self):
        """If that itself can be read."""
        self.assertIsInstance(read(cmd="publish", id=4).command, Unreadable)
        for wrong in (1.5, True, [1], "x" * 65):
            self.assertIsInstance(read(cmd="ping", id=wrong), Unreadable)

    def test_unknown_commands_are_told_what_there_is(self):
        """And the connection goes on."""
        self.assertIn("subscribe", self.refuses(Command, BadValue, cmd="nope"))
        self.refuses(Command, MissingValue)
        for text in ("", "[]", "1", '"ping"', "{", "nonsense", "[" * 100_000, '{"cmd": NaN}'):
            self.assertIsInstance(DIALECT.decode(text), Unreadable, text[:20])

    @given(st.text())
    def test_any_text_is_a_command_or_is_refused(self, text):
        """Nothing else is raised."""
        self.assertIsInstance(DIALECT.decode(text), Command)

    @given(st.sampled_from([*COMMANDS, "nope"]), st.dictionaries(st.text(), JSON), JSON, JSON, JSON)
    def test_any_keys_are_a_command_or_are_refused(self, cmd, more, channel, value, id):
        """Whatever is in the place of a value."""
        keys = ("data", "number", "token", "user_id", "since", "limit", "key", "version", "event")
        command = {**dict.fromkeys(keys, value), "channel": channel, "channels": value, "id": id}
        self.assertIsInstance(read(**more | command | {"cmd": cmd}), Command)

    @given(NAMES, TEXT, st.none() | PLACES)
    def test_what_is_written_is_read(self, channel, data, place):
        """Names, texts and cursors come out as they went in."""
        since = None if place is None else str(place)
        self.assertEqual(read(cmd="subscribe", channel=channel, since=since), Follow({channel: place}))
        self.assertEqual(read(cmd="publish", channel=channel, data=data).text, data)


class EncodeTests(SynchronousTestCase):
    """What clients are told; the page of the reference shows the rest."""

    @given(TEXT, st.none() | st.integers(0, 2**31 - 1), PLACES)
    def test_text_survives(self, text, user_id, place):
        """Whatever it holds, in one line."""
        encoded = DIALECT.encode(Message(Channel(0, "news"), "e", text, 5, user_id, place=place))
        self.assertNotIn("\n", encoded)
        frame = json.loads(encoded)
        self.assertEqual((frame["data"], frame.get("user_id")), (text, user_id))
        self.assertEqual(frame["cursor"], str(place))

    @given(TEXT, TEXT, st.none() | st.integers(0, 2**31 - 1), st.just(NOWHERE) | PLACES)
    def test_a_message_is_written_as_all_else_is(self, text, event, user_id, place):
        """As it stands in a page of history, with its type in front, though it goes a shorter way."""
        message = Message(Channel(0, "news"), event, text, 5, user_id, place=place)
        page = DIALECT.encode(Answer(7, Page(place, False, (message,), 6)))
        written = page.partition('"messages":[')[2].rpartition("]")[0]
        inner = written.replace(',"type":"message"', "")
        self.assertEqual(DIALECT.encode(message), '{"type":"message",' + inner[1:])

    def test_answers_that_the_page_does_not_show(self):
        """A page of history, a count, and that something was done."""
        message = Message(Channel(0, "news"), "e", "x", 5, place=Place("e", 3))
        page = json.loads(DIALECT.encode(Answer(7, Page(Place("e", 3), False, (message,), 6))))
        self.assertEqual((page["type"], page["id"], page["cursor"], page["gap"]), ("ok", 7, "e:3", False))
        self.assertEqual([each["data"] for each in page["messages"]], ["x"])
        self.assertEqual(
            DIALECT.encode(Answer(5, Counted("", 2, 5))), '{"type":"ok","id":5,"count":2,"time":5}'
        )
        self.assertEqual(DIALECT.encode(Answer("a", Done(5))), '{"type":"ok","id":"a","time":5}')
