"""Tests for L{comet.protocols.api}: whole requests, on in-memory transports."""

from twisted.internet.defer import Deferred

from comet.cometql.engine import Engine
from comet.cometql.interface import Login
from comet.errors import Refused, Unavailable
from comet.model import Channel, Goodbye, User
from comet.storage.memory import MemoryStore
from tests.protocols.api.client import NOW, PASSWORD, TENANT_PASSWORD, Answer, ApiCase, Connection, token
from tests.running import Ear, finish


class PublishTests(ApiCase):
    """Messages to channels."""

    def test_one(self):
        """It is heard before the answer comes."""
        ear = self.hear(Channel(0, "news"))
        answer = self.ask("POST", "/publish", {"name": "news", "event": "added", "message": "hello"})
        self.assertEqual((answer.status, answer.json), (200, {"accepted": 1}))
        (message,) = ear.heard
        self.assertEqual((message.event, message.text, message.user_id), ("added", "hello", None))

    def test_many_in_order(self):
        """Of several channels."""
        ear = self.hear(Channel(0, "news"))
        self.broker.hub.subscribe(Channel(0, "chat"), ear)
        several = [{"name": name, "message": str(n)} for n, name in enumerate(["news", "chat", "news"])]
        self.assertEqual(self.ask("POST", "/publish", {"messages": several}).json, {"accepted": 3})
        self.assertEqual([each.text for each in ear.heard], ["0", "1", "2"])

    def test_all_or_nothing(self):
        """What is wrong with one is wrong with all, and its place is told."""
        ear = self.hear(Channel(0, "news"))
        several = [{"name": "news", "message": "a"}, {"name": "n!", "message": "b"}]
        error = self.refused(422, self.ask("POST", "/publish", {"messages": several}))
        self.assertEqual((error["index"], error["name"], error["code"]), (1, "too_short", 17))
        self.assertEqual(ear.heard, [])

    def test_the_store_failing(self):
        """503, with nothing said."""

        class Broken(MemoryStore):
            async def apply(self, writes):
                if any(write.name == "append" for write in writes):
                    raise Unavailable("the disk is full")
                return await super().apply(writes)

        self.serve(Broken())
        self.broker._lengths[Channel(0, "news")] = 5
        ear = self.hear(Channel(0, "news"))
        answer = self.ask("POST", "/publish", {"name": "news", "message": "a"})
        error = self.refused(503, answer)
        self.assertEqual((error["name"], error["number"]), ("unavailable", 1030))
        self.assertEqual(answer.headers["retry-after"], "1")
        self.assertEqual(ear.heard, [])

    def test_limits_are_those_of_sql(self):
        """The text, and the number of messages, have one each."""
        self.serve(message=10, transaction_statements=3)
        self.assertEqual(self.ask("POST", "/publish", {"name": "news", "message": "x" * 10}).status, 200)
        error = self.refused(422, self.ask("POST", "/publish", {"name": "news", "message": "é" * 6}))
        self.assertEqual((error["number"], error["name"]), (1406, "too_long"))
        several = [{"name": "news", "message": "a"}] * 4
        error = self.refused(413, self.ask("POST", "/publish", {"messages": several}))
        self.assertEqual(error["number"], 1197)

    def test_a_private_message(self):
        """To who is here, or into the queue; columns that a table gains are there."""
        ear = Ear()
        finish(self.broker.arrive(User(0, 7), ear))
        several = [{"id": 7, "message": "a"}, {"id": 8, "message": "b", "event": "e", "expires": 60}]
        self.assertEqual(self.ask("POST", "/private", {"messages": several}).json, {"accepted": 2})
        self.assertEqual([each.text for each in ear.heard], ["a"])
        (queued,) = finish(self.broker.store.queue(User(0, 8)))
        self.assertEqual((queued.text, queued.event, queued.expires), ("b", "e", NOW + 60))

    def test_texts_arrive_as_they_were_sent(self):
        """Quotes, line feeds, emoji and all."""
        ear = self.hear(Channel(0, "news"))
        text = "\"'\\ \n\t \0 \N{PILE OF POO} </script> \u2028"
        self.ask("POST", "/publish", {"name": "news", "message": text})
        self.assertEqual(ear.heard[0].text, text)

    def test_half_a_character_is_refused(self):
        """It could be told to no browser."""
        error = self.refused(422, self.ask("POST", "/publish", b'{"name": "news", "message": "\\ud800"}'))
        self.assertEqual(error["name"], "bad_value")


