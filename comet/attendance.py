"""
Who comes online and who goes: told to browsers, kept in the store, put into the log of presence.

Nobody waits for the store here. What has happened lines up and is written in groups, one group after the
other, so that ten thousand arrivals are twenty writes. Until something is written, the answers to questions
about it come from memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from comet.access import status_channel
from comet.errors import Unavailable, Uncertain
from comet.model import Channel, Joined, Left, StatusChanged, User
from comet.storage.interface import Store
from comet.storage.listings import Most
from comet.storage.presences import NOBODY, Keeping, PresenceEvent, Sharing, What

#: The most events in one write: one with more would hold up the writes behind it for too long.
GROUP_LIMIT = 500
#: The most users that go offline at once, several times a second: with more, the reactor would wait.
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


class Online(Protocol):
    """Who is online."""

    def is_online(self, user: User) -> bool:
        """@return: whether C{user} is online."""

    def online(self, dev_id: int | None = None) -> int:
        """@return: how many users are online, of one tenant or of all."""

    def users(self, dev_id: int) -> list[User]:
        """@return: the users of a tenant that are online."""


class Attendance:
    """
    The presence of all users, as it is told and kept.

    @ivar online: who is online.
    @ivar sharing: who else tells of the same users.
    @ivar is_held: whether nothing is written for now.
    @ivar written: is called when the log has grown.
    @ivar lost: how many rows of the log were given up, because the store did not work for too long.
    """

    def __init__(
        self,
        store: Store,
        online: Online,
        rules: StatusRules,
        clock: Callable[[], float],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        tell: Callable[[Channel, StatusChanged], object],
        keeping: Keeping,
    ) -> None:
        """
        @param clock: the time in seconds since 1970.
        @param spawn: runs a coroutine that nobody waits for, and logs its failure.
        @param tell: hands an event to those who listen to a channel here.
        """
        self._store, self.online, self._rules = store, online, rules
        self._clock, self._spawn, self._tell, self._keeping = clock, spawn, tell, keeping
        self._waiting: deque[PresenceEvent] = deque()
        #: When users were here last, as long as the store does not know.
        self._unsaved: dict[User, int] = {}
        self._next_beat = 0.0
        self._writing = self._failed = self.is_held = False
        self.sharing = Sharing.ALONE
        self.written: Callable[[], object] = lambda: None
        self.lost = 0

    async def end(
        self,
        alive: Collection[str] = (),
        online: Collection[User] = (),
        steady: Mapping[User, int] = NOBODY,
    ) -> int:
        """
        Let those go offline who were left behind by servers that are no more.

        @param alive: the names of the servers that are there.
        @param online: who is connected to one of them.
        @param steady: who is known to be online, whatever the log says, since when.
        @return: how many rows that gave.
        """
        rows = await self._store.end_presence(self._keeping, alive, online, steady)
        if rows:
            self.written()
        return rows

    def hold(self) -> None:
        """Write nothing before L{release}: it is not known yet who was left behind by the process before."""
        self.is_held = True

    def release(self) -> None:
        """Write what has lined up."""
        self.is_held = False
        if self._waiting:
            self._begin()

    async def stop(self) -> None:
        """Write down what is not written yet."""
        await self._write_all()

    # What happens -----------------------------------------------------------------------------------------

    def moved(self, event: Joined | Left) -> None:
        """Somebody has joined or left a channel that tells so."""
        if self._rules.log_channels:
            what = What.SUBSCRIPTION if isinstance(event, Joined) else What.UNSUBSCRIPTION
            (dev_id, name), (user_id, uuid, _) = event.channel, event.member
            self._note(PresenceEvent(dev_id, event.time, user_id, what, name, uuid))

    def tick(self) -> None:
        """To be called a few times a second: note now and then that this server is alive."""
        now = self._clock()
        if not self._next_beat - BEAT_SECONDS <= now < self._next_beat:
            self._next_beat = now + BEAT_SECONDS
            self._failed = False
            if self.is_held:
                return  # the last sign of life is still that of the process before
            if self._waiting:
                self._begin()
            elif self.online.online():
                self._spawn(self._beat(int(now)))

    def changed(self, user: User, online: bool, time: int, is_ours: bool = True) -> None:
        """
        C{user} comes online, or goes.

        @param is_ours: whether it is for this server to keep that; it is always told to those who are here.
        """
        if self._rules.tell_online if online else self._rules.tell_offline:
            self._tell(
                Channel(user.dev_id, status_channel(user.user_id)),
                StatusChanged(user, online, int(self._clock())),
            )
        if not is_ours:
            return
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
        if not self._writing and not self._failed and not self.is_held:
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
                keeping = self._keeping._replace(sharing=self.sharing)
                await self._store.note_presence(group, int(self._clock()), keeping)
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
        return 0 if self.online.is_online(user) else self._unsaved.get(user)

    async def all_last_seen(self, dev_id: int, most: Most) -> dict[User, int]:
        """@return: what L{last_seen} tells of all users of a tenant, as far as C{most} goes."""
        unsaved = {user: time for user, time in self._unsaved.items() if user.dev_id == dev_id}
        known = await self._store.all_last_seen(dev_id, most)
        return {**known, **unsaved, **dict.fromkeys(self.online.users(dev_id), 0)}
