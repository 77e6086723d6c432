"""
The commands that say all there is to say: bytes in, an event out.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from comet.errors import NotAllowed, PeerError, UnknownCommand
from comet.protocols.mysql import events
from comet.protocols.mysql.constants import Command
from comet.protocols.mysql.events import Event

#: What stands before the data in COM_STMT_SEND_LONG_DATA: the command, a statement and a parameter.
LONG_DATA_HEAD = 7

#: What stands before the values in COM_STMT_EXECUTE: the command, a statement, flags and a count.
EXECUTE_HEAD = 10

#: Of the flags of COM_STMT_EXECUTE: rows are to wait until they are fetched.
CURSOR = 1

#: Makes an event of a whole payload; C{None} where there is nothing to say.
Parse = Callable[[bytes], Event | None]


def statement_of(payload: bytes) -> int:
    """@return: the number of the prepared statement that a command is about."""
    return int.from_bytes(payload[1:5], "little")


def process_info(payload: bytes) -> Event:
    """COM_PROCESS_INFO: nothing."""
    return events.ProcessesReceived()


def process_kill(payload: bytes) -> Event:
    """COM_PROCESS_KILL: the number of a connection."""
    return events.KillReceived(int.from_bytes(payload[1:5], "little"))


def init_db(payload: bytes) -> Event:
    """COM_INIT_DB: a name."""
    return events.InitDBReceived(payload[1:])


def query(payload: bytes) -> Event:
    """COM_QUERY: a statement."""
    return events.QueryReceived(payload[1:])


def field_list(payload: bytes) -> Event:
    """COM_FIELD_LIST: a table, a NUL, and a pattern."""
    table, _, wildcard = payload[1:].partition(b"\0")
    return events.FieldListReceived(table, wildcard)


def statistics(payload: bytes) -> Event:
    """COM_STATISTICS: nothing."""
    return events.StatisticsReceived()


def ping(payload: bytes) -> Event:
    """COM_PING: nothing."""
    return events.PingReceived()


def prepare(payload: bytes) -> Event:
    """COM_STMT_PREPARE: a statement."""
    return events.PrepareReceived(payload[1:])


def execute(payload: bytes) -> events.ExecuteReceived:
    """COM_STMT_EXECUTE: a statement, flags, a count, and the values."""
    if len(payload) < EXECUTE_HEAD:
        raise PeerError("malformed packet: an execution is cut off")
    # What is left out is how often: always once.
    return events.ExecuteReceived(statement_of(payload), bool(payload[5] & CURSOR), payload[EXECUTE_HEAD:])


def long_data(payload: bytes) -> Event | None:
    """COM_STMT_SEND_LONG_DATA: a statement, a parameter, and a part of its value."""
    # Neither this command nor the next one is ever answered, not even with an error.
    if len(payload) < LONG_DATA_HEAD:
        return None
    statement, parameter = statement_of(payload), int.from_bytes(payload[5:LONG_DATA_HEAD], "little")
    return events.LongDataReceived(statement, parameter, payload[LONG_DATA_HEAD:])


def statement_closed(payload: bytes) -> Event:
    """COM_STMT_CLOSE: a statement."""
    return events.StatementClosed(statement_of(payload))


def statement_reset(payload: bytes) -> Event:
    """COM_STMT_RESET: a statement."""
    return events.StatementReset(statement_of(payload))


def fetch(payload: bytes) -> Event:
    """COM_STMT_FETCH: a statement, and how many rows."""
    return events.FetchReceived(statement_of(payload), int.from_bytes(payload[5:9], "little"))


def unknown(payload: bytes) -> Event:
    """Whatever is none of these."""
    name = f"0x{payload[0]:02x}" if payload else "without a name"
    return events.CommandDeclined(UnknownCommand(f"Unknown command {name}"))


def forbidden(payload: bytes) -> Event:
    """Whatever asks for more than who came without a password may do."""
    return events.CommandDeclined(NotAllowed("Access denied: log in with a password"))


#: How each is read.
PLAIN: Mapping[Command, Parse] = {
    Command.INIT_DB: init_db,
    Command.QUERY: query,
    Command.FIELD_LIST: field_list,
    Command.STATISTICS: statistics,
    Command.PING: ping,
    Command.PROCESS_INFO: process_info,
    Command.PROCESS_KILL: process_kill,
    Command.STMT_PREPARE: prepare,
    Command.STMT_EXECUTE: execute,
    Command.STMT_SEND_LONG_DATA: long_data,
    Command.STMT_CLOSE: statement_closed,
    Command.STMT_RESET: statement_reset,
    Command.STMT_FETCH: fetch,
}
