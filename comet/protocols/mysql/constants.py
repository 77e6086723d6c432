"""
The numbers of the MySQL protocol, as the manual names them.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html}
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

#: The longest payload of one frame; a payload of exactly this length goes on in the next frame.
MAX_FRAME = 0xFFFFFF

#: No statement is longer than this, whatever the server is told to allow.
MAX_PACKET = 1 << 30

#: The collation id of utf8mb4_general_ci, in which all text travels.
UTF8MB4 = 45
#: The collation id of what is not text.
BINARY = 63


class Capability(IntFlag):
    """What both sides can do; a flag counts only if both have set it."""

    LONG_PASSWORD = 1 << 0
    FOUND_ROWS = 1 << 1
    LONG_FLAG = 1 << 2
    CONNECT_WITH_DB = 1 << 3
    NO_SCHEMA = 1 << 4
    COMPRESS = 1 << 5
    ODBC = 1 << 6
    LOCAL_FILES = 1 << 7
    IGNORE_SPACE = 1 << 8
    PROTOCOL_41 = 1 << 9
    INTERACTIVE = 1 << 10
    SSL = 1 << 11
    IGNORE_SIGPIPE = 1 << 12
    TRANSACTIONS = 1 << 13
    RESERVED = 1 << 14
    SECURE_CONNECTION = 1 << 15
    MULTI_STATEMENTS = 1 << 16
    MULTI_RESULTS = 1 << 17
    PS_MULTI_RESULTS = 1 << 18
    PLUGIN_AUTH = 1 << 19
    CONNECT_ATTRS = 1 << 20
    PLUGIN_AUTH_LENENC = 1 << 21
    SESSION_TRACK = 1 << 23
    DEPRECATE_EOF = 1 << 24
    QUERY_ATTRIBUTES = 1 << 27


#: What this server does. A MySQL client takes a clear LONG_PASSWORD for the mark of a MariaDB server.
OFFERED = (
    Capability.LONG_PASSWORD
    | Capability.FOUND_ROWS
    | Capability.LONG_FLAG
    | Capability.CONNECT_WITH_DB
    | Capability.PROTOCOL_41
    | Capability.INTERACTIVE
    | Capability.TRANSACTIONS
    | Capability.SECURE_CONNECTION
    | Capability.MULTI_STATEMENTS
    | Capability.MULTI_RESULTS
    | Capability.PLUGIN_AUTH
    | Capability.CONNECT_ATTRS
    | Capability.PLUGIN_AUTH_LENENC
    | Capability.DEPRECATE_EOF
)


class Command(IntEnum):
    """The first byte of what a client sends once it has logged in."""

    QUIT = 0x01
    INIT_DB = 0x02
    QUERY = 0x03
    FIELD_LIST = 0x04
    STATISTICS = 0x09
    PROCESS_INFO = 0x0A
    PROCESS_KILL = 0x0C
    DEBUG = 0x0D
    PING = 0x0E
    CHANGE_USER = 0x11
    STMT_PREPARE = 0x16
    STMT_EXECUTE = 0x17
    STMT_SEND_LONG_DATA = 0x18
    STMT_CLOSE = 0x19
    STMT_RESET = 0x1A
    SET_OPTION = 0x1B
    STMT_FETCH = 0x1C
    RESET_CONNECTION = 0x1F


class Status(IntFlag):
    """The state of a session, as OK and EOF packets tell it."""

    NONE = 0
    IN_TRANSACTION = 0x0001
    AUTOCOMMIT = 0x0002
    MORE_RESULTS = 0x0008
    CURSOR_EXISTS = 0x0040
    LAST_ROW_SENT = 0x0080


class ColumnType(IntEnum):
    """How the values of a column, or of a parameter, are to be understood."""

    DECIMAL = 0x00
    TINY = 0x01
    SHORT = 0x02
    LONG = 0x03
    FLOAT = 0x04
    DOUBLE = 0x05
    NULL = 0x06
    TIMESTAMP = 0x07
    LONGLONG = 0x08
    INT24 = 0x09
    DATE = 0x0A
    TIME = 0x0B
    DATETIME = 0x0C
    YEAR = 0x0D
    VARCHAR = 0x0F
    BIT = 0x10
    JSON = 0xF5
    NEWDECIMAL = 0xF6
    ENUM = 0xF7
    SET = 0xF8
    TINY_BLOB = 0xF9
    MEDIUM_BLOB = 0xFA
    LONG_BLOB = 0xFB
    BLOB = 0xFC
    VAR_STRING = 0xFD
    STRING = 0xFE


class ColumnFlag(IntFlag):
    """What else is known of a column."""

    NONE = 0
    NOT_NULL = 0x0001
    PRI_KEY = 0x0002
    BLOB = 0x0010
    UNSIGNED = 0x0020
    BINARY = 0x0080
    NUM = 0x8000


#: "Decimals" of a column whose numbers have no fixed count of them.
NOT_FIXED = 31
