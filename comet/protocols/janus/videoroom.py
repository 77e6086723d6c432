"""
The words of the plug-in VideoRoom: what is asked of it, and what it tells.

Number, secret and PIN of a room follow from its name and a secret that all nodes of comet share. So each node
can make a room, and all know how to enter it, without having talked; nobody else can. Who sends shows the
number of the seat as a name, and in the descriptions of the streams what they show.

See U{https://janus.conf.meetecho.com/docs/videoroom.html}.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from comet.model import Channel, Json
from comet.protocols.janus.wire import Object

PLUGIN = "janus.plugin.videoroom"
#: Its errors that mean something to us: there is no such room, there is one already, there is no such feed
#: or stream.
NO_ROOM, ROOM_EXISTS, NO_FEED = 426, 427, 428
#: What one seat may send of video, in bits a second; browsers go by it when they encode.
BITRATE = 1_000_000
#: What all browsers can decode, the preferred first.
VIDEO_CODECS, AUDIO_CODECS = "vp8,h264", "opus"
#: Numbers beyond that are not the same in all implementations of JSON.
_LARGEST = (1 << 53) - 1
#: What the descriptions of our rooms begin with.
_MARK = "comet"


class RoomKey(NamedTuple):
    """
    What opens a room.

    @ivar number: its number.
    @ivar secret: lets one change and destroy it.
    @ivar pin: lets one enter.
    """

    number: int
    secret: str
    pin: str


def room_key(secret: str, room: Channel) -> RoomKey:
    """@param secret: what only the nodes know."""

    def derived(what: str) -> bytes:
        text = f"janus {what} {room.dev_id} {room.name}"
        return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()

    number = int.from_bytes(derived("room")[:8], "big") % _LARGEST + 1
    return RoomKey(number, derived("secret").hex(), derived("pin").hex())


class Stream(NamedTuple):
    """
    One media line that somebody sends.

    @ivar mid: how the line is called in that connection.
    @ivar kind: C{audio} or C{video}.
    @ivar source: what the page calls that which it shows, such as C{camera}.
    """

    mid: str
    kind: str
    source: str


class Feed(NamedTuple):
    """
    What somebody sends.

    @ivar seat: who.
    """

    seat: int
    streams: tuple[Stream, ...]


#: By the number that Janus gives to each who sends.
Feeds = Mapping[int, Feed]


# What is asked ----------------------------------------------------------------------------------------------


def create(key: RoomKey, room: Channel, publishers: int, admin_key: str) -> Object:
    """@param admin_key: lets one make rooms, where Janus wants that; else empty."""
    return {
        "request": "create",
        "room": key.number,
        "secret": key.secret,
        "pin": key.pin,
        "description": describe(room),
        "is_private": True,
        "permanent": False,
        "publishers": publishers,
        "bitrate": BITRATE,
        "bitrate_cap": True,
        "videocodec": VIDEO_CODECS,
        "audiocodec": AUDIO_CODECS,
        **({"admin_key": admin_key} if admin_key else {}),
    }


def describe(room: Channel) -> str:
    """@return: what a room is called in Janus, so that L{described} knows it again."""
    return f"{_MARK} {room.dev_id} {room.name}"


def described(description: Json) -> Channel | None:
    """@return: the room that is called so, C{None} if that is none of ours."""
    if not isinstance(description, str):
        return None
    match description.split(" "):
        case [mark, dev_id, name] if mark == _MARK and dev_id.isdecimal():
            return Channel(int(dev_id), name)
    return None


def destroy(key: RoomKey) -> Object:
    """Let there be no such room."""
    return {"request": "destroy", "room": key.number, "secret": key.secret}


def list_rooms(admin_key: str) -> Object:
    """Which rooms are there?"""
    return {"request": "list", "admin_key": admin_key}


def list_participants(key: RoomKey) -> Object:
    """Who is in that room?"""
    return {"request": "listparticipants", "room": key.number, "secret": key.secret}


def join(key: RoomKey, seat: int) -> Object:
    """Enter, as one who may send."""
    return {
        "request": "join",
        "ptype": "publisher",
        "room": key.number,
        "pin": key.pin,
        "display": str(seat),
    }


def publish(sources: Mapping[str, str], again: bool) -> Object:
    """
    Send this; an SDP offer goes with it.

    @param sources: what is shown, by mid.
    @param again: whether something is sent already, over the same connection.
    """
    descriptions = [{"mid": mid, "description": source} for mid, source in sources.items()]
    return {"request": "configure" if again else "publish", "descriptions": descriptions}


#: Streams, by feed and mid.
Lines = Iterable[tuple[int, str]]


def subscribe(key: RoomKey, lines: Lines) -> Object:
    """Receive this, by feed and mid; an SDP offer comes with the answer."""
    # Without autoupdate offers come only when they are asked for, one after the other.
    return {
        "request": "join",
        "ptype": "subscriber",
        "room": key.number,
        "pin": key.pin,
        "autoupdate": False,
        "streams": _streams(lines),
    }


def update(more: Lines, less: Lines) -> Object:
    """Receive this in addition, and that no more; likewise."""
    asked: dict[str, Json] = {"request": "update"}
    if streams := _streams(more):
        asked["subscribe"] = streams
    if streams := _streams(less):
        asked["unsubscribe"] = streams
    return asked


def start() -> Object:
    """An SDP answer goes with it: let media flow."""
    return {"request": "start"}


def _streams(lines: Lines) -> list[Json]:
    return [{"feed": feed, "mid": mid} for feed, mid in lines]


# What it tells ----------------------------------------------------------------------------------------------


def objects(data: Object, key: str) -> list[Object]:
    """@return: the objects in a list."""
    value = data.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def feeds(data: Object) -> dict[int, Feed]:
    """@return: what those send who are named as publishers."""
    found = {}
    for publisher in objects(data, "publishers"):
        number, seat = publisher.get("id"), publisher.get("display")
        if isinstance(number, int) and isinstance(seat, str) and seat.isdecimal():
            streams = (_stream(each, "mid", "description") for each in objects(publisher, "streams"))
            found[number] = Feed(int(seat), tuple(filter(None, streams)))
    return found


def gone(data: Object) -> int | None:
    """@return: the feed that is no more, if that is what it tells."""
    for word in ("unpublished", "leaving"):
        if isinstance(number := data.get(word), int):
            return number
    return None


def is_out(data: Object) -> bool:
    """@return: whether it tells that one is not in the room any more."""
    return data.get("videoroom") == "destroyed" or data.get("leaving") == "ok"


class Line(NamedTuple):
    """
    One media line of what somebody receives.

    @ivar mid: how it is called in that connection.
    @ivar feed: of which feed it is.
    @ivar stream: which stream of that.
    """

    mid: str
    feed: int
    stream: Stream


def lines(data: Object) -> list[Line]:
    """@return: the media lines of a subscription that are in use."""
    found = []
    for each in objects(data, "streams"):
        stream, mid, feed = (
            _stream(each, "feed_mid", "feed_description"),
            each.get("mid"),
            each.get("feed_id"),
        )
        if stream is not None and each.get("active") and isinstance(mid, str) and isinstance(feed, int):
            found.append(Line(mid, feed, stream))
    return found


def _stream(told: Object, mid_key: str, source_key: str) -> Stream | None:
    mid, kind, source = told.get(mid_key), told.get("type"), told.get(source_key)
    if not isinstance(mid, str) or kind not in ("audio", "video") or told.get("disabled"):
        return None
    return Stream(mid, kind, source if isinstance(source, str) else "")
