"""Rooms by way of a real Janus: what participants of aiortc decode of each other, and what they outlive."""

from __future__ import annotations

import json
import signal
import sys
from importlib.util import find_spec
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
    skip = None if find_spec("aiortc") else "aiortc is not installed"

    def start_janus(self, **settings):
        self.janus = Janus(self.mktemp(), **settings)
        self.addCleanup(lambda: self.janus.kill())

    async def comet(self, video=(), **sections):
        settings = {"janus": self.janus.url, "janus_secret": SECRET, "mesh_limit": 2, **dict(video)}
        server = await self.server(video=settings, **sections)
        await in_thread(ask, server, DEMO_ROOMS)
        return server

    async def sit(self, *servers, room="demo"):
        """@return: a participant at each of C{servers}."""
        peers = [Peer.come(self, server, 40 + 40 * number, room) for number, server in enumerate(servers)]
        for peer in peers:
            await peer.until(lambda now: now["seat"], "a seat")
        return peers


def ask(server, statement):
    """@return: the rows of a statement, blocking."""
    login = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root", "password": server.password}
    with pymysql.connect(**login, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def nodes_of(server):
    """@return: the names of the servers that have somebody in the room, blocking."""
    return {node for (node,) in ask(server, "SELECT node FROM conference_members WHERE name = 'demo'")}


def read(url):
    """@return: what is there, blocking."""
    with urlopen(url, timeout=PATIENCE) as answer:
        return answer.read()


class RoomTests(JanusCase):
    """One server, and at least three participants."""

    async def test_who_is_there_and_what_they_show(self):
        """
        All decode each other; then what somebody shows besides, and who comes, and not who has left. When all
        have left, or the server is killed and comes back, Janus has no room any more.
        """
        self.start_janus()
        server = await self.comet()
        first, second, third = await self.sit(server, server, server)
        await all_see(first, second, third)
        self.assertEqual(len(await in_thread(self.janus.rooms)), 1)
        first.do("share")
        for peer in (second, third):
            await peer.until(lambda _, peer=peer: peer.frames(first).get("screen", 0) > FLOWING, "the screen")
        first.do("leave")
        [fourth] = await self.sit(server)
        await all_see(second, third, fourth)
        for peer in (second, third, fourth):
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

    async def test_connections(self):
        """
        A page may send or receive over a new connection, and does if one breaks, of which it is told. What is
        no SDP is refused by name to who sends it, and nobody else notices.
        """
        self.start_janus()
        server = await self.comet()
        peers = await self.sit(server, server, server)
        first, second, _ = peers
        await all_see(*peers)
        first.do("rubbish")
        await first.until(lambda now: now["failed"] and now["errors"], "two refusals")
        [[name, reason]] = first.now["errors"]
        self.assertEqual(name, "bad_value")
        self.assertIn("fingerprint", reason)
        self.assertIn("rubbish", first.now["failed"][0][1])
        self.assertEqual(second.now["failed"] + second.now["errors"], [])
        await all_see(*peers)
        before = first.now["connection"]
        first.do("anew")
        await first.until(lambda now: now["connection"] > before, "another connection")
        await all_see(*peers)
        first.do("publish")
        await all_see(*peers)
        first.do("break")
        await first.until(lambda now: len(now["failed"]) == 2, "the notice")
        await all_see(*peers)

    async def test_janus_goes(self):
        """
        After a Janus that was killed, or has forgotten a server that stood still, all begin afresh and decode
        each other again. If Janus stays away, the room ends; the server serves all else.
        """
        self.start_janus(session_timeout=2)
        server = await self.comet(video={"janus_patience": 3})
        peers = await self.sit(server, server, server)
        await all_see(*peers)
        self.janus.kill()
        await self.begin_afresh(peers, self.janus.start)
        server.process.send_signal(signal.SIGSTOP)
        await until(lambda: "Timeout expired" in self.janus.log(), "Janus to forget the server")
        await self.begin_afresh(peers, lambda: server.process.send_signal(signal.SIGCONT))
        self.assertEqual([peer.now["errors"] for peer in peers], [[], [], []])
        self.janus.kill()
        for peer in peers:
            await peer.until(lambda now: now["ended"] == "media", "the end of the room")
        told = json.loads(await in_thread(read, f"{server.page}health/ready"))
        self.assertEqual(told["status"], "ok")
        self.assertIn("is away", told["notes"][0])

    async def begin_afresh(self, peers, after):
        """Let C{after} happen: then all must be told once to begin afresh, and decode each other."""
        before = [peer.now["restarts"] for peer in peers]
        after()
        for peer, restarts in zip(peers, before, strict=True):
            await peer.until(lambda now, restarts=restarts: now["restarts"] > restarts, "the restart")
        await all_see(*peers)
        self.assertEqual([peer.now["restarts"] for peer in peers], [restarts + 1 for restarts in before])

    async def test_two_workers(self):
        """Participants at different workers of a server do so, too."""
        self.start_janus()
        server = await self.comet(ws={"port": 0, "workers": 2})
        peers = await self.sit(server, server, server)
        while (nodes := await in_thread(nodes_of, server)) != {"comet.1", "comet.2"}:
            # Which worker has somebody is a matter of chance.
            self.assertEqual(len(nodes), 1)
            peers.pop().do("leave")
            peers += await self.sit(server)
        await all_see(*peers)
        self.assertEqual(len(await in_thread(self.janus.rooms)), 1)

    async def test_two_servers(self):
        """Participants at different servers decode each other, in one room."""
        self.start_janus()
        redis = Redis(self.mktemp())
        self.addCleanup(redis.kill)
        shared = {"cluster": {"redis": f"redis://127.0.0.1:{redis.port}/0"}}
        one, two = [await self.comet(**shared, main={"node_name": name}) for name in ("one", "two")]
        peers = await self.sit(one, two, one)
        await all_see(*peers)
        self.assertEqual(len(await in_thread(self.janus.rooms)), 1)
