"""
What comet refuses, and how it says so.

Every error that a client may be told is a class here. It carries MySQL's error number and SQLSTATE,
because drivers act on them, and the number that CppComet used for the same refusal, which moves into the
text as C{[12]}, because programs written for CppComet look for it.

The branch tells the edge what to do::

    CometError
     +-- PeerError            the peer broke its protocol: answer once, then close
     |    +-- PacketTooLarge
     |    +-- OutOfOrder
     |    +-- LoginRefused, TooManyConnections, ShuttingDown
     +-- Refused              a well-formed request that is not granted: answer, and carry on
          +-- SyntaxRefused, NotSupported, UnknownTable, UnknownColumn, ...

Numbers: U{https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html}.
"""

from __future__ import annotations

from typing import ClassVar


class CometError(Exception):
    """Something this server does not do; C{str(error)} is what the client is told."""

    #: CppComet's number for this refusal.
    code: ClassVar[int] = 1
    #: MySQL's number.
    number: ClassVar[int] = 1105
    #: The five characters that ODBC, JDBC and ORMs go by.
    sqlstate: ClassVar[str] = "HY000"

    def wire_text(self) -> str:
        """@return: the text with CppComet's number in front, as the CometQL port sends it."""
        return f"[{self.code}] {self}"


class PeerError(CometError):
    """The peer broke its protocol: answer once, then close."""

    number = 1835


class OutOfOrder(PeerError):
    """A packet whose sequence number is not the next one."""

    number = 1156
    sqlstate = "08S01"


class PacketTooLarge(PeerError):
    """More bytes than C{max_allowed_packet} in one statement."""

    code = 11
    number = 1153
    sqlstate = "08S01"


class LoginRefused(PeerError):
    """Wrong user name or password."""

    code = 16
    number = 1045
    sqlstate = "28000"


class TooManyConnections(PeerError):
    """As many connections as the configuration allows are already open."""

    code = 403
    number = 1040
    sqlstate = "08004"


class ShuttingDown(PeerError):
    """The server is going down, and the connection with it."""

    code = 500
    number = 1053
    sqlstate = "08S01"


class Refused(CometError):
    """A well-formed request that is not granted: answer, and carry on."""


class NotSupported(Refused):
    """A statement that MySQL knows and comet does not carry out."""

    code = 2
    number = 1235
    sqlstate = "42000"


class SyntaxRefused(Refused):
    """A text that is no statement."""

    code = 3
    number = 1064
    sqlstate = "42000"


class ReadOnly(Refused):
    """A table, or a column, that nobody writes to in SQL."""

    code = 10
    number = 1142
    sqlstate = "42000"


class TooLong(Refused):
    """A value over the limit of its column."""

    code = 11
    number = 1406
    sqlstate = "22001"


class BadValue(Refused):
    """A value that its column does not take."""

    code = 12
    number = 1366


class MissingValue(BadValue):
    """A required column that the INSERT leaves out."""

    number = 1364


class NullValue(BadValue):
    """NULL where a value is needed."""

    number = 1048
    sqlstate = "23000"


class OutOfRange(BadValue):
    """A number beyond what its column holds."""

    number = 1264
    sqlstate = "22003"


class TableFull(Refused):
    """The configured limit on the rows of a table is reached."""

    code = 11
    number = 1114


class KeyRequired(Refused):
    """A SELECT or DELETE that does not say which keys it means."""

    code = 13
    number = 1175


class ColumnTwice(Refused):
    """The same column named twice where once is meant."""

    code = 13
    number = 1110
    sqlstate = "42000"


class UnknownColumn(Refused):
    """A column that the table does not have."""

    code = 14
    number = 1054
    sqlstate = "42S22"


class ValueCount(Refused):
    """Not as many values as columns."""

    code = 14
    number = 1136
    sqlstate = "21S01"


class UnknownTable(Refused):
    """A table that does not exist."""

    code = 15
    number = 1146
    sqlstate = "42S02"


class UnknownDatabase(Refused):
    """A database that is neither C{CometQL_v1} nor C{db_N}."""

    code = 15
    number = 1049
    sqlstate = "42000"


class UnknownVariable(Refused):
    """A system variable that does not exist."""

    code = 14
    number = 1193


class UnknownFunction(Refused):
    """A function that does not exist."""

    code = 14
    number = 1305
    sqlstate = "42000"


class UnknownCommand(Refused):
    """A command byte of the MySQL protocol that this server does not carry out."""

    code = 2
    number = 1047
    sqlstate = "08S01"


class TooShort(Refused):
    """A name under its least length."""

    code = 17
    number = 1366


class NotAllowed(Refused):
    """The client has no right to do this."""

    code = 403
    number = 1142
    sqlstate = "42000"


class DatabaseDenied(NotAllowed):
    """The database of another tenant."""

    number = 1044


class ReadOnlyVariable(NotAllowed):
    """A system variable that is a fact."""

    number = 1238
    sqlstate = "HY000"


class Unavailable(Refused):
    """The store did not do its part; the statement had no effect."""

    code = 500
    number = 1030
