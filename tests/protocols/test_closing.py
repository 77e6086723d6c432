"""How WebSockets of the JSON protocol end: with a Close frame that says why, and with nothing behind it."""

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from comet.model import Channel, Message
from comet.protocols.jsonsocket import JsonFactory
from comet.protocols.reception import Reception
from comet.protocols.sockets import LINGER_SECONDS
from comet.protocols.wheel import Wheel
from tests.protocols.browser import Browser, frame
from tests.running import finish, make_broker

NORMAL = frame(b"\x03\xe8", opcode=8)


class ClosingCase(SynchronousTestCase):
    """A client that listens to a channel."""

    def setUp(self):
        self.clock, self.broker = Clock(), make_broker(message=1000)
        reception = Reception(self.broker, Wheel(self.clock), server="comet test")
        self.browser = Browser(JsonFactory(reception, self.clock)).open("/comet/ws?channels=web_x")
        self.assertEqual([heard["type"] for heard in self.browser.heard()], ["welcome", "subscribed"])
        self.logged = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)

    def closed_with(self):
        """@return: the code of the Close frame, which is all that came."""
        ((opcode, payload),) = self.browser.heard()
        self.assertEqual(opcode, 8)
        return int.from_bytes(payload[:2], "big")

    def publish(self, text):
        finish(self.broker.publish(Message(Channel(0, "web_x"), "", text, 1)))


class ClosingTests(ClosingCase):
    """The codes of RFC 6455, 7.4.1, and the manners of 5.5.1."""

    def breaks(self, nonsense, code):
        self.browser.send(nonsense)
        self.assertEqual(self.closed_with(), code)
        self.publish("too late")
        self.browser.send(frame('{"cmd":"ping","id":1}') + NORMAL)
        self.assertEqual((self.browser.heard(), self.browser.socket.ended), ([], "lost"))
        self.browser.vanish(Failure(ConnectionDone()))
        (complaint,) = [event for event in self.logged if event["log_level"].name == "warn"]
        self.assertIn("192.0.2.1", str(complaint["peer"]))
        self.assertTrue(complaint["reason"])
        self.assertEqual(len(self.broker.hub), 0)

    def test_a_frame_that_is_none(self):
        """1002."""
        self.breaks(frame(b"", opcode=3), 1002)

    def test_a_binary_message(self):
        """1003."""
        self.breaks(frame(b"{}", opcode=2), 1003)

    def test_a_text_that_is_none(self):
        """1007."""
        self.breaks(frame(b"\xff"), 1007)

    def test_a_message_that_is_too_long(self):
        """1009."""
        self.breaks(frame("x" * 6000), 1009)

    def test_a_close_frame_is_answered(self):
        """And then the connection ends, without waiting for anything."""
        self.browser.send(NORMAL)
        self.assertEqual((self.closed_with(), self.browser.socket.ended), (1000, "lost"))

    def test_a_close_frame_that_is_wrong_is_answered_too(self):
        """The answer is not lost with the connection."""
        self.browser.send(frame(b"\x03", opcode=8))
        self.assertEqual((self.closed_with(), self.browser.socket.ended), (1002, "lost"))

    def test_what_waits_goes_before_the_close_frame(self):
        """Even to a client that was slow to take it."""
        self.browser.socket.producer.pauseProducing()
        self.publish("in time")
        self.browser.send(NORMAL)
        message, (opcode, _) = self.browser.heard()
        self.assertEqual((message["data"], opcode), ("in time", 8))

    def test_a_peer_that_takes_nothing_is_cut_off(self):
        """After some seconds, whoever closed."""
        socket = self.browser.socket
        socket.end = lambda how: setattr(socket, "ended", how)
        self.browser.send(NORMAL)
        self.assertEqual(socket.ended, "lost")
        self.clock.advance(LINGER_SECONDS + 1)
        self.assertEqual(socket.ended, "aborted")
        self.browser.vanish(Failure(ConnectionDone()))


class TooLateTests(SynchronousTestCase):
    """A client that does not say who it is in time."""

    def test_a_hello_behind_the_end_opens_nothing(self):
        """And nothing comes behind the Close frame."""
        clock, broker = Clock(), make_broker(login_seconds=5)
        reception = Reception(broker, Wheel(clock), server="comet test")
        browser = Browser(JsonFactory(reception, clock)).open("/comet/ws")
        clock.advance(6)
        bye, (opcode, _) = browser.heard()
        self.assertEqual((bye["type"], bye["code"], opcode), ("bye", 4003, 8))
        browser.send(frame('{"cmd":"hello","version":1,"id":1}') + frame('{"cmd":"ping","id":2}'))
        self.assertEqual((browser.heard(), reception.traffic.added), ([], 0))
