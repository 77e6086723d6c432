"""The page about the results, written from what was recorded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from suite.cases import FAMILIES, all_cases
from suite.targets import TARGETS
from suite.vocabulary import Case

#: What was recorded of our own cases, and of Autobahn's suite.
VERDICTS, RECORDED, PAGE = "verdicts.json", "wstest.json", "websocket.rst"

#: What a verdict is made of: the word, how the connection ended, and the name of the note that explains it.
Verdict = tuple[str, str, str]

OK, LOOSE, AGREED, FAILED = "OK", "NON-STRICT", "BY DESIGN", "FAILED"

HEAD = """\
.. Written by compliance/websocket.py --write and compliance/wstest.py --write: change those.

WebSocket conformance
=====================

What the browser port does with each case of the WebSocket standard (RFC 6455) and of its compression
(RFC 7692), right ones and wrong ones. Two lists were run: Autobahn's test suite itself, and one of our
own with the same numbers, which talks to a whole server and is part of ``make test``.
"""

AUTOBAHN = """\
Autobahn's test suite
---------------------

The suite wants its messages back, which this server does not do. So it ran against the browser port with
an echo in the place of sessions (``compliance/echo.py``): doorway, handshake, limits, timers and the way
out are those of the server. Connections end as those of each of the two protocols do, of
:doc:`JSON <json-wire>` and of :doc:`lines <browser-wire>`. Families 12 and 13, which alone offer compression,
ran twice: as the server is shipped, and with `[ws] compress`.
"""

AUTOBAHN_NOTES = """\
- **No case failed, and none passed only in the non-strict way.**
- Where fewer results are counted than cases, the others were not run.
- `INFORMATIONAL`: 7.1.6, 7.13.1 and 7.13.2, for which the standard prescribes nothing; the suite gives
  no other verdict.
- `UNIMPLEMENTED` without compression: 12.* and 13.*, which try permessage-deflate. It is off, so the server
  declines the offer, as RFC 7692 allows.
- `UNIMPLEMENTED` with compression: 13.3.* and 13.5.*, which insist on a window of 512 bytes for what the
  server sends. One compressed copy serves all clients, with the full window, so the offer is
  :ref:`declined <conformance-deflate>`, as RFC 7692 has it (7.1.2.1). Where a second offer follows, as in
  13.7.*, that is taken.
- `UNCLEAN`: where the server has to end the connection, it drops it, and the suite misses the Close
  frame. That is :ref:`by design <conformance-close>` for the line protocol.

To run it again, Python 2.7 is needed, for which alone the suite is made: ``compliance/wstest.py`` says
how. It takes two minutes without compression, and half an hour with it, most of which the suite needs for
itself; so it can be run in pieces.
"""

OURS = """\
Our own list
------------

``python compliance/websocket.py`` starts a server, and runs each case on a connection of its own. The
server does not echo: the text of a case is published in a channel, and a second client has to hear
exactly this text, once; or, where the case breaks the rules, must not hear it. Where a connection has to
stay, a question at the end has to be answered. The numbers are those of Autobahn's suite; families 0, 20,
21 and 22 are ours. ``make test`` runs all but the cases that take long, and compares with what stands here.

In the columns *compressed*, the server has `[ws] compress` and every client offers permessage-deflate: what
it says travels compressed, unless the case is about frames, and so does all that the listener hears of 256
bytes and more, or else the case has failed. Sizes are those before compression.
"""

NOTES = """\
- `BY DESIGN`: as documented, and not what an echo server would do. Each is explained below.
- `NON-STRICT`: allowed by the standard, although it could be done better. There is no such case.

.. _conformance-close:

No Close frame in the line protocol
    Where a column says *dropped*, the server ended the TCP connection without a Close frame. RFC 6455
    says it SHOULD send one (7.1.7), and that a Close frame is to be answered (5.5.1). Clients of
    CppComet connect again only if the connection ends without, so none is ever sent to them; see
    :doc:`browser-wire`. Cases are judged by all the rest: that the connection ends, and that nothing of
    a wrong message is carried out.

.. _conformance-binary:

Binary messages are refused
    1.2.*, 9.2.*, 9.4.*, 9.6.* and 9.8.*: both dialects are text. A binary message is a breach of the
    protocol, and is not carried out: code 1003, where codes are sent. An endpoint may do so (RFC 6455,
    7.4.1).

.. _conformance-deflate:

Compression
    12.*, 13.* and 21.* offer permessage-deflate. Without `[ws] compress` nothing is confirmed; all messages
    travel as they are, and a compressed one is a breach of the protocol (13.8.1). With it, exactly what
    :ref:`is documented <json-wire-compression>` has to be confirmed: the first offer that can be taken, and
    always `client_no_context_takeover`. What MUST be declined is (RFC 7692, 7), by a connection without
    compression. So is a window for the server of less than 32 KiB (13.6.1), since one compressed copy serves
    all.

    Compressed messages (22.*) are read however they are cut. Since each is compressed by itself, one that
    leans on another cannot be read (22.3.4). What cannot be read ends the connection with 1007, as text that
    is not UTF-8 does, and what is longer than a message may be with 1009, before more than that is unpacked.
    RSV1 is what 3.4 tries: where compression is agreed on it has a meaning, and the data are at fault.

.. _conformance-limits:

Large messages
    For family 9, the limits of the server are raised to 17 MiB. As shipped, a message may have 1 MiB,
    and the frame that passes this is refused by its head, or the message when its fragments together do,
    with code 1009 where codes are sent (20.6): see :doc:`limits`.
"""


def _family(number: str) -> str:
    return number.partition(".")[0]


def _cell(text: str) -> str:
    return f'"{text.replace(chr(34), chr(34) * 2)}"'


def _table(head: Iterable[str], widths: Iterable[int], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield ".. csv-table::"
    yield f"   :header: {', '.join(map(_cell, head))}"
    yield f"   :widths: {', '.join(map(str, widths))}"
    yield ""
    yield from (f"   {', '.join(map(_cell, row))}" for row in rows)
    yield ""


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in Counter(words).most_common())


def _autobahn(found: dict[str, dict[str, list[str]]]) -> Iterator[str]:
    families = sorted({_family(number) for number in found["json"]}, key=int)
    rows = []
    for way, title in (("", ""), ("-deflate", ", agreed on")):
        for family in families:
            cells = [f"{family} {FAMILIES[family]}{title}"]
            cells.append(str(sum(_family(number) == family for number in found["json"])))
            for name in (f"json{way}", f"line{way}"):
                results = [each for number, each in found[name].items() if _family(number) == family]
                cells += [_counted(each[place] for each in results) for place in (0, 1)]
            if any(cells[2:]):
                rows.append(cells)
    head = ("Family", "Cases", "JSON: behaviour", "end", "Line: behaviour", "end")
    yield from _table(head, (20, 7, 20, 20, 20, 20), rows)


def _summary(cases: list[Case], verdicts: dict[str, dict[str, Verdict]]) -> Iterator[str]:
    rows = []
    for family, title in FAMILIES.items():
        numbers = [case.number for case in cases if _family(case.number) == family]
        words = [
            _counted(each[number][0] for number in numbers if number in each) for each in verdicts.values()
        ]
        rows.append((f"{family} {title}", str(len(numbers)), *words))
    yield from _table(("Family", "Cases", *_names(verdicts)), (30, 10, *(30 for _ in verdicts)), rows)


def _names(verdicts: Iterable[str]) -> list[str]:
    return [TARGETS[name].title for name in verdicts]


def _said(verdict: Verdict | None) -> str:
    if verdict is None:
        return "–"
    word, end, note = verdict
    shown = f":ref:`{word} <conformance-{note}>`" if note else word
    return shown if end == "open" else f"{shown}, {end}"


def _cases(cases: list[Case], verdicts: dict[str, dict[str, Verdict]]) -> Iterator[str]:
    for family, title in FAMILIES.items():
        yield from ("", title, "~" * len(title), "")
        rows = [
            (case.number, case.title, *(_said(each.get(case.number)) for each in verdicts.values()))
            for case in cases
            if _family(case.number) == family
        ]
        yield from _table(("Case", "What", *_names(verdicts)), (9, 55, *(20 for _ in verdicts)), rows)


def record(file: Path, found: Mapping[str, Mapping[str, object]]) -> None:
    """Write results, a line for each case, so that changes are seen in a diff."""
    parts = []
    for name, cases in found.items():
        lines = ",\n".join(f"{json.dumps(number)}: {json.dumps(each)}" for number, each in cases.items())
        parts.append(f"{json.dumps(name)}: {{\n{lines}\n}}")
    file.write_text("{" + ",\n".join(parts) + "}\n")


def page(folder: Path) -> str:
    """@return: the page about what is recorded in C{folder}."""
    cases, verdicts = all_cases(), json.loads((folder / VERDICTS).read_text())
    recorded = json.loads((folder / RECORDED).read_text())
    parts = [
        *(HEAD, AUTOBAHN, *_autobahn(recorded), AUTOBAHN_NOTES),
        *(OURS, *_summary(cases, verdicts), NOTES, "Case by case", "-" * 12, ""),
        "`OK` alone: the connection is open at the end. Else it is said how it ended. A dash: not run there.",
        *_cases(cases, verdicts),
    ]
    return "\n".join(parts).rstrip() + "\n"


def write_page(folder: Path) -> None:
    """Write the page anew."""
    (folder / PAGE).write_text(page(folder))
