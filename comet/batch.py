"""
What takes effect together: first all that is stored, in one piece, then all that people see of it.

An L{Action} is something that a statement asked for and that has not happened yet. It is put into a L{Batch}
when the time has come, not before: only then does it show whether a channel keeps a history. The batch holds
the steps in order; a step is something to store, something that follows when that is safe, or both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from comet.model import Channel, PrivateMessage, User
from comet.storage.writes import Write

#: What follows a write: it is called with what the write has returned, never waits and never fails.
Effect = Callable[[Any], object]


class Step(NamedTuple):
    """One step of a batch. Either C{write} or C{message} or neither is given."""

    write: Write | None
    effect: Effect | None
    #: A private message; whether it is stored first depends on the whole batch.
    message: PrivateMessage | None = None


class Batch:
    """
    Steps in order.

    @ivar lengths: the channels whose length the batch sets, C{None} where it removes it.
    @ivar new_lengths: how many more channels have a length after the batch than before it.
    @ivar rules: the channel rights that the batch sets, by tenant and prefix; false where it removes them.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.lengths: dict[Channel, int | None] = {}
        self.new_lengths = 0
        self.rules: dict[tuple[int, str], bool] = {}

    def store(self, write: Write, effect: Effect | None = None) -> None:
        """Add a write, and what follows it."""
        self.steps.append(Step(write, effect))

    def follow(self, effect: Effect) -> None:
        """Add what needs nothing stored; it is called with C{None}."""
        self.steps.append(Step(None, effect))

    def send(self, message: PrivateMessage) -> None:
        """Add a private message."""
        self.steps.append(Step(None, None, message))

    @property
    def is_stored(self) -> bool:
        """Whether anything but private messages has to be stored."""
        return any(step.write is not None for step in self.steps)

    @property
    def recipients(self) -> list[User]:
        """The users whom the private messages are for, each once."""
        return list(dict.fromkeys(step.message.user for step in self.steps if step.message is not None))


#: Something to be done, which puts its steps into a batch; it raises L{comet.errors.Refused} if it cannot.
Action: TypeAlias = Callable[[Batch], None]


def storing(write: Write) -> Action:
    """@return: the action that is nothing but C{write}."""
    return lambda batch: batch.store(write)
