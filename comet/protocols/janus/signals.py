"""
What pages and the media server say to each other: see C{docs/reference/video-wire.rst}.

Pages are strangers: what they send is looked at here, and what is passed on to Janus is made anew of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from comet.errors import BadValue
from comet.model import Json
from comet.protocols.dialects.fields import as_number, as_text

#: The most media lines of one page, and the longest name of a line or source.
STREAMS_LIMIT, WORD_LIMIT = 64, 32
#: Tells connections apart: a page has another one for each.
_FINGERPRINT = re.compile(r"^a=fingerprint:(\S+ \S+)", re.MULTILINE)
#: Janus tells there the number of the room, which follows from a secret: nobody shall try out secrets by it.
_SESSION_NAME = re.compile(r"^s=[^\r\n]*", re.MULTILINE)
_WORD = re.compile(rf"[A-Za-z0-9_.-]{{1,{WORD_LIMIT}}}")
_LARGEST = (1 << 53) - 1

Object: TypeAlias = Mapping[str, Json]
PUBLISH, SUBSCRIBE = "publish", "subscribe"


@dataclass(frozen=True, slots=True)
class Offer:
    """
    A page wants to send this.

    @ivar sources: what is shown, by mid.
    @ivar number: how the page calls it, C{None} for no how.
    """

    sdp: str
    sources: Mapping[str, str]
    number: int | None = None

    @property
    def fingerprints(self) -> frozenset[str]:
        """Those of the connection that it is for."""
        return frozenset(_FINGERPRINT.findall(self.sdp))


@dataclass(frozen=True, slots=True)
class Accepts:
    """
    A page takes what it was offered.

    @ivar offer: which offer it answers, C{None} for the last one.
    """

    sdp: str
    offer: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A way to reach a page.

    @ivar kind: for which of its two connections.
    @ivar candidate: as Janus wants it.
    @ivar connection: C{None} for the last one of that kind.
    """

    kind: str
    candidate: Object
    connection: int | None = None


@dataclass(frozen=True, slots=True)
class Anew:
    """A page wants to receive over a new connection."""


Signal: TypeAlias = Offer | Accepts | Candidate | Anew


def read_signal(data: Object) -> Signal:
    """
    @return: what a page says.
    @raise comet.errors.Refused: if it is nothing that is understood.
    """
    kind = data.get("kind")
    if kind not in (PUBLISH, SUBSCRIBE):
        _refuse("kind", "publish or subscribe is expected")
    if "candidate" in data:
        return Candidate(kind, _candidate(data["candidate"]), _number(data, "connection"))
    if "description" in data:
        sdp = _sdp(data["description"], "offer" if kind == PUBLISH else "answer")
        if kind == SUBSCRIBE:
            return Accepts(sdp, _number(data, "offer"))
        offer = Offer(sdp, _sources(data), _number(data, "offer"))
        return offer if offer.fingerprints else _refuse("sdp", "a line a=fingerprint is expected")
    if kind == PUBLISH:
        _refuse("data", "a description or a candidate is expected")
    return Anew()


def offered(sdp: str, streams: list[Json], connection: int, offer: int) -> Object:
    """@return: what a page is offered to receive."""
    numbers = {"connection": connection, "offer": offer}
    return {"kind": SUBSCRIBE, "description": _description("offer", sdp), "streams": streams, **numbers}


def accepted(sdp: str, offer: int | None) -> Object:
    """@return: that what a page wants to send is welcome."""
    return {"kind": PUBLISH, "description": _description("answer", sdp), **_numbered(offer=offer)}


def failed(kind: str, reason: str, offer: int | None = None) -> Object:
    """
    @param offer: the last offer for it.
    @return: that a connection of a page is of no use any more.
    """
    return {"kind": kind, "failed": reason, **_numbered(offer=offer)}


def candidate(kind: str, told: Json, connection: int | None = None) -> Object:
    """
    @param told: a candidate of Janus.
    @return: how it reaches a page.
    """
    is_last = not isinstance(told, dict) or "candidate" not in told
    return {"kind": kind, "candidate": None if is_last else told, **_numbered(connection=connection)}


def _description(kind: str, sdp: str) -> Object:
    return {"type": kind, "sdp": _SESSION_NAME.sub("s=-", sdp, 1)}


def _numbered(**numbers: int | None) -> Object:
    return {key: number for key, number in numbers.items() if number is not None}


def _sdp(description: Json, wanted: str) -> str:
    if not isinstance(description, dict) or description.get("type") != wanted:
        _refuse("description", f'an object with the type "{wanted}" is expected')
    return as_text(description.get("sdp"), "sdp")


def _sources(data: Object) -> Mapping[str, str]:
    streams = data.get("streams", [])
    if not isinstance(streams, list) or len(streams) > STREAMS_LIMIT:
        _refuse("streams", f"a list of at most {STREAMS_LIMIT} is expected")
    return dict(map(_source, streams))


def _source(stream: Json) -> tuple[str, str]:
    if not isinstance(stream, dict):
        _refuse("streams", 'objects such as {"mid": "0", "source": "camera"} are expected')
    return _word(stream.get("mid"), "mid"), _word(stream.get("source"), "source")


def _word(value: Json, key: str) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        _refuse(key, f"1 to {WORD_LIMIT} of A-Za-z0-9_.- are expected")
    return value


def _candidate(value: Json) -> Object:
    if value is None:
        return {"completed": True}
    if not isinstance(value, dict):
        _refuse("candidate", "an object or null is expected")
    line = as_text(value.get("candidate"), "candidate")
    if not line:
        # So browsers say that there are no more of one generation.
        return {"completed": True}
    place: dict[str, Json] = {}
    if value.get("sdpMid") is not None:
        place["sdpMid"] = _word(value["sdpMid"], "sdpMid")
    if value.get("sdpMLineIndex") is not None:
        place["sdpMLineIndex"] = as_number(value["sdpMLineIndex"], "sdpMLineIndex", 0, STREAMS_LIMIT * 16)
    return {"candidate": line, **place}


def _number(data: Object, key: str) -> int | None:
    value = data.get(key)
    return None if value is None else as_number(value, key, 0, _LARGEST)


def _refuse(key: str, what: str) -> NoReturn:
    raise BadValue(f"Incorrect {key}: {what}")
