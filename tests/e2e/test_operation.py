"""Starting and stopping as an administrator does; what goes wrong is said in one sentence."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from twisted.internet.defer import ensureDeferred

from tests.e2e.support import ENDED, PATIENCE, ROOT, TWISTD, Server, ServerCase, in_thread, until
from tests.test_config import OLD


def run(*command, **environment):
    """@return: the finished process of a command that must end by itself."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("COMET_")}
    return subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class StartTests(ServerCase):
    """Starting."""

    def ini(self, text):
        path = Path(self.mktemp())
        path.write_text(text)
        return path.absolute()

    async def refused(self, text):
        """@return: what a server says that cannot start with this configuration."""
        done = await in_thread(run, TWISTD, "-n", "--pidfile=", "comet", "--config", self.ini(text))
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn("Traceback", done.stderr + done.stdout)
        return done.stderr + done.stdout

    async def test_a_port_in_use_is_one_sentence(self):
        """With the key to change."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            said = await self.refused(
                f"[main]\ndata = {Path(self.mktemp()).absolute()}\n[ws]\nport = {port}\n[cometql]\nport = 0\n"
            )
        self.assertIn(f"[ws] cannot listen on 127.0.0.1, port {port}", said)

    async def test_an_unusable_data_folder_is_one_sentence(self):
        """That names the folder."""
        folder = self.ini("a file")
        self.assertIn(str(folder), await self.refused(f"[main]\ndata = {folder}\n"))

    async def test_a_broken_store_is_one_sentence(self):
        """That says what the matter is, though it shows only after the start."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "comet.sqlite3").write_bytes(b"no database at all, really" * 100)
        said = await self.refused(f"[main]\ndata = {folder}\n[ws]\nport = 0\n[cometql]\nport = 0\n")
        self.assertIn("not a database", said)

    async def test_a_wrong_key_is_named_with_the_nearest(self):
        """And all problems are told at once."""
        said = await self.refused("[ws]\nprot = 1\n[cometql]\nport = x\n")
        self.assertIn("prot", said)
        self.assertIn("port", said)
        self.assertIn("[cometql]", said)

    async def test_two_servers_do_not_share_a_data_folder(self):
        """The second one says so."""
        server = await self.server()
        said = await self.refused(f"[main]\ndata = {server.data}\n[ws]\nport = 0\n[cometql]\nport = 0\n")
        self.assertIn("in use by another comet", said)

    async def test_the_tac_file_starts_the_same_service(self):
        """With the configuration from the environment."""
        data = Path(self.mktemp()).absolute()
        environment = {"COMET_MAIN_DATA": str(data), "COMET_WS_PORT": "0", "COMET_COMETQL_PORT": "0"}
        process = subprocess.Popen(
            [TWISTD, "-n", "--pidfile=", "--python", ROOT / "comet.tac"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(process.kill)
        ports = data / "ports.json"
        await until(ports.exists, "the server of comet.tac")
        page = await in_thread(read, f"http://127.0.0.1:{json.loads(ports.read_text())['ws']}/health/ready")
        self.assertEqual(json.loads(page), {"status": "ok"})
        process.send_signal(signal.SIGTERM)
        self.assertEqual(await in_thread(process.wait, PATIENCE), ENDED)

    async def test_another_reactor_is_obeyed(self):
        """The plugin does not install one."""
        server = Server(self.mktemp(), {})
        command = [str(TWISTD), "-n", "--pidfile=", "--reactor=poll", "comet", "--config", str(server.ini)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.addCleanup(process.kill)
        await until((server.data / "ports.json").exists, "the server")
        process.send_signal(signal.SIGTERM)
        output, _ = await in_thread(process.communicate)
        self.assertIn("PollReactor", output)


class OldFileTests(ServerCase):
    """A comet.ini as it was written for CppComet."""

    async def test_lists_of_servers(self):
        """Do not keep the server from starting; a warning for each names what takes their place."""
        server = Server(self.mktemp(), {})
        self.addCleanup(lambda: ensureDeferred(server.stop(signal.SIGKILL)))
        text = OLD.replace("ip = 0.0.0.0", "ip = 127.0.0.1").replace(
            "[main]", f"[main]\ndata = {server.data}"
        )
        text = re.sub("(?m)^port = (8087|3307)$", "port = 0", text)
        text = text.replace("port = 3311", "port = 3311\ncluster = []Server=node1.example.com:3307")
        text += "[cluster]\nServer = node1.example.com:3307\n"
        server.ini.write_text(text)
        await server.start()
        self.assertEqual(json.loads(await in_thread(read, f"{server.page}health/ready")), {"status": "ok"})
        log = server.log.read_text()
        for key in ("[ws] cluster", "[cometqlproxy] cluster", "[cluster] Server"):
            self.assertRegex(log, rf"{re.escape(key)}.*\[cluster\] redis takes the place of lists of servers")
        self.assertEqual(await server.stop(), ENDED)


class DataTests(ServerCase):
    """What a server leaves in its folder."""

    async def test_the_password_is_for_its_user_alone_and_not_in_the_log(self):
        """The log shows how to log in by reading it from its file."""
        server = await self.server()
        self.assertEqual((server.data / "password").stat().st_mode & 0o777, 0o600)
        self.assertGreaterEqual(len(server.password), 20)
        log = server.log.read_text()
        self.assertNotIn(server.password, log)
        self.assertIn(f"mysql --host=127.0.0.1 --port={server.cometql_port} --user=root", log)
        self.assertIn(str(server.data / "password"), log)

    async def test_a_restart_keeps_the_password(self):
        """And the ports in the file are those of the new server."""
        first = await self.server()
        password = first.password
        self.assertEqual(await first.stop(), ENDED)
        second = Server(first.folder, {})
        (first.data / "ports.json").unlink(missing_ok=True)
        self.addCleanup(lambda: second.process.kill())
        await second.start()
        self.assertEqual(second.password, password)


class TlsTests(ServerCase):
    """Browsers over TLS, with a certificate of the administrator's."""

    async def test_the_page_and_the_socket_are_served_over_tls(self):
        """On the port of [tls], and the plain one goes on."""
        import ssl

        first = await self.server()
        files = first.data / "certificate.pem", first.data / "key.pem"
        server = await self.server(tls={"certificate": files[0], "key": files[1], "port": 0})
        context = ssl.create_default_context(cafile=files[0])
        url = f"https://127.0.0.1:{server.ports['wss']}/health/ready"
        self.assertEqual(json.loads(await in_thread(read, url, context)), {"status": "ok"})
        self.assertEqual(json.loads(await in_thread(read, f"{server.page}health/ready")), {"status": "ok"})


def read(url, context=None):
    """@return: the body of a page, blocking."""
    with urlopen(url, timeout=PATIENCE, context=context) as answer:
        return answer.read()


class DemoTests(ServerCase):
    """The command that shows comet to a newcomer."""

    async def test_the_demo_prints_how_to_try_it(self):
        """The page and the line to paste; Ctrl-C ends it cleanly and leaves nothing behind."""
        command = [sys.executable, "-m", "comet", "demo", "--port", "0", "--cometql-port", "0"]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.kill)
        page, line, rooms = [await in_thread(process.stdout.readline) for _ in range(3)]
        self.assertIn(b"<title>", await in_thread(read, page.strip().split()[-1]))
        self.assertRegex(line, r"mysql .*-P \d+ .*-p\w+ CometQL_v1 -e \"INSERT INTO pipes_messages ")
        self.assertIn(b"<title>", await in_thread(read, rooms.strip()))
        process.send_signal(signal.SIGINT)
        output, errors = await in_thread(process.communicate)
        self.assertEqual((process.returncode, output, errors), (0, "", ""))
