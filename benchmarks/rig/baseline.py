"""The baselines: loops that do what the kernel asks for and no more, in C, compiled on the spot."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rig.joining import plain
from rig.loop import Loop
from rig.process import Process

SOURCES = Path(__file__).resolve().parent / "baselines"


@dataclass(frozen=True)
class Program:
    """
    What to run.

    @ivar name: how it is called in the results.
    """

    name: str
    command: tuple[str, ...]


def build(source: str, calls: str, folder: Path) -> Program:
    """
    @param source: the name of a file, without its ending.
    @param calls: what the loop calls, for its name.
    @param folder: where the compiler puts what it makes.
    @return: the loop in C; the one in Python where there is no compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        return Program(f"Python loop of {calls}", (sys.executable, str(SOURCES / f"{source}.py")))
    binary = folder / source
    subprocess.run([compiler, "-O2", "-o", binary, SOURCES / f"{source}.c"], check=True)
    return Program(f"C loop of {calls}", (str(binary),))


def python(source: str, name: str) -> Program:
    """
    @param source: the name of a file, without its ending.
    @param name: for the results.
    @return: a baseline that is written in Python.
    """
    return Program(name, (sys.executable, str(SOURCES / f"{source}.py")))


def bare_protocol() -> Program:
    """@return: the baseline of connecting, which is no loop in C, but what Twisted does in any case."""
    return python("bare", "bare Twisted protocol")


class Baseline(Process):
    """
    A running loop.

    @ivar port: where it listens; the last one, if there are several.
    @ivar name: how it is called in the results.
    """

    def __init__(self, program: Program, core: int | None, *arguments: int) -> None:
        """@param core: the one to run on, C{None} for any."""
        super().__init__([*program.command, *map(str, arguments)], core, stdout=subprocess.PIPE)
        assert self.child.stdout is not None
        with self.child.stdout as output:
            line = output.readline()
        if not line:
            sys.exit(f"the baseline has ended: {program.name}")
        self.name = program.name
        self._control_port, *_, self.port = [int(port) for port in (line.split() * 2)[:2]]


class SendLoop(Baseline):
    """
    A baseline of fan-out; who connects after it was made is a subscriber.

    @ivar idle: whether all that was ordered is done.
    """

    batch = 1

    def __init__(self, program: Program, core: int | None, *arguments: int, message: bytes) -> None:
        """
        @param arguments: how many subscribers, the length of a message, how many channels.
        @param message: what is to be sent.
        """
        super().__init__(program, core, *arguments)
        self.idle = True
        self._loop: Loop | None = None
        self._control = plain(self._control_port)
        self._control.sendall(message)

    def join(self, loop: Loop) -> None:
        """Be called by C{loop} from now on."""
        self._loop = loop
        loop.add(self._control, self._read)

    def publish(self) -> None:
        """Send the message to the next channel."""
        self.idle = False
        self._control.send(b"!")

    def _read(self) -> None:
        if not self._control.recv(64):
            sys.exit("the baseline has ended")
        self.idle = True

    def stop(self) -> None:
        """End the process."""
        if self._loop is not None:
            self._loop.remove(self._control)
        self._control.close()
        super().stop()
