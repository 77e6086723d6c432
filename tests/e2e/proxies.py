"""The real nginx and HAProxy: they run the examples of the documents, but for addresses and files."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import closing
from pathlib import Path

from twisted.internet.threads import deferToThread

from tests.e2e.support import ROOT, until
from tests.redisserver import free_port

EXAMPLES = ROOT / "docs" / "examples"


def find(name):
    """@return: where make test unpacks a program if there is none, and the program or C{None}."""
    folder = ROOT / ".venv" / name
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", str(folder / "usr" / "sbin")))
    return folder, shutil.which(name, path=path)


NGINX_FOLDER, NGINX = find("nginx")
HAPROXY_FOLDER, HAPROXY = find("haproxy")


def reachable(port):
    """@return: whether somebody listens."""
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def example(name, replacements):
    """
    @param replacements: what stands in the example, and in its place here.
    @return: the text of an example.
    """
    text = (EXAMPLES / name).read_text("utf-8")
    for old, new in replacements.items():
        if old not in text:
            raise AssertionError(f"{name} has no {old}")
        text = text.replace(old, new)
    return text


async def _start(case, folder, command, port):
    """Start a proxy, and wait until it listens; it ends with the test."""
    environment = dict(os.environ)
    # What was unpacked and not installed brings its libraries along.
    libraries = [str(each) for each in (HAPROXY_FOLDER / "usr" / "lib").glob("*-linux-*")]
    if libraries:
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
    log = folder / "log"
    with open(log, "wb") as file:
        process = subprocess.Popen(list(map(str, command)), stdout=file, stderr=file, env=environment)
    case.addCleanup(lambda: deferToThread(process.wait))
    case.addCleanup(process.terminate)
    await until(lambda: reachable(port) or process.poll() is not None, "the proxy to listen")
    case.assertIsNone(process.poll(), log.read_text())


async def start_nginx(case, name, certificate, replacements):
    """
    @param name: of the example.
    @param certificate: the files of its certificate and its key.
    @return: the port on which an nginx listens.
    """
    port, folder = free_port(), Path(case.mktemp()).absolute()
    folder.mkdir(parents=True)
    pem = "/etc/letsencrypt/live/comet.example.com"
    text = example(
        name,
        {
            "listen 443": f"listen 127.0.0.1:{port}",
            f"{pem}/fullchain.pem": str(certificate[0]),
            f"{pem}/privkey.pem": str(certificate[1]),
            **replacements,
        },
    )
    places = "".join(
        f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; {user} pid {folder}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {places}\n{text}\n}}\n"
    )
    await _start(case, folder, [NGINX, "-p", folder, "-e", "stderr", "-c", config], port)
    return port


async def start_haproxy(case, name, certificate, replacements):
    """@return: the ports of a HAProxy for browsers and for MySQL clients; see L{start_nginx}."""
    port, backends, folder = free_port(), free_port(), Path(case.mktemp()).absolute()
    folder.mkdir(parents=True)
    pem = folder / "pem"
    pem.write_bytes(b"".join(file.read_bytes() for file in certificate))
    text = example(
        name,
        {
            "bind :443": f"bind 127.0.0.1:{port}",
            "bind 10.0.0.10:3307": f"bind 127.0.0.1:{backends}",
            "/etc/haproxy/comet.example.com.pem": str(pem),
            **replacements,
        },
    )
    config = folder / "haproxy.cfg"
    config.write_text(text)
    await _start(case, folder, [HAPROXY, "-db", "-f", config], port)
    return port, backends
