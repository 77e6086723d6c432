"""The credentials that comet gives out, at a real coturn: they open a relay, for one user, for a while."""

from __future__ import annotations

import asyncio
import time

from comet.video.ice import credential
from tests.e2e.aiortcpeer import PATIENCE, Line, Peer, aiortc
from tests.e2e.support import ServerCase, in_thread, until
from tests.e2e.test_survival import sql
from tests.turnserver import TurnServer, find_turn

if aiortc is not None:
    from aioice import stun, turn

SECRET = "a long random text"


class Inbox(asyncio.DatagramProtocol):
    """What has come through a relay."""

    def __init__(self):
        self.come = asyncio.Queue()

    def datagram_received(self, data, address):
        self.come.put_nowait(data)


async def relay(server, transport, username, password):
    """@return: a relay at C{server}, as aioice makes them, and what comes through it."""
    return await turn.create_turn_endpoint(
        Inbox,
        ("127.0.0.1", server.tls_port if transport == "tls" else server.port),
        username,
        password,
        ssl=server.tls if transport == "tls" else None,
        transport="udp" if transport == "udp" else "tcp",
    )


async def carried(one, other, inbox):
    """Send from one relay to another until it arrives; who has sent something may be sent something."""
    while inbox.come.empty():
        other.sendto(b"hello", one.get_extra_info("sockname"))
        one.sendto(b"hello", other.get_extra_info("sockname"))
        await asyncio.sleep(0.05)
    if inbox.come.get_nowait() != b"hello":
        raise AssertionError("something else has come")


class TurnCase(ServerCase):
    """One comet, one coturn."""

    if find_turn() is None:
        skip = "there is no turnserver on this machine"
    elif aiortc is None:
        skip = "there is no aiortc on this machine"

    async def setUp(self):
        self.turn = await in_thread(TurnServer, self.mktemp(), SECRET)
        self.addCleanup(self.turn.kill)

    async def serve(self, secret=SECRET, **video):
        """Start comet, with users 3 and 7."""
        settings = {"turn": ", ".join(self.turn.urls.values()), "turn_secret": secret, **video}
        self.comet = await self.server(video=settings)
        keys = "INSERT INTO users_auth (id, hash) VALUES (3, 'key3'), (7, 'key7')"
        await in_thread(sql, self.comet, keys)

    async def given(self, user_id=7):
        """@return: what comet gives to a page of a user."""

        async def ask():
            line = await Line.open(self.comet.ws_port, user_id, f"key{user_id}")
            answer = await line.ask("ice")
            await line.close()
            return answer

        return await in_thread(asyncio.run, ask())


class CredentialTests(TurnCase):
    """What C{ice} is answered with."""

    async def test_every_way(self):
        """
        With the credentials a relay is made over UDP, TCP and TLS, and what one of them sends arrives at
        another.
        """
        await self.serve(turn_ttl=600)
        answer = await self.given()
        (server,) = answer["ice"]
        self.assertEqual(sorted(server["urls"]), sorted(self.turn.urls.values()))
        expires, user = server["username"].split(":")
        self.assertEqual((int(expires), user), (answer["expires"], "7"))
        self.assertTrue(590 < answer["expires"] - time.time() <= 601)

        async def run():
            known = server["username"], server["credential"]
            ends = [await relay(self.turn, transport, *known) for transport in ("udp", "tcp", "tls")]
            for (one, _), (other, inbox) in zip(ends, [*ends[1:], ends[0]], strict=True):
                await asyncio.wait_for(carried(one, other, inbox), PATIENCE)
            for end, _ in ends:
                end.close()

        await in_thread(asyncio.run, run())

    async def refused(self, *credentials):
        """Assert that none of these, as user names and passwords, opens a relay."""

        async def run():
            for known in credentials:
                with self.assertRaises(stun.TransactionFailed, msg=known) as caught:
                    await relay(self.turn, "udp", *known)
                self.assertEqual(caught.exception.response.attributes["ERROR-CODE"][0], 401, known)

        await in_thread(asyncio.run, run())

    async def test_what_comet_has_not_said(self):
        """Another user, or a later end, than the password was made for."""
        await self.serve()
        (server,) = (await self.given())["ice"]
        expires, user = server["username"].split(":")
        password = server["credential"]
        await self.refused((f"{expires}:8", password), (f"{int(expires) + 1}:{user}", password))

    async def test_another_secret(self):
        """A comet that does not share the secret gives out what opens nothing."""
        await self.serve(secret="another")
        (server,) = (await self.given())["ice"]
        await self.refused((server["username"], server["credential"]))

    async def test_two_secrets(self):
        """While the secret is being changed coturn knows both, and takes what was made with either."""
        both = await in_thread(TurnServer, self.mktemp(), "old", "new")
        self.addCleanup(both.kill)
        username = f"{int(time.time()) + 60}:7"

        async def run():
            for secret in ("old", "new"):
                end, _ = await relay(both, "udp", username, credential(secret, username))
                end.close()

        await in_thread(asyncio.run, run())

    async def test_the_configuration_in_the_documents(self):
        """Coturn takes it: it makes a relay, and lets nobody into the networks of its own."""
        server = await in_thread(TurnServer, self.mktemp(), SECRET, documented=True)
        self.addCleanup(server.kill)
        username = f"{int(time.time()) + 60}:7"

        async def run():
            for transport in ("udp", "tls"):
                end, _ = await relay(server, transport, username, credential(SECRET, username))
                end.sendto(b"hello", ("127.0.0.1", 9))
                end.sendto(b"hello", ("192.168.0.1", 9))
                await asyncio.sleep(0.1)
                end.close()

        await in_thread(asyncio.run, run())
        await until(lambda: server.log.count("CHANNEL_BIND processed, error 403") == 4, "coturn to refuse")
        self.assertNotIn("Bad configuration", server.log)

    async def test_when_the_time_is_over(self):
        """What has run out opens nothing, though it was right."""
        username = f"{int(time.time()) - 5}:7"
        await self.refused((username, credential(SECRET, username)))


class RelayTests(TurnCase):
    """Media by way of the relay alone."""

    async def call(self, transport):
        await self.serve(turn=self.turn.urls[transport])

        async def run():
            opened = [Peer.open(self.comet.ws_port, user, f"key{user}", relay_only=True) for user in (3, 7)]
            ann, bob = await asyncio.gather(*opened)
            try:
                await ann.call(7)
                await bob.answer()
                await ann.sees_and_hears(bob.seat)
                await bob.sees_and_hears(ann.seat)
                self.assertEqual((ann.candidates(), bob.candidates()), ({"relay"}, {"relay"}))
                await bob.leave()
                self.assertEqual(await asyncio.wait_for(ann.over, PATIENCE), "hangup")
            finally:
                await ann.close()
                await bob.close()

        await in_thread(asyncio.run, run())

    async def test_a_call(self):
        """Two peers of aiortc, who call by comet, see and hear each other over nothing but coturn."""
        await self.call("udp")

    async def test_a_call_over_tcp(self):
        """So they do where only TCP leads to the relay."""
        await self.call("tcp")
