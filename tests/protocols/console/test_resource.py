"""Tests for L{comet.protocols.console.resource}: whole requests, on in-memory transports."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from comet.cometql.engine import Engine
from comet.cometql.interface import Login
from comet.model import Channel, Goodbye, User
from comet.protocols.console.resource import MOST_AT_ONCE, Console, Nearby, Statements, Tails
from comet.protocols.requests import CONSOLE_BODY
from comet.refusals import Reason
from comet.storage.records import TenantKey
from tests.protocols.api.client import PASSWORD, TENANT_PASSWORD, Answer, ApiCase, Connection, token
from tests.running import finish


class ConsoleCase(ApiCase):
    """Requests to the console."""

    prefix = "/console"

    def console(self, api):
        self.engine = Engine(self.broker, PASSWORD, dev_index_size=1000)
        asked = api.doorkeeper, self.reception, 1000, lambda: self.reasons
        return Console(Statements(self.engine, self.clock.seconds, *asked), Tails(*asked))

    def post(self, path, body, key=PASSWORD, **headers):
        """@return: the answer to the page's own question."""
        headers = {"Origin": "http://x", **headers}
        return self.ask("POST", path, body, key, **headers)

    def run_(self, statement, key=PASSWORD, tenant=0, **more):
        """@return: what a text of statements has given."""
        answer = self.post("/api/query", {"statement": statement}, key, X_Comet_Tenant=tenant, **more)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def rows(self, statement, key=PASSWORD, tenant=0):
        """@return: the rows of the last statement."""
        told = self.run_(statement, key, tenant)
        self.assertIsNone(told["error"])
        return told["results"][-1]["rows"]


class StatementTests(ConsoleCase):
    """Statements, carried out as on the MySQL port."""

    def test_several(self):
        """Each has its result, and they share a session."""
        told = self.run_(
            "BEGIN; INSERT INTO users_data (id, data) VALUES (7, 'x;y'); COMMIT; SELECT 1 AS one"
        )
        self.assertEqual([each.get("affected") for each in told["results"]], [0, 1, 0, None])
        self.assertEqual(told["results"][3]["rows"], [[1]])
        self.assertEqual(self.rows("SELECT data FROM users_data WHERE id = 7"), [["x;y"]])

    def test_what_is_not_committed(self):
        """Goes with the session."""
        self.run_("BEGIN; INSERT INTO users_data (id, data) VALUES (7, 'x')")
        self.assertEqual(self.rows("SELECT data FROM users_data WHERE id = 7"), [])

    def test_refused(self):
        """What came before has counted, what comes behind is not begun; the error is that of SQL."""
        ear = self.hear(Channel(0, "news"))
        insert = "INSERT INTO pipes_messages (name, message) VALUES ('news', '{}')"
        told = self.run_(f"{insert.format('a')}; SELECT * FROM nowhere; {insert.format('b')}")
        self.assertEqual([each.text for each in ear.heard], ["a"])
        error = told["error"]
        self.assertEqual((error["number"], error["sqlstate"], error["statement"]), (1146, "42S02", 1))

    def test_no_session_stays(self):
        """However it ends."""
        for statement in ("SELECT 1", "SELECT", "BEGIN"):
            self.run_(statement)
        self.assertEqual((self.engine.sessions.total(), self.broker.connections.listed(0)), (0, []))

    def test_it_is_shown_as_a_connection(self):
        """With the address, and by the right name."""
        found = self.rows("SELECT dialect, address, dev_id FROM connections", TENANT_PASSWORD, 5)
        self.assertEqual(found, [["cometql", "192.0.2.1", 5]])
        self.assertEqual(self.rows("SELECT USER()", TENANT_PASSWORD, 5), [["5@localhost"]])

    def test_too_many_statements(self):
        """In one text: none is begun."""
        ear = self.hear(Channel(0, "news"))
        told = self.run_("INSERT INTO pipes_messages (name, message) VALUES ('news', 'a');" * 101)
        self.assertEqual((told["error"]["number"], ear.heard), (1406, []))

    def test_too_many_at_once(self):
        """Those that run go on, and then there is room again; other tenants have theirs all the while."""
        held = []

        async def offload(function):
            held.append(turn := Deferred())
            await turn
            return function()

        self.engine._offload = offload
        slow = {"statement": "SELECT COUNT(*) FROM pipes JOIN pipes_settings USING (name)"}
        asked = [Connection(self.site) for _ in range(MOST_AT_ONCE)]
        for each in asked:
            each.send(self.raw("POST", "/api/query", slow, Origin="http://x"))
        answer = self.post("/api/query", {"statement": "SELECT 1"})
        self.assertEqual((answer.status, answer.error["name"]), (429, "too_fast"))
        self.assertEqual(self.rows("SELECT 1", TENANT_PASSWORD, 5), [[1]])
        for turn in held:
            turn.callback(None)
        self.assertEqual([Answer(each.socket.value()).status for each in asked], [200] * MOST_AT_ONCE)
        self.assertEqual(self.rows("SELECT 1"), [[1]])

    def test_a_failure_of_ours(self):
        """Is logged, told without details, and leaves no session behind."""

        def fail(login):
            raise ZeroDivisionError

        self.patch(self.engine, "open", fail)
        answer = self.post("/api/query", {"statement": "SELECT 1"})
        self.assertEqual(answer.status, 500)
        self.assertNotIn(b"Zero", answer.body)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class TenantTests(ConsoleCase):
    """Who may see what."""

    def test_rows_of_others(self):
        """A tenant sees its own rows, and has no way to those of another."""
        for tenant in (0, 5, 6):
            insert = f"INSERT INTO users_data (id, data) VALUES (1, 'of {tenant}')"
            self.run_(insert, PASSWORD, tenant)
        key = TENANT_PASSWORD
        self.assertEqual(self.rows("SELECT data FROM users_data WHERE id = 1", key, 5), [["of 5"]])
        for statement in (
            "SELECT * FROM db_6.users_data WHERE id = 1",
            "USE db_6",
            "SELECT * FROM db_0.pipes",
        ):
            self.assertEqual(self.run_(statement, key, 5)["error"]["number"], 1044, statement)

    def test_connections_of_others(self):
        """They are neither listed nor closed."""
        other = self.engine.open(Login("6", 6, 77, "192.0.2.7:1"))
        self.assertEqual(len(self.rows("SELECT id FROM connections", TENANT_PASSWORD, 5)), 1)
        told = self.run_(f"KILL {other.number}", TENANT_PASSWORD, 5)
        self.assertEqual(told["error"]["number"], 1094)

    def test_key_of_another(self):
        """Opens nothing."""
        for key, tenant in ((TENANT_PASSWORD, 6), (TENANT_PASSWORD, 0), ("x" * 20, 5), (None, 0)):
            answer = self.post("/api/query", {"statement": "SELECT 1"}, key, X_Comet_Tenant=tenant)
            self.assertEqual(self.refused(401, answer)["number"], 1045)

    def test_token_of_a_user(self):
        """Is no key of a tenant."""
        answer = self.post("/api/query", {"statement": "SELECT 1"}, token(7))
        self.assertEqual(self.refused(403, answer)["name"], "not_allowed")

    def test_wrong_keys(self):
        """So many of one address, those to the HTTP API counted in; then the right one has to wait, too."""
        for _ in range(5):
            self.assertEqual(self.post("/api/query", {"statement": "SELECT 1"}, "wrong").status, 401)
        self.prefix = "/comet/api"
        for _ in range(5):
            self.assertEqual(self.ask("GET", "/channels/news", key="wrong").status, 401)
        self.prefix = "/console"
        answer = self.post("/api/query", {"statement": "SELECT 1"})
        self.assertEqual(self.refused(429, answer)["name"], "too_fast")
        self.assertEqual(answer.headers["retry-after"], "6")
        self.clock.advance(6)
        self.assertEqual(self.rows("SELECT 1"), [[1]])


