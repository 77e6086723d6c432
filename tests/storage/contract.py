"""What every store promises; mix into a test case and write C{make_store}."""

from __future__ import annotations

from comet.model import NOWHERE, Channel, Message, PrivateMessage, User
from comet.storage.interface import Store
from comet.storage.listings import EVERYTHING, Most
from comet.storage.writes import Write

CHAT, NEWS, ABROAD = Channel(0, "chat"), Channel(0, "news"), Channel(7, "chat")
ANN, BOB, STRANGER = User(0, 1), User(0, 2), User(7, 1)
#: Text that a careless store loses: every kind of quote, controls, what is no 3-byte UTF-8.
NASTY = "it's \"q\" `b` \\ \\' ? %s {} \n\r\t\x00\x1a \u2028 кириллица 🦦"


def said(number, channel=CHAT, **more):
    return Message(channel, "say", f"m{number}", 1000 + number, id=f"id-{channel.dev_id}-{number}", **more)


def whispered(number, user=ANN):
    return PrivateMessage(user, "note", f"p{number}", 1000 + number)


class StoreContract:
    """The promises of L{comet.storage.interface.Store}."""

    def make_store(self):
        """@return: a store that is empty and started, in a coroutine."""
        raise NotImplementedError

    async def test_a_key_is_kept_until_it_is_replaced_or_removed(self):
        """The newest key counts, users without one are left out, and removing tells how many had one."""
        store = await self.make_store()
        await store.set_key(ANN, "old")
        await store.set_key(ANN, "new")
        await store.set_key(STRANGER, "other")
        self.assertEqual(await store.keys([ANN, BOB, STRANGER]), {ANN: "new", STRANGER: "other"})
        self.assertEqual(await store.remove_keys([ANN, BOB]), 1)
        self.assertEqual(await store.keys([ANN, BOB, STRANGER]), {STRANGER: "other"})

    async def test_many_users_can_be_asked_for_at_once(self):
        """A list longer than a database takes parameters is no special case."""
        store = await self.make_store()
        users = [User(0, number) for number in range(1, 2501)]
        for user in users[::100]:
            await store.set_last_seen(user, 5)
        self.assertEqual(await store.last_seen(users), dict.fromkeys(users[::100], 5))

    async def test_the_last_time_seen_is_the_last_one_set(self):
        """Times are kept by user and tenant."""
        store = await self.make_store()
        await store.set_last_seen(ANN, 10)
        await store.set_last_seen(ANN, 20)
        self.assertEqual(await store.last_seen([ANN, BOB, STRANGER]), {ANN: 20})

    async def test_history_is_the_newest_in_the_order_they_came(self):
        """A channel keeps as many as it should, and gives as many as asked for, oldest first."""
        store = await self.make_store()
        for number in range(5):
            await store.append(said(number), keep=3)
        self.assertEqual(await store.history(CHAT, 99), [said(2), said(3), said(4)])
        self.assertEqual(await store.history(CHAT, 2), [said(3), said(4)])

    async def test_history_gives_back_exactly_what_was_said(self):
        """Text, sender and absence of a sender survive."""
        store = await self.make_store()
        message = Message(CHAT, "", NASTY, 7, user_id=0, id="a")
        await store.append(message, keep=9)
        await store.append(said(1, user_id=4), keep=9)
        await store.append(said(2), keep=9)
        self.assertEqual(await store.history(CHAT, 9), [message, said(1, user_id=4), said(2)])

    async def test_histories_do_not_mix(self):
        """Trimming one channel leaves the others alone, also that of the same name of another tenant."""
        store = await self.make_store()
        for channel in (CHAT, NEWS, ABROAD):
            await store.append(Message(channel, "say", "x", 1, id=f"{channel}"), keep=1)
        await store.append(said(1), keep=1)
        self.assertEqual(await store.history(CHAT, 9), [said(1)])
        self.assertEqual(len(await store.history(NEWS, 9)), 1)
        self.assertEqual(len(await store.history(ABROAD, 9)), 1)

    async def test_a_shorter_length_takes_effect_at_once(self):
        """Setting a length removes what is beyond it."""
        store = await self.make_store()
        for number in range(4):
            await store.append(said(number), keep=9)
        await store.set_length(CHAT, 2)
        self.assertEqual(await store.history(CHAT, 9), [said(2), said(3)])
        await store.set_length(CHAT, 0)
        self.assertEqual(await store.history(CHAT, 9), [])
        self.assertEqual(await store.lengths(), {CHAT: 0})

    async def test_removing_a_channel_removes_its_length_and_history(self):
        """The count is of lengths; the other channels stay."""
        store = await self.make_store()
        await store.set_length(CHAT, 5)
        await store.set_length(ABROAD, 6)
        await store.append(said(1), keep=5)
        self.assertEqual(await store.remove_channels([CHAT, NEWS]), 1)
        self.assertEqual(await store.lengths(), {ABROAD: 6})
        self.assertEqual(await store.history(CHAT, 9), [])

    async def test_messages_are_removed_by_channel_or_by_id(self):
        """Both ways tell how many there were; a tenant does not reach another's messages."""
        store = await self.make_store()
        for number in range(4):
            await store.append(said(number), keep=9)
        await store.append(said(0, ABROAD), keep=9)
        self.assertEqual(await store.remove_messages(0, ["id-0-1", "id-7-0", "none"]), 1)
        self.assertEqual(await store.history(CHAT, 9), [said(0), said(2), said(3)])
        self.assertEqual(await store.remove_history([CHAT]), 3)
        self.assertEqual(await store.history(ABROAD, 9), [said(0, ABROAD)])

    async def test_the_queue_keeps_order_and_drops_the_oldest(self):
        """More than the queue holds pushes out its head, and tells how many."""
        store = await self.make_store()
        dropped = [await store.enqueue(whispered(number), keep=3) for number in range(5)]
        self.assertEqual([each.dropped for each in dropped], [0, 0, 0, 1, 1])
        self.assertEqual([each.number for each in dropped][2:], [m.number for m in await store.queue(ANN)])
        waiting = await store.queue(ANN)
        self.assertEqual([message.text for message in waiting], ["p2", "p3", "p4"])
        self.assertEqual([message.time for message in waiting], [1002, 1003, 1004])
        self.assertEqual(sorted({message.number for message in waiting}), [m.number for m in waiting])
        self.assertTrue(all(message.queued for message in waiting))

    async def test_exactly_what_was_handed_over_leaves_the_queue(self):
        """What came in the meantime stays."""
        store = await self.make_store()
        await store.enqueue(whispered(1), keep=9)
        await store.enqueue(whispered(1, BOB), keep=9)
        read = await store.queue(ANN)
        await store.enqueue(whispered(2), keep=9)
        numbers = [message.number for message in read]
        self.assertEqual(await store.dequeue(ANN, numbers), 1)
        self.assertEqual(await store.dequeue(ANN, numbers), 0)
        self.assertEqual([message.text for message in await store.queue(ANN)], ["p2"])
        self.assertEqual([message.text for message in await store.queue(BOB)], ["p1"])

    async def test_queues_are_removed_by_user(self):
        """Everything goes, and is counted."""
        store = await self.make_store()
        for number in range(3):
            await store.enqueue(whispered(number), keep=9)
        await store.enqueue(whispered(1, STRANGER), keep=9)
        self.assertEqual(await store.remove_queues([ANN, BOB]), 3)
        self.assertEqual(await store.queue(ANN), [])
        self.assertEqual(len(await store.queue(STRANGER)), 1)

    async def test_writes_are_applied_together_and_in_order(self):
        """Each gives what it gives by itself, and finds what those before it have done."""
        store = await self.make_store()
        results = await store.apply(
            [
                Write(Store.set_key, ANN, "k"),
                Write(Store.set_length, CHAT, 2),
                *(Write(Store.append, said(number), 2) for number in range(3)),
                Write(Store.remove_messages, 0, ["id-0-1"]),
                *(Write(Store.enqueue, whispered(number), 1) for number in range(2)),
                Write(Store.remove_keys, [ANN, BOB]),
            ]
        )
        removed, first, second, keys = results[-4:]
        self.assertEqual((removed, first.dropped, second.dropped, keys), (1, 0, 1, 1))
        self.assertEqual(await store.keys([ANN]), {})
        self.assertEqual(await store.history(CHAT, 9), [said(2)])
        self.assertEqual([message.text for message in await store.queue(ANN)], ["p1"])
        self.assertEqual(await store.apply([]), [])

    async def test_if_one_write_fails_none_is_done(self):
        """Wherever in the middle it happens, and the store goes on."""
        store = await self.make_store()
        await store.set_length(CHAT, 5)
        await store.append(said(0), 5)
        await store.enqueue(whispered(0), 5)
        good = [
            Write(Store.set_key, ANN, "k"),
            Write(Store.append, said(1), 5),
            Write(Store.enqueue, whispered(1), 5),
            Write(Store.remove_history, [CHAT]),
            Write(Store.set_length, NEWS, 5),
            Write(Store.remove_channels, [CHAT]),
        ]
        bad = Write(Store.append, None, 5)
        for place in range(len(good) + 1):
            with self.assertRaises(Exception) as caught:
                await store.apply([*good[:place], bad, *good[place:]])
            self.assertIn("None", str(caught.exception))
            self.assertEqual(await store.keys([ANN]), {})
            self.assertEqual(await store.history(CHAT, 9), [said(0)])
            self.assertEqual([message.text for message in await store.queue(ANN)], ["p0"])
            self.assertEqual(await store.lengths(), {CHAT: 5})
        await store.apply(good)
        self.assertEqual(await store.keys([ANN]), {ANN: "k"})
        self.assertEqual(await store.lengths(), {NEWS: 5})

    async def test_a_deposit_is_never_dropped_and_tells_its_number(self):
        """Until the next message is queued, which brings the queue to its length."""
        store = await self.make_store()
        numbers = [await store.deposit(whispered(number)) for number in range(3)]
        self.assertEqual([message.number for message in await store.queue(ANN)], numbers)
        self.assertEqual((await store.enqueue(whispered(3), 2)).dropped, 2)
        self.assertEqual([message.text for message in await store.queue(ANN)], ["p2", "p3"])

    async def test_messages_are_counted_by_id(self):
        """Those of the tenant, each once."""
        store = await self.make_store()
        await store.append(said(0), 5)
        await store.append(said(1), 5)
        await store.append(said(0, ABROAD), 5)
        ids = [said(0).id, said(1).id, said(1).id, said(0, ABROAD).id, "none"]
        self.assertEqual(await store.count_messages(0, ids), 2)
        self.assertEqual(await store.count_messages(0, []), 0)

    async def test_private_text_survives(self):
        """What comes out of the queue is what went in."""
        store = await self.make_store()
        await store.enqueue(PrivateMessage(ANN, "", NASTY, 7), keep=9)
        (message,) = await store.queue(ANN)
        self.assertEqual((message.event, message.text, message.time), ("", NASTY, 7))

    async def test_messages_have_places_in_one_epoch(self):
        """Appending tells the place; the history and the channel tell the same ones."""
        store = await self.make_store()
        self.assertEqual(await store.places([CHAT]), {})
        places = [await store.append(said(number), keep=2) for number in range(3)]
        self.assertEqual([place.position for place in places], [1, 2, 3])
        self.assertEqual(len({place.epoch for place in places}), 1)
        self.assertTrue(places[0].epoch)
        self.assertEqual([message.place for message in await store.history(CHAT, 9)], places[1:])
        await store.append(said(0, ABROAD), keep=2)
        found = await store.places([CHAT, NEWS, ABROAD])
        self.assertEqual((found[CHAT], found[ABROAD].position, len(found)), (places[2], 1, 2))
        self.assertNotEqual(found[CHAT].epoch, found[ABROAD].epoch)

    async def test_what_was_said_since_a_place(self):
        """The place of the channel, and what is behind the position that is asked for, oldest first."""
        store = await self.make_store()
        self.assertEqual(await store.since(CHAT, 0, EVERYTHING), (NOWHERE, []))
        for number in range(5):
            last = await store.append(said(number), keep=3)
        await store.append(said(0, ABROAD), keep=3)
        self.assertEqual(await store.since(CHAT, 3, EVERYTHING), (last, [said(3), said(4)]))
        self.assertEqual(await store.since(CHAT, 0, EVERYTHING), (last, [said(2), said(3), said(4)]))
        self.assertEqual(await store.since(CHAT, 5, EVERYTHING), (last, []))
        found = (await store.since(CHAT, 0, EVERYTHING)).messages
        self.assertEqual([message.place.position for message in found], [3, 4, 5])
        self.assertEqual({message.place.epoch for message in found}, {last.epoch})

    async def test_no_more_is_read_than_is_wanted(self):
        """By rows or by text: just as much as shows that there is more."""
        store = await self.make_store()
        for number in range(5):
            await store.append(said(number), keep=9)
        self.assertEqual(len((await store.since(CHAT, 0, Most(2, 99))).messages), 3)
        self.assertEqual(len((await store.since(CHAT, 0, Most(9, 3))).messages), 2)

    async def test_an_epoch_ends_with_the_history(self):
        """When its length goes, or becomes 0; positions go on, so that none is given twice."""
        store = await self.make_store()
        await store.set_length(CHAT, 5)
        first = await store.append(said(1), keep=5)
        await store.set_length(CHAT, 3)
        self.assertEqual((await store.places([CHAT]))[CHAT], first)
        await store.set_length(CHAT, 0)
        second = await store.append(said(2), keep=5)
        await store.remove_channels([CHAT])
        third = await store.append(said(3), keep=5)
        self.assertEqual([first.position, second.position, third.position], [1, 2, 3])
        self.assertEqual(len({first.epoch, second.epoch, third.epoch}), 3)

    async def test_what_has_arrived_leaves_the_queue(self):
        """Up to the number that is told, and of that user alone."""
        store = await self.make_store()
        queued = [await store.enqueue(whispered(number), keep=9) for number in range(4)]
        await store.enqueue(whispered(1, BOB), keep=9)
        self.assertEqual(await store.acknowledge(ANN, queued[1].number), 2)
        self.assertEqual([message.text for message in await store.queue(ANN)], ["p2", "p3"])
        self.assertEqual(await store.acknowledge(ANN, queued[1].number), 0)
        self.assertEqual(len(await store.queue(BOB)), 1)

    async def test_when_a_private_message_goes_stale_is_kept(self):
        """Beside the message, in the queue of one user and in that of all."""
        store = await self.make_store()
        await store.enqueue(PrivateMessage(ANN, "", "x", 7, expires=99), keep=9)
        self.assertEqual([message.expires for message in await store.queue(ANN)], [99])
        self.assertEqual([message.expires for message in await store.all_queues(0, EVERYTHING)], [99])
