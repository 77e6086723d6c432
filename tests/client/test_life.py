"""Tests of the client's life: connecting, staying connected, coming back, and the end."""

import json

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.client.core import GRACE, HOMESICK
from comet.client.errors import Denied, Interrupted, SentAway, Stopped, TimedOut, TooMany
from comet.client.events import Disconnected, Trouble
from tests.client.scene import Scene, private


class ConnectionTests(SynchronousTestCase):
    """How a client comes, and comes back."""

    def test_hello(self):
        """The first command says who the client is."""
        scene = Scene(user_id=7, key="K", dev_id=3, uuid="U")
        connected = scene.ask(scene.client.connected())
        scene.client.start()
        hello = scene.remote.greet(authorized=True, user_id=7)
        expected = {"cmd": "hello", "version": 1, "dev_id": 3, "user_id": 7, "key": "K", "uuid": "U"}
        self.assertEqual(hello, expected)
        welcome = self.successResultOf(connected)
        self.assertEqual((welcome.authorized, welcome.connection), (True, 17))
        self.assertEqual(scene.client.connection, welcome)

    def test_comes_back(self):
        """A lost connection is replaced after a wait, and both are told."""
        scene = Scene()
        scene.connect()
        scene.remote.close(reason="reset")
        self.assertIsNone(scene.client.connection)
        self.assertEqual(scene.told[-1], Disconnected("ws://a/comet/ws", "reset", 0.25))
        scene.later(0.2)
        self.assertEqual(len(scene.loop.remotes), 1)
        scene.later(0.05)
        scene.remote.greet()
        self.assertEqual(scene.kinds(), ["Connected", "Disconnected", "Connected"])

    def test_next_node(self):
        """A node that cannot be reached makes way for the next one."""
        scene = Scene(["ws://a", "ws://b"])
        scene.client.start()
        scene.remote.close()
        scene.later(1)
        self.assertEqual(scene.remote.url, "ws://b/comet/ws")

    def test_back_home(self):
        """A client that is away looks now and then whether its home is back, and then goes there."""
        scene = Scene(["ws://a", "ws://b"])
        scene.client.start()
        scene.remote.close()
        scene.later(1)
        away = scene.remote
        away.greet(ping=0)
        for _ in range(2):
            scene.later(HOMESICK * 1.5)
            probe = scene.remote
            self.assertEqual(probe.url, "ws://a/comet/ws")
            if _ == 0:
                probe.close()
        self.assertFalse(away.dropped)
        probe.listener.opened()
        self.assertEqual((probe.dropped, away.dropped), (True, True))
        self.assertEqual((scene.remote.url, scene.remote is probe), ("ws://a/comet/ws", False))
        scene.remote.greet()
        scene.later(HOMESICK * 3)
        self.assertEqual(len(scene.loop.remotes), 5)

    def test_no_welcome(self):
        """A server that takes the connection and says nothing is given up."""
        scene = Scene(connect_timeout=5)
        scene.client.start()
        scene.remote.listener.opened()
        silent = scene.remote
        scene.later(5)
        self.assertTrue(silent.dropped)
        scene.later(1)
        self.assertIsNot(scene.remote, silent)

    def test_silence(self):
        """After a silence the client asks whether the server is there, and comes anew if it is not."""
        scene = Scene()
        remote = scene.connect(ping=30)
        scene.later(29)
        remote.tell({"type": "ping", "time": 5})
        scene.later(30 + GRACE - 1)
        self.assertEqual(remote.heard(), [])
        scene.later(1)
        self.assertEqual([each["cmd"] for each in remote.heard()], ["ping"])
        remote.listener.heard()
        scene.later(30 + GRACE)
        self.assertEqual([each["cmd"] for each in remote.heard()], ["ping"])
        self.assertFalse(remote.dropped)
        scene.later(GRACE)
        self.assertTrue(remote.dropped)

    def test_goodbyes(self):
        """After a goodbye below 4500 the client comes back, whether it is a frame or a Close frame."""
        scene = Scene()
        scene.connect()
        scene.remote.tell({"type": "bye", "code": 4001, "final": False, "reason": "slow", "time": 5})
        scene.later(1)
        scene.remote.greet()
        scene.remote.close(4000, "going down")
        scene.later(1)
        self.assertEqual(len(scene.loop.remotes), 3)

    def test_when_to_come_back(self):
        """A goodbye that says when is obeyed, also if that is later than the client would wait by itself."""
        scene = Scene()
        scene.connect()
        bye = {"type": "bye", "code": 4000, "final": False, "reason": "going down", "time": 5}
        scene.remote.tell({**bye, "retry": 90_000})
        self.assertEqual(scene.told[-1], Disconnected("ws://a/comet/ws", "going down", 90.0))
        scene.later(89)
        self.assertEqual(len(scene.loop.remotes), 1)
        scene.later(1)
        self.assertEqual(len(scene.loop.remotes), 2)

    def test_final_goodbyes(self):
        """After one from 4500 on it stays away."""
        for close in (
            lambda remote: remote.tell(
                {"type": "bye", "code": 4500, "final": True, "reason": "r", "time": 5}
            ),
            lambda remote: remote.close(4502, "r"),
        ):
            scene = Scene()
            scene.connect()
            waiting = scene.ask(scene.client.ping())
            close(scene.remote)
            scene.later(100)
            self.assertEqual(len(scene.loop.remotes), 1)
            self.assertGreaterEqual(self.failureResultOf(waiting, SentAway).value.code, 4500)
            self.failureResultOf(scene.ask(scene.client.connected()), SentAway)

    def test_other_close_codes(self):
        """Codes that are no goodbyes of comet are not final."""
        scene = Scene()
        for code in (1000, 1006, 1011, 3000):
            scene.client.start()
            scene.remote.close(code, "")
            scene.later(30)
        self.assertEqual(len(scene.loop.remotes), 5)

    def test_stop(self):
        """A stopped client has dropped its connection, makes no other, and has no alarm set."""
        scene = Scene()
        scene.connect()
        stopped = scene.ask(scene.client.stop())
        self.assertNoResult(stopped)
        self.assertTrue(scene.remote.dropped)
        scene.remote.close(1000, "")
        self.successResultOf(stopped)
        self.assertEqual(scene.loop.clock.getDelayedCalls(), [])
        self.failureResultOf(scene.ask(scene.client.ping()), Stopped)

    def test_stop_while_waiting(self):
        """So does one that is stopped between two attempts."""
        scene = Scene()
        scene.client.start()
        scene.remote.close()
        self.successResultOf(scene.ask(scene.client.stop()))
        scene.later(100)
        self.assertEqual(len(scene.loop.remotes), 1)

    def test_strange_frames(self):
        """What the client does not understand is told as trouble, and passed over if it is merely new."""
        scene = Scene()
        remote = scene.connect()
        scene.told.clear()
        for text in ("{", "[]", '{"type":"message"}', '{"type":"subscribed","channels":[]}', '{"type":7}'):
            remote.listener.received(text)
        self.assertEqual(scene.kinds(), ["Trouble"] * 5)
        remote.listener.received('{"type":"brand_new"}')
        self.assertEqual((scene.kinds(), remote.dropped), ([], False))

    def test_failing_listener(self):
        """A function that is told of everything may fail; that is reported."""
        scene = Scene(tell=lambda _: 1 / 0)
        scene.connect()
        self.assertEqual(len(scene.loop.reports), 1)
        self.assertIsNotNone(scene.client.connection)


