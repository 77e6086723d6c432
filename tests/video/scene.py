"""Browsers in calls and rooms of one server, over WebSockets in memory, with a clock that is set by hand."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from comet.attendance import StatusRules
from comet.broker import Broker
from comet.limits import Limits
from comet.model import User
from comet.sections import Video
from comet.storage.memory import MemoryStore
from tests.protocols.clients import Port, SocketClient
from tests.running import finish, spawn

PASSWORD = "main password"
#: Those who have a key: C{key3} and so on.
USERS = (3, 7, 9)


class Page(SocketClient):
    """A page that is signed in, or not."""

    def __init__(self, port, user_id=0, **hello):
        known = {"user_id": user_id, "key": f"key{user_id}"} if user_id else {}
        super().__init__(port, **(known | hello))
        self.last_id = 0
        (welcome,) = [frame for frame in self.frames() if frame["type"] == "welcome" or self.keep(frame)]
        self.number, self.user_id = welcome["connection"], user_id

    def keep(self, frame):
        self.early = [*getattr(self, "early", []), frame]

    def do(self, cmd, **command):
        """@return: the answer to a command; what else has come stays to be heard."""
        self.last_id += 1
        self.say(cmd=cmd, id=self.last_id, **command)
        frames = self.frames()
        (answer,) = [frame for frame in frames if frame.get("id") == self.last_id]
        for frame in frames:
            if frame is not answer:
                self.keep(frame)
        return answer

    def hears(self):
        """@return: what has come since the last time, and was no answer; without the time."""
        early, self.early = getattr(self, "early", []), []
        frames = [*early, *self.frames()]
        return [{key: value for key, value in frame.items() if key != "time"} for frame in frames]

    def kinds(self):
        """@return: of what it L{hears} the types."""
        return [frame["type"] for frame in self.hears()]


class VideoCase(SynchronousTestCase):
    """One server."""

    def setUp(self):
        self.serve()

    def serve(self, media=None, **video):
        """Begin anew, with these settings."""
        self.clock = Clock()
        self.clock.advance(1000)
        self.broker = Broker(
            MemoryStore(),
            Limits(),
            self.clock.seconds,
            spawn,
            StatusRules(grace=3),
            PASSWORD,
            video=Video(**video),
            media=media,
        )
        finish(self.broker.start())
        for user_id in USERS:
            finish(self.broker.store.set_key(User(0, user_id), f"key{user_id}"))
        self.port = Port(self.broker, self.clock)

    def page(self, user_id=0, **hello):
        return Page(self.port, user_id, **hello)

    def commit(self, *actions):
        """Let what SQL asks for take effect."""
        finish(self.broker.commit(actions))

    def wait(self, seconds):
        """Let time go by."""
        for _ in range(int(seconds * 4)):
            self.clock.advance(0.25)
            self.broker.tick()

    def refused(self, name, answer):
        """@return: the sentence of a refusal of that name."""
        self.assertEqual((answer["type"], answer.get("name")), ("error", name), answer)
        return answer["reason"]

    def talking(self):
        """@return: two pages in a call, and its name."""
        ann, bob = self.page(3), self.page(7)
        room = ann.do("call", user_id=7)["room"]
        bob.do("join", room=room)
        ann.hears(), bob.hears()
        return ann, bob, room
