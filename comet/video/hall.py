"""
The rooms as one server has them: it applies what all servers say, and tells its own clients what follows.

What changes a room is said to all servers (L{comet.engine.Engine.confer}) and takes effect when it is heard,
in the order in which all hear it. Signals alone go from one client straight to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

from comet.attendance import Online
from comet.connections import Connections
from comet.engine import Engine
from comet.errors import NoSeat
from comet.hub import Hub, Subscriber
from comet.identity import Identity
from comet.mail import Device
from comet.model import Channel, Event, Form, Goodbye, User
from comet.presence import Presence
from comet.rates import Buckets, Rate
from comet.rights import Rights
from comet.sections import Video
from comet.storage.interface import Store
from comet.video import parts
from comet.video.media import MediaServer
from comet.video.model import Reason, RoomEvent, Signalled, Topology, Turned
from comet.video.registry import News, Outcome, Registry, Result
from comet.video.rules import Rules
from comet.video.seat import Seat
from comet.video.stage import Stage
from comet.video.steps import Calls, Ends, Invites, Leaves, Loses, Returns, Step
from comet.video.tally import Purpose, Tally, VideoStatus, status
from comet.video.watch import Watch

#: Of how many users it is remembered how often they have rung.
RINGERS = 100_000
#: More than there ever are.
UNLIMITED = 1 << 30


@runtime_checkable
class Guest(Protocol):
    """
    A client, as the rooms see it.

    @ivar number: that of its connection.
    @ivar identity: who it is, and what its token grants.
    """

    number: int
    identity: Identity

    @property
    def form(self) -> Form:
        """How it wants its events."""

    @property
    def user(self) -> User:
        """Who it is, with the tenant."""

    @property
    def is_over(self) -> bool:
        """Whether it is gone."""

    def tell(self, event: Event) -> None:
        """Tell it something."""


class House(Protocol):
    """What the rooms need of the server: see L{comet.broker.Broker}."""

    store: Store
    rights: Rights
    connections: Connections
    presence: Presence[Device]
    engine: Engine
    hub: Hub
    clock: Callable[[], float]


class Hall:
    """
    The rooms of one server.

    @ivar book: who sits and rings where, anywhere.
    @ivar video: the settings.
    @ivar media: the way to the media server; C{None} without one.
    @ivar stage: our seats as the media server knows them.
    @ivar tally: counts what happens.
    """

    def __init__(self, house: House, video: Video, media: MediaServer | None = None) -> None:
        self.house, self.video, self.media = house, video, media
        self.book = Registry(self._devices)
        self.stage = Stage(self, media)
        self.tally = Tally()
        most = video.calls_per_minute
        #: How often users have rung just now, on all servers; and connections of nobody, on this one.
        self.paces: Buckets[User | int] = Buckets(Rate(most / 60, most), RINGERS)
        self._rules = Rules(self.book)
        self._watch = Watch(self)
        #: The clients of this server that sit somewhere, or have wanted to.
        self._guests: dict[int, Guest] = {}

    @property
    def limit(self) -> int:
        """How many may be in a room."""
        return self.video.mesh_limit if self.media is None else self.video.room_limit

    def limit_of(self, topology: Topology) -> int:
        """@return: how many may be just now in a room in which media goes that way."""
        return self.video.mesh_limit if self.is_media_away and topology is Topology.MESH else self.limit

    @property
    def is_media_away(self) -> bool:
        """Whether there is a media server, and it is away."""
        return self.media is not None and self.media.is_away

    @property
    def mesh_limit(self) -> int:
        """How many of them may exchange media each with each; without a media server, all that there are."""
        return UNLIMITED if self.media is None else self.video.mesh_limit

    @property
    def slot(self) -> int:
        """Where this server is among the others."""
        return self.house.engine.slot

    @property
    def online(self) -> Online:
        """Who is online, anywhere."""
        return self.house.engine.online

    def now(self) -> float:
        """@return: the time in seconds since 1970."""
        return self.house.clock()

    def status(self) -> VideoStatus:
        """@return: what there is, and has been until now."""
        return status(self.book.rooms.values(), self.slot, self.tally)

    def say(self, step: Step, done: Callable[[Outcome], object] = lambda outcome: None) -> None:
        """
        Let C{step} take effect everywhere.

        @param done: is called with what it has come to here.
        """
        self.house.engine.confer(step, done)

    def start(self) -> None:
        """Begin, before any client comes."""
        if self.media is not None:
            self.media.start(self.stage)

    async def stop(self) -> None:
        """All clients are gone."""
        if self.media is not None:
            self.stage.close()
            await self.media.stop()

    def tick(self, now: float) -> None:
        """To be called a few times a second."""
        self._watch.tick(now)

    # What happens -----------------------------------------------------------------------------------------

    def apply(self, step: Step, slot: int, done: Callable[[Outcome], object] = lambda outcome: None) -> None:
        """
        Let a step take effect that was said by the server in C{slot}, and tell our clients what follows.

        @param done: is called with what it comes to, before anybody is told anything.
        """
        if slot != self.slot and isinstance(step, Calls | Invites) and step.connection and step.caller_id:
            self.paces.take(User(step.dev_id, step.caller_id), self.now())
        result = self._rules.apply(step, slot)
        done(result.outcome)
        entered, seat = self.tell(result), result.outcome
        if isinstance(step, Returns) and isinstance(seat, Seat) and seat in entered:
            # Until now its way to the media server was on another node.
            self.tell_one(seat.connection, Turned(step.room, int(step.time), Topology.SFU))

    def tell(self, result: Result) -> list[Seat]:
        """
        Tell our clients, and the media server, what has happened.

        @return: the seats that have become known to the media server.
        """
        for news in result.news:
            self._tell(news)
        self._count(result)
        return self.stage.follow(result.rooms)

    def _count(self, result: Result) -> None:
        """Count what has become of the rings that this server looks after."""
        slot = self.slot
        self.tally.begun.update(Purpose.of(ring) for ring in result.begun if ring.slot == slot)
        self.tally.over.update((Purpose.of(ring), how) for ring, how in result.over if ring.slot == slot)

    def _tell(self, news: News) -> None:
        if isinstance(news.to, User):
            for device in self.house.presence.devices(news.to):
                if device.number != news.besides:
                    self._deliver(device, news.event)
        else:
            self.tell_one(news.to, news.event)

    def tell_one(self, connection: int, event: RoomEvent) -> None:
        """Tell the client that has a connection, if that is one of ours."""
        guest = self._guests.get(connection)
        if guest is None:
            found = self.house.connections.find(connection, 0)
            if not isinstance(found, Guest) or not found.form.has_rooms:
                return
            guest = found
        guest.tell(event)

    def _deliver(self, device: Subscriber, event: RoomEvent) -> None:
        if device.form.has_rooms:
            self.house.hub.turn.pull(device)
            device.deliver(event.encoded(device.form), event)

    def _devices(self, user: User) -> int:
        return len(self.house.presence.devices(user)) + self.house.engine.elsewhere(user)

    # Signals ----------------------------------------------------------------------------------------------

    def signal(self, seat: Seat, event: Signalled) -> None:
        """
        Carry a signal to C{seat}, wherever that is.

        @raise NoSeat: if its server is not reached just now.
        """
        if seat.slot == self.slot:
            return self.tell_one(seat.connection, event)
        item = (seat.connection, *seat.room.channel, event.time, event.seat, event.user_id, event.data)
        if not self.house.engine.pass_on(seat.slot, item):
            raise NoSeat(f"the server of seat {seat.number} is not reached just now")
        return None

    def passed_on(self, item: Sequence[Any]) -> None:
        """Another server hands over what its L{signal} has for one of our clients."""
        connection, dev_id, room, time, sender, user_id, data = item[:7]
        if self.book.seat(Channel(dev_id, room), connection) is not None:
            self.tell_one(connection, Signalled(room, time, sender, user_id, data))

    # Clients that come and go -----------------------------------------------------------------------------

    def welcome(self, guest: Guest) -> None:
        """C{guest} is about to sit down."""
        self._guests[guest.number] = guest

    def came(self, user: User, device: Device) -> None:
        """A device of C{user} has come: it hears what rings."""
        now = self.now()
        for ring in self.book.ringing.get(user, {}).values():
            if ring.is_for(device.number, now):
                self._deliver(device, ring.told(int(now)))

    def ended(self, guest: Guest, goodbye: Goodbye | None = None) -> None:
        """
        A client is gone; saying so twice is saying so once.

        @param goodbye: why we have ended it, if we have. Whom the site has sent away does not come back.
        """
        self._guests.pop(guest.number, None)
        now = self.now()
        for seat in self.book.seats(guest.number):
            place = (now, *seat.room.channel, guest.number)
            if goodbye is not None and (goodbye.final or goodbye is Goodbye.KEY_REMOVED):
                self.say(Leaves(*place, Reason.REMOVED.value))
            else:
                self.say(Loses(*place, now + self.video.grace))

    def end(self, channel: Channel, reason: Reason) -> None:
        """Let a room be over for all."""
        self.say(Ends(self.now(), *channel, reason.value))

    # Other servers ----------------------------------------------------------------------------------------

    def part(self, slot: int) -> list[tuple[Any, ...]]:
        """@return: the seats and rings that the server in C{slot} looks after."""
        return parts.part(self.book, slot)

    def replace(self, slot: int, rows: Iterable[list[Any]]) -> None:
        """The server in C{slot} has told its L{part}."""
        self.tell(parts.replace(self.book, slot, rows, self.now(), self.mesh_limit))

    def learn(self, slot: int, rows: Iterable[list[Any]]) -> None:
        """Another server has told what it knows of the L{part} of that in C{slot}."""
        self.tell(parts.learn(self.book, slot, rows, self.now(), self.mesh_limit))

    def bury(self, slot: int, heir: int) -> None:
        """The server in C{slot} is gone; that in C{heir} looks after its part."""
        now = self.now()
        self.tell(parts.bury(self.book, slot, heir, now, now + self.video.grace))

    def move(self, before: int) -> None:
        """This server has another slot."""
        parts.move(self.book, before, self.slot)
        self.stage.follow_all()

    def whose(self, connection: int) -> User | None:
        """@return: who is signed in over a connection, anywhere; C{None} for nobody."""
        found = self.house.connections.find(connection, 0)
        if found is None:
            return self.house.engine.whose(connection)
        about = found.about
        return User(about.dev_id, about.user_id) if about.user_id else None
