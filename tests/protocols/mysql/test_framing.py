"""Tests for L{comet.protocols.mysql.framing}."""

from hypothesis import given, settings
from hypothesis.strategies import binary, booleans, builds, data, integers, lists
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import OutOfOrder, PacketTooLarge, PeerError
from comet.protocols.mysql.constants import MAX_FRAME
from comet.protocols.mysql.framing import PIECE, Oversized, Packet, PacketReader, PacketWriter

#: A greatest length of frames that lets packets have several of them and stay small.
FRAME = 8


def packets():
    """@return: a strategy for packets of none to nine frames of C{FRAME}."""
    return builds(Packet, integers(0, 255), binary(max_size=9 * FRAME))


def found_in(reader, stream, cuts):
    """@return: what C{reader} finds in C{stream}, fed in pieces."""
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        reader.feed(stream[start:end])
        found += reader
    return found


def drawn_cuts(draw, stream):
    """@return: where to cut C{stream}, in order."""
    return sorted(draw(lists(integers(0, len(stream)), max_size=20)))


class PacketReaderTests(SynchronousTestCase):
    """Packets in a stream that arrives in any pieces."""

    @given(lists(packets(), max_size=8), data())
    def test_any_cut_gives_the_same_packets(self, sent, data):
        """The reader finds the same packets however the network cuts the stream."""
        stream = b"".join(packet.to_bytes(FRAME) for packet in sent)
        reader = PacketReader(limit=9 * FRAME, frame=FRAME)
        self.assertEqual(found_in(reader, stream, drawn_cuts(data.draw, stream)), sent)
        self.assertEqual(reader.waiting, 0)

    @given(lists(packets(), max_size=8), data())
    def test_the_short_way(self, sent, data):
        """Who asks for some packets the short way, and for others not, finds the same."""
        stream = b"".join(packet.to_bytes(FRAME) for packet in sent)
        reader, found = PacketReader(limit=9 * FRAME, frame=FRAME), []
        cuts = drawn_cuts(data.draw, stream)
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            reader.feed(stream[start:end])
            while (payload := reader.quick(range(128))) is not None:
                found.append(Packet(0, payload))
                self.assertTrue(0 < len(payload) < FRAME and payload[0] < 128)
            if data.draw(booleans()):
                found += reader
        found += reader
        self.assertEqual((found, reader.waiting), (sent, 0))

    def test_short_packets(self):
        """A whole packet in one frame is taken the short way, unless something is unusual with it."""
        whole = Packet(0, b"\3abc").to_bytes(FRAME)
        reader = PacketReader(limit=4, frame=FRAME)
        reader.feed(whole + whole + whole[:-1])
        self.assertEqual([reader.quick({3}) for _ in range(3)], [b"\3abc", b"\3abc", None])
        reader.feed(whole[-1:])
        self.assertEqual(list(reader), [Packet(0, b"\3abc")])
        for stream in (
            Packet(1, b"\3abc").to_bytes(FRAME),
            Packet(0, b"\4abc").to_bytes(FRAME),
            Packet(0, b"\3abcd").to_bytes(FRAME),
            Packet(0, b"").to_bytes(FRAME) + whole,
        ):
            reader = PacketReader(limit=4, frame=FRAME)
            reader.feed(stream)
            self.assertIsNone(reader.quick({3}))
            self.assertEqual(reader.waiting, len(stream))

    @given(lists(packets(), max_size=8), integers(0, 9 * FRAME), data())
    def test_any_cut_drops_the_same_packets(self, sent, limit, data):
        """A reader that forgives tells of packets over the limit, and finds all others."""
        stream = b"".join(packet.to_bytes(FRAME) for packet in sent)
        reader = PacketReader(limit, forgiving=True, frame=FRAME)
        expected = [
            packet
            if len(packet.payload) <= limit
            else Oversized(packet.sequence, len(packet.payload), packet.payload[:7])
            for packet in sent
        ]
        self.assertEqual(found_in(reader, stream, drawn_cuts(data.draw, stream)), expected)

    @given(lists(binary(max_size=200), max_size=5), booleans())
    @settings(max_examples=300)
    def test_random_bytes(self, pieces, forgiving):
        """Whatever arrives gives packets within the limit or the peer's error, and nothing else."""
        reader = PacketReader(limit=100, forgiving=forgiving, frame=FRAME)
        try:
            for piece in pieces:
                reader.feed(piece)
                for packet in reader:
                    size = len(packet.payload) if isinstance(packet, Packet) else packet.size
                    self.assertEqual(isinstance(packet, Packet), size <= 100)
        except PeerError:
            pass

    def test_greatest_frame(self):
        """A payload that fills its frame is followed by an empty one; numbers go round after 255."""
        payload = bytes(MAX_FRAME)
        stream = Packet(255, payload).to_bytes()
        self.assertEqual(stream[:4], b"\xff\xff\xff\xff")
        self.assertEqual(stream[4 + MAX_FRAME :], b"\x00\x00\x00\x00")
        reader = PacketReader(limit=MAX_FRAME)
        reader.feed(stream)
        (packet,) = reader
        self.assertEqual((packet.sequence, len(packet.payload)), (255, MAX_FRAME))
        self.assertEqual(packet.next_sequence(), 1)

    def test_refused_at_the_header(self):
        """A packet that will be too large is refused before any of it has come."""
        reader = PacketReader(limit=100)
        reader.feed(b"\x65\x00\x00\x00")
        self.assertRaises(PacketTooLarge, list, reader)

    def test_dropped_as_it_comes(self):
        """Nothing of a packet that is too large is kept, not even its first frames."""
        reader = PacketReader(limit=2 * FRAME, forgiving=True, frame=FRAME)
        stream = Packet(0, bytes(3 * FRAME + 1)).to_bytes(FRAME)
        held = []
        for place in range(len(stream)):
            reader.feed(stream[place : place + 1])
            found = list(reader)
            held.append(reader.waiting + sum(map(len, reader._parts)))
        self.assertEqual(found, [Oversized(0, 3 * FRAME + 1, bytes(7))])
        self.assertLessEqual(max(held), 2 * FRAME + 4)
        self.assertLessEqual(max(held[3 * (FRAME + 4) :]), 4)

    def test_dropping_has_an_end(self):
        """Not even what is dropped may go on for ever."""
        reader = PacketReader(limit=1, forgiving=True)
        reader._size = 1 << 30
        reader._last = False
        reader.feed(b"\x01\x00\x00\x01")
        self.assertRaises(PacketTooLarge, list, reader)

    def test_frames_in_order(self):
        """The frames of one packet are numbered one after the other."""
        reader = PacketReader(limit=100, frame=FRAME)
        reader.feed(Packet(0, bytes(FRAME)).to_bytes(FRAME)[: 4 + FRAME])
        reader.feed(b"\x00\x00\x00\x02")
        self.assertRaises(OutOfOrder, list, reader)

    def test_take(self):
        """What has not been looked at can be taken back."""
        reader = PacketReader(limit=100)
        reader.feed(Packet(0, b"one").to_bytes() + b"rest")
        self.assertEqual(next(iter(reader)), Packet(0, b"one"))
        self.assertEqual((reader.take(), reader.waiting), (b"rest", 0))


