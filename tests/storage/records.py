"""What every store promises about records; mix into a test case and write C{make_store}."""

from __future__ import annotations

from comet.model import Channel, Message
from comet.storage.records import KEPT, Invitation, TenantKey
from tests.storage.contract import ABROAD, ANN, BOB, CHAT, NASTY, STRANGER


def invited(user_id, conference=CHAT, message="{}", expires=0):
    return Invitation(conference, user_id, 9, message, "video", 0, expires)


class RecordsContract:
    """The promises of L{comet.storage.records.Records}, and those about positions."""

    async def test_a_key_that_is_there_stays(self):
        """A key is only kept for a user who has none, and whoever asks learns which one counts."""
        store = await self.make_store()
        self.assertEqual(await store.keep_key(ANN, "first"), "first")
        self.assertEqual(await store.keep_key(ANN, "second"), "first")
        self.assertEqual(await store.keys([ANN, STRANGER]), {ANN: "first"})

    async def test_data_of_users(self):
        """The newest counts, text survives, tenants do not mix, and removing tells how many had some."""
        store = await self.make_store()
        await store.set_data(ANN, "old")
        await store.set_data(ANN, NASTY)
        await store.set_data(STRANGER, "")
        self.assertEqual(await store.data([ANN, BOB, STRANGER]), {ANN: NASTY, STRANGER: ""})
        self.assertEqual(await store.remove_data([ANN, BOB]), 1)
        self.assertEqual(await store.data([ANN, BOB, STRANGER]), {STRANGER: ""})

    async def test_revoked_tokens(self):
        """Tokens are told apart byte for byte and by tenant, and are revoked once."""
        store = await self.make_store()
        for token in ("b", "a", "b", NASTY, ""):
            await store.revoke(0, token)
        await store.revoke(7, "c")
        self.assertEqual(await store.revoked(0), sorted(["", "a", "b", NASTY]))
        self.assertEqual(await store.revoked(0, ["B", "b", "c", "a"]), ["b", "a"])
        self.assertEqual(await store.revoked(7), ["c"])
        self.assertEqual(await store.restore(0, ["a", "c", "a "]), 1)
        self.assertEqual(await store.revoked(0, ["a", "b"]), ["b"])
        self.assertEqual(await store.revoked(7, ["c"]), ["c"])

    async def test_invitations(self):
        """There is one for each user of a conference, the newest; they come in order."""
        store = await self.make_store()
        for each in (invited(2), invited(1), invited(2, message=NASTY), invited(1, ABROAD)):
            await store.invite(each)
        self.assertEqual(await store.invitations([CHAT]), [invited(1), invited(2, message=NASTY)])
        self.assertEqual(
            await store.invitations([ABROAD, Channel(0, "none"), CHAT]),
            [invited(1, ABROAD), invited(1), invited(2, message=NASTY)],
        )
        self.assertEqual(await store.withdraw(CHAT, [2, 3]), 1)
        self.assertEqual(await store.invitations([CHAT, ABROAD]), [invited(1), invited(1, ABROAD)])

    async def test_old_invitations(self):
        """Those that have expired long ago make room when their tenant invites; those without an end stay."""
        store = await self.make_store()
        old, newer, endless, elsewhere = (
            invited(1, expires=1000),
            invited(2, expires=1001),
            invited(3),
            invited(1, ABROAD, expires=1000),
        )
        for each in (old, newer, endless, elsewhere):
            await store.invite(each)
        await store.invite(invited(4))
        self.assertEqual(len(await store.invitations([CHAT])), 4)
        newest = invited(5, Channel(CHAT.dev_id, "other"), expires=1000 + KEPT)
        await store.invite(newest)
        self.assertEqual(
            await store.invitations([CHAT, ABROAD, newest.conference]),
            [newer, endless, invited(4), elsewhere, newest],
        )

    async def test_keys_of_tenants(self):
        """The newest counts, and removing tells how many there were."""
        store = await self.make_store()
        for each in (TenantKey(7, "old", ""), TenantKey(2, NASTY, "http://two"), TenantKey(7, "new", "u")):
            await store.set_tenant(each)
        self.assertEqual(await store.tenants(), [TenantKey(2, NASTY, "http://two"), TenantKey(7, "new", "u")])
        self.assertEqual(await store.remove_tenants([7, 8]), 1)
        self.assertEqual([tenant.dev_id for tenant in await store.tenants()], [2])

    async def test_positions(self):
        """A channel counts what it keeps, from 1 on and by itself, and gives no position twice."""
        store = await self.make_store()

        async def say(number, channel=CHAT, keep=2):
            await store.append(Message(channel, "", "x", 1, id=f"{channel.dev_id}.{number}"), keep)

        async def positions(channel=CHAT):
            return [message.place.position for message in await store.history(channel, 99)]

        for number in range(3):
            await say(number)
        await say(1, ABROAD)
        self.assertEqual(await positions(), [2, 3])
        self.assertEqual(await positions(ABROAD), [1])
        await store.remove_messages(0, ["0.2"])
        await say(3)
        self.assertEqual(await positions(), [2, 4])
        await store.remove_channels([CHAT])
        await say(4)
        self.assertEqual(await positions(), [5])
