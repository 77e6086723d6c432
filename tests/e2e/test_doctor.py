"""The doctor looks at real servers, a real database, a real Redis, and through a real nginx."""

from __future__ import annotations

import io
import shutil
import socket
import ssl
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

from twisted.trial.unittest import SkipTest

from comet.__main__ import main
from comet.certificates import self_signed
from comet.doctor import machine, public, services
from comet.doctor.finding import Level
from tests.e2e.support import ROOT, ServerCase, in_thread, until

NGINX = shutil.which("nginx") or str(ROOT / ".venv" / "nginx" / "usr" / "sbin" / "nginx")


def examined(*options):
    """@return: the exit status of C{comet doctor}, and its findings by subject."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()), patch.dict("os.environ", {}, clear=False):
        status = main(["doctor", *map(str, options)])
    lines = [line.split(maxsplit=1) for line in out.getvalue().splitlines()]
    return status, {rest.partition(":")[0]: (level, rest.partition(": ")[2]) for level, rest in lines}


class PublicTests(ServerCase):
    """The address of a server."""

    async def test_a_server_that_works(self):
        """Everything is fine but that it has no TLS."""
        server = await self.server()
        status, found = await in_thread(examined, "--only-url", "--url", server.page)
        self.assertEqual(status, 0)
        self.assertEqual(
            {subject: level for subject, (level, _) in found.items()},
            {
                **{"address": "ok", "TLS": "warning", "clock": "ok", "health": "ok"},
                **{"WebSocket": "ok", "stream": "ok"},
            },
        )

    async def test_nothing_there(self):
        """One sentence, and nothing else is tried."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        status, found = await in_thread(examined, "--only-url", "--url", f"http://127.0.0.1:{port}")
        self.assertEqual((status, set(found)), (1, {"address"}))
        self.assertIn("cannot be reached", found["address"][1])

    async def test_no_address(self):
        """What is no address is refused with what would be one."""
        for url in ("ftp://example.com", "https://", "http://example.com:99999"):
            status, found = await in_thread(examined, "--only-url", "--url", url)
            self.assertEqual(status, 1)
            self.assertIn("expected https://HOST", found["address"][1])

    async def test_a_certificate_that_nobody_signed(self):
        """It is said to be the certificate; who trusts it finds all the rest to be fine."""
        server = await self.server(tls=self.own_pair())
        url = f"https://localhost:{server.ports['wss']}"
        status, found = await in_thread(examined, "--only-url", "--url", url)
        self.assertEqual((status, set(found)), (1, {"address"}))
        self.assertIn("certificate is not believed", found["address"][1])
        trust = ssl.create_default_context(cafile=str(self.certificate))
        found = await in_thread(lambda: list(public.look(url, trust)))
        self.assertEqual({each.level for each in found}, {Level.FINE})
        self.assertIn("certificate", [each.subject for each in found])
        later = datetime.now(UTC) + timedelta(days=3645)
        with patch.object(public, "datetime", wraps=datetime) as clock:
            clock.now.return_value = later
            found = await in_thread(lambda: list(public.look(url, trust)))
        [certificate] = [each for each in found if each.subject == "certificate"]
        self.assertEqual(certificate.level, Level.WARNING)
        self.assertIn("renew it", certificate.text)

    def own_pair(self):
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        certificate, key = self_signed("localhost", datetime.now(UTC))
        self.certificate = folder / "certificate.pem"
        self.certificate.write_bytes(certificate)
        (folder / "key.pem").write_bytes(key)
        return {"port": 0, "certificate": self.certificate, "key": folder / "key.pem"}

    async def test_a_proxy_that_collects(self):
        """A stream that nginx holds back is found out, and so is a WebSocket that it does not pass on."""
        if not Path(NGINX).exists():
            raise SkipTest("there is no nginx")
        server = await self.server()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        config = folder / "nginx.conf"
        config.write_text(
            f"daemon off; error_log {folder}/error.log; pid {folder}/pid; events {{}}\n"
            f"http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n"
            f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
            f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{server.ws_port};\n"
            "proxy_ignore_headers X-Accel-Buffering; proxy_buffering on; } } }\n"
        )
        nginx = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(config)], stderr=subprocess.DEVNULL)
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)
        await until(lambda: (folder / "pid").exists(), "nginx")
        status, found = await in_thread(examined, "--only-url", "--url", f"http://127.0.0.1:{port}")
        self.assertEqual(status, 1)
        self.assertEqual(
            {name for name, (level, _) in found.items() if level == "problem"}, {"WebSocket", "stream"}
        )
        self.assertIn("Upgrade", found["WebSocket"][1])
        self.assertIn("proxy_buffering off", found["stream"][1])


