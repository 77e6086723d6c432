"""The contract of transports, kept by each of them; and what only one of them has."""

import json

from twisted.trial.unittest import SynchronousTestCase

from comet.model import PrivateMessage, User
from tests.protocols.clients import LineClient, PollClient, Port, SocketClient, StreamClient, answer
from tests.protocols.contract import ANN, NEWS, JsonContract, TransportContract
from tests.running import finish


class LineTests(TransportContract, SynchronousTestCase):
    """The line protocol over WebSocket."""

    client_class = LineClient

    def test_calls(self):
        """There are no words for them: nothing is heard, and a call to such a device alone is not taken."""
        finish(self.broker.store.set_key(User(0, 8), "key8"))
        old, caller = self.ann(), SocketClient(self.port, user_id=8, key="key8")
        old.frames(), caller.frames()
        ok, ringing = caller.ask(cmd="call", id=1, user_id=7)
        self.assertEqual((ok["type"], ringing["devices"]), ("ok", 1))
        caller.say(cmd="leave", id=2, room=ok["room"])
        self.assertEqual(old.frames(), [])
        self.publish("x")
        self.assertFalse(next(iter(self.broker.presence.devices(ANN))).is_over)


class SocketTests(JsonContract, SynchronousTestCase):
    """JSON over WebSocket."""

    client_class = SocketClient

    def refused_hello(self, **hello):
        (error,) = self.client(**hello).frames()
        return error["reason"]

    def test_hello_comes_first(self):
        """Other commands are refused until then, and nothing is known of the client."""
        browser = self.port.connect().open("/comet/ws")
        browser.say('{"cmd":"ping","id":1}')
        browser.say("nonsense")
        self.assertEqual([frame["type"] for frame in browser.heard()], ["error", "error"])
        browser.say('{"cmd":"hello","id":2}')
        self.port.clock.advance(0)
        (welcome,) = browser.heard()
        self.assertEqual((welcome["type"], welcome["id"]), ("welcome", 2))

    def test_the_address_may_say_hello(self):
        """For clients that have no other place for it."""
        browser = self.port.connect().open("/comet/ws?user_id=7&key=key7&channels=news")
        self.port.clock.advance(0)
        welcome, subscribed = browser.heard()
        self.assertEqual((welcome["user_id"], list(subscribed["channels"])), (7, ["news"]))

    def test_silence_is_ended(self):
        """Whoever says no hello in time gets a goodbye, and is closed."""
        browser = self.port.connect().open("/comet/ws")
        self.port.clock.advance(self.broker.limits.login_seconds + 2)
        bye, close = browser.heard()
        self.assertEqual((bye["type"], bye["code"]), ("bye", 4003))
        self.assertEqual(close[0], 8)

    def test_goodbyes_are_close_codes(self):
        """The frame, then a Close frame with the same code and reason."""
        client = self.client()
        client.frames()
        self.broker.connections.seen_by(0)[0].kill()
        bye, (opcode, payload) = client.browser.heard()
        self.assertEqual(opcode, 8)
        self.assertEqual(int.from_bytes(payload[:2], "big"), bye["code"])
        self.assertEqual(payload[2:].decode(), bye["reason"])
        self.port.clock.advance(10)
        self.assertIsNotNone(client.browser.socket.ended)

    def test_several_commands_in_one_message(self):
        """A line each; blank ones are passed over."""
        client = self.client()
        client.frames()
        client.browser.say('{"cmd":"ping","id":1}\n\n{"cmd":"ping","id":2}\n')
        self.assertEqual([frame["id"] for frame in client.frames()], [1, 2])

    def test_other_origins_are_refused(self):
        """By the status of HTTP, before anything else."""
        self.port = Port(self.broker, origins=("good.example",))
        browser = self.port.connect().open("/comet/ws", Origin="https://evil.example")
        self.assertIn(b" 403 ", browser.head.split(b"\r\n")[0])
        self.assertIn(b" 101 ", self.port.connect().open("/comet/ws", Origin="https://good.example").head)


