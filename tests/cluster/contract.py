"""What every bus between nodes promises."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.task import deferLater

from comet.cluster.bus import Receiver


class Node(Receiver):
    """
    A node that remembers what its bus tells it.

    @ivar heard: the frames since it came up last.
    @ivar story: C{"up"} and C{"down"}, in their order.
    """

    def __init__(self, bus, name):
        self.bus, self.name = bus, name
        self.slot, self.heard, self.story, self.reasons = None, [], [], []
        self._waiting = []

    def start(self):
        self.bus.start(self.name, self)
        return self

    @property
    def is_up(self):
        return self.story[-1:] == ["up"]

    def up(self, slot):
        self.slot, self.heard = slot, []
        self._tell("up")

    def down(self, reason):
        self.reasons.append(reason)
        self._tell("down")

    def received(self, frame):
        assert type(frame) is bytes, type(frame)
        assert self.is_up, "a frame while down"
        self.heard.append(frame)
        self._look()

    async def until(self, condition):
        """Wait until C{condition} holds; it is asked after all that happens here."""
        if not condition(self):
            done = Deferred()
            self._waiting.append((condition, done))
            await done

    async def until_heard(self, *frames):
        """Wait until each of C{frames} was heard since it came up last."""
        wanted = set(frames)
        await self.until(lambda node: wanted <= set(node.heard))

    async def until_count(self, count):
        """Wait until C{count} frames were heard since it came up last."""
        await self.until(lambda node: len(node.heard) >= count)

    async def until_up_again(self, times=1):
        """Wait until it went down, and came up again, C{times} in all."""
        await self.until(lambda node: node.is_up and node.story.count("down") >= times)

    def _tell(self, word):
        assert self.story[-1:] != [word], f"{word} twice"
        assert self.story or word == "up", "down before it was up"
        self.story.append(word)
        self._look()

    def _look(self):
        ready = [each for each in self._waiting if each[0](self)]
        self._waiting = [each for each in self._waiting if each not in ready]
        for _, done in ready:
            # Not from within the bus.
            reactor.callLater(0, done.callback, None)


class BusContract:
    """
    What every L{Bus} promises; mix into a trial test case, and write C{make_bus}, which makes a bus that is
    not started yet; all of a test are connected to each other.
    """

    timeout = 60
    #: How many bytes may wait to be sent.
    buffer = 1 << 20

    async def nodes(self, *names):
        """@return: nodes that are up, one for each name."""
        nodes = [self.node(name).start() for name in names]
        await gatherResults([ensureDeferred(node.until(lambda node: node.is_up)) for node in nodes])
        return nodes

    def node(self, name):
        """@return: a node that is not started yet, and stopped at the end."""
        node = Node(self.make_bus(), name)
        self.addCleanup(lambda: ensureDeferred(node.bus.stop()))
        return node

    async def settle(self, *nodes):
        """Wait until all that was sent has been received by all."""
        marks = []
        for node in nodes:
            marks.append(b"settled " + node.name.encode())
            node.bus.send(marks[-1])
        for node in nodes:
            await node.until_heard(*marks)
            node.heard = [frame for frame in node.heard if frame not in marks]

    async def test_all_hear_all(self):
        """Each frame is received by all nodes, once; its sender is one of them."""
        a, b, c = await self.nodes("a", "b", "c")
        a.bus.send(b"of a")
        await self.settle(a, b, c)
        b.bus.send(b"of b")
        await self.settle(a, b, c)
        self.assertEqual([node.heard for node in (a, b, c)], [[b"of a", b"of b"]] * 3)

    async def test_any_bytes(self):
        """A frame is any bytes, however few, and comes as it was sent."""
        a, b = await self.nodes("a", "b")
        sent = [b"", b"\0", b"7", b"-1.5", bytes(range(256)), b"\r\n$3\r\n", "привет".encode(), b"x" * 70_000]
        for frame in sent:
            a.bus.send(frame)
        await b.until_count(len(sent))
        self.assertEqual(b.heard, sent)

    async def test_one_order(self):
        """When several send at once, all receive all in one order, that of each sender kept."""
        nodes = await self.nodes("a", "b", "c")
        sent = {
            node.name: [b"%s %d" % (node.name.encode(), number) for number in range(300)] for node in nodes
        }
        for start in range(0, 300, 7):
            for node in nodes:
                for frame in sent[node.name][start : start + 7]:
                    node.bus.send(frame)
            await deferLater(reactor, 0)
        for node in nodes:
            await node.until_count(900)
        self.assertEqual(nodes[0].heard, nodes[1].heard)
        self.assertEqual(nodes[0].heard, nodes[2].heard)
        for node in nodes:
            own = [frame for frame in node.heard if frame.startswith(node.name.encode())]
            self.assertEqual(own, sent[node.name])

    async def test_many_at_once(self):
        """Thousands of frames in one turn arrive."""
        a, b = await self.nodes("a", "b")
        frames = [b"%05d" % number + bytes(95) for number in range(5_000)]
        for frame in frames:
            a.bus.send(frame)
        await b.until_count(len(frames))
        self.assertEqual(b.heard, frames)

    async def test_to_one(self):
        """A frame to a slot is received there alone, in the order in which it was sent among all others."""
        a, b, c = await self.nodes("a", "b", "c")
        for number in range(20):
            a.bus.send(b"all %d" % number)
            a.bus.send(b"b %d" % number, b.slot)
            a.bus.send(b"a %d" % number, a.slot)
        await self.settle(a, b, c)
        self.assertEqual(c.heard, [b"all %d" % number for number in range(20)])
        self.assertEqual(b.heard, [b"%s %d" % (to, n) for n in range(20) for to in (b"all", b"b")])
        self.assertEqual(a.heard, [b"%s %d" % (to, n) for n in range(20) for to in (b"all", b"a")])

    async def test_to_nobody(self):
        """A frame to a slot without a node is received by nobody."""
        a, b = await self.nodes("a", "b")
        a.bus.send(b"lost", 4_000)
        await self.settle(a, b)
        self.assertEqual((a.heard, b.heard), ([], []))

    async def test_slots(self):
        """Each name has a slot of its own, and the same when it comes back."""
        a, b = await self.nodes("a", "b")
        await a.bus.stop()
        again, c = await self.nodes("a", "c")
        self.assertEqual(again.slot, a.slot)
        self.assertEqual(len({again.slot, b.slot, c.slot}), 3)

    async def test_from_up_on_nothing_is_missed(self):
        """A node that comes up in the midst of traffic receives all of it from then on."""
        (a,) = await self.nodes("a")
        late = self.node("late").start()
        number = 0
        while number < 3_000 or not late.is_up:
            for _ in range(10):
                a.bus.send(b"%d" % number)
                number += 1
            await deferLater(reactor, 0)
        a.bus.send(b"%d" % number)
        await late.until_heard(b"%d" % number)
        first = int(late.heard[0])
        self.assertEqual(late.heard, [b"%d" % each for each in range(first, number + 1)])

    async def test_big_frames(self):
        """A frame that is longer than what may wait is carried when nothing else waits."""
        a, b = await self.nodes("a", "b")
        frame = bytes(range(256)) * (2 << 12)
        a.bus.send(frame)
        await b.until_count(1)
        self.assertEqual(b.heard, [frame])
        await self.settle(a, b)
        self.assertEqual(a.story, ["up"])

    async def test_stop(self):
        """What was sent before it is stopped goes out; then it hears no more, and sends nothing."""
        a, b = await self.nodes("a", "b")
        a.bus.send(b"the last")
        await a.bus.stop()
        heard = list(a.heard)
        self.assertTrue(a.bus.problem)
        a.bus.send(b"after it")
        await b.until_heard(b"the last")
        await self.settle(b)
        self.assertEqual((b.heard, a.heard, a.story), ([b"the last"], heard, ["up"]))
        await a.bus.stop()

    async def test_stop_before_it_is_up(self):
        """A bus that is stopped at once never comes up."""
        a = self.node("a").start()
        await a.bus.stop()
        await deferLater(reactor, 0.1)
        self.assertEqual(a.story, [])

    async def test_stop_unstarted(self):
        """A bus that was never started can be stopped."""
        await self.make_bus().stop()


class ReconnectContract:
    """
    What every bus promises besides that can lose its connection and make another; mix into a trial test case
    with L{BusContract}, and write C{cut}, which lets a bus lose its connection.
    """

    async def test_down_and_up(self):
        """A bus that loses its connection says so, and why, and connects again; others hear no difference."""
        a, b = await self.nodes("a", "b")
        slot = a.slot
        self.assertEqual(a.bus.problem, "")
        self.cut(a.bus)
        await a.until(lambda node: node.story == ["up", "down"])
        self.assertTrue(a.reasons[0])
        await a.until_up_again()
        self.assertEqual((a.bus.problem, a.slot, b.story), ("", slot, ["up"]))
        await self.settle(a, b)

    async def test_problem(self):
        """While it is down, the bus tells why, and what is sent is dropped."""
        a, b = await self.nodes("a", "b")
        problems = []
        a.down = lambda reason: (problems.append(a.bus.problem), a.bus.send(b"lost"), Node.down(a, reason))
        self.cut(a.bus)
        await a.until_up_again()
        self.assertTrue(problems[0])
        await self.settle(a, b)
        self.assertEqual((a.heard, b.heard), ([], []))

    async def test_nothing_comes_late(self):
        """What a node sent before a loss does not come back to it afterwards."""
        a, b = await self.nodes("a", "b")
        for number in range(200):
            a.bus.send(b"early %d" % number)
        self.cut(a.bus)
        await a.until_up_again()
        await self.settle(a, b)
        self.assertEqual(a.heard, [])
        self.assertEqual(b.story, ["up"])

    async def test_too_much_waits(self):
        """With more waiting to be sent than is allowed the bus loses its connection, and comes back."""
        a, b = await self.nodes("a", "b")
        for _ in range(2 * self.buffer // 1_000):
            a.bus.send(bytes(1_000))
        await a.until_up_again()
        self.assertEqual(b.story, ["up"])
        await self.settle(a, b)