class SameAsSqlTests(ApiCase):
    """The errors are those of SQL."""

    def test_refusals(self):
        """Code, number and text are equal for what both can say."""
        talk = Engine(self.broker, PASSWORD).open(Login("root", 0, 1, "127.0.0.1:5", "CometQL_v1"))
        for statement, method, path, body in (
            (
                "INSERT INTO pipes_messages (name, message) VALUES ('a b c', 'x')",
                *("POST", "/publish", {"name": "a b c", "message": "x"}),
            ),
            (
                "INSERT INTO pipes_messages (name) VALUES ('news')",
                *("POST", "/publish", {"name": "news"}),
            ),
            (
                "INSERT INTO pipes_messages (name, message) VALUES ('news', NULL)",
                *("POST", "/publish", {"name": "news", "message": None}),
            ),
            (
                "INSERT INTO users_messages (id, message) VALUES (-1, 'x')",
                *("POST", "/private", {"id": -1, "message": "x"}),
            ),
            (
                "INSERT INTO users_messages (id, message, expires) VALUES (1, 'x', -5)",
                *("POST", "/private", {"id": 1, "message": "x", "expires": -5}),
            ),
            (
                "INSERT INTO users_auth (id, hash) VALUES (7, 'a-b')",
                *("PUT", "/users/7/key", {"hash": "a-b"}),
            ),
            (
                "INSERT INTO pipes_settings (name, length) VALUES ('news', 1.5)",
                *("PUT", "/channels/news", {"length": 1.5}),
            ),
        ):
            error = self.failureResultOf(Deferred.fromCoroutine(talk.query(statement)), Refused).value
            told = self.refused(422, self.ask(method, path, body))
            self.assertEqual(
                (told["code"], told["number"], told["message"]), (error.code, error.number, str(error))
            )


class ReadTests(ApiCase):
    """Who is here, and what was said."""

    def test_presence(self):
        """Of one user, and of several."""
        finish(self.broker.arrive(User(0, 7), Ear()))
        here = {"id": 7, "time": 0, "online": True}
        self.assertEqual(self.ask("GET", "/users/7").json, here)
        never = {"id": 9, "time": -1, "online": False}
        self.assertEqual(self.ask("GET", "/users?id=9,7").json, {"users": [never, here]})

    def test_a_channel(self):
        """Who listens, and what it keeps."""
        self.hear(Channel(0, "news"))
        found = self.ask("GET", "/channels/news").json
        self.assertEqual((found["name"], found["users"], found["length"]), ("news", 1, 0))
        self.assertIsNone(found["cursor"])

    def test_a_history_is_kept_read_and_removed(self):
        """By requests alone."""
        answer = self.ask("PUT", "/channels/news", {"length": 3})
        self.assertEqual((answer.status, answer.json["length"]), (200, 3))
        for n in range(5):
            self.ask("POST", "/publish", {"name": "news", "event": "e", "message": str(n)})
        found = self.ask("GET", "/channels/news/history").json
        self.assertEqual([each["message"] for each in found["messages"]], ["2", "3", "4"])
        first = found["messages"][0]
        self.assertEqual((first["name"], first["event"], first["position"]), ("news", "e", 3))
        self.assertEqual((found["cursor"], found["gap"]), (found["messages"][-1]["cursor"], False))
        self.assertEqual(self.ask("GET", "/channels/news").json["cursor"], found["cursor"])
        newest = self.ask("GET", "/channels/news/history?limit=1").json
        self.assertEqual([each["message"] for each in newest["messages"]], ["4"])
        self.assertEqual(self.ask("DELETE", "/channels/news/history").json, {"removed": 3})
        self.assertEqual(self.ask("GET", "/channels/news/history").json["messages"], [])
        self.assertEqual(self.ask("DELETE", "/channels/news").json, {"removed": 1})
        self.assertEqual(self.ask("DELETE", "/channels/news").json, {"removed": 0})

    def test_a_history_is_read_on(self):
        """Page by page without a hole, or with the word that there is one."""
        self.ask("PUT", "/channels/news", {"length": 5})
        self.ask("POST", "/publish", {"messages": [{"name": "news", "message": str(n)} for n in range(5)]})
        kept = self.ask("GET", "/channels/news/history").json["messages"]
        cursor, read = kept[0]["cursor"], []
        for _ in range(2):
            page = self.ask("GET", f"/channels/news/history?limit=2&since={cursor}").json
            self.assertFalse(page["gap"])
            read += [each["message"] for each in page["messages"]]
            cursor = page["cursor"]
        self.assertEqual(read, ["1", "2", "3", "4"])
        page = self.ask("GET", f"/channels/news/history?since={cursor}").json
        self.assertEqual(page, {"messages": [], "cursor": cursor, "gap": False})
        self.ask("POST", "/publish", {"messages": [{"name": "news", "message": "x"}] * 9})
        self.assertTrue(self.ask("GET", f"/channels/news/history?since={cursor}").json["gap"])
        self.assertTrue(self.ask("GET", "/channels/news/history?since=other:1").json["gap"])
        self.assertEqual(self.ask("GET", "/channels/news/history?since=x").status, 400)

    def test_tenants_are_apart(self):
        """The same name is another channel, the same number another user."""
        self.hear(Channel(5, "news"))
        self.assertEqual(self.ask("GET", "/channels/news").json["users"], 0)
        for key in (PASSWORD, TENANT_PASSWORD):
            self.assertEqual(self.ask("GET", "/channels/news?dev_id=5", key=key).json["users"], 1)
            answer = self.ask("GET", "/channels/news", key=key, X_Comet_Tenant="5")
            self.assertEqual(answer.json["users"], 1)


