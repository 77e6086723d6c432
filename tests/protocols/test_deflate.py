"""Tests for L{comet.protocols.deflate}."""

import zlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.model import Channel, Message
from comet.protocols.deflate import RSV1, SHORTEST_COMPRESSED, compressed
from comet.protocols.dialects.cppcomet import CppComet
from comet.protocols.websocket import CURRENT, DEFLATED
from tests.protocols.browser import PATH
from tests.protocols.clients import Port
from tests.running import finish, make_broker

OFFER = "permessage-deflate; client_max_window_bits"
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

    def test_it_is_off_unless_wanted(self):
        """Nothing is agreed to."""
        self.port = Port(self.broker)
        self.assertNotIn(b"Extensions", self.offered(OFFER).head)
