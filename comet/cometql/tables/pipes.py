"""Tables about channels: sending to them, their history, who listens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count
from typing import NamedTuple

from comet.cometql import values
from comet.cometql.results import Kind, Value
from comet.cometql.tables.table import TEXT_LENGTH, ChannelTable, Declared, Row, channels, name_column
from comet.cometql.values import as_text
from comet.model import NAME_LIMIT, Channel, Message
from comet.session import Session


class PipesMessages(ChannelTable[Message]):
    """Messages to channels, and what the channels have kept."""

    name = "pipes_messages"
    doc = "Sends a message to everybody who listens to a channel; shows what the channel has kept."
    declared = (
        Declared("id", Kind.VARCHAR, 36, "a UUID of the message, given by the server", ignored=True),
        Declared("time", Kind.BIGINT, 20, "when it was sent, in seconds since 1970", ignored=True, default=0),
        name_column("the channel", required=True),
        Declared("index", Kind.INT, 11, "the place in the answer: 0, 1, 2 ...", ignored=True, default=0),
        Declared("event", Kind.VARCHAR, NAME_LIMIT, "a label, which may be empty"),
        Declared("message", Kind.TEXT, TEXT_LENGTH, "the text", required=True, synonyms=("text",)),
        Declared("user_id", Kind.INT, 11, "who sent it from a browser, else 0", ignored=True, default=0),
    )
    removal_keys = ("id",)

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: what these channels have kept, each oldest first."""
        places, found = count(), []
        for channel in channels(dev_id, keys):
            for message in await self.broker.history(channel):
                about = (message.id, message.time, channel.name, next(places))
                found.append((*about, message.event, message.text, message.user_id or 0))
        return found

    def admit(self, dev_id: int, row: Sequence[Value]) -> Message:
        """@return: a message to a channel."""
        _, _, name, _, event, message, _ = row
        return Message(
            Channel(dev_id, values.channel_name(name, "name")),
            values.event_name(event, "event"),
            values.bounded_text(message, "message", self.broker.limits.message),
            self.broker.now(),
        )

    async def write(self, entry: Message) -> int:
        """Store the message if its channel keeps a history, and send it."""
        await self.broker.publish(entry)
        return 0

    async def remove(self, dev_id: int, keys: Collection[str]) -> int:
        """Remove the history of these channels."""
        return await self.broker.store.remove_history(channels(dev_id, keys))

    async def remove_rows(self, dev_id: int, rows: Sequence[Row]) -> int:
        """Remove these messages from the history."""
        return await self.broker.store.remove_messages(dev_id, [str(row[0]) for row in rows])

    async def remove_by(self, dev_id: int, column: str, values: Sequence[Value]) -> int:
        """Remove the messages with these ids."""
        ids = [value for value in values if isinstance(value, str)]
        return await self.broker.store.remove_messages(dev_id, ids)


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
        return [
            (channel.name, session.user_id, *self._about(session))
            for channel in channels(dev_id, keys)
            for session in self.broker.hub.subscribers(channel)
            if isinstance(session, Session)
        ]

    def _about(self, session: Session) -> list[str]:
        visitor = session.visitor
        said = (visitor.uuid, visitor.user_agent, host(visitor.address), visitor.origin, visitor.language)
        return [text[: column.length] for text, column in zip(said, self.declared[2:], strict=True)]


class Pipes(ChannelTable[None]):
    """How many listen to channels."""

    name = "pipes"
    doc = "How many connections listen to a channel; there is a row for every channel asked for."
    declared = (
        name_column("the channel", unique=True),
        Declared("users", Kind.INT, 11, "connections, the anonymous ones included", default=0),
    )
    writable = False

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: a row for each key."""
        return [(channel.name, self.broker.hub.count(channel)) for channel in channels(dev_id, keys)]


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

    def admit(self, dev_id: int, row: Sequence[Value]) -> _Setting:
        """@return: a length for a channel."""
        name, length = row
        channel = Channel(dev_id, values.channel_name(name, "name"))
        return _Setting(channel, values.integer(length, "length"))

    async def write(self, entry: _Setting) -> int:
        """Give the channel this length in place of any other."""
        await self.broker.set_length(entry.channel, entry.length)
        return 0

    async def remove(self, dev_id: int, keys: Collection[str]) -> int:
        """Forget the lengths and the history of these channels."""
        return await self.broker.remove_channels(channels(dev_id, keys))

    async def remove_rows(self, dev_id: int, rows: Sequence[Row]) -> int:
        """As L{remove}."""
        return await self.remove(dev_id, [as_text(row[0]) for row in rows])


def host(address: str) -> str:
    """@return: C{address} without the port."""
    name, _, port = address.rpartition(":")
    return name.strip("[]") if name and port.isdigit() else address