class UserTests(ApiCase):
    """Keys, tokens and connections of users."""

    def test_a_key_is_given_and_taken(self):
        """And the connections end with it."""
        self.assertEqual(self.ask("PUT", "/users/7/key", {"hash": "abc"}).json, {"accepted": 1})
        user, ear = User(0, 7), Ear()
        self.assertTrue(finish(self.broker.authenticate(user, "abc")))
        finish(self.broker.arrive(user, ear))
        self.assertEqual(self.ask("DELETE", "/users/7/key").json, {"removed": 1})
        self.assertEqual(ear.goodbyes, [Goodbye.KEY_REMOVED])
        self.assertEqual(self.ask("DELETE", "/users/7/key").json, {"removed": 0})

    def test_a_user_is_disconnected(self):
        """From all devices."""
        ears = [Ear(), Ear()]
        for ear in ears:
            finish(self.broker.arrive(User(0, 7), ear))
        self.assertEqual(self.ask("DELETE", "/users/7/connections").json, {"removed": 2})
        self.assertEqual([ear.goodbyes for ear in ears], [[Goodbye.KILLED]] * 2)
        self.assertEqual(self.ask("DELETE", "/users/8/connections").json, {"removed": 0})

    def test_a_token_is_revoked(self):
        """For the API, too."""
        presented = token(7)
        self.assertEqual(self.ask("GET", "/channels/web_x", key=presented).status, 200)
        self.assertEqual(self.ask("POST", "/revoked_tokens", {"token": presented}).json, {"accepted": 1})
        self.assertEqual(self.ask("GET", "/channels/web_x", key=presented).status, 401)