class RequestTests(SynchronousTestCase):
    """Questions and answers."""

    def setUp(self):
        self.scene = Scene()

    def answer(self, **more):
        """Answer the last command."""
        remote = self.scene.remote
        remote.tell({"type": "ok", "id": remote.said[-1]["id"], "time": 5, **more})

    def test_publish(self):
        """A text goes as it is, anything else as its JSON."""
        self.scene.connect()
        self.scene.ask(self.scene.client.publish("web_chat", {"a": "ё"}, "line", hide=True))
        (said,) = self.scene.remote.said
        said.pop("id")
        data = {"event": "line", "data": '{"a": "ё"}', "hide": True}
        self.assertEqual(said, {"cmd": "publish", "channel": "web_chat", **data})

    def test_answers(self):
        """Each question has its answer in a form of its own."""
        self.scene.connect()
        client = self.scene.client
        member = {"connection": 17, "user_id": 7, "uuid": "B"}
        for question, answer, expected in (
            (client.publish("web_x", "t"), {"receivers": 2, "cursor": "e:4"}, (2, "e:4")),
            (client.publish("web_x", "t"), {"receivers": 0}, (0, None)),
            (client.count("web_x"), {"count": 2}, 2),
            (client.members("track_x"), {"members": [member]}, [(17, 7, "B")]),
            (client.status(9), {"online": False, "seen": 4}, (False, 4)),
            (client.data(9), {"data": "d"}, "d"),
            (client.history("news", 1), {"messages": [], "cursor": "e:4", "gap": False}, ([], "e:4", False)),
            (client.ping(), {}, None),
        ):
            asked = self.scene.ask(question)
            self.answer(**answer)
            self.assertEqual(self.successResultOf(asked), expected)

    def test_answers_in_any_order(self):
        """Answers find their questions by the id."""
        remote = self.scene.connect()
        asked = [self.scene.ask(self.scene.client.count(name)) for name in ("web_a", "web_b")]
        one, two = (command["id"] for command in remote.heard())
        remote.tell({"type": "ok", "id": two, "count": 2, "time": 5})
        remote.tell({"type": "error", "id": one, "code": 403, "name": "n", "reason": "r", "time": 5})
        self.failureResultOf(asked[0], Denied)
        self.assertEqual(self.successResultOf(asked[1]), 2)

    def test_time_out(self):
        """An answer that does not come in time is not waited for; should it come later, nothing happens."""
        remote = self.scene.connect()
        asked = self.scene.ask(self.scene.client.ping())
        self.scene.later(9)
        self.assertNoResult(asked)
        self.scene.later(1)
        self.failureResultOf(asked, TimedOut)
        self.answer()
        self.assertFalse(remote.dropped)

    def test_without_connection(self):
        """What is asked without a connection is said once there is one, in its order."""
        client = self.scene.client
        client.start()
        waiting = [self.scene.ask(client.count("web_a")), self.scene.ask(client.publish("web_a", "x"))]
        self.scene.remote.greet()
        self.assertEqual([each["cmd"] for each in self.scene.remote.said], ["count", "publish"])
        self.assertNoResult(waiting[0])

    def test_interrupted(self):
        """A lost connection repeats questions, but not what would then be said twice."""
        client = self.scene.client
        self.scene.connect()
        count, publish = self.scene.ask(client.count("web_a")), self.scene.ask(client.publish("web_a", "x"))
        self.scene.reconnect()
        self.failureResultOf(publish, Interrupted)
        self.assertEqual([each["cmd"] for each in self.scene.remote.said], ["count"])
        self.answer(count=3)
        self.assertEqual(self.successResultOf(count), 3)

    def test_too_many(self):
        """There is a limit to what may wait."""
        self.scene = Scene(requests=2)
        self.scene.connect()
        for _ in range(2):
            self.scene.ask(self.scene.client.ping())
        self.failureResultOf(self.scene.ask(self.scene.client.ping()), TooMany)

    def test_given_up(self):
        """A question whose Deferred is cancelled takes up no room any more."""
        self.scene = Scene(requests=1)
        self.scene.connect()
        asked = self.scene.ask(self.scene.client.ping())
        asked.addErrback(lambda _: None)
        asked.cancel()
        self.assertNoResult(self.scene.ask(self.scene.client.ping()))


