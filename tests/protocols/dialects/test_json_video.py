"""Tests for L{comet.protocols.dialects.json_video}; the page on the wire shows all frames."""

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadValue, MissingValue, TooLong, TooShort
from comet.model import Request, Unreadable
from comet.protocols.dialects.json_video import COMMANDS
from comet.video.model import (
    AskIce,
    AskRoom,
    Call,
    Cancel,
    Decline,
    Invite,
    Join,
    Leave,
    Mode,
    Reason,
    RoomCommand,
    Signal,
    Signalled,
    Tell,
)
from tests.protocols.dialects.test_jsonlines import DIALECT, JSON, read


class DecodeTests(SynchronousTestCase):
    """What clients say."""

    def refuses(self, kind, error, **command):
        found = read(id=1, **command).command
        self.assertIsInstance(found, Unreadable)
        self.assertIs(found.intended, kind)
        self.assertIsInstance(found.error, error)

    def test_commands(self):
        """All keys, and what is meant where they are left out."""
        for words, command in (
            ({"cmd": "call", "user_id": 7}, Call(7)),
            ({"cmd": "call", "user_id": 7, "mode": "audio", "data": "x"}, Call(7, 0, Mode.AUDIO, "x")),
            ({"cmd": "call", "connection": 2**32 - 1, "user_id": 7}, Call(0, 2**32 - 1)),
            ({"cmd": "join", "room": "a"}, Join("a")),
            ({"cmd": "join", "room": "a", "mode": "screen"}, Join("a", Mode.SCREEN)),
            ({"cmd": "join", "room": "a", "seat": 5, "secret": "s"}, Join("a", Mode.VIDEO, 5, "s")),
            ({"cmd": "invite", "room": "a", "user_id": 7}, Invite("a", 7)),
            ({"cmd": "invite", "room": "a", "connection": 9}, Invite("a", 0, 9)),
            ({"cmd": "decline", "room": "a"}, Decline("a", Reason.DECLINED)),
            ({"cmd": "decline", "room": "a", "reason": "busy"}, Decline("a", Reason.BUSY)),
            ({"cmd": "cancel", "room": "a", "user_id": 7}, Cancel("a", 7)),
            ({"cmd": "leave", "room": "a"}, Leave("a")),
            ({"cmd": "room", "room": "a"}, AskRoom("a")),
            ({"cmd": "ice"}, AskIce()),
        ):
            self.assertEqual(read(id=1, **words), Request(1, command))
            self.refuses_without_id(type(command), words)

    def refuses_without_id(self, kind, words):
        found = read(**words)
        self.assertEqual((type(found), found.intended, type(found.error)), (Unreadable, kind, MissingValue))

    def test_commands_that_need_no_id(self):
        """They come often, and are answered only if they are refused."""
        self.assertEqual(
            read(cmd="signal", room="a", to=5, data={"b": [1, "é"]}), Signal("a", 5, '{"b":[1,"é"]}')
        )
        self.assertEqual(read(cmd="signal", room="a", to="media", data={}), Signal("a", 0, "{}"))
        self.assertEqual(
            read(cmd="media", room="a", audio=True, hold=False, seat=9),
            Tell("a", {"audio": True, "hold": False}),
        )

    def test_what_is_wrong(self):
        """Is named."""
        self.refuses(Call, MissingValue, cmd="call")
        for wrong in (0, -1, 2**31, "7", 7.5, True, None):
            self.refuses(Call, BadValue, cmd="call", user_id=wrong)
        for wrong in (0, 2**32, "7"):
            self.refuses(Call, BadValue, cmd="call", connection=wrong)
        self.refuses(Call, BadValue, cmd="call", user_id=7, data="\ud800")
        self.refuses(Join, TooLong, cmd="join", room="a", seat=5, secret="s" * 65)
        self.refuses(Join, MissingValue, cmd="join", room="a", seat=5)
        for name, error in (("", TooShort), ("a" * 65, TooLong), ("a.b", BadValue), (7, BadValue)):
            self.refuses(Leave, error, cmd="leave", room=name)
        for wrong in ("taken", 5):
            self.refuses(Decline, BadValue, cmd="decline", room="a", reason=wrong)
        for wrong in ("everybody", 0, None, 2**32, [5]):
            self.refuses(Signal, BadValue, cmd="signal", room="a", to=wrong, data={})
        for wrong in ("x", [1], 5, None, {"a": "\ud800"}):
            self.refuses(Signal, BadValue, cmd="signal", room="a", to=5, data=wrong)
        self.refuses(Tell, BadValue, cmd="media", room="a", talking="yes")

    @given(
        st.sampled_from(list(COMMANDS)),
        st.dictionaries(
            st.sampled_from(
                ["room", "to", "data", "mode", "reason", "user_id", "connection", "seat", "secret"]
            ),
            JSON | st.sampled_from(["lobby", "media", "video", 5]),
        ),
    )
    def test_any_keys_are_a_command_or_are_refused(self, cmd, more):
        """Whatever is in the place of a value."""
        found = read(id=1, **more | {"cmd": cmd})
        inner = found.command if isinstance(found, Request) else found
        self.assertIsInstance(inner, RoomCommand | Unreadable)


class SignalTests(SynchronousTestCase):
    """What is carried is written as it came."""

    @given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON))
    def test_objects_survive(self, data):
        """Any object that is JSON comes out equal."""
        found = read(cmd="signal", room="a", to=5, data=data)
        if isinstance(found, Unreadable):
            return
        said = json.loads(DIALECT.encode(Signalled("a", 5, 7, 9, found.data)))
        self.assertEqual(
            said, {"type": "signal", "room": "a", "time": 5, "from": 7, "user_id": 9, "data": data}
        )