class KeyTests(ApiCase):
    """Who may ask."""

    def test_without_a_key_nobody(self):
        """The answer tells how to ask."""
        for key in (None, ""):
            answer = self.ask("GET", "/users/7", key=key)
            self.assertEqual(self.refused(401, answer)["number"], 1045)
            self.assertEqual(answer.headers["www-authenticate"], 'Bearer realm="comet"')
        answer = self.ask("GET", "/users/7", key=None, Authorization=f"Basic {PASSWORD}")
        self.assertEqual(answer.status, 401)

    def test_with_a_wrong_one_nobody(self):
        """Nor with that of another tenant."""
        for key, path in (
            ("wrong", "/users/7"),
            (PASSWORD + "x", "/users/7"),
            (TENANT_PASSWORD, "/users/7"),
            (TENANT_PASSWORD, "/users/7?dev_id=6"),
            (token(7, dev_id=5), "/channels/web_x"),
            (token(7, expires=NOW - 1), "/channels/web_x"),
            (token(7, secret="other"), "/channels/web_x"),
        ):
            answer = self.ask("GET", path, key=key)
            self.refused(401, answer)
            self.assertIn("invalid_token", answer.headers["www-authenticate"])
            self.assertNotIn(key, answer.body.decode())

    def test_nobody_tries_many_keys(self):
        """After some wrong ones not even the right one is looked at, for a while, from that address."""
        self.serve(api_failures=3)
        for _ in range(3):
            self.assertEqual(self.ask("GET", "/users/7", key="wrong").status, 401)
        answer = self.ask("GET", "/users/7")
        self.assertEqual(self.refused(429, answer)["name"], "too_fast")
        self.assertEqual(self.ask("GET", "/users/7", address="192.0.2.9").status, 200)
        self.clock.advance(int(answer.headers["retry-after"]))
        self.assertEqual(self.ask("GET", "/users/7").status, 200)

    def begin_long(self, key, query=""):
        """@return: what is answered to a request whose long body has not come."""
        connection = Connection(self.site)
        body = b"x" * 70_000
        connection.send(self.raw("POST", f"/publish{query}", body, key)[: -len(body)])
        told = connection.socket.value()
        connection.leave()
        return Answer(told) if told else None

    def test_a_long_body_is_for_those_with_a_key(self):
        """Others are refused before it comes, as they would be afterwards."""
        for key, query in ((PASSWORD, ""), (TENANT_PASSWORD, "?dev_id=5"), (token(7), "")):
            self.assertIsNone(self.begin_long(key, query))
        for key, query, status in (
            (None, "", 401),
            ("wrong", "", 401),
            (TENANT_PASSWORD, "?dev_id=6", 401),
            (token(7, expires=1), "", 401),
            (PASSWORD, "?dev_id=x", 400),
            (PASSWORD, "?dev_id=", 400),
            (PASSWORD, "?dev_id=%ff", 400),
        ):
            error = self.refused(status, self.begin_long(key, query))
            self.assertEqual(error, self.ask("GET", f"/users/7{query}", key=key).error)

    def test_nobody_tries_many_keys_with_long_bodies(self):
        """They count as others do."""
        self.serve(api_failures=3)
        for _ in range(3):
            self.assertEqual(self.begin_long("wrong").status, 401)
        self.assertEqual(self.refused(429, self.begin_long(PASSWORD))["name"], "too_fast")

    def test_right_keys_and_old_tokens_do_not_count(self):
        """However often they come."""
        self.serve(api_failures=3)
        for _ in range(9):
            self.assertEqual(self.ask("GET", "/channels/web_x").status, 200)
            self.assertEqual(self.ask("GET", "/channels/web_x", key=token(7, expires=1)).status, 401)

    def test_a_user_may_what_a_browser_may(self):
        """Publish in its own name, and look, where the name of the channel lets it."""
        ear = self.hear(Channel(0, "web_chat"))
        self.broker.hub.subscribe(Channel(0, "webauth_x"), ear)
        for name in ("web_chat", "webauth_x"):
            answer = self.ask("POST", "/publish", {"name": name, "message": "m"}, key=token(7))
            self.assertEqual(answer.json, {"accepted": 1})
        self.assertEqual([each.user_id for each in ear.heard], [7, 7])
        for path in ("/channels/web_chat", "/channels/track_x/members", "/channels/private_x/history"):
            self.assertEqual(self.ask("GET", path, key=token(7)).status, 200)

    def test_a_user_may_no_more(self):
        """Nothing of what is for backends, and no channel that is closed to browsers."""
        for method, path, body in (
            ("POST", "/publish", {"name": "news", "message": "m"}),
            ("GET", "/channels/news", None),
            ("GET", "/channels/news/members", None),
            ("POST", "/private", {"id": 7, "message": "m"}),
            ("GET", "/users/7", None),
            ("GET", "/users?id=7", None),
            ("PUT", "/channels/web_chat", {"length": 5}),
            ("DELETE", "/channels/web_chat", None),
            ("DELETE", "/channels/web_chat/history", None),
            ("PUT", "/users/7/key", {"hash": "a"}),
            ("DELETE", "/users/7/key", None),
            ("DELETE", "/users/7/connections", None),
            ("POST", "/revoked_tokens", {"token": "a"}),
        ):
            error = self.refused(403, self.ask(method, path, body, key=token(7)))
            self.assertEqual((error["code"], error["number"]), (403, 1142))

    def test_a_batch_of_a_user_is_one(self):
        """With one channel too many, nothing of it is said."""
        ear = self.hear(Channel(0, "web_chat"))
        several = [{"name": name, "message": "m"} for name in ("web_chat", "news")]
        error = self.refused(403, self.ask("POST", "/publish", {"messages": several}, key=token(7)))
        self.assertEqual(error["index"], 1)
        self.assertEqual(ear.heard, [])

    def test_claims_of_a_token_count(self):
        """As in a browser."""
        key = token(7, channels={"publish": ["news"]})
        self.assertEqual(self.ask("POST", "/publish", {"name": "news", "message": "m"}, key=key).status, 200)

    def test_a_channel_of_ones_own_stays_that(self):
        """A message to it reaches the connections of this user alone."""
        mine, others = self.hear(Channel(0, "self_x@7")), self.hear(Channel(0, "self_x@8"))
        answer = self.ask("POST", "/publish", {"name": "self_x", "message": "m"}, key=token(7))
        self.assertEqual(answer.json, {"accepted": 1})
        self.assertEqual((len(mine.heard), len(others.heard)), (1, 0))
        found = self.ask("GET", "/channels/self_x", key=token(7)).json
        self.assertEqual((found["name"], found["users"]), ("self_x", 1))

    def test_a_user_keeps_the_pace_of_a_browser(self):
        """All messages of a request are counted."""
        self.serve(messages_per_second=1, messages_burst=3)
        several = [{"name": "web_chat", "message": "m"}] * 4
        error = self.refused(429, self.ask("POST", "/publish", {"messages": several}, key=token(7)))
        self.assertEqual(error["number"], 1226)
        self.assertEqual(self.ask("POST", "/publish", {"messages": several}).status, 200)

    def test_members_are_shown_to_users_without_their_addresses(self):
        """The backend sees more."""
        columns = set(self.ask("GET", "/openapi.json").json["paths"]["/channels/{name}/members"])
        self.assertEqual(columns, {"get"})
        self.assertEqual(
            self.ask("GET", "/channels/track_x/members", key=token(7)).json, {"members": [], "total": 0}
        )


