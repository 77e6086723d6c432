"""Clients that are slow, silent, greedy or gone: each is ended in its time, and nobody else notices."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "compliance"))

from suite.conversation import Line
from suite.packing import packed
from suite.targets import LineTarget
from suite.wire import (
    CONTINUATION,
    EXTENSIONS,
    HEADERS,
    OFFER,
    PING,
    PONG,
    RSV1,
    TEXT,
    Frame,
    request,
)

from tests.e2e.support import PATIENCE, ServerCase, in_thread, until

PATH = LineTarget.path
#: Connections that say nothing; C{COMET_SILENT=10000} tries it in earnest.
SILENT = int(os.environ.get("COMET_SILENT", "300"))
#: What a message has beside its text at the most, as the reference says.
OVERHEAD = 4096


def text(payload, **more):
    """@return: a text frame as bytes."""
    return Frame(TEXT, payload.encode(), **more).to_bytes()


def connect(port):
    """@return: a client that is welcome."""
    line = Line(("127.0.0.1", port))
    assert line.open(request(PATH))
    return line


def answers(line, count):
    """@return: the next frames from the server, parsed; the welcome is passed over."""
    line.until(lambda: len(line.frames) > count, PATIENCE)
    return [json.loads(frame.payload) if frame.opcode == TEXT else frame for frame in line.frames[1:]]


class LargeTests(ServerCase):
    """Payloads over 64 KiB, and over the limit."""

    def talk(self, port, *data):
        """@return: what the server says to C{data}, and whether it ends the connection."""
        with contextlib.closing(connect(port)) as line:
            for each in data:
                line.send(each)
            line.send(text("pipe_count\nweb_x\nlast"))
            line.until(lambda: line.frames and b'"last"' in line.frames[-1].payload, PATIENCE)
            return [json.loads(frame.payload) for frame in line.frames[1:]], line.gone

    async def test_payloads_of_all_sizes(self):
        """Up to the limit they arrive; a text over it is refused; a frame over all bounds ends its sender."""
        server = await self.server(limits={"message": 300_000})
        browser = await self.browser(server)
        await browser.next()
        await browser.listen("web_big")
        head = "web_pipe2\nweb_big\n\n*\n"
        for size in (65_535, 65_536, 70_000, 300_000):
            said = text(head + "é" * (size // 2))
            (report, _), gone = await in_thread(self.talk, server.ws_port, said)
            self.assertEqual((report["data"]["number_messages"], gone), (1, False))
            self.assertEqual((await browser.next())["data"], "é" * (size // 2))
        (refusal, _), gone = await in_thread(self.talk, server.ws_port, text(head + "x" * 300_001))
        self.assertIn("300001 bytes, at most 300000", refusal["data"]["error"])
        self.assertFalse(gone)
        over = 300_000 + OVERHEAD + 1
        announced = text("x" * over)[:14]
        halves = Frame(TEXT, b"x" * 200_000, fin=False), Frame(CONTINUATION, b"x" * (over - 200_000))
        for data in ([announced], [half.to_bytes() for half in halves]):
            self.assertEqual(await in_thread(self.talk, server.ws_port, *data), ([], True))
        browser.say("pipe_count\nweb_big\nM")
        self.assertEqual((await browser.next())["data"], {"user_in_pipe": 1})


class BombTests(ServerCase):
    """Small messages that unpack to large ones."""

    def throw(self, port, bomb):
        """@return: a client that has sent this as a compressed message, whose connection has ended."""
        with contextlib.closing(Line(("127.0.0.1", port))) as line:
            assert line.open(request(PATH, (*HEADERS, (EXTENSIONS, OFFER))))
            line.send(Frame(TEXT, bomb, rsv=RSV1).to_bytes())
            line.until(lambda: line.gone, PATIENCE)
            return line

    async def test_bombs_are_not_unpacked(self):
        """Their senders are ended, and the most memory that the server ever had stays near what it was."""
        server = await self.server(ws={"compress": "yes"})

        def peak():
            status = Path(f"/proc/{server.process.pid}/status").read_text()
            return int(status.partition("VmHWM:")[2].split()[0]) * 1024

        large, bomb = packed(b"x" * (1 << 20)), packed(bytes(256 << 20))
        await in_thread(self.throw, server.ws_port, large + b"\x06")
        before = peak()
        for _ in range(5):
            line = await in_thread(self.throw, server.ws_port, bomb)
            self.assertTrue(line.gone)
        self.assertLess(peak() - before, 32 << 20)


class GluedTests(ServerCase):
    """Frames in the same segment as the request."""

    async def test_frames_behind_the_request(self):
        """A whole one, one in fragments with a ping between, and another: all are served."""
        server = await self.server()
        glued = b"".join(
            (
                text("pipe_count\nweb_x\none"),
                text("pipe_count\n", fin=False),
                Frame(PING, b"ping").to_bytes(),
                Frame(CONTINUATION, b"web_x\ntwo").to_bytes(),
                text("pipe_count\nweb_x\nthree"),
            )
        )

        def talk():
            with contextlib.closing(Line(("127.0.0.1", server.ws_port))) as line:
                line.send(request(PATH) + glued)
                line.until(lambda: len(line.frames) > 4, PATIENCE)
                return line.frames

        found = await in_thread(talk)
        # Commands are answered in order; a pong need not wait for them (RFC 6455, 5.5.2).
        told = [json.loads(frame.payload).get("marker") for frame in found if frame.opcode == TEXT]
        (pong,) = [frame for frame in found if frame.opcode != TEXT]
        self.assertEqual(told, [None, "one", "two", "three"])
        self.assertEqual((pong.opcode, pong.payload), (PONG, b"ping"))


class SlowTests(ServerCase):
    """Handshakes that never end."""

    async def test_a_request_by_drops(self):
        """Saying something now and then wins no time."""
        server = await self.server(limits={"login_seconds": 1})

        def drip():
            with socket.create_connection(("127.0.0.1", server.ws_port)) as line:
                endless = iter(request(PATH)[:-2] + b"X: " + b"x" * 4000)
                for byte in endless:
                    if select.select([line], [], [], 0.05)[0]:
                        return line.recv(1000)
                    # What is on its way when the server ends is answered by a reset.
                    with contextlib.suppress(ConnectionError):
                        line.send(bytes([byte]))

        self.assertEqual(await in_thread(drip), b"")


class GoneTests(ServerCase):
    """Peers that vanish without a word."""

    async def test_a_peer_that_does_not_answer_is_gone(self):
        """Pings find out, and those who listen are told."""
        server = await self.server(ws={"ping_interval": 1})
        watching = await self.browser(server)
        await watching.next()
        await watching.listen("track_x")
        silent = await in_thread(connect, server.ws_port)
        self.addCleanup(silent.close)
        await in_thread(silent.send, text("subscription\ntrack_x"))
        self.assertEqual((await watching.next())["event"], "subscription")
        # From here on the other end is as one whose network is gone: it takes nothing, and says nothing.
        self.assertEqual((await watching.next())["event"], "unsubscription")


class SilentTests(ServerCase):
    """Very many that only connect."""

    def open_files(self, server):
        return len(os.listdir(f"/proc/{server.process.pid}/fd"))

    def crowd(self, server):
        """@return: connections that say nothing, from as many addresses as there are ports for."""
        return [
            socket.create_connection(
                ("127.0.0.1", server.ws_port), PATIENCE, (f"127.0.1.{1 + number // 5000}", 0)
            )
            for number in range(SILENT)
        ]

    def wait_for_the_end(self, crowd):
        """@return: how many the server ended, within patience."""
        ended, end = 0, time.monotonic() + PATIENCE + SILENT / 500
        for line in crowd:
            line.settimeout(max(0.1, end - time.monotonic()))
            with contextlib.suppress(TimeoutError):
                ended += line.recv(1) == b""
            line.close()
        return ended

    async def test_connections_that_say_nothing(self):
        """They are held as long as a handshake may take, while others are served; then nothing is left."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, SILENT + 4096), hard))
        unlimited = {"address_connections": 0, "address_connects": 0}
        server = await self.server(limits={"login_seconds": 3, **unlimited})
        before = self.open_files(server)
        crowd = await in_thread(self.crowd, server)
        browser = await self.browser(server)
        self.assertEqual((await browser.next())["event"], "serverInfo")
        await browser.listen("web_x")
        self.assertEqual(await in_thread(self.wait_for_the_end, crowd), SILENT)
        await until(lambda: self.open_files(server) <= before + 1, "the sockets to be closed")
        browser.say("pipe_count\nweb_x\nM")
        self.assertEqual((await browser.next())["data"], {"user_in_pipe": 1})
        self.assertNotIn("Traceback", server.log.read_text())
