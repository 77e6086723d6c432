"""Tables about users: their keys, when they were here, what waits for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from comet.access import KEY_LIMIT, check_key
from comet.batch import Action, storing
from comet.cometql import values
from comet.cometql.results import Kind, Value
from comet.cometql.tables.table import TEXT_LENGTH, Declared, Row, UserTable, id_column, users
from comet.model import NAME_LIMIT, PrivateMessage, User
from comet.storage.interface import Store
from comet.storage.listings import Most
from comet.storage.writes import Write


class _Key(NamedTuple):
    user: User
    key: str


class UsersAuth(UserTable[_Key]):
    """The keys that browsers sign in with."""

    name = "users_auth"
    doc = "The key that the browsers of a user sign in with. Removing it closes the user's connections."
    declared = (
        id_column("the user", unique=True, required=True),
        Declared(
            "hash",
            Kind.VARCHAR,
            KEY_LIMIT,
            "the key: at most 32 of the characters 0-9A-Za-z=+/_",
            required=True,
        ),
    )

    async def rows(self, dev_id: int, keys: Sequence[int]) -> Sequence[Row]:
        """@return: a row for each user with a key."""
        wanted = users(dev_id, keys)
        found = await self.broker.store.keys(wanted)
        return [(user.user_id, found[user]) for user in wanted if user in found]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each user with a key."""
        found = await self.broker.store.all_keys(dev_id, most)
        return [(user.user_id, key) for user, key in found.items()]

    def admit(self, dev_id: int, row: Sequence[Value]) -> _Key:
        """@return: a key for a user."""
        user_id, key = row
        user = User(dev_id, values.user_id(user_id, "id", 1))
        return _Key(user, check_key(values.text(key, "hash")))

    def writing(self, entry: _Key) -> Action:
        """@return: what gives the user this key in place of any other."""
        return storing(Write(Store.set_key, entry.user, entry.key))

    def insert_id(self, entry: _Key) -> int:
        """@return: the id of the user."""
        return entry.user.user_id

    def removing(self, dev_id: int, keys: Collection[int]) -> Action:
        """@return: what takes the keys of these users and closes their connections."""
        return self.broker.removing_keys(users(dev_id, keys))


class UsersTime(UserTable[None]):
    """When users were here last."""

    name = "users_time"
    doc = "When a user was online last; there is a row for every user asked for."
    declared = (
        id_column("the user", unique=True),
        Declared(
            *(
                "time",
                Kind.BIGINT,
                20,
                "0 while online, -1 if never seen, else when the last connection was closed",
            ),
            default=-1,
        ),
    )
    writable = False
    least = 0

    async def rows(self, dev_id: int, keys: Sequence[int]) -> Sequence[Row]:
        """@return: a row for each key."""
        wanted = users(dev_id, keys)
        seen = await self.broker.last_seen(wanted)
        return [(user.user_id, seen[user]) for user in wanted]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each user who is here or ever was."""
        seen = await self.broker.all_last_seen(dev_id, most)
        return [(user.user_id, time) for user, time in seen.items()]


class UsersMessages(UserTable[PrivateMessage]):
    """Messages to one user, and the queue of those that wait."""

    name = "users_messages"
    doc = "Sends a message to all devices of a user, or queues it until the user comes; shows the queue."
    declared = (
        id_column("the user", required=True),
        Declared("index", Kind.INT, 11, "the place in the answer: 0, 1, 2 ...", ignored=True, default=0),
        Declared("event", Kind.VARCHAR, NAME_LIMIT, "a label, which may be empty"),
        Declared("message", Kind.TEXT, TEXT_LENGTH, "the text", required=True, synonyms=("text",)),
        Declared(
            *("expires", Kind.BIGINT, 20),
            "when nobody wants it any more: in how many seconds, up to 30 days, or at which time, in seconds"
            " since 1970; 0 for never",
            default=0,
            invisible=True,
        ),
    )
    least = 0

    async def rows(self, dev_id: int, keys: Sequence[int]) -> Sequence[Row]:
        """@return: what is queued for these users, oldest first; behind the columns is its number."""
        wanted = users(dev_id, keys)
        return self._queued([each for user in wanted for each in await self.broker.store.queue(user)])

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: what is queued for all users, as L{rows}."""
        return self._queued(await self.broker.store.all_queues(dev_id, most))

    def _queued(self, found: Sequence[PrivateMessage]) -> Sequence[Row]:
        fresh = [message for message in found if not self.broker.is_stale(message)]
        return [
            (message.user.user_id, place, message.event, message.text, message.expires, message.number)
            for place, message in enumerate(fresh)
        ]

    def admit(self, dev_id: int, row: Sequence[Value]) -> PrivateMessage:
        """@return: a message to a user."""
        user_id, _, event, message, expires = row
        user = User(dev_id, values.user_id(user_id, "id", 0))
        event = values.event_name(event, "event")
        text = values.bounded_text(message, "message", self.broker.limits.message)
        now = self.broker.now()
        return PrivateMessage(user, event, text, now, expires=values.expiry(expires, "expires", now))

    def put(self, entry: PrivateMessage) -> int | None:
        """Send the message, unless it has to go through the queue; the insert id is the user's."""
        return entry.user.user_id if self.broker.send_private_now(entry) else None

    async def write(self, entry: PrivateMessage) -> int:
        """Send or queue the message; the insert id is the user's."""
        await self.broker.send_private(entry)
        return entry.user.user_id

    def writing(self, entry: PrivateMessage) -> Action:
        """@return: what L{write} does."""
        return self.broker.sending(entry)

    def insert_id(self, entry: PrivateMessage) -> int:
        """@return: the id of the user."""
        return entry.user.user_id

    def removing(self, dev_id: int, keys: Collection[int]) -> Action:
        """@return: what empties the queues of these users."""
        return storing(Write(Store.remove_queues, users(dev_id, keys)))

    def removing_rows(self, dev_id: int, rows: Sequence[Row]) -> list[Action]:
        """@return: what removes these messages from the queues."""
        numbers: dict[User, list[int]] = {}
        for user_id, *_, number in rows:
            if isinstance(user_id, int) and isinstance(number, int):
                numbers.setdefault(User(dev_id, user_id), []).append(number)
        return [storing(Write(Store.dequeue, user, queued)) for user, queued in numbers.items()]
