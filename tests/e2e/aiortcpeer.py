"""
A peer of calls and rooms whose media is aiortc's: a WebRTC that shares no line with that of a browser.

All of it runs on asyncio; a test runs it in a thread of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from contextlib import suppress

from websockets.asyncio.client import connect

try:
    import aiortc
    from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
    from aiortc.sdp import candidate_from_sdp
except ImportError:
    aiortc = None

#: How long anything may take, in seconds.
PATIENCE = 30


class Line:
    """
    A user's connection to comet, in JSON over WebSocket.

    @ivar number: what the connection goes by.
    """

    def __init__(self, socket, welcome):
        self._socket, self._asked, self._answers = socket, 0, {}
        self.number = welcome["connection"]
        self.events = asyncio.Queue()
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def open(cls, port, user_id, key, **more):
        """@return: a connection that is signed in."""
        socket = await connect(f"ws://127.0.0.1:{port}/comet/ws")
        await socket.send(json.dumps({"cmd": "hello", "user_id": user_id, "key": key}))
        welcome = json.loads(await socket.recv())
        if welcome["type"] != "welcome" or not welcome["authorized"]:
            raise AssertionError(welcome)
        return cls(socket, welcome, **more)

    async def _read(self):
        async for text in self._socket:
            frame = json.loads(text)
            waiting = self._answers.pop(frame.get("id"), None)
            if waiting is not None:
                waiting.set_result(frame)
            else:
                self.events.put_nowait(frame)

    async def ask(self, cmd, **command):
        """@return: the answer to a command."""
        self._asked += 1
        answer = self._answers[self._asked] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"cmd": cmd, "id": self._asked, **command}))
        return await asyncio.wait_for(answer, PATIENCE)

    async def close(self):
        self._reading.cancel()
        await self._socket.close()


class Peer:
    """
    A user in a room: it sends a picture and a tone of silence to all others, and counts what comes from them.

    What the pages of comet say to each other it says, too: C{description}s and C{candidate}s; who comes later
    makes the first offer.

    @ivar frames: how many were decoded, by seat and kind.
    """

    def __init__(self, line, relay_only=False):
        self.line, self.frames, self.connections = line, Counter(), {}
        self._relay_only = relay_only
        self._tasks = set()
        self._changed = asyncio.Event()
        self._spawn(self._listen())

    @classmethod
    async def open(cls, port, user_id, key, **more):
        return cls(await Line.open(port, user_id, key), **more)

    def _spawn(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Signalling -------------------------------------------------------------------------------------------

    async def call(self, user_id):
        """Ring somebody. @return: the name of the call."""
        return self._seated(await self.line.ask("call", user_id=user_id, mode="video"))

    async def join(self, room):
        """Sit down, and offer media to all that are there."""
        answer = await self.line.ask("join", room=room, mode="video")
        name = self._seated(answer)
        for member in answer["members"]:
            if member["seat"] != self.seat:
                await self._offer(member["seat"])
        return name

    async def answer(self):
        """Take the next ring. @return: the name of the call."""
        ring = await asyncio.wait_for(self.rings.get(), PATIENCE)
        return await self.join(ring["room"])

    def _seated(self, answer):
        if answer["type"] != "ok":
            raise AssertionError(answer)
        self.room, self.seat = answer["room"], answer["seat"]
        self.ice = [
            aiortc.RTCIceServer(each["urls"], each.get("username"), each.get("credential"))
            for each in answer["ice"]
        ]
        return self.room

    async def leave(self):
        """Hang up."""
        await self.line.ask("leave", room=self.room)

    async def _listen(self):
        self.rings = asyncio.Queue()
        self.over = asyncio.get_running_loop().create_future()
        while True:
            event = await self.line.events.get()
            match event["type"]:
                case "ring":
                    self.rings.put_nowait(event)
                case "signal":
                    await self._signalled(event["from"], event["data"])
                case "gone":
                    if (connection := self.connections.pop(event["seat"], None)) is not None:
                        await connection.close()
                case "ended":
                    self.over.set_result(event["reason"])

    async def _say(self, seat, connection):
        description = connection.localDescription
        data = {"description": {"type": description.type, "sdp": description.sdp}}
        answer = await self.line.ask("signal", room=self.room, to=seat, data=data)
        if answer["type"] != "ok":
            raise AssertionError(answer)

    async def _signalled(self, seat, data):
        connection = self.connections.get(seat) or self._connect(seat)
        if "description" in data:
            description = aiortc.RTCSessionDescription(**data["description"])
            await connection.setRemoteDescription(description)
            if description.type == "offer":
                await connection.setLocalDescription(await connection.createAnswer())
                self._spawn(self._say(seat, connection))
        elif data.get("candidate") and data["candidate"]["candidate"]:
            candidate = candidate_from_sdp(data["candidate"]["candidate"].partition(":")[2])
            candidate.sdpMid = data["candidate"].get("sdpMid")
            candidate.sdpMLineIndex = data["candidate"].get("sdpMLineIndex")
            await connection.addIceCandidate(candidate)

    async def _offer(self, seat):
        connection = self._connect(seat)
        await connection.setLocalDescription(await connection.createOffer())
        await self._say(seat, connection)

    # Media ------------------------------------------------------------------------------------------------

    def _connect(self, seat):
        policy = aiortc.RTCIceTransportPolicy
        connection = self.connections[seat] = aiortc.RTCPeerConnection(
            aiortc.RTCConfiguration(
                iceServers=self.ice,
                iceTransportPolicy=policy.RELAY if self._relay_only else policy.ALL,
            )
        )
        connection.addTrack(AudioStreamTrack())
        connection.addTrack(VideoStreamTrack())
        connection.on("track", lambda track: self._spawn(self._count(seat, track)))
        return connection

    async def _count(self, seat, track):
        with suppress(MediaStreamError):
            while True:
                await track.recv()
                self.frames[seat, track.kind] += 1
                self._changed.set()

    async def sees_and_hears(self, *seats, frames=10):
        """Wait until that many frames of each kind were decoded from each of these seats."""

        async def enough():
            while any(self.frames[seat, kind] < frames for seat in seats for kind in ("audio", "video")):
                self._changed.clear()
                await self._changed.wait()

        await asyncio.wait_for(enough(), PATIENCE)

    def candidates(self):
        """@return: of which types the ways are that were offered for media, on both sides."""
        found = set()
        for connection in self.connections.values():
            for description in (connection.localDescription, connection.remoteDescription):
                found |= set(re.findall(r"^a=candidate:.* typ (\w+)", description.sdp, re.MULTILINE))
        return found

    async def close(self):
        for task in self._tasks:
            task.cancel()
        for connection in self.connections.values():
            await connection.close()
        await self.line.close()
