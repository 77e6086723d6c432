"""Tests for L{comet.protocols.janus.link} and L{comet.protocols.janus.socket}, with a Janus in memory."""

from __future__ import annotations

from itertools import pairwise

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.janus.exchange import PATIENCE_SECONDS
from comet.protocols.janus.link import KEEPALIVE_SECONDS, LONGEST_WAIT, Link
from comet.protocols.janus.socket import endpoint_of
from comet.protocols.janus.wire import JanusAway, JanusError
from tests.protocols.janus.memory import MemoryJanus


class Listener:
    """Remembers what it was told."""

    def __init__(self):
        self.told = []

    def session_opened(self):
        self.told.append("opened")

    def session_closed(self):
        self.told.append("closed")

    def happened(self, event):
        self.told.append(event)


class LinkCase(SynchronousTestCase):
    """A link, and a Janus."""

    def setUp(self):
        self.clock = Clock()
        self.janus = MemoryJanus(self.clock, "s3cret")
        self.listener = Listener()
        self.link = Link(self.clock, "ws://janus.example:8188", "s3cret", self.janus, lambda: 1.0)
        self.warnings = []
        self.patch(Logger, "warn", lambda _, format, **fields: self.warnings.append(format.format(**fields)))

    def start(self):
        self.link.start(self.listener)
        self.janus.pump()

    def stop(self):
        stopped = Deferred.fromCoroutine(self.link.stop())
        self.janus.pump()
        self.successResultOf(stopped)

    def run_up(self, coroutine):
        """@return: what will come of it, once all is said that is to be said."""
        outcome = Deferred.fromCoroutine(coroutine)
        self.janus.pump()
        return outcome


