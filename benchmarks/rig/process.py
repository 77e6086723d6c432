"""Child processes, on a core of their own, whose CPU time and memory can be read while they run."""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

#: For how long we wait that processes have nothing to do, in seconds.
REST = 0.1
#: Who uses so little CPU time in that time has nothing to do.
STILL = 0.003
#: For how long we wait that they have done all they have to do.
PATIENCE = 30.0

_libc = ctypes.CDLL(None)


class Family:
    """
    Processes that are measured as one: those that were named, and those that they had started by then.

    They are expected to be there for as long as anybody asks.
    """

    def __init__(self, *pids: int) -> None:
        self._pids = [each for pid in pids for each in _with_children(pid)]
        self._clocks = list(map(_cpu_clock, self._pids))

    def cpu_seconds(self) -> float:
        """@return: the CPU time that all have used when they next wait for something."""
        # While one runs, the kernel brings the sum up to date at its ticks only.
        deadline = time.perf_counter() + REST
        while not all(map(_sleeps, self._pids)) and time.perf_counter() < deadline:
            time.sleep(0.0005)
        return self._now()

    def settle(self) -> None:
        """Wait until none has anything to do any more, after many have left, say."""
        deadline, before, still = time.monotonic() + PATIENCE, -1.0, STILL * len(self._pids)
        while (now := self._now()) - before > still and time.monotonic() < deadline:
            before = now
            time.sleep(REST)

    def resident_bytes(self) -> int:
        """@return: the memory of all, without what is in the kernel; what several share counts for each."""
        # The second field, in pages (proc_pid_statm(5)).
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self._pids]
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")

    def proportional_bytes(self) -> int:
        """@return: the same, where what several share counts once; the kernel calls it PSS."""
        return sum(map(_proportional_bytes, self._pids))

    def _now(self) -> float:
        return sum(map(time.clock_gettime, self._clocks))


def _with_children(pid: int) -> list[int]:
    children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [pid, *(each for child in children for each in _with_children(child))]


def _cpu_clock(pid: int) -> int:
    clock = ctypes.c_int()
    # clock_getcpuclockid(3), of all threads; /proc/PID/stat counts hundredths of a second.
    if error := _libc.clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise OSError(error, os.strerror(error))
    return clock.value


def _sleeps(pid: int) -> bool:
    # The state is the first field behind the name, which is in brackets (proc_pid_stat(5)).
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("S")


def _proportional_bytes(pid: int) -> int:
    # A line is "Pss:  1234 kB" (proc_pid_smaps(5)).
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


class Process(Family):
    """A process that ends with its C{with} block."""

    def __init__(self, command: Sequence[str], core: int | None, **more: Any) -> None:
        """
        @param core: the one to run on, C{None} for any.
        @param more: as for C{subprocess.Popen}.
        """

        def pin() -> None:
            if core is not None:
                os.sched_setaffinity(0, {core})

        self.child = subprocess.Popen(command, preexec_fn=pin, **more)
        self.count_in()

    def count_in(self) -> None:
        """From now on, let those be measured with it that it has started."""
        super().__init__(self.child.pid)

    def stop(self) -> None:
        """End the process."""
        self.child.terminate()
        try:
            self.child.wait(15)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
