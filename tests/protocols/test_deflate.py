"""Tests for L{comet.protocols.deflate}."""

import zlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.model import Channel, Message
from comet.protocols.deflate import RSV1, SHORTEST_COMPRESSED, compressed
from comet.protocols.dialects.cppcomet import CppComet
from comet.protocols.websocket import CURRENT, DEFLATED
from tests.protocols.browser import PATH, frame
from tests.protocols.clients import Port
from tests.running import finish, make_broker

OFFER = "permessage-deflate; client_max_window_bits"
#: The first byte of a compressed text, without FIN.
TEXT = 1 | RSV1
LIMIT = 1 << 16
NEWS = Channel(0, "news")


def inflated(payload):
    """@return: what a client reads (RFC 7692, 7.2.2)."""
    return zlib.decompressobj(wbits=-15).decompress(payload + b"\x00\x00\xff\xff")


class DeflateTests(SynchronousTestCase):
    """One compressed copy for all."""

    def setUp(self):
        self.broker = make_broker()
        self.port = Port(self.broker, compress=True)

    def test_small_messages_are_not_compressed(self):
        """They would not become smaller."""
        message = Message(NEWS, "", "x", 1)
        self.assertEqual(message.encoded(DEFLATED[CURRENT]), message.encoded(CURRENT))

    @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=SHORTEST_COMPRESSED))
    def test_what_is_compressed_is_read(self, text):
        """And the bit in the frame says so."""
        message = Message(NEWS, "", text, 1)
        frame = message.encoded(DEFLATED[CURRENT])
        self.assertEqual(frame[0], 0x81 | RSV1)
        plain = CppComet().encode(message).encode()
        packed = compressed(plain)
        self.assertTrue(frame.endswith(packed))
        self.assertEqual(inflated(packed), plain)

    def offered(self, offer, path=PATH):
        return self.port.connect().open(path, Sec_WebSocket_Extensions=offer)

    def test_clients_that_offer_it_share_one_copy(self):
        """The others get it plain, on either path."""
        for path in (PATH, "/comet/ws?x=1"):
            browsers = [self.offered(OFFER, path), self.offered(OFFER, path), self.port.connect().open(path)]
            for browser in browsers[:2]:
                self.assertIn(b"permessage-deflate", browser.head)
            self.assertNotIn(b"permessage-deflate", browsers[2].head)
            for browser in browsers:
                browser.say(
                    '{"cmd":"subscribe","channel":"news"}' if "comet" in path else "subscription\nnews"
                )
                browser.socket.clear()
            finish(self.broker.publish(Message(NEWS, "", "x" * 5000, 1)))
            first, second, plain = (browser.socket.value() for browser in browsers)
            self.assertEqual(first, second)
            self.assertLess(len(first), 200)
            self.assertGreater(len(plain), 5000)

    def test_a_smaller_window_is_declined(self):
        """It would take a copy of its own."""
        self.assertNotIn(b"Extensions", self.offered("permessage-deflate; server_max_window_bits=10").head)
        self.assertIn(b"Extensions", self.offered("permessage-deflate; server_max_window_bits=15").head)

    def test_what_is_agreed_on(self):
        """The first offer that can be taken, be it right behind wrong ones or in a header of its own."""
        agreed, plain = "permessage-deflate", "; client_no_context_takeover"
        for offer, answer in (
            ("permessage-deflate", agreed + plain),
            ("permessage-deflate; client_no_context_takeover", agreed + plain),
            (
                "permessage-deflate; server_no_context_takeover",
                f"{agreed}; server_no_context_takeover{plain}",
            ),
            ("permessage-deflate; client_max_window_bits=8", agreed + plain),
            ('permessage-deflate;client_max_window_bits = "9"', agreed + plain),
            ("permessage-deflate; server_max_window_bits=15", f"{agreed}; server_max_window_bits=15{plain}"),
            ("x-none, permessage-deflate; x=1, permessage-deflate", agreed + plain),
            ("permessage-bzip2; x, permessage-deflate", agreed + plain),
            ("x-none\r\nSec-WebSocket-Extensions: permessage-deflate", agreed + plain),
        ):
            head = self.offered(offer).head
            self.assertIn(b" 101 ", head, offer)
            self.assertIn(f"Sec-WebSocket-Extensions: {answer}\r\n".encode(), head + b"\r\n", offer)

    def test_what_cannot_be_taken_is_declined(self):
        """And the connection does without, whether or not compression is on."""
        offers = (
            "permessage-deflate; x",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover=true",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
            *(
                f"permessage-deflate; client_max_window_bits={bits}"
                for bits in ("7", "16", "09", "", "x", "+9")
            ),
            *(f"permessage-deflate; server_max_window_bits={bits}" for bits in ("7", "8", "015", "", "1_5")),
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate;",
            "permessage-bzip2; x",
            "x-none",
            ",",
        )
        for port in (self.port, Port(self.broker)):
            self.port = port
            for offer in offers:
                head = self.offered(offer).head
                self.assertIn(b" 101 ", head, offer)
                self.assertNotIn(b"Extensions", head, offer)

    def test_it_is_off_unless_wanted(self):
        """Nothing is agreed to."""
        self.port = Port(self.broker)
        self.assertNotIn(b"Extensions", self.offered(OFFER).head)


