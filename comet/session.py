"""One client, however connected: its commands come in, its events wait in a bounded outbox until taken."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from comet import access
from comet.broker import Broker
from comet.connections import About
from comet.errors import CometError, NotAllowed, NotSupported, Refused, TooLong
from comet.model import (
    SHORTEST_SUBSCRIBED,
    AskCount,
    AskData,
    AskHistory,
    AskMembers,
    AskStatus,
    Channel,
    Command,
    Counted,
    Event,
    Farewell,
    Form,
    Goodbye,
    Joined,
    Left,
    Member,
    Members,
    Message,
    Nothing,
    Recalled,
    Refusal,
    Reported,
    Send,
    Status,
    Subscribe,
    Unreadable,
    User,
    UserData,
    Welcome,
    check_name,
)


class Wire(Protocol):
    """What a transport offers to the session on top of it."""

    def ready(self) -> None:
        """There is something to L{Session.take}."""

    def lose(self, goodbye: Goodbye) -> None:
        """Write what can be written, then end the connection."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """
    What a client says of itself when it connects; nothing of it is proved.

    @ivar user_id: who it claims to be, 0 for nobody.
    @ivar key: what should prove it.
    @ivar uuid: the id that the browser chose for itself.
    @ivar address: where the connection comes from.
    """

    dev_id: int = 0
    user_id: int = 0
    key: str = ""
    uuid: str = ""
    address: str = ""
    user_agent: str = ""
    origin: str = ""
    language: str = ""


class Session:
    """
    One client: subscribes, publishes and is delivered to.

    Events wait in the outbox, in bytes ready to be written, until the wire takes them. The outbox has a
    limit; a client that reads more slowly than it is written to for too long is dropped.
    """

    def __init__(self, visitor: Visitor, form: Form, wire: Wire, broker: Broker, server: str) -> None:
        """@param server: how the server introduces itself."""
        self.visitor = visitor
        self.form = form
        self.user_id = 0
        self.since = broker.now()
        self.number = next(broker.connections.numbers)
        self._wire = wire
        self._broker = broker
        self._server = server
        self._channels: dict[Channel, None] = {}
        self._outbox: deque[bytes] = deque()
        self._outbox_bytes = 0
        self._over = False

    @property
    def member(self) -> Member:
        """This client as others may know it."""
        return Member(self.user_id, self.visitor.uuid)

    def _channel(self, name: str) -> Channel:
        return Channel(self.visitor.dev_id, name)

    # The life of a session --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Sign in and say welcome. A wrong key is no error: the client stays, as nobody in particular."""
        if self._over:
            return
        self._broker.connections.add(self)
        visitor = self.visitor
        user = User(visitor.dev_id, visitor.user_id)
        key = await self._broker.authenticate(user, visitor.key) if visitor.user_id else None
        if self._over:
            return
        if key is not None:
            self.user_id = user.user_id
        self.tell(Welcome(key is not None, key or "", self._server, self._broker.now()))
        if key is not None:
            await self._broker.arrive(user, self)

    def lose(self, goodbye: Goodbye) -> None:
        """End this session from our side."""
        if not self._over:
            self.end()
            self._outbox.append(Farewell(goodbye, self._broker.now()).encoded(self.form))
            self._wire.lose(goodbye)

    def end(self) -> None:
        """The connection is gone, or about to go: leave everything."""
        if self._over:
            return
        self._over = True
        self._broker.connections.remove(self)
        if self.user_id:
            self._broker.depart(User(self.visitor.dev_id, self.user_id), self)
        for channel in self._channels:
            self._leave(channel)
        self._channels.clear()

    @property
    def about(self) -> About:
        """See L{Connection.about}."""
        visitor, form = self.visitor, self.form
        return About(
            user=str(self.user_id or "anonymous"),
            user_id=self.user_id,
            dev_id=visitor.dev_id,
            dialect=form.dialect.name,
            transport=form.transport,
            address=visitor.address,
            since=self.since,
            channels=len(self._channels),
            queued=self._outbox_bytes,
        )

    def kill(self) -> None:
        """See L{Connection.kill}."""
        self.lose(Goodbye.KILLED)

    # Out --------------------------------------------------------------------------------------------------

    def deliver(self, frame: bytes) -> None:
        """Take bytes in this session's form for the client."""
        if self._over:
            return
        limits = self._broker.limits
        self._outbox.append(frame)
        self._outbox_bytes += len(frame)
        self._wire.ready()
        if len(self._outbox) > limits.outbox_messages or self._outbox_bytes > limits.outbox_bytes:
            self._outbox.clear()
            self.lose(Goodbye.SLOW)

    def take(self) -> list[bytes]:
        """@return: everything in the outbox, which is empty afterwards."""
        frames = list(self._outbox)
        self._outbox.clear()
        self._outbox_bytes = 0
        return frames

    @property
    def waiting_bytes(self) -> int:
        """How many bytes are in the outbox."""
        return self._outbox_bytes

    def tell(self, event: Event) -> None:
        """Tell this client, and nobody else."""
        self.deliver(event.encoded(self.form))

    def refuse(self, error: CometError, command: type[Command] | None = None) -> None:
        """Tell this client that something was not granted."""
        self.tell(Refusal(error, self._broker.now(), command))

    # In ---------------------------------------------------------------------------------------------------

    async def receive(self, command: Command) -> None:
        """Carry out a command; what is refused is told to the client, and the session goes on."""
        try:
            match command:
                case Subscribe(names):
                    self._subscribe(names)
                case Send():
                    await self._send(command)
                case AskCount(name, marker):
                    access.check_counting(name)
                    count = self._broker.hub.count(self._channel(name))
                    self.tell(Counted(marker, count, self._broker.now()))
                case AskHistory(name, _):
                    access.check_reading(name, self.user_id)
                    for message in await self._broker.history(self._channel(name)):
                        self.tell(Recalled(message))
                case AskMembers(name, marker):
                    access.check_listing(name)
                    self.tell(Members(name, marker, self._members(name), self._broker.now()))
                case AskStatus(user_id):
                    user = User(self.visitor.dev_id, user_id)
                    seen = await self._broker.last_seen([user])
                    self.tell(Status(user_id, seen[user], self._broker.now()))
                case AskData(user_id, marker):
                    user = User(self.visitor.dev_id, user_id)
                    data = (await self._broker.store.data([user])).get(user, "")
                    self.tell(UserData(user_id, marker, data, self._broker.now()))
                case Unreadable(intended, error):
                    self.refuse(error, intended)
                case Nothing():
                    pass
                case _:
                    raise NotSupported(f"{type(command).__name__} is not supported yet")
        except Refused as error:
            self.refuse(error, type(command))

    async def _send(self, command: Send) -> None:
        access.check_writing(command.name, self.user_id, command.hide_sender)
        size, most = len(command.text.encode()), self._broker.limits.message
        if size > most:
            raise TooLong(f"Data too long for the message: {size} bytes, at most {most}")
        now = self._broker.now()
        sender = 0 if command.hide_sender else self.user_id
        message = Message(self._channel(command.name), command.event, command.text, now, sender)
        reached = await self._broker.publish(message, self)
        self.tell(Reported(command.name, command.text, reached, now))

    def _members(self, name: str) -> tuple[Member, ...]:
        subscribers = self._broker.hub.subscribers(self._channel(name))
        return tuple(client.member for client in subscribers if isinstance(client, Session))

    def _subscribe(self, names: tuple[str, ...]) -> None:
        """Listen to exactly C{names}: what stays is not touched, so that nobody sees it come and go."""
        wanted: dict[Channel, None] = {}
        for name in names:
            if access.is_reserved(name):
                continue  # its frames come without a subscription
            try:
                check_name(name, "channel name", SHORTEST_SUBSCRIBED)
                access.check_reading(name, self.user_id)
                if len(wanted) == self._broker.limits.channels and self._channel(name) not in wanted:
                    raise NotAllowed(f"at most {self._broker.limits.channels} channels: {name} is left out")
            except Refused as error:
                self.refuse(error, Subscribe)
            else:
                wanted[self._channel(name)] = None
        for channel in [channel for channel in self._channels if channel not in wanted]:
            del self._channels[channel]
            self._leave(channel)
        for channel in wanted:
            if channel not in self._channels:
                self._channels[channel] = None
                self._join(channel)

    def _join(self, channel: Channel) -> None:
        if access.is_tracked(channel.name):
            self._broker.announce(channel, Joined(channel, self.member, self._broker.now()))
        self._broker.hub.subscribe(channel, self)

    def _leave(self, channel: Channel) -> None:
        self._broker.hub.unsubscribe(channel, self)
        if access.is_tracked(channel.name):
            self._broker.announce(channel, Left(channel, self.member, self._broker.now()))
