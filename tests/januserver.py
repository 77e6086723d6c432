"""Real Janus media servers, private to the tests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import websockets.sync.client
from twisted.trial.unittest import SkipTest

from tests.redisserver import free_port

#: How long Janus may take to answer, in seconds.
PATIENCE = 20.0
#: Where tools/setup_janus.sh puts the files of its packages, if it is not installed.
UNPACKED = Path(__file__).parents[1] / ".venv" / "janus"
#: What comet and this Janus know, and nobody else: C{janus_secret} of comet.
SECRET = "between comet and Janus"

_CONFIG = """
general: {{
    plugins_folder = "{modules}/plugins"
    transports_folder = "{modules}/transports"
    configs_folder = "{folder}"
    debug_level = 4
    debug_colors = false
    debug_timestamps = true
    api_secret = "{secret}"
    session_timeout = {session_timeout}
}}
media: {{ rtp_port_range = "{rtp}" }}
nat: {{ ice_ignore_list = "vmnet" }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
"""
_WEBSOCKETS = """
general: {{ ws = true, ws_port = {port}, ws_ip = "127.0.0.1", json = "compact" }}
"""
_VIDEOROOM = """
general: {{ admin_key = "{secret}" }}
"""
_HELLO = (
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "Sec-WebSocket-Protocol: janus-protocol\r\n\r\n"
)


class Janus:
    """
    A Janus whose files lie in C{folder}; it can be killed and started again, on the same port.

    It has the WebSockets transport on 127.0.0.1 and the plug-in VideoRoom, and gathers candidates of all
    interfaces but the loopback, as browsers do.

    @ivar url: where it is, for C{[video] janus}; C{SECRET} is what goes with it.
    """

    def __init__(self, folder, session_timeout=60, rtp="20000-60000"):
        """
        @param session_timeout: after how many silent seconds it ends a session.
        @param rtp: the range of its UDP ports.
        """
        self._program, self._modules, libraries = _find()
        self._folder = Path(folder).absolute()
        self._folder.mkdir(parents=True)
        self._environment = os.environ | ({"LD_LIBRARY_PATH": str(libraries)} if libraries else {})
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        values = {
            "folder": self._folder,
            "modules": self._modules,
            "port": self.port,
            "secret": SECRET,
            "session_timeout": session_timeout,
            "rtp": rtp,
            "plugins": self._others("plugins", "libjanus_videoroom.so"),
            "transports": self._others("transports", "libjanus_websockets.so"),
        }
        for name, text in (
            ("janus", _CONFIG),
            ("janus.transport.websockets", _WEBSOCKETS),
            ("janus.plugin.videoroom", _VIDEOROOM),
        ):
            (self._folder / f"{name}.jcfg").write_text(text.format(**values))
        self.start()

    def _others(self, kind, wanted):
        names = sorted(path.name for path in (self._modules / kind).glob("*.so"))
        if wanted not in names:
            raise SkipTest(f"Janus has no {wanted}")
        return ",".join(name for name in names if name != wanted)

    def start(self):
        """Start it, and wait until it answers."""
        config = str(self._folder / "janus.jcfg")
        with open(self._folder / "log", "ab") as log:
            self._child = subprocess.Popen(
                [self._program, "-C", config, "-F", str(self._folder)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self._environment,
            )
        deadline = time.monotonic() + PATIENCE
        while not self._is_there():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self.log())
            time.sleep(0.05)

    def _is_there(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as link:
                link.sendall(_HELLO.encode())
                return link.recv(1 << 12).startswith(b"HTTP/1.1 101")
        except OSError:
            return False

    def rooms(self):
        """@return: the rooms that there are now, as Janus describes them."""
        with websockets.sync.client.connect(self.url, subprotocols=["janus-protocol"]) as link:

            def ask(**request):
                link.send(json.dumps({**request, "transaction": "1", "apisecret": SECRET}))
                return json.loads(link.recv(PATIENCE))

            session = ask(janus="create")["data"]["id"]
            plugin = "janus.plugin.videoroom"
            handle = ask(janus="attach", session_id=session, plugin=plugin)["data"]["id"]
            body = {"request": "list", "admin_key": SECRET}
            told = ask(janus="message", session_id=session, handle_id=handle, body=body)
            return told["plugindata"]["data"]["list"]

    def log(self):
        """@return: what it has written so far."""
        return (self._folder / "log").read_text(errors="replace")

    def kill(self):
        """End it at once, whatever it does."""
        self._child.kill()
        self._child.wait()


def _find():
    """@return: the program, the folder of its modules, and that of its libraries or L{None}."""
    program = shutil.which("janus")
    root, libraries = Path("/"), None
    if program is None:
        program, root = shutil.which("janus", path=UNPACKED / "usr" / "bin"), UNPACKED
    for modules in sorted((root / "usr" / "lib").glob("*/janus")):
        if root == UNPACKED:
            libraries = modules.parent
        if program is not None:
            return program, modules, libraries
    raise SkipTest("there is no Janus")
