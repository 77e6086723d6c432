"""Several processes that write to one SQLite file at the same time, as the workers of one server do."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

#: How many writes of each kind each process does.
ROUNDS = 100
PROGRAM = """
import json, sys
from pathlib import Path
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from comet.model import Channel, Message, PrivateMessage, User
from comet.storage.presences import Keeping, PresenceEvent, What
from comet.storage.sql import SQLStore, sqlite_pool

NODE, ROUNDS = sys.argv[2], int(sys.argv[3])
NEWS, ANN = Channel(0, "news"), User(0, 1)

async def work():
    store = SQLStore(sqlite_pool(Path(sys.argv[1]), reactor))
    await store.start()
    positions, numbers = [], []
    for n in range(ROUNDS):
        told = PresenceEvent(0, n, n + 1, What.ONLINE)
        place, queued, _, _ = await gatherResults(map(Deferred.fromCoroutine, (
            store.append(Message(NEWS, "e", "text", n, 0, f"{NODE} {n}"), 5 * ROUNDS),
            store.enqueue(PrivateMessage(ANN, "e", f"{NODE} {n}", n), 5 * ROUNDS),
            store.note_presence([told], n, Keeping(NODE, 10 * ROUNDS)),
            store.history(NEWS, 3),
        )))
        positions.append(place.position)
        numbers.append(queued.number)
    await store.stop()
    print(json.dumps([positions, numbers]))

def done(result):
    if result is not None:
        result.printTraceback(sys.stderr)
    reactor.stop()

reactor.callWhenRunning(lambda: Deferred.fromCoroutine(work()).addBoth(done))
reactor.run()
"""


class ProcessTests(SynchronousTestCase):
    """Two processes at one file."""

    def test_nothing_is_given_twice_or_left_out(self):
        """Positions, numbers and rows of the log; both create the file, and each sees its own rise."""
        file = Path(self.mktemp()).absolute()
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(file), node, str(ROUNDS)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for node in ("one", "two")
        ]
        found = []
        for each in processes:
            self.addCleanup(each.kill)
            output, errors = each.communicate(timeout=100)
            self.assertEqual(errors, "")
            found.append(json.loads(output))
        for one, two in zip(*found, strict=True):
            all_given = sorted(one + two)
            self.assertEqual(all_given, list(range(all_given[0], all_given[0] + 2 * ROUNDS)))
            self.assertEqual((one, two), (sorted(one), sorted(two)))
        with sqlite3.connect(file) as connection:
            rows = connection.execute("SELECT seq, number FROM presence_events ORDER BY number").fetchall()
        self.assertEqual(rows, [(n, n) for n in range(1, 2 * ROUNDS + 1)])
