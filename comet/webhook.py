"""
The webhook of presence: what is posted, how it is signed, and when it is tried again.

A batch is one request: C{POST}, JSON, and in the header C{Comet-Signature} the HMAC-SHA256 of the timestamp
in C{Comet-Timestamp}, a dot and the body. A receiver that checks both knows who has sent it, and when.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence

from comet.storage.presences import PresenceEvent

#: The most rows in a batch.
BATCH_LIMIT = 100
#: The first wait after a failure, and the longest, in seconds.
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
#: Under this name the store knows how far the webhook has come.
READER = "webhook"
TIMESTAMP_HEADER, SIGNATURE_HEADER = "Comet-Timestamp", "Comet-Signature"


def lost_before(place: int, events: Sequence[PresenceEvent]) -> int:
    """
    @param place: the number of the last row that was delivered.
    @return: how many rows before the last of C{events} are neither delivered nor among them.
    """
    return events[-1].number - place - len(events)


def body_of(node: str, events: Sequence[PresenceEvent], lost: int) -> bytes:
    """
    @param lost: how many rows were dropped before they could be delivered.
    @return: the body of the request that delivers C{events}.
    """
    rows = [
        {
            "dev_id": event.dev_id,
            "seq": event.seq,
            "time": event.time,
            "user_id": event.user_id,
            "event": event.event.value,
            "name": event.name,
            "uuid": event.uuid,
        }
        for event in events
    ]
    return json.dumps({"node": node, "lost": lost, "events": rows}, separators=(",", ":")).encode()


def signature_of(secret: str, timestamp: int, body: bytes) -> str:
    """@return: the value of the header C{Comet-Signature}."""
    signed = b"%d.%s" % (timestamp, body)
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def headers_of(secret: str, timestamp: int, body: bytes) -> dict[str, str]:
    """
    @param secret: empty for a batch that is not signed.
    @return: the headers that tell what a batch is.
    """
    headers = {"Content-Type": "application/json", TIMESTAMP_HEADER: str(timestamp)}
    if secret:
        headers[SIGNATURE_HEADER] = signature_of(secret, timestamp, body)
    return headers


def wait_after(failures: int, chance: float) -> float:
    """
    @param failures: how many there were in a row, 1 or more.
    @param chance: a number from 0 to 1, so that those who failed together do not come again together.
    @return: how many seconds to wait before the next attempt: twice as long each time, up to a ceiling.
    """
    wait = min(FIRST_WAIT * 2.0 ** min(failures - 1, 30), LONGEST_WAIT)
    return wait * (0.5 + chance / 2)
