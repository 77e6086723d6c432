"""Messages from the sites of all servers at once to clients of all, each counted."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import NamedTuple

import pymysql
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from tests.e2e.cluster import PASSWORD
from tests.e2e.site import Site
from tests.e2e.support import Listening

#: A channel that keeps what is said, and one that does not.
KEPT, CHAT = "kept", "chat"
#: How long a site rests between two messages, in seconds.
PAUSE = 0.05


class Tally(NamedTuple):
    """
    What became of messages.

    @ivar sent: how many there were to be received: each by all who listen, a private one by its user.
    @ivar refused: how many messages were answered with an error; they count in nothing else.
    """

    sent: int
    once: int
    twice: int
    never: int
    refused: int = 0

    def __str__(self):
        return f"sent {self.sent}, once {self.once}, twice {self.twice}, never {self.never}"


class Witness(Listening):
    """
    A client that keeps all it has heard, and acknowledges what is private.

    @ivar heard: frames, and when they came.
    """

    def __init__(self, before=None):
        """@param before: the connection before this one, if there was one."""
        super().__init__()
        self.heard = before.heard if before else []
        self._numbers = before._numbers if before else set()

    def onMessage(self, payload, isBinary):
        super().onMessage(payload, isBinary)
        frame = json.loads(payload)
        if frame["type"] == "private":
            self.say(json.dumps({"cmd": "ack", "number": frame["number"]}))
            # What comes again is known by its number.
            if frame["number"] in self._numbers:
                return
            self._numbers.add(frame["number"])
        self.heard.append((reactor.seconds(), frame))

    @property
    def cursor(self):
        """The place from which to go on where a history is kept."""
        return next(frame["cursor"] for _, frame in reversed(self.heard) if frame.get("channel") == KEPT)

    @property
    def places(self):
        """The positions of what was heard where a history is kept."""
        cursors = [frame["cursor"] for _, frame in self.heard if frame.get("channel") == KEPT]
        return [int(cursor.split(":")[1]) for cursor in cursors]

    def texts(self, kind, channel=None):
        """@return: what was heard, in order."""
        return [
            frame["data"]
            for _, frame in self.heard
            if frame["type"] == kind and frame.get("channel") == channel
        ]

    def gaps(self, channel):
        """@return: how often this client was told that it may have missed something there."""
        subscribed = [frame["channels"] for _, frame in self.heard if frame["type"] == "subscribed"]
        return sum(each[channel].get("gap", False) for each in subscribed if channel in each)


class Traffic:
    """
    A witness and a user at each server, and a site there that speaks to all.

    @ivar ears: the witnesses, one a server; that at server 1 is user 1.
    """

    def __init__(self, case, servers):
        """@param case: a L{ClusterCase}."""
        self._case, self._servers = case, servers
        self._sites = []
        self._is_over = False
        #: When each text was answered, by what it was sent to: a channel or a user.
        self.sent = defaultdict(dict)
        self.refused = []
        self.slowest = 0.0

    async def start(self):
        """Let everybody come, and begin to speak."""
        first = self._site(self._servers[0])
        await first.run("INSERT INTO pipes_settings (name, length) VALUES (%s, 5000)", KEPT)
        self.users = range(1, len(self._servers) + 1)
        await first.insert("users_auth (id, hash)", [(user, f"k{user}") for user in self.users])
        self.ears = [
            await self._case.listener(server, {KEPT: None, CHAT: None}, user, f"k{user}", Witness)
            for user, server in zip(self.users, self._servers, strict=True)
        ]
        kinds = (self._say_kept, self._say, self._whisper)
        self._work = gatherResults(
            [
                Deferred.fromCoroutine(self._speak(self._site(server), kind, name))
                for name, server in zip("abc", self._servers, strict=False)
                for kind in kinds
            ],
            consumeErrors=True,
        )
        self._case.addCleanup(self._fall_silent)

    async def come_elsewhere(self, user, server):
        """Let a user whose connection is gone go on at another server."""
        before = self.ears[user - 1]
        await before.closed
        channels = {KEPT: before.cursor, CHAT: None}
        self.ears[user - 1] = await self._case.listener(
            server, channels, user, f"k{user}", lambda: Witness(before)
        )

    async def _fall_silent(self):
        self._is_over = True
        await self._work

    def _site(self, server):
        site = Site(server, PASSWORD, timeout=20)
        self._case.addCleanup(site.close)
        return site

    async def _speak(self, site, say, name):
        number = 0
        while not self._is_over:
            number += 1
            begun = reactor.seconds()
            await say(site, f"{name} {number}")
            self.slowest = max(self.slowest, reactor.seconds() - begun)
            await deferLater(reactor, PAUSE)

    async def _say_kept(self, site, text):
        await self._insert(site, "pipes_messages (name, message)", KEPT, text)

    async def _say(self, site, text):
        await self._insert(site, "pipes_messages (name, message)", CHAT, text)

    async def _whisper(self, site, text):
        for user in self.users:
            await self._insert(site, "users_messages (id, message)", user, text)

    async def _insert(self, site, where, target, text):
        try:
            await site.insert(where, [(target, text)])
        except pymysql.err.MySQLError as error:
            self.refused.append((target, text, error.args[0]))
        else:
            self.sent[target][text] = reactor.seconds()

    async def stop(self):
        """Say no more, and wait until everything has arrived that will."""
        await self._fall_silent()
        before = None
        while before != (before := [len(ear.heard) for ear in self.ears]):
            await deferLater(reactor, 1)

    # What became of it ------------------------------------------------------------------------------------

    def tally(self, target):
        """@return: what became of the messages to a channel or a user."""
        if target in self.users:
            return self._count([self.ears[target - 1].texts("private")], target)
        return self._count([ear.texts("message", target) for ear in self.ears], target)

    def private(self):
        """@return: what became of all private messages."""
        return Tally(*map(sum, zip(*map(self.tally, self.users), strict=True)))

    def _count(self, heard, target):
        found = Counter()
        for texts in heard:
            times = Counter(texts)
            found.update(min(times[text], 2) for text in self.sent[target])
        refused = sum(where == target for where, *_ in self.refused)
        return Tally(sum(found.values()), found[1], found[2], found[0], refused)

    def missed(self, ear, channel):
        """@return: when the messages were sent that C{ear} has never heard."""
        heard = set(ear.texts("message", channel))
        return {text: time for text, time in self.sent[channel].items() if text not in heard}
