"""Drives the core on an event loop: does what it wants, and tells it what comes of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from comet.client.actions import Action, Answer, Connect, Drop, End, Probe, Renew, Say, Tell
from comet.client.core import Core
from comet.client.errors import ClientError
from comet.client.events import Happening
from comet.client.lines import Line, Probing
from comet.client.loops import Loop, Promise
from comet.client.settings import Settings


class Runner:
    """
    One core on one loop.

    Whoever has told the core something calls L{pump}.
    """

    def __init__(
        self,
        core: Core,
        loop: Loop,
        settings: Settings,
        happened: Callable[[Happening], None],
        ended: Callable[[ClientError], None],
    ) -> None:
        """
        @param happened: is told what happens.
        @param ended: is told, once, that nothing more will.
        """
        self._core, self._loop, self._settings = core, loop, settings
        self._happened, self._ended = happened, ended
        self._asked: dict[int, Promise] = {}
        self._line: Line | None = None
        self._lines: set[Line] = set()
        self._quiet: list[Promise] = []
        self._undo: Callable[[], None] | None = None
        self._alarm = 0.0
        self._pumping = False

    async def ask(self, command: dict[str, Any], repeatable: bool) -> dict[str, Any]:
        """@return: the frame that answers a request, see L{Core.request}."""
        number = self._core.request(command, self._loop.now(), self._settings.timeout, repeatable)
        promise = self._asked[number] = self._loop.promise()
        self.pump()
        try:
            answer: dict[str, Any] = await promise
        finally:
            if self._asked.pop(number, None) is not None:
                self._core.abandon(number)
        return answer

    async def quiet(self) -> None:
        """@return: when no WebSocket is open."""
        if self._lines:
            promise = self._loop.promise()
            self._quiet.append(promise)
            await promise

    # What lines say, see there ----------------------------------------------------------------------------

    def line_opened(self, line: Line) -> None:
        """The WebSocket is open."""
        if line is self._line:
            self._core.opened(self._loop.now())
            self.pump()

    def line_heard(self, line: Line) -> None:
        """There was a sign of life."""
        if line is self._line:
            self._core.heard(self._loop.now())

    def line_received(self, line: Line, text: str) -> None:
        """A message has come."""
        if line is self._line:
            self._core.receive(text, self._loop.now())
            self.pump()

    def line_closed(self, line: Line, code: int | None, reason: str) -> None:
        """The WebSocket is no more."""
        self._lines.discard(line)
        if line is self._line:
            self._line = None
            self._core.lost(self._loop.now(), code, reason)
            self.pump()
        if not self._lines:
            quiet, self._quiet = self._quiet, []
            for promise in quiet:
                promise.resolve()

    def home_found(self) -> None:
        """The home node answers."""
        self._core.home_is_back(self._loop.now())
        self.pump()

    # What the core wants ----------------------------------------------------------------------------------

    def pump(self) -> None:
        """Do what the core wants, and see to it that it is woken in time."""
        if self._pumping:
            return  # a callback of the program has said something: the loop below sees to it
        self._pumping = True
        try:
            for action in self._core.actions():
                self._do(action)
        finally:
            self._pumping = False
        self._set_alarm()

    def _do(self, action: Action) -> None:
        match action:
            case Say(text):
                if self._line is not None:
                    self._line.say(text)
            case Tell(happening):
                self._happened(happening)
            case Answer(number, outcome):
                self._answer(number, outcome)
            case Connect(url):
                self._connect(url)
            case Drop():
                line, self._line = self._line, None
                if line is not None:
                    line.drop()
            case Renew():
                self._loop.spawn(self._renew())
            case Probe(url):
                probing = Probing(self)
                self._lines.add(probing)
                probing.socket = self._loop.open(url, probing)
            case End(error):
                self._ended(error)

    def _answer(self, number: int, outcome: dict[str, Any] | ClientError) -> None:
        promise = self._asked.pop(number, None)
        if promise is None:
            return
        if isinstance(outcome, ClientError):
            promise.reject(outcome)
        else:
            promise.resolve(outcome)

    def _connect(self, url: str) -> None:
        self._line = line = Line(self)
        self._lines.add(line)
        if callable(self._settings.key):
            self._loop.spawn(self._connect_with_key(line, url))
        else:
            line.socket = self._loop.open(url, line)

    async def _connect_with_key(self, line: Line, url: str) -> None:
        try:
            key = await self._make_key()
        except Exception as error:
            line.closed(None, f"there is no key: {error}")
            return
        if line is self._line:
            self._core.renewed(key)
            line.socket = self._loop.open(url, line)
        else:
            line.closed(None, "")

    async def _renew(self) -> None:
        try:
            key = await self._make_key()
        except Exception as error:
            self._core.not_renewed(str(error), self._loop.now())
        else:
            self._core.renewed(key)
        self.pump()

    async def _make_key(self) -> str:
        assert callable(self._settings.key)
        key = self._settings.key()
        return await key if inspect.isawaitable(key) else key

    def _set_alarm(self) -> None:
        deadline = self._core.deadline
        if deadline is None or (self._undo is not None and self._alarm <= deadline):
            if deadline is None and self._undo is not None:
                self._undo()
                self._undo = None
            return  # being woken too early does no harm, and is less work than setting alarms all the time
        if self._undo is not None:
            self._undo()
        self._alarm = deadline
        self._undo = self._loop.later(max(deadline - self._loop.now(), 0.0), self._wake)

    def _wake(self) -> None:
        self._undo = None
        self._core.tick(self._loop.now())
        self.pump()
