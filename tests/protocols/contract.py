"""What every way of connecting promises; mix into a test case and name the class of the client."""

from __future__ import annotations

import gc
import weakref

from twisted.internet.task import Clock

from comet.model import Channel, Goodbye, Message, PrivateMessage, User
from comet.turn import Turn
from tests.protocols.clients import Port, SocketClient
from tests.running import finish, make_broker
from tests.storage.contract import NASTY

NEWS = Channel(0, "news")
ANN = User(0, 7)


class TransportContract:
    """The promises to clients of both dialects, over any transport."""

    client_class = None
    limits = {"outbox_messages": 20}

    def setUp(self):
        self.serve()

    def serve(self, **limits):
        clock = Clock()
        turn = Turn(lambda write: clock.callLater(0, write), clock.seconds)
        self.broker = make_broker(time=50, turn=turn, **{**self.limits, **limits})
        finish(self.broker.store.set_key(ANN, "key7"))
        self.port = Port(self.broker, clock)

    def client(self, **hello):
        return self.client_class(self.port, **hello)

    def ann(self, **hello):
        return self.client(user_id=7, key="key7", **hello)

    def publish(self, text, event="say", channel=NEWS):
        return finish(self.broker.publish(Message(channel, event, text, 50)))

    def types(self, client):
        return [frame["type"] for frame in client.frames()]

    def test_the_welcome_comes_first(self):
        """It tells whether the key was right; a wrong one makes a stranger, who stays."""
        for hello, user_id in (
            ({}, 0),
            ({"user_id": 7, "key": "key7"}, 7),
            ({"user_id": 7, "key": "wrong"}, 0),
            ({"dev_id": 1, "user_id": 7, "key": "key7"}, 0),
        ):
            welcome, *rest = self.client(**hello).frames()
            self.assertEqual((welcome["type"], welcome["user_id"]), ("welcome", user_id))
            self.assertEqual((welcome["authorized"], rest), (user_id > 0, []))

    def test_text_arrives_as_it_was_sent(self):
        """Every character of it, in the order of sending, to all who listen and to nobody else."""
        one, two, other = self.client(), self.client(), self.client()
        for client in (one, two):
            client.say(cmd="subscribe", channel="news")
        other.say(cmd="subscribe", channel="weather")
        texts = [NASTY, '{"a": "it\'s"}', "", "x" * 70_000, '"']
        for text in texts:
            self.publish(text)
        for client in (one, two):
            self.assertEqual(client.messages(), [("news", "say", text) for text in texts])
        self.assertEqual(other.messages(), [])

    def test_tenants_do_not_meet(self):
        """A channel of the same name of another tenant is another channel."""
        here, there = self.client(), self.client(dev_id=1)
        for client in (here, there):
            client.say(cmd="subscribe", channel="news")
        self.publish("x")
        self.assertEqual((len(here.messages()), there.messages()), (1, []))

    def test_leaving_a_channel(self):
        """Nothing comes from it any more, and what is not left goes on."""
        client = self.client(channels={"news": None, "chat": None})
        client.say(cmd="unsubscribe", channels=["news"])
        self.publish("x")
        self.publish("y", channel=Channel(0, "chat"))
        self.assertEqual(client.messages(), [("chat", "say", "y")])

    def test_clients_publish_to_each_other(self):
        """Others hear who it was; the sender does not hear it, but how many did."""
        ann, bob = self.ann(channels={"web_chat": None}), self.client(channels={"web_chat": None})
        bob.frames()
        (report,) = ann.ask(cmd="publish", id=1, channel="web_chat", event="line", data=NASTY)
        self.assertEqual((report["type"], report["receivers"]), ("ok", 1))
        (message,) = bob.frames()
        self.assertEqual((message["user_id"], message["event"], message["data"]), (7, "line", NASTY))
        ann.say(cmd="publish", id=2, channel="web_chat", data="x", hide=True)
        self.assertEqual(bob.frames()[0]["user_id"], 0)

    def test_what_is_not_allowed_is_refused(self):
        """With a sentence; nobody hears of it, and the connection goes on."""
        client, listener = self.client(), self.client(channels={"news": None, "webauth_x": None})
        listener.frames()
        for name, word in (("news", "token"), ("webauth_x", "signed-in")):
            (error,) = client.ask(cmd="publish", id=1, channel=name, data="x")
            self.assertEqual(error["type"], "error")
            self.assertIn(word, error["reason"])
        (error,) = [
            frame
            for frame in client.ask(cmd="subscribe", channels={"private_x": None, "news": None})
            if frame["type"] == "error"
        ]
        self.assertIn("private_x", error["reason"])
        self.assertEqual(listener.frames(), [])
        self.publish("x")
        self.assertEqual(len(client.messages()), 1)

    def test_who_comes_and_goes(self):
        """Is told to those who were there before, once; and who is there can be asked."""
        first = self.client(uuid="F", channels={"track_room": None})
        first.frames()
        second = self.ann(uuid="S", channels={"track_room": None})
        second.say(cmd="subscribe", channels={"track_room": None, "other": None})
        (joined,) = first.frames()
        self.assertEqual((joined["type"], joined["user_id"], joined["uuid"]), ("joined", 7, "S"))
        (answer,) = first.ask(cmd="members", id=1, channel="track_room")
        self.assertEqual(
            [(each["user_id"], each["uuid"]) for each in answer["members"]], [(7, "S"), (0, "F")]
        )
        (answer,) = first.ask(cmd="count", id=1, channel="track_room")
        self.assertEqual(answer["count"], 2)
        second.say(cmd="unsubscribe", channels=["track_room"])
        self.assertEqual([frame["type"] for frame in first.frames()], ["left"])

    def test_a_user_comes_online_and_goes(self):
        """Those who listen to the user's status hear it."""
        friend = self.client(channels={"user_status_7": None})
        friend.frames()
        ann = self.ann()
        self.assertEqual([frame["online"] for frame in friend.frames()], [True])
        ann.vanish()
        if self.client_class.transport != "longpoll":
            self.assertEqual([frame["online"] for frame in friend.frames()], [False])
        self.assertNotIn(ANN, self.broker.presence)

    def test_private_messages_wait_and_come_live(self):
        """First what has waited, in order, then what is sent now; to all devices."""
        for text in (NASTY, "b"):
            finish(self.broker.send_private(PrivateMessage(ANN, "n", text, 40)))
        phone = self.ann()
        desk = self.ann() if self.client_class.__name__ == "LineClient" else None
        finish(self.broker.send_private(PrivateMessage(ANN, "n", "c", 50)))
        self.assertEqual([text for _, _, text in phone.messages()], [NASTY, "b", "c"])
        if desk:
            self.assertEqual([text for _, _, text in desk.messages()], ["c"])
        self.assertEqual(self.client().messages(), [])

    def test_who_reads_too_slowly_is_dropped(self):
        """With a goodbye that says so and lets it come back; the others do not notice."""
        slow, other = self.client(channels={"news": None}), self.client(channels={"web_x": None})
        slow.frames()
        slow.stop_reading()
        for number in range(30):
            self.publish(str(number))
        self.assertEqual(self.broker.hub.count(NEWS), 0)
        bye = slow.frames()[-1]
        self.assertEqual((bye["type"], bye["code"], bye["final"]), ("bye", Goodbye.SLOW.code, False))
        self.publish("x", channel=Channel(0, "web_x"))
        self.assertEqual(len(other.messages()), 1)

    def test_a_connection_can_be_killed(self):
        """Its client is told to stay away."""
        client = self.client(channels={"news": None})
        client.frames()
        (connection,) = self.broker.connections.seen_by(0)
        about = connection.about
        self.assertEqual((about.transport, about.channels), (self.client_class.transport, 1))
        connection.kill()
        (bye,) = client.frames()
        self.assertEqual((bye["type"], bye["code"], bye["final"]), ("bye", 4500, True))
        self.assertEqual(self.broker.connections.seen_by(0), [])

    def test_the_server_goes_down(self):
        """Everybody is told, and may come back."""
        clients = [self.client(), self.ann()]
        for client in clients:
            client.frames()
        self.port.reception.lose_all(Goodbye.SHUTDOWN)
        for client in clients:
            (bye,) = client.frames()
            self.assertEqual((bye["code"], bye["final"]), (4000, False))

    def test_nothing_is_left_of_who_has_gone(self):
        """No subscription, no session, nobody online; and the counters say so."""
        client = self.ann(channels={"news": None, "track_x": None})
        traffic = self.port.reception.traffic
        self.assertEqual((traffic.online.total(), traffic.added), (1, 1))
        client.vanish()
        self.assertEqual((len(self.broker.hub), len(self.port.reception.sessions)), (0, 0))
        self.assertEqual((traffic.online.total(), traffic.removed), (0, 1))
        self.assertEqual(self.broker.connections.seen_by(0), [])

    def test_who_has_gone_is_forgotten_at_once(self):
        """Memory does not wait for the garbage collector, which looks for it seldom."""
        client = self.ann(channels={"news": None})
        self.publish("a")
        client.frames()
        left = [weakref.ref(session) for session in self.port.reception.sessions]
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        client.vanish()
        # What comes now and then, and finds that nobody is there any more, is all that knew of them.
        self.port.clock.pump([10] * 6)
        self.assertEqual([session() for session in left], [None])


