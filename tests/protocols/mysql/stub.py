"""A server without tables, for tests of the wire."""

from twisted.internet.defer import Deferred

from comet.cometql.results import Column, Done, Kind, Rows
from comet.errors import SyntaxRefused, UnknownDatabase, UnknownTable

NUMBER = Column("n", Kind.INT, 11)


class StubSession:
    """Answers a few statements; those that begin with C{wait} when they are told to."""

    autocommit = True
    charsets = ("utf8mb4", "utf8mb4")
    in_transaction = False
    wait_timeout = None

    def __init__(self, login):
        self.login, self.queries, self.waiting, self.closed = login, [], [], 0
        self.use(login.database or "CometQL_v1")

    def prepare(self, text):
        return StubPrepared(self, text)

    def begin(self, text):
        self.queries.append(text)
        match text.strip().partition(" ")[0]:
            case "insert":
                return Done(1, 70_000, 2, "note")
            case "select":
                return Rows([NUMBER], [[int(number)] for number in text.split()[1:]])
            case "many":
                return Rows([NUMBER], self.count(int(text.split()[1])))
            case "half":
                return Rows([NUMBER], self.fail_halfway())
            case "wait":
                self.waiting.append(Deferred())
                return self.waiting[-1]
            case "fail":
                raise ZeroDivisionError("in a statement")
        raise SyntaxRefused(f"You have an error near '{text}'")

    def count(self, limit):
        """Rows of a kilobyte, counted as they are asked for."""
        self.counted = 0
        for number in range(limit):
            self.counted = number + 1
            yield [f"{number:01020}"]

    def fail_halfway(self):
        yield [1]
        raise SyntaxRefused("halfway")

    def use(self, database):
        if database != "CometQL_v1":
            raise UnknownDatabase(f"Unknown database '{database}'")
        self.database = database

    def fields(self, table, wildcard):
        if table != "t":
            raise UnknownTable(f"Table '{table}' doesn't exist")
        return [Column("id", Kind.INT, 11, key=True, table=table), Column("s", Kind.TEXT, 10, table=table)]

    def statistics(self):
        return "Uptime: 7"

    def close(self):
        self.closed += 1


class StubPrepared:
    """A statement whose answer is a row of its values; C{count} gives as many as its first value says."""

    def __init__(self, session, text):
        if text.startswith("fail"):
            raise SyntaxRefused(f"You have an error near '{text}'")
        self.session, self.text, self.parameters = session, text, text.count("?")
        self.columns = [] if text.startswith("insert") else [Column(str(n)) for n in range(self.parameters)]
        if text.startswith("count"):
            self.columns = [NUMBER]

    def begin(self, values):
        self.session.queries.append((self.text, *values))
        if not self.columns:
            return Done(self.parameters)
        if self.text.startswith("count"):
            return Rows(self.columns, [[number] for number in range(values[0])])
        return Rows(self.columns, [values])


class StubServer:
    """Knows one user."""

    version = "8.0.40-stub"

    def __init__(self, password="secret"):
        self.password, self.sessions, self.pending = password, [], None

    async def identify(self, user):
        if self.pending is not None:
            await self.pending
        return (0, ["other", self.password]) if user == "root" else None

    def open(self, login):
        self.sessions.append(StubSession(login))
        return self.sessions[-1]
