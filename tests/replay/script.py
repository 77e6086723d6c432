"""
The scripts: what a tool sends, in order, one statement a line with a C{;} at its end.

A line that begins with C{--} tells what the script is, and C{-- prepared} that each of its statements is
prepared and executed. A line that begins with C{\\} is a command of the protocol: C{\\use DATABASE},
C{\\fields TABLE}, C{\\ping}, C{\\statistics}.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "scripts"


@dataclass(frozen=True)
class Script:
    """
    One script.

    @ivar about: what it is.
    @ivar steps: its statements and commands, in order.
    @ivar prepared: whether its statements go by the binary protocol.
    """

    name: str
    about: str
    steps: tuple[str, ...]
    prepared: bool


def read_script(path):
    """@return: the script in a file."""
    remarks, steps = [], []
    for line in path.read_text().splitlines():
        if line.startswith("--"):
            remarks.append(line.removeprefix("--").strip())
        elif line.startswith("\\"):
            steps.append(line)
        elif line:
            assert line.endswith(";"), f"{path.name}: no ; at the end of {line}"
            steps.append(line.removesuffix(";"))
    return Script(path.stem, remarks[0], tuple(steps), "prepared" in remarks)


def scripts():
    """@return: all scripts by name."""
    return {path.stem: read_script(path) for path in sorted(FOLDER.glob("*.sql"))}