class StreamTests(JsonContract, SynchronousTestCase):
    """JSON over server-sent events."""

    client_class = StreamClient

    def refused_hello(self, **hello):
        client = self.client(**hello)
        status, _, body = answer(client.browser)
        self.assertEqual(status, 400)
        return json.loads(body)["error"]["message"]

    def test_the_last_id_says_all(self):
        """A browser that gives it back goes on where it was, and has acknowledged what is private."""
        finish(self.broker.set_length(NEWS, 9))
        finish(self.broker.send_private(PrivateMessage(ANN, "n", "p", 40)))
        client = self.ann(channels={"news": None, "chat": None})
        self.publish("a")
        self.assertEqual(len(client.messages()), 2)
        client.vanish()
        self.publish("b")
        finish(self.broker.send_private(PrivateMessage(ANN, "n", "q", 40)))
        again = StreamClient(
            self.port, cursor=client.last_id, user_id=7, key="key7", channels={"news": None, "chat": None}
        )
        self.assertEqual([text for _, _, text in again.messages()], ["q", "b"])

    def test_the_key_may_be_in_a_header(self):
        """Where it does not end up in logs."""
        browser = self.port.request("GET", "/comet/sse?user_id=7", Authorization="Bearer key7")
        self.port.clock.advance(0)
        self.assertIn(b'"authorized":true', answer(browser)[2])

    def test_the_server_beats(self):
        """So that a client knows a dead connection; but not while there is something else to hear."""
        client = self.client(channels={"news": None})
        client.frames()
        self.port.clock.pump([8, 8])
        self.publish("x")
        self.assertEqual(self.types(client), ["message"])
        self.port.clock.pump([8] * 6)
        self.assertIn("ping", self.types(client))

    def test_an_unknown_stream(self):
        """404, so that the client opens another one."""
        body = {"session": "nobody's", "commands": []}
        status, _, content = answer(self.port.request("POST", "/comet/sse", body))
        self.assertEqual((status, json.loads(content)["error"]["name"]), (404, "unknown_session"))
        for wrong in ({}, [], b"{", {"session": 5}, {"session": "x", "commands": [1]}):
            self.assertEqual(answer(self.port.request("POST", "/comet/sse", wrong))[0], 400)

    def test_too_much_at_once(self):
        """More commands than can wait are refused as a whole."""
        client = self.client()
        client.frames()
        body = {"session": client.session, "commands": [{"cmd": "ping"}] * 1001}
        self.assertEqual(answer(self.port.request("POST", "/comet/sse", body))[0], 400)

    def test_other_origins_are_refused(self):
        """403, and pages of those that may can read the answer."""
        self.port = Port(self.broker, origins=("good.example",))
        for method, path in (("GET", "/comet/sse"), ("POST", "/comet/sse"), ("POST", "/comet/poll")):
            browser = self.port.request(method, path, Origin="https://evil.example")
            self.assertEqual(answer(browser)[0], 403)
        _, headers, _ = answer(self.port.request("GET", "/comet/sse", Origin="https://good.example"))
        self.assertEqual(headers["access-control-allow-origin"], "https://good.example")


