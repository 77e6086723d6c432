"""Whether the server in this container is ready: ends with 0 if it says so, else with 1 and its reasons."""

import json
import os
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

try:
    ports = json.loads((Path(os.environ["COMET_MAIN_DATA"]) / "ports.json").read_text())
    with urlopen(f"http://127.0.0.1:{ports['ws']}/health/ready", timeout=4) as answer:
        print(answer.read(1000).decode())
except HTTPError as error:
    sys.exit(error.read(1000).decode())
except OSError as error:
    sys.exit(f"the server does not answer: {error}")
