"""
Clients that come, listen, speak and go at random, with a model of what must be so in the end.

Be there one server or several that are one: the clients come to any of them, and each must answer as the
model does. Of several one is killed and started again, and its clients come to others.

C{python -m tests.e2e.churn --clients 2000 --seconds 120} is the long run; C{--servers 3} lets there be three,
over a Redis and a MariaDB. C{make test} has short ones.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from contextlib import asynccontextmanager, suppress

from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredLock, TimeoutError, gatherResults
from twisted.internet.task import deferLater

from tests.e2e.cluster import PASSWORD, Cluster
from tests.e2e.site import Site
from tests.e2e.support import Server
from tests.e2e.visitors import VISITORS, LineVisitor

#: A channel to speak in for so many clients; and those that the site speaks in, which keep what was said.
ROOM_OF = 10
LOGS = [f"log_{number}" for number in range(5)]
KEPT, QUEUE = 20, 100
#: Users who never come.
ABSENT = range(1_000_001, 1_000_011)
#: How many enter in a second, at the beginning.
ENTER_PER_SECOND = 100
#: How often a client of long-poll says that it is there, in seconds.
STAY_SECONDS = 3
#: How long the server has to come to rest, in seconds.
REST = 60


def config(poll_seconds):
    """@return: the configuration of the server; long-poll clients silent for so long have left."""
    # All clients come from one address, and as fast as they can.
    of_one_address = dict.fromkeys(("address_connections", "address_connects", "address_requests"), 0)
    return {"main": {"password": "p"}, "limits": {"poll_seconds": poll_seconds} | of_one_address}


async def sleep(seconds):
    await deferLater(reactor, seconds)


async def _together(coroutines):
    """@return: what all of them give."""
    return await gatherResults([Deferred.fromCoroutine(each) for each in coroutines], consumeErrors=True)


async def _in_time(visitor, coroutine):
    """
    @return: what it gives.
    @raise AssertionError: if it does not end.
    """
    doing = Deferred.fromCoroutine(coroutine)
    name = f"{type(visitor).__name__}.{coroutine.__name__}"
    try:
        return await doing.addTimeout(REST, reactor)
    except TimeoutError:
        raise AssertionError(f"{name} did not end in {REST} seconds") from None


class Gone(Exception):
    """The server of a client was killed."""


class Churn:
    """
    One run.

    @ivar deeds: how often what was done.
    """

    def __init__(self, servers, password, clients, seconds, seed, pace=4.0, say=lambda text: None):
        """
        @param servers: running ones, which are one; if there are several, one is killed in between.
        @param pace: how long a client rests between two deeds, on average, in seconds.
        @param say: is told how far the run has come.
        """
        self.say, self.password = say, password
        self.servers, self.clients, self.seconds, self.pace = servers, clients, seconds, pace
        #: The connection of the site to each server that is up.
        self.sites = {}
        #: What is being done, and at which server.
        self.doing = {}
        self.random = random.Random(seed)
        self.rooms = [f"web_{number}" for number in range(max(clients // ROOM_OF, 5))]
        self.users = range(1, max(clients // 4, 2))
        self.here = {}
        self.listening = {}
        self.logs = {name: deque(maxlen=KEPT) for name in LOGS}
        self.counted = Counter()
        self.queues = {user: deque(maxlen=QUEUE) for user in ABSENT}
        self.sent, self.got = defaultdict(set), defaultdict(set)
        self.deeds = Counter()
        self.speaking = DeferredLock()

    async def run(self):
        """@return: differences between the server and the model, none if all is well; and the memory."""
        self.sites = {server: Site(server, self.password) for server in self.servers}
        try:
            await self._prepare()
            self.say("everybody comes and goes once")
            await self._wave()
            start = await self._memory()
            self.say(f"churning for {self.seconds} seconds")
            self.end = reactor.seconds() + self.seconds
            self.busy = self.clients
            work = [self._speak(), *(self._live(number) for number in range(self.clients))]
            if len(self.servers) > 1:
                work.append(self._kill_one())
            await _together(work)
            self.say("comparing, with those who stayed")
            differences = await self._settle(self._differences)
            self.say("comparing, when all have left")
            await self._all_leave()
            differences += [f"afterwards: {each}" for each in await self._settle(self._differences)]
            return differences, (start, await self._memory())
        finally:
            for site in self.sites.values():
                site.close()

    @property
    def site(self):
        """Any connection of the site."""
        return self.random.choice(list(self.sites.values()))

    # The site ---------------------------------------------------------------------------------------------

    async def _prepare(self):
        for name in LOGS:
            await self.site.run("INSERT INTO pipes_settings (name, length) VALUES (%s, %s)", name, KEPT)
        for user in self.users:
            await self.site.run("INSERT INTO users_auth (id, hash) VALUES (%s, %s)", user, f"K{user}")

    async def _speak(self):
        number = 0
        while reactor.seconds() < self.end:
            number += 1
            # What a server is told while it is killed may be done or not: it is not told anything then.
            await self.speaking.acquire()
            rows = [(self.random.choice(LOGS), f"text {number}.{turn}") for turn in range(10)]
            await self.site.insert("pipes_messages (name, message)", rows)
            for name, text in rows:
                self.logs[name].append(text)
                self.counted[name] += 1
            users = [user for user in self.users if len(self.sent[user]) < QUEUE - 10]
            rows = [(self.random.choice(ABSENT), text) for _, text in rows]
            rows += [(self.random.choice(users), text) for _, text in rows if users]
            for user, text in rows:
                if user in self.queues:
                    self.queues[user].append(text)
                else:
                    self.sent[user].add(text)
            await self.site.insert("users_messages (id, message)", rows)
            self.speaking.release()
            self.deeds["inserted"] += 10 + len(rows)
            await sleep(0.2)  # or else those who poll now and then would count as slow

    # Clients ----------------------------------------------------------------------------------------------

    async def _wave(self):
        """Everybody comes and goes once, so that what the server keeps for ever is there."""
        visitors = []
        while len(visitors) < self.clients:
            visitors += await _together(self._first_visit() for _ in range(20))
        self._gather(visitors)
        await _together(self._do(each, each.leave()) for each in visitors)
        await self._settle(self._differences)

    async def _first_visit(self):
        visitor = await self._enter()
        await self._do(visitor, visitor.listen(set(self.random.sample(self.rooms + LOGS, 3))))
        return visitor

    async def _do(self, visitor, coroutine):
        """
        @return: what it gives.
        @raise Gone: if the server is killed meanwhile.
        """
        if self.sites.get(visitor.server) is not visitor.site:
            coroutine.close()
            raise Gone
        doing = Deferred.fromCoroutine(_in_time(visitor, coroutine))
        self.doing[doing] = visitor.server
        try:
            return await doing
        except Exception:
            if self.sites.get(visitor.server) is not visitor.site:
                raise Gone from None
            raise
        finally:
            del self.doing[doing]

    async def _enter(self):
        while True:
            with suppress(Gone):
                return await self._try_to_enter()

    async def _try_to_enter(self):
        user = self.random.choice(self.users) if self.random.random() < 0.5 else 0
        kind = self.random.choice(VISITORS)
        while user and not user % 2 and kind is LineVisitor:
            kind = self.random.choice(VISITORS)
        server, site = self.random.choice(list(self.sites.items()))
        visitor = kind(server.ws_port, user, f"K{user}" if user else "")
        visitor.server, visitor.site = server, site
        authorized = await self._do(visitor, visitor.enter())
        assert bool(authorized) == bool(user), f"{kind.__name__}: the key of {user} was judged wrongly"
        self.deeds[kind.__name__] += 1
        return visitor

    def _gather(self, visitors):
        for visitor in visitors:
            self.got[visitor.user_id] |= set(visitor.private)
            self.deeds["heard"] += visitor.heard

    async def _live(self, number):
        """One client after the other, each in the place of the one that left; the last one stays."""
        await sleep(self.random.random() * self.clients / ENTER_PER_SECOND)
        while True:
            visitor = await self._enter()
            self.here[number], self.listening[number] = visitor, frozenset()
            try:
                for _ in range(self.random.randrange(1, 8)):
                    await self._do_something(number, visitor)
                    await self._rest(visitor)
                if reactor.seconds() >= self.end:
                    break
                del self.here[number], self.listening[number]
                await self._do(visitor, visitor.leave())
                self.deeds["left"] += 1
            except Gone:
                self.here.pop(number, None)
                self.listening.pop(number, None)
                await visitor.give_up()
                self.deeds["came elsewhere"] += 1
            self._gather([visitor])
        self.busy -= 1
        while self.busy:
            await sleep(STAY_SECONDS)
            await self._stay(visitor)

    async def _do_something(self, number, visitor):
        if self.random.random() < 0.5:
            said = visitor.say(self.random.choice(self.rooms), f"from {number}")
            await self._do(visitor, said)
            self.deeds["said"] += 1
        else:
            channels = set(self.random.sample(self.rooms + LOGS, self.random.randrange(6)))
            await self._do(visitor, visitor.listen(channels))
            self.listening[number] = frozenset(channels)
            self.deeds["listened"] += 1

    async def _rest(self, visitor):
        until = reactor.seconds() + self.random.random() * 2 * self.pace
        while (left := min(until, self.end) - reactor.seconds()) > 0:
            await sleep(min(left, STAY_SECONDS))
            await self._stay(visitor)

    async def _stay(self, visitor):
        await self._do(visitor, visitor.stay())

    async def _all_leave(self):
        visitors = list(self.here.values())
        self.here.clear()
        self.listening.clear()
        await _together(self._do(each, each.leave()) for each in visitors)
        self._gather(visitors)

    # Servers ----------------------------------------------------------------------------------------------

    async def _kill_one(self):
        """Kill a server in the middle of everything, and start it again after a while."""
        await sleep(self.seconds / 3)
        server = self.random.choice(self.servers)
        await self.speaking.acquire()
        self.say("killing a server")
        self.sites.pop(server).close()
        await server.stop(signal.SIGKILL)
        for doing, where in list(self.doing.items()):
            if where is server:
                doing.cancel()
        self.speaking.release()
        await sleep(self.seconds / 3)
        self.say("starting it again")
        await server.start()
        self.sites[server] = Site(server, self.password)
        self.deeds["killed"] += 1

    # The model --------------------------------------------------------------------------------------------

    async def _settle(self, differences):
        """@return: the differences that are still there when the server has had its time."""
        patience = reactor.seconds() + REST
        while True:
            for visitor in list(self.here.values()):
                await self._stay(visitor)
            found = await differences()
            if not found or reactor.seconds() > patience:
                return found
            await sleep(1)

    async def _differences(self):
        found = []
        for number, server in enumerate(self.servers):
            found += [f"server {number}: {each}" for each in await self._differences_at(self.sites[server])]
        queued = await self._queues(self.site, self.users)
        for visitor in self.here.values():
            self.got[visitor.user_id] |= set(visitor.private)
        # The line protocol acknowledges nothing: what was written to a connection that goes is lost. Users of
        # even numbers do not speak it.
        missing = {
            user: lost
            for user in self.users
            if not user % 2 and (lost := self.sent[user] - self.got[user] - set(queued.get(user, ())))
        }
        self._compare(found, "lost private messages", missing, {})
        return found

    async def _differences_at(self, site):
        found = []
        self._compare(found, "counts", await self._counts(site), self._model_counts())
        self._compare(found, "users_in_pipes", await self._members(site), self._model_members())
        self._compare(found, "presence", await self._online(site), self._model_online())
        self._compare(found, "log of presence", await self._log(site), self._model_online())
        self._compare(found, "history", await self._history(site), {k: list(v) for k, v in self.logs.items()})
        self._compare(found, "positions", await self._positions(site), {k: self.counted[k] for k in LOGS})
        queues = await self._queues(site, ABSENT)
        self._compare(found, "queues", queues, {k: list(v) for k, v in self.queues.items()})
        return found

    def _compare(self, found, what, server, model):
        if server != model:
            keys = sorted(key for key in {*server, *model} if server.get(key) != model.get(key))
            some = {key: (server.get(key), model.get(key)) for key in keys[:3]}
            found.append(f"{what}: {len(keys)} differ, (server, model) {some}")

    async def _counts(self, site):
        return dict(await site.rows("name, users", "pipes", "name", self.rooms + LOGS))

    def _model_counts(self):
        counts = Counter(name for channels in self.listening.values() for name in channels)
        return {name: counts[name] for name in self.rooms + LOGS}

    async def _members(self, site):
        return Counter(await site.rows("name, user_id", "users_in_pipes", "name", self.rooms + LOGS))

    def _model_members(self):
        return Counter(
            (name, self.here[number].user_id)
            for number, channels in self.listening.items()
            for name in channels
        )

    async def _online(self, site):
        rows = await site.rows("id, time", "users_time", "id", self.users)
        return {user: True for user, seen in rows if seen == 0}

    async def _log(self, site):
        """@return: who is online by the log; or all it tells of one who does not come and go by turns."""
        told, found = defaultdict(list), {}
        rows = await site.run("SELECT user_id, event FROM presence_events WHERE seq > 0 ORDER BY seq")
        for user, event in rows:
            told[user].append(event)
        for user, events in told.items():
            if events != [("online", "offline")[turn % 2] for turn in range(len(events))]:
                found[user] = events
            elif events[-1] == "online":
                found[user] = True
        return found

    def _model_online(self):
        return {each.user_id: True for each in self.here.values() if each.user_id}

    async def _history(self, site):
        rows = await site.rows("name, message", "pipes_messages", "name", LOGS)
        return self._grouped(rows, LOGS)

    async def _positions(self, site):
        return dict(await site.rows("name, position", "pipes", "name", LOGS))

    async def _queues(self, site, users):
        return self._grouped(await site.rows("id, message", "users_messages", "id", users), users)

    def _grouped(self, rows, keys):
        groups = {key: [] for key in keys}
        for key, text in rows:
            groups[key].append(text)
        return groups

    async def _memory(self):
        """@return: what the servers hold in RAM, in KiB, after some rest."""
        await sleep(2)
        return sum(map(_memory_of, self.servers))


def _memory_of(server):
    with open(f"/proc/{server.process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


@asynccontextmanager
async def several(folder, count, poll_seconds):
    """@return: so many servers that are one, and their password."""
    cluster = Cluster(folder)
    try:
        await cluster.start()
        limits = config(poll_seconds)["limits"]
        yield await cluster.nodes("abcdefgh"[:count], limits=limits), PASSWORD
    finally:
        await cluster.stop()


@asynccontextmanager
async def one(folder, count, poll_seconds):
    """@return: a server by itself, and its password."""
    server = await Server(folder, config(poll_seconds)).start()
    try:
        yield [server], "p"
    finally:
        await server.stop()


async def long_run(arguments):
    """@return: the exit status."""
    started = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - started:4.0f} s: {text}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        begin = several if arguments.servers > 1 else one
        async with begin(folder, arguments.servers, 30) as (servers, password):
            numbers = arguments.clients, arguments.seconds, arguments.seed
            churn = Churn(servers, password, *numbers, say=say)
            differences, (start, end) = await churn.run()
        print(
            f"{arguments.clients} clients, {time.monotonic() - started:.0f} s in all, seed {arguments.seed}"
        )
        print(", ".join(f"{name} {number}" for name, number in sorted(churn.deeds.items())))
        print(f"memory: {start} KiB at the start, {end} KiB at the end: {end / start - 1:+.1%}")
        print(*differences, sep="\n")
        return 1 if differences or end > start * 1.1 else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--clients", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    outcome = []

    def done(result):
        outcome.append(result)
        reactor.stop()

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(long_run(arguments)).addBoth(done))
    reactor.run()
    if not isinstance(outcome[0], int):
        outcome[0].printTraceback(sys.stderr)
        return 1
    return outcome[0]


if __name__ == "__main__":
    sys.exit(main())
