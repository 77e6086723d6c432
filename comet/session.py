"""One client, however connected: its commands come in, its events wait in a bounded outbox until taken."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from comet import access
from comet.broker import Broker
from comet.connections import About
from comet.engine import Listening
from comet.errors import CometError, NotSupported, Refused, TooFast, TooLong
from comet.identity import Identity, Proof, Right
from comet.listening import Listener
from comet.model import (
    NOWHERE,
    Acknowledge,
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
    Form,
    Goodbye,
    Hello,
    Member,
    Members,
    Message,
    Nothing,
    Page,
    Ping,
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
)
from comet.outbox import Mark, Wire
from comet.pace import Verdict
from comet.resuming import joint
from comet.storage.listings import Most
from comet.video.model import RoomCommand


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


class Session(Listener):
    """One client: subscribes, publishes and is delivered to."""

    def __init__(
        self,
        visitor: Visitor,
        form: Form,
        wire: Wire,
        broker: Broker,
        server: str,
        *,
        secret: str = "",
        mark: Mark | None = None,
    ) -> None:
        """
        @param server: how the server introduces itself.
        @param secret: by which the client finds this session again, if it needs to.
        @param mark: puts in front of the bytes of an event what differs from client to client.
        """
        super().__init__(visitor.dev_id, form, wire, broker, mark)
        self.visitor = visitor
        self.since = broker.now()
        self.number = next(broker.connections.numbers)
        self.handed = 0
        self._server, self._secret = server, secret
        self._walker = broker.pace.client()

    @property
    def member(self) -> Member:
        """See L{Listener.member}."""
        return Member(self.user_id, self.visitor.uuid, self.number)

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
                *(self.user, self.number, self._secret, _seconds(proof)),
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
        proof = await self._broker.accounts.refresh(self.user, token)
        if not self._over:
            self._believe(self.user, proof)
            self._answer(Refreshed(_seconds(proof), self._broker.now()), request)
            self.recheck()

    def lose(self, goodbye: Goodbye, retry: int | None = None) -> None:
        """See L{Outbox.lose}."""
        # What was said before the goodbye. It may be too much, too.
        self._turn.pull(self)
        if not self._over:
            self._broker.goodbyes[goodbye] += 1
            self.end(goodbye)
            self._outbox.append(Farewell(goodbye, self._broker.now(), retry).encoded(self.form))
            self._wire.lose(goodbye)

    def end(self, goodbye: Goodbye | None = None) -> None:
        """
        The connection is gone, or about to go: leave everything.

        @param goodbye: why we end it, if we do.
        """
        if self._over:
            return
        self._over = True
        self._broker.connections.remove(self)
        self._broker.expiries.forget(self)
        self._broker.hall.ended(self, goodbye)
        if self.user_id:
            self._broker.depart(self.user, self)
        self._resuming.clear()
        self._settle()
        self._leave_all()

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

    @property
    def listening(self) -> Listening:
        """See L{comet.engine.Browser.listening}."""
        visitor = self.visitor
        return Listening(
            *(self.user_id, visitor.uuid, visitor.user_agent, visitor.address, visitor.origin),
            *(visitor.language, self.number),
        )

    def kill(self) -> None:
        """See L{Connection.kill}."""
        self.lose(Goodbye.KILLED)

    # Out --------------------------------------------------------------------------------------------------

    @property
    def takes(self) -> bool:
        """See L{comet.mail.Device.takes}."""
        if self.form.acknowledges or self._over:
            return False
        return self.lane is not None or not self._outbox

    def give(self, message: PrivateMessage) -> bool:
        """See L{comet.mail.Device.give}."""
        self.tell(message)
        if self.form.acknowledges or self._over:
            return False
        if self.lane is None and self._outbox:
            self._arriving = message.number
            return False
        return True

    def arrived(self, number: int) -> None:
        """See L{Outbox.arrived}."""
        self._broker.acknowledge(self.user, number)

    def refuse(self, error: CometError, command: type[Command] | None = None) -> None:
        """Tell this client that something was not granted."""
        self.tell(Refusal(error, self._broker.now(), command))

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
        verdict = self._walker.judge(self.user if self.user_id else None)
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
                count = self._broker.engine.count(self._channel(name))
                self._answer(Counted(marker, count, self._broker.now()), request)
            case AskHistory(name, marker):
                self._check(Right.HISTORY, name)
                for message in await self._broker.history(self._channel(name)):
                    self.tell(Recalled(message, marker))
            case AskPage():
                self._answer(await self._page(command), request)
            case AskMembers(name, marker):
                self._check(Right.MEMBERS, name)
                members = await self._members(name)
                self._answer(Members(name, marker, members, self._broker.now()), request)
            case AskStatus(user_id):
                self._check_about(Right.SUBSCRIBE, access.status_channel(user_id), user_id)
                user = User(self.visitor.dev_id, user_id)
                seen = await self._broker.last_seen([user])
                self._answer(Status(user_id, seen[user], self._broker.now()), request)
            case AskData(user_id, marker):
                self._check_about(Right.HISTORY, access.data_channel(user_id), user_id)
                user = User(self.visitor.dev_id, user_id)
                data = (await self._broker.store.data([user])).get(user, "")
                self._answer(UserData(user_id, marker, data, self._broker.now()), request)
            case Acknowledge(number):
                self._acknowledge(number)
                self._done(request)
            case Refresh(token):
                await self._refresh(token, request)
            case RoomCommand():
                await self._broker.calls.carry_out(command, self, partial(self._answer_or_done, request))
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

    def _answer_or_done(self, request: RequestId | None, event: Event | None) -> None:
        if event is None:
            self._done(request)
        else:
            self._answer(event, request)

    def _acknowledge(self, number: int) -> None:
        # What it was not given cannot have arrived.
        number = min(number, self.handed)
        if self.user_id and number > 0:
            self._broker.acknowledge(self.user, number)

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
            reached, place = self._broker.whisper(self.user, message, self)
        else:
            reached, place = await self._broker.publish(message, self)
        if not command.quiet:
            self._answer(Reported(command.name, command.text, reached, now, place), request)

    def _check_about(self, right: Right, name: str, user_id: int) -> None:
        """Users may always ask about themselves."""
        if not user_id or user_id != self.user_id:
            self._check(right, name)

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

    async def _members(self, name: str) -> tuple[Member, ...]:
        found = await self._broker.engine.listening([self._channel(name)])
        return tuple(Member(each.user_id, each.uuid, each.connection) for _, each in found)


def _seconds(proof: Proof | None) -> int | None:
    return None if proof is None or proof.expires is None else int(proof.expires)
