"""The machine that a benchmark runs on: its cores, its limits, and what to say of it."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from comet.bench import files


def cores() -> tuple[int, int] | None:
    """@return: the core of what is measured and the core of the load; C{None} if there is but one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[-1]) if len(allowed) > 1 else None


def cpu_model() -> str:
    """@return: how the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def facts(pinned: bool) -> dict[str, Any]:
    """
    @param pinned: whether the load had a core of its own.
    @return: what figures depend on.
    """
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "pinned": pinned,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "twisted": version("twisted"),
    }


def allow_files(connections: int) -> None:
    """Let this process and its children have so many connections each, or end with a sentence."""
    try:
        files.allow_files(connections)
    except files.TooFewFiles as error:
        sys.exit(str(error))


def share(connections: int, workers: int) -> int:
    """@return: how many of C{connections} one of C{workers} may get, where the kernel shares them out."""
    # By chance: what is added is more than five times the standard deviation, if there are thousands.
    return connections // workers + (connections // 20 if workers > 1 else 0)