class PrivateTests(SynchronousTestCase):
    """Messages to one user alone."""

    def acks(self, remote):
        return [each["number"] for each in remote.heard() if each["cmd"] == "ack"]

    def test_callback(self):
        """A message is acknowledged when the callback has returned, and not if that failed."""
        got = []
        scene = Scene(on_private=lambda message: got.append(message.data) or json.loads(message.data))
        remote = scene.connect()
        remote.tell(private(3, "{}"))
        self.assertEqual(self.acks(remote), [3])
        remote.tell(private(4, "no JSON"), private(0, "{}"))
        self.assertEqual((got, self.acks(remote)), (["{}", "no JSON", "{}"], []))
        self.assertEqual(scene.reconnect()["ack"], 3)

    def test_iteration(self):
        """With an iteration, when the next one is asked for; what waits is not."""
        scene = Scene()
        remote = scene.connect()
        remote.tell(private(1), private(2))
        self.assertEqual(self.acks(remote), [])
        stream = aiter(scene.client.private)
        self.successResultOf(Deferred.fromCoroutine(anext(stream)))
        self.assertEqual(self.acks(remote), [])
        self.successResultOf(Deferred.fromCoroutine(anext(stream)))
        self.assertEqual(self.acks(remote), [1])

    def test_duplicates(self):
        """A number that is not above the last one is passed over."""
        got = []
        scene = Scene(on_private=lambda message: got.append(message.number))
        scene.connect()
        scene.remote.tell(private(1), private(2))
        scene.reconnect()
        scene.remote.tell(private(1), private(2), private(3), private(3))
        self.assertEqual(got, [1, 2, 3])


