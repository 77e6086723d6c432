"""
Talk to the browser port as no browser would.

Whatever comes, the port answers in HTTP or in frames that are whole, or ends the connection: no exception, no
error in the log, no timer left over; anything else is a bug, and the seed of the run that found it is shown::

    python fuzz/fuzz_browser.py --seed 1 --seconds 60
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "compliance"))

from running import fuzz
from suite.conversation import Unpacker
from suite.deflate import ODD, OFFERS, WRONG
from suite.packing import packed
from suite.targets import TARGETS, LineTarget, Target
from suite.wire import (
    CLOSE,
    EXTENSIONS,
    HEADERS,
    OFFER,
    PONG,
    RSV1,
    TEXT,
    Frame,
    FrameReader,
    request,
)
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.python.failure import Failure

from comet.gate import Gate
from comet.limits import Limits
from comet.protocols.front import Front
from comet.protocols.jsonsocket import JsonFactory
from comet.protocols.pages import Facts, Root
from comet.protocols.reception import Reception
from comet.protocols.site import BrowserPort, Sockets
from comet.protocols.websocket import BrowserFactory
from comet.protocols.wheel import Wheel
from tests.protocols.browser import Browser
from tests.running import make_broker

#: Longer than all timers, in seconds.
LONG = 200
#: Commands, right and wrong, of both dialects.
LINES = (
    "subscription\nweb_a\ntrack_b\nuser_status_7",
    "web_pipe2\nweb_a\nsay\n*\nit's",
    "pipe_count\nweb_a\nM",
    "pipe_log\nweb_a\nM",
    "track_pipe_users\ntrack_b\nM",
    "user_status\n7",
    "user_data\nM\n7",
    "statistics\n{}",
    "nonsense",
    "",
)
OBJECTS = (
    {"cmd": "hello", "version": 1, "channels": {"web_a": None, "track_b": "x:1"}, "ack": 3},
    {"cmd": "subscribe", "id": 1, "channel": "web_a", "since": "9f86d081:41"},
    {"cmd": "unsubscribe", "id": "u", "channels": ["web_a"]},
    {"cmd": "publish", "id": 2, "channel": "web_a", "event": "say", "data": {"a": [1, None]}, "hide": True},
    {"cmd": "history", "id": 3, "channel": "web_a", "limit": 10},
    {"cmd": "members", "channel": "track_b"},
    {"cmd": "count", "id": 4, "channel": "web_a"},
    {"cmd": "status", "id": 5, "user_id": 7},
    {"cmd": "data", "id": 6, "user_id": -7},
    {"cmd": "refresh", "id": 7, "token": "a.b.c"},
    {"cmd": "ack", "number": 1},
    {"cmd": "ping", "id": 1e400},
    {"cmd": 5},
    [],
)
OFFERED = (*(offer for offer, _ in (*OFFERS, *ODD)), *WRONG)
PATHS = (
    *(target.path for target in TARGETS.values()),
    "/ws/?v=4.0",
    "/comet/ws?channels=web_a,b&user_id=x",
    "/",
    "/info",
)


def make_port(clock: Clock, compress: bool) -> BrowserPort:
    """@return: the whole browser port, on a clock."""
    limits = Limits(message=3000, login_seconds=5)
    broker = make_broker(message=3000, login_seconds=5)
    reception = Reception(broker, Wheel(clock), server="fuzz", compress=compress)
    sockets = Sockets(BrowserFactory(reception, clock), JsonFactory(reception, clock))
    gate = Gate(limits, clock.seconds)
    pages = Front(Root(Facts("fuzz", None, lambda: [])), gate, 3000, reactor=clock)
    return BrowserPort(sockets, pages, limits, clock, gate)


def damaged(chance: random.Random, data: bytes, often: float) -> bytes:
    """@return: C{data}, perhaps with a few bytes changed, put in or taken out."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 3)) if chance.random() < often else 0):
        place = chance.randrange(len(changed) + 1)
        changed[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    return bytes(changed)


def handshake(chance: random.Random, target: Target) -> bytes:
    """@return: a request that is right, nearly right, or something else."""
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(3000))
    offer = ((EXTENSIONS, OFFER),) if target.deflate else ()
    if chance.random() < 0.7:
        return request(target.path, (*HEADERS, *offer))
    headers = [chance.choice(((name, value), (name.lower(), value))) for name, value in HEADERS]
    headers += [(EXTENSIONS, chance.choice(OFFERED)), ("X", "é" * chance.choice((1, 9000)))]
    chance.shuffle(headers)
    kept = tuple(headers[: chance.randrange(len(headers) + 1)])
    start = chance.choice(("GET {} HTTP/1.1",) * 5 + ("POST {} HTTP/1.1", "GET {} HTTP/1.0", "GET {}"))
    return damaged(chance, request(chance.choice(PATHS), kept, start), 0.5)


