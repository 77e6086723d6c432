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

import re
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

    @classmethod
    def wire_name(cls) -> str:
        """@return: what the error is called in JSON and among the counters, such as C{not_allowed}."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


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


class Killed(PeerError):
    """Somebody has ended the connection with KILL."""

    code = 403
    number = 1317
    sqlstate = "70100"


class Refused(CometError):
    """
    A well-formed request that is not granted: answer, and carry on.

    @cvar is_gap: whether that is for want of something that comet might have one day.
    """

    is_gap: ClassVar[bool] = False


class NotSupported(Refused):
    """A statement that MySQL knows and comet does not carry out."""

    is_gap = True
    code = 2
    number = 1235
    sqlstate = "42000"


class SyntaxRefused(Refused):
    """A text that is no statement."""

    is_gap = True
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


class UnknownCharacterSet(BadValue):
    """A character set that comet does not speak."""

    number = 1115
    sqlstate = "42000"


class MissingValue(BadValue):
    """A required column that the INSERT leaves out."""

    number = 1364


class NullValue(BadValue):
    """NULL where a value is needed."""

    number = 1048
    sqlstate = "23000"


class BadPattern(Refused):
    """A regular expression that is none, or that would be too large."""

    code = 12
    number = 1139
    sqlstate = "42000"


class OutOfRange(BadValue):
    """A number beyond what its column holds."""

    number = 1264
    sqlstate = "22003"


class TableFull(Refused):
    """The configured limit on the rows of a table is reached."""

    code = 11
    number = 1114


class KeyRequired(Refused):
    """A DELETE or UPDATE that does not say which keys it means."""

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


class AmbiguousColumn(UnknownColumn):
    """A column that more than one table has."""

    number = 1052
    sqlstate = "23000"


class TooManyRows(Refused):
    """A SELECT that would look at, or answer with, more than one statement may."""

    code = 11
    number = 1104
    sqlstate = "42000"


class TooSlow(Refused):
    """A SELECT that took longer than one statement may."""

    code = 11
    number = 3024


class UnknownTable(Refused):
    """A table that does not exist."""

    code = 15
    number = 1146
    sqlstate = "42S02"


class NotAView(Refused):
    """A table where a view is needed."""

    code = 15
    number = 1347


class UnknownView(UnknownTable):
    """A table that information_schema does not have."""

    is_gap = True
    number = 1109
    sqlstate = "42S02"


class UnknownDatabase(Refused):
    """A database that is neither C{CometQL_v1} nor C{db_N}."""

    code = 15
    number = 1049
    sqlstate = "42000"


class UnknownVariable(Refused):
    """A system variable that does not exist."""

    is_gap = True
    code = 14
    number = 1193


class UnknownSession(Refused):
    """A session of a browser that is not here, or is over."""

    code = 15
    number = 1094


class TooManyCommands(Refused):
    """A client says more than is carried out for it."""

    code = 403
    number = 1226
    sqlstate = "42000"


class UnknownConnection(Refused):
    """A connection that is not, or that is none of the client's."""

    code = 15
    number = 1094


class UnknownFunction(Refused):
    """A function that does not exist."""

    is_gap = True
    code = 14
    number = 1305
    sqlstate = "42000"


class UnknownCommand(Refused):
    """A command byte of the MySQL protocol that this server does not carry out."""

    code = 2
    number = 1047
    sqlstate = "08S01"


class TooMuchData(Refused):
    """A value that was sent in parts, longer than C{max_allowed_packet} in all."""

    code = 11
    number = 1153
    sqlstate = "08S01"


class BadText(Refused):
    """Bytes that are no text in the character set of the client."""

    code = 12
    number = 1300


class WrongArguments(Refused):
    """A statement executed with something else than it needs."""

    code = 12
    number = 1210


class UnknownStatement(Refused):
    """A prepared statement that does not exist, or exists no more."""

    code = 14
    number = 1243


class TooManyStatements(Refused):
    """As many prepared statements as the configuration allows are open on this connection."""

    code = 11
    number = 1461
    sqlstate = "42000"


class TooManyParameters(Refused):
    """More bind marks than the protocol can count."""

    code = 11
    number = 1390


class NoCursor(Refused):
    """Rows to be fetched of a statement that has no open cursor."""

    code = 14
    number = 1421


class TooShort(Refused):
    """A name under its least length."""

    code = 17
    number = 1366


class NotAllowed(Refused):
    """The client has no right to do this."""

    code = 403
    number = 1142
    sqlstate = "42000"


class OriginRefused(NotAllowed):
    """A page of an origin that may not connect to this tenant."""


class DatabaseDenied(NotAllowed):
    """The database of another tenant."""

    number = 1044


class ReadOnlyVariable(NotAllowed):
    """A system variable that is a fact."""

    number = 1238
    sqlstate = "HY000"


class TooFast(Refused):
    """More commands in a second than a client, or all clients of a user, may send."""

    code = 11
    number = 1226
    sqlstate = "42000"


class TransactionTooLarge(Refused):
    """A statement that would make a transaction hold more than the configuration allows."""

    code = 11
    number = 1197


class ReadOnlyTransaction(NotAllowed):
    """A statement that writes in a transaction that only reads."""

    number = 1792
    sqlstate = "25006"


class TransactionInProgress(Refused):
    """What can be said of a transaction only before it begins."""

    code = 13
    number = 1568
    sqlstate = "25001"


class UnknownSavepoint(Refused):
    """A savepoint that was not set, or that a COMMIT or ROLLBACK has removed."""

    code = 14
    number = 1305
    sqlstate = "42000"


class UnknownUser(Refused):
    """A user who has no key, and was never here."""

    code = 15
    number = 1449


class Offline(Refused):
    """A user who is not here now."""

    code = 15


class Busy(Refused):
    """A user who is in a call or a room already."""

    code = 15


class RoomFull(Refused):
    """As many are in the room as it takes, or there are as many rooms as the configuration allows."""

    code = 11
    number = 1203
    sqlstate = "42000"


class NoRoom(Refused):
    """A call that is over, or a room into which one was not rung."""

    code = 15


class NoSeat(Refused):
    """A seat of a room that nobody sits in, or not just now."""

    code = 15


class NotInRoom(Refused):
    """Something that only those may do who sit in the room."""

    code = 15


class MediaAway(Refused):
    """The media server cannot be reached for now."""

    code = 500


class Unavailable(Refused):
    """The store did not do its part; the statement had no effect."""

    code = 500
    number = 1030


class Away(Unavailable):
    """The database cannot be reached for now; the statement had no effect."""


class Uncertain(Unavailable):
    """The database was lost while it committed: the statement had its whole effect, or none."""

    number = 1180
