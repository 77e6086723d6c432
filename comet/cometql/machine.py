"""
What the machine tells of itself: the SHOW ... STATUS that CppComet has besides that of the server.

All is read from files that Linux keeps in memory; elsewhere there is nothing to tell.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from comet.errors import Unavailable

Pairs = Sequence[tuple[str, str]]

#: The most lines about the memory, as many as CppComet gives.
_LINES = 34
_UNITS = "KMGTP"


def _read(proc: Path, name: str) -> str:
    try:
        return (proc / name).read_text(errors="replace")
    except OSError as error:
        raise Unavailable(f"the system does not tell: {error}") from None


def short(size: int) -> str:
    """@return: a number of bytes as C{df -h} writes it, rounded up."""
    number, unit = float(size), ""
    for each in _UNITS:
        if number < 1024:
            break
        number, unit = number / 1024, each
    tenths = -int(-number * 10 // 1)
    return f"{tenths / 10:.1f}{unit}" if unit and tenths < 100 else f"{-int(-number // 1)}{unit}"


def filesystem(proc: Path) -> Pairs:
    """@return: how full the file system of the root is."""
    mounts = [line.split() for line in _read(proc, "self/mounts").splitlines()]
    name = next((mount[0] for mount in reversed(mounts) if mount[1:2] == ["/"]), "")
    total, used, free = shutil.disk_usage("/")
    percent = -(-100 * used // (used + free)) if used + free else 0
    return [
        ("flag", "filesystem"),
        ("filesystem", name),
        *(("size", short(total)), ("used", short(used)), ("available", short(free)), ("use", f"{percent}%")),
    ]


def memory(proc: Path) -> Pairs:
    """@return: how the memory is used, in KiB, as the kernel calls it."""
    lines = [line.partition(":") for line in _read(proc, "meminfo").splitlines()[:_LINES]]
    return [(name, value.split()[0]) for name, _, value in lines if value.split()]


def load(proc: Path) -> Pairs:
    """@return: how many processes have waited for a processor, on average, and how many there are."""
    *averages, processes, _ = _read(proc, "loadavg").split()
    running, _, total = processes.partition("/")
    found = [(f"load_avg_{place}", average) for place, average in enumerate(averages, 1)]
    return [*found, ("running_processes", running), ("total_processes", total)]


def uptime(proc: Path) -> Pairs:
    """@return: for how many seconds the system has run, and its processors have been idle, all together."""
    names = ("os_uptime", "os_idle")
    return [
        (name, f"{float(value):.6f}")
        for name, value in zip(names, _read(proc, "uptime").split(), strict=True)
    ]


#: By the word before STATUS.
ASPECTS: Mapping[str, Callable[[Path], Pairs]] = MappingProxyType(
    {"FILESYSTEM": filesystem, "RAM": memory, "AVG": load, "UPTIME": uptime}
)
