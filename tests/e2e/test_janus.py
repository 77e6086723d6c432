"""Rooms by way of a real Janus: what participants of aiortc decode of each other, and what they outlive."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from urllib.request import urlopen

import pymysql
from twisted.internet import reactor
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater

from tests.e2e.support import PATIENCE, ServerCase, in_thread, until
from tests.januserver import SECRET, Janus
from tests.redisserver import Redis

PEER = Path(__file__).with_name("peer.py")
#: Visitors may go into rooms that begin with demo.
DEMO_ROOMS = "INSERT INTO channel_rights (prefix, subscribe) VALUES ('call_room_demo', 'all')"
#: How far the brightness that is decoded may be from the one that was sent.
TOLERANCE = 3
#: What counts as flowing: so many frames more.
FLOWING = 5


class Peer(ProcessProtocol):
    """
    One participant, in a process of its own: see C{peer.py}.

    @ivar now: what it has told last.
    @ivar words: what it has complained of.
    """

    def __init__(self, brightness):
        self.brightness, self.now, self._rest, self.words = brightness, {}, b"", ""

    @classmethod
    def come(cls, case, server, brightness, room):
        peer = cls(brightness)
        url = f"ws://127.0.0.1:{server.ws_port}/comet/ws"
        command = [sys.executable, str(PEER), url, room, str(brightness)]
        process = reactor.spawnProcess(peer, sys.executable, command, env=None)
        case.addCleanup(peer.end, process)
        return peer

    def outReceived(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self.now = json.loads(line)

    def errReceived(self, data):
        self.words += data.decode()

    def do(self, order):
        self.transport.write(f"{order}\n".encode())

    async def end(self, process):
        if process.pid is not None:
            process.signalProcess("KILL")
            await until(lambda: process.pid is None, "a participant to end")

    async def until(self, condition, what, seconds=PATIENCE):
        try:
            return await until(lambda: self.now and condition(self.now), what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.now}; {self.words[-2000:]}") from None

    @property
    def seat(self):
        return self.now["seat"]

    def frames(self, other):
        """@return: how many of each source of C{other} were decoded, where the picture is really theirs."""
        found = {}
        for source, (frames, brightness) in self.now["seen"].get(str(other.seat), {}).items():
            sent = {"camera": other.brightness, "screen": other.brightness + 8}.get(source, 0)
            if abs(brightness - sent) <= TOLERANCE:
                found[source] = frames
        return found

    async def sees(self, *others, sources=("microphone", "camera")):
        """Wait until media of all these flows, of just these sources, and nothing of anybody else."""
        before = {other: self.frames(other) for other in others}
        connection = self.now["connection"]

        def flows(now):
            return {int(seat) for seat in now["seen"]} == {other.seat for other in others} and all(
                found.keys() == set(sources)
                # Over another connection they are counted anew.
                and all(
                    frames
                    > FLOWING + (before[other].get(source, 0) if now["connection"] == connection else 0)
                    for source, frames in found.items()
                )
                for other in others
                for found in [self.frames(other)]
            )

        await self.until(flows, f"what {[other.seat for other in others]} send")


async def all_see(*peers, **how):
    for peer in peers:
        await peer.sees(*(other for other in peers if other is not peer), **how)


class JanusCase(ServerCase):
    """Servers with rooms that go by way of one Janus from the third participant on."""

    timeout = 180

    def start_janus(self, **settings):
        self.janus = Janus(self.mktemp(), **settings)
        self.addCleanup(lambda: self.janus.kill())

    async def comet(self, video=(), **sections):
        settings = {"janus": self.janus.url, "janus_secret": SECRET, "mesh_limit": 2, **dict(video)}
        server = await self.server(video=settings, **sections)
        await in_thread(permit, server)
        return server

    async def sit(self, *servers, room="demo"):
        """@return: a participant at each of C{servers}."""
        peers = [Peer.come(self, server, 40 + 40 * number, room) for number, server in enumerate(servers)]
        for peer in peers:
            await peer.until(lambda now: now["seat"], "a seat")
        return peers


def permit(server):
    """Let visitors in, blocking."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    with pymysql.connect(**login, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(DEMO_ROOMS)


def read(url):
    """@return: what is there, blocking."""
    with urlopen(url, timeout=PATIENCE) as answer:
        return answer.read()


