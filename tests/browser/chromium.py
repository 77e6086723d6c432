"""
A real, headless Chromium for tests, driven by the DevTools protocol.

The protocol runs through a pipe, U{https://chromedevtools.github.io/devtools-protocol/}: JSON objects, each
ended by a NUL. A browser whose pipe breaks ends itself, so that none survives a test run that was killed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from base64 import b64decode
from contextlib import suppress
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol

from tests.browser.looking import BrowserError, Looking

#: Seconds: until a command is answered, and until the end.
ANSWER, LAST_RESPECTS = 20, 5

FLAGS = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]

#: The codes of keys that are no characters.
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}

#: A camera and a microphone that are none, and may be used without a question.
FAKE_DEVICES = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # Addresses as they are: there is nobody here who knows the names that hide them.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]


def find_chromium() -> str | None:
    """@return: the path of a Chromium on this machine."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))
    return next(filter(None, found), None)


def says(script: str, value) -> str:
    """@return: a condition for a page: that C{script} gives C{value}."""
    return f"JSON.stringify({script}) === JSON.stringify({json.dumps(value)})"


class Pipe(ProcessProtocol):
    """The process, and commands to it: one JSON object each, answered under the same number."""

    def __init__(self):
        self.ended = Deferred()
        self.complaints = b""
        self.listeners = {}
        self._number = 0
        self._questions = {}
        self._received = b""

    def childDataReceived(self, descriptor, data):
        if descriptor != 4:
            self.complaints = (self.complaints + data)[-4000:]
            return
        *texts, self._received = (self._received + data).split(b"\0")
        for text in texts:
            self._answered(json.loads(text))

    def _answered(self, answer):
        if "id" not in answer:
            self.listeners.get(answer.get("sessionId"), lambda event: None)(answer)
        elif question := self._questions.pop(answer["id"], None):
            if "error" in answer:
                question.errback(BrowserError(answer["error"]["message"]))
            else:
                question.callback(answer["result"])

    def processEnded(self, reason):
        questions, self._questions = self._questions, {}
        for question in questions.values():
            question.errback(BrowserError(f"Chromium is gone: {self.complaints.decode(errors='replace')}"))
        self.ended.callback(None)

    async def command(self, method, session=None, **parameters):
        """@return: the answer of the browser, or of the page with this session."""
        if self.ended.called:
            raise BrowserError("Chromium is gone")
        number = self._number = self._number + 1
        request = {"id": number, "method": method, "params": parameters}
        if session is not None:
            request["sessionId"] = session
        question = self._questions[number] = Deferred()
        self.transport.writeToChild(3, json.dumps(request).encode() + b"\0")
        try:
            return await question.addTimeout(ANSWER, reactor)
        except TimeoutError:
            self._questions.pop(number, None)
            raise BrowserError(f"no answer to {method} within {ANSWER} s") from None


class Chromium:
    """One browser with a profile of its own; it ends with the test."""

    def __init__(self):
        self._profile = tempfile.mkdtemp(prefix="comet-chromium-")
        self._pipe = Pipe()

    @classmethod
    async def start(cls, testcase, *flags: str) -> Chromium:
        """
        Start a browser that is closed when C{testcase} ends, however it ends.

        @param flags: further ones of its command line.
        """
        browser = cls()
        testcase.addCleanup(lambda: Deferred.fromCoroutine(browser.close()))
        arguments = [find_chromium() or "chromium", *FLAGS, *flags, f"--user-data-dir={browser._profile}"]
        descriptors = {0: "w", 1: "r", 2: "r", 3: "w", 4: "r"}
        reactor.spawnProcess(browser._pipe, arguments[0], arguments, env=None, childFDs=descriptors)
        await browser._pipe.command("Browser.getVersion")
        return browser

    async def open(self, url: str) -> Page:
        """@return: a new tab in which C{url} has been opened."""
        target = await self._pipe.command("Target.createTarget", url="about:blank")
        attached = await self._pipe.command("Target.attachToTarget", flatten=True, **target)
        page = Page(self._pipe, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log"):
            await page.command(f"{domain}.enable")
        await page.command("Emulation.setFocusEmulationEnabled", enabled=True)
        await page.resize(1280, 800)
        went = await page.command("Page.navigate", url=url)
        if "errorText" in went:
            raise BrowserError(f"{url}: {went['errorText']}")
        await page.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")
        return page

    async def close(self) -> None:
        """End the browser: politely, then not."""
        pipe = self._pipe
        if pipe.transport is not None and not pipe.ended.called:
            deadline = reactor.callLater(LAST_RESPECTS, self._kill)
            Deferred.fromCoroutine(pipe.command("Browser.close")).addErrback(lambda _: None)
            await pipe.ended
            if deadline.active():
                deadline.cancel()
        shutil.rmtree(self._profile, ignore_errors=True)

    def _kill(self):
        with suppress(ProcessExitedAlready):
            self._pipe.transport.signalProcess("KILL")


class Page(Looking):
    """
    One tab.

    @ivar errors: what the page complained of: failed scripts, failed loads, violations of its policy.
    """

    def __init__(self, pipe: Pipe, session: str):
        self._pipe, self._session = pipe, session
        self.errors: list[str] = []
        pipe.listeners[session] = self._happened

    def _happened(self, event):
        parameters = event["params"]
        if event["method"] == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif event["method"] == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")

    async def command(self, method, **parameters):
        """Any DevTools command to this tab."""
        return await self._pipe.command(method, self._session, **parameters)

    async def evaluate(self, expression: str):
        """See L{Looking.evaluate}."""
        answer = await self.command(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    async def click(self, selector: str) -> None:
        """Click into the middle of an element."""
        await self.command("Page.bringToFront")
        where = await self.evaluate(
            f"(({{ x, y, width, height }}) => ({{ x: x + width / 2, y: y + height / 2 }}))"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.command("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **where)

    async def type(self, selector: str, text: str) -> None:
        """Replace what an input holds, as if typed."""
        await self.command("Page.bringToFront")
        await self.evaluate(
            f"{{ const input = document.querySelector({json.dumps(selector)});"
            " input.focus(); input.select(); }"
        )
        await self.command("Input.insertText", text=text)

    async def press(self, key: str = "Enter") -> None:
        """Press and let go a key, by its name, or a character."""
        code = KEYS.get(key, 0)
        what = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        said = "\r" if key == "Enter" else key if len(key) == 1 else ""
        await self.command("Page.bringToFront")
        await self.command(
            "Input.dispatchKeyEvent", type="keyDown", **what, **({"text": said} if said else {})
        )
        await self.command("Input.dispatchKeyEvent", type="keyUp", **what)

    async def resize(self, width: int, height: int, dark: bool = False) -> None:
        """Look at the page on another screen; one narrower than 600 pixels is a phone."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}  # no picture of something half-way
        await self.command("Emulation.setEmulatedMedia", features=[scheme, still])
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    async def screenshot(self, path: str | Path) -> None:
        """Write what is seen to a PNG file."""
        await self.command("Page.bringToFront")
        answer = await self.command("Page.captureScreenshot", format="png")
        Path(path).write_bytes(b64decode(answer["data"]))

    async def close(self) -> None:
        """Close the tab, as a visitor does."""
        await self.command("Page.close")
