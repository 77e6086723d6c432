"""
A participant of rooms that is no browser: aiortc, in a process of its own, as C{peer.py URL ROOM BRIGHTNESS}.

It joins, sends a grey picture and silence, and does what a page does by the video wire in a room with a media
server. Each line of its output is a JSON object of what it has and sees; each line of its input is the name
of one of its methods whose names begin with C{do_}.
"""

from __future__ import annotations

import asyncio
import json
import sys
from fractions import Fraction

import av
import websockets
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack

#: How often it tells how it is, in seconds.
REPORT_SECONDS = 0.25
#: Otherwise aiortc forgets one line of four that are offered at once.
BUNDLED = RTCConfiguration(bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)


class Picture(VideoStreamTrack):
    """A small picture, all of one grey that says whose it is."""

    def __init__(self, brightness):
        super().__init__()
        self._frame = av.VideoFrame(160, 120, "yuv420p")
        self._frame.planes[0].update(bytes([brightness]) * self._frame.planes[0].buffer_size)
        for plane in self._frame.planes[1:]:
            plane.update(bytes([128]) * plane.buffer_size)
        self._count = 0

    async def recv(self):
        await asyncio.sleep(0.1)
        self._count += 1
        frame = self._frame
        frame.pts, frame.time_base = self._count * 9000, Fraction(1, 90000)
        return frame


