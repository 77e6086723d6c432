"""The prepared statements of one connection: what the client holds of them, and what they hold for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from comet.cometql.interface import Prepared
from comet.cometql.results import Rows, Value
from comet.errors import (
    NoCursor,
    Refused,
    TooManyParameters,
    TooManyStatements,
    TooMuchData,
    UnknownStatement,
    WrongArguments,
)
from comet.protocols.mysql.binary import Fetched
from comet.protocols.mysql.parameters import Decode, Reader, read_values

#: As many parameters as the answer to a PREPARE can count.
MOST_PARAMETERS = 0xFFFF


@dataclass(slots=True)
class Statement:
    """
    A statement that has been prepared.

    @ivar size: the length of its text in bytes.
    """

    number: int
    prepared: Prepared
    size: int
    _readers: Sequence[Reader] = ()
    _long: dict[int, bytearray] = field(default_factory=dict)
    _wrong: Refused | None = None
    _rows: Rows | None = None
    _cursor: Iterator[Sequence[Value]] | None = None

    def values(self, data: bytes, decode: Decode) -> list[Value]:
        """
        @return: the values of an execution, of which some may have come beforehand.
        @raise comet.errors.Refused, comet.errors.PeerError: if C{data} does not hold the others.
        """
        long, wrong = self._long, self._wrong
        if long or wrong or self._rows:
            self.reset()
        if wrong is not None:
            raise wrong
        if not self.prepared.parameters:
            return []
        parts = {place: bytes(value) for place, value in long.items()}
        self._readers, values = read_values(data, self._readers, self.prepared.parameters, parts, decode)
        return values

    @property
    def waiting(self) -> int:
        """How many bytes have come before the execution that they are for."""
        return sum(map(len, self._long.values()))

    def add(self, parameter: int, data: bytes | None) -> None:
        """
        Take a part of the value of a parameter.

        @param data: C{None} if it is too much.
        """
        if parameter >= self.prepared.parameters:
            self._wrong = WrongArguments("Incorrect arguments to COM_STMT_SEND_LONG_DATA: no such parameter")
        elif data is None:
            self._wrong = TooMuchData("Values sent in parts are over 'max_allowed_packet' bytes")
            self._long.clear()
        elif self._wrong is None:
            self._long.setdefault(parameter, bytearray()).extend(data)

    def reset(self) -> None:
        """Forget values that came beforehand, and rows that were not fetched."""
        self._long, self._wrong, self._rows, self._cursor = {}, None, None, None

    def open(self, rows: Rows) -> None:
        """Keep C{rows} until they are fetched."""
        self._rows, self._cursor = rows, iter(rows.rows)

    def fetch(self, count: int) -> Fetched:
        """
        @return: the next C{count} rows.
        @raise NoCursor: if there are none to be fetched.
        """
        if self._rows is None or self._cursor is None:
            raise NoCursor(f"The statement ({self.number}) has no open cursor")
        rows = list(islice(self._cursor, count))
        fetched = Fetched(self._rows.columns, rows, last=len(rows) < count)
        if fetched.last:
            self._rows = self._cursor = None
        return fetched


class Statements:
    """The statements by number, within limits on their count and on what is kept for them."""

    def __init__(self, most: int, bytes_kept: int) -> None:
        """
        @param most: how many there may be.
        @param bytes_kept: the most bytes of their texts, and of values that wait for an execution.
        """
        self._most = most
        self._bytes_kept = bytes_kept
        self._statements: dict[int, Statement] = {}
        self._latest = 0

    def check(self, size: int) -> None:
        """@raise TooManyStatements: if there is no room for a statement of C{size} bytes."""
        texts = sum(statement.size for statement in self._statements.values())
        if len(self._statements) >= self._most or texts + size > self._bytes_kept:
            raise TooManyStatements(
                f"Can't create more than {self._most} prepared statements on one connection, "
                f"nor more than {self._bytes_kept} bytes of them"
            )

    def add(self, prepared: Prepared, size: int) -> Statement:
        """
        @return: a new statement.
        @raise TooManyParameters: if it has more than the answer can count.
        """
        if prepared.parameters > MOST_PARAMETERS:
            raise TooManyParameters("Prepared statement contains too many placeholders")
        self._latest += 1
        statement = Statement(self._latest, prepared, size)
        self._statements[self._latest] = statement
        return statement

    def find(self, number: int) -> Statement:
        """@raise UnknownStatement: if there is none of that number."""
        try:
            return self._statements[number]
        except KeyError:
            raise UnknownStatement(f"Unknown prepared statement handler ({number})") from None

    def add_long_data(self, number: int, parameter: int, data: bytes | None) -> None:
        """
        Take a part of a value. There is no answer to that: what is wrong, the execution will say.

        @param data: C{None} if it is too much.
        """
        statement = self._statements.get(number)
        if statement is not None:
            waiting = sum(each.waiting for each in self._statements.values())
            fits = data is not None and waiting + len(data) <= self._bytes_kept
            statement.add(parameter, data if fits else None)

    def close(self, number: int) -> None:
        """Forget a statement. There is no answer to that, not even if there is none."""
        self._statements.pop(number, None)

    def clear(self) -> None:
        """Forget all."""
        self._statements.clear()