class ReadingTests(SynchronousTestCase):
    """What clients have compressed."""

    PATH = "/comet/ws"

    def setUp(self):
        broker = make_broker(message=LIMIT)
        self.browser = Port(broker, compress=True).connect().open(self.PATH, Sec_WebSocket_Extensions=OFFER)
        self.packed(b'{"cmd":"hello","version":1}')
        self.browser.heard()

    def packed(self, text):
        self.browser.send(frame(compressed(text), TEXT))

    def answered(self):
        """@return: whether the connection works."""
        self.packed(b'{"cmd":"ping","id":7}')
        return [each for each in self.browser.heard() if each["id"] == 7]

    def closed(self):
        """@return: the code of the Close frame that has come, and nothing else; the client answers it."""
        [(opcode, payload)] = self.browser.heard()
        self.assertEqual(opcode, 8)
        self.browser.send(frame(payload, 8))
        self.assertEqual(self.browser.socket.ended, "lost")
        return int.from_bytes(payload[:2], "big")

    def test_messages_are_read(self):
        """One after the other, with plain ones between."""
        self.assertTrue(self.answered())
        self.browser.say('{"cmd":"ping","id":1}')
        self.assertEqual(len(self.browser.heard()), 1)
        self.assertTrue(self.answered())

    def test_fragments_are_read(self):
        """The bit stands in the first; a control frame may come between."""
        payload = compressed(b'{"cmd":"ping","id":1}')
        self.browser.send(frame(payload[:5], TEXT, fin=False) + frame(b"", 9) + frame(payload[5:], 0))
        self.assertEqual(next(each for each in self.browser.heard() if isinstance(each, dict))["id"], 1)

    def test_nothing_is_kept_of_a_message(self):
        """A connection that is silent costs no window."""
        self.assertTrue(self.answered())
        self.assertIsNone(self.browser.protocol._inner._perMessageCompress._stream)

    def test_bad_data_end_the_connection(self):
        """With 1007, and in an orderly way."""
        self.browser.send(frame(b"Hello", TEXT))
        self.assertEqual(self.closed(), 1007)

    def test_a_message_that_breaks_off_ends_the_connection(self):
        """What is there of it is not carried out."""
        self.browser.send(frame(compressed(b'{"cmd":"ping","id":1}')[:-2], TEXT))
        self.assertEqual(self.closed(), 1007)

    def test_text_that_is_none_ends_the_connection(self):
        """UTF-8 is looked at behind the compression."""
        self.packed(b"\xff")
        self.assertEqual(self.closed(), 1007)

    def test_a_bomb_ends_the_connection(self):
        """With 1009, in one frame or in many."""
        self.packed(bytes(LIMIT * 2))
        self.assertEqual(self.closed(), 1009)
        self.setUp()
        payload = compressed(bytes(LIMIT * 2))
        self.browser.send(frame(payload[:60], TEXT, fin=False) + frame(payload[60:], 0))
        self.assertEqual(self.closed(), 1009)

    def test_the_bit_elsewhere_ends_the_connection(self):
        """With 1002 in a frame that goes on, or that controls."""
        for bad in (frame(b"", 9 | RSV1), frame(b"x", TEXT, fin=False) + frame(b"", RSV1)):
            self.setUp()
            self.browser.send(bad)
            self.assertEqual(self.closed(), 1002)
