"""A real server against the list of C{compliance/}: its verdicts are those that are recorded there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

from tests.e2e.support import PATIENCE, ServerCase, in_thread

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "compliance"))

import websocket
from suite.cases import cases_for
from suite.page import PAGE, page
from suite.targets import TARGETS

COMPLIANCE = websocket.HERE
#: Short and long ones, the same twice, and what does not become shorter.
TEXTS = ["", "x", "it's", "word " * 2000, "word " * 2000, "".join(map(chr, range(0x4E00, 0x9000)))]


class ComplianceTests(ServerCase):
    """The browser port and the WebSocket standard; what takes long is tried by hand."""

    async def as_recorded(self, name):
        target = TARGETS[name]
        server = await self.server(**websocket.settings(target))
        cases = [case for case in cases_for(target) if not case.heavy]
        found = await in_thread(lambda: list(websocket.run(cases, target, server.ws_port)))
        self.assertEqual(len(found), len(cases))
        known = websocket.recorded()[name]
        differing = {
            case.number: (verdict, known.get(case.number), facts)
            for case, verdict, facts in found
            if verdict != known.get(case.number)
        }
        self.assertEqual(differing, {}, "python compliance/websocket.py tells more")
        self.assertNotIn("Traceback", server.log.read_text())

    async def test_line_protocol(self):
        """Of CppComet, which never sends a Close frame."""
        await self.as_recorded("line")

    async def test_json_protocol(self):
        """Which ends with the code that the standard names."""
        await self.as_recorded("json")

    async def test_line_protocol_with_compression(self):
        """Every client compresses, and what it hears is compressed."""
        await self.as_recorded("line-deflate")

    async def test_json_protocol_with_compression(self):
        """The same, with the codes."""
        await self.as_recorded("json-deflate")


class LibraryTests(ServerCase):
    """A client that others have written, with all it may ask for."""

    def chat(self, port, **asking):
        """@return: the parameters that were agreed on, or C{None}, and what became of some texts."""
        with self.client(port, asking) as hearing, self.client(port, asking) as speaking:
            found = []
            for text in TEXTS:
                speaking.send(json.dumps({"cmd": "publish", "channel": "web_chat", "data": text}))
                while (frame := json.loads(hearing.recv(PATIENCE)))["type"] != "message":
                    pass
                found.append(frame["data"])
            agreed = hearing.response.headers.get("Sec-WebSocket-Extensions")
        return agreed and set(agreed.split("; ")[1:]), found

    def client(self, port, asking):
        """@return: one that listens."""
        offer = ClientPerMessageDeflateFactory(**asking)
        socket = connect(f"ws://127.0.0.1:{port}/comet/ws", extensions=[offer], compression=None)
        socket.send(json.dumps({"cmd": "hello", "version": 1, "channels": {"web_chat": None}}))
        while json.loads(socket.recv(PATIENCE))["type"] != "subscribed":
            pass
        return socket

    async def test_all_that_it_can_ask_for(self):
        """Its texts come back; a smaller window for the server alone is declined."""
        server = await self.server(ws={"compress": "yes"})
        own, wide = "client_no_context_takeover", "server_max_window_bits=15"
        for asking, agreed in (
            ({}, {own}),
            ({"client_max_window_bits": True}, {own}),
            ({"client_max_window_bits": 9}, {own}),
            ({"server_no_context_takeover": True}, {own, "server_no_context_takeover"}),
            ({"client_no_context_takeover": True, "server_max_window_bits": 15}, {own, wide}),
            ({"server_max_window_bits": 12}, None),
        ):
            found = await in_thread(self.chat, server.ws_port, **asking)
            self.assertEqual(found, (agreed, TEXTS), asking)


class RecordTests(SynchronousTestCase):
    """What is recorded."""

    def test_nothing_fails(self):
        """Each case has a verdict for each dialect, and none is a failure."""
        self.assertEqual(list(websocket.recorded()), list(TARGETS))
        for name, cases in websocket.recorded().items():
            self.assertEqual(list(cases), [case.number for case in cases_for(TARGETS[name])])
            self.assertNotIn(websocket.FAILED, [word for word, _, _ in cases.values()])

    def test_the_page_says_what_is_recorded(self):
        """It is written, not edited."""
        self.assertEqual((COMPLIANCE / PAGE).read_text(), page(COMPLIANCE), "websocket.py --write")
