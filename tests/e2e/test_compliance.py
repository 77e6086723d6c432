"""A real server against the list of C{compliance/}: its verdicts are those that are recorded there."""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.e2e.support import ServerCase, in_thread

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "compliance"))

import websocket
from suite.cases import all_cases
from suite.page import PAGE, page
from suite.targets import TARGETS

COMPLIANCE = websocket.HERE


class ComplianceTests(ServerCase):
    """The browser port and the WebSocket standard; what takes long is tried by hand."""

    async def as_recorded(self, name):
        server = await self.server(**websocket.SETTINGS)
        cases = [case for case in all_cases() if not case.heavy]
        found = await in_thread(lambda: list(websocket.run(cases, TARGETS[name], server.ws_port)))
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


class RecordTests(SynchronousTestCase):
    """What is recorded."""

    def test_nothing_fails(self):
        """Each case has a verdict for each dialect, and none is a failure."""
        numbers = [case.number for case in all_cases()]
        for cases in websocket.recorded().values():
            self.assertEqual(list(cases), numbers)
            self.assertNotIn(websocket.FAILED, [word for word, _, _ in cases.values()])

    def test_the_page_says_what_is_recorded(self):
        """It is written, not edited."""
        self.assertEqual((COMPLIANCE / PAGE).read_text(), page(COMPLIANCE), "websocket.py --write")