class LifeTests(LinkCase):
    """How the link comes up, and goes, and comes again."""

    def test_comes_up(self):
        """It looks who is there, makes a session, and says so."""
        self.assertIn("not connected yet", self.link.problem)
        self.start()
        self.assertEqual([each["janus"] for each in self.janus.asked], ["info", "create"])
        self.assertEqual(self.listener.told, ["opened"])
        self.assertEqual((self.link.is_up, self.link.problem), (True, ""))

    def test_tries_again(self):
        """While Janus is down it is tried again, ever more seldom, and said once why."""
        self.janus.is_down = True
        self.start()
        times = []
        for _ in range(200):
            before = self.janus.connections
            self.janus.pass_time(0.5)
            times += [self.clock.seconds()] * (self.janus.connections - before)
        waits = [round(late - early, 1) for early, late in pairwise(times)]
        self.assertEqual(times[0], 0.5)
        self.assertEqual(waits[:4], [1.0, 2.0, 4.0, LONGEST_WAIT])
        self.assertEqual(set(waits[3:]), {LONGEST_WAIT})
        self.assertEqual(len(self.warnings), 1)
        self.assertIn("refused", self.link.problem)
        self.assertTrue(self.link.is_away)
        self.janus.is_down = False
        self.janus.pass_time(LONGEST_WAIT)
        self.assertEqual((self.listener.told, self.link.is_away), (["opened"], False))

    def test_lost_and_found(self):
        """When the connection is lost, the session is, and another one is made."""
        self.start()
        self.janus.kill()
        self.assertEqual(self.listener.told, ["opened", "closed"])
        self.assertEqual((self.link.is_up, self.link.is_away), (False, False))
        self.janus.is_down = False
        self.janus.pass_time(1)
        self.assertEqual(self.listener.told, ["opened", "closed", "opened"])
        self.assertTrue(self.link.is_up)

    def test_shows_that_it_is_there(self):
        """If nothing is asked, it tells Janus that it is there, thrice before it would be forgotten."""
        kept, keep = [], self.janus.on_keepalive
        self.patch(self.janus, "on_keepalive", lambda *told: (kept.append(self.clock.seconds()), keep(*told)))
        for timeout, times in ((60, 3), (0, 3), (6, 15)):
            self.janus.timeout = timeout
            self.start()
            self.janus.pass_time(3 * KEEPALIVE_SECONDS)
            self.assertEqual(len(kept), times)
            self.assertEqual(self.listener.told, ["opened"])
            self.stop()
            kept.clear()
            self.listener.told.clear()

    def test_silence(self):
        """A Janus that answers nothing any more counts as lost."""
        self.start()
        self.janus.is_mute = True
        self.janus.pass_time(KEEPALIVE_SECONDS + PATIENCE_SECONDS + 2)
        self.assertEqual(self.listener.told, ["opened", "closed"])
        self.assertIn("does not answer", self.link.problem)

    def test_silence_at_the_door(self):
        """One that does not even say who it is likewise, and is tried again."""
        self.janus.is_mute = True
        self.start()
        self.janus.pass_time(PATIENCE_SECONDS + 2)
        self.assertEqual((self.listener.told, self.janus.connections), ([], 2))
        self.janus.is_mute = False
        self.janus.pass_time(PATIENCE_SECONDS + 2)
        self.assertEqual(self.listener.told, ["opened"])

    def test_session_that_is_forgotten(self):
        """A session that Janus has ended is made anew, whether it says so or is found out."""
        for forget in (
            lambda link: link.say(janus="timeout", session_id=link.session),
            lambda link: setattr(link, "session", 7),
        ):
            self.janus.is_down = False
            self.listener.told.clear()
            link = Link(self.clock, "ws://janus.example:8188", "s3cret", self.janus, lambda: 1.0)
            link.start(self.listener)
            self.janus.pump()
            forget(self.janus.links[-1])
            self.janus.pass_time(KEEPALIVE_SECONDS + 2)
            self.assertEqual(self.listener.told, ["opened", "closed", "opened"])

    def test_leaves(self):
        """When it stops, it says so to Janus, and does not come again."""
        self.start()
        self.stop()
        self.assertEqual(self.janus.asked[-1]["janus"], "destroy")
        self.janus.pass_time(60)
        self.assertEqual((self.janus.links, self.janus.connections), ([], 1))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_leaves_a_mute_one(self):
        """It does not wait long for a Janus that does not answer."""
        self.start()
        self.janus.is_mute = True
        stopped = Deferred.fromCoroutine(self.link.stop())
        self.janus.pump()
        self.assertNoResult(stopped)
        self.janus.pass_time(1)
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_leaves_before_it_is_there(self):
        """It may stop while it waits, and while it connects."""
        self.janus.is_down = True
        self.start()
        self.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        cancelled = []
        connecting = Deferred(cancelled.append)
        self.patch(self.janus, "connect", lambda factory: connecting)
        link = Link(self.clock, "ws://janus.example:8188", "", self.janus)
        link.start(self.listener)
        self.successResultOf(Deferred.fromCoroutine(link.stop()))
        self.assertEqual(cancelled, [connecting])
        self.assertEqual(self.clock.getDelayedCalls(), [])


class StrangerTests(LinkCase):
    """What is no Janus, or none of use."""

    def assertProblem(self, what):
        self.start()
        self.janus.pass_time(3)
        self.assertEqual(self.listener.told, [])
        self.assertIn(what, self.link.problem)
        self.assertEqual(len(self.warnings), 1)

    def test_wrong_secret(self):
        """That the secret is wrong is said as Janus says it; the secret is not."""
        self.janus.secret = "another"
        self.assertProblem("wrong or missing secret")
        self.assertNotIn("s3cret", "".join(self.warnings))

    def test_too_old(self):
        """A Janus from before 1.0 has no subscriptions of several streams."""
        self.janus.version = 909
        self.assertProblem("1.0 or later is needed")

    def test_without_videoroom(self):
        """The plug-in is needed."""
        self.janus.plugins = {"janus.plugin.echotest": {}}
        self.assertProblem("it has no janus.plugin.videoroom")

    def test_another_server(self):
        """A WebSocket server that does not speak the protocol is none."""
        self.janus.subprotocol = "chat"
        self.assertProblem("does not speak janus-protocol")

    def test_no_json(self):
        """What sends no JSON is none, even if it was one before."""
        self.start()
        self.janus.links[0].sendMessage(b"hello")
        self.janus.pump()
        self.assertEqual(self.listener.told, ["opened", "closed"])
        self.assertIn("no JSON", self.link.problem)

    def test_no_number(self):
        """What makes a session without a number is none."""
        self.patch(self.janus, "on_create", lambda link, told: link.answer(told, data={}))
        self.assertProblem("gives no number")


