"""
What a connection holds back until COMMIT.

Within a transaction a statement that writes is admitted at once: its rules are checked and its rows counted.
What it would do is held as actions. COMMIT gives all of them to the broker as one batch, so that they take
effect together or not at all; ROLLBACK, and the end of the connection, forget them.
"""

from __future__ import annotations

from collections.abc import Sequence

from comet.batch import Action
from comet.broker import Broker
from comet.cometql.results import Value
from comet.errors import ReadOnlyTransaction, TransactionInProgress, TransactionTooLarge, UnknownSavepoint

#: What a statement, and a value that is no text, count for among the bytes of a transaction.
_STATEMENT, _VALUE = 64, 8


class Transaction:
    """
    The transaction of one connection; there always is one, if only an empty one.

    @ivar autocommit: whether a statement outside of BEGIN ... COMMIT stands for itself.
    @ivar reads_only: whether transactions of this connection refuse to write, if they do not say otherwise.
    """

    def __init__(self, broker: Broker) -> None:
        self.autocommit, self.reads_only = True, False
        self._broker = broker
        self._begun = self._read_only = False
        #: What the next transaction that is begun shall be, if that was said.
        self._next: bool | None = None
        self._held: list[Action] = []
        self._statements = self._bytes = 0
        #: By name in lower case, in the order they were set: the actions, statements and bytes held then.
        self._savepoints: dict[str, tuple[int, int, int]] = {}

    @property
    def holds(self) -> bool:
        """Whether what a statement writes is held back, or refused."""
        return self._begun or not self.autocommit or self.reads_only

    @property
    def is_open(self) -> bool:
        """Whether there is something to commit, or a BEGIN to end."""
        return self._begun or bool(self._held) or bool(self._savepoints)

    def hold(self, actions: Sequence[Action], parameters: Sequence[Value]) -> None:
        """
        Keep C{actions} for COMMIT.

        @param parameters: the values of the statement, which are counted.
        @raise TransactionTooLarge: if there is no room; the transaction is what it was.
        @raise ReadOnlyTransaction: if it is one that reads.
        """
        self.check_writable()
        limits, size = self._broker.limits, self._bytes + _STATEMENT + sum(map(_size, parameters))
        if self._statements >= limits.transaction_statements:
            raise TransactionTooLarge(
                f"The transaction has {limits.transaction_statements} statements, "
                "the limit [limits] transaction_statements: COMMIT or ROLLBACK"
            )
        if size > limits.transaction_bytes:
            raise TransactionTooLarge(
                f"The transaction would hold {size} bytes, at most {limits.transaction_bytes}, "
                "the limit [limits] transaction_bytes: COMMIT or ROLLBACK"
            )
        self._held += actions
        self._statements += 1
        self._bytes = size

    def check_writable(self) -> None:
        """@raise ReadOnlyTransaction: if it is one that reads."""
        if self._read_only if self._begun else self.reads_only:
            raise ReadOnlyTransaction("Cannot execute statement in a READ ONLY transaction.")

    def read_next(self, read_only: bool) -> None:
        """
        Say whether the next transaction that is begun refuses to write.

        @raise TransactionInProgress: if one is open.
        """
        if self.is_open:
            raise TransactionInProgress(
                "Transaction characteristics can't be changed while a transaction is in progress"
            )
        self._next = read_only

    async def begin(self, read_only: bool | None = None) -> None:
        """
        Begin a transaction; one that is open is committed first.

        @param read_only: whether it refuses to write; if that is not said, as was said before.
        """
        await self.commit()
        wishes = (read_only, self._next, self.reads_only)
        self._begun, self._read_only = True, next(wish for wish in wishes if wish is not None)
        self._next = None

    async def commit(self, chain: bool = False) -> None:
        """
        Let all that is held take effect.

        @param chain: whether the next transaction begins at once.
        @raise Refused: if that fails; then nothing of it has had an effect, and nothing is held any more.
        """
        held = self._held
        self.roll_back(chain)
        if held:
            await self._broker.commit(held)

    def roll_back(self, chain: bool = False) -> None:
        """Forget all that is held."""
        self._held = []
        self._savepoints = {}
        self._statements = self._bytes = 0
        if not chain:
            self._begun = self._read_only = False

    async def set_autocommit(self, autocommit: bool) -> None:
        """Switch; to switch it on commits what was held while it was off."""
        switched_on = autocommit and not self.autocommit
        self.autocommit = autocommit
        if switched_on:
            await self.commit()

    # Savepoints -------------------------------------------------------------------------------------------

    def save(self, name: str) -> None:
        """
        Set a savepoint here, in place of one of that name. Outside a transaction it begins one, though MySQL
        forgets it there: a MariaDB that mounts our tables says nothing else once it had to connect anew.
        """
        self._begun |= not self.holds
        self._savepoints.pop(name.lower(), None)
        if len(self._savepoints) >= self._broker.limits.transaction_statements:
            raise TransactionTooLarge(
                f"The transaction has {len(self._savepoints)} savepoints, "
                "the limit [limits] transaction_statements"
            )
        self._savepoints[name.lower()] = len(self._held), self._statements, self._bytes

    def roll_back_to(self, name: str) -> None:
        """
        Forget what was held since the savepoint, and the savepoints that were set after it.

        @raise UnknownSavepoint: if there is none of that name.
        """
        held, self._statements, self._bytes = self._release(name)
        del self._held[held:]
        self.save(name)

    def release(self, name: str) -> None:
        """
        Forget the savepoint and those that were set after it.

        @raise UnknownSavepoint: if there is none of that name.
        """
        self._release(name)

    def _release(self, name: str) -> tuple[int, int, int]:
        names = list(self._savepoints)
        if name.lower() not in names:
            raise UnknownSavepoint(f"SAVEPOINT {name[:64]} does not exist")
        found = self._savepoints[name.lower()]
        for later in names[names.index(name.lower()) :]:
            del self._savepoints[later]
        return found


def _size(value: Value) -> int:
    if isinstance(value, str):
        return _VALUE + (len(value) if value.isascii() else len(value.encode("utf-8", "replace")))
    return _VALUE + (len(value) if isinstance(value, bytes) else 0)
