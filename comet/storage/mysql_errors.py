"""What an error of a MariaDB or MySQL server means: whether to try again, and what to change."""

from __future__ import annotations

from enum import Enum

from pymysql.err import InterfaceError, MySQLError

from comet.storage.mysql_server import Server


class Verdict(Enum):
    """What is to be done after an error."""

    #: The connection is gone, and with it what was not committed.
    LOST = "lost"
    #: Another transaction was in the way; this one was rolled back.
    AGAIN = "again"
    #: It would fail again.
    REFUSED = "refused"


class CommitUnknown(Exception):
    """The connection was lost between a COMMIT and its answer."""


#: ER_CON_COUNT_ERROR, ER_SERVER_SHUTDOWN, ER_NET_..., ER_CONNECTION_KILLED of MariaDB,
#: ER_CLIENT_INTERACTION_TIMEOUT of MySQL, CR_CONNECTION_ERROR and the like, CR_SERVER_GONE_ERROR,
#: CR_SERVER_LOST (https://mariadb.com/docs/server/reference/error-codes,
#: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html).
_LOST = {
    *(1040, 1053, 1077, 1079, 1080, 1129, 1158, 1159, 1160, 1161, 1203, 1226, 1836, 1290, 1927, 4031),
    *(2001, 2002, 2003, 2005, 2006, 2012, 2013, 2027, 2055),
}
#: ER_CHECKREAD (MariaDB 11.6 on), ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK.
_AGAIN = {1020, 1205, 1213}

_ADVICE = {
    1044: "grant it to the user: GRANT ALL ON `{server.name}`.* TO '{server.user}'",
    1045: "the server does not accept [db] user and password",
    1049: "create the database that [db] names: CREATE DATABASE `{server.name}` CHARACTER SET utf8mb4",
    1142: "grant it to the user: GRANT ALL ON `{server.name}`.* TO '{server.user}'",
    1153: "raise max_allowed_packet of the database server, or lower [limits] message",
    1698: "the server does not accept [db] user and password",
    2026: "see [db] tls, tls_ca, tls_certificate and tls_key",
    2002: "see [db] host, port and socket, and whether the server runs",
    2003: "see [db] host, port and socket, and whether the server runs",
}


def code_of(error: BaseException) -> int:
    """@return: the number of an error, 0 if it has none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def judge(error: BaseException) -> Verdict:
    """@return: what is to be done; what may have been done is never done again."""
    if isinstance(error, CommitUnknown):
        return Verdict.REFUSED
    code = code_of(error)
    if code in _AGAIN:
        return Verdict.AGAIN
    if code in _LOST or isinstance(error, InterfaceError):
        return Verdict.LOST
    return Verdict.REFUSED


def advise(error: BaseException, server: Server) -> str:
    """@return: the error as a sentence, with what to change, for whoever uses comet."""
    if not isinstance(error, MySQLError):
        return str(error)
    text = str(error.args[1]) if len(error.args) > 1 else str(error) or "the connection was lost"
    # Problems of TLS and of the network come as one number.
    code = 2026 if "SSL" in text or "certificate" in text else code_of(error)
    advice = _ADVICE.get(code)
    return text + (f"; {advice.format(server=server)}" if advice else "")


def explain(error: BaseException, server: Server) -> str:
    """@return: the same for whoever runs comet, with the database."""
    return f"database {server}: {advise(error, server)}"
