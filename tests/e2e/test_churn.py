"""Clients of all transports come and go at random; in the end the server is as the model says."""

from __future__ import annotations

from tests.e2e.churn import Churn, config
from tests.e2e.support import ServerCase


class ChurnTests(ServerCase):
    """A short run; C{python -m tests.e2e.churn} is the long one."""

    timeout = 300

    async def test_churn(self):
        """Presence, counts, queues and history equal the model, nothing private is lost, memory is freed."""
        server = await self.server(**config(poll_seconds=8))
        churn = Churn(server, clients=200, seconds=12, seed=20, pace=1.5)
        differences, (start, end) = await churn.run()
        self.assertEqual(differences, [])
        for kind in ("JsonVisitor", "LineVisitor", "StreamVisitor", "PollVisitor", "heard", "left"):
            self.assertGreater(churn.deeds[kind], 50, churn.deeds)
        self.assertLess(end, start * 1.1, "KiB in RAM at the end, and 1.1 of that at the start")