class JsonContract(TransportContract):
    """The promises to clients that speak JSON, over any transport."""

    def keep_history(self, length=10):
        finish(self.broker.set_length(NEWS, length))

    def cursor(self, client):
        """@return: the cursor of the last message or subscription that a client was told of."""
        frames = [frame for frame in client.frames() if frame["type"] in ("message", "subscribed")]
        last = frames[-1]
        return last["cursor"] if last["type"] == "message" else last["channels"]["news"]["cursor"]

    def test_calls(self):
        """Ring, are taken, carry signals in order, and end, whoever calls whom."""
        finish(self.broker.store.set_key(User(0, 8), "key8"))
        for caller_id, called_id in ((7, 8), (8, 7)):
            clients = {7: self.ann(), 8: SocketClient(self.port, user_id=8, key="key8")}
            caller, called = clients[caller_id], clients[called_id]
            called.frames()
            room = caller.ask(cmd="call", id=1, user_id=called_id)[0]["room"]
            (ring,) = called.frames()
            self.assertEqual((ring["type"], ring["caller_id"], ring["room"]), ("ring", caller_id, room))
            seats = [each["seat"] for each in called.ask(cmd="join", id=1, room=room)[0]["members"]]
            self.assertEqual([frame["type"] for frame in caller.frames()][-2:], ["entered", "answered"])
            for number in range(3):
                caller.say(cmd="signal", room=room, to=seats[1], data={"n": number})
                called.say(cmd="signal", room=room, to=seats[0], data={"n": number})
            for client in (caller, called):
                said = [frame["data"]["n"] for frame in client.frames() if frame["type"] == "signal"]
                self.assertEqual(said, [0, 1, 2])
            caller.say(cmd="leave", id=2, room=room)
            self.assertEqual([frame["type"] for frame in called.frames()], ["gone", "ended"])
            for client in (caller, called):
                client.vanish()

    def test_who_comes_back_gets_what_was_missed(self):
        """In order and once, then what is said now; nothing of it if nothing was missed."""
        self.keep_history()
        client = self.client(channels={"news": None})
        self.publish("a")
        cursor = self.cursor(client)
        client.vanish()
        for text in "bcd":
            self.publish(text)
        again = self.client(channels={"news": cursor})
        self.publish("e")
        frames = again.frames()
        told = frames[1]["channels"]["news"]
        self.assertEqual((told["missed"], told["gap"]), (3, False))
        self.assertEqual([frame["data"] for frame in frames[2:]], list("bcde"))
        third = self.client(channels={"news": frames[-1]["cursor"]})
        self.assertEqual(third.frames()[1]["channels"]["news"]["missed"], 0)

    def test_a_gap_is_told(self):
        """If something is gone, or was never kept; what is left comes."""
        self.keep_history(2)
        client = self.client(channels={"news": None})
        self.publish("a")
        cursor = self.cursor(client)
        for text in "bcd":
            self.publish(text)
        again = self.client(channels={"news": cursor})
        frames = again.frames()
        told = frames[1]["channels"]["news"]
        self.assertEqual((told["missed"], told["gap"]), (2, True))
        self.assertEqual([frame["data"] for frame in frames[2:]], ["c", "d"])
        finish(self.broker.remove_channels([NEWS]))
        told = self.client(channels={"news": cursor}).frames()[1]["channels"]["news"]
        self.assertEqual(told, {"cursor": None, "gap": True, "missed": 0})

    def test_many_missed_messages_do_not_make_a_slow_reader(self):
        """More than an outbox holds come in portions, as they are taken."""
        self.serve(history=99)
        self.keep_history(99)
        self.publish("first")
        cursor = str(finish(self.broker.store.places([NEWS]))[NEWS])
        for number in range(90):
            self.publish(str(number))
        client = self.client(channels={"news": cursor})
        found = [text for _, _, text in client.messages()]
        for _ in range(9):
            found += [text for _, _, text in client.messages()]
        self.assertEqual(found, [str(number) for number in range(90)])

    def test_private_messages_wait_until_they_are_acknowledged(self):
        """What has not been comes again; what has been does not, nor what a hello says has arrived."""
        for text in "abc":
            finish(self.broker.send_private(PrivateMessage(ANN, "n", text, 40)))
        client = self.ann()
        numbers = [frame["number"] for frame in client.frames() if frame["type"] == "private"]
        client.say(cmd="ack", number=numbers[0])
        client.vanish()
        again = self.ann()
        self.assertEqual([text for _, _, text in again.messages()], ["b", "c"])
        again.vanish()
        self.assertEqual([text for _, _, text in self.ann(ack=numbers[1]).messages()], ["c"])

    def test_nobody_acknowledges_what_they_were_not_given(self):
        """A number out of the air takes nothing from the queue."""
        client = self.ann()
        client.say(cmd="ack", number=2**50)
        client.vanish()
        finish(self.broker.send_private(PrivateMessage(ANN, "n", "a", 40)))
        self.assertEqual([text for _, _, text in self.ann().messages()], ["a"])

    def test_answers_have_the_id_of_the_question(self):
        """Errors, too; and what is no command at all is told."""
        client = self.client()
        for command, kind in (
            ({"cmd": "ping", "id": "x"}, "ok"),
            ({"cmd": "count", "id": 2, "channel": "track_x"}, "ok"),
            ({"cmd": "count", "id": 3, "channel": "news"}, "error"),
            ({"cmd": "nope", "id": 4}, "error"),
            ({"cmd": "subscribe", "id": 5, "channel": "news"}, "subscribed"),
            ({"cmd": "history", "id": 6, "channel": "news"}, "ok"),
            ({"cmd": "status", "id": 7, "user_id": 7}, "ok"),
            ({"cmd": "data", "id": 8, "user_id": 7}, "ok"),
            ({"cmd": "unsubscribe", "id": 9, "channel": "news"}, "ok"),
            ({"cmd": "hello", "id": 10}, "error"),
        ):
            (frame,) = client.ask(**command)
            self.assertEqual((frame["type"], frame["id"]), (kind, command["id"]))
        self.assertEqual(client.ask(cmd="ping"), [])
        self.assertEqual([frame["type"] for frame in client.ask(wrong=1)], ["error"])

    def test_history_in_one_answer(self):
        """The newest, or those behind a place, and whether there is a gap."""
        self.keep_history(3)
        client = self.client()
        for text in "abcde":
            self.publish(text)
        (page,) = client.ask(cmd="history", id=1, channel="news", limit=2)
        self.assertEqual([message["data"] for message in page["messages"]], ["d", "e"])
        (page,) = client.ask(cmd="history", id=1, channel="news", since=page["messages"][0]["cursor"])
        self.assertEqual(([message["data"] for message in page["messages"]], page["gap"]), (["e"], False))
        epoch = page["cursor"].partition(":")[0]
        (page,) = client.ask(cmd="history", id=1, channel="news", since=f"{epoch}:1", limit=1)
        self.assertEqual(([message["data"] for message in page["messages"]], page["gap"]), (["c"], True))

    def test_no_more_channels_than_allowed(self):
        """Those beyond are refused one by one, those within are kept."""
        self.serve(channels=3)
        client = self.client(channels={"a1": None, "b1": None})
        client.frames()
        frames = client.ask(cmd="subscribe", channels={"a1": None, "c1": None, "d1": None})
        self.assertEqual([frame["type"] for frame in frames], ["error", "subscribed"])
        self.assertEqual((frames[0]["channel"], set(frames[1]["channels"])), ("d1", {"a1", "c1"}))

    def test_an_impossible_tenant_is_refused(self):
        """At the door."""
        found = self.refused_hello(dev_id=2**30)
        self.assertIn("dev_id", found)