class PacketWriterTests(SynchronousTestCase):
    """Payloads to frames."""

    def test_numbers(self):
        """Packets are numbered on from where they begin, and round after 255."""
        writer = PacketWriter()
        writer.sequence = 254
        stream = writer.pack(b"a") + writer.pack(b"b") + writer.pack(b"c")
        self.assertEqual(stream, b"\x01\0\0\xfea" + b"\x01\0\0\xffb" + b"\x01\0\0\0c")

    def test_pieces(self):
        """Pieces are of whole packets, at least C{PIECE} long but for the last, made when asked for."""
        made = []

        def source():
            for number in range(200):
                made.append(number)
                yield bytes(1000)

        pieces = PacketWriter().pieces(source())
        first = next(pieces)
        self.assertEqual(len(made), -(-PIECE // 1004))
        self.assertEqual(len(first), len(made) * 1004)
        rest = list(pieces)
        self.assertEqual(len(first) + sum(map(len, rest)), 200 * 1004)

    def test_failing_source(self):
        """What the source raises comes after the bytes that were made before it."""

        def source():
            yield b"one"
            raise ZeroDivisionError

        writer = PacketWriter()
        pieces = writer.pieces(source())
        self.assertEqual(next(pieces), b"\x03\0\0\0one")
        self.assertRaises(ZeroDivisionError, next, pieces)
        self.assertEqual(writer.sequence, 1)
