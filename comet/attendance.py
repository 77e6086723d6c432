"""
Who comes online and who goes: told to browsers, kept in the store, put into the log of presence.

Nobody waits for the store here. What has happened lines up and is written in groups, one group after the
other, so that ten thousand arrivals are twenty writes. Until something is written, the answers to questions
about it come from memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from comet.access import status_channel
from comet.errors import Unavailable, Uncertain
from comet.mail import Device
from comet.model import Channel, Joined, Left, StatusChanged, User
from comet.presence import Presence
from comet.storage.interface import Store
from comet.storage.listings import Most
from comet.storage.presences import Keeping, PresenceEvent, What

#: The most events in one write: one with more would hold up the writes behind it for too long.
GROUP_LIMIT = 500
#: The most users that go offline in one L{Attendance.tick}: with more, the reactor would wait.
TICK_LIMIT = 2_000
#: Seconds between two notes that this process is alive.
BEAT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class StatusRules:
    """
    What is told, and kept, of users that come online and go offline.

    @ivar grace: seconds without a device after which a user is offline.
    @ivar log_channels: whether the log tells who joins and leaves channels that tell so themselves.
    """

    tell_online: bool = True
    tell_offline: bool = True
    keep_last_seen: bool = True
    grace: float = 0
    log_channels: bool = False


class Attendance:
    """
    The presence of all users, as it is told and kept.

    @ivar written: is called when the log has grown.
    @ivar lost: how many rows of the log were given up, because the store did not work for too long.
    """

    def __init__(
        self,
        store: Store,
        presence: Presence[Device],
        rules: StatusRules,
        clock: Callable[[], float],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        tell: Callable[[Channel, StatusChanged], object],
        keeping: Keeping,
    ) -> None:
        """
        @param clock: the time in seconds since 1970.
        @param spawn: runs a coroutine that nobody waits for, and logs its failure.
        @param tell: hands an event to those who listen to a channel.
        """
        self._store, self._presence, self._rules = store, presence, rules
        self._clock, self._spawn, self._tell, self._keeping = clock, spawn, tell, keeping
        self._waiting: deque[PresenceEvent] = deque()
        #: When users were here last, as long as the store does not know.
        self._unsaved: dict[User, int] = {}
        self._next_beat = 0.0
        self._writing = self._failed = False
        self.written: Callable[[], object] = lambda: None
        self.lost = 0

    async def start(self) -> None:
        """Let those go offline who were online when the process before this one died."""
        # As long as a server stands alone, whoever is marked was marked by a process before this one, even
        # if that had another name.
        await self._store.end_presence(None, self._keeping)

    async def stop(self) -> None:
        """Let everybody go offline, and write down what is not written yet."""
        for user, left in self._presence.leave_all(self._clock()):
            self._changed(user, False, int(left))
        await self._write_all()

    # What happens -----------------------------------------------------------------------------------------

    def arrive(self, user: User, device: Device) -> bool:
        """@return: whether C{user} comes online by this new device."""
        comes = self._presence.arrive(user, device)
        if comes:
            self._changed(user, True, int(self._clock()))
        return comes

    def depart(self, user: User, device: Device) -> None:
        """A device of C{user} is gone; saying so twice is saying so once."""
        now = self._clock()
        if self._presence.depart(user, device, now):
            self._changed(user, False, int(now))

    def moved(self, event: Joined | Left) -> None:
        """Somebody has joined or left a channel that tells so."""
        if self._rules.log_channels:
            what = What.SUBSCRIPTION if isinstance(event, Joined) else What.UNSUBSCRIPTION
            (dev_id, name), (user_id, uuid, _) = event.channel, event.member
            self._note(PresenceEvent(dev_id, event.time, user_id, what, name, uuid))

    def tick(self) -> None:
        """Let those go offline whose time of grace is over. To be called a few times a second."""
        now = self._clock()
        for user, left in self._presence.due(now, TICK_LIMIT):
            self._changed(user, False, int(left))
        if not self._next_beat - BEAT_SECONDS <= now < self._next_beat:
            self._next_beat = now + BEAT_SECONDS
            self._failed = False
            if self._waiting:
                self._begin()
            elif self._presence.online():
                self._spawn(self._beat(int(now)))

    def _changed(self, user: User, online: bool, time: int) -> None:
        if self._rules.tell_online if online else self._rules.tell_offline:
            self._tell(
                Channel(user.dev_id, status_channel(user.user_id)),
                StatusChanged(user, online, int(self._clock())),
            )
        if self._rules.keep_last_seen and not online:
            self._unsaved[user] = time
        what = What.ONLINE if online else What.OFFLINE
        self._note(PresenceEvent(user.dev_id, time, user.user_id, what))

    # What is kept -----------------------------------------------------------------------------------------

    def _note(self, event: PresenceEvent) -> None:
        self._waiting.append(event)
        if len(self._waiting) > self._keeping.rows:
            self._forget_time(self._waiting.popleft())
            self.lost += 1
        self._begin()

    def _begin(self) -> None:
        if not self._writing and not self._failed:
            self._writing = True
            self._spawn(self._write())

    async def _write(self) -> None:
        try:
            await self._write_all()
        except Unavailable:
            # The store has logged it. It is tried again with the next beat, not with each event.
            self._failed = True
        finally:
            self._writing = False

    async def _write_all(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(GROUP_LIMIT, len(self._waiting)))]
            try:
                await self._store.note_presence(group, int(self._clock()), self._keeping)
            except Uncertain:
                # They may be in the log, and must not be in it twice.
                self.lost += len(group)
            except BaseException:
                self._waiting.extendleft(reversed(group))
                raise
            for event in group:
                self._forget_time(event)
            self.written()

    def _forget_time(self, event: PresenceEvent) -> None:
        user = User(event.dev_id, event.user_id)
        if event.event is What.OFFLINE and self._unsaved.get(user) == event.time:
            del self._unsaved[user]

    async def _beat(self, now: int) -> None:
        with suppress(Unavailable):  # as above
            await self._store.beat(self._keeping.node, now)

    # What is asked ----------------------------------------------------------------------------------------

    async def last_seen(self, users: Iterable[User]) -> dict[User, int]:
        """@return: for each of C{users} 0 if online, -1 if never seen, else seconds since 1970."""
        now = {user: self._known(user) for user in users}
        away = [user for user, time in now.items() if time is None]
        stored = await self._store.last_seen(away) if away else {}
        return {user: stored.get(user, -1) if time is None else time for user, time in now.items()}

    def _known(self, user: User) -> int | None:
        return 0 if self._presence.is_online(user) else self._unsaved.get(user)

    async def all_last_seen(self, dev_id: int, most: Most) -> dict[User, int]:
        """@return: what L{last_seen} tells of all users of a tenant, as far as C{most} goes."""
        unsaved = {user: time for user, time in self._unsaved.items() if user.dev_id == dev_id}
        known = await self._store.all_last_seen(dev_id, most)
        return {**known, **unsaved, **dict.fromkeys(self._presence.users(dev_id), 0)}
