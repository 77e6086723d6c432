"""The channels that one client listens to: joined, left, and joined again where they were left."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping

from comet import access
from comet.broker import Broker
from comet.errors import NotAllowed, Refused
from comet.identity import ANONYMOUS, Right
from comet.model import (
    NAME_LIMIT,
    NOWHERE,
    SHORTEST_SUBSCRIBED,
    Answer,
    Channel,
    Event,
    Followed,
    Form,
    Joined,
    Joint,
    Left,
    Member,
    Place,
    Refusal,
    RequestId,
    Subscribe,
    User,
    check_name,
)
from comet.outbox import Mark, Outbox, Wire
from comet.resuming import Missed, Resumption, known_places, missed
from comet.storage.listings import Most


class Listener(Outbox):
    """A client as a listener to channels."""

    def __init__(
        self,
        dev_id: int,
        form: Form,
        wire: Wire,
        broker: Broker,
        mark: Mark | None,
    ) -> None:
        """@param mark: see L{Outbox}."""
        super().__init__(form, wire, broker.limits, broker.hub.turn, mark)
        self.identity = ANONYMOUS
        self._dev_id, self._broker = dev_id, broker
        self._channels: dict[Channel, None] = {}

    @property
    @abstractmethod
    def member(self) -> Member:
        """This client as others may know it."""

    @property
    def user_id(self) -> int:
        """Who this client has proved to be, 0 for nobody known."""
        return self.identity.user_id

    @property
    def user(self) -> User:
        """Who this client has proved to be, with its tenant."""
        return User(self._dev_id, self.user_id)

    def _channel(self, name: str) -> Channel:
        """@return: where the hub has what this client knows by C{name}."""
        if access.is_own(name) and self.user_id:
            return access.own_channel(self.user, name)
        return Channel(self._dev_id, name)

    def _check(self, right: Right, name: str, hidden: bool = False) -> None:
        channel = Channel(self._dev_id, name)
        self._broker.rights.check(right, channel, self.identity, hidden)

    def _may(self, right: Right, name: str) -> bool:
        try:
            self._check(right, name)
        except NotAllowed:
            return False
        return True

    def _answer(self, event: Event, request: RequestId | None) -> None:
        self.tell(event if request is None else Answer(request, event))

    def _leave_all(self) -> None:
        for channel in self._channels:
            self._leave(channel)
        self._channels.clear()

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
        wanted = dict.fromkeys(map(self._channel, self._admitted(dict.fromkeys(names), 0)))
        self._leave_others(wanted)
        for channel in wanted:
            if channel not in self._channels:
                self._channels[channel] = None
                self._join(channel)

    def _leave_others(self, wanted: Collection[Channel]) -> None:
        self._unfollow_channels([channel for channel in self._channels if channel not in wanted])

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
        """
        Listen to these, too; tell how past and present join, then what was missed, then go on.

        @param only: whether these are all that the client wants. It says so again and again, and wants to
            hear of what is new.
        """
        if only:
            self._leave_others(set(map(self._channel, wanted)))
        old = [name for name in wanted if self._channel(name) in self._channels]
        new = self._admitted((name for name in wanted if name not in old), len(self._channels), request)
        for name in new:
            channel = self._channel(name)
            self._channels[channel] = None
            if self._broker.length(channel):
                self._resuming[channel] = Resumption(self._broker.limits.outbox_messages)
                self._settle()
            self._join(channel)
        if only and not new:
            return
        told = new if only else [*old, *new]
        joints, given = await self._missed(told, {name: wanted[name] for name in new})
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
        # Who may not read the history has missed all of it.
        resumed = {
            name: place
            for name, place in since.items()
            if place is not None and self._may(Right.HISTORY, name)
        }
        present = [self._channel(name) for name in kept if kept[name] and name not in resumed]
        places = await known_places(self._broker.store, present)
        for name in kept:
            channel, place = self._channel(name), resumed.get(name)
            if place is None:
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
            self._turn.pull(self)
            self._put(message.encoded(self.form), message)
            self._turn.begin()
        resumption = self._resuming.get(channel)
        if resumption is not None:
            for frame, event in resumption.release(found.joint.place.position):
                self._put(frame, event)
            self._turn.begin()

    def recheck(self) -> None:
        """See L{comet.hub.Subscriber.recheck}; the client is told of each channel that it has lost."""
        for channel in list(self._channels):
            name = access.wire_name(channel)
            try:
                self._check(Right.SUBSCRIBE, name)
            except NotAllowed as error:
                self._unfollow_channels([channel])
                self.tell(Refusal(error, self._broker.now(), Subscribe, name))

    def note_gap(self, places: Mapping[Channel, Place]) -> None:
        """See L{comet.hub.Subscriber.note_gap}; only who can make use of it is told."""
        if self.form.acknowledges and not self._over:
            joints = {access.wire_name(channel): Joint(place, gap=True) for channel, place in places.items()}
            self.tell(Followed(joints, self._broker.now()))

    def _join(self, channel: Channel) -> None:
        if access.is_tracked(channel.name):
            self._broker.announce(channel, Joined(channel, self.member, self._broker.now()))
        self._broker.hub.subscribe(channel, self)

    def _leave(self, channel: Channel) -> None:
        self._broker.hub.unsubscribe(channel, self)
        if access.is_tracked(channel.name):
            self._broker.announce(channel, Left(channel, self.member, self._broker.now()))
