"""From the frames of the JSON protocol to what a program is told."""

from __future__ import annotations

import json
from typing import Any

from comet.client.errors import Denied
from comet.client.events import Connected, Joined, Left, Message, Private, StatusChanged

#: A frame, taken apart.
Frame = dict[str, Any]


class BadFrame(Exception):
    """What a server of this protocol does not send."""


def read_frame(line: str) -> Frame:
    """
    @return: the frame in a line.
    @raise BadFrame: if it is none.
    """
    try:
        frame = json.loads(line)
    except ValueError:
        raise BadFrame(f"the server has sent what is no JSON: {line[:80]!r}") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise BadFrame(f"the server has sent what is no frame: {line[:80]!r}")
    return frame


def read_welcome(frame: Frame, url: str) -> Connected:
    """@return: what stands in a C{welcome}."""
    return Connected(
        url, frame["authorized"], frame["user_id"], frame["connection"], frame["server"], frame["node"]
    )


def read_message(frame: Frame) -> Message:
    """@return: what stands in a C{message}."""
    return Message(
        frame["channel"],
        frame["event"],
        frame["data"],
        frame["time"],
        frame.get("cursor"),
        frame.get("user_id"),
    )


def read_private(frame: Frame) -> Private:
    """@return: what stands in a C{private}."""
    return Private(frame["event"], frame["data"], frame["time"], frame.get("number", 0))


def read_joined(frame: Frame) -> Joined:
    """@return: what stands in a C{joined}."""
    return Joined(frame["channel"], frame["connection"], frame["user_id"], frame["uuid"], frame["time"])


def read_left(frame: Frame) -> Left:
    """@return: what stands in a C{left}."""
    return Left(frame["channel"], frame["connection"], frame["user_id"], frame["uuid"], frame["time"])


def read_status(frame: Frame) -> StatusChanged:
    """@return: what stands in a C{status}."""
    return StatusChanged(frame["channel"], frame["user_id"], frame["online"], frame["time"])


def read_error(frame: Frame) -> Denied:
    """@return: what stands in an C{error}."""
    return Denied(frame["code"], frame["name"], frame["reason"])
