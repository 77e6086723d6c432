"""A media server for tests, which writes down what it is told."""

from __future__ import annotations

from comet.errors import BadValue
from comet.video.media import MediaServer


class RecordingMedia(MediaServer):
    """
    What it was told is in C{told}.

    It looks whether each seat enters once and leaves once, and whether a room is closed when it is empty.
    """

    is_away = False

    def __init__(self):
        self.told, self.there = [], set()
        self.is_stopped = False

    def start(self, floor):
        self.floor = floor

    async def stop(self):
        self.is_stopped = True

    def entered(self, room, seat, user_id):
        assert not self.is_stopped
        assert (room, seat) not in self.there
        self.there.add((room, seat))
        self.told.append(("entered", room.name, seat, user_id))

    def left(self, room, seat):
        assert not self.is_stopped
        self.there.remove((room, seat))
        self.told.append(("left", room.name, seat))

    def closed(self, room):
        assert room not in {each for each, _ in self.there}
        self.told.append(("closed", room.name))

    def signal(self, room, seat, data):
        if "kind" not in data:
            raise BadValue("Incorrect kind: publish or subscribe is expected")
        self.told.append(("signal", room.name, seat, data))
