"""Answers of a server as drivers see them: errors, or columns with types, and rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import mysql.connector
import pymysql
from pymysql.constants import COMMAND, FIELD_TYPE
from pymysql.protocol import FieldDescriptorPacket

#: The number of the character set of what is no text.
_BINARY = 63
_FAMILIES = {
    "whole": ("TINY", "SHORT", "LONG", "LONGLONG", "INT24", "YEAR"),
    "exact": ("DECIMAL", "NEWDECIMAL"),
    "float": ("FLOAT", "DOUBLE"),
    "moment": ("DATE", "TIME", "DATETIME", "TIMESTAMP", "NEWDATE"),
    "null": ("NULL",),
    "json": ("JSON",),
}
_FAMILY = {getattr(FIELD_TYPE, name): family for family, names in _FAMILIES.items() for name in names}


@dataclass(frozen=True)
class Answer:
    """
    What came back.

    @ivar error: the number of the error, 0 for none.
    @ivar message: its text.
    @ivar columns: names and families of types, by which drivers choose the type of their language; empty if
        there are no rows.
    """

    error: int = 0
    message: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[object, ...], ...] = field(default=(), compare=False)


def family(type_code, charset):
    """@return: what a driver makes of a column."""
    return _FAMILY.get(type_code) or ("bytes" if charset == _BINARY else "text")


class Talk:
    """A connection that a script goes over."""

    def __init__(self, prepared, **login):
        """@param prepared: whether statements go by the binary protocol."""
        if prepared:
            self._connection = mysql.connector.connect(use_pure=True, autocommit=True, **login)
        else:
            self._connection = pymysql.connect(charset="utf8mb4", autocommit=True, **login)
        self._prepared = prepared

    def close(self):
        """Leave."""
        self._connection.close()

    def ask(self, step):
        """@return: the L{Answer} to one step of a script."""
        try:
            if step.startswith("\\"):
                return self._command(*step[1:].split())
            return self._executed(step) if self._prepared else self._queried(step)
        except (pymysql.MySQLError, mysql.connector.Error) as error:
            return Answer(error.args[0], str(error.args[1]))

    def _queried(self, text):
        self._connection.query(text)
        return self._answer(self._connection._result)

    def _answer(self, result):
        fields = getattr(result, "fields", ())
        columns = tuple((each.name, family(each.type_code, each.charsetnr)) for each in fields)
        return Answer(columns=columns, rows=tuple(result.rows or ()))

    def _executed(self, text):
        cursor = self._connection.cursor(prepared=True)
        try:
            cursor.execute(text)
            described = cursor.description or ()
            rows = tuple(cursor.fetchall()) if described else ()
        finally:
            cursor.close()
        return Answer(columns=tuple((each[0], family(each[1], each[8])) for each in described), rows=rows)

    def _command(self, name, argument=""):
        connection = self._connection
        if name == "use":
            connection.select_db(argument)
        elif name == "ping":
            connection.ping(reconnect=False)
        elif name == "statistics":
            connection._execute_command(COMMAND.COM_STATISTICS, b"")
            assert connection._read_packet().get_all_data().startswith(b"Uptime: ")
        elif name == "fields":
            return self._fields(argument)
        else:
            raise AssertionError(f"no such command: {name}")
        return Answer()

    def _fields(self, table):
        self._connection._execute_command(COMMAND.COM_FIELD_LIST, table.encode() + b"\0")
        found = []
        while not (packet := self._connection._read_packet()).is_eof_packet():
            column = FieldDescriptorPacket(packet.get_all_data(), "utf8")
            found.append((column.name, family(column.type_code, column.charsetnr)))
        return Answer(columns=tuple(found))
