"""What every store promises about presence; mix into a test case and write C{make_store}."""

from __future__ import annotations

from comet.storage.presences import TURN_LIMIT, Keeping, PresenceEvent, Sharing, Span, What
from tests.storage.contract import ABROAD, ANN, BOB, CHAT, STRANGER

NODE = Keeping("here", rows=4)
OTHER = Keeping("there", rows=4)


def came(user, time):
    return PresenceEvent(user.dev_id, time, user.user_id, What.ONLINE)


def went(user, time):
    return PresenceEvent(user.dev_id, time, user.user_id, What.OFFLINE)


def joined(channel, time, uuid="u"):
    return PresenceEvent(channel.dev_id, time, 0, What.SUBSCRIPTION, channel.name, uuid)


def bare(events):
    """@return: these rows as they were before they had numbers."""
    return [event._replace(seq=0, number=0) for event in events]


class PresencesContract:
    """The promises of L{comet.storage.presences.Presences}."""

    async def log(self, store, dev_id=0, **span):
        return await store.presence_events(dev_id, Span(**span))

    async def test_each_tenant_has_a_log_of_its_own(self):
        """Rows are counted 1, 2, 3 ... for each tenant, and the number counts them all."""
        store = await self.make_store()
        events = [came(ANN, 5), came(STRANGER, 5), joined(CHAT, 6), went(ANN, 6)]
        await store.note_presence(events[:3], 6, NODE)
        await store.note_presence(events[3:], 7, NODE)
        own, others = await self.log(store), await self.log(store, 7)
        self.assertEqual(bare(own), [events[0], *events[2:]])
        self.assertEqual([(row.seq, row.number) for row in own], [(1, 1), (2, 3), (3, 4)])
        self.assertEqual((bare(others), others[0].seq, others[0].number), ([events[1]], 1, 2))
        self.assertEqual(await self.log(store, 8), [])
        self.assertTrue(all(isinstance(row.event, What) for row in own))

    async def test_the_oldest_rows_make_room(self):
        """Those of the tenant that has too many; no number is given twice."""
        store = await self.make_store()
        await store.note_presence([came(STRANGER, 1)], 1, NODE)
        for time in range(6):
            await store.note_presence([came(ANN, time), went(ANN, time)], time, NODE)
        self.assertEqual([row.seq for row in await self.log(store)], [9, 10, 11, 12])
        self.assertEqual([row.seq for row in await self.log(store, 7)], [1])
        feed = await store.presence_feed(0, 99)
        self.assertEqual([row.number for row in feed], [1, 10, 11, 12, 13])

    async def test_a_range_is_read_from_either_end(self):
        """And no more of it than is wanted."""
        store = await self.make_store()
        await store.note_presence([joined(CHAT, time) for time in range(4)], 9, NODE)
        for span, wanted in (
            ({"first": 2}, [2, 3, 4]),
            ({"first": 2, "last": 3}, [2, 3]),
            ({"first": 2, "most": 2}, [2, 3]),
            ({"last": 3, "most": 2, "descending": True}, [3, 2]),
            ({"first": 4, "last": 3}, []),
            ({"first": 5}, []),
        ):
            self.assertEqual([row.seq for row in await self.log(store, **span)], wanted, span)

    async def test_the_feed_is_read_in_portions(self):
        """The rows of all tenants in one order."""
        store = await self.make_store()
        events = [came(ANN, 1), joined(ABROAD, 1), came(BOB, 1), came(STRANGER, 2)]
        await store.note_presence(events, 2, NODE)
        first = await store.presence_feed(0, 3)
        self.assertEqual(bare(first), events[:3])
        self.assertEqual(bare(await store.presence_feed(first[-1].number, 3)), events[3:])
        self.assertEqual(await store.presence_feed(4, 3), [])

    async def test_who_comes_and_goes_is_seen(self):
        """With the time of either, as long as times are kept; the joining of channels is no such thing."""
        store = await self.make_store()
        await store.note_presence([came(ANN, 5), came(BOB, 6), joined(CHAT, 7)], 7, NODE)
        await store.note_presence([went(BOB, 8)], 9, NODE)
        self.assertEqual(await store.last_seen([ANN, BOB]), {ANN: 5, BOB: 8})

    async def test_whom_a_dead_node_leaves_behind(self):
        """They are offline since it was last alive, in the log too, and only those of that node."""
        store = await self.make_store()
        await store.note_presence([came(ANN, 5), came(BOB, 5)], 5, NODE)
        await store.note_presence([went(BOB, 6)], 6, NODE)
        await store.note_presence([came(STRANGER, 7)], 7, OTHER)
        await store.beat("here", 40)
        self.assertEqual(await store.end_presence(OTHER, ["there"]), 1)
        self.assertEqual(await store.last_seen([ANN, BOB, STRANGER]), {ANN: 40, BOB: 6, STRANGER: 7})
        self.assertEqual(bare(await self.log(store))[-1], went(ANN, 40))
        self.assertEqual(await store.end_presence(OTHER, ["there"]), 0)
        self.assertEqual(await store.end_presence(NODE), 1)
        self.assertEqual(bare(await self.log(store, 7))[-1], went(STRANGER, 7))

    async def test_who_is_online_by_another_node_stays(self):
        """And belongs to the node that has looked after it."""
        store = await self.make_store()
        await store.note_presence([came(ANN, 5), came(BOB, 5)], 5, NODE)
        self.assertEqual(await store.end_presence(OTHER, ["there"], [ANN]), 1)
        self.assertEqual(bare(await self.log(store))[2:], [went(BOB, 5)])
        self.assertEqual(await store.end_presence(OTHER, ["there"]), 0)
        self.assertEqual(await store.end_presence(NODE, ["here"]), 1)
        self.assertEqual(bare(await self.log(store))[3:], [went(ANN, 5)])

    async def test_times_need_not_be_kept(self):
        """Then the log knows them, the users do not, and a dead node is noticed all the same."""
        store = await self.make_store()
        silent = NODE._replace(times=False)
        await store.set_last_seen(BOB, 3)
        await store.note_presence([came(ANN, 5), came(BOB, 5)], 6, silent)
        self.assertEqual(await store.end_presence(silent), 2)
        self.assertEqual(await store.last_seen([BOB]), {BOB: 3})
        self.assertIn((await store.last_seen([ANN])).get(ANN, -1), (-1,))
        self.assertEqual(bare(await self.log(store))[2:], [went(ANN, 6), went(BOB, 6)])

    async def test_readers_keep_their_places(self):
        """A new one begins at the end of the log, and keeps that place though the log grows."""
        store = await self.make_store()
        self.assertEqual(await store.presence_place("first"), 0)
        await store.note_presence([came(ANN, 5), went(ANN, 6)], 6, NODE)
        self.assertEqual(await store.presence_place("late"), 2)
        await store.note_presence([came(ANN, 7)], 7, NODE)
        self.assertEqual((await store.presence_place("first"), await store.presence_place("late")), (0, 2))
        await store.set_presence_place("first", 3)
        self.assertEqual(await store.presence_place("first"), 3)

    async def test_what_several_nodes_tell_is_told_once(self):
        """Who is online does not come online again, and who is offline does not go; whoever told first."""
        store = await self.make_store()
        here, there = (each._replace(sharing=Sharing.TOGETHER) for each in (NODE, OTHER))
        await store.note_presence([went(BOB, 1), came(ANN, 5)], 5, here)
        # Of whom nobody told that he was there, it is known when he was.
        self.assertEqual(bare(await self.log(store)), [came(ANN, 5)])
        self.assertEqual(await store.last_seen([BOB]), {BOB: 1})
        await store.note_presence([came(ANN, 6), came(BOB, 6), joined(CHAT, 6), joined(CHAT, 6)], 6, there)
        self.assertEqual(bare(await self.log(store)), [came(ANN, 5), came(BOB, 6), *2 * [joined(CHAT, 6)]])
        self.assertEqual(await store.last_seen([BOB]), {BOB: 6})
        await store.note_presence([went(ANN, 7), came(ANN, 8), went(ANN, 9)], 9, here)
        await store.note_presence([went(ANN, 10), went(STRANGER, 11)], 11, there)
        await store.note_presence([went(ANN, 8)], 11, here)
        log = [went(ANN, 7), came(ANN, 8), went(ANN, 9)]
        self.assertEqual((bare(await self.log(store))[1:], await self.log(store, 7)), (log, []))
        # Who is said to go, and is not known to be here, was seen all the same.
        self.assertEqual(await store.last_seen([ANN, BOB, STRANGER]), {ANN: 10, BOB: 6, STRANGER: 11})

    async def test_who_is_apart_does_not_tell_of_others(self):
        """That somebody is gone says the node by which they came online last, however they came online."""
        store = await self.make_store()
        apart = NODE._replace(sharing=Sharing.APART)
        await store.note_presence([came(ANN, 5), came(BOB, 5)], 5, NODE)
        await store.note_presence([came(ANN, 6)], 6, OTHER._replace(sharing=Sharing.APART))
        await store.note_presence([went(ANN, 7), went(BOB, 7)], 7, apart)
        self.assertEqual(bare(await self.log(store)), [came(ANN, 5), came(BOB, 5), went(BOB, 7)])
        self.assertEqual(await store.end_presence(NODE, ["here"]), 1)
        self.assertEqual(bare(await self.log(store))[3:], [went(ANN, 6)])

    async def test_who_is_steady_comes_online(self):
        """In the log, if that says that they are not; and they belong to the node that says so."""
        store = await self.make_store()
        await store.note_presence([came(ANN, 5)], 5, OTHER)
        self.assertEqual(await store.end_presence(NODE, ["there"], [], {ANN: 8, BOB: 9}), 1)
        self.assertEqual(bare(await self.log(store)), [came(ANN, 5), came(BOB, 9)])
        self.assertEqual(await store.end_presence(OTHER, ["there"]), 1)
        self.assertEqual(bare(await self.log(store))[2:], [went(BOB, 9)])

    async def test_one_reads_at_a_time(self):
        """Until its turn is over, or given back; the place is one for all, and never goes back."""
        store = await self.make_store()
        self.assertEqual(await store.take_turn("r", "here", 100, 130), 0)
        await store.note_presence([came(ANN, 5), went(ANN, 6), came(ANN, 7)], 7, NODE)
        self.assertIsNone(await store.take_turn("r", "there", 129, 160))
        await store.set_presence_place("r", 2)
        self.assertEqual(await store.take_turn("r", "here", 129, 140), 2)
        self.assertIsNone(await store.take_turn("r", "there", 139, 160))
        self.assertEqual(await store.take_turn("r", "there", 140, 160), 2)
        await store.set_presence_place("r", 3)
        await store.set_presence_place("r", 2)
        self.assertIsNone(await store.take_turn("r", "here", 141, 170))
        self.assertEqual(await store.take_turn("r", "there", 141, 141), 3)
        self.assertEqual(await store.take_turn("r", "here", 141, 141 + TURN_LIMIT), 3)
        # Noted by a clock that was ahead.
        self.assertEqual(await store.take_turn("r", "there", 140, 170), 3)
