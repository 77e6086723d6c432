"""
A process of a load: it reads a plan from its input, and prints what comes of it, an object of JSON a line.

When its input has more to say, or ends, it comes to an end itself: none outlives the command.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from comet.bench.board import Board
from comet.bench.listening import listen
from comet.bench.plans import Listening, Place, Speaking
from comet.bench.speaking import Gone, speak


def main() -> None:
    """Do what the plan says."""
    # It is for the command to decide what an interruption means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(0, "rb", buffering=0) as given:
        told = json.loads(given.readline())
        kind = {"listen": Listening, "speak": Speaking}[told.pop("do")]
        told["place"] = Place(**told["place"])
        plan = kind(**told)
        board = Board(Path(plan.board), plan.rows)
        _tell({"ready": True})
        if not given.readline():
            return
        try:
            if isinstance(plan, Listening):
                listen(plan, board.row(plan.row), _tell, given.fileno())
            else:
                speak(plan, board, _tell, given.fileno())
        except (Gone, OSError) as error:
            _tell({"error": str(error)})


def _tell(something: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(something) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
