"""Tests for L{comet.protocols.frames}."""

from autobahn.websocket.protocol import PreparedMessage
from twisted.trial.unittest import SynchronousTestCase

from comet.model import Channel, Message
from comet.protocols.dialects.cppcomet import CppComet
from comet.protocols.frames import WebSocketForm, text_frame


class FrameTests(SynchronousTestCase):
    """Frames of WebSocket."""

    def test_every_size_has_its_header(self):
        """At each edge the frame is the one that Autobahn would send."""
        for size in (0, 1, 122, 123, 124, 125, 126, 127, 65535, 65536, 200_000):
            payload = b"x" * size
            theirs = PreparedMessage(payload, False, False, True).payloadHybi
            self.assertEqual(text_frame(payload), theirs, size)

    def test_a_form_joins_dialect_and_framing(self):
        """The text of the dialect in UTF-8, in one frame; and only once."""
        message = Message(Channel(0, "chat"), "say", "ё", 1)
        form = WebSocketForm(CppComet())
        frame = message.encoded(form)
        self.assertEqual(frame, text_frame(CppComet().encode(message).encode()))
        self.assertIs(message.encoded(form), frame)
