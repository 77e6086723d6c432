"""A child process on a core of its own, whose CPU time can be read while it runs."""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

#: For how long we wait that a process has nothing to do, in seconds.
REST = 0.1
#: Who uses so little CPU time in that time has nothing to do.
STILL = 0.003
#: For how long we wait that it has done all it has to do.
PATIENCE = 30.0

_libc = ctypes.CDLL(None)


class Process:
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
        clock = ctypes.c_int()
        # clock_getcpuclockid(3), of all threads; /proc/PID/stat counts hundredths of a second.
        if error := _libc.clock_getcpuclockid(self.child.pid, ctypes.byref(clock)):
            raise OSError(error, os.strerror(error))
        self._clock = clock.value

    def cpu_seconds(self) -> float:
        """@return: the CPU time that the process has used when it next waits for something."""
        # While it runs, the kernel brings the sum up to date at its ticks only.
        deadline = time.perf_counter() + REST
        while not self._sleeps() and time.perf_counter() < deadline:
            time.sleep(0.0005)
        return time.clock_gettime(self._clock)

    def settle(self) -> None:
        """Wait until the process has nothing to do any more, after many have left, say."""
        deadline, before = time.monotonic() + PATIENCE, -1.0
        while (now := time.clock_gettime(self._clock)) - before > STILL and time.monotonic() < deadline:
            before = now
            time.sleep(REST)

    def resident_bytes(self) -> int:
        """@return: the memory that the process has, without what it has in the kernel."""
        # The second field, in pages (proc_pid_statm(5)).
        pages = int(Path(f"/proc/{self.child.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _sleeps(self) -> bool:
        # The state is the first field behind the name, which is in brackets (proc_pid_stat(5)).
        return Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(") ")[2].startswith("S")

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
