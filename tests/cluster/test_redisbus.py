"""The bus over Redis, on real Redis servers and Sentinels."""

from datetime import UTC, datetime
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from comet.certificates import self_signed
from comet.cluster.redisbus import RedisBus
from comet.cluster.redisdoor import Door
from comet.config import CannotStart
from comet.redis_url import RedisUrl
from tests.cluster.contract import BusContract, ReconnectContract
from tests.cluster.listening import Joining
from tests.e2e.support import until
from tests.redisserver import Redis, Sentinel


class RedisCase(Joining, TestCase):
    """Runs a Redis, and buses over it."""

    timeout = 60
    lines = ()

    def setUp(self):
        self.redis = Redis(self.mktemp(), "save ''", *self.lines)
        self.addCleanup(self.redis.kill)
        self.url = f"redis://127.0.0.1:{self.redis.port}"

    def make_bus(self, url=None, tls_ca=None, **more):
        more.setdefault("timeout", 0.9)
        return RedisBus(reactor, Door(reactor, RedisUrl.read(url or self.url), 5, tls_ca), **more)

    async def refused(self, bus):
        """@return: why a bus cannot connect."""
        self.join("a", bus)
        while bus.problem == "not connected yet":
            await deferLater(reactor, 0.02)
        return bus.problem


class RedisContractTests(BusContract, ReconnectContract, RedisCase):
    """What every bus promises."""

    def make_bus(self, **more):
        """@return: a bus with the buffer of the contract."""
        return super().make_bus(buffer=self.buffer, **more)

    def cut(self, bus):
        """Let Redis close a connection of C{bus}."""
        number, address = bus.connection
        self.redis.say("CLIENT", "KILL", "ID", number, "ADDR", address)

    async def test_a_frame_longer_than_the_buffer(self):
        """It passes, with small ones around it, and so does the next, as long as not too much waits."""
        (bus, listener), (_, other) = await self.joined("a", "b")
        sent = [b"before", b"x" * (2 * self.buffer), b"after", b"y" * (2 * self.buffer)]
        for _ in range(2):
            bus.send(sent[0])
            bus.send(sent[1])
            await listener.hears(2)
            bus.send(sent[2])
            bus.send(sent[3])
            self.assertEqual(await listener.hears(4), sent)
            self.assertEqual(await other.hears(4), sent)
            listener.frames.clear()
            other.frames.clear()
        self.assertEqual((bus.problem, listener.reasons), ("", []))


class LossTests(RedisCase):
    """Redis goes away, and comes back."""

    async def test_restart(self):
        """When Redis is back, so is the bus, in the same slots, though Redis has forgotten all."""
        pairs = await self.joined("a", "b", "c")
        slots = [listener.slot for _, listener in pairs]
        self.redis.kill()
        for bus, listener in pairs:
            await listener.is_down()
            self.assertIn(str(self.redis.port), bus.problem)
        self.redis.start()
        for _, listener in reversed(pairs):
            await listener.is_up()
        self.assertEqual([listener.slot for _, listener in pairs], slots)
        pairs[0][0].send(b"again")
        self.assertEqual([await listener.hears(1) for _, listener in pairs], [[b"again"]] * 3)

    async def test_frozen(self):
        """A Redis that stands still is noticed; what was sent into it does not come after the bus is up."""
        (one, first), (_, second) = await self.joined("a", "b")
        self.redis.freeze()
        self.addCleanup(self.redis.thaw)
        for number in range(20000):
            one.send(b"lost %d" % number)
        await first.is_down()
        await second.is_down()
        self.assertIn("silent", one.problem)
        await deferLater(reactor, 0.5)
        self.redis.thaw()
        await first.is_up()
        await second.is_up()
        one.send(b"new")
        await first.until(lambda: b"new" in first.frames)
        await second.until(lambda: b"new" in second.frames)
        await deferLater(reactor, 0.3)
        self.assertEqual(first.frames, [b"new"])
        self.assertEqual(second.frames[-1], b"new")

    async def test_either_connection(self):
        """The loss of either connection alone is the loss of the bus."""
        for kind in ("normal", "pubsub"):
            [(_, listener)] = await self.joined(kind)
            self.redis.say("CLIENT", "KILL", "TYPE", kind)
            await listener.is_down()
            await listener.is_up()

    async def test_buffer(self):
        """More bytes waiting than are allowed are the end of the connection, not of the memory."""
        bus = self.make_bus(buffer=1 << 20)
        listener = self.join("a", bus)[1]
        await listener.is_up()
        for _ in range(4):
            bus.send(b"x" * (1 << 19))
        self.assertIsNotNone(listener.slot)
        await listener.is_down()
        self.assertIn("1048576 bytes wait", bus.problem)
        await listener.is_up()
        bus.send(b"small")
        self.assertEqual(await listener.hears(1), [b"small"])

    async def test_databases_are_apart(self):
        """Clusters in two databases of one Redis, or under two names, hear nothing of each other."""
        buses = [self.make_bus(), self.make_bus(self.url + "/1"), self.make_bus(name="other")]
        listeners = [self.join("a", bus)[1] for bus in buses]
        for bus, listener in zip(buses, listeners, strict=True):
            await listener.is_up()
            bus.send(b"mine")
        for listener in listeners:
            self.assertEqual(await listener.hears(1), [b"mine"])

    async def test_nobody_there(self):
        """Without Redis, the problem says where it should be."""
        self.redis.kill()
        self.assertIn(
            f"127.0.0.1:{self.redis.port}: Connection was refused", await self.refused(self.make_bus())
        )


