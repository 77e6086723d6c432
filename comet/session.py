"""One client, however connected: its commands come in, its events wait in a bounded outbox until taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from comet import access
from comet.broker import Broker
from comet.connections import About
from comet.errors import CometError, NotAllowed, NotSupported, Refused, TooFast, TooLong
from comet.identity import ANONYMOUS, Identity, Proof, Right
from comet.model import (
    NAME_LIMIT,
    NOWHERE,
    SHORTEST_SUBSCRIBED,
    Acknowledge,
    Answer,
    AskCount,
    AskData,
    AskHistory,
    AskMembers,
    AskPage,
    AskStatus,
    Channel,
    Command,
    Counted,
    Done,
    Event,
    Farewell,
    Follow,
    Followed,
    Form,
    Goodbye,
    Hello,
    Joined,
    Joint,
    Left,
    Member,
    Members,
    Message,
    Nothing,
    Page,
    Ping,
    Place,
    PrivateMessage,
    Recalled,
    Refresh,
    Refreshed,
    Refusal,
    Reported,
    Request,
    RequestId,
    Send,
    Status,
    Subscribe,
    Unfollow,
    Unreadable,
    User,
    UserData,
    Welcome,
    check_name,
)
from comet.pace import Verdict
from comet.resuming import Missed, Resumption, joint, known_places, missed
from comet.storage.listings import Most


class Wire(Protocol):
    """What a transport offers to the session on top of it."""

    def ready(self) -> None:
        """There is something to L{Session.take}, and the turn is over."""

    def lose(self, goodbye: Goodbye) -> None:
        """Write what can be written, then end the connection."""

    def drained(self) -> Awaitable[None]:
        """Wait until everything has been taken, or the connection is over."""


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


#: The hello of clients that have no such word.
NOTHING_SAID = Hello()


class Session:
    """
    One client: subscribes, publishes and is delivered to.

    Events wait in the outbox, in bytes ready to be written, until the end of the turn, when the wire takes
    them. As long as it takes everything, others may put what they have straight into the L{lane}. When it
    does not, more and more waits; a client that reads more slowly than it is written to for too long is
    dropped.

    @ivar lane: see L{comet.hub.Subscriber.lane}.
    @ivar flush: see L{comet.hub.Subscriber.flush}.
    """

    lane: list[bytes] | None
    flush: Callable[[], None]

    def __init__(
        self,
        visitor: Visitor,
        form: Form,
        wire: Wire,
        broker: Broker,
        server: str,
        *,
        secret: str = "",
        mark: Callable[[bytes, Event], bytes] | None = None,
    ) -> None:
        """
        @param server: how the server introduces itself.
        @param secret: by which the client finds this session again, if it needs to.
        @param mark: puts in front of the bytes of an event what differs from client to client.
        """
        self.visitor = visitor
        self.form = form
        self.identity = ANONYMOUS
        self.since = broker.now()
        self.number = next(broker.connections.numbers)
        self.handed = 0
        self._wire = wire
        self._broker = broker
        self._server, self._secret, self._mark = server, secret, mark
        self._walker = broker.pace.client()
        self._channels: dict[Channel, None] = {}
        self._resuming: dict[Channel, Resumption] = {}
        self._outbox: list[bytes] = []
        #: The bytes in the outbox, as long as it is not a lane.
        self._outbox_bytes = 0
        #: Whether the outbox is looked at at the end of this turn, likewise.
        self._is_due = False
        #: The number of the last private message in the outbox, where taking is as good as receiving.
        self._arriving = 0
        self._over = False
        self._express: Callable[[], None] | None = None
        self.lane, self.flush = None, self._flush

    @property
    def is_over(self) -> bool:
        """Whether this session has ended."""
        return self._over

    @property
    def member(self) -> Member:
        """This client as others may know it."""
        return Member(self.user_id, self.visitor.uuid, self.number)

    @property
    def user_id(self) -> int:
        """Who this client has proved to be, 0 for nobody known."""
        return self.identity.user_id

    @property
    def _user(self) -> User:
        return User(self.visitor.dev_id, self.user_id)

    def _channel(self, name: str) -> Channel:
        """@return: where the hub has what this client knows by C{name}."""
        if access.is_own(name) and self.user_id:
            return access.own_channel(self._user, name)
        return Channel(self.visitor.dev_id, name)

    def _check(self, right: Right, name: str, hidden: bool = False) -> None:
        channel = Channel(self.visitor.dev_id, name)
        self._broker.rights.check(right, channel, self.identity, hidden)

    def _may(self, right: Right, name: str) -> bool:
        try:
            self._check(right, name)
        except NotAllowed:
            return False
        return True

    # The life of a session --------------------------------------------------------------------------------

    async def start(self, hello: Hello = NOTHING_SAID, request: RequestId | None = None) -> None:
        """
        Sign in and say welcome. A wrong key is no error: the client stays, as nobody in particular.

        @param hello: what the client said; who it is has become the visitor.
        """
        if self._over:
            return
        self._broker.connections.add(self)
        visitor = self.visitor
        user = User(visitor.dev_id, visitor.user_id)
        proof = await self._broker.authenticate(user, visitor.key) if visitor.user_id else None
        if self._over:
            return
        if proof is not None:
            self._believe(user, proof)
        key = proof.key if proof is not None else ""
        self._answer(
            Welcome(
                *(proof is not None, key, self._server, self._broker.now()),
                *(self._user, self.number, self._secret, _seconds(proof)),
            ),
            request,
        )
        if proof is not None:
            if hello.acknowledged:
                self.handed = hello.acknowledged
                self._broker.acknowledge(user, hello.acknowledged)
            await self._broker.arrive(user, self)
        if hello.wanted:
            await self.receive(Follow(hello.wanted))

    def _believe(self, user: User, proof: Proof) -> None:
        self.identity = Identity(user.user_id, proof.claims)
        self._broker.expiries.watch(self, proof.expires)

    def expire(self) -> None:
        """See L{comet.expiry.Expiring.expire}."""
        self.lose(Goodbye.EXPIRED)

    async def _refresh(self, token: str, request: RequestId | None) -> None:
        """Go on with another token of the same user, and with what that one grants."""
        proof = await self._broker.accounts.refresh(self._user, token)
        if not self._over:
            self._believe(self._user, proof)
            self._answer(Refreshed(_seconds(proof), self._broker.now()), request)
            self.recheck()

    def lose(self, goodbye: Goodbye) -> None:
        """End this session from our side."""
        if not self._over:
            self._broker.goodbyes[goodbye] += 1
            self.end()
            self._outbox.append(Farewell(goodbye, self._broker.now()).encoded(self.form))
            self._wire.lose(goodbye)

    def end(self) -> None:
        """The connection is gone, or about to go: leave everything."""
        if self._over:
            return
        self._over = True
        self._broker.connections.remove(self)
        self._broker.expiries.forget(self)
        if self.user_id:
            self._broker.depart(self._user, self)
        self._resuming.clear()
        self._settle()
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
            queued=self.waiting_bytes,
        )

    def kill(self) -> None:
        """See L{Connection.kill}."""
        self.lose(Goodbye.KILLED)

    # Out --------------------------------------------------------------------------------------------------

    def speed(self, express: Callable[[], None] | None) -> None:
        """
        @param express: writes all that is in L{outbox}, as a wire can that takes everything; C{None} if the
            wire does not, for now or ever, or there is more to do for each event.
        """
        self._express = express
        self._settle()

    @property
    def outbox(self) -> list[bytes]:
        """What waits to be written; always the same list."""
        return self._outbox

    def _settle(self) -> None:
        """Let the outbox be a lane, or not any more."""
        if self._express is None or self._over or self._resuming or self._mark is not None:
            if self.lane is not None:
                self.lane, self.flush = None, self._flush
                self._outbox_bytes = sum(map(len, self._outbox))
                self._is_due = bool(self._outbox)
        elif self.lane is None and (self._is_due or not self._outbox) and not self._arriving:
            self.lane, self.flush = self._outbox, self._express

    def _flush(self) -> None:
        self._is_due = False
        self._wire.ready()

    def deliver(self, frame: bytes, event: Event) -> None:
        """Take C{event}, which is C{frame} in this session's form, for the client."""
        if self._over:
            return
        if self._resuming and isinstance(event, Message):
            resumption = self._resuming.get(event.channel)
            if resumption is not None:
                if resumption.holds(frame, event):
                    if resumption.is_overfull:
                        self.lose(Goodbye.SLOW)
                    return
                # Past and present have met.
                del self._resuming[event.channel]
        self._put(frame, event)
        if not self._resuming:
            self._settle()
        self._broker.hub.turn.begin()

    def _put(self, frame: bytes, event: Event) -> None:
        waiting, outbox = self._broker.hub.turn.waiting, self._outbox
        if self.lane is not None:
            if not outbox:
                waiting.append(self)
            outbox.append(frame)
            return
        if self._mark is not None:
            frame = self._mark(frame, event)
        outbox.append(frame)
        self._outbox_bytes += len(frame)
        if not self._is_due:
            self._is_due = True
            waiting.append(self)
        self.check_outbox()

    def check_outbox(self) -> None:
        """Drop the client if too much waits for it."""
        limits = self._broker.limits
        if len(self._outbox) > limits.outbox_messages or self._outbox_bytes > limits.outbox_bytes:
            self._outbox.clear()
            self._outbox_bytes = 0
            self.lose(Goodbye.SLOW)

    def take(self) -> list[bytes]:
        """@return: everything in the outbox, which is empty afterwards."""
        frames = self._outbox[:]
        self._outbox.clear()
        self._outbox_bytes = 0
        if self._arriving:
            self._broker.acknowledge(self._user, self._arriving)
            self._arriving = 0
        return frames

    @property
    def has_news(self) -> bool:
        """Whether there is something in the outbox."""
        return bool(self._outbox)

    @property
    def waiting_bytes(self) -> int:
        """How many bytes are in the outbox."""
        return self._outbox_bytes if self.lane is None else sum(map(len, self._outbox))

    @property
    def takes(self) -> bool:
        """See L{comet.mail.Device.takes}."""
        if self.form.acknowledges or self._over:
            return False
        return self.lane is not None or not self._outbox

    def give(self, message: PrivateMessage) -> bool:
        """See L{comet.mail.Device.give}."""
        self.deliver(message.encoded(self.form), message)
        if self.form.acknowledges or self._over:
            return False
        if self.lane is None and self._outbox:
            self._arriving = message.number
            return False
        return True

    def tell(self, event: Event) -> None:
        """Tell this client, and nobody else."""
        self.deliver(event.encoded(self.form), event)

    def refuse(self, error: CometError, command: type[Command] | None = None) -> None:
        """Tell this client that something was not granted."""
        self.tell(Refusal(error, self._broker.now(), command))

    def _answer(self, event: Event, request: RequestId | None) -> None:
        self.tell(event if request is None else Answer(request, event))

    # In ---------------------------------------------------------------------------------------------------

    async def receive(self, command: Command) -> None:
        """Carry out a command; what is refused is told to the client, and the session goes on."""
        request = None
        if isinstance(command, Request):
            request, command = command.id, command.command
        if self._is_too_fast(type(command), request):
            return
        try:
            await self._carry_out(command, request)
        except Refused as error:
            self._answer(Refusal(error, self._broker.now(), type(command)), request)

    def _is_too_fast(self, command: type[Command], request: RequestId | None) -> bool:
        """@return: whether the command is not carried out; the client then knows why."""
        verdict = self._walker.judge(self._user if self.user_id else None)
        if verdict is Verdict.PART:
            self.lose(Goodbye.FLOOD)
        elif verdict is Verdict.TELL or (verdict is Verdict.DROP and request is not None):
            most = self._broker.limits.messages_per_second
            error = TooFast(f"Too many messages: at most {most} in a second")
            self._answer(Refusal(error, self._broker.now(), command), request)
        return verdict is not Verdict.CARRY_OUT

    async def _carry_out(self, command: Command, request: RequestId | None) -> None:
        match command:
            case Subscribe(names):
                self._subscribe(names)
            case Follow(wanted, only):
                await self._follow(wanted, only, request)
            case Unfollow(names):
                self._unfollow(names)
                self._done(request)
            case Send():
                await self._send(command, request)
            case AskCount(name, marker):
                self._check(Right.COUNT, name)
                count = self._broker.hub.count(self._channel(name))
                self._answer(Counted(marker, count, self._broker.now()), request)
            case AskHistory(name, marker):
                self._check(Right.HISTORY, name)
                for message in await self._broker.history(self._channel(name)):
                    self.tell(Recalled(message, marker))
            case AskPage():
                self._answer(await self._page(command), request)
            case AskMembers(name, marker):
                self._check(Right.MEMBERS, name)
                self._answer(Members(name, marker, self._members(name), self._broker.now()), request)
            case AskStatus(user_id):
                user = User(self.visitor.dev_id, user_id)
                seen = await self._broker.last_seen([user])
                self._answer(Status(user_id, seen[user], self._broker.now()), request)
            case AskData(user_id, marker):
                user = User(self.visitor.dev_id, user_id)
                data = (await self._broker.store.data([user])).get(user, "")
                self._answer(UserData(user_id, marker, data, self._broker.now()), request)
            case Acknowledge(number):
                self._acknowledge(number)
                self._done(request)
            case Refresh(token):
                await self._refresh(token, request)
            case Ping():
                self._done(request)
            case Unreadable(intended, error):
                self._answer(Refusal(error, self._broker.now(), intended), request)
            case Nothing():
                pass
            case _:
                raise NotSupported(f"{type(command).__name__} is not supported yet")

    def _done(self, request: RequestId | None) -> None:
        if request is not None:
            self._answer(Done(self._broker.now()), request)

    def _acknowledge(self, number: int) -> None:
        # What it was not given cannot have arrived.
        number = min(number, self.handed)
        if self.user_id and number > 0:
            self._broker.acknowledge(self._user, number)

    async def _send(self, command: Send, request: RequestId | None) -> None:
        self._check(Right.PUBLISH, command.name, command.hide_sender)
        size, most = len(command.text.encode()), self._broker.limits.message
        if size > most:
            raise TooLong(f"Data too long for the message: {size} bytes, at most {most}")
        now = self._broker.now()
        sender = 0 if command.hide_sender else self.user_id
        channel = Channel(self.visitor.dev_id, command.name)
        message = Message(channel, command.event, command.text, now, sender)
        if access.is_own(command.name):
            reached, place = self._broker.whisper(self._user, message, self)
        else:
            reached, place = await self._broker.publish(message, self)
        if not command.quiet:
            self._answer(Reported(command.name, command.text, reached, now, place), request)

    async def _page(self, command: AskPage) -> Page:
        self._check(Right.HISTORY, command.name)
        channel, limits, now = self._channel(command.name), self._broker.limits, self._broker.now()
        limit = limits.history if command.limit is None else min(command.limit, limits.history)
        if command.since is None:
            kept = await self._broker.store.history(channel, limit)
            place = (await self._broker.store.places([channel])).get(channel, NOWHERE)
            return Page(place, False, tuple(kept), now)
        most = Most(limits.history, limits.resume_bytes)
        stretch = await self._broker.store.since(channel, command.since.position, most)
        found = joint(command.since, stretch, most)
        return Page(found.joint.place, found.joint.gap, tuple(found.messages[:limit]), now)

    def _members(self, name: str) -> tuple[Member, ...]:
        subscribers = self._broker.hub.subscribers(self._channel(name))
        return tuple(client.member for client in subscribers if isinstance(client, Session))

    # Channels ---------------------------------------------------------------------------------------------

    def _admitted(self, names: Iterable[str], count: int, request: RequestId | None = None) -> list[str]:
        """
        @param count: how many channels there are already.
        @return: those of C{names} that may be listened to; the client is told of the others.
        """
        admitted: list[str] = []
        for name in names:
            if access.is_reserved(name):
                continue  # its frames come without a subscription
            try:
                check_name(name, "channel name", SHORTEST_SUBSCRIBED)
                self._check(Right.SUBSCRIBE, name)
                if count + len(admitted) >= self._broker.limits.channels:
                    raise NotAllowed(f"at most {self._broker.limits.channels} channels: {name} is left out")
            except Refused as error:
                self._answer(Refusal(error, self._broker.now(), Subscribe, name[:NAME_LIMIT]), request)
            else:
                admitted.append(name)
        return admitted

    def _subscribe(self, names: tuple[str, ...]) -> None:
        """Listen to exactly C{names}: what stays is not touched, so that nobody sees it come and go."""
        wanted = [self._channel(name) for name in self._admitted(dict.fromkeys(names), 0)]
        self._leave_others(wanted)
        for channel in wanted:
            if channel not in self._channels:
                self._channels[channel] = None
                self._join(channel)

    def _leave_others(self, wanted: Iterable[Channel]) -> None:
        self._unfollow_channels([channel for channel in self._channels if channel not in set(wanted)])

    def _unfollow(self, names: Iterable[str]) -> None:
        self._unfollow_channels(map(self._channel, names))

    def _unfollow_channels(self, channels: Iterable[Channel]) -> None:
        for channel in channels:
            if channel in self._channels:
                del self._channels[channel]
                self._resuming.pop(channel, None)
                self._settle()
                self._leave(channel)

    async def _follow(
        self, wanted: Mapping[str, Place | None], only: bool, request: RequestId | None
    ) -> None:
        """Listen to these, too; tell how past and present join, then what was missed, then go on."""
        if only:
            self._leave_others(map(self._channel, wanted))
        old = [name for name in wanted if self._channel(name) in self._channels]
        new = self._admitted((name for name in wanted if name not in old), len(self._channels), request)
        for name in new:
            channel = self._channel(name)
            self._channels[channel] = None
            if self._broker.length(channel):
                self._resuming[channel] = Resumption(self._broker.limits.outbox_messages)
                self._settle()
            self._join(channel)
        joints, given = await self._missed([*old, *new], {name: wanted[name] for name in new})
        if self._over:
            return
        self._answer(Followed(joints, self._broker.now()), request)
        for name in new:
            await self._catch_up(self._channel(name), given[name])

    async def _missed(
        self, names: Iterable[str], since: Mapping[str, Place | None]
    ) -> tuple[dict[str, Joint], dict[str, Missed]]:
        """@return: how each of these channels joins; and of those in C{since} what was missed."""
        joints, given = {}, {}
        limits, left = self._broker.limits, self._broker.limits.resume_bytes
        kept = {name: self._broker.length(self._channel(name)) > 0 for name in names}
        readable = {name for name in kept if since.get(name) is None or self._may(Right.HISTORY, name)}
        present = [
            self._channel(name)
            for name in kept
            if kept[name] and (since.get(name) is None or name not in readable)
        ]
        places = await known_places(self._broker.store, present)
        for name in kept:
            channel, place = self._channel(name), since.get(name)
            if place is None or name not in readable:
                # Who may not read the history has missed all of it.
                found = Missed(Joint(places.get(channel, NOWHERE), gap=since.get(name) is not None), [])
            else:
                most = Most(limits.history, left)
                found = await missed(self._broker.store, channel, place, most, kept[name])
                left -= sum(len(message.text) for message in found.messages)
            joints[name] = found.joint
            if name in since:
                given[name] = found
        return joints, given

    async def _catch_up(self, channel: Channel, found: Missed) -> None:
        limits = self._broker.limits
        for message in found.messages:
            busy = len(self._outbox) > limits.outbox_messages // 2
            if busy or self._outbox_bytes > limits.outbox_bytes // 2:
                await self._wire.drained()
            if self._over or channel not in self._channels:
                return
            self._put(message.encoded(self.form), message)
            self._broker.hub.turn.begin()
        resumption = self._resuming.get(channel)
        if resumption is not None:
            for frame, event in resumption.release(found.joint.place.position):
                self._put(frame, event)
            self._broker.hub.turn.begin()

    def recheck(self) -> None:
        """See L{comet.hub.Subscriber.recheck}; the client is told of each channel that it has lost."""
        for channel in list(self._channels):
            name = access.wire_name(channel)
            try:
                self._check(Right.SUBSCRIBE, name)
            except NotAllowed as error:
                self._unfollow_channels([channel])
                self.tell(Refusal(error, self._broker.now(), Subscribe, name))

    def _join(self, channel: Channel) -> None:
        if access.is_tracked(channel.name):
            self._broker.announce(channel, Joined(channel, self.member, self._broker.now()))
        self._broker.hub.subscribe(channel, self)

    def _leave(self, channel: Channel) -> None:
        self._broker.hub.unsubscribe(channel, self)
        if access.is_tracked(channel.name):
            self._broker.announce(channel, Left(channel, self.member, self._broker.now()))


def _seconds(proof: Proof | None) -> int | None:
    return None if proof is None or proof.expires is None else int(proof.expires)
