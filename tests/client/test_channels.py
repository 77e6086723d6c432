"""Tests of subscriptions: over all connections, once and in order, and with gaps told."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from comet.client.errors import Denied, Ended, SentAway, TimedOut
from comet.client.events import Gap, Joined, Left, Message, StatusChanged
from tests.client.scene import WELCOME, Scene, message, subscribed

NOT_ALLOWED = {
    "type": "error",
    "code": 403,
    "name": "not_allowed",
    "reason": "signed-in users only",
    "time": 5,
}


def read(subscription, most=100):
    """@return: what waits in a subscription, as it is; it is not waited for more."""
    found = []

    async def run():
        async for item in subscription.everything():
            found.append(item)
            if len(found) == most:
                break

    Deferred.fromCoroutine(run()).addErrback(found.append)
    return found


class ChannelCase(SynchronousTestCase):
    """A client that is connected."""

    def setUp(self):
        self.scene = Scene()
        self.remote = self.scene.connect()

    def subscribe(self, channel="news", callback=None, since=None, **answer):
        """@return: a subscription that the server agrees to."""
        asked = self.scene.ask(self.scene.client.subscribe(channel, callback, since=since))
        self.scene.remote.tell(subscribed(**{channel: answer}))
        return self.successResultOf(asked)


class SubscriptionTests(ChannelCase):
    """One channel."""

    def test_agreed(self):
        """A subscription is there when the server has agreed."""
        asked = self.scene.ask(self.scene.client.subscribe("news", since="e:41"))
        self.assertEqual(self.remote.heard(), [{"cmd": "subscribe", "channels": {"news": "e:41"}}])
        self.assertNoResult(asked)
        self.remote.tell(subscribed(news={}))
        self.assertEqual(self.successResultOf(asked).name, "news")

    def test_refused(self):
        """If the server does not agree, that is raised, and the next connection does not ask again."""
        asked = self.scene.ask(self.scene.client.subscribe("private_x"))
        self.remote.tell(NOT_ALLOWED | {"channel": "private_x"})
        error = self.failureResultOf(asked, Denied).value
        self.assertEqual((error.code, error.name, str(error)), (403, "not_allowed", "signed-in users only"))
        self.assertNotIn("channels", self.scene.reconnect())

    def test_refused_later(self):
        """A channel that another connection does not get ends its iteration with the error."""
        found = read(self.subscribe("news"))
        self.scene.reconnect()
        self.scene.remote.tell(NOT_ALLOWED | {"channel": "news"})
        self.assertIsNotNone(found[0].check(Denied))

    def test_no_answer(self):
        """A server that does not answer in time is not waited for longer."""
        asked = self.scene.ask(self.scene.client.subscribe("news"))
        self.scene.later(11)
        self.failureResultOf(asked, TimedOut)
        self.assertEqual(self.remote.heard()[-1], {"cmd": "unsubscribe", "channels": ["news"]})

    def test_iteration(self):
        """Messages come in their order, with all that the server said of them."""
        found = read(self.subscribe())
        self.remote.tell(message(cursor="e:1", data="{}", user_id=7), message(cursor="e:2"))
        self.assertEqual(found[0], Message("news", "e", "{}", 5, "e:1", 7))
        self.assertEqual(found[0].value(), {})
        self.assertEqual([each.cursor for each in found], ["e:1", "e:2"])

    def test_callback(self):
        """A callback gets the messages; its failure is reported, and does not keep others from coming."""
        got = []

        def take(message):
            got.append(message.data)
            raise ValueError("a bug")

        self.subscribe(callback=take)
        self.remote.tell(message(data="one"), message(data="two"))
        self.assertEqual((got, len(self.scene.loop.reports)), (["one", "two"], 2))

    def test_several_lines(self):
        """One WebSocket message may hold several frames; strange line ends in a text cut nothing."""
        found = read(self.subscribe())
        text = '{"type":"message","channel":"news","event":"","data":"%s","time":5}'
        self.remote.listener.received(text % "a\u2028b" + "\n" + text % "c")
        self.assertEqual([each.data for each in found], ["a\u2028b", "c"])

    def test_who_comes_and_goes(self):
        """Joins, leaves and changes of status are told in their place."""
        found = read(self.subscribe("track_room"))
        more = {"channel": "track_room", "connection": 18, "user_id": 9, "uuid": "C", "time": 5}
        self.remote.tell({"type": "joined", **more}, {"type": "left", **more})
        more = {"channel": "track_room", "user_id": 9, "online": True, "time": 5}
        self.remote.tell({"type": "status", **more})
        person = ("track_room", 18, 9, "C", 5)
        status = StatusChanged("track_room", 9, True, 5)
        self.assertEqual(found, [Joined(*person), Left(*person), status])

    def test_cancel(self):
        """A cancelled subscription ends; the server is told when it was the last one of its channel."""
        one, two = self.subscribe(), self.subscribe()
        self.remote.heard()
        found = read(one)
        one.cancel()
        self.assertEqual(self.remote.heard(), [])
        self.remote.tell(message())
        self.assertEqual(found, [])
        two.cancel()
        self.assertEqual(self.remote.heard(), [{"cmd": "unsubscribe", "channels": ["news"]}])

    def test_bounded(self):
        """What the program does not take makes room for what is newer, and how much that was is told."""
        scene = self.scene = Scene(buffer=3)
        scene.connect()
        subscription = self.subscribe()
        scene.remote.tell(*(message(data=str(number)) for number in range(5)))
        gap, *rest = read(subscription)
        self.assertEqual((gap, [each.data for each in rest]), (Gap("news", 2), ["2", "3", "4"]))
        self.assertEqual(subscription.dropped, 2)

    def test_sent_away(self):
        """A final goodbye ends every iteration with what the server said."""
        found = read(self.subscribe())
        self.remote.tell({"type": "bye", "code": 4501, "final": True, "reason": "too many", "time": 5})
        self.assertIsNotNone(found[0].check(SentAway))
        self.failureResultOf(self.scene.ask(self.scene.client.subscribe("other")), Ended)

    def test_stop(self):
        """Stopping ends every iteration without an error."""
        found = read(self.subscribe())
        self.scene.ask(self.scene.client.stop())
        self.assertEqual((found, self.remote.dropped), ([], True))


class ResumeTests(ChannelCase):
    """The same channel over several connections."""

    def test_goes_on_where_it_was(self):
        """Another connection subscribes anew, from the cursor of the last message that came."""
        self.subscribe("news", cursor="e:1")
        self.subscribe("chat")
        self.remote.tell(message(cursor="e:2"))
        hello = self.scene.reconnect()
        self.assertEqual(hello["channels"], {"news": "e:2", "chat": None})

    def test_duplicates(self):
        """What was seen is not told again; another epoch is."""
        found = read(self.subscribe(cursor="e:9"))
        self.remote.tell(*(message(cursor=each) for each in ("e:9", "e:10", "e:8", "e:10", "f:1", "f:1")))
        self.assertEqual([each.cursor for each in found], ["e:10", "f:1"])

    def test_lost_while_catching_up(self):
        """A connection that is lost between missed messages loses none of them."""
        found = read(self.subscribe(cursor="e:1"))
        self.scene.reconnect()
        self.scene.remote.tell(subscribed(cursor="e:3", missed=2, news={}), message(cursor="e:2"))
        self.assertEqual(self.scene.reconnect()["channels"], {"news": "e:2"})
        self.scene.remote.tell(subscribed(cursor="e:3", missed=1, news={}), message(cursor="e:3"))
        self.assertEqual([each.cursor for each in found], ["e:2", "e:3"])

    def test_gap(self):
        """What the server no longer has is told, before what it still has."""
        found = read(self.subscribe(cursor="e:1"))
        self.scene.reconnect()
        self.scene.remote.tell(subscribed(cursor="f:3", missed=1, gap=True, news={}), message(cursor="f:3"))
        self.assertEqual([type(each) for each in found], [Gap, Message])
        self.assertEqual(self.scene.client.cursors(), {"news": "f:3"})

    def test_changed_while_greeting(self):
        """What the program wants between hello and welcome is asked for after it."""
        old = self.subscribe("old")
        self.remote.close()
        self.scene.later(1)
        remote = self.scene.remote
        remote.listener.opened()
        remote.heard()
        old.cancel()
        asked = self.scene.ask(self.scene.client.subscribe("new"))
        self.assertEqual(remote.heard(), [])
        self.scene.told.clear()
        remote.tell(WELCOME)
        self.assertEqual(
            remote.heard(),
            [
                {"cmd": "subscribe", "channels": {"new": None}},
                {"cmd": "unsubscribe", "channels": ["old"]},
            ],
        )
        remote.tell(subscribed(new={}))
        self.successResultOf(asked)

    def test_before_the_first_connection(self):
        """A subscription that is made without a connection comes with it."""
        scene = Scene()
        asked = scene.ask(scene.client.subscribe("news", since="e:5"))
        scene.client.start()
        self.assertEqual(scene.remote.greet()["channels"], {"news": "e:5"})
        scene.remote.tell(subscribed(news={}))
        self.successResultOf(asked)
