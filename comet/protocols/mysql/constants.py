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
    PING = 0x0E
    STMT_SEND_LONG_DATA = 0x18
    STMT_CLOSE = 0x19


class Status(IntFlag):
    """The state of a session, as OK and EOF packets tell it."""

    NONE = 0
    AUTOCOMMIT = 0x0002


class ColumnType(IntEnum):
    """How the values of a column are to be understood."""

    LONG = 0x03
    DOUBLE = 0x05
    NULL = 0x06
    LONGLONG = 0x08
    NEWDECIMAL = 0xF6
    BLOB = 0xFC
    VAR_STRING = 0xFD


class ColumnFlag(IntFlag):
    """What else is known of a column."""

    NONE = 0
    NOT_NULL = 0x0001
    PRI_KEY = 0x0002
    BLOB = 0x0010
    BINARY = 0x0080
    NUM = 0x8000


#: "Decimals" of a column whose numbers have no fixed count of them.
NOT_FIXED = 31
