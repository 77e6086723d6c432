"""What is measured: how a load comes in, what it hears, and how fast it may speak."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comet.bench.board import Board, Column
from comet.bench.histogram import Histogram
from comet.bench.plans import Listening, Place, Speaking
from comet.bench.team import Team

#: For so long nothing may come before what has not come counts as lost, in seconds.
SILENCE = 2.0
#: So long may processes take for their last words, in seconds.
PATIENCE = 30.0
_QUANTILES = {"p50": 0.5, "p99": 0.99, "longest": 1.0}

#: What is called now and then with what is done, how much of it, and of how much.
Show = Callable[[str, float, float], None]


@dataclass(frozen=True, slots=True)
class Load:
    """
    All that a load is made of.

    @ivar browsers: where they connect to, and how.
    @ivar backends: likewise; C{None} if nothing is published.
    @ivar via: how they publish: C{sql} or C{http}.
    @ivar run: what makes the names of channels different from those of other runs.
    """

    browsers: Place | None
    backends: Place | None
    via: str
    user: str
    password: str
    database: str
    dev_id: int
    origin: str
    dialect: str
    browser_count: int
    backend_count: int
    channel_count: int
    processes: int
    size: int
    seconds: float
    rate: float
    window: int
    run: str

    @property
    def channels(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(f"bench_{self.run}_{number}" for number in range(self.channel_count))


class Runs:
    """
    The measurements of one load.

    @ivar interrupted: whether somebody has had enough; then what was measured so far counts.
    """

    def __init__(self, load: Load, show: Show) -> None:
        self._load, self._show = load, show
        self.interrupted = False

    # What is measured -------------------------------------------------------------------------------------

    def connections(self) -> dict[str, Any]:
        """@return: how fast browsers come in."""
        with self._board() as (file, board), Team(self._listening(file)) as crowd:
            came = self._come(crowd, board)
            return _coming(came)

    def fanout(self) -> dict[str, Any]:
        """@return: how fast messages come to those who listen."""
        with self._board() as (file, board), Team(self._listening(file)) as crowd:
            came = self._come(crowd, board)
            there = [sum(each) for each in zip(*(one["there"] for one in came), strict=True)]
            if self.interrupted or not sum(there):
                return {"subscribers": sum(there), "failures": _failures(came)}
            with Team(self._speaking(file, tuple(there))) as chorus:
                spoke = self._speak(chorus, board)
                owed = sum(n * m for one in spoke for n, m in zip(one["published"], there, strict=True))
                self._settle(board, owed)
            heard = self._finish(crowd, "heard")
            return _delivered(came, spoke, heard, owed, board.total(Column.DELIVERED))

    def publish(self) -> dict[str, Any]:
        """@return: how fast backends may publish to a channel to which nobody listens."""
        load = self._load
        with self._board() as (file, board), Team(self._speaking(file, (0,) * load.channel_count)) as chorus:
            return _publishing(self._speak(chorus, board))

    # How --------------------------------------------------------------------------------------------------

    @contextmanager
    def _board(self) -> Iterator[tuple[str, Board]]:
        with tempfile.TemporaryDirectory(prefix="comet-bench-") as folder:
            file = Path(folder) / "board"
            yield str(file), Board(file, self._rows)

    @property
    def _rows(self) -> int:
        return 2 * self._load.processes

    def _listening(self, file: str) -> list[Listening]:
        load = self._load
        assert load.browsers is not None
        plans, first = [], 0
        for row, count in enumerate(shares(load.browser_count, load.processes)):
            plans.append(
                Listening(
                    *(load.browsers, load.dialect, load.dev_id, load.origin, load.channels),
                    *(first, count, file, self._rows, row),
                )
            )
            first += count
        return plans

    def _speaking(self, file: str, reach: tuple[int, ...]) -> list[Speaking]:
        load = self._load
        assert load.backends is not None
        counts = shares(load.backend_count, load.processes)
        return [
            Speaking(
                *(load.backends, load.via, load.user, load.password, load.database, load.dev_id),
                *(load.channels, reach, count, load.size, load.seconds, load.rate / len(counts)),
                *(load.window if any(reach) else 0, file, self._rows, load.processes + row),
            )
            for row, count in enumerate(counts)
        ]

    def _come(self, crowd: Team, board: Board) -> list[dict[str, Any]]:
        count = self._load.browser_count

        def show() -> None:
            self._show("connecting", board.total(Column.THERE) + board.total(Column.FAILED), count)

        return self._until(crowd, "came", show)

    def _speak(self, chorus: Team, board: Board) -> list[dict[str, Any]]:
        began = time.monotonic()

        def show() -> None:
            self._show("publishing", min(time.monotonic() - began, self._load.seconds), self._load.seconds)

        return self._until(chorus, "spoke", show)

    def _until(self, team: Team, word: str, show: Callable[[], None]) -> list[dict[str, Any]]:
        """Let a team work until it is done, or until somebody has had enough."""
        team.start()
        try:
            return team.wait(word, show=show)
        except KeyboardInterrupt:
            self.interrupted = True
            return self._finish(team, word)

    @staticmethod
    def _finish(team: Team, word: str) -> list[dict[str, Any]]:
        team.finish()
        return team.wait(word, PATIENCE)

    def _settle(self, board: Board, owed: int) -> None:
        """Wait for what is still on its way."""
        last, since = -1, time.monotonic()
        try:
            while (now := board.total(Column.DELIVERED)) < owed and time.monotonic() < since + SILENCE:
                if now != last:
                    last, since = now, time.monotonic()
                time.sleep(0.02)
        except KeyboardInterrupt:
            self.interrupted = True


def shares(number: int, parts: int) -> list[int]:
    """@return: C{number} in parts as equal as they can be, none of which is 0."""
    whole, more = divmod(number, parts)
    return [whole + (part < more) for part in range(parts) if whole or part < more]


# What came of it -------------------------------------------------------------------------------------------


def _coming(came: list[dict[str, Any]]) -> dict[str, Any]:
    seconds = _seconds(came, came)
    there = _merged(came).count
    return {
        "connected": there,
        "failures": _failures(came),
        "seconds": seconds,
        "per_second": there / seconds,
        "milliseconds": _milliseconds(came),
        "load_busy": max(one["cpu"] for one in came) / seconds,
    }


def _delivered(
    came: list[dict[str, Any]], spoke: list[dict[str, Any]], heard: list[dict[str, Any]], owed: int, got: int
) -> dict[str, Any]:
    seconds = _seconds(spoke, [*spoke, *heard])
    published = sum(map(sum, (one["published"] for one in spoke)))
    busy = [after["cpu"] - before["cpu"] for before, after in zip(came, heard, strict=True)]
    return {
        "subscribers": sum(map(sum, (one["there"] for one in came))),
        "failures": _failures(heard),
        "published": published,
        "delivered": got,
        "missing": owed - got,
        "seconds": seconds,
        "published_per_second": published / seconds,
        "per_second": got / seconds,
        "milliseconds": _milliseconds(heard),
        "load_busy": max(*busy, *(one["cpu"] for one in spoke)) / seconds,
    }


def _publishing(spoke: list[dict[str, Any]]) -> dict[str, Any]:
    seconds, answers = _seconds(spoke, spoke), _merged(spoke).count
    return {
        "published": answers,
        "seconds": seconds,
        "per_second": answers / seconds,
        "milliseconds": _milliseconds(spoke),
        "load_busy": max(one["cpu"] for one in spoke) / seconds,
    }


def _seconds(first: Iterable[dict[str, Any]], last: Iterable[dict[str, Any]]) -> float:
    began, ended = min(one["began"] for one in first), max(one["ended"] for one in last)
    return float(max(ended - began, 1e-6))


def _merged(told: Iterable[dict[str, Any]]) -> Histogram:
    whole = Histogram()
    for one in told:
        whole.add(Histogram(one["buckets"]))
    return whole


def _milliseconds(told: Iterable[dict[str, Any]]) -> dict[str, float]:
    whole = _merged(told)
    return {name: whole.quantile(share) for name, share in _QUANTILES.items()}


def _failures(told: Iterable[dict[str, Any]]) -> dict[str, int]:
    whole: Counter[str] = Counter()
    for one in told:
        whole.update(one["failures"])
    return dict(whole.most_common())