class HttpTests(ApiCase):
    """The manners of HTTP."""

    def test_what_is_not_there(self):
        """404, before any key is asked for."""
        for path in ("", "/", "/nothing", "/publish/", "/users/7/8", "/channels//history"):
            error = self.refused(404, self.ask("GET", path, key=None))
            self.assertEqual(error["name"], "unknown_path" if path else error["name"])

    def test_other_methods(self):
        """405, with those that are allowed."""
        for method, path, allow in (
            ("GET", "/publish", "POST, OPTIONS"),
            ("PATCH", "/channels/news", "GET, PUT, DELETE, HEAD, OPTIONS"),
            ("POST", "/openapi.json", "GET, HEAD, OPTIONS"),
            ("BREW", "/users/7/key", "PUT, DELETE, OPTIONS"),
        ):
            answer = self.ask(method, path, key=None)
            self.refused(405, answer)
            self.assertEqual(answer.headers["allow"], allow)

    def test_head_is_get_without_the_body(self):
        """With the length that it would have."""
        for path in ("/users/7", "/openapi.json"):
            whole, head = self.ask("GET", path), self.ask("HEAD", path)
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual(head.headers["content-length"], str(len(whole.body)))

    def test_options(self):
        """What may be asked, by pages too, without a key."""
        answer = self.ask("OPTIONS", "/channels/news", key=None, Origin="https://example.com")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["allow"], "GET, PUT, DELETE, HEAD, OPTIONS")
        self.assertIn("DELETE", answer.headers["access-control-allow-methods"])
        self.assertIn("X-Comet-Tenant", answer.headers["access-control-allow-headers"])

    def test_pages_of_other_origins(self):
        """May not ask, if some are listed."""
        self.serve(origins=("https://good.example",))
        for origin, status in (("https://good.example", 200), ("https://bad.example", 403), (None, 200)):
            self.assertEqual(self.ask("GET", "/users/7", Origin=origin).status, status)

    def test_addresses_that_are_wrong(self):
        """400, by name."""
        for path in ("/users/x", "/users/0", "/channels/ab", "/users/7?x=1", "/users", "/users?id=1&id=2"):
            self.refused(400, self.ask("GET", path))
        self.refused(400, self.ask("GET", "/users/7?dev_id=1000"))
        self.refused(400, self.ask("GET", "/users/7?dev_id=1", X_Comet_Tenant="2"))
        self.refused(400, self.ask("GET", "/channels/%ff%fe%fd"))

    def test_bodies_that_are_wrong(self):
        """By where they are wrong."""
        right = b'{"name": "news", "message": "x"}'
        self.refused(400, self.ask("POST", "/publish", right[:-1]))
        self.refused(400, self.ask("POST", "/publish", right.replace(b"x", b"\xff")))
        self.refused(415, self.ask("POST", "/publish", right, Content_Type="text/plain"))
        self.refused(415, self.ask("POST", "/publish", right, Content_Type=None))
        self.refused(415, self.ask("POST", "/publish", right, Content_Encoding="gzip"))
        error = self.refused(422, self.ask("POST", "/publish", {"name": "news", "mesage": "x"}))
        self.assertEqual((error["name"], error["number"]), ("unknown_column", 1054))
        self.assertIn("'mesage'", error["message"])
        self.refused(422, self.ask("POST", "/publish", []))
        self.refused(422, self.ask("POST", "/publish", {"messages": []}))

    def test_a_body_that_is_too_large(self):
        """413, in the form of all errors."""
        self.serve(api_body=100)
        error = self.refused(413, self.ask("POST", "/publish", {"name": "news", "message": "x" * 100}))
        self.assertEqual((error["name"], error["number"]), ("packet_too_large", 1153))

    def test_a_form_is_no_body(self):
        """Nor is it taken for parameters."""
        kind = "application/x-www-form-urlencoded"
        answer = self.ask("POST", "/publish", b"dev_id=5&name=news", Content_Type=kind)
        self.refused(415, answer)

    def test_a_full_table(self):
        """409: it is no matter of this request."""
        self.serve(history_channels=1)
        self.assertEqual(self.ask("PUT", "/channels/news", {"length": 5}).status, 200)
        error = self.refused(409, self.ask("PUT", "/channels/chat", {"length": 5}))
        self.assertEqual((error["name"], error["number"]), ("table_full", 1114))

    def test_a_server_that_stops(self):
        """503, and when to try again."""
        self.reasons.append("the server is starting or stopping")
        answer = self.ask("GET", "/users/7")
        self.refused(503, answer)
        self.assertEqual(answer.headers["retry-after"], "1")

    def test_a_connection_stays(self):
        """For many requests, in their order, also when they come at once and when some are refused."""
        connection = Connection(self.site)
        requests = [self.raw("GET", "/users/7"), self.raw("POST", "/publish", b"{"), self.raw("GET", "/x")]
        connection.send(b"".join(requests) + self.raw("HEAD", "/users/7") + self.raw("GET", "/users/8"))
        answers = connection.socket.value()
        statuses = [int(each[:3]) for each in answers.split(b"HTTP/1.1 ")[1:]]
        self.assertEqual(statuses, [200, 400, 404, 200, 200])
        self.assertIsNone(connection.socket.ended)
        connection.leave()

    def test_answers_are_not_kept(self):
        """By nobody on the way."""
        for answer in (self.ask("GET", "/users/7"), self.ask("GET", "/users/7", key=None)):
            self.assertEqual(answer.headers["cache-control"], "no-store")

    def test_a_bug_is_told_to_the_log_alone(self):
        """The client learns that there was one."""

        class Broken(MemoryStore):
            async def last_seen(self, users):
                raise ZeroDivisionError("secret")

        self.serve(Broken())
        answer = self.ask("GET", "/users/7")
        self.refused(500, answer)
        self.assertNotIn(b"secret", answer.body)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class Slow(MemoryStore):
    """Answers when it is told to, or notices that nobody waits."""

    def __init__(self):
        super().__init__()
        self.turn, self.cancelled = Deferred(lambda _: setattr(self, "cancelled", True)), False

    async def last_seen(self, users):
        await self.turn
        return {}

    async def apply(self, writes):
        await self.turn
        return await super().apply(writes)


class GoneTests(ApiCase):
    """Clients that go away."""

    def setUp(self):
        self.store = Slow()
        self.serve(MemoryStore())
        self.broker.store = self.broker._mail._store = self.broker.accounts._store = self.store
        self.broker.attendance._store = self.store
        self.connection = Connection(self.site)

    def test_what_is_only_looked_up_is_given_up(self):
        """And nothing is logged."""
        self.connection.send(self.raw("GET", "/users/7"))
        self.connection.leave()
        self.assertTrue(self.store.cancelled)

    def test_what_is_to_be_written_is_written(self):
        """And heard: the batch is one, whether somebody waits for the answer or not."""
        self.broker._lengths[Channel(0, "news")] = 5
        ear = self.hear(Channel(0, "news"))
        self.connection.send(self.raw("POST", "/publish", {"name": "news", "message": "a"}))
        self.connection.leave()
        self.assertEqual(ear.heard, [])
        self.store.turn.callback(None)
        self.assertEqual([each.text for each in ear.heard], ["a"])
        self.assertFalse(self.store.cancelled)