class StrangerTests(ConsoleCase):
    """What is not even begun."""

    def test_pages_of_others(self):
        """Though they have the key; and that is counted."""
        ear = self.hear(Channel(0, "news"))
        body = {"statement": "INSERT INTO pipes_messages (name, message) VALUES ('news', 'a')"}
        for headers in (
            {"Origin": "http://evil.example"},
            {"Origin": None},
            {"Origin": "http://x", "Sec_Fetch_Site": "cross-site"},
        ):
            for path in ("/api/query", "/api/tail"):
                answer = self.post(path, body, **headers)
                self.assertEqual(self.refused(403, answer)["name"], "origin_refused")
                self.assertNotIn("access-control-allow-origin", answer.headers)
        self.assertEqual((ear.heard, self.broker.refusals[Reason.ORIGIN]), ([], 6))

    def test_forms(self):
        """What a page of another site could send without being asked back is of no type that is taken."""
        body = b'{"statement": "SELECT 1"}'
        for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            self.assertEqual(self.post("/api/query", body, Content_Type=media).status, 415, media)
        for method in ("GET", "PUT", "HEAD"):
            answer = self.ask(method, "/api/query", Origin="http://x")
            self.assertEqual((answer.status, answer.headers["allow"]), (405, "POST"))

    def test_bodies(self):
        """That are none, or too long."""
        for body, status in ((b"{", 400), (b"[]", 422), (b'{"statement": 5}', 422), (b"{}", 422)):
            self.assertEqual(self.post("/api/query", body).status, status, body)
        long = {"statement": "x" * CONSOLE_BODY}
        self.assertEqual(self.post("/api/query", long).status, 413)

    def test_while_it_ends(self):
        """It says so."""
        self.reasons.append("stopping")
        self.assertEqual(self.post("/api/query", {"statement": "SELECT 1"}).status, 503)