class NameTests(RedisCase):
    """Two nodes of one name."""

    async def test_the_second_is_refused(self):
        """It is told why, and comes up once the first has stopped; the first, and others, notice nothing."""
        (one, first), (_, other) = await self.joined("a", "b")
        bus, second = self.join("a")
        await second.until(lambda: len(second.refusals) > 1)
        self.assertIn("another server is named a", bus.problem)
        one.send(b"x")
        self.assertEqual((await first.hears(1), await other.hears(1)), ([b"x"], [b"x"]))
        await one.stop()
        self.assertEqual(await second.is_up(), first.slot)
        self.assertEqual((first.reasons, other.reasons, second.slots), ([], [], [first.slot]))

    async def test_both_start_at_once(self):
        """One of them comes up."""
        pairs = [self.join("a") for _ in range(2)]
        await deferLater(reactor, 1.5)
        self.assertEqual(sorted(len(listener.slots) for _, listener in pairs), [0, 1])
        [(_, refused)] = [pair for pair in pairs if not pair[1].slots]
        self.assertTrue(refused.refusals)

    async def test_who_does_not_answer_is_gone(self):
        """A connection that is open still, though nobody is behind it, does not hold up the next for long."""
        (bus, first) = self.join("a")
        await first.is_up()
        bus._hear_of_name = lambda message: None
        second = self.join("a")[1]
        await second.is_up()
        self.assertEqual(second.refusals, [])

    async def test_who_was_silent_gives_way(self):
        """It loses the bus when it hears that another has taken its name."""
        (bus, first) = self.join("a")
        await first.is_up()
        heard, hear = [], bus._hear_of_name
        bus._hear_of_name = heard.append
        second = self.join("a")[1]
        await second.is_up()
        bus._hear_of_name = hear
        for message in heard:
            hear(message)
        await first.is_down()
        self.assertIn("another server has taken the name a", first.reasons[0])
        await first.until(lambda: first.refusals)
        self.assertEqual(second.reasons, [])


class PasswordTests(RedisCase):
    """A Redis with users."""

    lines = (
        "requirepass s3same",
        "user comet on >op3n resetchannels &comet:* ~comet:slots"
        " +ping +client|info +client|kill +eval +hget +hset +hdel +hincrby +pubsub|numsub"
        " +publish +subscribe",
    )

    def setUp(self):
        self.redis = Redis(self.mktemp(), "save ''", *self.lines, answers=b"NOAUTH")
        self.addCleanup(self.redis.kill)
        self.url = f"redis://127.0.0.1:{self.redis.port}"

    async def test_password(self):
        """A password opens, and so does a user who may do what the documents say, and no more."""
        for login in (":s3same", "comet:op3n"):
            bus = self.make_bus(self.url.replace("//", f"//{login}@"))
            listener = self.join(login, bus)[1]
            await listener.is_up()
            bus.send(login.encode())
            await listener.until(lambda login=login, heard=listener: login.encode() in heard.frames)

    async def test_wrong_password(self):
        """A wrong password is told, and not repeated."""
        problem = await self.refused(self.make_bus(self.url.replace("//", "//comet:wr0ng@")))
        self.assertIn("WRONGPASS", problem)
        self.assertNotIn("wr0ng", problem)
        self.assertIn("NOAUTH", await self.refused(self.make_bus()))


