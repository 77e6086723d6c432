"""Tests for L{comet.bench.hearing}."""

from hypothesis import given
from hypothesis.strategies import data, integers, lists, sampled_from
from twisted.trial.unittest import SynchronousTestCase

from comet.bench.hearing import LONGEST, MARK, Dropped, Ear
from comet.bench.speaking import blank


def frame(payload, opcode=1):
    """@return: a frame of a server."""
    size = len(payload)
    length = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    return bytes((0x80 | opcode,)) + length + payload


def message(moment, size=100):
    """@return: a message that left at C{moment}."""
    text = blank(size).encode().replace(b"0" * 20, b"%020d" % moment)
    return frame(b'{"data":{"text":"' + text + b'"},"event":"say"}')


def hear(ear, *pieces):
    """@return: the moments of the messages, their number as the ear has it, and the pings."""
    moments, count, pings = [], 0, []
    for piece in pieces:
        # As with a buffer that is used again: behind the bytes there are others.
        more, asked = ear.hear(bytearray(piece + b"\x81\x02left over"), len(piece), moments.append)
        count += more
        pings += asked
    return moments, count, pings


class EarTests(SynchronousTestCase):
    """What a browser of the load makes of what it hears."""

    @given(lists(sampled_from((7, 60, 100, 300)), max_size=4), data())
    def test_any_cut_gives_the_same_messages(self, sizes, data):
        """Each message is counted once, with its moment, however the network cuts the stream."""
        stream = b"".join(message(n, size) + frame(b"other") for n, size in enumerate(sizes, 1))
        cuts = sorted(data.draw(lists(integers(0, len(stream)), max_size=8)))
        pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        moments, count, pings = hear(Ear(b""), *pieces)
        self.assertEqual((moments, count, pings), (list(range(1, len(sizes) + 1)), len(sizes), []))

    def test_the_mark(self):
        """It waits for its mark, in a frame of text, and what came with the handshake counts."""
        ear = Ear(b"ready", frame(b"welcome") + frame(b'{"marker":"ready"}')[:5])
        hear(ear, b"")
        self.assertEqual(ear.mark, b"ready")
        hear(ear, frame(b'{"marker":"ready"}')[5:])
        self.assertIsNone(ear.mark)

    def test_pings_are_to_be_answered(self):
        """A ping is given back, and is no message even if it looks like one."""
        self.assertEqual(hear(Ear(b""), frame(MARK + b"1" * 20, 9)), ([], 0, [MARK + b"1" * 20]))

    def test_goodbyes(self):
        """A Close frame is told with its code and reason; one without either, too."""
        for payload, said in (
            (b"\x0f\xa1slow", "closed with 4001: slow"),
            (b"", "closed with no code"),
        ):
            with self.assertRaisesRegex(Dropped, said):
                hear(Ear(b""), frame(payload, 8))

    def test_what_is_no_frame(self):
        """Compression, a mask and a frame that is too long end the connection instead of being waited for."""
        for wrong in (b"\xc1\x01x", b"\x81\x81", b"\x81\x7f" + (LONGEST + 1).to_bytes(8, "big")):
            with self.assertRaises(Dropped):
                hear(Ear(b""), wrong)