def command(chance: random.Random, target: Target) -> bytes:
    """@return: the payload of a message."""
    if isinstance(target, LineTarget):
        text = chance.choice(LINES)
    else:
        text = "\n".join(json.dumps(chance.choice(OBJECTS)) for _ in range(chance.choice((1, 1, 1, 3))))
    if chance.random() < 0.02:
        return text.encode() + b"x" * chance.choice((3000, 8000))
    return damaged(chance, text.encode(), 0.3)


def frames(chance: random.Random, target: Target) -> bytes:
    """@return: a message in one frame or in several, or a frame that may not be right."""
    kind = chance.random()
    if kind < 0.1:
        opcode, payload = (
            chance.choice((2, 8, 8, 9, 9, 10, 0, 1, 3, 15)),
            chance.randbytes(chance.choice((0, 1, 2, 9, 130))),
        )
        fin, rsv, masked = chance.random() < 0.9, chance.choice((0,) * 9 + (1, 4)), chance.random() < 0.95
        return Frame(opcode, payload, fin, rsv, masked).to_bytes()
    payload, rsv = command(chance, target), 0
    if target.deflate and chance.random() < 0.7:
        payload, rsv = damaged(chance, packed(payload), 0.1), RSV1
    if kind < 0.8:
        return damaged(chance, Frame(TEXT, payload, rsv=rsv).to_bytes(), 0.03)
    cut = chance.randrange(len(payload) + 1)
    parts = [Frame(TEXT, payload[:cut], fin=False, rsv=rsv), Frame(0, payload[cut:])]
    if chance.random() < 0.5:
        parts.insert(1, Frame(9, b"ping"))
    return b"".join(part.to_bytes() for part in parts)


def check(target: Target, answer: bytes, seen: Counter[str]) -> None:
    """@raise AssertionError: if C{answer} is not what a server may say."""
    if not answer:
        seen["nothing"] += 1
        return
    assert answer.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")), answer[:100]
    head, end, rest = answer.partition(b"\r\n\r\n")
    assert end, head
    seen[f"HTTP {int(head[9:12])}"] += 1
    if not head.startswith(b"HTTP/1.1 101 "):
        return
    reader = FrameReader()
    reader.feed(rest)
    closed, agreed = False, b"permessage-deflate" in head
    assert target.deflate or not agreed, head
    for frame in map(Unpacker(), reader) if agreed else reader:
        assert frame.fin and not frame.masked and frame.rsv in (0, RSV1 * agreed), frame
        assert frame.opcode in (TEXT, CLOSE, 9, PONG), frame
        assert not closed or frame.opcode != TEXT, "a message behind a Close frame"
        closed = closed or frame.opcode == CLOSE
        seen[f"opcode {frame.opcode}" + ", packed" * (frame.rsv == RSV1)] += 1
        if frame.opcode == TEXT:
            json.loads(frame.payload)
    assert not reader.rest, "half a frame"


def run(seed: str, seen: Counter[str]) -> None:
    """One connection, from its request to its end, with a bystander who must not notice."""
    chance, clock, logged = random.Random(seed), Clock(), []

    def observe(event):
        if event["log_level"] >= LogLevel.error:
            logged.append(event)

    globalLogPublisher.addObserver(observe)
    try:
        target = chance.choice(list(TARGETS.values()))
        port = make_port(clock, target.deflate)
        bystander = Browser(port).open()
        data = handshake(chance, target)
        for payload in target.greetings() if chance.random() < 0.9 else ():
            data += Frame(TEXT, payload).to_bytes()
        data += b"".join(frames(chance, target) for _ in range(chance.randrange(20)))
        browser, step = Browser(port), chance.choice((1, 7, 1000, 100_000))
        for start in range(0, len(data), step):
            if browser.socket.ended is None:
                browser.send(data[start : start + step])
            if chance.random() < 0.01:
                clock.advance(chance.choice((0.5, 3, 40)))
        check(target, browser.socket.value(), seen)
        browser.vanish(Failure(ConnectionDone()))
        bystander.socket.clear()
        bystander.say("pipe_count\nweb_x\nM")
        if bystander.socket.ended is None:
            assert bystander.heard()[-1]["marker"] == "M"
        bystander.vanish(Failure(ConnectionDone()))
        clock.pump([1] * LONG)
        assert port.open == 0 and not clock.getDelayedCalls(), clock.getDelayedCalls()
        assert not logged, [event.get("log_failure") or event for event in logged]
    finally:
        globalLogPublisher.removeObserver(observe)


if __name__ == "__main__":
    sys.exit(fuzz(run, __doc__, "connections"))
