"""Tests for L{comet.protocols.query}."""

import contextlib
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadValue, Refused
from comet.model import (
    NOWHERE,
    Answer,
    Channel,
    Done,
    Followed,
    Hello,
    Joint,
    Message,
    Place,
    PrivateMessage,
    Reported,
    User,
)
from comet.protocols.query import StreamCursor, query_hello, read_stream_cursor
from tests.protocols.dialects.test_jsonlines import NAMES, PLACES


def said(name, position):
    return Message(Channel(0, name), "", "x", 1, place=Place("e", position))


class QueryTests(SynchronousTestCase):
    """Who connects."""

    def test_every_parameter(self):
        """As the keys of a hello."""
        query = urlencode(
            {
                "dev_id": 2,
                "user_id": 7,
                "key": "a+b=/%",
                "uuid": "u",
                "channels": "news,chat",
                "cursor": "news:e:3,msg:5",
            }
        )
        channels = {"news": Place("e", 3), "chat": None}
        self.assertEqual(query_hello(query), Hello(2, 7, "a+b=/%", "u", channels, 5))
        self.assertEqual(query_hello(""), Hello())
        self.assertEqual(query_hello("user_id=&key=&version="), Hello())

    def test_headers_count_more(self):
        """The cursor that a browser gives back, and the key in a header."""
        found = query_hello("channels=news&cursor=news:e:1&key=k", "news:e:9", "other")
        self.assertEqual(found, Hello(key="other", wanted={"news": Place("e", 9)}))

    def test_what_is_wrong_is_refused(self):
        """By name."""
        for query in ("user_id=x", "dev_id=-1", "cursor=nonsense", "cursor=msg:x", "version=2", "key=%ff"):
            self.assertRaises(Refused, query_hello, query)
        self.assertRaises(BadValue, query_hello, "&".join(f"a{n}=1" for n in range(60)))

    @given(st.text())
    def test_any_query_is_read_or_refused(self, query):
        """Nothing else is raised."""
        with contextlib.suppress(Refused):
            self.assertIsInstance(query_hello(query), Hello)


class StreamCursorTests(SynchronousTestCase):
    """How far a stream is."""

    @given(
        st.dictionaries(NAMES.filter(lambda name: name != "msg"), PLACES, max_size=9), st.integers(0, 2**53)
    )
    def test_what_is_written_is_read(self, places, number):
        """Whatever channels and places there are."""
        self.assertEqual(read_stream_cursor(str(StreamCursor(places, number, 99))), (places, number))

    def test_it_follows_what_the_client_is_told(self):
        """Messages with a place and private ones with a number move it, all else does not."""
        cursor = StreamCursor({}, 0, 9)
        user = User(0, 7)
        for event, moves in (
            (Message(Channel(0, "news"), "", "x", 1), False),
            (said("news", 3), True),
            (PrivateMessage(user, "", "x", 1), False),
            (PrivateMessage(user, "", "x", 1, number=5), True),
            (Answer(1, Done(1)), False),
            (Answer(1, Reported("news", "", 1, 1, Place("e", 4))), True),
            (Reported("other", "", 1, 1, Place("e", 9)), False),
        ):
            self.assertEqual(cursor.follow(event), moves, event)
        self.assertEqual(str(cursor), "news:e:4,msg:5")

    def test_what_was_missed_moves_it_when_it_comes(self):
        """Not the announcement: the connection may break in between."""
        cursor = StreamCursor({"news": Place("e", 1)}, 0, 9)
        cursor.follow(Followed({"news": Joint(Place("e", 3), 2), "chat": Joint(Place("f", 7))}, 1))
        self.assertEqual(str(cursor), "news:e:1,chat:f:7")
        cursor.follow(Followed({"none": Joint(NOWHERE)}, 1))
        cursor.follow(said("news", 2))
        self.assertEqual(str(cursor), "chat:f:7,news:e:2")

    def test_it_is_bounded(self):
        """The channel that was still for longest makes room."""
        cursor = StreamCursor({}, 0, 2)
        for name in ("a1", "b1", "a1", "c1"):
            cursor.follow(said(name, 1))
        self.assertEqual(str(cursor), "a1:e:1,c1:e:1")
