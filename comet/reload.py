"""
SIGHUP: what may change while the server runs is read again, and nobody is dropped.

That is the certificate with its key, how much is logged, whose pages may connect, and which proxies are
trusted. Twisted's daemon leaves this signal alone, so that without us it would end the process; SIGUSR1,
which makes it begin a new log file, is its own.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from twisted.application.service import Service
from twisted.logger import Logger

from comet.config import CannotStart, Config
from comet.sections import SECTIONS

#: The keys that are read again, besides the files of the certificate.
RELOADED = {("log", "level"), ("ws", "host"), ("ws", "trusted_proxies")}


def needs_restart(before: Config, now: Config) -> list[str]:
    """@return: the keys that have changed, and count only once the server has been started again."""
    changed = [
        f"[{section}] {key.name}"
        for section, settings in SECTIONS.items()
        for key in fields(settings)
        if (section, key.name) not in RELOADED
        and getattr(getattr(before, section), key.name) != getattr(getattr(now, section), key.name)
    ]
    # A section that is there in one of them only, or differs.
    named = dict(set(before.outboxes) ^ set(now.outboxes))
    return [*changed, *(f"[{section}]" for section in sorted(named))]


class Reloader(Service):
    """Reads again what may change, when SIGHUP comes."""

    _log = Logger()

    def __init__(
        self,
        config: Config,
        read: Callable[[], Config],
        certificate: Callable[[], object],
        apply: Callable[[Config], object],
        reactor: Any,
        has_terminal: Callable[[], bool] = lambda: False,
    ) -> None:
        """
        @param config: the one that the server runs with.
        @param read: reads the configuration again.
        @param certificate: reads the certificate again.
        @param apply: lets that of a configuration count which is in L{RELOADED}.
        @param has_terminal: whether somebody could see the server.
        """
        self._config, self._read = config, read
        self._certificate, self._apply, self._reactor = certificate, apply, reactor
        self._has_terminal = has_terminal
        self._had_terminal = False
        self._before: Any = None

    def startService(self) -> None:
        """Listen for the signal."""
        super().startService()
        self._had_terminal = self._has_terminal()
        self._before = signal.signal(signal.SIGHUP, self._called)

    def stopService(self) -> None:
        """Leave the signal as it was."""
        signal.signal(signal.SIGHUP, self._before or signal.SIG_DFL)
        super().stopService()

    def _called(self, number: int, frame: object) -> None:
        # Anything may be going on now: wait for the turn of the reactor.
        self._reactor.callFromThread(self.hang_up)

    def hang_up(self) -> None:
        """SIGHUP has come: either it was sent, or the terminal is gone that the server was started in."""
        if self._had_terminal and not self._has_terminal():
            self._log.info("the terminal is gone")
            self._reactor.stop()
        else:
            self.reload()

    def reload(self) -> None:
        """Read again; what is wrong is logged, and stays as it was."""
        try:
            self._certificate()
        except CannotStart as error:
            self._log.error("the certificate stays as it was: {error}", error=error)
        try:
            now = self._read()
        except CannotStart as error:
            self._log.error("the configuration stays as it was: {error}", error=error)
            return
        self._apply(now)
        if changed := needs_restart(self._config, now):
            self._log.warn("changed, but only a restart makes it count: {keys}", keys=", ".join(changed))