class TailTests(ConsoleCase):
    """Listening to a channel."""

    def tail(self, channel, key=PASSWORD, tenant=0):
        """@return: a connection that listens."""
        connection = Connection(self.site)
        headers = {"Origin": "http://x", "X_Comet_Tenant": tenant}
        connection.send(self.raw("POST", "/api/tail", {"channel": channel}, key, **headers))
        return connection

    def test_hears(self):
        """What is said in the channel, also if it is for the signed-in alone; until it goes."""
        connection = self.tail("private_news")
        self.assertEqual(self.rows("SELECT users FROM pipes WHERE name = 'private_news'"), [[1]])
        self.run_("INSERT INTO pipes_messages (name, event, message) VALUES ('private_news', 'e', '<b>')")
        told = connection.socket.value()
        self.assertIn(b"Content-Type: text/event-stream", told)
        self.assertIn(b'"data":"<b>","event":"e"', told.replace(b" ", b""))
        connection.leave()
        self.assertEqual(self.rows("SELECT users FROM pipes WHERE name = 'private_news'"), [[0]])

    def test_of_one_tenant(self):
        """The same name of another is another channel."""
        connection = self.tail("news", TENANT_PASSWORD, 5)
        self.run_("INSERT INTO pipes_messages (name, message) VALUES ('news', 'of root')")
        self.run_("INSERT INTO pipes_messages (name, message) VALUES ('news', 'of five')", TENANT_PASSWORD, 5)
        told = connection.socket.value()
        self.assertIn(b"of five", told)
        self.assertNotIn(b"of root", told)

    def test_channels_that_nobody_may_hear(self):
        """Are told of."""
        connection = self.tail("self_mine")
        self.assertIn(b'"type":"error"', connection.socket.value())

    def test_no_name(self):
        """Is refused before anything is opened."""
        answer = self.post("/api/tail", {"channel": "no name"})
        self.assertEqual(self.refused(422, answer)["name"], "bad_value")

    def test_a_key_that_counts_no_more(self):
        """Takes the streams along that it has opened, and no others."""
        by_key, by_main = self.tail("news", TENANT_PASSWORD, 5), self.tail("news", PASSWORD, 5)
        tenant = TenantKey(5, "another-password", "")
        finish(self.broker.commit([self.broker.accounts.setting_tenant(tenant)]))
        self.assertIn(Goodbye.KILLED.reason.encode(), by_key.socket.value())
        self.run_("INSERT INTO pipes_messages (name, message) VALUES ('news', 'still')", PASSWORD, 5)
        self.assertNotIn(b"still", by_key.socket.value())
        self.assertIn(b"still", by_main.socket.value())

    def test_nobody_in_particular(self):
        """Listens: no user comes online, and nothing private is handed over."""
        self.tail("news")
        self.assertEqual(self.rows("SELECT user_id FROM users_in_pipes WHERE name = 'news'"), [[0]])
        self.assertEqual(list(self.broker.presence.devices(User(0, 0))), [])


class FileTests(ConsoleCase):
    """The page."""

    def test_headers(self):
        """Nothing from elsewhere, in no frame, and for no other page."""
        for path in ("", "/", "/console.js", "/console_sql.js", "/console.css", "/console.svg"):
            answer = self.ask("GET", path, key=None)
            self.assertEqual(answer.status, 200, path)
            policy = answer.headers["content-security-policy"]
            for word in ("default-src 'none'", "frame-ancestors 'none'", "script-src 'self'"):
                self.assertIn(word, policy)
            self.assertEqual(answer.headers["x-frame-options"], "DENY")
            self.assertEqual(answer.headers["cross-origin-resource-policy"], "same-origin")
            self.assertNotIn("access-control-allow-origin", answer.headers)

    def test_through_a_proxy(self):
        """
        There is none, unless it is configured: neither the page, nor what it asks, nor anything else; nor by
        another name.
        """
        self.site.resource.putChild(b"console", Nearby(self.site.resource.children[b"console"]))
        for path in ("", "/", "/console.js", "/api/query"):
            for headers in ({"X_Forwarded_For": "192.0.2.9"}, {"Via": "1.1 proxy"}, {"Host": "evil.example"}):
                headers = {"Host": "localhost:8087", **headers}
                self.assertEqual(self.ask("GET", path, key=None, **headers).status, 403, path)
        self.assertEqual(self.ask("GET", "", key=None, Host="localhost:8087").status, 200)
        here = {"Host": "127.0.0.1:8087", "Origin": "http://127.0.0.1:8087"}
        told = self.post("/api/query", {"statement": "SELECT 1"}, **here)
        self.assertEqual(told.json["results"][0]["rows"], [[1]])

    def test_no_other_files(self):
        """Below it."""
        self.assertEqual(self.ask("GET", "/demo.js", key=None).status, 404)
