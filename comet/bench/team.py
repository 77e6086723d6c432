"""The processes of a load, and what they are asked to do together."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from comet.bench.plans import Listening, Speaking

#: How long a process may take to begin, and to tell what it has found when it is asked to, in seconds.
PATIENCE = 30.0
#: How often the progress is shown, in seconds.
GLANCE = 0.2


class LoadError(Exception):
    """A process of the load cannot go on; C{str(error)} says why."""


class Worker:
    """A process of the load."""

    def __init__(self, plan: Listening | Speaking) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "comet.bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # What interrupts the command does not interrupt this.
            start_new_session=True,
        )
        assert self._child.stdin is not None and self._child.stdout is not None
        self._input, self._output = self._child.stdin, self._child.stdout
        self._held = b""
        #: All that it has told.
        self.told: dict[str, Any] = {}
        self._say({"do": "listen" if isinstance(plan, Listening) else "speak", **asdict(plan)})

    def _say(self, something: object) -> None:
        self._input.write(json.dumps(something).encode() + b"\n")
        self._input.flush()

    def go(self) -> None:
        """Begin."""
        self._say("go")

    def finish(self) -> None:
        """Tell it to come to an end, and what it has found."""
        with suppress(BrokenPipeError):
            self._input.close()

    def fileno(self) -> int:
        """@return: what can be read when it has told something."""
        return self._output.fileno()

    def read(self) -> None:
        """
        Take what it tells.

        @raise LoadError: if it says that it cannot go on, or has ended.
        """
        data = os.read(self.fileno(), 1 << 20)
        if not data:
            raise LoadError("a process of the load has ended by itself")
        *lines, self._held = (self._held + data).split(b"\n")
        for line in lines:
            self.told.update(json.loads(line))
        if "error" in self.told:
            raise LoadError(self.told["error"])

    def end(self) -> None:
        """Be rid of it."""
        self._child.kill()
        self._child.wait()
        self._output.close()
        self.finish()


class Team:
    """Processes that do the same."""

    def __init__(self, plans: Sequence[Listening | Speaking]) -> None:
        self._workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()
        try:
            for plan in plans:
                worker = Worker(plan)
                self._workers.append(worker)
                self._selector.register(worker, selectors.EVENT_READ, worker)
        except BaseException:
            self._end()
            raise

    def start(self) -> None:
        """Let them begin, all at the same time."""
        self.wait("ready", PATIENCE)
        for worker in self._workers:
            worker.go()

    def wait(
        self, word: str, patience: float | None = None, show: Callable[[], object] = lambda: None
    ) -> list[Any]:
        """
        Wait until each has told something.

        @param word: a key of what it has told.
        @param patience: for how many seconds to wait, if there is an end to it.
        @param show: called now and then.
        @return: what goes with it, of each.
        @raise LoadError: if one of them cannot.
        """
        deadline = None if patience is None else time.monotonic() + patience
        while not all(word in worker.told for worker in self._workers):
            for key, _ in self._selector.select(GLANCE):
                key.data.read()
            show()
            if deadline is not None and time.monotonic() > deadline:
                raise LoadError(f"a process of the load has not answered for {patience:g} seconds")
        return [worker.told[word] for worker in self._workers]

    def finish(self) -> None:
        """Tell them to come to an end."""
        for worker in self._workers:
            worker.finish()

    def _end(self) -> None:
        for worker in self._workers:
            worker.end()
        self._selector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
