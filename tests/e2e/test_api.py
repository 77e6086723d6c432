"""The HTTP API of a real server: by curl, by its own document, and by a program that looks for holes."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import jwt
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol

from comet.protocols.api.routes import OPERATIONS
from tests.e2e.support import PATIENCE, ServerCase, in_thread

CURL = shutil.which("curl")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
#: A body for each operation that takes one.
BODIES = {
    "publish": {
        "messages": [{"name": "news", "message": "a"}, {"name": "news", "event": "e", "message": "b"}]
    },
    "sendPrivate": {"id": 7, "message": "m", "expires": 60},
    "setKey": {"hash": "abc"},
    "revokeToken": {"token": "a.b.c"},
    "setChannel": {"length": 10},
    "ringUser": {"user_id": 7, "caller_id": 8, "message": "lunch?", "profile": "audio"},
}
#: More messages than there may be are too much, 413, which the program does not expect.
SETTINGS = "[checks.negative_data_rejection]\nexpected-statuses = [400, 401, 403, 404, 405, 413, 415, 422]\n"
VALUES = {"{id}": "7", "{name}": "news", "{room}": "lobby"}


class ApiServerCase(ServerCase):
    """A server, and curl."""

    limits = {}
    if CURL is None:
        skip = "there is no curl"

    async def setUp(self):
        self.comet = await self.server(limits=self.limits)
        self.base = f"http://127.0.0.1:{self.comet.ws_port}/comet/api"

    async def curl(self, method, path, body=None, key=None, more=()):
        """@return: status and parsed body."""
        command = [CURL, "-sS", "-X", method, "-w", "\n%{http_code}", f"{self.base}{path}", *more]
        command += ["-H", f"Authorization: Bearer {self.comet.password if key is None else key}"]
        if body is not None:
            command += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
        done = await in_thread(
            subprocess.run,
            command,
            input=b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        text, _, status = done.stdout.decode().rpartition("\n")
        return int(status), json.loads(text) if text else None


class CurlTests(ApiServerCase):
    """What a site would do."""

    async def test_what_is_published_is_heard(self):
        """One message and many, in order, by a browser that listens; and a private one."""
        self.assertEqual((await self.curl("PUT", "/users/7/key", {"hash": "key7"}))[0], 200)
        browser = await self.browser(self.comet, "key7", 7)
        self.assertTrue((await browser.next())["authorized"])
        await browser.listen("news")
        await self.curl("POST", "/publish", {"name": "news", "event": "e", "message": "it's \N{PILE OF POO}"})
        answer = await self.curl("POST", "/publish", {"messages": _several(100)})
        self.assertEqual(answer, (200, {"accepted": 100}))
        self.assertEqual(
            await self.curl("POST", "/private", {"id": 7, "message": "you"}), (200, {"accepted": 1})
        )
        frames = [await browser.next() for _ in range(102)]
        self.assertEqual(
            [frame["data"] for frame in frames], ["it's \N{PILE OF POO}", *map(str, range(100)), "you"]
        )
        self.assertEqual((frames[0]["event"], frames[0]["pipe"]), ("e", "news"))

    async def test_who_is_here_is_known_and_sent_away(self):
        """By a backend; a user sees no addresses."""
        await self.curl("PUT", "/users/7/key", {"hash": "key7"})
        browser = await self.browser(self.comet, "key7", 7)
        await browser.next()
        await browser.listen("track_room")
        self.assertEqual(await self.curl("GET", "/users/7"), (200, {"id": 7, "time": 0, "online": True}))
        self.assertEqual((await self.curl("GET", "/channels/track_room"))[1]["users"], 1)
        (member,) = (await self.curl("GET", "/channels/track_room/members"))[1]["members"]
        self.assertEqual((member["user_id"], member["ip"]), (7, "127.0.0.1"))
        key = jwt.encode({"user_id": 9, "exp": 1 << 40}, f"{self.comet.password}0", "HS256")
        (member,) = (await self.curl("GET", "/channels/track_room/members", key=key))[1]["members"]
        self.assertEqual(member, {"user_id": 7, "user_uuid": "u" * 32})
        self.assertEqual((await self.curl("DELETE", "/users/7/connections"))[1], {"removed": 1})
        await browser.closed
        self.assertEqual((await self.curl("GET", "/channels/track_room"))[1]["users"], 0)

    async def test_histories_outlive_the_server(self):
        """A cursor of one process is one of the next."""
        await self.curl("PUT", "/channels/news", {"length": 10})
        await self.curl(
            "POST", "/publish", {"messages": [{"name": "news", "message": str(n)} for n in range(3)]}
        )
        cursor = (await self.curl("GET", "/channels/news/history"))[1]["messages"][0]["cursor"]
        await self.comet.stop()
        (self.comet.data / "ports.json").unlink()
        await self.comet.start()
        self.base = f"http://127.0.0.1:{self.comet.ws_port}/comet/api"
        page = (await self.curl("GET", f"/channels/news/history?since={cursor}"))[1]
        self.assertEqual(([each["message"] for each in page["messages"]], page["gap"]), (["1", "2"], False))

    async def test_wrong_keys_are_slowed_down_and_not_logged(self):
        """Nor are right ones."""
        statuses = [(await self.curl("GET", "/users/7", key="guess-1234"))[0] for _ in range(11)]
        self.assertEqual(statuses, [401] * 10 + [429])
        log = self.comet.log.read_text()
        self.assertNotIn("guess-1234", log)
        self.assertNotIn(self.comet.password, log)

    async def test_a_body_that_is_too_large_is_told(self):
        """With the length told, and in chunks; the answer arrives although not all was read."""
        body = b'{"name": "news", "message": "' + b"x" * (17 << 20) + b'"}'
        for more in ((), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect:")):
            status, told = await self.curl("POST", "/publish", body, more=more)
            self.assertEqual((status, told["error"]["number"]), (413, 1153))

    async def test_a_text_of_a_megabyte(self):
        """With quotes, so that its JSON is twice as long."""
        text = '"' * (1 << 20)
        self.assertEqual((await self.curl("POST", "/publish", {"name": "news", "message": text}))[0], 200)
        status, told = await self.curl("POST", "/publish", {"name": "news", "message": text + "x"})
        self.assertEqual((status, told["error"]["number"]), (422, 1406))

    async def test_who_goes_away_in_the_middle_leaves_nothing(self):
        """Of a body that is cut off, nothing is said; the server goes on without a word."""
        browser = await self.browser(self.comet)
        await browser.next()
        await browser.listen("news")
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.comet.ws_port)
        client = await connectProtocol(endpoint, Protocol())
        body = b'{"name": "news", "message": "cut off"}'
        head = (
            f"POST /comet/api/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.comet.password}\r\n"
        )
        head += f"Content-Type: application/json\r\nContent-Length: {len(body) + 1}\r\n\r\n"
        client.transport.write(head.encode() + body)
        client.transport.loseConnection()
        await self.curl("POST", "/publish", {"name": "news", "message": "whole"})
        self.assertEqual((await browser.next())["data"], "whole")
        self.assertNotIn("Traceback", self.comet.log.read_text())


class DocumentTests(ApiServerCase):
    """The OpenAPI document is right, and tells what is so."""

    limits = {"api_failures": 100_000}
    if importlib.util.find_spec("openapi_spec_validator") is None:
        skip = "openapi-spec-validator is not installed"

    async def document(self):
        status, found = await self.curl("GET", "/openapi.json", key="")
        self.assertEqual(status, 200)
        return found

    async def test_the_document_is_one(self):
        """By the schema of OpenAPI 3.1."""
        from openapi_spec_validator import OpenAPIV31SpecValidator

        document = await self.document()
        self.assertEqual(document["openapi"], "3.1.0")
        OpenAPIV31SpecValidator(document).validate()

    async def test_every_operation_is_as_it_says(self):
        """What is sent and what comes back fit the schemas; without a key, a right error comes back."""
        from openapi_schema_validator import OAS31Validator

        document = await self.document()
        await self.curl("PUT", "/channels/news", BODIES["setChannel"])
        await self.curl("POST", "/publish", BODIES["publish"])
        browser = await self.browser(self.comet)
        await browser.next()
        await browser.listen("news")
        error = document["components"]["schemas"]["Error"]
        seen = set()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                name = operation["operationId"]
                if name == "getDocument":
                    continue
                body = BODIES.get(name)
                if "requestBody" in operation:
                    OAS31Validator(_schema(operation["requestBody"])).validate(body)
                for mark, value in VALUES.items():
                    path = path.replace(mark, value)
                query = "?id=7,8" if name == "getUsers" else ""
                status, told = await self.curl(method.upper(), path + query, body)
                self.assertEqual(status, 200, (name, told))
                OAS31Validator(_schema(operation["responses"]["200"])).validate(told)
                status, told = await self.curl(method.upper(), path + query, body, key="")
                self.assertEqual(status, 401)
                OAS31Validator(error).validate(told)
                seen.add(name)
        self.assertEqual(seen, {operation.name for operation in OPERATIONS})

    async def test_a_program_that_looks_for_holes_finds_none(self):
        """Of the requests that the document allows and forbids, by the hundred, none gets a wrong answer."""
        document = _tellable(await self.document())
        file = Path(self.mktemp()).absolute()
        file.mkdir(parents=True)
        (file / "openapi.json").write_text(json.dumps(document))
        (file / "schemathesis.toml").write_text(SETTINGS)
        done = await in_thread(
            subprocess.run,
            [
                *(SCHEMATHESIS, "run", "openapi.json", "--url", self.base, "--no-color"),
                *("-H", f"Authorization: Bearer {self.comet.password}"),
                *("--seed", "1", "--max-examples", "15", "--phases", "examples,coverage,fuzzing"),
                *("--generation-database", ":memory:"),
            ],
            cwd=file,
            capture_output=True,
            text=True,
            timeout=PATIENCE * 3,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-1000:])
        self.assertNotIn("Traceback", self.comet.log.read_text())

    if not SCHEMATHESIS.exists():
        test_a_program_that_looks_for_holes_finds_none.skip = "schemathesis is not installed"


def _several(count):
    return [{"name": "news", "message": str(number)} for number in range(count)]


def _tellable(document):
    """@return: the document without what no schema can tell: two tenants at once, times that are past."""
    for methods in document["paths"].values():
        for operation in methods.values():
            named = operation.get("parameters", [])
            tenant = {"$ref": "#/components/parameters/tenant"}
            operation["parameters"] = [each for each in named if each != tenant]
    one, several = _schema(document["paths"]["/private"]["post"]["requestBody"])["oneOf"]
    for each in (one, several["properties"]["messages"]["items"]):
        each["properties"].pop("expires", None)
    return document


def _schema(content):
    return content["content"]["application/json"]["schema"]
