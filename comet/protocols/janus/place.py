"""The place of a seat in a room of Janus: what both of its connections need to know."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from comet.model import Channel
from comet.protocols.janus.handles import Handles
from comet.protocols.janus.videoroom import RoomKey
from comet.protocols.janus.wire import Object


@dataclass(frozen=True, slots=True)
class Place:
    """
    The place of a seat.

    @ivar key: what opens the room in Janus.
    @ivar admin_key: lets one make rooms; empty if Janus asks for none.
    @ivar publishers: how many may send in the room.
    @ivar say: tells the page something.
    @ivar spawn: runs a coroutine that nobody waits for.
    @ivar later: calls something after so many seconds, and returns how to call that off.
    """

    handles: Handles
    room: Channel
    seat: int
    key: RoomKey
    admin_key: str
    publishers: int
    say: Callable[[Object], None]
    spawn: Callable[[Coroutine[Any, Any, None]], None]
    later: Callable[[float, Callable[[], None]], Callable[[], None]]
