"""What every store promises about the places of outboxes; mix into a test case and write C{make_store}."""

from __future__ import annotations


class OutboxesContract:
    """The promises of L{comet.storage.outboxes.Outboxes}."""

    async def test_the_place_of_an_outbox(self):
        """It is empty at first, then what was noted last, of each outbox by itself."""
        store = await self.make_store()
        self.assertEqual(await store.take_outbox("shop", "a", 1000, 1030), "")
        self.assertTrue(await store.set_outbox("shop", "a", "[5]"))
        self.assertTrue(await store.set_outbox("shop", "a", "[5]"))
        self.assertEqual(await store.take_outbox("shop", "a", 1001, 1031), "[5]")
        self.assertEqual(await store.take_outbox("mail", "a", 1001, 1031), "")
        self.assertTrue(await store.set_outbox("mail", "a", "x" * 70_000))
        self.assertEqual(len(await store.take_outbox("mail", "a", 1001, 1031)), 70_000)

    async def test_one_node_follows_an_outbox(self):
        """Until its turn ends, or it gives it back; and it finds out that another has taken it."""
        store = await self.make_store()
        await store.take_outbox("shop", "a", 1000, 1030)
        await store.set_outbox("shop", "a", "[5]")
        self.assertIsNone(await store.take_outbox("shop", "b", 1029, 1059))
        self.assertFalse(await store.set_outbox("shop", "b", "[9]"))
        self.assertEqual(await store.take_outbox("mail", "b", 1029, 1059), "")
        self.assertEqual(await store.take_outbox("shop", "b", 1030, 1060), "[5]")
        self.assertFalse(await store.set_outbox("shop", "a", "[6]"))
        self.assertIsNone(await store.take_outbox("shop", "a", 1031, 1061))
        await store.take_outbox("shop", "b", 1032, 1032)
        self.assertEqual(await store.take_outbox("shop", "a", 1032, 1062), "[5]")

    async def test_a_turn_of_a_wrong_clock(self):
        """One that would last for days does not count."""
        store = await self.make_store()
        await store.take_outbox("shop", "a", 900_000, 900_030)
        self.assertEqual(await store.take_outbox("shop", "b", 1000, 1030), "")
