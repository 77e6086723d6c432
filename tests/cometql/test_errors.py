"""Every error that CometQL answers with, provoked: MySQL's number and SQLSTATE, and CppComet's number."""

from unittest import mock

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from comet import errors
from comet.cometql.engine import Engine
from comet.limits import Limits
from comet.protocols.mysql.replies import Err
from comet.protocols.mysql.server import MySQLFactory
from comet.storage.memory import MemoryStore
from tests.cometql.talk import NOW, TalkTests
from tests.protocols.mysql import client
from tests.running import make_broker

LONG = "x" * 65
ENDLESS = "WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
SMALL = "INSERT INTO pipes_messages (name, event, message) VALUES ('chat', '', 'a')"

#: Statements by CppComet's number, MySQL's and SQLSTATE: the class of the error, and what its text names.
ERRORS = {
    (2, 1235, "42000"): [
        ("CALL users_auth()", errors.NotSupported, "CALL"),
        ("INSERT IGNORE INTO users_auth VALUES (1, 'a')", errors.NotSupported, "IGNORE"),
        ("DELETE FROM users_auth WHERE id = 1 OR hash = 'a'", errors.NotSupported, "OR"),
        ("SELECT MATCH (name) AGAINST ('a') FROM pipes", errors.NotSupported, "name"),
    ],
    (3, 1064, "42000"): [
        ("SELCT 1", errors.SyntaxRefused, "SELCT 1"),
        ("INSERT INTO users_auth (id, hash) VALUES (1 'a')", errors.SyntaxRefused, "'a'"),
        ("SELECT 'abc", errors.SyntaxRefused, "'abc"),
        ("SELECT ?", errors.SyntaxRefused, "?"),
    ],
    (10, 1142, "42000"): [
        ("INSERT INTO users_time (id, time) VALUES (1, 1)", errors.ReadOnly, "users_time"),
        ("DELETE FROM users_in_pipes WHERE name = 'chat'", errors.ReadOnly, "users_in_pipes"),
        ("INSERT INTO pipes (name, users) VALUES ('chat', 1)", errors.ReadOnly, "pipes"),
        ("DELETE FROM conference_members WHERE name = 'room'", errors.ReadOnly, "conference_members"),
        ("UPDATE users_auth SET id = 2 WHERE id = 1", errors.ReadOnly, "'id'"),
        ("TRUNCATE users_auth", errors.ReadOnly, "TRUNCATE"),
        ("ALTER TABLE users_auth ADD name text", errors.ReadOnly, "stay as they are"),
    ],
    (11, 1406, "22001"): [
        (f"INSERT INTO users_auth (id, hash) VALUES (1, '{LONG}')", errors.TooLong, "'hash'"),
        (f"INSERT INTO pipes_settings (name, length) VALUES ('{LONG}', 1)", errors.TooLong, "'name'"),
        (
            f"INSERT INTO pipes_messages (name, event, message) VALUES ('chat', '{LONG}', '')",
            errors.TooLong,
            "'event'",
        ),
    ],
    (11, 1114, "HY000"): [
        (
            "INSERT INTO pipes_settings (name, length) VALUES ('one', 1), ('two', 1)",
            errors.TableFull,
            "pipes_settings",
        ),
    ],
    (11, 1104, "42000"): [("SELECT count(*) FROM users_data", errors.TooManyRows, "1 rows")],
    (11, 3024, "HY000"): [(ENDLESS, errors.TooSlow, "seconds")],
    (11, 1197, "HY000"): [(f"BEGIN; {SMALL}; {SMALL}", errors.TransactionTooLarge, "transaction")],
    (12, 1366, "HY000"): [
        ("INSERT INTO users_auth (id, hash) VALUES (1, 'a b')", errors.BadValue, "'hash'"),
        ("INSERT INTO users_auth (id, hash) VALUES ('one', 'a')", errors.BadValue, "'id'"),
        (
            "INSERT INTO pipes_messages (name, event, message) VALUES ('a b c', '', '')",
            errors.BadValue,
            "'name'",
        ),
        (
            "INSERT INTO pipes_messages (name, event, message) VALUES ('chat', 'a b', '')",
            errors.BadValue,
            "'event'",
        ),
    ],
    (12, 1139, "42000"): [("SELECT 'a' REGEXP '('", errors.BadPattern, "offset 1")],
    (12, 1115, "42000"): [("SET NAMES gbk", errors.UnknownCharacterSet, "'gbk'")],
    (12, 1364, "HY000"): [("INSERT INTO users_auth (id) VALUES (1)", errors.MissingValue, "'hash'")],
    (12, 1048, "23000"): [("INSERT INTO users_auth (id, hash) VALUES (NULL, 'a')", errors.NullValue, "'id'")],
    (12, 1264, "22003"): [
        ("INSERT INTO users_auth (id, hash) VALUES (-1, 'a')", errors.OutOfRange, "'id'"),
        ("INSERT INTO users_auth (id, hash) VALUES (2147483648, 'a')", errors.OutOfRange, "'id'"),
    ],
    (13, 1175, "HY000"): [
        ("UPDATE users_auth SET hash = 'a'", errors.KeyRequired, "id"),
        ("DELETE FROM revoked_tokens", errors.KeyRequired, "token"),
    ],
    (13, 1110, "42000"): [
        ("INSERT INTO users_auth (id, id) VALUES (1, 2)", errors.ColumnTwice, "'id'"),
        ("UPDATE users_auth SET hash = 'a', hash = 'b' WHERE id = 1", errors.ColumnTwice, "'hash'"),
    ],
    (13, 1568, "25001"): [
        ("BEGIN; SET TRANSACTION READ ONLY", errors.TransactionInProgress, "in progress"),
    ],
    (14, 1054, "42S22"): [
        ("SELECT ip FROM users_auth WHERE id = 1", errors.UnknownColumn, "'ip'"),
        ("SELECT max(ip) FROM users_auth", errors.UnknownColumn, "'ip'"),
        ("INSERT INTO users_auth (ip) VALUES (1)", errors.UnknownColumn, "'ip'"),
    ],
    (14, 1052, "23000"): [
        ("SELECT name FROM pipes, pipes_settings", errors.AmbiguousColumn, "'name'"),
    ],
    (14, 1136, "21S01"): [
        ("INSERT INTO users_auth (id, hash) VALUES (1)", errors.ValueCount, "row 1"),
        ("INSERT INTO users_auth VALUES (1, 'a'), (2)", errors.ValueCount, "row 2"),
    ],
    (14, 1193, "HY000"): [("SELECT @@nope", errors.UnknownVariable, "'nope'")],
    (14, 1305, "42000"): [
        ("SELECT NOPE(1)", errors.UnknownFunction, "NOPE"),
        ("RELEASE SAVEPOINT nope", errors.UnknownSavepoint, "nope"),
    ],
    (15, 1146, "42S02"): [
        ("SELECT * FROM nope WHERE id = 1", errors.UnknownTable, "nope"),
        ("SELECT count(*) FROM nope", errors.UnknownTable, "nope"),
        ("DESCRIBE dialogs", errors.UnknownTable, "dialogs"),
    ],
    (15, 1109, "42S02"): [("SELECT * FROM information_schema.nope", errors.UnknownView, "nope")],
    (15, 1347, "HY000"): [("SHOW CREATE VIEW users_auth", errors.NotAView, "users_auth")],
    (15, 1049, "42000"): [("USE nope", errors.UnknownDatabase, "'nope'")],
    (15, 1094, "HY000"): [("KILL 12345", errors.UnknownConnection, "12345")],
    (17, 1366, "HY000"): [
        (
            "INSERT INTO pipes_messages (name, event, message) VALUES ('ab', '', '')",
            errors.TooShort,
            "'name'",
        ),
        ("INSERT INTO dev_config (id, `key`) VALUES (3, 'short')", errors.TooShort, "'key'"),
    ],
    (403, 1142, "42000"): [("SELECT * FROM mysql.user LIMIT 1", errors.NotAllowed, "'user'")],
    (403, 1238, "HY000"): [("SET version = '9'", errors.ReadOnlyVariable, "'version'")],
    (403, 1792, "25006"): [
        (f"START TRANSACTION READ ONLY; {SMALL}", errors.ReadOnlyTransaction, "READ ONLY"),
    ],
    (500, 1030, "HY000"): [
        ("INSERT INTO users_auth (id, hash) VALUES (13, 'a')", errors.Unavailable, "disk")
    ],
}
#: As above, for what only a tenant is refused.
TENANTS = {
    (403, 1044, "42000"): [("USE db_4", errors.DatabaseDenied, "'db_4'")],
    (403, 1142, "42000"): [("SELECT * FROM dev_config", errors.NotAllowed, "dev_config")],
}
#: Errors that no statement gives, and why.
ELSEWHERE = {
    errors.CometError: "1 is for what nobody has thought of: a bug, or bytes that are not the protocol",
    errors.Refused: "the sum of its subclasses",
    **dict.fromkeys(
        (
            errors.PeerError,
            errors.OutOfOrder,
            errors.PacketTooLarge,
            errors.TooMuchData,
            errors.UnknownCommand,
        ),
        "a packet is wrong, not the statement in it",
    ),
    **dict.fromkeys((errors.Away, errors.Uncertain), "the store is a database that is away, or was lost"),
    **dict.fromkeys(
        (errors.UnknownSession, errors.TooManyCommands), "browsers are told so, for there are no statements"
    ),
    **dict.fromkeys(
        (
            *(errors.UnknownUser, errors.Offline, errors.Busy, errors.RoomFull),
            *(errors.NoRoom, errors.NoSeat, errors.NotInRoom, errors.MediaAway),
        ),
        "browsers in calls and rooms are told so; SQL rings whom it likes",
    ),
    **dict.fromkeys(
        (errors.LoginRefused, errors.TooManyConnections, errors.ShuttingDown, errors.Killed),
        "it comes to a connection, before or after its statements",
    ),
    **dict.fromkeys(
        (
            *(errors.WrongArguments, errors.UnknownStatement, errors.TooManyStatements),
            *(errors.TooManyParameters, errors.NoCursor),
        ),
        "it is about a prepared statement",
    ),
    errors.TooFast: "it is about the commands of a browser",
    errors.OriginRefused: "it is about the pages of a browser",
    errors.BadText: "a statement is text already when CometQL gets it",
}
#: CppComet's numbers for too many conditions, values, columns and names, which have no limits here.
GONE = (18, 19, 20, 21)


