"""
The part of a store that knows who is online, and keeps the log of it.

The promises are those of L{comet.storage.interface.Store}, which this is a part of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum, StrEnum, auto
from typing import NamedTuple, Protocol

from comet.model import User


class What(StrEnum):
    """What a row of the log tells."""

    ONLINE = "online"
    OFFLINE = "offline"
    SUBSCRIPTION = "subscription"
    UNSUBSCRIPTION = "unsubscription"


class PresenceEvent(NamedTuple):
    """
    A row of the log.

    @ivar time: when it happened, in seconds since 1970.
    @ivar name: the channel, if it is about one.
    @ivar uuid: the id that the browser has given itself, if it is about a channel.
    @ivar seq: its place among the rows of the tenant: 1, 2, 3 ..., each given once; 0 before it is stored.
    @ivar number: its place among the rows of all tenants, likewise.
    """

    dev_id: int
    time: int
    user_id: int
    event: What
    name: str = ""
    uuid: str = ""
    seq: int = 0
    number: int = 0


class Sharing(Enum):
    """
    Who else tells of the same users.

    @cvar ALONE: nobody: what is told is so.
    @cvar TOGETHER: other nodes, with which this one agrees. After they were apart two may tell the same: who
        is online already does not come online, nor does anybody go offline twice.
    @cvar APART: other nodes, which this one does not hear now. A user who came online by another may be there
        still: only the node by which a user came online last can tell that nobody is left.
    """

    ALONE = auto()
    TOGETHER = auto()
    APART = auto()


class Keeping(NamedTuple):
    """
    How presence is kept.

    @ivar node: the name of the process that tells it.
    @ivar rows: how many rows the log of each tenant keeps, at least 1; the oldest make room.
    @ivar times: whether the times when users were here last are kept.
    @ivar sharing: who else tells.
    """

    node: str
    rows: int
    times: bool = True
    sharing: Sharing = Sharing.ALONE

    def news(self, events: Iterable[PresenceEvent], holders: Mapping[User, str]) -> Told:
        """
        @param holders: by which node each user who is online has come online.
        @return: what of C{events} is so, and new.
        """
        if self.sharing is Sharing.ALONE:
            return Told(list(events), [], [])
        now, news, late = dict(holders), [], []
        adopted: dict[User, None] = {}
        for event in events:
            user = User(event.dev_id, event.user_id)
            holder = now.get(user)
            if event.event is What.ONLINE:
                now[user] = self.node
                if holder is not None:
                    if holder != self.node:
                        adopted[user] = None
                    continue
            elif event.event is What.OFFLINE:
                if holder is None:
                    late.append(event)
                    continue
                if self.sharing is Sharing.APART and holder != self.node:
                    continue
                del now[user]
            news.append(event)
        return Told(news, [user for user in adopted if user in now], late)


class Told(NamedTuple):
    """
    What becomes of events.

    @ivar news: those that are logged.
    @ivar adopted: who was online already, and is so by another node now.
    @ivar late: who was not online, and is said to go: they may have been here longer than is known.
    """

    news: list[PresenceEvent]
    adopted: list[User]
    late: list[PresenceEvent]


class Span(NamedTuple):
    """
    A range of rows of the log.

    @ivar first: the lowest C{seq}.
    @ivar last: the highest.
    @ivar most: how many rows at the most, from the end that comes first.
    @ivar descending: whether the highest comes first.
    """

    first: int = 0
    last: int = 1 << 62
    most: int = 1 << 62
    descending: bool = False


#: How long a turn of a reader may be, in seconds; one that would last longer was noted by a wrong clock.
TURN_LIMIT = 600
#: Whoever is steady, if nobody is.
NOBODY: Mapping[User, int] = {}


class Presences(Protocol):
    """Who is online, and the log of that."""

    async def note_presence(self, events: Sequence[PresenceEvent], alive: int, keeping: Keeping) -> None:
        """
        Add C{events} to the log, mark who is online and who is not, and that the node was alive at C{alive}.
        Whoever has read one row of the log finds no row with a lower number later on. What is no news, see
        L{Sharing}, is left out.
        """

    async def beat(self, node: str, alive: int) -> None:
        """Note that C{node} was alive at C{alive}."""

    async def end_presence(
        self,
        keeping: Keeping,
        alive: Collection[str] = (),
        online: Collection[User] = (),
        steady: Mapping[User, int] = NOBODY,
    ) -> int:
        """
        Let everybody go offline, in the log too, whom a node has left behind: with the time when that node
        is known to have been alive.

        @param alive: the nodes that have left nobody behind.
        @param online: who is online by another node; from now on that is C{keeping.node}.
        @param steady: who is known to be online, since when: if the log says otherwise, they come online.
        @return: how many rows that gave.
        """

    async def presence_events(self, dev_id: int, span: Span) -> list[PresenceEvent]:
        """@return: the rows of the log of a tenant within C{span}, in its order."""

    async def presence_feed(self, after: int, most: int) -> list[PresenceEvent]:
        """@return: the first rows of the log of all tenants whose number is higher, in order."""

    async def presence_place(self, reader: str) -> int:
        """
        @param reader: a name; one that was never seen begins where the log ends now.
        @return: the number of the last row that it has done with.
        """

    async def set_presence_place(self, reader: str, number: int) -> None:
        """Note that C{reader}, whose place was asked for, has done with all rows up to this one."""

    async def take_turn(self, reader: str, node: str, now: int, until: int) -> int | None:
        """
        Let C{node} be the only one that reads on as C{reader}. It may say so again and again, and gives its
        turn back by C{now}.

        @param now: the time, in seconds since 1970.
        @param until: when the turn ends; at most L{TURN_LIMIT} seconds later.
        @return: as L{presence_place}; C{None} if it is the turn of another.
        """