class MachineTests(ServerCase):
    """The machine and the services of a configuration."""

    def examine(self, text):
        file = Path(self.mktemp())
        file.write_text(f"[main]\ndata = {Path(self.mktemp()).absolute()}\n{text}")
        return examined("--config", file)

    async def test_without_a_configuration(self):
        """Free ports, an SQLite file, and room for it."""
        status, found = await in_thread(self.examine, "[ws]\nport = 0\n[cometql]\nport = 0\n")
        self.assertEqual(status, 0)
        self.assertEqual(found["[ws] port"], ("ok", "a free one"))
        self.assertIn("SQLite", found["store"][1])
        self.assertIn("data folder", found)

    async def test_ports_and_files(self):
        """A port in use and too few open files are told, with what to change."""
        server = await self.server()
        status, found = await in_thread(
            self.examine,
            f"[ws]\nport = {server.ws_port}\n[cometql]\nport = 0\n[limits]\nbrowsers = 100000000\n",
        )
        self.assertEqual(status, 0)
        self.assertEqual(found["[ws] port"][0], "warning")
        self.assertIn("in use", found["[ws] port"][1])
        self.assertIn("LimitNOFILE", found["open files"][1])

    async def test_services_that_are_not_there(self):
        """Each is named with its key."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        status, found = await in_thread(
            self.examine,
            f"[db]\nurl = mysql://me:secret@127.0.0.1:{port}/comet\n"
            f"[cluster]\nredis = redis://:secret@127.0.0.1:{port}/0\n",
        )
        self.assertEqual(status, 1)
        self.assertEqual((found["store"][0], found["Redis"][0]), ("problem", "problem"))
        self.assertIn("[cluster] redis", found["Redis"][1])
        self.assertNotIn("secret", str(found))

    async def test_services_that_are_there(self):
        """A real MariaDB and a real Redis, with right and wrong passwords."""
        from tests.mariadb import PASSWORD, shared
        from tests.redisserver import Redis

        mariadb = shared()
        mariadb.renew("doctor")
        redis = Redis(self.mktemp(), "requirepass right", answers=b"NOAUTH")
        self.addCleanup(redis.kill)
        await in_thread(redis.start)
        url = f"mysql://root:{quote(PASSWORD, safe='')}@127.0.0.1:{mariadb.port}/doctor"
        for password, level in (("right", "ok"), ("wrong", "problem")):
            text = f"[db]\nurl = {url}\n[cluster]\nredis = redis://:{password}@127.0.0.1:{redis.port}/0\n"
            _, found = await in_thread(self.examine, text)
            self.assertEqual(found["store"][0], "ok")
            self.assertIn("MariaDB", found["store"][1])
            self.assertEqual(found["Redis"][0], level)
        with patch.object(services, "time") as clock:
            clock.time.side_effect = lambda: time.time() - 60
            _, found = await in_thread(self.examine, f"[db]\nurl = {url}\n")
        self.assertEqual(found["store"][0], "warning")
        self.assertIn("differs by +60 s", found["store"][1])

    def test_certificates(self):
        """One that ends soon is a warning, one that has ended a problem."""
        folder = Path(self.mktemp())
        folder.mkdir()
        now = datetime.now(UTC)
        certificate, key = self_signed("localhost", now)
        files = folder / "certificate.pem", folder / "key.pem"
        for file, content in zip(files, (certificate, key), strict=True):
            file.write_bytes(content)
        for days, level in ((0, Level.FINE), (3645, Level.WARNING), (3660, Level.PROBLEM)):
            found = machine.certificate(*files, now + timedelta(days=days))
            self.assertIs(found.level, level)


class CompletionTests(ServerCase):
    """What shells complete."""

    async def test_bash(self):
        """A real bash finds subcommands and their options."""
        script = (
            f'eval "$({sys.executable} -m comet --print-completion bash)"; '
            "COMP_WORDS=(comet do); COMP_CWORD=1; _shtab_comet; echo ${COMPREPLY[@]}; "
            "COMP_WORDS=(comet doctor --on); COMP_CWORD=2; _shtab_comet; echo ${COMPREPLY[@]}"
        )
        done = await in_thread(
            lambda: subprocess.run(
                ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
            )
        )
        self.assertEqual(done.stdout.split(), ["doctor", "--only-url"], done.stderr)

    async def test_files(self):
        """After an option that names a file or a folder, a real bash completes those."""
        folder = Path(self.mktemp())
        (folder / "comet.data").mkdir(parents=True)
        (folder / "comet.ini").touch()
        script = (
            f'eval "$({sys.executable} -m comet --print-completion bash)"; '
            "for option in --config --data; do "
            f"COMP_WORDS=(comet tail $option {folder.absolute()}/); COMP_CWORD=3; COMPREPLY=(); "
            "_shtab_comet; echo ${COMPREPLY[@]##*/}; done"
        )
        done = await in_thread(
            lambda: subprocess.run(
                ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
            )
        )
        lines = [set(line.split()) for line in done.stdout.splitlines()]
        self.assertEqual(lines, [{"comet.data", "comet.ini"}, {"comet.data"}], done.stderr)
