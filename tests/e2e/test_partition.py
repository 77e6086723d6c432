"""
One of three servers does not reach Redis, or the database, or is killed, while everybody goes on speaking.

What becomes of the messages is counted; the counts are in the log of trial, and in the documents.
"""

from __future__ import annotations

from functools import partial

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.logger import Logger

from tests.cable import Cable
from tests.e2e.cluster import DB_TIMEOUT, GRACE, TIMEOUT, ClusterCase
from tests.e2e.traffic import CHAT, KEPT, Traffic, Witness

#: How long a server may be silent, in seconds.
EXPIRY = 2
#: How long a server may take to notice something and tell, beyond the times that are configured.
SLACK = 2

_log = Logger()


class PartitionCase(ClusterCase):
    """Three servers, the last of which, C{c}, has a cable of its own."""

    async def cable(self, port):
        """@return: a cable to that port, with no harm done to it yet."""
        cable = await Cable(port).start()
        self.addCleanup(lambda: Deferred.fromCoroutine(cable.stop()))
        return cable

    async def traffic(self, **config):
        """
        @param config: what is special with C{c}.
        @return: everybody speaks.
        """
        common = {"limits": {"history": 5000}, "cluster": {"expiry": EXPIRY}}
        self.a, self.b = await self.servers.nodes("ab", **common)
        special = {section: common.get(section, {}) | keys for section, keys in config.items()}
        self.c = await self.node("c", **common | special)
        traffic = Traffic(self, [self.a, self.b, self.c])
        await traffic.start()
        await self.sees(self.a, f"SELECT users FROM pipes WHERE name = '{CHAT}'", [(3,)])
        await deferLater(reactor, 1)
        return traffic

    def report(self, traffic):
        """Log what has become of the messages."""
        tallies = {name: traffic.tally(name) for name in (KEPT, CHAT)} | {"private": traffic.private()}
        for name, tally in tallies.items():
            _log.info("{test}: {name}: {tally}", test=self.id(), name=name, tally=str(tally))

    async def is_all_there(self, traffic):
        """Nothing that was kept or private is missing, or came twice, and the order is one."""
        await traffic.stop()
        self.report(traffic)
        orders = [ear.texts("message", KEPT) for ear in traffic.ears]
        self.assertEqual(orders[0], orders[1])
        self.assertEqual(orders[0], orders[2])
        for target in (KEPT, *traffic.users):
            tally = traffic.tally(target)
            self.assertEqual((tally.once, tally.twice, tally.never), (tally.sent, 0, 0), target)
        for user in traffic.users:
            await self.sees(self.a, f"SELECT message FROM users_messages WHERE id = {user}", [])


class RedisTests(PartitionCase):
    """C{c} reaches Redis by a cable."""

    async def setUp(self):
        await self.cluster("")
        self.wire = await self.cable(self.redis.port)
        self.redis_url = f"redis://127.0.0.1:{self.wire.port}"

    async def part(self, hurt, notices):
        """
        Cut C{c} off, and let it come back.

        @param notices: how long C{c} may take to notice.
        """
        traffic = await self.traffic(cluster={"redis": self.redis_url})
        begun = reactor.seconds()
        hurt()
        self.assertIn("the other servers are not reached", await self.becomes(self.c, 503))
        noticed = reactor.seconds()
        self.assertLess(noticed - begun, notices + SLACK)
        await self.sees(self.a, "SELECT time > 0 FROM users_time WHERE id = 3", [(1,)])
        self.assertLess(reactor.seconds() - begun, EXPIRY + GRACE + SLACK)
        self.assertEqual((await self.ready(self.a))[0], 200)
        await deferLater(reactor, 1)
        mended = reactor.seconds()
        self.wire.mend()
        await self.becomes(self.c, 200)
        await self.sees(self.a, "SELECT time FROM users_time WHERE id = 3", [(0,)])
        healed = reactor.seconds()
        await deferLater(reactor, 3)
        await self.is_all_there(traffic)
        # Where nothing is kept, nothing comes twice; each side has heard its own, and of the other it has
        # missed what was said while they were apart, and was told so.
        tally = traffic.tally(CHAT)
        self.assertEqual((tally.twice, tally.once + tally.never), (0, tally.sent))
        self.assertGreater(tally.never, 0)
        for number, ear in enumerate(traffic.ears):
            self.assertGreater(ear.gaps(CHAT), 0)
            self.assertEqual(ear.gaps(KEPT), 0)
            for text, time in traffic.missed(ear, CHAT).items():
                self.assertEqual(text.startswith("c"), number != 2, text)
                self.assertTrue(begun - SLACK < time < healed, (text, begun, time, healed))
        times = traffic.sent[CHAT].items()
        said = [text for text, time in times if text.startswith("c") and noticed < time < mended]
        heard = {frame.get("data") for time, frame in traffic.ears[2].heard if time < mended}
        self.assertGreater(len(said), 5)
        self.assertLessEqual({*said[:-1]}, heard)

    async def test_cut(self):
        """The connections are reset: each side goes on, and in the end knows what can be known."""
        await self.part(self.wire.cut, 0)

    async def test_blocked(self):
        """Nothing comes, and no word that it does not: the same, once the silence has been long enough."""
        await self.part(self.wire.block, TIMEOUT)

    async def test_slow(self):
        """It only takes longer: nothing is lost, and nobody goes."""
        traffic = await self.traffic(cluster={"redis": self.redis_url})
        self.wire.slow(0.2)
        await deferLater(reactor, 3)
        self.assertEqual((await self.ready(self.c))[0], 200)
        await self.is_all_there(traffic)
        tally = traffic.tally(CHAT)
        self.assertEqual((tally.once, tally.sent - tally.once), (tally.sent, 0))
        self.assertEqual([ear.gaps(CHAT) for ear in traffic.ears], [0, 0, 0])


