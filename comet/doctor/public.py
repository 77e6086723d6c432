"""
The public address of a server, asked as a browser would: name, certificate, clock, health, WebSocket, and
whether something on the way holds back what should arrive at once.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from comet.bench.wires import KEY, frame, upgrade
from comet.doctor.finding import Finding, fine, problem, warning
from comet.doctor.machine import validity
from comet.doctor.services import DRIFT

#: How long each answer may take, in seconds.
PATIENCE = 10
#: The first bytes of a stream come at once, unless something on the way collects them; in seconds.
PROMPT = 3
#: What an answer to a handshake is made of (RFC 6455, 1.3).
_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_HELLO = '{"cmd":"hello","id":1,"version":1}'


class Unreachable(Exception):
    """C{str(error)} says why, and what to change."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, for browsers."""

    secure: bool
    host: str
    port: int
    prefix: str

    @classmethod
    def read(cls, url: str) -> Address:
        """@raise Unreachable: if C{url} is no address."""
        try:
            parts = urlsplit(url if "://" in url else f"https://{url}")
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname:
            raise Unreachable(f"{url} is no address; expected https://HOST or https://HOST:PORT/PREFIX")
        secure = parts.scheme in ("https", "wss")
        return cls(secure, parts.hostname, port or (443 if secure else 80), parts.path.rstrip("/"))

    def connect(self, trust: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
        """
        @param trust: whose certificates are believed; those of the system without it.
        @return: a new connection.
        """
        if self.secure:
            return http.client.HTTPSConnection(self.host, self.port, timeout=PATIENCE, context=trust)
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)


def look(url: str, trust: ssl.SSLContext | None = None) -> Iterator[Finding]:
    """
    @param trust: see L{Address.connect}.
    @return: what is to be said of the address; the rest is not tried where nothing answers.
    """
    try:
        address = Address.read(url)
        date, health, certificate = _health(address, trust)
    except Unreachable as error:
        yield problem("address", str(error))
        return
    yield fine(
        "address", f"{address.host}, port {address.port}, answers{' over TLS' if address.secure else ''}"
    )
    if certificate is None:
        yield warning("TLS", "none: browsers call pages without it insecure, and let them use no camera")
    else:
        yield validity("certificate", certificate, datetime.now(UTC), "renew it, here or in the proxy")
    yield _clock(date)
    yield health
    for try_it in (_websocket, _stream):
        try:
            yield try_it(address, trust)
        except (OSError, http.client.HTTPException) as error:
            yield problem(try_it.__name__.strip("_"), f"it broke off: {error or type(error).__name__}")


def _health(address: Address, trust: ssl.SSLContext | None) -> tuple[str, Finding, datetime | None]:
    """@return: the date of the answer, what is to be said of it, and until when the certificate is valid."""
    connection = address.connect(trust)
    certificate = None
    try:
        connection.connect()
        if isinstance(connection.sock, ssl.SSLSocket):
            certificate = _end_of(connection.sock)
        connection.request("GET", f"{address.prefix}/health/ready")
        answer = connection.getresponse()
        body = answer.read(1 << 16)
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            f"the certificate is not believed: {error.verify_message}; is the whole chain in [tls] "
            "certificate or in the proxy, the server's own certificate first?"
        ) from None
    except socket.gaierror:
        raise Unreachable(f"there is no address for {address.host}: look at the DNS") from None
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{address.host}, port {address.port}, cannot be reached: {error}") from None
    finally:
        connection.close()
    return answer.getheader("Date", ""), _health_finding(answer.status, body), certificate


def _end_of(channel: ssl.SSLSocket) -> datetime:
    # What is believed has been read, and so has an end.
    told: Any = channel.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(told["notAfter"]), UTC)


def _health_finding(status: int, body: bytes) -> Finding:
    try:
        said = json.loads(body)
        reasons = said.get("reasons", [])
    except (ValueError, AttributeError):
        return problem(
            "health",
            f"{status}, and not from comet: does the proxy pass on /health/, /ws/ and /comet/?",
        )
    if status == 200:
        return fine("health", "the server is ready")
    return problem("health", f"{status}: {'; '.join(map(str, reasons)) or 'no reason is given'}")


def _clock(date: str) -> Finding:
    try:
        there = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return warning("clock", "the answer has no date")
    drift = there - time.time()
    if abs(drift) > DRIFT:
        return warning(
            "clock", f"it differs from that of this machine by {drift:+.0f} s: run an NTP client on both"
        )
    return fine("clock", "as that of this machine")


def _websocket(address: Address, trust: ssl.SSLContext | None) -> Finding:
    connection = address.connect(trust)
    connection.connect()
    channel = connection.sock
    try:
        channel.sendall(upgrade(address.host, f"{address.prefix}/comet/ws").encode())
        reader = channel.makefile("rb")
        status = reader.readline().decode("latin-1").strip()
        headers = http.client.parse_headers(reader)
        if " 101 " not in status + " ":
            return problem(
                "WebSocket",
                f"the answer is {status or 'nothing'}: the proxy has to pass on Upgrade and Connection, "
                "and to speak HTTP/1.1 with comet",
            )
        wanted = base64.b64encode(hashlib.sha1((KEY + _MAGIC).encode()).digest()).decode()
        if headers.get("Sec-WebSocket-Accept") != wanted:
            return problem("WebSocket", "the handshake is answered by something else than comet")
        channel.sendall(frame(_HELLO.encode()))
        first = reader.read(2)
        if len(first) < 2 or first[0] != 0x81:
            return problem("WebSocket", "the handshake passes, and then nothing does")
    finally:
        connection.close()
    return fine("WebSocket", "it connects, and comet says welcome")


def _stream(address: Address, trust: ssl.SSLContext | None) -> Finding:
    connection = address.connect(trust)
    started = time.monotonic()
    try:
        connection.request(
            "GET", f"{address.prefix}/comet/sse?version=1", headers={"Accept": "text/event-stream"}
        )
        answer = connection.getresponse()
        if answer.status != 200 or "event-stream" not in answer.getheader("Content-Type", ""):
            return problem("stream", f"/comet/sse answers {answer.status}: the proxy has to pass it on")
        connection.sock.settimeout(PROMPT)
        answer.read1(1)
    except TimeoutError:
        return problem(
            "stream",
            f"nothing has come for {PROMPT} s: something collects it; with nginx, proxy_buffering off",
        )
    finally:
        connection.close()
    return fine("stream", f"server-sent events arrive at once, after {time.monotonic() - started:.2f} s")
