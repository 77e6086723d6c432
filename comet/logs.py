"""How much is logged."""

from __future__ import annotations

from twisted.application.service import Service
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    globalLogPublisher,
)


class LogThreshold(Service):
    """
    Keeps what is less important than a level out of the log.

    A service, because C{twistd} sets up its log, to a file or elsewhere, after services have been made and
    before they are started.
    """

    def __init__(self, level: str, publisher: LogPublisher = globalLogPublisher) -> None:
        """@param level: the name of the least important level that is logged."""
        self._predicate = LogLevelFilterPredicate(LogLevel.levelWithName(level))
        self._publisher = publisher

    def set(self, level: str) -> None:
        """From now on, keep out what is less important than C{level}."""
        self._predicate.setLogLevelForNamespace("", LogLevel.levelWithName(level))

    def startService(self) -> None:
        """Put a filter before everything that observes the log."""
        super().startService()
        for observer in tuple(self._publisher._observers):
            filtered = FilteringLogObserver(observer, [self._predicate])
            self._publisher.removeObserver(observer)
            self._publisher.addObserver(filtered)