class Peer:
    """One participant."""

    def __init__(self, url, room, brightness):
        self.url, self.room, self.brightness = url, room, brightness
        self.seat, self.topology, self.ended, self.restarts = 0, "", "", 0
        self.errors, self.failed = [], []
        self.publishing = self.receiving = None
        self.connection, self.offer, self.streams = 0, 0, []
        #: Of each media line of the connection that receives: its frames, and how bright the last one was.
        self.heard = {}
        #: The lines that were in use, and are no more.
        self.over = set()
        self.tasks = set()

    async def run(self):
        async with websockets.connect(self.url) as self.socket:
            await self.say(cmd="hello", version=1)
            await self.say(cmd="join", id="join", room=self.room, mode="video")
            reports, orders = asyncio.create_task(self.report()), asyncio.create_task(self.obey())
            async for text in self.socket:
                for line in text.split("\n"):
                    await self.received(json.loads(line))
                if self.ended:
                    break
            reports.cancel()
            orders.cancel()
        self.tell()
        await self.close()

    async def say(self, **command):
        await self.socket.send(json.dumps(command))

    async def signal(self, **data):
        await self.say(cmd="signal", room=self.room, to="media", data=data)

    async def obey(self):
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while order := (await reader.readline()).decode().strip():
            await getattr(self, f"do_{order}")()

    async def report(self):
        while True:
            self.tell()
            await asyncio.sleep(REPORT_SECONDS)

    def tell(self):
        seen = {}
        for stream in self.streams:
            frames, brightness = self.heard.get(stream["mid"], (0, 0))
            seen.setdefault(stream["seat"], {})[stream["source"]] = [frames, brightness]
        about = ("seat", "topology", "ended", "restarts", "errors", "failed", "connection")
        print(json.dumps({**{key: getattr(self, key) for key in about}, "seen": seen}), flush=True)

    # What the server says -----------------------------------------------------------------------------------

    async def received(self, frame):
        match frame:
            case {"type": "ok", "id": "join"}:
                self.seat = frame["seat"]
                await self.turn(frame["topology"])
            case {"type": "topology"}:
                self.restarts += frame["topology"] == self.topology
                await self.turn(frame["topology"])
            case {"type": "signal", "from": "media", "data": data}:
                await self.heed(data)
            case {"type": "ended"}:
                self.ended = frame["reason"]
            case {"type": "error"}:
                self.errors.append([frame["name"], frame["reason"]])

    async def turn(self, topology):
        """All begins afresh."""
        self.topology = topology
        await self.close()
        if topology == "sfu":
            await self.do_publish()

    async def heed(self, data):
        match data:
            case {"kind": "publish", "offer": offer} if offer != self.offer:
                return
            case {"kind": "publish", "description": description}:
                await self.publishing.setRemoteDescription(RTCSessionDescription(**_known(description)))
            case {"kind": "publish", "failed": reason}:
                self.failed.append(["publish", reason])
                await self.do_publish()
            case {"kind": "subscribe", "failed": reason}:
                self.failed.append(["subscribe", reason])
            case {"kind": "subscribe", "description": description}:
                await self.take(data, description)

    async def take(self, data, description):
        """Receive what is offered."""
        if data["connection"] != self.connection:
            await self.drop()
            self.connection, self.receiving = data["connection"], RTCPeerConnection(BUNDLED)
            self.receiving.on("track", self.track)
        lines = {stream["mid"] for stream in data["streams"]}
        if lines & self.over:
            # A browser can; but aiortc hears nothing on a line that is used again.
            return await self.do_anew()
        self.over |= {stream["mid"] for stream in self.streams} - lines
        receiving, self.streams = self.receiving, data["streams"]
        await receiving.setRemoteDescription(RTCSessionDescription(**_known(description)))
        await receiving.setLocalDescription(await receiving.createAnswer())
        answer = {"type": "answer", "sdp": receiving.localDescription.sdp}
        await self.signal(kind="subscribe", description=answer, offer=data["offer"])

    def track(self, track):
        self.tasks.add(asyncio.create_task(self.listen(track)))

    async def listen(self, track):
        receiving, frames = self.receiving, 0
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            mids = [each.mid for each in receiving.getTransceivers() if each.receiver.track is track]
            if receiving is self.receiving and mids:
                frames += 1
                video = isinstance(frame, av.VideoFrame)
                self.heard[mids[0]] = frames, bytes(frame.planes[0])[0] if video else 0

    async def drop(self):
        receiving, self.receiving, self.connection = self.receiving, None, 0
        self.heard, self.streams, self.over = {}, [], set()
        if receiving is not None:
            await receiving.close()

    async def close(self):
        await self.drop()
        publishing, self.publishing = self.publishing, None
        if publishing is not None:
            await publishing.close()

    # Orders -------------------------------------------------------------------------------------------------

    async def do_publish(self):
        """Send, over a new connection."""
        if self.publishing is not None:
            await self.publishing.close()
        self.publishing = RTCPeerConnection()
        self.publishing.addTransceiver(AudioStreamTrack(), "sendonly")
        self.publishing.addTransceiver(Picture(self.brightness), "sendonly")
        await self.describe("microphone", "camera")

    async def do_share(self):
        """Send something more, over the same connection."""
        self.publishing.addTransceiver(Picture(self.brightness + 8), "sendonly")
        await self.describe("microphone", "camera", "screen")

    async def describe(self, *sources):
        await self.publishing.setLocalDescription(await self.publishing.createOffer())
        offer = {"type": "offer", "sdp": self.publishing.localDescription.sdp}
        streams = [{"mid": str(mid), "source": source} for mid, source in enumerate(sources)]
        self.offer += 1
        await self.signal(kind="publish", description=offer, streams=streams, offer=self.offer)

    async def do_anew(self):
        """Receive over a new connection."""
        await self.signal(kind="subscribe")

    async def do_break(self):
        """Let the connection that sends be gone, without a word."""
        await self.publishing.close()

    async def do_rubbish(self):
        """Say what nobody understands."""
        await self.signal(kind="publish", description={"type": "offer", "sdp": "v=0\r\nrubbish"})
        sdp = f"v=0\r\na=fingerprint:sha-256 {'00:' * 31}00\r\nrubbish"
        await self.signal(kind="publish", description={"type": "offer", "sdp": sdp})

    async def do_leave(self):
        await self.say(cmd="leave", id="leave", room=self.room)
        self.ended = "left"
        await self.socket.close()


def _known(description):
    return {key: description[key] for key in ("type", "sdp")}


if __name__ == "__main__":
    _, address, name, grey = sys.argv
    asyncio.run(Peer(address, name, int(grey)).run())
