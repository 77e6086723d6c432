"""The logs of workers, a line of JSON for each event, and back into the log of their parent."""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO

from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, eventAsText
from zope.interface import implementer

#: The longest line of a worker that is not cut, in bytes.
LINE_LIMIT = 1 << 16


@implementer(ILogObserver)
class LineObserver:
    """Writes each event as a line."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __call__(self, event: LogEvent) -> None:
        """Write one event."""
        level = event.get("log_level") or LogLevel.info
        text = eventAsText(event, includeTimestamp=False, includeSystem=False)
        print(json.dumps({"level": level.name, "text": text}), file=self._file, flush=True)


class LogReader:
    """Puts what a worker writes into the log of this process."""

    def __init__(self, worker: str, log: Logger | None = None) -> None:
        """@param worker: its name."""
        self._worker = worker
        self._log = log or Logger()
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Some bytes have come."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._read(line)
        if len(self._rest) > LINE_LIMIT:
            line, self._rest = self._rest, b""
            self._read(line)

    def end(self) -> None:
        """No more bytes will come."""
        if self._rest:
            line, self._rest = self._rest, b""
            self._read(line)

    def _read(self, line: bytes) -> None:
        text = line.decode(errors="replace")
        level, said = LogLevel.error, text  # not by the log: of an interpreter that fails
        try:
            found: Any = json.loads(text)
            level, said = LogLevel.levelWithName(found["level"]), str(found["text"])
        except Exception:
            if not text.strip():
                return
        self._log.emit(level, "{worker}: {said}", worker=self._worker, said=said)


def standard_error() -> LineObserver:
    """@return: an observer that writes to where the parent reads."""
    return LineObserver(sys.__stderr__ or sys.stderr)
