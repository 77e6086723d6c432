"""
What one server has to agree on with others, if there are any: who hears, who is online, who is connected.

L{Alone} is a server by itself. A cluster is in L{comet.cluster.node}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from comet.attendance import TICK_LIMIT, Attendance, Online
from comet.connections import Connections, Listed
from comet.hub import Hub, Subscriber
from comet.mail import Device, Relay
from comet.model import Channel, Event, Goodbye, User
from comet.presence import Presence
from comet.video.registry import Outcome
from comet.video.steps import Step


class Listening(NamedTuple):
    """
    A browser that listens to a channel.

    @ivar connection: the number of its connection.
    """

    user_id: int
    uuid: str
    user_agent: str
    address: str
    origin: str
    language: str
    connection: int


@runtime_checkable
class Browser(Protocol):
    """A subscriber that is a browser."""

    @property
    def listening(self) -> Listening:
        """What others may know of it."""


def listening_here(hub: Hub, channels: Iterable[Channel]) -> list[tuple[Channel, Listening]]:
    """@return: the browsers that listen to these channels here, by channel, the newest subscription first."""
    return [
        (channel, subscriber.listening)
        for channel in channels
        for subscriber in hub.subscribers(channel)
        if isinstance(subscriber, Browser)
    ]


class Engine(Protocol):
    """
    The server among others.

    @ivar online: who is online, anywhere.
    @ivar problem: what is wrong between the servers, for people; empty if nothing is.
    @ivar relay: hands a stored private message to the devices of its user, wherever they are, and calls back
        once those here have been given it; C{None} if all devices are here.
    @ivar slot: where this server is among the others.
    """

    online: Online
    relay: Relay | None
    slot: int

    @property
    def problem(self) -> str:
        """See above."""

    async def start(self) -> None:
        """Find the others; the store has been started."""

    async def stop(self) -> None:
        """Leave the others."""

    def tick(self, now: float) -> None:
        """To be called a few times a second."""

    def announce(self, channel: Channel, event: Event, besides: Subscriber | None) -> int:
        """
        Hand C{event} to all who listen to C{channel}, but for C{besides}, in one order everywhere.

        @return: how many connections these are, as far as that is known now.
        """

    def arrive(self, user: User, device: Device) -> None:
        """C{user} has come with a device."""

    def depart(self, user: User, device: Device) -> None:
        """A device of C{user} is gone; saying so twice is saying so once."""

    def elsewhere(self, user: User) -> int:
        """@return: how many devices C{user} has on other servers."""

    def changed(self, what: str, *key: object) -> None:
        """Something that all servers know by heart has changed in the store: see L{comet.cluster.node}."""

    def lose_users(self, users: Iterable[User], goodbye: Goodbye) -> None:
        """End the connections of these users, wherever they are."""

    def kill_logins(self, dev_id: int) -> None:
        """End the MySQL connections, wherever, that have logged in with the own key of a tenant."""

    def count(self, channel: Channel) -> int:
        """@return: how many listen to C{channel}."""

    def channels(self) -> Iterable[Channel]:
        """@return: the channels that somebody listens to."""

    async def listening(self, channels: Iterable[Channel]) -> list[tuple[Channel, Listening]]:
        """@return: who listens to these channels, by channel; the newest subscription of a server first."""

    async def connections(self, dev_id: int) -> list[Listed]:
        """@return: the connections that a tenant may see; 0 sees all."""

    async def kill(self, number: int, dev_id: int, only_asked: bool) -> bool:
        """
        End the connection of that number, if the tenant, or 0 for root, may.

        @param only_asked: whether to look for it, and let it live.
        @return: whether there is one.
        """

    async def disconnect(self, user: User) -> int:
        """@return: how many connections of C{user} there were, which are ended."""

    async def metrics(self) -> list[str]:
        """@return: the metrics of the other processes of this machine that serve the same ports."""

    @property
    def nodes(self) -> int:
        """How many servers are known, this one included."""

    def confer(self, step: Step, done: Callable[[Outcome], object]) -> None:
        """
        Let C{step} take effect in the rooms, everywhere, in one order.

        @param done: is called with what it has come to here.
        """

    def pass_on(self, slot: int, item: Sequence[Any]) -> bool:
        """
        Hand a signal to another server at once, for a client of that one.

        @param item: see L{comet.video.hall.Hall.passed_on}.
        @return: whether that server is reached.
        """

    def whose(self, connection: int) -> User | None:
        """@return: who is signed in over a connection of another server; C{None} for nobody."""

    def name_of(self, slot: int) -> str:
        """@return: the name of the server in C{slot}, empty if it is not known."""


#: Applies a step of the server in a slot: see L{comet.video.hall.Hall.apply}.
Apply = Callable[[Step, int, Callable[[Outcome], object]], None]


class Alone:
    """An L{Engine} without others: everything is here, and takes effect at once."""

    problem = ""
    relay: Relay | None = None
    nodes = 1
    slot = 0

    def __init__(
        self,
        hub: Hub,
        presence: Presence[Device],
        attendance: Attendance,
        connections: Connections,
        clock: Callable[[], float],
        deliver: Callable[[Channel, Event, Subscriber | None], int],
        most: int,
        apply: Apply,
    ) -> None:
        """
        @param clock: the time in seconds since 1970.
        @param deliver: hands an event to the subscribers that are here.
        @param most: how many devices a user may have.
        @param apply: lets a step take effect in the rooms.
        """
        self._presence = presence
        self.online: Online = presence
        self._hub, self._attendance, self._connections = hub, attendance, connections
        self._clock, self._most, self._apply = clock, most, apply
        self.announce = deliver
        self.count = hub.count
        self.channels = hub.channels

    async def start(self) -> None:
        """Let those go offline who were online when the process before this one died."""
        # As long as a server stands alone, whoever is marked was marked by a process before this one, even
        # if that had another name.
        await self._attendance.end()

    async def stop(self) -> None:
        """Let everybody go offline."""
        for user, left in self._presence.leave_all(self._clock()):
            self._attendance.changed(user, False, int(left))

    def tick(self, now: float) -> None:
        """Let those go offline whose time of grace is over."""
        for user, left in self._presence.due(now, TICK_LIMIT):
            self._attendance.changed(user, False, int(left))

    def arrive(self, user: User, device: Device) -> None:
        """See L{Engine.arrive}."""
        if self._presence.arrive(user, device):
            self._attendance.changed(user, True, int(self._clock()))
        elif len(devices := self._presence.devices(user)) > self._most:
            devices[0].lose(Goodbye.REPLACED)

    def depart(self, user: User, device: Device) -> None:
        """See L{Engine.depart}."""
        now = self._clock()
        if self._presence.depart(user, device, now):
            self._attendance.changed(user, False, int(now))

    def elsewhere(self, user: User) -> int:
        """See L{Engine.elsewhere}."""
        return 0

    def changed(self, what: str, *key: object) -> None:
        """See L{Engine.changed}: nobody has to be told."""

    def lose_users(self, users: Iterable[User], goodbye: Goodbye) -> None:
        """See L{Engine.lose_users}."""
        for user in users:
            for device in self._presence.devices(user):
                device.lose(goodbye)

    def kill_logins(self, dev_id: int) -> None:
        """See L{Engine.kill_logins}."""
        self._connections.close_by_key(dev_id)

    async def listening(self, channels: Iterable[Channel]) -> list[tuple[Channel, Listening]]:
        """See L{Engine.listening}."""
        return listening_here(self._hub, channels)

    async def connections(self, dev_id: int) -> list[Listed]:
        """See L{Engine.connections}."""
        return self._connections.listed(dev_id)

    async def kill(self, number: int, dev_id: int, only_asked: bool) -> bool:
        """See L{Engine.kill}."""
        return self._connections.kill(number, dev_id, only_asked)

    async def disconnect(self, user: User) -> int:
        """See L{Engine.disconnect}."""
        devices = self._presence.devices(user)
        for device in devices:
            device.lose(Goodbye.KILLED)
        return len(devices)

    async def metrics(self) -> list[str]:
        """See L{Engine.metrics}."""
        return []

    def confer(self, step: Step, done: Callable[[Outcome], object]) -> None:
        """See L{Engine.confer}."""
        self._apply(step, self.slot, done)

    def pass_on(self, slot: int, item: Sequence[Any]) -> bool:
        """See L{Engine.pass_on}: there is no other server."""
        return False

    def whose(self, connection: int) -> User | None:
        """See L{Engine.whose}."""
        return None

    def name_of(self, slot: int) -> str:
        """See L{Engine.name_of}."""
        return self._connections.node
