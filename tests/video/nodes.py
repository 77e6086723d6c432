"""Browsers in calls and rooms of several servers, joined by a bus in memory."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from comet.model import Answer, Goodbye, Request, User
from comet.session import Session, Visitor
from comet.video.model import RoomEvent
from tests.cluster.scene import Scene
from tests.running import FRAMING, finish


class Line:
    """A wire that takes everything at once."""

    def __init__(self):
        self.events, self.session, self.goodbye = [], None, None

    def ready(self):
        self.events += [frame.event for frame in self.session.take()]

    def lose(self, goodbye):
        self.ready()
        self.goodbye = goodbye


class Browser:
    """A page that is connected to one of several servers."""

    def __init__(self, scene, broker, user_id):
        self.scene, self.broker, self.user_id = scene, broker, user_id
        self.line = Line()
        key = f"key{user_id}" if user_id else ""
        visitor = Visitor(user_id=user_id, key=key)
        self.session = self.line.session = Session(visitor, FRAMING, self.line, broker, "comet test")
        self.asked = 0
        scene.run(self.session.start())
        self.heard = 0

    @property
    def number(self):
        return self.session.number

    def say(self, command):
        """Ask for something, and do not wait. @return: the id of the answer."""
        self.asked += 1
        self.scene.run_later(self.session.receive(Request(self.asked, command)))
        return self.asked

    def answer(self, number):
        """@return: the answer to what was asked for; C{None} if there is none yet."""
        found = [each.event for each in self.line.events if isinstance(each, Answer) and each.id == number]
        return found[0] if found else None

    def do(self, command):
        """@return: the answer."""
        number = self.say(command)
        self.scene.settle()
        return self.answer(number)

    def hears(self):
        """@return: what has come of rooms since the last time, and was no answer."""
        new, self.heard = self.line.events[self.heard :], len(self.line.events)
        return [event for event in new if isinstance(event, RoomEvent)]

    def vanish(self):
        """The connection is gone."""
        self.session.end()
        self.scene.settle()

    def kill(self):
        """The site ends the connection."""
        self.session.lose(Goodbye.KILLED)
        self.scene.settle()


class Nodes(Scene):
    """Servers with browsers."""

    users = (3, 7, 9)

    def __init__(self, names="ab", **more):
        super().__init__(names, **more)
        for user_id in self.users:
            finish(self.store.set_key(User(0, user_id), f"key{user_id}"))

    def page(self, broker, user_id=0):
        return Browser(self, broker, user_id)

    def run_later(self, coroutine):
        """Begin something; what it has said is not heard yet."""
        Deferred.fromCoroutine(coroutine)


def book(broker):
    """@return: all that a server knows of calls and rooms, to be compared."""
    hall = broker.hall
    return {
        room.channel: (
            room.topology,
            [
                (seat.number, seat.user, seat.secret, seat.connection, seat.slot, seat.on, seat.is_lost)
                for seat in room.seats.values()
            ],
            sorted(
                (ring.user, ring.only, ring.caller_id, ring.seat, ring.mode.value, ring.until, ring.slot)
                for ring in room.rings.values()
            ),
        )
        for room in hall.book.rooms.values()
    }
