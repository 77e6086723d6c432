"""What the programs beside this one share: where the server is, what is sent, and how a step is told."""

import json
import os
import sys

HOST, PORT = os.environ["DB_HOST"], int(os.environ["DB_PORT"])
TLS_PORT = int(os.environ["DB_TLS_PORT"])
PASSWORD, CA = os.environ["DB_PASSWORD"], os.environ["DB_CA"]
CHANNEL = os.environ["DB_CHANNEL"]
TEXT = 'It\'s a "test" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё'


def step(name):
    """Run the function at once, and tell what it gives; of an error, tell on the standard error."""

    def run(function):
        try:
            print(json.dumps({"step": name, "got": function()}), flush=True)
        except Exception as error:
            print(f"{name}: {error!r}", file=sys.stderr, flush=True)
        return function

    return run
