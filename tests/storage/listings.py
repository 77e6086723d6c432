"""What every store promises about all of a tenant; mix into a test case and write C{make_store}."""

from __future__ import annotations

from comet.storage.listings import EVERYTHING, Most
from tests.storage.contract import ABROAD, ANN, BOB, CHAT, NASTY, NEWS, STRANGER, said, whispered
from tests.storage.records import invited


class ListingsContract:
    """The promises of L{comet.storage.listings.Listings}."""

    async def test_all_keys(self):
        """Those of one tenant in order, and no more of them than it takes to be too many."""
        store = await self.make_store()
        for user, key in ((BOB, "b" * 5), (ANN, "a" * 5), (STRANGER, "s")):
            await store.set_key(user, key)
        self.assertEqual(
            list((await store.all_keys(0, EVERYTHING)).items()), [(ANN, "aaaaa"), (BOB, "bbbbb")]
        )
        self.assertEqual(await store.all_keys(0, Most(2, 10)), {ANN: "aaaaa", BOB: "bbbbb"})
        self.assertEqual(await store.all_keys(0, Most(0, 10)), {ANN: "aaaaa"})
        self.assertEqual(await store.all_keys(0, Most(2, 4)), {ANN: "aaaaa"})
        self.assertEqual(await store.all_keys(8, EVERYTHING), {})

    async def test_all_last_seen(self):
        """Those of one tenant in order."""
        store = await self.make_store()
        for time, user in enumerate((BOB, ANN, STRANGER)):
            await store.set_last_seen(user, time)
        self.assertEqual(list((await store.all_last_seen(0, EVERYTHING)).items()), [(ANN, 1), (BOB, 0)])
        self.assertEqual(await store.all_last_seen(0, Most(0, 0)), {ANN: 1})

    async def test_all_messages(self):
        """Channel by channel, each oldest first."""
        store = await self.make_store()
        for message in (said(1, NEWS), said(2), said(4), said(3), said(1, ABROAD)):
            await store.append(message, keep=9)
        found = [said(2), said(4), said(3), said(1, NEWS)]
        self.assertEqual(await store.all_messages(0, EVERYTHING), found)
        self.assertEqual(
            [each.place.position for each in await store.all_messages(0, EVERYTHING)], [1, 2, 3, 1]
        )
        self.assertEqual(await store.all_messages(0, Most(1, 99)), found[:2])
        self.assertEqual(await store.all_messages(0, Most(9, 4)), found[:3])

    async def test_all_queues(self):
        """User by user, each oldest first, with the numbers that they are removed by."""
        store = await self.make_store()
        sent = (whispered(1, BOB), whispered(3), whispered(2), whispered(1, STRANGER))
        numbers = [(await store.enqueue(message, keep=9)).number for message in sent]
        found = [*await store.queue(ANN), *await store.queue(BOB)]
        self.assertEqual(await store.all_queues(0, EVERYTHING), found)
        given = [each.number for each in await store.all_queues(0, EVERYTHING)]
        self.assertEqual(given, [numbers[1], numbers[2], numbers[0]])
        self.assertEqual(await store.all_queues(0, Most(0, 99)), found[:1])
        self.assertEqual(await store.all_queues(0, Most(9, 3)), found[:2])

    async def test_all_data(self):
        """Those of one tenant in order, text as it was."""
        store = await self.make_store()
        for user, data in ((BOB, NASTY), (ANN, ""), (STRANGER, "s")):
            await store.set_data(user, data)
        self.assertEqual(list((await store.all_data(0, EVERYTHING)).items()), [(ANN, ""), (BOB, NASTY)])
        self.assertEqual(await store.all_data(0, Most(0, 0)), {ANN: ""})

    async def test_all_invitations(self):
        """Conference by conference, user by user."""
        store = await self.make_store()
        for each in (invited(1, NEWS), invited(2), invited(1, CHAT), invited(1, ABROAD)):
            await store.invite(each)
        found = [invited(1), invited(2), invited(1, NEWS)]
        self.assertEqual(await store.all_invitations(0, EVERYTHING), found)
        self.assertEqual(await store.all_invitations(0, Most(1, 99)), found[:2])
