"""Many timeouts on few timers: connections by the thousand need no timer each."""

from __future__ import annotations

import math
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime


class Spoke:
    """A call that is due; it may be cancelled until then."""

    __slots__ = ("_arguments", "_call")

    def __init__(self, call: Callable[..., object], arguments: tuple[object, ...]) -> None:
        self._call: Callable[..., object] | None = call
        self._arguments = arguments

    def cancel(self) -> None:
        """Do not call. Harmless if it was called already."""
        self._call, self._arguments = None, ()

    def due(self) -> None:
        """Call, once at the most."""
        call, arguments = self._call, self._arguments
        self.cancel()
        if call is not None:
            call(*arguments)


class Wheel:
    """Calls what is due, a second late at the most, with one timer of the reactor for each second."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._spokes: dict[int, list[Spoke]] = {}

    def call_later(self, seconds: float, call: Callable[..., object], *arguments: object) -> Spoke:
        """Call C{call(*arguments)} after at least so many seconds."""
        spoke = Spoke(call, arguments)
        now = self._clock.seconds()
        place = math.ceil(now + seconds)
        spokes = self._spokes.get(place)
        if spokes is None:
            spokes = self._spokes[place] = []
            self._clock.callLater(place - now, self._turn, place)
        spokes.append(spoke)
        return spoke

    def _turn(self, place: int) -> None:
        for spoke in self._spokes.pop(place):
            spoke.due()