class AskingTests(LinkCase):
    """Requests and their answers."""

    def test_answers(self):
        """What is asked is answered, in the order of acknowledgement and answer or the other way round."""
        self.start()
        for self.janus.acknowledges_late in (False, True):
            handle = self.successResultOf(self.run_up(self.link.attach()))
            answer = self.successResultOf(self.run_up(self.link.tell(handle, {"request": "start"})))
            self.assertEqual(answer.data["started"], "ok")
            self.successResultOf(self.run_up(self.link.trickle(handle, {"completed": True})))
            self.assertEqual(self.janus.handles[handle].candidates, [{"completed": True}])
            self.successResultOf(self.run_up(self.link.detach(handle)))
            self.assertEqual(self.janus.handles, {})

    def test_refusals(self):
        """What Janus refuses, and what the plug-in does, is an error with its number."""
        self.start()
        handle = self.successResultOf(self.run_up(self.link.attach()))
        request = {"request": "publish", "descriptions": []}
        for asked, code in ((self.link.tell(handle, request), 425), (self.link.tell(7, request), 459)):
            error = self.failureResultOf(self.run_up(asked), JanusError)
            self.assertEqual(error.value.code, code)
        self.successResultOf(self.run_up(self.link.detach(7)))

    def test_events(self):
        """What happens to a handle is told, but for the answers."""
        self.start()
        handle = self.successResultOf(self.run_up(self.link.attach()))
        self.janus.links[0].say(janus="webrtcup", session_id=1, sender=handle)
        self.janus.pump()
        [_, event] = self.listener.told
        self.assertEqual((event.handle, event.word), (handle, "webrtcup"))

    def test_away(self):
        """While there is no Janus, whatever is asked fails at once; detaching is done."""
        for asked in (self.link.attach(), self.link.tell(1, {}), self.link.trickle(1, {})):
            self.failureResultOf(self.run_up(asked), JanusAway)
        self.successResultOf(self.run_up(self.link.detach(1)))

    def test_lost_before_the_answer(self):
        """What is not answered when the connection is lost fails then."""
        self.start()
        self.janus.is_mute = True
        asked = self.run_up(self.link.attach())
        self.assertNoResult(asked)
        self.janus.kill()
        self.failureResultOf(asked, JanusAway)

    def test_too_much(self):
        """So many answers may be outstanding, and no more."""
        self.start()
        self.janus.is_mute = True
        self.link._exchange._limit = 3
        asked = [self.run_up(self.link.attach()) for _ in range(4)]
        for each in asked[:3]:
            self.assertNoResult(each)
        self.failureResultOf(asked[3], JanusError)
        self.janus.kill()
        for each in asked[:3]:
            self.failureResultOf(each, JanusAway)


class EndpointTests(SynchronousTestCase):
    """Where an address leads."""

    def test_addresses(self):
        """The port may be left out; C{wss:} is TLS."""
        plain = endpoint_of(Clock(), "ws://janus.example")
        self.assertEqual((plain._hostText, plain._port), ("janus.example", 80))
        self.assertEqual(endpoint_of(Clock(), "ws://[::1]:8188")._port, 8188)
        self.assertNotIsInstance(endpoint_of(Clock(), "wss://janus.example"), type(plain))
