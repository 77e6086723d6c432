"""From runs to figures: medians, spreads and ratios, never a lone time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rig.process import Process


@dataclass(frozen=True)
class Run:
    """
    What was measured once.

    @ivar count: how often that happened which is counted.
    @ivar cpu_seconds: the CPU time of the process that is measured.
    @ivar load_cpu_seconds: that of the load.
    """

    count: int
    seconds: float
    cpu_seconds: float
    load_cpu_seconds: float

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
        return self.load_cpu_seconds / self.seconds


def measure(process: Process, work: Callable[[], int]) -> Run:
    """
    @param work: loads C{process}, and tells the count.
    @return: what that took.
    """
    cpu, load, started = process.cpu_seconds(), time.process_time(), time.perf_counter()
    count = work()
    seconds, load_cpu = time.perf_counter() - started, time.process_time() - load
    return Run(count, seconds, process.cpu_seconds() - cpu, load_cpu)


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
