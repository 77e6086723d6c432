"""Questions to all other nodes, answered within a bounded time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred

#: How long the others may take to answer, in seconds. Who does not is left out.
ANSWER_SECONDS = 2.0


@dataclass(slots=True)
class _Question:
    waiting: set[int]
    until: float
    done: Deferred[list[Any]]
    answers: list[Any] = field(default_factory=list)


class Questions:
    """What was asked, and is not answered by all."""

    def __init__(self) -> None:
        self._asked: dict[int, _Question] = {}
        self._last = 0

    def ask(self, nodes: Collection[int], now: float) -> tuple[int, Deferred[list[Any]]]:
        """
        @param nodes: the slots of those that are asked, at least one.
        @return: the number of the question, and what fires with the answers.
        """
        self._last += 1
        done: Deferred[list[Any]] = Deferred()
        self._asked[self._last] = _Question(set(nodes), now + ANSWER_SECONDS, done)
        return self._last, done

    def answer(self, number: int, slot: int, answer: Any) -> None:
        """The node in C{slot} has answered; too late is no harm."""
        question = self._asked.get(number)
        if question is not None and slot in question.waiting:
            question.waiting.remove(slot)
            question.answers.append(answer)
            self._settle(number, question)

    def forget(self, slot: int) -> None:
        """The node in C{slot} will not answer any more."""
        for number, question in list(self._asked.items()):
            question.waiting.discard(slot)
            self._settle(number, question)

    def tick(self, now: float) -> None:
        """Who has not answered in time is left out."""
        for number, question in list(self._asked.items()):
            if now >= question.until:
                question.waiting.clear()
                self._settle(number, question)

    def give_up(self) -> None:
        """Nobody will answer any more."""
        self.tick(float("inf"))

    def _settle(self, number: int, question: _Question) -> None:
        if not question.waiting and self._asked.pop(number, None) is not None:
            question.done.callback(question.answers)
