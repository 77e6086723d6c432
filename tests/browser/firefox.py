"""
A real, headless Firefox for tests, driven by WebDriver BiDi.

The protocol runs over a WebSocket, U{https://w3c.github.io/webdriver-bidi/}: JSON objects, answered under the
number of the question.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import websockets.sync.client
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.threads import deferToThread

from tests.browser.looking import BrowserError, Looking

#: Seconds: until it listens, until a command is answered, and until the end.
START, ANSWER, LAST_RESPECTS = 60, 20, 5
#: Where tools/setup_tests.sh puts it, if it is not installed.
UNPACKED = Path(__file__).parents[2] / ".venv" / "firefox" / "usr" / "lib"

PREFERENCES = {
    # A camera and a microphone that are none, and may be used without a question.
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    # Addresses as they are: there is nobody here who knows the names that hide them.
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "app.normandy.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
}
_LISTENS = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


def find_firefox() -> str | None:
    """@return: the path of a Firefox on this machine."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(UNPACKED / "firefox-esr")))
    found = (shutil.which(name, path=path) for name in ("firefox-esr", "firefox"))
    return next(filter(None, found), None)


class Process(ProcessProtocol):
    """
    The process.

    @ivar address: fires with where it listens.
    @ivar ended: fires when it has ended.
    """

    def __init__(self):
        self.address, self.ended, self._said = Deferred(), Deferred(), b""

    def errReceived(self, data):
        self._said = (self._said + data)[-4000:]
        if not self.address.called and (found := _LISTENS.search(self._said)):
            self.address.callback(found[1].decode())

    def processEnded(self, reason):
        if not self.address.called:
            said = self._said.decode(errors="replace")
            self.address.errback(BrowserError(f"Firefox does not start: {said}"))
        self.ended.callback(None)


class Firefox:
    """One browser with a profile of its own; it ends with the test."""

    def __init__(self):
        self._profile = tempfile.mkdtemp(prefix="comet-firefox-")
        self._process = Process()
        self._link = None
        self._number, self._turn = 0, threading.Lock()
        self._pages: dict[str, Page] = {}

    @classmethod
    async def start(cls, testcase) -> Firefox:
        """Start a browser that is closed when C{testcase} ends, however it ends."""
        browser = cls()
        program = find_firefox()
        known = (f"user_pref({json.dumps(key)}, {json.dumps(value)});" for key, value in PREFERENCES.items())
        Path(browser._profile, "user.js").write_text("\n".join(known))
        arguments = [program, "--headless", "--no-remote", "--profile", browser._profile]
        arguments.append("--remote-debugging-port=0")
        environment = {**os.environ, "HOME": browser._profile}
        for libraries in UNPACKED.glob("*-linux-gnu"):
            environment["LD_LIBRARY_PATH"] = str(libraries)
        testcase.addCleanup(browser.close)
        reactor.spawnProcess(browser._process, program, arguments, env=environment)
        address = await browser._process.address.addTimeout(START, reactor)
        await deferToThread(browser._connect, address)
        return browser

    def _connect(self, address):
        self._link = websockets.sync.client.connect(f"{address}/session", max_size=None)
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])

    def _ask(self, method, **parameters):
        """@return: the answer, blocking; what happens meanwhile is told to the pages."""
        with self._turn:
            self._number += 1
            self._link.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
            while (told := json.loads(self._link.recv(ANSWER))).get("id") != self._number:
                if told.get("method") == "log.entryAdded" and told["params"]["level"] == "error":
                    page = self._pages.get(told["params"]["source"].get("context"))
                    if page is not None:
                        page.errors.append(told["params"]["text"])
        if told["type"] == "error":
            raise BrowserError(f"{told['error']}: {told['message']}")
        return told["result"]

    async def command(self, method, **parameters):
        """Any command of WebDriver BiDi."""
        return await deferToThread(self._ask, method, **parameters)

    async def open(self, url: str) -> Page:
        """@return: a new tab in which C{url} has been opened."""
        context = (await self.command("browsingContext.create", type="tab"))["context"]
        page = self._pages[context] = Page(self, context)
        await self.command("browsingContext.navigate", context=context, url=url, wait="complete")
        return page

    async def close(self) -> None:
        """End the browser: politely, then not."""
        if self._link is not None:
            await deferToThread(self._link.close)
        if not self._process.ended.called:
            deadline = reactor.callLater(LAST_RESPECTS, self._signal, "KILL")
            self._signal("TERM")
            await self._process.ended
            if deadline.active():
                deadline.cancel()
        shutil.rmtree(self._profile, ignore_errors=True)

    def _signal(self, name):
        with suppress(ProcessExitedAlready):
            self._process.transport.signalProcess(name)


class Page(Looking):
    """
    One tab.

    @ivar errors: what the page complained of.
    """

    def __init__(self, browser: Firefox, context: str):
        self._browser, self._context = browser, context
        self.errors: list[str] = []

    async def evaluate(self, expression: str):
        """See L{Looking.evaluate}."""
        answer = await self._browser.command(
            "script.evaluate",
            expression=expression,
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] != "success":
            raise BrowserError(answer["exceptionDetails"]["text"])
        return _value(answer["result"])


def _value(remote):
    """@return: what a value of the page is here; C{None} for what has no JSON."""
    value = remote.get("value")
    match remote["type"]:
        case "array":
            return [_value(each) for each in value]
        case "object":
            return {key: _value(each) for key, each in value}
        case "string" | "boolean" | "number":
            return value
    return None
