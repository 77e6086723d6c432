"""
What the rest of comet asks of a store.

All methods are C{async} and answer when what they promise is safe: a write that has returned survives the
death of the process. A store that cannot do so raises L{comet.errors.Unavailable}, and then nothing was
written. Times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

from comet.model import Channel, Message, Place, PrivateMessage, User
from comet.storage.listings import Listings, Most
from comet.storage.outboxes import Outboxes
from comet.storage.presences import Presences
from comet.storage.records import Records
from comet.storage.rules import Rules
from comet.storage.writes import Write


class Stretch(NamedTuple):
    """
    A stretch of the history of a channel, up to now.

    @ivar place: how far the channel has counted; L{comet.model.NOWHERE} if it never has.
    @ivar messages: oldest first.
    """

    place: Place
    messages: list[Message]


class Queued(NamedTuple):
    """
    What became of a message to one user.

    @ivar number: its place in the queue.
    @ivar dropped: how many older messages had to make room for it.
    """

    number: int
    dropped: int


class Store(Records, Rules, Listings, Presences, Outboxes, Protocol):
    """
    Everything that must outlive the process.

    @ivar problem: why the store does not work now, as far as it knows; nothing if it does.
    """

    problem: str

    async def start(self) -> None:
        """Make ready for use: connect, create or migrate the schema."""

    async def stop(self) -> None:
        """Finish what was begun and let go."""

    async def apply(self, writes: Sequence[Write]) -> list[Any]:
        """
        Do all of C{writes} in their order, or none of them, whatever happens in the middle.

        @return: what each has returned.
        """

    # Keys of users ----------------------------------------------------------------------------------------

    async def set_key(self, user: User, key: str) -> None:
        """Give C{user} this key in place of any other."""

    async def keys(self, users: Collection[User]) -> dict[User, str]:
        """@return: the keys of those users who have one."""

    async def remove_keys(self, users: Collection[User]) -> int:
        """@return: how many users had a key."""

    # When users were here ---------------------------------------------------------------------------------

    async def set_last_seen(self, user: User, time: int) -> None:
        """Note that C{user} was here at C{time}."""

    async def last_seen(self, users: Collection[User]) -> dict[User, int]:
        """@return: when those who were ever here were here last."""

    # Channels and their history ---------------------------------------------------------------------------

    async def set_length(self, channel: Channel, length: int) -> None:
        """
        Let C{channel} keep its last C{length} messages; what is beyond that is removed now. With 0, its epoch
        is over: what is said from now on will not be counted.
        """

    async def lengths(self) -> dict[Channel, int]:
        """@return: every channel that has a length, with it."""

    async def remove_channels(self, channels: Collection[Channel]) -> int:
        """
        Forget the lengths and the history of these channels; their epochs are over.

        @return: how many of them had a length.
        """

    async def append(self, message: Message, keep: int) -> Place:
        """
        Add to the history of its channel and remove what is older than the newest C{keep}, C{keep} > 0.

        @return: the next place of its channel, counted from 1; no position is given twice, even if the
            history is removed.
        """

    async def history(self, channel: Channel, limit: int) -> list[Message]:
        """@return: the newest C{limit} messages at most, oldest first, each with its place."""

    async def since(self, channel: Channel, position: int, most: Most) -> Stretch:
        """@return: what is kept from behind C{position} on, as far as C{most} goes; see L{Listings}."""

    async def places(self, channels: Collection[Channel]) -> dict[Channel, Place]:
        """@return: how far those of C{channels} have counted that ever have."""

    async def remove_history(self, channels: Collection[Channel]) -> int:
        """@return: how many messages were removed."""

    async def count_messages(self, dev_id: int, ids: Collection[str]) -> int:
        """@return: how many of these messages of this tenant there are."""

    async def remove_messages(self, dev_id: int, ids: Collection[str]) -> int:
        """@return: how many of these messages of this tenant there were to remove."""

    # The queue of private messages ------------------------------------------------------------------------

    async def enqueue(self, message: PrivateMessage, keep: int) -> Queued:
        """
        Add to the queue of its user and remove what is older than the newest C{keep}, C{keep} > 0.

        @return: its number, and how many older messages were dropped.
        """

    async def deposit(self, message: PrivateMessage) -> int:
        """
        Add to the queue of its user, however long that is: the next L{enqueue} brings it back to its length.

        @return: the number of the message.
        """

    async def queue(self, user: User) -> list[PrivateMessage]:
        """@return: the queue, oldest first, each message with its number."""

    async def dequeue(self, user: User, numbers: Collection[int]) -> int:
        """@return: how many messages were removed."""

    async def acknowledge(self, user: User, number: int) -> int:
        """@return: how many messages were removed, which are those up to C{number}."""

    async def remove_queues(self, users: Collection[User]) -> int:
        """@return: how many messages were removed."""
