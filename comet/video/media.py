"""
What rooms need of a media server, and what it may do to them.

A L{MediaServer} is one node's way to a media server that all nodes use, such as the VideoRoom of Janus. The
node tells it of its own seats in rooms whose topology is C{sfu}, and hands it what they say to C{"media"};
what the media server has to say it tells a seat through the L{Floor}, which is L{comet.video.desk.Desk}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from comet.model import Channel, Json


class Floor(Protocol):
    """The rooms of this node, as its media server sees them. A room is a tenant and a name."""

    def from_media(self, room: Channel, seat: int, data: Mapping[str, Json]) -> None:
        """Signal C{data} to a seat of this node; if that is not there, or lost just now, nothing happens."""

    def media_restarted(self) -> None:
        """
        The media server knows nothing any more of what it knew: all seats of this node in C{sfu} rooms are
        told to begin afresh. It is for the media server to make them known to itself again, as L{entered}
        does; that is not called anew.
        """

    def media_gone(self) -> None:
        """The media server is gone for good: the C{sfu} rooms in which this node has seats end."""


class MediaServer(Protocol):
    """
    A media server. No method waits; none but L{signal} raises.

    A seat enters once and leaves once. One that is lost, or that comes back over this node, is the same seat
    all the time; one that comes back over another node leaves here and enters there, and its page begins
    afresh.
    """

    @property
    def is_away(self) -> bool:
        """Whether it was tried to find it again, in vain; rooms that do not need it yet do without."""

    def start(self, floor: Floor) -> None:
        """Begin to connect. Called once, before all else."""

    async def stop(self) -> None:
        """Leave; nothing else is called afterwards."""

    def entered(self, room: Channel, seat: int, user_id: int) -> None:
        """A seat of this node is in a room that has, or has just got, the topology C{sfu}."""

    def left(self, room: Channel, seat: int) -> None:
        """A seat that has L{entered} is not there any more, or not on this node."""

    def closed(self, room: Channel) -> None:
        """Nobody is in C{room} any more, anywhere; called after the last L{left}, where that happened."""

    def signal(self, room: Channel, seat: int, data: Mapping[str, Json]) -> None:
        """
        A seat that has L{entered} says something to the media server.

        @param data: one of the objects on the page on the video wire, not checked: C{kind} may be anything.
        @raise comet.errors.Refused: if it is none of those, or the media server is away.
        """
