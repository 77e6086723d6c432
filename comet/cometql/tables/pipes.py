"""Tables about channels: sending to them, their history, who listens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from comet.batch import Action, storing
from comet.broker import Broker
from comet.cometql import values
from comet.cometql.results import Kind, Value
from comet.cometql.tables.table import TEXT_LENGTH, ChannelTable, Declared, Row, channels, name_column
from comet.engine import Listening
from comet.model import NAME_LIMIT, NOWHERE, Channel, Message
from comet.storage.interface import Store
from comet.storage.listings import Most
from comet.storage.writes import Write

#: Where these columns of C{pipes_messages} are.
_NAME, _EVENT, _MESSAGE = 2, 4, 5


@lru_cache(4096)
def _channel(dev_id: int, name: str) -> Channel:
    """@return: the channel of that name; names that are none are refused, and not kept, as are long ones."""
    return Channel(dev_id, values.channel_name(name, "name"))


class PipesMessages(ChannelTable[Message]):
    """Messages to channels, and what the channels have kept."""

    name = "pipes_messages"
    doc = "Sends a message to everybody who listens to a channel; shows what the channel has kept."
    declared = (
        Declared(
            *("id", Kind.VARCHAR, 36, "a UUID of the message, given by the server"), unique=True, ignored=True
        ),
        Declared("time", Kind.BIGINT, 20, "when it was sent, in seconds since 1970", ignored=True, default=0),
        name_column("the channel", required=True),
        Declared("index", Kind.INT, 11, "the place in the answer: 0, 1, 2 ...", ignored=True, default=0),
        Declared("event", Kind.VARCHAR, NAME_LIMIT, "a label, which may be empty"),
        Declared("message", Kind.TEXT, TEXT_LENGTH, "the text", required=True, synonyms=("text",)),
        Declared("user_id", Kind.INT, 11, "who sent it from a browser, else 0", ignored=True, default=0),
        Declared(
            *("position", Kind.BIGINT, 20, "its place in the channel: 1, 2, 3 ..., each given once"),
            default=0,
            ignored=True,
            invisible=True,
        ),
    )
    removal_keys = ("id",)

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: what these channels have kept, each oldest first."""
        return kept([each for name in keys for each in await self.broker.history(Channel(dev_id, name))])

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: what all channels have kept, as L{rows}."""
        return kept(await self.broker.store.all_messages(dev_id, most))

    def admit(self, dev_id: int, row: Sequence[Value]) -> Message:
        """@return: a message to a channel."""
        broker, name = self.broker, row[_NAME]
        return Message(
            _channel(dev_id, name if type(name) is str else values.text(name, "name")),
            values.event_name(row[_EVENT], "event"),
            values.bounded_text(row[_MESSAGE], "message", broker.limits.message),
            broker.now(),
        )

    def put(self, entry: Message) -> int | None:
        """Send the message, unless its channel keeps a history."""
        return None if self.broker.publish_now(entry) is None else 0

    async def write(self, entry: Message) -> int:
        """Store the message if its channel keeps a history, and send it."""
        await self.broker.publish(entry)
        return 0

    def writing(self, entry: Message) -> Action:
        """@return: what L{write} does."""
        return self.broker.publishing(entry)

    def removing(self, dev_id: int, keys: Collection[str]) -> Action:
        """@return: what removes the history of these channels."""
        return storing(Write(Store.remove_history, channels(dev_id, keys)))

    def removing_rows(self, dev_id: int, rows: Sequence[Row]) -> list[Action]:
        """@return: what removes these messages from the history."""
        return [self._removing(dev_id, [str(row[0]) for row in rows])]

    def removing_by(self, dev_id: int, column: str, values: Sequence[Value]) -> Action:
        """@return: what removes the messages with these ids."""
        return self._removing(dev_id, _texts(values))

    def _removing(self, dev_id: int, ids: Sequence[str]) -> Action:
        return storing(Write(Store.remove_messages, dev_id, ids))

    async def count_by(self, dev_id: int, column: str, values: Sequence[Value]) -> int:
        """@return: how many messages have these ids."""
        return await self.broker.store.count_messages(dev_id, _texts(values))


def kept(found: Sequence[Message]) -> Sequence[Row]:
    """@return: a row of C{pipes_messages} for each message."""
    return [
        (
            *(message.id, message.time, message.channel.name, place, message.event, message.text),
            *(message.user_id or 0, message.place.position),
        )
        for place, message in enumerate(found)
    ]


def _texts(values: Sequence[Value]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


class UsersInPipes(ChannelTable[None]):
    """Who listens to channels."""

    name = "users_in_pipes"
    doc = "The connections that listen to a channel, newest first, with user_id 0 for the anonymous."
    declared = (
        name_column("the channel"),
        Declared("user_id", Kind.INT, 11, "who it is, 0 for nobody known", default=0),
        Declared("user_uuid", Kind.VARCHAR, 64, "the id that the browser has given itself"),
        Declared("user_agent", Kind.VARCHAR, 250, "the header User-Agent"),
        Declared("ip", Kind.VARCHAR, 45, "the address"),
        Declared("origin", Kind.VARCHAR, 250, "the header Origin"),
        Declared("language", Kind.VARCHAR, 64, "the header Accept-Language"),
    )
    writable = False

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: a row for each connection."""
        found = await self.broker.engine.listening(channels(dev_id, keys))
        return [(channel.name, browser.user_id, *self._about(browser)) for channel, browser in found]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each connection and each channel it listens to."""
        return await self.rows(dev_id, heard(self.broker, dev_id))

    def _about(self, browser: Listening) -> list[str]:
        said = (browser.uuid, browser.user_agent, host(browser.address), browser.origin, browser.language)
        return [text[: column.length] for text, column in zip(said, self.declared[2:], strict=True)]


class Pipes(ChannelTable[None]):
    """How many listen to channels."""

    name = "pipes"
    doc = "How many connections listen to a channel; there is a row for every channel asked for."
    declared = (
        name_column("the channel", unique=True),
        Declared("users", Kind.INT, 11, "connections, the anonymous ones included", default=0),
        Declared(
            *("position", Kind.BIGINT, 20, "how far its history has counted, 0 if it keeps none"),
            default=0,
            invisible=True,
        ),
        Declared(
            *("epoch", Kind.VARCHAR, 64, "names that counting; epoch:position is a cursor of browsers"),
            invisible=True,
        ),
    )
    writable = False

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: a row for each key."""
        asked = channels(dev_id, keys)
        kept = [channel for channel in asked if self.broker.length(channel)]
        places = await self.broker.store.places(kept) if kept else {}
        return [
            (channel.name, self.broker.engine.count(channel), place.position, place.epoch)
            for channel in asked
            for place in [places.get(channel, NOWHERE)]
        ]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each channel that somebody listens to."""
        return await self.rows(dev_id, heard(self.broker, dev_id))


class _Setting(NamedTuple):
    channel: Channel
    length: int


class PipesSettings(ChannelTable[_Setting]):
    """How much channels keep."""

    name = "pipes_settings"
    doc = "How many messages a channel keeps. Removing the row removes the history of the channel."
    declared = (
        name_column("the channel", unique=True, required=True),
        Declared(
            "length", Kind.INT, 11, "how many messages; brought into the range that is allowed", default=0
        ),
    )

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: a row for each channel that has a length."""
        found = [(channel.name, self.broker.setting(channel)) for channel in channels(dev_id, keys)]
        return [row for row in found if row[1] is not None]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each channel that has a length."""
        lengths = await self.broker.store.lengths()
        return [(channel.name, length) for channel, length in lengths.items() if channel.dev_id == dev_id]

    def admit(self, dev_id: int, row: Sequence[Value]) -> _Setting:
        """@return: a length for a channel."""
        name, length = row
        channel = Channel(dev_id, values.channel_name(name, "name"))
        if self.broker.setting(channel) is None:
            self.broker.check_room()
        return _Setting(channel, values.integer(length, "length"))

    def writing(self, entry: _Setting) -> Action:
        """@return: what gives the channel this length in place of any other."""
        return self.broker.setting_length(entry.channel, entry.length)

    def removing(self, dev_id: int, keys: Collection[str]) -> Action:
        """@return: what forgets the lengths and the history of these channels."""
        return self.broker.removing_channels(channels(dev_id, keys))


def heard(broker: Broker, dev_id: int) -> list[str]:
    """@return: the names of a tenant's channels that somebody listens to."""
    return [channel.name for channel in broker.engine.channels() if channel.dev_id == dev_id]


def host(address: str) -> str:
    """@return: C{address} without the port."""
    name, _, port = address.rpartition(":")
    return name.strip("[]") if name and port.isdigit() else address
