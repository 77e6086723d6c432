"""Tests for L{comet.protocols.inflate}."""

import tracemalloc
import zlib

from autobahn.exception import PayloadCorruptError, PayloadExceededError
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.deflate import compressed
from comet.protocols.inflate import STREAMS, Inflater

#: "Hello" in the ways of RFC 7692, 7.2.3: a fixed block, no compression, a last block, two blocks.
EXAMPLES = ("f248cdc9c90700", "000500faff48656c6c6f00", "f348cdc9c9070000", "f24805000000ffffcac9c90700")
LIMIT = 1 << 20


def last_block(text):
    """@return: a text in a block that says it is the last."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(text) + packer.flush()


class InflaterTests(SynchronousTestCase):
    """Messages of one connection."""

    def setUp(self):
        self.inflater = Inflater()

    def read(self, *pieces, limit=LIMIT):
        """@return: a message that comes in pieces, as Autobahn hands them over."""
        self.inflater.start_decompress_message()
        found = b""
        for piece in pieces:
            found += self.inflater.decompress_message_data(piece, limit - len(found))
        self.inflater.end_decompress_message()
        return found

    def test_examples_of_the_standard(self):
        """All ways to say the same are read."""
        for example in EXAMPLES:
            self.assertEqual(self.read(bytes.fromhex(example)), b"Hello", example)
        self.assertEqual(self.read(b"\x00"), b"")

    @given(st.binary(max_size=2000), st.integers(1, 50))
    def test_any_cut_gives_the_same(self, text, size):
        """However the frames and the network cut it."""
        packed = compressed(text)
        self.assertEqual(self.read(*(packed[at : at + size] for at in range(0, len(packed), size))), text)

    def test_what_goes_on_behind_a_last_block(self):
        """Is part of the message, as RFC 7692 says (7.2.1); but there is an end to it."""
        self.assertEqual(
            self.read(last_block(b"one ") + last_block(b"two ") + compressed(b"x")), b"one two x"
        )
        self.assertEqual(self.read(last_block(b"one ")), b"one ")
        self.assertEqual(self.read(last_block(b"y") * STREAMS), b"y" * STREAMS)
        self.assertRaises(PayloadCorruptError, self.read, last_block(b"") * (STREAMS + 1))

    def test_a_message_that_breaks_off_is_refused(self):
        """What is cut within a block is not taken for a shorter message."""
        text = bytes(range(256)) * 20
        packed = compressed(text)
        for end in (5, 50, len(packed) // 2, len(packed) - 2):
            self.assertRaises(PayloadCorruptError, self.read, packed[:end])

    @given(st.binary(min_size=1, max_size=200))
    def test_any_bytes_are_read_or_refused(self, data):
        """Nothing else can happen, and the next message is read."""
        try:
            self.read(data)
        except (PayloadCorruptError, PayloadExceededError):
            self.assertEqual(self.inflater.decompress_message_data(data, LIMIT), b"")
            self.inflater.end_decompress_message()
        self.assertEqual(self.read(compressed(b"next")), b"next")

    def test_messages_do_not_lean_on_each_other(self):
        """As clients are told: one that does all the same is refused, not misread."""
        packer = zlib.compressobj(wbits=-15)
        first, second = (
            packer.compress(b"the same words again") + packer.flush(zlib.Z_SYNC_FLUSH) for _ in range(2)
        )
        self.assertEqual(self.read(first[:-4]), b"the same words again")
        self.assertRaises(PayloadCorruptError, self.read, second[:-4])

    def test_the_limit_is_exact(self):
        """What is as long as allowed is read, one byte more is not, in one piece or in many."""
        packed = compressed(b"*" * 100)
        pieces = [packed[at : at + 1] for at in range(len(packed))]
        for cut in ([packed], pieces):
            self.assertEqual(self.read(*cut, limit=100), b"*" * 100)
            self.assertRaises(PayloadExceededError, self.read, *cut, limit=99)

    def test_a_bomb_is_not_unpacked(self):
        """Of 64 MiB in 64 KiB no more is made than is allowed."""
        bomb = compressed(bytes(64 << 20))
        tracemalloc.start()
        try:
            self.assertRaises(PayloadExceededError, self.read, bomb)
            self.assertLess(tracemalloc.get_traced_memory()[1], 4 * LIMIT)
        finally:
            tracemalloc.stop()
