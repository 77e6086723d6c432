"""From runs to figures: medians, spreads and ratios, never a lone time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rig.loop import Loop
from rig.process import Family


@dataclass(frozen=True)
class Run:
    """
    What was measured once.

    @ivar count: how often that happened which is counted.
    @ivar cpu_seconds: the CPU time of the processes that are measured.
    @ivar load_busy_seconds: for how long the load had work.
    """

    count: int
    seconds: float
    cpu_seconds: float
    load_busy_seconds: float

    @property
    def per_second(self) -> float:
        """How often a second."""
        return self.count / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """How often a second of CPU time."""
        return self.count / self.cpu_seconds

    @property
    def load_busy(self) -> float:
        """The share of the time in which the load had work; near 1, the load was what held things up."""
        return self.load_busy_seconds / self.seconds


def measure(process: Family, loop: Loop, work: Callable[[], int]) -> Run:
    """
    @param loop: that of the load.
    @param work: loads C{process}, and tells the count.
    @return: what that took.
    """
    cpu, idle, started = process.cpu_seconds(), loop.idle_seconds, time.perf_counter()
    count = work()
    seconds, load_idle = time.perf_counter() - started, loop.idle_seconds - idle
    return Run(count, seconds, process.cpu_seconds() - cpu, seconds - load_idle)


class Budget:
    """When a run ends: after so many messages if that is set, else after so many seconds."""

    def __init__(self, messages: int | None, seconds: float) -> None:
        self._messages = messages
        self._deadline = time.perf_counter() + seconds

    def allows(self, sent: int) -> bool:
        """@return: whether there may be one more message after C{sent}."""
        if self._messages is not None:
            return sent < self._messages
        return time.perf_counter() < self._deadline


def quantile(ordered: Sequence[float], share: float) -> float:
    """@return: what so large a share of C{ordered}, the smallest first, does not exceed."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _short(value: float) -> float:
    """@return: C{value} with four digits that mean something."""
    return float(f"{value:.4g}")


def spread(values: Sequence[float]) -> dict[str, float]:
    """@return: the middle and the ends of C{values}."""
    ends = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: _short(value) for name, value in ends.items()}


_RATES = ("per_second", "per_cpu_second")


def rates(runs: Sequence[Run]) -> dict[str, Any]:
    """@return: how fast C{runs} were, and how busy the load was."""
    return {name: spread([getattr(run, name) for run in runs]) for name in (*_RATES, "load_busy")}


def ratios(runs: Sequence[Run], baselines: Sequence[Run]) -> dict[str, Any]:
    """@return: each of C{runs} as a share of the baseline that was run beside it."""
    pairs = list(zip(runs, baselines, strict=True))
    return {name: spread([getattr(a, name) / getattr(b, name) for a, b in pairs]) for name in _RATES}


def row(
    case: str,
    unit: str,
    values: Sequence[float],
    baseline: str,
    baselines: Sequence[float],
    aim: float | None = None,
    less_is_better: bool = False,
    **more: object,
) -> dict[str, Any]:
    """
    @param case: what was measured.
    @param unit: what C{values} and C{baselines} are.
    @param baselines: the figures of C{baseline}, each from the run beside that of the value.
    @param aim: what the ratio is to be at least.
    @param less_is_better: then the ratio is the other way round, so that more of it is always better.
    @param more: what else there is to say.
    @return: a row of the table.
    """
    pairs = list(zip(values, baselines, strict=True))
    return {
        "case": case,
        "unit": unit,
        "value": spread(values),
        "baseline": baseline,
        "baseline_value": spread(baselines),
        "ratio": spread([b / a if less_is_better else a / b for a, b in pairs]),
        "aim": aim,
        **more,
    }


def rate_row(
    case: str,
    things: str,
    runs: Sequence[Run],
    baseline: str,
    baselines: Sequence[Run],
    aim: float | None = None,
    rate: str = "per_cpu_second",
) -> dict[str, Any]:
    """
    @param things: what is counted.
    @param rate: C{per_cpu_second} or C{per_second}.
    @return: a row of the table, on rates; the load tells how busy it was with either.
    """
    values, others = ([getattr(run, rate) for run in each] for each in (runs, baselines))
    busy: dict[str, Any] = {
        "per_second": spread([run.per_second for run in runs]),
        "load_busy": spread([run.load_busy for run in runs]),
        "baseline_load_busy": spread([run.load_busy for run in baselines]),
    }
    unit = f"{things} per {'CPU ' if rate == 'per_cpu_second' else ''}second"
    return row(case, unit, values, baseline, others, aim, **busy)


def missing_row(case: str, unit: str, baseline: str, why: str) -> dict[str, Any]:
    """@return: a row of the table for a baseline that is not there."""
    return {"case": case, "unit": unit, "baseline": baseline, "missing": why}