class PollTests(JsonContract, SynchronousTestCase):
    """JSON by long-poll."""

    client_class = PollClient

    def refused_hello(self, **hello):
        body = {"hello": {"version": 1, **hello}}
        status, _, content = answer(self.port.request("POST", "/comet/poll", body))
        self.assertEqual(status, 400)
        return json.loads(content)["error"]["message"]

    def test_an_answer_waits_for_news(self):
        """And comes at once when there are some, all of one turn of the reactor together."""
        client = self.client(channels={"news": None})
        client.frames()
        self.assertIsNone(client.poll(wait=25))
        self.port.clock.advance(20)
        self.assertIsNone(client.read())
        self.publish("a")
        self.publish("b")
        self.port.clock.advance(0)
        self.assertEqual([frame["data"] for frame in client.read()], ["a", "b"])

    def test_an_answer_comes_when_the_time_is_over(self):
        """Empty, and with the same number, since nothing has to arrive."""
        client = self.client()
        client.frames()
        batch = client.batch
        self.assertIsNone(client.poll(wait=5))
        self.port.clock.advance(5)
        self.assertEqual((client.read(), client.batch), ([], batch))

    def test_a_lost_answer_comes_again(self):
        """As long as the client does not say that it has arrived."""
        client = self.client(channels={"news": None})
        client.frames()
        self.publish("a")
        before = client.batch
        first = client.poll()
        client.batch = before
        self.publish("b")
        self.assertEqual(client.poll(), first)
        self.assertEqual([frame["data"] for frame in client.poll()], ["b"])

    def test_a_second_request_takes_over(self):
        """The one that waits is answered with nothing."""
        client = self.client(channels={"news": None})
        client.frames()
        client.poll(wait=25)
        waiting, batch = client.browser, client.batch
        self.assertEqual([frame["type"] for frame in client.poll({"cmd": "ping", "id": 1})], ["ok"])
        status, _, body = answer(waiting)
        self.assertEqual((status, json.loads(body)["messages"], json.loads(body)["batch"]), (200, [], batch))

    def test_a_request_whose_client_goes_away_loses_nothing(self):
        """What comes then is in the next answer."""
        client = self.client(channels={"news": None})
        client.frames()
        client.poll(wait=25)
        SocketClient.vanish(client)
        self.publish("a")
        self.port.clock.advance(1)
        self.assertEqual([frame["data"] for frame in client.poll()], ["a"])

    def test_any_server_will_do(self):
        """One that does not know the session makes another, and goes on from the cursors."""
        finish(self.broker.set_length(NEWS, 9))
        client = self.client(channels={"news": None})
        self.publish("a")
        cursor = client.frames()[-1]["cursor"]
        self.publish("b")
        client.session, client.channels = "that of another server", {"news": cursor}
        frames = client.poll()
        self.assertEqual([frame["type"] for frame in frames], ["welcome", "subscribed", "message"])
        self.assertEqual(frames[-1]["data"], "b")

    def test_a_session_ends_without_requests(self):
        """After its time, and then it is not known any more."""
        client = self.client()
        client.frames()
        session = client.session
        self.port.clock.advance(self.broker.limits.poll_seconds + 1)
        status, _, body = answer(self.port.request("POST", "/comet/poll", {"session": session}))
        self.assertEqual((status, json.loads(body)["error"]["name"]), (404, "unknown_session"))

    def test_a_request_that_waits_keeps_the_session(self):
        """However long that is."""
        client = self.client()
        client.frames()
        client.poll(wait=55)
        self.port.clock.pump([10] * 5)
        self.assertEqual(len(self.port.reception.sessions), 1)

    def test_the_list_of_channels_is_the_whole_list(self):
        """What is missing in it is left."""
        client = self.client(channels={"news": None, "chat": None})
        client.frames()
        client.channels = {"chat": None}
        client.poll()
        self.assertEqual((self.broker.hub.count(NEWS), len(self.broker.hub)), (0, 1))

    def test_the_same_list_again_is_nothing_new(self):
        """It is answered when there is something to say, and then the new channels are told, not the old."""
        client = self.client(channels={"news": None})
        client.frames()
        client.channels = {"news": None}
        self.assertIsNone(client.poll(wait=25))
        waiting = client.browser
        self.port.clock.advance(1)
        self.assertIsNone(answer(waiting))
        client.channels = {"news": None, "chat": None}
        (frame,) = client.poll(wait=25)
        self.assertEqual((frame["type"], set(frame["channels"])), ("subscribed", {"chat"}))

    def test_what_cannot_be_read_is_refused(self):
        """As a whole, with a sentence."""
        for wrong in (
            b"",
            b"{",
            b"[]",
            {"wait": 99},
            {"commands": [1]},
            {"batch": -1},
            {"hello": 1},
            b"\xff",
        ):
            self.assertEqual(answer(self.port.request("POST", "/comet/poll", wrong))[0], 400)
        self.assertEqual(answer(self.port.request("GET", "/comet/poll"))[0], 405)

    def test_no_more_sessions_than_allowed(self):
        """One more is told so."""
        self.serve(browsers=1)
        self.client()
        status, _, _ = answer(self.port.request("POST", "/comet/poll", {"hello": {}}))
        self.assertEqual(status, 503)
