"""Tokens and channel rights against a real server: the examples of the documents, a key set, refreshing."""

import subprocess
import sys
import time
from pathlib import Path

import jwt
import pymysql
from autobahn.twisted.websocket import WebSocketClientFactory
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.web.resource import Resource
from twisted.web.server import Site

from tests.e2e.support import Listening, ServerCase, in_thread
from tests.signing import RSA_KEY, jwk_of, set_of

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


class Keys(Resource):
    """Gives out a key set."""

    isLeaf = True

    def __init__(self, body):
        super().__init__()
        self.body = body

    def render_GET(self, request):
        return self.body


class TokenTests(ServerCase):
    """Browsers that come with a token."""

    def folder(self):
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        return folder

    async def example(self, name, folder, **put):
        """Run an example in C{folder}. @return: what it prints."""
        text = (EXAMPLES / name).read_text("utf-8")
        for word, value in put.items():
            text = text.replace(word, value)
        (folder / name).write_text(text, "utf-8")
        command = ["sh"] if name.endswith(".sh") else [sys.executable]
        done = await in_thread(
            subprocess.run, [*command, name], cwd=folder, capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    async def enter(self, server, token, user_id=7):
        """@return: a browser, and whether it is signed in."""
        browser = await self.browser(server, token, user_id)
        return browser, (await browser.next())["authorized"]

    async def json_client(self, server, token, user_id=7):
        """@return: a client of the JSON dialect, and its welcome."""
        url = f"ws://127.0.0.1:{server.ws_port}/comet/ws?user_id={user_id}&key={token}"
        factory = WebSocketClientFactory(url, reactor=reactor)
        factory.protocol, factory.log = Listening, Listening.log
        client = await TCP4ClientEndpoint(reactor, "127.0.0.1", server.ws_port).connect(factory)
        self.addCleanup(client.transport.abortConnection)
        await client.opened
        return client, await client.next()

    async def sql(self, server, statement):
        """Carry out a statement."""

        def run():
            where = {"host": "127.0.0.1", "port": server.cometql_port, "user": "root"}
            with pymysql.connect(**where, password=server.password, autocommit=True) as connection:
                connection.cursor().execute(statement)

        await in_thread(run)

    async def test_the_example_with_the_password(self):
        """Signs in, and opens the channel that it names."""
        server = await self.server()
        token = await self.example("token_secret.py", self.folder(), PASSWORD=server.password)
        browser, authorized = await self.enter(server, token)
        self.assertTrue(authorized)
        browser.say('web_pipe2\nnews\nsay\n*\n"hello"')
        self.assertEqual((await browser.next())["pipe"], "_answer_to_news")
        self.assertFalse((await self.enter(server, token, 8))[1])

    async def test_the_example_with_a_private_key(self):
        """Signs in where its public key is configured, and nowhere else."""
        folder = self.folder()
        await self.example("token_keys.sh", folder)
        token = await self.example("token_key.py", folder)
        rules = {"algorithms": "HS256, ES256", "public_key": str(folder / "public.pem"), "audience": "comet"}
        self.assertTrue((await self.enter(await self.server(jwt=rules), token))[1])
        self.assertFalse((await self.enter(await self.server(), token))[1])

    async def test_a_key_set(self):
        """Its keys count, and no other."""
        keys = Keys(set_of(jwk_of("RS256", kid="new")))
        port = reactor.listenTCP(0, Site(keys), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        url = f"http://127.0.0.1:{port.getHost().port}/jwks.json"
        rules = {"algorithms": "RS256", "jwks_url": url, "user_claim": "sub", "issuer": "us"}
        server = await self.server(jwt=rules)
        claims = {"sub": "7", "iss": "us", "exp": time.time() + 60}
        for kid, good in (("new", True), ("old", False)):
            token = jwt.encode(claims, RSA_KEY, "RS256", {"kid": kid})
            self.assertEqual((await self.enter(server, token))[1], good, kid)

    async def test_running_out_and_refreshing(self):
        """One client goes on with a new token, the other is let go when the old one has run out."""
        server = await self.server()

        def token(seconds):
            until = int(time.time()) + seconds
            return until, jwt.encode({"user_id": 7, "exp": until}, f"{server.password}0", "HS256")

        (soon, short), (late, long) = token(8), token(3600)
        staying, welcome = await self.json_client(server, short)
        going, _ = await self.json_client(server, short)
        self.assertEqual((welcome["authorized"], welcome["expires"]), (True, soon))
        staying.say('{"cmd": "refresh", "id": 1, "token": "' + long + '"}')
        refreshed = await staying.next()
        self.assertEqual((refreshed["type"], refreshed["id"], refreshed["expires"]), ("ok", 1, late))
        _, code, _ = await going.closed
        self.assertEqual(code, 4005)
        staying.say('{"cmd": "ping", "id": 2}')
        self.assertEqual((await staying.next())["id"], 2)

    async def test_rights_from_sql(self):
        """Count at once, and after a restart; a closed channel is left."""
        server = await self.server()
        browser, _ = await self.enter(server, "", 0)
        await browser.listen("web_news", "chat")
        await self.sql(server, "INSERT INTO channel_rights (prefix, publish) VALUES ('web_news', 'none')")
        browser.say('web_pipe2\nweb_news\nsay\n*\n"hello"')
        self.assertIn("no browser may publish", (await browser.next())["data"]["error"])
        await self.sql(server, "INSERT INTO channel_rights (prefix, subscribe) VALUES ('chat', 'users')")
        self.assertIn("only signed-in users", (await browser.next())["data"]["error"])
        await server.stop()
        (server.data / "ports.json").unlink()
        await server.start()
        browser, _ = await self.enter(server, "", 0)
        browser.say("subscription\nchat")
        self.assertIn("only signed-in users", (await browser.next())["data"]["error"])
