"""A real TURN server, coturn, private to the tests."""

from __future__ import annotations

import os
import random
import shutil
import socket
import ssl
import subprocess
import time
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.trial.unittest import SkipTest

from comet.certificates import self_signed

#: How long it may take to answer, in seconds.
PATIENCE = 15.0
ROOT = Path(__file__).parents[1]
#: Where tools/setup_turn.sh puts the programs, if they are not installed as such.
UNPACKED = ROOT / ".venv" / "coturn" / "usr" / "bin"
#: What it calls itself.
REALM = "comet.example"
#: How many ports it may relay over, and where they may begin: below those that the system gives away.
RELAY_PORTS = 200
RELAY_START = (20_000, 30_000)
#: A STUN Binding request (RFC 8489, 5), which everybody may send.
BINDING = bytes.fromhex("000100002112a442") + b"comet-tests!"


def find_turn():
    """@return: the path of the program, C{None} if there is none."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(UNPACKED)))
    return shutil.which("turnserver", path=path)


def free_ports(count):
    """@return: ports that nobody had just now, neither for UDP nor for TCP."""
    probes, ports = [], []
    try:
        while len(ports) < count:
            tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
            probes += [tcp, udp]
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            ports.append(tcp.getsockname()[1])
    finally:
        for probe in probes:
            probe.close()
    return ports


#: What the documents tell to write, but for what is another on each machine.
EXAMPLE = ROOT / "docs" / "examples" / "turnserver.conf"


class TurnServer:
    """
    A coturn that lets in who has credentials made with one of its secrets, over UDP, TCP and TLS.

    @ivar urls: its addresses, by transport.
    @ivar tls: what a client needs to trust it.
    @ivar key_hash: what a Chromium needs for that: a hash of its public key.
    """

    def __init__(self, folder, *secrets, documented=False):
        """@param documented: whether it is set up as the documents say; then nobody relays to here."""
        self._program = find_turn()
        if self._program is None:
            raise SkipTest("there is no turnserver")
        self._folder = Path(folder).absolute()
        self._folder.mkdir(parents=True)
        self.port, self.tls_port = free_ports(2)
        self.urls = {
            "udp": f"turn:127.0.0.1:{self.port}?transport=udp",
            "tcp": f"turn:127.0.0.1:{self.port}?transport=tcp",
            "tls": f"turns:127.0.0.1:{self.tls_port}?transport=tcp",
        }
        certificate, key = self_signed("turn", datetime.now(UTC))
        (self._folder / "turn.crt").write_bytes(certificate)
        (self._folder / "turn.key").write_bytes(key)
        self.tls = ssl.create_default_context(cadata=certificate.decode())
        known = x509.load_pem_x509_certificate(certificate).public_key()
        info = known.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.key_hash = b64encode(sha256(info).digest()).decode()
        lines = self._lines(secrets)
        if documented:
            known = {line.partition("=")[0] for line in lines}
            kept = EXAMPLE.read_text().splitlines()
            lines += [line for line in kept if line.partition("=")[0] not in known]
        else:
            # Only tests relay to this very machine.
            lines += ["allow-loopback-peers", "cli-password=unused", "no-cli", "use-auth-secret"]
        self._config = self._folder / "turnserver.conf"
        self._config.write_text("\n".join([*lines, ""]))
        self.start()

    def _lines(self, secrets):
        relay = random.randrange(*RELAY_START)
        return [
            *("listening-ip=127.0.0.1", "relay-ip=127.0.0.1", f"realm={REALM}", "no-dtls"),
            *(f"listening-port={self.port}", f"tls-listening-port={self.tls_port}"),
            *(f"min-port={relay}", f"max-port={relay + RELAY_PORTS - 1}"),
            *(f"static-auth-secret={secret}" for secret in secrets),
            *(f"cert={self._folder}/turn.crt", f"pkey={self._folder}/turn.key"),
            *(f"pidfile={self._folder}/pid", f"userdb={self._folder}/users", "log-file=stdout", "verbose"),
        ]

    @property
    def log(self):
        """What it has to say."""
        return (self._folder / "log").read_text()

    def start(self):
        """Start it, and wait until it answers."""
        with open(self._folder / "log", "ab") as log:
            self._child = subprocess.Popen(
                [self._program, "-c", str(self._config)], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self.log)

    def _answers(self):
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.1)
            try:
                probe.sendto(BINDING, ("127.0.0.1", self.port))
                return probe.recv(2048)[8:20] == BINDING[8:20]
            except OSError:
                time.sleep(0.02)
                return False

    def kill(self):
        """End it."""
        self._child.kill()
        self._child.wait()