class RoomTests(JanusCase):
    """One server, three participants."""

    async def setUp(self):
        self.start_janus()
        self.comet_server = server = await self.comet()
        self.peers = await self.sit(server, server, server)
        await all_see(*self.peers)

    async def test_what_changes_in_a_room(self):
        """All decode each other; then what somebody shows besides, and who comes, and not who has left."""
        first, second, third = self.peers
        first.do("share")
        for peer in (second, third):
            await peer.until(lambda _, peer=peer: peer.frames(first).get("screen", 0) > FLOWING, "the screen")
        first.do("leave")
        [fourth] = await self.sit(self.comet_server)
        await all_see(second, third, fourth)

    async def test_sending_anew(self):
        """A page may send over a new connection; the others see the one that counts."""
        self.peers[0].do("publish")
        await all_see(*self.peers)

    async def test_receiving_anew(self):
        """A page may receive over a new connection."""
        first = self.peers[0]
        before = first.now["connection"]
        first.do("anew")
        await first.until(lambda now: now["connection"] > before, "another connection")
        await all_see(*self.peers)

    async def test_a_connection_that_breaks(self):
        """If media is cut off, Janus notices, and the page is told so and sends over a new connection."""
        first = self.peers[0]
        first.do("break")
        await first.until(lambda now: now["failed"], "the notice")
        await all_see(*self.peers)

    async def test_rubbish(self):
        """What is no SDP is refused by name to who sends it, and no one else notices."""
        first, second, _ = self.peers
        first.do("rubbish")
        await first.until(lambda now: now["failed"] and now["errors"], "two refusals")
        self.assertEqual([name for name, _ in first.now["errors"]], ["bad_value"])
        self.assertIn("fingerprint", first.now["errors"][0][1])
        self.assertIn("rubbish", first.now["failed"][0][1])
        self.assertEqual(second.now["failed"] + second.now["errors"], [])
        await all_see(*self.peers)

    async def test_janus_starts_again(self):
        """After a Janus that was killed all are told to begin afresh, and decode each other again."""
        before = [peer.now["restarts"] for peer in self.peers]
        self.janus.kill()
        self.janus.start()
        for peer, restarts in zip(self.peers, before, strict=True):
            await peer.until(lambda now, restarts=restarts: now["restarts"] == restarts + 1, "the restart")
        await all_see(*self.peers)
        self.assertEqual([peer.now["errors"] for peer in self.peers], [[], [], []])


class EndTests(JanusCase):
    """What is left behind, and what ends."""

    async def test_no_room_is_left_behind(self):
        """When all have left, or the server is killed and comes back, Janus has no room any more."""
        self.start_janus()
        server = await self.comet()
        peers = await self.sit(server, server, server)
        await all_see(*peers)
        self.assertEqual(len(await in_thread(self.janus.rooms)), 1)
        for peer in peers:
            peer.do("leave")
        await self.no_rooms()
        peers = await self.sit(server, server, server)
        await all_see(*peers)
        await server.stop(signal.SIGKILL)
        self.assertEqual(len(await in_thread(self.janus.rooms)), 1)
        await server.start()
        await self.no_rooms()

    async def no_rooms(self):
        for _ in range(100):
            if not (rooms := await in_thread(self.janus.rooms)):
                return
            await deferLater(reactor, 0.1)
        self.fail(f"there are still {rooms}")

    async def test_gone_for_good(self):
        """If Janus stays away for too long, the room ends, and all hear why; the server serves all else."""
        self.start_janus()
        server = await self.comet(video={"janus_patience": 1})
        peers = await self.sit(server, server, server)
        await all_see(*peers)
        self.janus.kill()
        for peer in peers:
            await peer.until(lambda now: now["ended"] == "media", "the end of the room")
        told = json.loads(await in_thread(read, f"{server.page}health/ready"))
        self.assertEqual(told["status"], "ok")
        self.assertIn("is away", told["notes"][0])

    async def test_a_session_that_has_timed_out(self):
        """After a server that stood still for so long that Janus has forgotten it, all begin afresh."""
        self.start_janus(session_timeout=2)
        server = await self.comet()
        peers = await self.sit(server, server, server)
        await all_see(*peers)
        before = [peer.now["restarts"] for peer in peers]
        server.process.send_signal(signal.SIGSTOP)
        await until(lambda: "Timeout expired" in self.janus.log(), "Janus to forget it")
        server.process.send_signal(signal.SIGCONT)
        for peer, restarts in zip(peers, before, strict=True):
            await peer.until(lambda now, restarts=restarts: now["restarts"] == restarts + 1, "the restart")
        await all_see(*peers)


class NodesTests(JanusCase):
    """Two servers, one Janus."""

    async def test_two_servers(self):
        """Participants at different servers decode each other, and the room goes when the last has left."""
        self.start_janus()
        redis = Redis(self.mktemp())
        self.addCleanup(redis.kill)
        shared = {"cluster": {"redis": f"redis://127.0.0.1:{redis.port}/0"}}
        servers = [await self.comet(**shared, main={"node_name": name}) for name in ("one", "two")]
        peers = await self.sit(servers[0], servers[1], servers[0])
        await all_see(*peers)
        self.assertEqual(len(await in_thread(self.janus.rooms)), 1)