class KeyTests(SynchronousTestCase):
    """Keys that are made anew."""

    def setUp(self):
        self.keys = []
        self.scene = Scene(user_id=7, key=self.make)

    def make(self):
        self.keys.append(f"K{len(self.keys)}")
        return self.keys[-1]

    def test_before_each_connection(self):
        """Each connection has a key of its own."""
        self.scene.client.start()
        self.assertEqual(self.scene.remote.greet()["key"], "K0")
        self.assertEqual(self.scene.reconnect()["key"], "K1")

    def test_renewed(self):
        """A token is renewed before it runs out, again and again."""
        self.scene.client.start()
        self.scene.remote.greet(expires=1100, time=1000, ping=0)
        remote = self.scene.remote
        self.scene.later(79)
        self.assertEqual(remote.said, [])
        self.scene.later(1)
        (said,) = remote.heard()
        self.assertEqual((said["cmd"], said["token"]), ("refresh", "K1"))
        remote.tell({"type": "ok", "id": said["id"], "expires": 1180, "time": 1080})
        self.scene.later(80)
        self.assertEqual([each["token"] for each in remote.heard()], ["K2"])

    def test_none_to_be_had(self):
        """If there is no new token that is told, and tried again; so it is before a connection."""
        self.scene.client.start()
        self.scene.remote.greet(expires=1100, time=1000, ping=0)
        self.make = None
        scene = Scene(user_id=7, key=self.fail_twice)
        self.tries = 0
        scene.client.start()
        self.assertEqual(scene.loop.remotes, [])
        self.assertIsInstance(scene.told[-1], Disconnected)
        self.assertIn("no luck", scene.told[-1].reason)
        scene.later(1)
        scene.later(1)
        scene.remote.greet(expires=1100, time=1000, ping=0)
        self.tries = 1
        scene.later(80)
        self.assertEqual(scene.told[-1], Trouble("there is no new key: no luck"))
        scene.later(GRACE)
        self.assertEqual([each["cmd"] for each in scene.remote.heard()], ["refresh"])

    def fail_twice(self):
        self.tries += 1
        if self.tries <= 2:
            raise OSError("no luck")
        return "K"

    def test_asynchronous(self):
        """The function may be a coroutine; a client that is stopped meanwhile makes no connection."""
        turn = Deferred()

        async def make():
            return await turn

        scene = Scene(user_id=7, key=make)
        scene.client.start()
        stopped = scene.ask(scene.client.stop())
        turn.callback("K")
        self.successResultOf(stopped)
        self.assertEqual(scene.loop.remotes, [])

    def test_refused(self):
        """A new token that the server refuses is told as trouble."""
        self.scene.client.start()
        self.scene.remote.greet(expires=1100, time=1000, ping=0)
        self.scene.later(80)
        (said,) = self.scene.remote.heard()
        error = {"type": "error", "id": said["id"], "code": 403, "name": "n", "reason": "other user"}
        self.scene.remote.tell(error | {"time": 5})
        self.assertEqual(self.scene.told[-1], Trouble("the new key was refused: other user"))
