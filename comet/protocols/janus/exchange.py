"""Who waits for which answer of Janus, and until when. No socket, no clock: texts and times come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from comet.protocols.janus.wire import (
    ACKNOWLEDGED,
    Acknowledged,
    Answer,
    Answered,
    Happened,
    JanusError,
    Object,
    SessionOver,
    read,
    write,
)

#: How many answers may be outstanding.
WAITING_LIMIT = 10_000
#: How long Janus may take for an answer, in seconds.
PATIENCE_SECONDS = 10.0

Waiter = TypeVar("Waiter")


@dataclass(frozen=True, slots=True)
class Settled(Generic[Waiter]):
    """An answer has come, for whoever waits for it."""

    waiter: Waiter
    outcome: Answer | JanusError


@dataclass(slots=True)
class _Open(Generic[Waiter]):
    waiter: Waiter
    deadline: float
    is_acknowledged: bool


class Exchange(Generic[Waiter]):
    """
    Requests and answers over one connection.

    @ivar session: the session that requests are for, once there is one.
    """

    def __init__(self, secret: str, limit: int = WAITING_LIMIT, patience: float = PATIENCE_SECONDS) -> None:
        """
        @param secret: C{api_secret} of Janus, empty for none.
        @param patience: how long an answer may take, in seconds.
        """
        self.session = 0
        self._secret, self._limit, self._patience = secret, limit, patience
        self._count = 0
        # In the order of their deadlines, since all have the same time.
        self._open: dict[str, _Open[Waiter]] = {}

    def __len__(self) -> int:
        """@return: how many answers are outstanding."""
        return len(self._open)

    def ask(self, request: Object, waiter: Waiter, now: float) -> str:
        """
        @param request: what is asked, as Janus wants it but for transaction, session and secret.
        @return: what to send.
        @raise JanusError: if too many answers are outstanding already.
        """
        if len(self._open) >= self._limit:
            raise JanusError(0, f"{self._limit} answers of Janus are outstanding already")
        self._count += 1
        transaction = str(self._count)
        addressed = {"session_id": self.session} if self.session else {}
        secret = {"apisecret": self._secret} if self._secret else {}
        text = write({**request, **addressed, **secret, "transaction": transaction})
        ends_with_ack = request["janus"] in ACKNOWLEDGED
        self._open[transaction] = _Open(waiter, now + self._patience, ends_with_ack)
        return text

    def receive(self, text: str) -> Settled[Waiter] | Happened | SessionOver | None:
        """
        @return: what a text of Janus comes to; C{None} if to nothing.
        @raise comet.protocols.janus.wire.NotJanus: if it is none.
        """
        arrival = read(text)
        match arrival:
            case Acknowledged(transaction):
                taken = self._open.get(transaction)
                if taken is None or not taken.is_acknowledged:
                    return None
                return self._settle(transaction, Answer())
            case Answered(transaction, outcome):
                return self._settle(transaction, outcome)
        return arrival

    def _settle(self, transaction: str, outcome: Answer | JanusError) -> Settled[Waiter] | None:
        # What came too late is nobody's.
        settled = self._open.pop(transaction, None)
        return None if settled is None else Settled(settled.waiter, outcome)

    def is_overdue(self, now: float) -> bool:
        """@return: whether an answer has not come in time."""
        oldest = next(iter(self._open.values()), None)
        return oldest is not None and oldest.deadline <= now

    def close(self) -> list[Waiter]:
        """@return: those who wait for what will not come any more."""
        waiters = [each.waiter for each in self._open.values()]
        self._open.clear()
        return waiters
