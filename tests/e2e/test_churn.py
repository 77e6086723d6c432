"""Clients of all transports come and go at random; in the end all servers are as the model says."""

from __future__ import annotations

from tests.e2e.churn import Churn, config
from tests.e2e.cluster import PASSWORD, ClusterCase
from tests.e2e.support import ServerCase

KINDS = ("JsonVisitor", "LineVisitor", "StreamVisitor", "PollVisitor")


class ChurnTests(ServerCase):
    """A short run; C{python -m tests.e2e.churn} is the long one."""

    timeout = 300

    async def test_churn(self):
        """Presence, counts, queues and history equal the model, nothing private is lost, memory is freed."""
        server = await self.server(**config(poll_seconds=8))
        churn = Churn([server], "p", clients=200, seconds=12, seed=20, pace=1.5)
        differences, (start, end) = await churn.run()
        self.assertEqual(differences, [])
        for kind in (*KINDS, "heard", "left"):
            self.assertGreater(churn.deeds[kind], 50, churn.deeds)
        self.assertLess(end, start * 1.1, "KiB in RAM at the end, and 1.1 of that at the start")


class ClusterChurnTests(ClusterCase):
    """A short run; C{python -m tests.e2e.churn --servers 3} is the long one."""

    async def test_churn(self):
        """All three servers give the model's answer, though one was killed and its clients came to others."""
        servers = await self.cluster("abc", limits=config(poll_seconds=5)["limits"])
        churn = Churn(servers, PASSWORD, clients=60, seconds=12, seed=20, pace=1.5)
        differences, _ = await churn.run()
        self.assertEqual(differences, [])
        for kind in (*KINDS, "heard", "left"):
            self.assertGreater(churn.deeds[kind], 10, churn.deeds)
        self.assertGreater(churn.deeds["came elsewhere"], 5)
        self.assertEqual(churn.deeds["killed"], 1)