class KillTests(PartitionCase):
    """C{c} is killed."""

    async def test_killed(self):
        """Its users go on elsewhere: nothing that was kept or private is missing, and the order is one."""
        await self.cluster("")
        traffic = await self.traffic()
        begun = reactor.seconds()
        await self.c.stop(9)
        await traffic.come_elsewhere(3, self.a)
        await deferLater(reactor, EXPIRY + GRACE + 1)
        self.assertEqual(await self.sql(self.b, "SELECT time FROM users_time WHERE id = 3"), [(0,)])
        await self.is_all_there(traffic)
        # Where nothing is kept, the others have heard everything, and who was away knows that.
        self.assertEqual([len(traffic.missed(ear, CHAT)) for ear in traffic.ears[:2]], [0, 0])
        for time in traffic.missed(traffic.ears[2], CHAT).values():
            self.assertLess(abs(time - begun), SLACK)
        self.assertEqual(traffic.tally(CHAT).twice, 0)
        self.assertEqual(await self.sql(self.b, "SELECT users FROM pipes WHERE name = 'chat'"), [(3,)])


class MoveTests(PartitionCase):
    """Nothing is wrong but that clients come and go."""

    async def test_from_server_to_server(self):
        """Who goes on elsewhere from a cursor hears everything once and in order, whichever is ahead."""
        await self.cluster("")
        traffic = await self.traffic()
        end = reactor.seconds() + 4

        async def move(number):
            """@return: how many messages were heard."""
            before, channels = None, {KEPT: None}
            while reactor.seconds() < end or before is None:
                server = self.servers.servers[number % 3]
                client = await self.listener(server, channels, 0, "", partial(Witness, before))
                await deferLater(reactor, 0.1)
                await self.heard(client, 1)
                client.transport.abortConnection()
                await client.closed
                before, channels, number = client, {KEPT: client.cursor}, number + 1
            places = before.places
            self.assertEqual(places, list(range(places[0], places[0] + len(places))))
            return len(places)

        found = await gatherResults([Deferred.fromCoroutine(move(number)) for number in range(6)])
        _log.info("{test}: moving: sent {sent}, once {sent}", test=self.id(), sent=sum(found))
        await traffic.stop()


class DatabaseTests(PartitionCase):
    """C{c} reaches the database by a cable."""

    async def test_blocked(self):
        """What needs it is refused by C{c} in bounded time, all else goes on; then it recovers by itself."""
        await self.cluster("")
        wire = await self.cable(self.maria.port)
        traffic = await self.traffic(db={"port": wire.port})
        wire.block()
        self.assertIn("database", await self.becomes(self.c, 503))
        await deferLater(reactor, 3)
        self.assertEqual((await self.ready(self.a))[0], 200)
        wire.mend()
        await self.becomes(self.c, 200)
        await deferLater(reactor, 2)
        refused = len(traffic.refused)
        await deferLater(reactor, 1)
        self.assertEqual(len(traffic.refused), refused)
        self.assertGreater(refused, 0)
        # One for the COMMIT, one to ask whether it took place, one for what has waited for that.
        self.assertLess(traffic.slowest, 3 * DB_TIMEOUT + SLACK)
        await traffic.stop()
        self.report(traffic)
        self.assertEqual({number for *_, number in traffic.refused} - {1030, 1180}, set())
        self.assertEqual({text[0] for _, text, _ in traffic.refused}, {"c"})
        for target in (KEPT, CHAT, *traffic.users):
            tally = traffic.tally(target)
            self.assertEqual((tally.once, tally.twice, tally.never), (tally.sent, 0, 0), target)
