"""What the documents say is so: examples are run, statements carried out, frames compared, links followed."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pymysql
import yaml
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from comet.client.twisted import Client
from comet.cometql.engine import Engine
from comet.cometql.interface import Login
from comet.cometql.tables.catalogue import TABLES
from comet.errors import BadValue, CometError, NotAllowed, Refused
from comet.identity import ANONYMOUS, Right
from comet.kinds import SipServer
from comet.limits import Limits
from comet.model import (
    NOWHERE,
    Answer,
    AskCount,
    AskData,
    AskMembers,
    Channel,
    Counted,
    Event,
    Farewell,
    Followed,
    Goodbye,
    Joined,
    Joint,
    Left,
    Member,
    Members,
    Message,
    Place,
    PrivateMessage,
    Recalled,
    Refreshed,
    Refusal,
    Reported,
    Request,
    Send,
    Status,
    StatusChanged,
    Subscribe,
    Unreadable,
    User,
    UserData,
    Welcome,
)
from comet.protocols.api.parameters import IDS, read_path
from comet.protocols.api.problems import Problem
from comet.protocols.api.routes import OPERATIONS
from comet.protocols.dialects import cppcomet, json_video
from comet.protocols.dialects.cppcomet import CppComet
from comet.protocols.dialects.jsonlines import JsonLines
from comet.protocols.pages import Facts, Root
from comet.rights import Rights
from comet.sections import SECTIONS, Sip
from comet.storage.records import Invitation
from comet.video.model import (
    Answered,
    Back,
    Ended,
    Entered,
    Gone,
    Ice,
    IceGiven,
    Invited,
    Lost,
    Mode,
    On,
    Reason,
    Ringing,
    Rings,
    RoomEvent,
    RoomSeen,
    Seated,
    Signalled,
    Silent,
    Sitting,
    Told,
    Topology,
    Turned,
    Unanswered,
)
from comet.video.sip import SipCalls
from tests.browser.chromium import Chromium, find_chromium
from tests.e2e.support import EXAMPLES, ServerCase, in_thread, serve_folder
from tests.running import finish, make_broker

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"
MODULES = ROOT / "tests" / "node" / "node_modules"
PAGES = sorted(path for path in DOCS.rglob("*.rst") if "_build" not in path.parts)
#: Those with pages, in the order of the contents.
FOLDERS = ["start", "tutorials", "howto", "reference", "topics", "project", "ru"]
#: How long an example, or the building of the documents, may take, in seconds.
PATIENCE = 60


def blocks(path, language):
    """@return: the code of a language on a page, block by block."""
    found, lines = [], path.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        directive = re.fullmatch(r"( *)\.\. code-block:: (\w+)", line)
        if directive and directive[2] == language:
            indent = directive[1] + "   "
            block = []
            for inner in lines[number + 1 :]:
                if inner and not inner.startswith(indent):
                    break
                block.append(inner.removeprefix(indent))
            found.append("\n".join(block).strip("\n"))
    return found


def declared():
    """@return: what the pages ask of the directive C{declared}."""
    text = "\n".join(path.read_text("utf-8") for path in PAGES)
    return re.findall(r"^ *\.\. declared:: (.+)$", text, re.MULTILINE)


def load_declarations():
    """@return: the module that makes the tables of the reference."""
    spec = importlib.util.spec_from_file_location("declarations", DOCS / "_ext" / "declarations.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class DeclarationTests(SynchronousTestCase):
    """What the reference shows of the code."""

    def test_everything_asked_for_is_there(self):
        """Each page asks for what can be made, and no table is empty."""
        declarations = load_declarations()
        for words in declared():
            made = declarations.make(words.split())
            self.assertTrue(made if isinstance(made, str) else made.rows, words)

    def test_nothing_is_left_out(self):
        """Every section of the configuration, every table and every kind of declaration is on a page."""
        asked = set(declared())
        wanted = {f"settings {section}" for section in SECTIONS} | {
            f"columns {table.name}" for table in TABLES
        }
        self.assertEqual(wanted - asked, set())
        names = {words.split()[0] for words in asked}
        self.assertEqual(names, set(load_declarations().DECLARATIONS))

    def test_tables_name_everything(self):
        """Each key, column and error is in its table."""
        declarations = load_declarations()
        for section, settings in SECTIONS.items():
            keys = [row[0] for row in declarations.settings(section).rows]
            self.assertEqual(keys, [f"``{key.name}``" for key in fields(settings)])
        for table in TABLES:
            columns = [row[0] for row in declarations.columns(table.name).rows]
            self.assertEqual(columns, [f"``{column.name}``" for column in table.declared])
        shown = {(row[0], row[2]) for kind in ("refused", "peer") for row in declarations.errors(kind).rows}
        leaves = [error for error in _descendants(CometError) if not error.__subclasses__()]
        for error in leaves:
            self.assertIn((str(error.number), f"``[{error.code}]``"), shown, error.__name__)
        self.assertRegex(declarations.grammar(), r'(?m)^insert +=.*"INSERT"')


def _descendants(base):
    for error in base.__subclasses__():
        if error.__module__ == "comet.errors":
            yield error
            yield from _descendants(error)


CHAT, ANN, TRACK = Channel(1, "web_chat"), User(1, 7), Channel(1, "track_x")


def refused(right, name):
    """@return: what the anonymous are told who have no such right."""
    try:
        Rights().check(right, Channel(1, name), ANONYMOUS)
    except NotAllowed as error:
        return error
    raise AssertionError(f"everybody may {right.value} {name}")


REFUSED_READING = refused(Right.SUBSCRIBE, "private_x")
REFUSED_WRITING = refused(Right.PUBLISH, "plain")
REFUSED_COUNTING = refused(Right.COUNT, "plain")
REFUSED_LISTING = refused(Right.MEMBERS, "web_x")
#: What the page on the wire shows, in the order of the page.
EVENTS = [
    Welcome(True, "hash7", "comet", 5),
    Welcome(False, "", "comet", 5),
    Message(CHAT, "", "plain", 5),
    Message(CHAT, "ev1", '{"a":1}', 5, user_id=7),
    PrivateMessage(ANN, "ev1", "plain", 5),
    PrivateMessage(ANN, "q", "m0", 5, number=3),
    Refusal(REFUSED_READING, 5, Subscribe),
    Joined(TRACK, Member(0, "A"), 5),
    Left(TRACK, Member(0, "A"), 5),
    StatusChanged(ANN, True),
    StatusChanged(ANN, False),
    Reported("web_chat", '{"text":"it\'s me"}', 1, 5),
    Refusal(REFUSED_WRITING, 5, Send),
    Recalled(Message(CHAT, "", "four", 5, user_id=60)),
    Counted("mk1", 2, 5),
    Refusal(REFUSED_COUNTING, 5, AskCount),
    Members("track_x", "mm", (Member(0, "A"), Member(60, "U")), 5),
    Refusal(REFUSED_LISTING, 5, AskMembers),
    Status(7, 0, 4),
    UserData(60, "m", '{"a":1}', 5),
    Refusal(BadValue("Incorrect user id 'x': a whole number is expected"), 5, AskData),
    SipCalls(
        Sip(pipesalt="pipesalt", freeswitch=(SipServer("127.0.0.1", 7443),)),
        key=lambda: "84e01e16-e614-41f1-8201-02fc00000001",
    ).message(Invitation(Channel(1, "101"), 7, 71, '{"x":1}', "video", 0, 50), 5),
    Farewell(Goodbye.REPLACED, 5),
]

#: What is told in JSON alone; of that, what the page shows in words or in a table.
ONLY_JSON = {"Answer", "Beat", "Done", "Followed", "IceGiven", "Page", "Refreshed", "RoomEvent"}
IN_WORDS = {"Beat", "Done", "Page"}
#: And what another page shows.
OF_VIDEO = {"IceGiven", "RoomEvent"}
PLACE = Place("9f86d081", 44)
#: What the page on the JSON protocol shows, in the order of the page.
JSON_EVENTS = [
    Welcome(True, "SECRET", "comet 0.1.0", 5, User(0, 7), 17),
    Answer(2, Followed({"chat": Joint(NOWHERE), "news": Joint(PLACE, 3)}, 5)),
    Message(Channel(0, "news"), "added", '{"a":1}', 5, place=Place("9f86d081", 42)),
    PrivateMessage(ANN, "greeting", "hello", 5, number=12),
    Answer(4, Reported("web_chat", "", 2, 5, Place("9f86d081", 43))),
    Joined(Channel(0, "track_room"), Member(9, "C", 18), 5),
    Left(Channel(0, "track_room"), Member(9, "C", 18), 5),
    StatusChanged(User(0, 9), True, 5),
    Answer(11, Refreshed(1764064800, 5)),
    Answer(4, Refusal(refused(Right.PUBLISH, "webauth_chat"), 5, Send)),
    Farewell(Goodbye.SLOW, 5),
]

#: What the page on calls and rooms shows, in the order of the page.
ANN_SITS = Sitting(9, 9, 3, On(True, True), False, 1764115000)
BOB_SITS = Sitting(12, 12, 7, On(True, True, talking=True), False, 1764115004)
LOBBY = "lobby"
CALLED = "call-9cVZ1pQkW4m8yT2sXo7RbA"
GIVEN = Ice(
    (
        {"urls": ["stun:stun.example.com:3478"]},
        {"urls": ["turn:turn.example.com:3478"], "username": "1764201400:3", "credential": "d2VsbCBkb25l"},
    ),
    1764201400,
)
VIDEO_EVENTS = [
    Answer(1, Seated(CALLED, 1764115000, 9, "4Xr0uQ3nWzT7cLk2VbS9dA", Topology.MESH, GIVEN, 2, (ANN_SITS,))),
    Answer(
        2,
        RoomSeen(
            LOBBY, 1764115000, Topology.SFU, 16, (ANN_SITS,), (Invited(7, 3, 9, Mode.AUDIO, 1764115045),)
        ),
    ),
    Answer(3, IceGiven(GIVEN, 1764115000)),
    Rings(CALLED, 1764115000, 3, 9, Mode.VIDEO, "hello", 1764115045),
    Silent(CALLED, 1764115004, Reason.TAKEN),
    Ringing(CALLED, 1764115000, 7, 2),
    Answered(CALLED, 1764115004, 7, 12),
    Unanswered(CALLED, 1764115045, 7, Reason.EXPIRED),
    Entered(LOBBY, 1764115004, BOB_SITS),
    Gone(LOBBY, 1764115099, 12, 7, Reason.HANGUP),
    Lost(LOBBY, 1764115080, 12, 1764115100),
    Back(LOBBY, 1764115085, BOB_SITS._replace(connection=15)),
    Told(LOBBY, 1764115005, 12, On(True, hold=True)),
    Signalled(LOBBY, 1764115005, 12, 7, '{"candidate":null}'),
    Signalled(LOBBY, 1764115005, 0, 0, '{"kind":"publish","candidate":null}'),
    Turned(LOBBY, 1764115006, Topology.SFU),
    Ended(CALLED, 1764115099, Reason.HANGUP),
]


class WireTests(SynchronousTestCase):
    """The page on the line protocol is a specification: it is compared with what the server does."""

    page = DOCS / "reference" / "browser-wire.rst"

    def test_frames(self):
        """The page shows every kind of frame, byte for byte, and no other."""
        frames = [CppComet().encode(event) for event in EVENTS]
        frames.append(CppComet(legacy=True).encode(Counted("m", 1, 5)))
        self.assertEqual(blocks(self.page, "json"), frames)
        # By name: a dataclass with slots is made twice, and both may still be there.
        kinds = {kind.__name__ for kind in Event.__subclasses__()}
        self.assertEqual({type(event).__name__ for event in EVENTS}, kinds - ONLY_JSON)

    def test_frames_of_json(self):
        """So does the page on the JSON protocol; and every command that it shows is understood."""
        dialect = JsonLines(Limits(), "comet", 30)
        page = DOCS / "reference" / "json-wire.rst"
        frames = [text for text in blocks(page, "json") if text.startswith('{"type"')]
        self.assertEqual(frames, [dialect.encode(event) for event in JSON_EVENTS])
        shown = [event.event if isinstance(event, Answer) else event for event in JSON_EVENTS]
        kinds = {type(event).__name__ for event in [*EVENTS, *JSON_EVENTS, *shown]}
        self.assertEqual(
            {kind.__name__ for kind in Event.__subclasses__()} - kinds - IN_WORDS - OF_VIDEO, set()
        )
        commands = [dialect.decode(text) for text in blocks(page, "json") if text.startswith('{"cmd"')]
        self.assertTrue(commands)
        for command in commands:
            inner = command.command if isinstance(command, Request) else command
            self.assertNotIsInstance(inner, Unreadable)

    def test_frames_of_video(self):
        """So does the page on calls and rooms."""
        dialect = JsonLines(Limits(), "comet", 30)
        page = DOCS / "reference" / "video-wire.rst"
        self.assertEqual(blocks(page, "json"), [dialect.encode(event) for event in VIDEO_EVENTS])
        shown = [event.event if isinstance(event, Answer) else event for event in VIDEO_EVENTS]
        kinds = {kind.__name__ for kind in (IceGiven, *RoomEvent.__subclasses__())}
        self.assertEqual({type(event).__name__ for event in shown}, kinds)

    def test_commands_of_video(self):
        """Every command is on that page, and those that it shows are understood."""
        text = (DOCS / "reference" / "video-wire.rst").read_text("utf-8")
        shown = re.findall(r'^``(\{"cmd".*\})``$', text, re.MULTILINE)
        said = [json.loads(words.replace("{...}", "{}")) for words in shown]
        self.assertEqual({words["cmd"] for words in said}, set(json_video.COMMANDS))
        dialect = JsonLines(Limits(), "comet", 30)
        for words in said:
            self.assertNotIsInstance(dialect.decode(json.dumps(words | {"id": 1})).command, Unreadable)

    def test_reasons(self):
        """So are all reasons."""
        text = (DOCS / "reference" / "video-wire.rst").read_text("utf-8")
        for reason in Reason:
            self.assertIn(f"`{reason.value}`", text)

    def test_goodbyes(self):
        """So does the page on goodbyes."""
        shown = blocks(DOCS / "reference" / "goodbyes.rst", "json")
        events = [Farewell(Goodbye.SHUTDOWN, 1795310773), Farewell(Goodbye.REPLACED, 1795310773)]
        self.assertEqual(shown, [CppComet().encode(event) for event in events])

    def test_commands(self):
        """Every command has an example that the server understands, or is named as one without effect."""
        examples = [text for text in blocks(self.page, "text") if not text.startswith("/ws/")]
        for text in examples:
            self.assertFalse(isinstance(CppComet().decode(text), Unreadable), text)
        shown = {text.split("\n")[0] for text in examples}
        self.assertEqual(shown | set(cppcomet._WITHOUT_EFFECT), set(cppcomet._COMMANDS))
        for word in cppcomet._WITHOUT_EFFECT:
            self.assertIn(word, self.page.read_text("utf-8"))


class StatementTests(SynchronousTestCase):
    """The SQL on the pages."""

    def setUp(self):
        engine = Engine(make_broker(), "secret", dev_index_size=1000)
        self.talk = engine.open(Login("root", 0, 1, "127.0.0.1:5", "CometQL_v1"))

    def statements(self):
        """@return: each statement on a page or in the README, with where it stands."""
        for page in PAGES:
            for block in blocks(page, "sql"):
                yield from ((page.name, statement) for statement in block.splitlines() if statement)
        for block in re.findall(r"```sql\n(.*?)```", README.read_text("utf-8"), re.DOTALL):
            yield from (("README.md", statement) for statement in block.splitlines() if statement)

    def test_every_statement_is_carried_out(self):
        """None is refused."""
        count = 0
        for where, statement in self.statements():
            try:
                finish(self.talk.query(statement))
            except Refused as error:
                self.fail(f"{where}: {statement}\n{error.wire_text()}")
            count += 1
        self.assertGreater(count, 40)

    def test_errors(self):
        """The errors on the page are those that the statements get."""
        (shown,) = blocks(DOCS / "reference" / "cometql-errors.rst", "text")
        found = []
        for statement in (
            "INSERT INTO users_auth (id, hash) VALUES (7, 'a-b')",
            "SELCT 1",
            "SELECT ip FROM users_auth WHERE id = 7",
        ):
            error = self.failureResultOf(Deferred.fromCoroutine(self.talk.query(statement))).value
            found.append(f"ERROR {error.number} ({error.sqlstate}): {error.wire_text()}")
        self.assertEqual(shown.splitlines(), found)


class HttpApiTests(SynchronousTestCase):
    """The page on the HTTP API."""

    page = DOCS / "reference" / "http-api.rst"

    def test_the_error(self):
        """It is that of a request."""
        (shown,) = blocks(self.page, "json")
        problem = self.assertRaises(Problem, read_path, {"id": "x"})
        self.assertEqual(json.loads(shown), problem.content)

    def test_nothing_is_left_out(self):
        """Every operation has its answer on the page, with the keys that it has."""
        text = self.page.read_text("utf-8")
        for operation in OPERATIONS:
            if operation.method == "GET":
                path = operation.path.replace("/users", "/users?id=7,8") if operation.query == (IDS,) else ""
                self.assertIn(path or operation.path, text)
                for key in operation.answer["properties"]:
                    self.assertIn(f'"{key}": ', text, operation.path)


class NameTests(SynchronousTestCase):
    """Pages that list things by hand list all of them."""

    def test_paths(self):
        """Every path of the browser port."""
        text = (DOCS / "reference" / "http-paths.rst").read_text("utf-8")
        root = Root(Facts("n", dict, list))
        paths = set()
        for name, child in root.children.items():
            inner = [f"/{name.decode()}/{each.decode()}" for each in child.children]
            paths |= set(inner or [f"/{name.decode()}"])
        paths -= {"/comet-server"}
        shown = set(re.findall(r"`(/[\w./-]*)`", text)) | {"/comet/demo.css", "/comet/room.css"}
        self.assertEqual(paths - shown, set())

    def test_names_of_the_video_client(self):
        """Every method, event and error of video.js that its types tell of, and its size."""
        types = (ROOT / "comet" / "web" / "video.d.ts").read_text("utf-8")
        text = (DOCS / "reference" / "video-client.rst").read_text("utf-8")
        classes = re.findall(r"^export class (\w+) \{\n(.*?)^\}", types, re.MULTILINE | re.DOTALL)
        self.assertEqual([name for name, _ in classes], ["Room", "Ring", "CometVideo", "CometVideoApi"])
        for name, body in classes:
            methods = set(re.findall(r"^  (\w+)[(<]", body, re.MULTILINE)) - {"constructor"}
            self.assertGreater(len(methods), 3, name)
            shown = re.findall(r"`(?:room\.|ring\.|video\.)?(?:data\.)?(\w+)\(", text)
            self.assertEqual(methods - set(shown), set(), name)
        events = re.search(r"interface RoomEvents \{\n(.*?)^\}", types, re.MULTILINE | re.DOTALL)[1]
        for name in re.findall(r"^  (\w+):", events, re.MULTILINE):
            self.assertRegex(text, rf"(?m)^`{name}` ", name)
        kinds = re.search(r"type VideoErrorKind =\n(.*?);", types, re.DOTALL)[1]
        for name in re.findall(r'"(\w+)"', kinds):
            self.assertIn(f"`{name}`", text)

    def test_methods_of_the_client(self):
        """Every method of comet.js, but for the ways to call it that old pages have."""
        script = (ROOT / "comet" / "web" / "comet.js").read_text("utf-8")
        start = script.index("class TabSignal")
        public = script[start : script.index("// How it is done", start)]
        methods = set(re.findall(r"^    (\w+)\([^)]*\) \{", public, re.MULTILINE))
        text = (DOCS / "reference" / "browser-client.rst").read_text("utf-8")
        shown = set(re.findall(r"`(\w+)\(", text))
        self.assertGreater(len(methods), 15)
        self.assertLessEqual({"emitAll", "web_pipe_send"}, methods)
        self.assertEqual(methods - shown - {"constructor"}, {"onAuthFalill"})

    def test_keys(self):
        """Keys that pages name exist."""
        text = "".join(page.read_text("utf-8") for page in PAGES) + README.read_text("utf-8")
        named = set(re.findall(r"`\[(\w+)\] (\w+)`", text))
        self.assertGreater(len(named), 15)
        for section, key in named:
            self.assertIn(key, [each.name for each in fields(SECTIONS[section])], f"[{section}] {key}")


class ContentsTests(SynchronousTestCase):
    """What the documents have, as a whole."""

    def test_order(self):
        """The contents lead from the first steps to what is looked up, and have every folder of pages."""
        text = (DOCS / "index.rst").read_text("utf-8")
        captions = re.findall(r"^   :caption: (.+)$", text, re.MULTILINE)
        self.assertEqual(
            captions, ["Start", "Tutorials", "How to", "Reference", "Topics", "Project", "По-русски"]
        )
        folders = re.findall(r"^   (\w+)/[\w-]+$", text, re.MULTILINE)
        self.assertEqual(list(dict.fromkeys(folders)), FOLDERS)
        self.assertEqual({page.parent.name for page in PAGES} - {"docs"}, set(FOLDERS))

    def test_every_example_is_tried(self):
        """Each file of the examples is named by a test, or its folder is, or all with its ending are."""
        tests = "".join(file.read_text("utf-8") for file in sorted((ROOT / "tests").rglob("*.py")))
        named = set(re.findall(r'"([^"\n/]+)"', tests))
        for file in EXAMPLES.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                inside = file.relative_to(EXAMPLES)
                names = {file.name, f"*{file.suffix}", *(folder.name for folder in inside.parents)}
                self.assertTrue(names & named, f"no test tries docs/examples/{inside}")


class TranslationTests(SynchronousTestCase):
    """The pages in Russian, beside those that they translate."""

    def same(self, page):
        """@return: what a translation leaves as it is: examples, pictures, code, and names."""
        text = page.read_text("utf-8")
        shown = re.findall(
            r"^\.\. (?:literalinclude|image|code-block|rubric):: (?:\.\./)*(.+)$", text, re.MULTILINE
        )
        code = [block for language in ("shell", "sql", "javascript") for block in blocks(page, language)]
        names = set(re.findall(r"(?<![:`\w>])`([^`]+)`(?!`)", text))
        return shown, code, names

    def test_same_as_in_english(self):
        """Each page shows the same files and pictures, the same code, and the same names."""
        pages = sorted((DOCS / "ru").glob("*.rst"))
        english = {page: DOCS / ("" if page.stem == "index" else "start") / page.name for page in pages}
        self.assertEqual(
            {page.stem for page in (DOCS / "start").glob("*.rst")} | {"index"}, {p.stem for p in pages}
        )
        for page, original in english.items():
            for ours, theirs in zip(self.same(page), self.same(original), strict=True):
                self.assertEqual(ours, theirs, page.name)
                self.assertTrue(ours, page.name)


class ReadmeTests(SynchronousTestCase):
    """The first page of all."""

    text = README.read_text("utf-8")

    def test_examples_are_those_that_are_run(self):
        """Each one-liner stands in the README as it does in its file."""
        for name in ("insert.sh", "insert.php", "insert.py", "insert.mjs", "page.html"):
            self.assertIn((EXAMPLES / name).read_text("utf-8"), self.text, name)

    def test_links_lead_somewhere(self):
        """To files that are there."""
        links = re.findall(r"\]\(((?!http)[^)#]+)\)", self.text)
        self.assertGreater(len(links), 6)
        for link in links:
            self.assertTrue((ROOT / link).exists(), link)

    def test_pictures_are_small(self):
        """So that they load on any line."""
        for picture in (DOCS / "_static").iterdir():
            self.assertLess(picture.stat().st_size, 200_000, picture.name)


class ExampleTests(ServerCase):
    """The examples, against a real server. Nothing of them is changed but ports and the password."""

    async def setUp(self):
        self.comet = await self.server(ws={"demo": "no"})

    def example(self, name, **more):
        """@return: the text of an example for this server."""
        text = self.comet.example(name)
        for word, value in more.items():
            text = text.replace(word, value)
        return text

    def write(self, name, text):
        """@return: a new file of that name."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        (folder / name).write_text(text, "utf-8")
        return folder / name

    async def run_(self, command, text, name):
        """Run an example. @return: what it prints."""
        file = self.write(name, text)
        if MODULES.exists():
            (file.parent / "node_modules").symlink_to(MODULES)
        done = await in_thread(
            subprocess.run, [*command, str(file)], capture_output=True, timeout=PATIENCE, check=False
        )
        self.assertEqual(done.returncode, 0, (done.stderr + done.stdout).decode())
        return done.stdout.decode()

    async def check(self, command, name, text):
        """Run an example, and hear what it says."""
        browser = await self.browser(self.comet)
        await browser.next()
        await browser.listen("web_demo")
        await self.run_(command, self.example(name), name)
        frame = await browser.next()
        self.assertEqual((frame["data"], frame["event"], frame["pipe"]), (text, "message", "web_demo"))

    async def test_python(self):
        """PyMySQL."""
        await self.check([sys.executable], "insert.py", "Hello from Python")

    async def bot(self, name):
        """Run a bot, say something to it, and hear what it answers."""
        async with Client(f"ws://127.0.0.1:{self.comet.ws_port}") as client:
            subscription = await client.subscribe("web_demo")
            running = Deferred.fromCoroutine(self.run_([sys.executable], self.example(name), name))
            while await client.count("web_demo") < 2:
                await deferLater(reactor, 0.1)
            await client.publish("web_demo", "hello", "said")
            answer = await anext(aiter(subscription))
            self.assertEqual((answer.event, answer.value()), ("echo", {"answer to": "hello"}))
            self.assertEqual(await running, "said hello\n")

    async def test_bots(self):
        """The Python client, on both loops."""
        for name in ("bot_twisted.py", "bot_asyncio.py"):
            await self.bot(name)

    async def test_php(self):
        """mysqli."""
        await self.check(["php"], "insert.php", "Hello from PHP")

    if shutil.which("php") is None:
        test_php.skip = "there is no PHP on this machine"
    elif b"mysqli" not in subprocess.run(["php", "-m"], capture_output=True, check=False).stdout:
        test_php.skip = "this PHP has no mysqli"

    async def test_node(self):
        """mysql2."""
        await self.check(["node"], "insert.mjs", "Hello from Node")

    if shutil.which("node") is None or not (MODULES / "mysql2").exists():
        test_node.skip = "there is no Node.js with mysql2"

    async def test_shell(self):
        """The command line."""
        await self.check(["sh"], "insert.sh", "Hello from the shell")

    if shutil.which("mysql") is None:
        test_shell.skip = "there is no mysql command line"

    async def test_http_in_python(self):
        """The HTTP API by urllib."""
        await self.check([sys.executable], "publish.py", "Hello from urllib")

    async def test_http_in_php(self):
        """The HTTP API by the streams of PHP."""
        await self.check(["php"], "publish.php", "Hello from PHP's streams")

    if shutil.which("php") is None:
        test_http_in_php.skip = "there is no PHP on this machine"

    async def test_http_in_the_shell(self):
        """The HTTP API by curl: messages, and questions; each gets the answer that the page shows."""
        await self.check(["sh"], "publish.sh", "Hello from curl")
        await self.check(["sh"], "publish_many.sh", "The first")
        for name, keys in (
            ("publish_many.sh", [{"accepted"}]),
            ("private.sh", [{"accepted"}]),
            (
                "ask.sh",
                [
                    {"users"},
                    {"name", "users", "position", "epoch", "length", "cursor"},
                    {"members", "total"},
                    {"name", "users", "position", "epoch", "length", "cursor"},
                    {"messages", "cursor", "gap"},
                    {"removed"},
                ],
            ),
        ):
            told = await self.run_(["sh"], self.example(name), name)
            answers = [json.loads("{" + each) for each in re.split(r"(?:^|(?<=\}))\{", told) if each]
            self.assertEqual([set(answer) for answer in answers], keys, told)

    if shutil.which("curl") is None:
        test_http_in_the_shell.skip = "there is no curl"

    async def test_signing_in(self):
        """The key that the backend makes opens the page of the user, and that one gets its messages."""
        signed = json.loads(await self.run_([sys.executable], self.example("sign_in.py"), "sign_in.py"))
        browser = await self.browser(self.comet, signed["user_key"], signed["user_id"])
        self.assertTrue((await browser.next())["authorized"])
        page = self.example("signed_in.html", KEY=signed["user_key"])
        await self.visit(page, "document.querySelector('#status').textContent === 'signed in'")

    async def test_data_source_of_grafana(self):
        """What it is provisioned with opens a connection that may ask."""
        [source] = yaml.safe_load(self.comet.example("grafana-mysql.yml"))["datasources"]
        host, port = source["url"].split(":")
        login = {"host": host, "port": int(port), "user": source["user"], **source["secureJsonData"]}

        def ask():
            with pymysql.connect(**login, database=source["jsonData"]["database"]) as link:
                cursor = link.cursor()
                cursor.execute("SELECT 1")
                return cursor.fetchall()

        self.assertEqual(await in_thread(ask), ((1,),))

    async def test_page(self):
        """A page of one's own shows what comes in SQL, also JSON."""
        text = "document.querySelector('#messages').textContent"
        page = await self.visit(self.example("page.html"), "cometApi.isConnected()")
        await self.run_([sys.executable], self.example("insert.py"), "insert.py")
        await page.wait_for(f"{text} === 'Hello from Python'")
        self.assertEqual([error for error in page.errors if "favicon.ico" not in error], [])

    async def visit(self, html, condition):
        """@return: a tab with that page, which another web server gives out, once C{condition} holds."""
        address = serve_folder(self, self.write("page.html", html).parent)
        chromium = await Chromium.start(self)
        page = await chromium.open(f"{address}page.html")
        await page.wait_for(condition)
        return page

    if find_chromium() is None:
        test_page.skip = test_signing_in.skip = "there is no Chromium on this machine"

    async def test_configurations(self):
        """Each ini file is fine for C{comet check}, but for certificates that are not on this machine."""
        for file in EXAMPLES.glob("*.ini"):
            done = await in_thread(
                subprocess.run,
                [sys.executable, "-m", "comet", "check", "--config", str(file)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            problems = [line for line in done.stdout.splitlines() if "No such file" not in line]
            self.assertIn(problems, ([], [f"{file} is fine"]), done.stdout + done.stderr)


class BuildTests(SynchronousTestCase):
    """The whole of the documents."""

    if importlib.util.find_spec("sphinx") is None or importlib.util.find_spec("furo") is None:
        skip = "Sphinx with furo is not installed: make docs"

    def test_no_warning(self):
        """Every page is in the contents, every link leads somewhere, every example is there."""
        target = Path(self.mktemp()).absolute()
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "sphinx",
                "-q",
                "-W",
                "--keep-going",
                "-b",
                "html",
                str(DOCS),
                str(target),
            ],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue((target / "reference" / "cometql-tables.html").exists())
