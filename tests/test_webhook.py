"""Tests for L{comet.webhook}."""

import hashlib
import hmac
import json

from twisted.trial.unittest import SynchronousTestCase

from comet.storage.presences import PresenceEvent, What
from comet.webhook import (
    FIRST_WAIT,
    LONGEST_WAIT,
    body_of,
    headers_of,
    lost_before,
    wait_after,
)

ROWS = [
    PresenceEvent(0, 5, 7, What.ONLINE, seq=3, number=8),
    PresenceEvent(2, 6, 0, What.SUBSCRIPTION, "track_room", "tab", seq=1, number=9),
]


class BatchTests(SynchronousTestCase):
    """What is posted."""

    def test_body(self):
        """The rows as the table has them, each with its tenant, and how many are missing."""
        first = {"dev_id": 0, "seq": 3, "time": 5, "user_id": 7, "event": "online", "name": "", "uuid": ""}
        second = {"dev_id": 2, "seq": 1, "time": 6, "user_id": 0, "event": "subscription"}
        second |= {"name": "track_room", "uuid": "tab"}
        wanted = {"node": "n", "lost": 4, "events": [first, second]}
        self.assertEqual(json.loads(body_of("n", ROWS, 4)), wanted)

    def test_signature(self):
        """The digest of timestamp, dot and body, so that an old request cannot be sent again as a new one."""
        body = body_of("n", ROWS, 0)
        digest = hmac.new(b"secret", b"99." + body, hashlib.sha256).hexdigest()
        self.assertEqual(
            headers_of("secret", 99, body),
            {
                "Content-Type": "application/json",
                "Comet-Timestamp": "99",
                "Comet-Signature": f"sha256={digest}",
            },
        )
        self.assertNotIn("Comet-Signature", headers_of("", 99, body))

    def test_lost(self):
        """What the log has dropped since the last delivery, wherever in between."""
        self.assertEqual(lost_before(7, ROWS), 0)
        self.assertEqual(lost_before(5, ROWS), 2)
        self.assertEqual(lost_before(7, [ROWS[0], ROWS[1]._replace(number=12)]), 3)


class WaitTests(SynchronousTestCase):
    """When it is tried again."""

    def test_twice_as_long_each_time(self):
        """Up to a ceiling, however many failures there were; half of it is a matter of chance."""
        self.assertEqual(
            [wait_after(number, 1) for number in range(1, 5)], [FIRST_WAIT * 2**n for n in range(4)]
        )
        self.assertEqual([wait_after(number, 0) for number in (1, 2)], [FIRST_WAIT / 2, FIRST_WAIT])
        self.assertEqual([wait_after(number, 1) for number in (7, 50, 10**9)], [LONGEST_WAIT] * 3)
