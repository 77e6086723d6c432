"""How much is logged, and in which form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from twisted.application.service import Service
from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    eventAsText,
    globalLogPublisher,
)

from comet.sections import Log

#: The parts of the server that may have a level of their own, by what their log goes by.
PARTS: Mapping[str, tuple[str, ...]] = {
    "cometql": ("comet.cometql", "comet.protocols.mysql"),
    "browsers": ("comet.protocols",),
    "store": ("comet.storage",),
    "cluster": ("comet.cluster",),
    "webhook": ("comet.protocols.courier",),
    "outbox": ("comet.following",),
}


def levels(rules: Log) -> dict[str, str]:
    """@return: the level of each name that a log goes by; of all others at the empty name."""
    found = {"": rules.level}
    for part, names in PARTS.items():
        if level := getattr(rules, part):
            found |= dict.fromkeys(names, level)
    return found


def as_json(event: LogEvent) -> str:
    """@return: an event as one line of JSON, with time, level, the part of the server, and the text."""
    level = event.get("log_level") or LogLevel.info
    when = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    content = {
        "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": level.name,
        "system": event.get("log_namespace") or event.get("log_system", "-"),
        "message": eventAsText(event, includeTimestamp=False, includeSystem=False),
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


class LogThreshold(Service):
    """
    Keeps what is less important than a level out of the log, and writes the rest as is wished.

    A service, because C{twistd} sets up its log, to a file or elsewhere, after services have been made and
    before they are started.
    """

    def __init__(self, rules: Log, publisher: LogPublisher = globalLogPublisher) -> None:
        """@param rules: what is logged, and how."""
        self._predicate = LogLevelFilterPredicate()
        self._publisher = publisher
        self._is_json = rules.format == "json"
        self.set(rules)

    def set(self, rules: Log) -> None:
        """From now on, keep out what is less important than these levels."""
        self._predicate.clearLogLevels()
        for name, level in levels(rules).items():
            self._predicate.setLogLevelForNamespace(name, LogLevel.levelWithName(level))

    def startService(self) -> None:
        """Put a filter before everything that observes the log."""
        super().startService()
        for observer in tuple(self._publisher._observers):
            kept = observer
            if self._is_json and isinstance(observer, FileLogObserver):
                kept = FileLogObserver(observer._outFile, as_json)
            filtered = FilteringLogObserver(kept, [self._predicate])
            self._publisher.removeObserver(observer)
            self._publisher.addObserver(filtered)
