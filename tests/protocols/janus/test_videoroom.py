"""Tests for L{comet.protocols.janus.videoroom}: what the plug-in is asked, and what it tells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.model import Channel
from comet.protocols.janus import videoroom
from comet.protocols.janus.videoroom import Feed, Line, RoomKey, Stream, room_key

CHANNELS = st.builds(Channel, st.integers(0, 2**31), st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
#: As Janus tells them.
CAMERA = {"type": "video", "mindex": 1, "mid": "1", "description": "camera", "codec": "vp8"}
MICROPHONE = {"type": "audio", "mindex": 0, "mid": "0", "description": "microphone", "codec": "opus"}


class KeyTests(SynchronousTestCase):
    """Number, secret and PIN of a room."""

    @given(CHANNELS)
    def test_all_nodes_know(self, room):
        """Whoever knows the secret knows them; the number is one that all implementations of JSON know."""
        key = room_key("s3cret", room)
        self.assertEqual(key, room_key("s3cret", room))
        self.assertTrue(0 < key.number < 2**53)
        self.assertNotEqual(key.secret, key.pin)

    @given(CHANNELS, CHANNELS)
    def test_others_do_not(self, one, other):
        """Another secret, another room and another tenant have others."""
        keys = {room_key(secret, room) for secret in ("a", "b") for room in {one, other}}
        self.assertEqual(len({value for key in keys for value in key}), 3 * 2 * len({one, other}))

    def test_stays(self):
        """They are the same in each version of comet, since those may run beside each other."""
        key = room_key("s3cret", Channel(3, "lobby"))
        self.assertEqual(key.number, 7276907315930153)
        self.assertEqual((key.pin[:8], key.secret[:8]), ("8298ec4b", "5fccd895"))

    @given(CHANNELS)
    def test_descriptions(self, room):
        """A room is known again by what it is called in Janus."""
        self.assertEqual(videoroom.described(videoroom.describe(room)), room)

    @given(JSON)
    def test_descriptions_of_others(self, value):
        """Other rooms are none of ours."""
        self.assertIsNone(videoroom.described(value))


class AskTests(SynchronousTestCase):
    """Requests."""

    def test_create(self):
        """The key of the administrator is told only if there is one."""
        key = RoomKey(1, "secret", "pin")
        self.assertNotIn("admin_key", videoroom.create(key, Channel(0, "x"), 5, ""))
        self.assertEqual(videoroom.create(key, Channel(0, "x"), 5, "a")["admin_key"], "a")

    def test_update(self):
        """What is not asked for is not there, because Janus takes no empty lists."""
        self.assertEqual(
            videoroom.update([(1, "0")], []), {"request": "update", "subscribe": [{"feed": 1, "mid": "0"}]}
        )
        self.assertEqual(
            videoroom.update([], [(1, "0")]), {"request": "update", "unsubscribe": [{"feed": 1, "mid": "0"}]}
        )


class TellTests(SynchronousTestCase):
    """What the plug-in tells."""

    def test_feeds(self):
        """Publishers are seats by the names they show; what is switched off or no media is not there."""
        off, text = {"type": "video", "mid": "2", "disabled": True}, {"type": "data", "mid": "3"}
        told = {
            "publishers": [
                {"id": 71, "display": "15", "streams": [MICROPHONE, CAMERA, off, text]},
                {"id": 72, "display": "somebody", "streams": [CAMERA]},
                {"id": 73, "display": "16"},
            ]
        }
        streams = Stream("0", "audio", "microphone"), Stream("1", "video", "camera")
        self.assertEqual(videoroom.feeds(told), {71: Feed(15, streams), 73: Feed(16, ())})

    def test_gone(self):
        """Who has ended sending or left is gone; that oneself has is told otherwise."""
        for word in ("unpublished", "leaving"):
            self.assertEqual(videoroom.gone({"videoroom": "event", "room": 7, word: 71}), 71)
            self.assertIsNone(videoroom.gone({"videoroom": "event", "room": 7, word: "ok"}))
        self.assertIsNone(videoroom.gone({"videoroom": "event"}))

    def test_out(self):
        """One is out of a room that is destroyed, or if one is kicked."""
        self.assertTrue(videoroom.is_out({"videoroom": "destroyed", "room": 7}))
        self.assertTrue(videoroom.is_out({"videoroom": "event", "leaving": "ok", "reason": "kicked"}))
        self.assertFalse(videoroom.is_out({"videoroom": "event", "leaving": 71}))

    def test_lines(self):
        """Of the lines of a subscription those are told that are in use."""
        used = {"type": "video", "active": True, "mindex": 0, "mid": "0", "ready": False, "send": True}
        told = {
            "videoroom": "attached",
            "streams": [
                {**used, "feed_id": 71, "feed_mid": "1", "feed_description": "camera", "codec": "vp8"},
                {**used, "mindex": 1, "mid": "1", "active": False},
                {**used, "mindex": 2, "mid": "2", "feed_id": 71, "feed_mid": "4"},
            ],
        }
        found = [Line("0", 71, Stream("1", "video", "camera")), Line("2", 71, Stream("4", "video", ""))]
        self.assertEqual(videoroom.lines(told), found)

    @given(st.dictionaries(st.sampled_from(("publishers", "streams", "leaving")), JSON))
    def test_anything(self, told):
        """Whatever is told is read without failing."""
        videoroom.feeds(told)
        videoroom.lines(told)
        videoroom.gone(told)