class EncryptionTests(Joining, TestCase):
    """A Redis over TLS."""

    timeout = 60

    def setUp(self):
        folder = Path(self.mktemp())
        folder.mkdir()
        for name in ("right", "wrong"):
            certificate, key = self_signed("localhost", datetime.now(UTC))
            (folder / f"{name}.pem").write_bytes(certificate)
            (folder / f"{name}.key").write_bytes(key)
        lines = [
            f"tls-cert-file {folder.absolute()}/right.pem",
            f"tls-key-file {folder.absolute()}/right.key",
        ]
        self.redis = Redis(folder / "redis", "save ''", "tls-auth-clients no", *lines, tls=True)
        self.addCleanup(self.redis.kill)
        self.folder = folder

    def make_bus(self, tls_ca):
        url = RedisUrl.read(f"rediss://localhost:{self.redis.port}")
        return RedisBus(reactor, Door(reactor, url, 5, tls_ca), timeout=0.9)

    async def test_trusted(self):
        """The bus works over TLS, if the certificate is of whom we trust."""
        bus, listener = self.join("a", self.make_bus(self.folder / "right.pem"))
        await listener.is_up()
        sent = [b"x" * (2 << 20), b"y"]
        for frame in sent:
            bus.send(frame)
        self.assertEqual(await listener.hears(2), sent)

    async def test_not_trusted(self):
        """With another authority than that of the certificate, or those of the system, nobody connects."""
        for tls_ca in (self.folder / "wrong.pem", None):
            bus, listener = self.join("a", self.make_bus(tls_ca))
            # A busy machine may not find its own name at once.
            await until(lambda bus=bus: "certificate" in bus.problem, "a problem with the certificate")
            self.assertEqual(listener.slots, [])

    def test_no_authority(self):
        """A file that holds no certificate is told at once."""
        error = self.assertRaises(CannotStart, self.make_bus, self.folder / "right.key")
        self.assertIn("[cluster] tls_ca", str(error))


class SentinelTests(Joining, TestCase):
    """A Redis that Sentinels mind."""

    timeout = 90

    def make_bus(self):
        url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{self.sentinel.port}/mine"
        return RedisBus(reactor, Door(reactor, RedisUrl.read(url), 5), timeout=0.9)

    async def test_failover(self):
        """When the Redis dies, the bus goes on with the one that takes its place, in the same slots."""
        base = Path(self.mktemp())
        base.mkdir()
        master = Redis(base / "master", "save ''", "repl-diskless-sync-delay 0")
        self.addCleanup(master.kill)
        replica = Redis(base / "replica", "save ''", f"replicaof 127.0.0.1 {master.port}")
        self.addCleanup(replica.kill)
        while b"master_link_status:up" not in replica.say("INFO", "replication"):
            await deferLater(reactor, 0.05)
        self.sentinel = Sentinel(base / "sentinel", master.port)
        self.addCleanup(self.sentinel.kill)
        while b"slave" not in self.sentinel.say("SENTINEL", "REPLICAS", "mine"):
            await deferLater(reactor, 0.1)
        pairs = await self.joined("a", "b")
        slots = [listener.slot for _, listener in pairs]
        master.kill()
        for _, listener in pairs:
            await listener.is_down()
        for _, listener in pairs:
            await listener.is_up()
        self.assertEqual([listener.slot for _, listener in pairs], slots)
        pairs[0][0].send(b"on")
        self.assertEqual(await pairs[1][1].hears(1), [b"on"])
