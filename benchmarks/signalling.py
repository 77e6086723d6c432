"""
How fast are calls set up, and signals carried from page to page?

Signals: pages sit in pairs in calls, or four by four in rooms, and each says something as long as an ICE
candidate, or as an offer, to one after the other who is there; whoever hears something says the next. The
baselines are the same texts as messages to a channel of the same comet that the other alone listens to, and
a relay as one would write it with Autobahn.

Calls: pairs of pages call, answer and hang up, again and again. The baseline is the least that a site would
do for it over channels: three messages, each answered. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pymysql
from rig import figures
from rig.baseline import Baseline, python
from rig.command import parser, positive, run
from rig.figures import Budget, Run, measure
from rig.loop import Loop
from rig.pages import Page, command
from rig.process import Process
from rig.server import Server

#: What makes it quick, and says nothing about speed.
SMOKE = ("--pages", "8", "--messages", "40", "--repeats", "1")
COMET, CHANNELS, RELAY = KINDS = ("comet", "comet, messages to a channel", "Autobahn, a relay")
MESSAGES = "comet, three messages to a channel"
#: How many sit in a room.
ROOM = 4
#: Bytes of an offer for a microphone and a camera.
OFFER = 4_000
#: A user of each run is another one, and there are no more than these.
USERS = 20_000
#: A run begins, and lasts for so long.
Begin = Callable[[], Budget]
_SETTINGS = {
    "video": {"calls_per_minute": "0"},
    "limits": {"messages_per_second": "0", "address_connects": "0"},
}


class Case(NamedTuple):
    """
    Signals.

    @ivar together: how many sit in one place.
    @ivar size: how long a signal is, in bytes.
    """

    together: int
    size: int

    def named(self, pages: int) -> str:
        """@return: its name in the table."""
        where = "calls" if self.together == 2 else f"rooms of {self.together}"
        return f"signals of {self.size:,} bytes in {pages // self.together} {where}"

    def others(self, pages: int) -> list[list[int]]:
        """@return: for each page those who sit where it sits."""
        first = [page - page % self.together for page in range(pages)]
        return [
            [other for other in range(start, start + self.together) if other != page]
            for page, start in enumerate(first)
        ]


class Site:
    """
    A comet with users.

    @ivar server: the server.
    """

    def __init__(self, server: Server, loop: Loop) -> None:
        self.server, self._loop = server, loop
        self._users, self._rooms = itertools.count(1), itertools.count(1)
        login = {"host": "127.0.0.1", "port": server.ports["cometql"], "user": "root"}
        with (
            pymysql.connect(**login, password=server.password, autocommit=True) as backend,
            backend.cursor() as cursor,
        ):
            keys = ", ".join(f"({user_id}, 'key{user_id}')" for user_id in range(1, USERS + 1))
            cursor.execute(f"INSERT INTO users_auth (id, hash) VALUES {keys}")

    @contextmanager
    def pages(self, count: int) -> Iterator[tuple[list[Page], list[int]]]:
        """@return: pages that are signed in, each as a user who listens to a channel, and who they are."""
        users = list(itertools.islice(self._users, count))
        path = "/comet/ws?user_id={0}&key=key{0}&channels=web_u{0}"
        pages = [Page(self._loop, self.server.ports["ws"], path.format(user_id)) for user_id in users]
        for page in pages:
            page.ask(cmd="ping")
        yield pages, users
        for page in pages:
            page.close()

    def sit(self, pages: list[Page], users: list[int], together: int) -> list[tuple[str, int]]:
        """@return: the room and the seat of each page, two of them in a call, more in a room."""
        seats = []
        for start in range(0, len(pages), together):
            room, rest = f"room{next(self._rooms)}", pages[start : start + together]
            if together == 2:
                calling, *rest = rest
                answer = calling.ask(cmd="call", user_id=users[start + 1])
                room = answer["room"]
                seats.append((room, answer["seat"]))
            seats += [(room, page.ask(cmd="join", room=room)["seat"]) for page in rest]
        for page in pages:
            # What was told of those who came is read now.
            page.ask(cmd="ping")
        return seats


# Signals --------------------------------------------------------------------------------------------------


def _data(size: int) -> dict[str, str]:
    """@return: an object of that many bytes."""
    return {"signal": "s" * (size - len('{"signal":""}'))}


def talk(process: Process, loop: Loop, pages: list[Page], texts: list[list[bytes]], begin: Begin) -> Run:
    """
    Let each page say something; then whoever hears something says the next, as long as the budget lasts.

    @param texts: what each page says, again and again.
    """
    turns, budget = [itertools.cycle(each) for each in texts], begin()
    said = heard = 0

    def speak(number: int) -> None:
        nonlocal said
        if budget.allows(said):
            said += 1
            pages[number].say(next(turns[number]))

    def hear(number: int) -> None:
        nonlocal heard
        heard += 1
        speak(number)

    for number, page in enumerate(pages):
        page.hear = lambda _, number=number: hear(number)
        page.listen()

    def work() -> int:
        for number in range(len(pages)):
            speak(number)
        while heard < said:
            loop.turn()
        return heard

    return measure(process, loop, work)


def signals(site: Site, loop: Loop, case: Case, count: int, begin: Begin) -> Run:
    """Carry signals."""
    with site.pages(count) as (pages, users):
        seats = site.sit(pages, users, case.together)
        texts = [
            [
                command(cmd="signal", room=seats[to][0], to=seats[to][1], data=_data(case.size))
                for to in others
            ]
            for others in case.others(count)
        ]
        return talk(site.server, loop, pages, texts, begin)


def messages(site: Site, loop: Loop, case: Case, count: int, begin: Begin) -> Run:
    """Carry the same as messages to channels."""
    text = json.dumps(_data(case.size), separators=(",", ":"))
    with site.pages(count) as (pages, users):
        texts = [
            [command(cmd="publish", channel=f"web_u{users[to]}", event="signal", data=text) for to in others]
            for others in case.others(count)
        ]
        return talk(site.server, loop, pages, texts, begin)


def relayed(relay: Baseline, loop: Loop, case: Case, count: int, begin: Begin) -> Run:
    """Carry the same by the relay."""
    pages = [Page(loop, relay.port, f"/?number={number}") for number in range(count)]
    texts = [[command(to=to, data=_data(case.size)) for to in others] for others in case.others(count)]
    found = talk(relay, loop, pages, texts, begin)
    for page in pages:
        page.close()
    return found


# Calls ----------------------------------------------------------------------------------------------------


class Pair:
    """
    Two pages that do something together, again and again.

    @ivar done: how often they have done it.
    @ivar is_idle: whether they are at nothing.
    """

    def __init__(self, ann: Page, bob: Page, budget: Budget, counted: list[None]) -> None:
        """@param counted: has something in it for each time that anybody has begun."""
        self._ann, self._bob, self._budget, self._counted = ann, bob, budget, counted
        self.done, self.is_idle = 0, True
        self._missing = 0
        ann.hear = lambda text: self.ann_hears(json.loads(text))
        bob.hear = lambda text: self.bob_hears(json.loads(text))
        ann.listen()
        bob.listen()

    def begin(self) -> None:
        """Do it once more, if the budget lasts."""
        self.is_idle = not self._budget.allows(len(self._counted))
        if not self.is_idle:
            self._counted.append(None)
            self._missing = 2
            self.start()

    def over(self) -> None:
        """One of the two knows that it is over."""
        self._missing -= 1
        if not self._missing:
            self.done += 1
            self.begin()

    def start(self) -> None:
        """Ann begins."""
        raise NotImplementedError

    def ann_hears(self, frame: dict[str, Any]) -> None:
        """Something comes to the one who has begun."""
        raise NotImplementedError

    def bob_hears(self, frame: dict[str, Any]) -> None:
        """Something comes to the other."""
        raise NotImplementedError


class Callers(Pair):
    """They call, answer, and hang up."""

    def __init__(self, *arguments: Any, user_id: int) -> None:
        self._call = command(cmd="call", id=1, user_id=user_id, mode="video")
        self._leave = b""
        super().__init__(*arguments)

    def start(self) -> None:
        """See L{Pair.start}."""
        self._ann.say(self._call)

    def ann_hears(self, frame: dict[str, Any]) -> None:
        """See L{Pair.ann_hears}."""
        if frame["type"] == "answered":
            self._ann.say(command(cmd="leave", id=2, room=frame["room"]))
        elif frame.get("id") == 2:
            self.over()

    def bob_hears(self, frame: dict[str, Any]) -> None:
        """See L{Pair.bob_hears}."""
        if frame["type"] == "ring":
            self._bob.say(command(cmd="join", id=1, room=frame["room"], mode="video"))
        elif frame["type"] == "ended":
            self.over()


class Senders(Pair):
    """They send each other three messages."""

    def __init__(self, *arguments: Any, users: list[int]) -> None:
        def said(number: int, user_id: int, event: str) -> bytes:
            data = json.dumps({"call": "c" * 22, "mode": "video"})
            return command(cmd="publish", id=number, channel=f"web_u{user_id}", event=event, data=data)

        ann, bob = users
        self._call, self._accept, self._end = (
            said(1, bob, "call"),
            said(1, ann, "accept"),
            said(2, bob, "end"),
        )
        super().__init__(*arguments)

    def start(self) -> None:
        """See L{Pair.start}."""
        self._ann.say(self._call)

    def ann_hears(self, frame: dict[str, Any]) -> None:
        """See L{Pair.ann_hears}."""
        if frame.get("event") == "accept":
            self._ann.say(self._end)
        elif frame.get("id") == 2:
            self.over()

    def bob_hears(self, frame: dict[str, Any]) -> None:
        """See L{Pair.bob_hears}."""
        if frame.get("event") == "call":
            self._bob.say(self._accept)
        elif frame.get("event") == "end":
            self.over()


def calls(site: Site, loop: Loop, kind: str, count: int, begin: Begin) -> Run:
    """Let pairs of pages call each other."""
    counted: list[None] = []
    with site.pages(count) as (pages, users):
        pairs: list[Pair] = []
        budget = begin()
        for place in range(0, count, 2):
            two = users[place : place + 2]
            common = (*pages[place : place + 2], budget, counted)
            pairs.append(Callers(*common, user_id=two[1]) if kind == COMET else Senders(*common, users=two))

        def work() -> int:
            for pair in pairs:
                pair.begin()
            while not all(pair.is_idle for pair in pairs):
                loop.turn()
            return sum(pair.done for pair in pairs)

        return measure(site.server, loop, work)


# All ------------------------------------------------------------------------------------------------------


def benchmark(options: argparse.Namespace, folder: Path, core: int | None) -> dict[str, Any]:
    """@return: the results."""
    loop, count = Loop(), options.pages - options.pages % ROOM
    cases = [Case(2, options.size), Case(2, OFFER), Case(ROOM, options.size)]
    found: dict[Case, dict[str, list[Run]]] = {case: {kind: [] for kind in KINDS} for case in cases}
    called: dict[str, list[Run]] = {COMET: [], MESSAGES: []}

    def begin() -> Budget:
        return Budget(options.messages, options.seconds)

    with (
        Server(folder, core, options.profile, settings=_SETTINGS) as server,
        Baseline(python("autobahnrelay", RELAY), core) as relay,
    ):
        site = Site(server, loop)
        for _ in range(options.repeats):
            for case, runs in found.items():
                runs[COMET].append(signals(site, loop, case, count, begin))
                runs[CHANNELS].append(messages(site, loop, case, count, begin))
                runs[RELAY].append(relayed(relay, loop, case, count, begin))
            for kind, runs_of in called.items():
                runs_of.append(calls(site, loop, kind, count, begin))
    rows = [
        figures.rate_row(case.named(count), "signals", runs[COMET], beside, runs[beside])
        for case, runs in found.items()
        for beside in (CHANNELS, RELAY)
    ]
    name = f"calls that are answered and ended, {count // 2} at a time"
    rows.append(figures.rate_row(name, "calls", called[COMET], MESSAGES, called[MESSAGES]))
    return {
        "pages": count,
        "repeats": options.repeats,
        "signals": sum(run.count for runs in found.values() for run in runs[COMET]),
        "calls": sum(run.count for run in called[COMET]),
        "rows": rows,
    }


def main() -> None:
    """Run this benchmark."""
    options = parser("How fast are calls set up, and signals carried from page to page?", 1.5, 3)
    options.set_defaults(size=200)
    options.add_argument("--pages", type=positive, default=100, help="pages that talk to each other")
    run("signalling", benchmark, options.parse_args())


if __name__ == "__main__":
    main()
