"""How far a client has come in each channel, and what it has had already."""

from __future__ import annotations

from collections.abc import Iterator


class Progress:
    """
    The channels that are listened to, each with the cursor of what was seen last.

    @ivar told: those of which the server has said that they are subscribed to, on this connection.
    """

    def __init__(self) -> None:
        self._cursors: dict[str, str | None] = {}
        self.told: set[str] = set()

    def __contains__(self, channel: str) -> bool:
        """Whether a channel is listened to."""
        return channel in self._cursors

    def __iter__(self) -> Iterator[str]:
        """@return: the channels."""
        return iter(self._cursors)

    def cursors(self) -> dict[str, str | None]:
        """@return: a copy: where to go on in each channel."""
        return dict(self._cursors)

    def add(self, channel: str, since: str | None) -> None:
        """Begin with a channel."""
        self._cursors[channel] = since

    def remove(self, channel: str) -> None:
        """Be done with a channel."""
        self._cursors.pop(channel, None)
        self.told.discard(channel)

    def subscribed(self, channel: str, cursor: str | None, missed: int) -> None:
        """
        The server says that it has subscribed us.

        If messages were missed the cursor stays where it was: they move it one by one, so that a connection
        that is lost between them loses none.
        """
        self.told.add(channel)
        if not missed:
            self._cursors[channel] = cursor

    def is_new(self, channel: str, cursor: str | None) -> bool:
        """A message has come. @return: whether it is one that was not seen yet."""
        if channel not in self._cursors:
            return False
        if cursor is None:
            return True
        if not _later(cursor, self._cursors[channel]):
            return False
        self._cursors[channel] = cursor
        return True


def _later(cursor: str, seen: str | None) -> bool:
    """@return: whether C{cursor} comes after the one that was seen; those of another epoch do."""
    if seen is None:
        return True
    epoch, _, position = cursor.rpartition(":")
    seen_epoch, _, seen_position = seen.rpartition(":")
    if epoch != seen_epoch or not (position.isdecimal() and seen_position.isdecimal()):
        return True
    return int(position) > int(seen_position)


class Had:
    """
    The private messages that have come already: their numbers only grow.

    @ivar acked: the number that the server is told to have arrived, 0 for none.
    """

    def __init__(self) -> None:
        self._last = self.acked = 0

    def is_new(self, number: int) -> bool:
        """A message has come. @return: whether it is one that was not seen yet."""
        if not number:
            return True
        if number <= self._last:
            return False
        self._last = number
        return True
