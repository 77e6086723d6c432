"""Family 0, which is ours: the opening handshake (RFC 6455, 4.2.1)."""

from __future__ import annotations

from collections.abc import Iterator

from suite.vocabulary import Case, Outcome, Said, headers_with
from suite.wire import HEADERS


def handshakes() -> Iterator[Case]:
    """Requests, right and wrong (RFC 6455, 4.2.1)."""
    said, once = (Said(),), Outcome(1)
    lower = tuple((name.lower(), value) for name, value in HEADERS)
    upper = tuple((name.upper(), value) for name, value in HEADERS)
    fine = (
        ("0.1.1", "as browsers ask", HEADERS),
        ("0.1.2", "header names in lower case", lower),
        ("0.1.3", "header names in upper case", upper),
        ("0.1.4", "`Upgrade: WebSocket` in mixed case", headers_with(Upgrade="WebSocket")),
        (
            "0.1.5",
            "`Connection: keep-alive, Upgrade`, as Firefox says",
            headers_with(Connection="keep-alive, Upgrade"),
        ),
        (
            "0.1.6",
            "an extension that does not exist is not confirmed",
            headers_with(Sec_WebSocket_Extensions="x-none"),
        ),
        (
            "0.1.7",
            "a subprotocol that is not ours is not confirmed",
            headers_with(Sec_WebSocket_Protocol="x-none"),
        ),
    )
    for number, title, headers in fine:
        yield Case(number, title, said, once, headers=headers)
    yield Case("0.1.8", "request cut into single bytes", said, once, chop=1)
    bad = (400, 404, 405, 426, 501, 505)
    wrong = (
        ("0.2.1", "no `Upgrade`", headers_with(Upgrade=None)),
        ("0.2.2", "`Upgrade` to something else", headers_with(Upgrade="h2c")),
        ("0.2.3", "no `Connection`", headers_with(Connection=None)),
        ("0.2.4", "`Connection: close`", headers_with(Connection="close")),
        ("0.2.5", "no `Sec-WebSocket-Key`", headers_with(Sec_WebSocket_Key=None)),
        ("0.2.6", "a key of the wrong length", headers_with(Sec_WebSocket_Key="c2hvcnQ=")),
        ("0.2.7", "no `Sec-WebSocket-Version`", headers_with(Sec_WebSocket_Version=None)),
        ("0.2.8", "version 9, which is none", headers_with(Sec_WebSocket_Version="9")),
        ("0.2.9", "no `Host`", headers_with(Host=None)),
    )
    for number, title, headers in wrong:
        yield Case(number, title, headers=headers, statuses=bad)
    yield Case("0.2.10", "HTTP/1.0", start="GET {} HTTP/1.0", statuses=bad)
    yield Case("0.2.11", "POST", start="POST {} HTTP/1.1", statuses=bad)
