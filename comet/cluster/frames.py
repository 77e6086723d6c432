"""
What nodes say to each other, as bytes: JSON, for it is read fast, by people too, and by other versions.

A frame holds items that one node said in one turn. An item is a list that begins with its kind; a receiver
passes over kinds that it does not know, and over elements behind those that it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

from comet.errors import BadValue
from comet.model import NOWHERE, Channel, Event, Joined, Left, Member, Message, Place, PrivateMessage, User

#: Something said: its kind and what belongs to it.
Item: TypeAlias = Sequence[Any]

#: How many entries an item that is a list has.
CHUNK = 1_000

T = TypeVar("T")

_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class Frame(NamedTuple):
    """
    What one node has said.

    @ivar slot: which node.
    @ivar life: which life of it: another each time the process starts.
    @ivar number: counts what it has said to all in this life, 1, 2, 3 ...; 0 if it is for one node.
    """

    slot: int
    life: str
    number: int
    items: list[list[Any]]

    def encode(self) -> bytes:
        """@return: the bytes to send."""
        return _write(self).encode("utf-8", "surrogatepass")

    @classmethod
    def decode(cls, frame: bytes) -> Frame:
        """@raise BadValue: if these are not the bytes of a frame."""
        try:
            slot, life, number, items = json.loads(frame.decode("utf-8", "surrogatepass"))
            if type(slot) is int and type(life) is str and type(number) is int and type(items) is list:
                return cls(slot, life, number, [item for item in items if type(item) is list and item])
        except (ValueError, TypeError):
            pass
        raise BadValue(f"this is no frame of a node: {frame[:80]!r}")


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """@return: C{values} in portions."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def event_item(event: Event) -> Item:
    """@return: something that was said in a channel, as an item."""
    match event:
        case Message(channel, name, text, time, user_id, id, place):
            # Most of what is said. The rest is left off where there is none of it.
            item = ("m", *channel, name, text, time, user_id)
            return (*item, id, *place) if id or place.epoch else item
        case Joined(channel, member, time):
            return ("joined", *channel, time, *member)
        case Left(channel, member, time):
            return ("left", *channel, time, *member)
    raise TypeError(f"{type(event).__name__} is not said to other nodes")


def read_event(item: Item) -> tuple[Channel, Event]:
    """@return: the channel and the event of L{event_item}."""
    channel = Channel(item[1], item[2])
    if item[0] == "m":
        name, text, time, user_id, *kept = item[3:]
        id, *place = kept or ("", *NOWHERE)
        return channel, Message(channel, name, text, time, user_id, id, Place(*place[:2]))
    kind = Joined if item[0] == "joined" else Left
    return channel, kind(channel, Member(*item[4:7]), item[3])


def mail_item(message: PrivateMessage) -> Item:
    """@return: a private message that has been stored, as an item."""
    return (
        *("mail", *message.user, message.event, message.text, message.time),
        *(message.number, message.expires, *([True] if message.is_object else [])),
    )


def read_mail(item: Item) -> PrivateMessage:
    """@return: the message of L{mail_item}, straight from the sender."""
    dev_id, user_id, event, text, time, number, expires, *more = item[1:9]
    whose = User(dev_id, user_id)
    return PrivateMessage(whose, event, text, time, number, expires, live=True, is_object=any(more))