class Broken(MemoryStore):
    """A store whose disk is full when user 13 comes."""

    async def apply(self, writes):
        if any("13" in repr(write.arguments) for write in writes):
            raise errors.Unavailable("the disk is full")
        return await super().apply(writes)


class ErrorsTests(TalkTests):
    """The error packets of CometQL."""

    def setUp(self):
        super().setUp()
        self.broker = make_broker(Broken(), NOW, history_channels=1, transaction_statements=1)
        self.engine = Engine(self.broker, "secret", dev_index_size=100)
        self.talk = self.open()
        self.run_("INSERT INTO users_data (id, data) VALUES (1, 'a'), (2, 'b')")
        for module in ("comet.cometql.query", "comet.cometql.scratch"):
            self.patch_(f"{module}.MOST_ROWS", 1)
        self.patch_("comet.cometql.scratch.SECONDS", 0.05)

    def patch_(self, name, value):
        patched = mock.patch(name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def refusal(self, text, talk):
        """@return: the error that the last of the statements in C{text} gives."""
        *before, last = text.split("; ")
        for statement in before:
            self.run_(statement, talk)
        with self.assertRaises(errors.Refused, msg=text) as caught:
            self.run_(last, talk)
        return caught.exception

    def check(self, table, talk):
        for (old, number, sqlstate), statements in table.items():
            for text, kind, word in statements:
                error = self.refusal(text, talk)
                self.assertIs(type(error), kind, text)
                packet = Err.of(error)
                self.assertEqual((packet.number, packet.sqlstate), (number, sqlstate), text)
                self.assertTrue(packet.text.startswith(f"[{old}] "), (text, packet.text))
                self.assertIn(word, packet.text)
                self.run_("ROLLBACK", talk)

    def test_statements(self):
        """Each error has the numbers that programs look for, and names what it is about."""
        self.check(ERRORS, self.talk)

    def test_tenants(self):
        """What is another's, or root's alone, is refused."""
        self.check(TENANTS, self.open("3", 3))

    def test_login(self):
        """A wrong password and a wrong user name are refused with the same numbers."""
        factory = MySQLFactory(self.engine, Limits(), Clock(), max_allowed_packet=1 << 20)
        for user, password in ((b"root", b"wrong"), (b"nobody", b"secret"), (b"100", b"secret")):
            peer = IPv4Address("TCP", "192.0.2.7", 4711)
            protocol, transport = factory.buildProtocol(peer), StringTransport(peerAddress=peer)
            protocol.makeConnection(transport)
            greeting = client.read_greeting(client.payloads(transport.value())[0])
            transport.clear()
            response = client.native(password, greeting.salt)
            protocol.dataReceived(client.frame(client.login(user, response, client.MODERN), 1))
            number, sqlstate, text = client.read_error(client.payloads(transport.value())[-1])
            self.assertEqual((number, sqlstate), (1045, "28000"))
            self.assertTrue(text.startswith("[16] "), text)

    def test_all(self):
        """Every class of error is provoked above, or it is said why not; so is every number of CppComet's."""
        provoked = {kind for table in (ERRORS, TENANTS) for rows in table.values() for _, kind, _ in rows}
        known = {kind for kind in vars(errors).values() if isinstance(kind, type)}
        self.assertEqual({kind.__name__ for kind in known - provoked - set(ELSEWHERE)}, set())
        self.assertEqual(provoked & set(ELSEWHERE), set())
        numbers = {kind.code for kind in known}
        self.assertEqual(numbers, {1, 2, 3, *range(10, 18), 403, 500})
        self.assertEqual(numbers & set(GONE), set())
