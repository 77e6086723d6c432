"""A call between two clients of CppComet, from SQL to hanging up, over real sockets."""

import json

from tests.e2e.test_acceptance import AcceptanceCase

INSERT = "INSERT INTO conference (name, user_id, caller_id, message, profile) VALUES "


class Phone:
    """What CppComet's video API does on one page, as far as it needs no media."""

    def __init__(self, case, client, user_id):
        self.case, self.client, self.user_id = case, client, user_id
        self.sent = 0

    async def called(self):
        """@return: the frame that calls; the client then listens in the call, and to who comes and goes."""
        frame = await self.client.next()
        self.frame, self.call = frame, frame["data"]["sys"]
        self.pipe = self.call["callPipe"]
        await self.client.listen(self.pipe, f"track_{self.pipe}")
        return frame

    def say(self, event, **payload):
        """Send what these clients send: the payload with a mark of its own, by which copies are known."""
        self.sent += 1
        payload["_cometApi_uuid"] = f"jsapi{self.user_id}x{self.sent}"
        self.client.say(f"web_pipe2\n{self.pipe}\n{event}\n*\n{json.dumps(payload)}")

    async def told(self):
        """@return: event, payload without the mark, and sender of the next message in the call."""
        while True:
            frame = await self.client.next()
            if frame["pipe"] == self.pipe:
                payload = json.loads(frame["data"])
                self.case.assertRegex(payload.pop("_cometApi_uuid"), r"\Ajsapi")
                return frame["event"], payload, frame["user_id"]


class OldCallTests(AcceptanceCase):
    """One server, two users, a conference."""

    async def phone(self, user_id):
        await self.sql(f"INSERT INTO users_auth (id, hash) VALUES ({user_id}, 'key{user_id}')")
        client, known = await self.enter(f"key{user_id}", user_id, uuid=f"{user_id}" * 32)
        self.assertTrue(known)
        return Phone(self, client, user_id)

    async def test_a_call(self):
        """
        Both are called, find each other in the channel that they were told, answer, mute and hang up, and see
        when the other one comes and goes.
        """
        await self.start()
        ann, bob = await self.phone(3), await self.phone(7)
        # As with CppComet the caller is called, too.
        rows = ", ".join(f"('101', {user_id}, 3, '{{\"x\":1}}', 'video')" for user_id in (3, 7))
        await self.sql(INSERT + rows)
        frame = await ann.called()
        self.assertEqual(frame["data"]["message"], '{"x":1}')
        self.assertEqual(set(frame), {"data", "event", "pipe"})
        self.assertEqual((frame["event"], frame["pipe"]), ("sys_sipCall", "msg"))
        await bob.called()
        self.assertEqual(ann.pipe, bob.pipe)
        self.assertRegex(ann.pipe, r"\Aweb_syscall_vA_[A-Za-z]{28}\Z")
        self.assertNotEqual(ann.call["callKey"], bob.call["callKey"])
        self.assertEqual((bob.call["caller_id"], bob.call["sipNumber"]), (3, "1*101*video"))
        self.assertEqual(bob.call["serverPort"], self.running.ws_port)
        # The first to come sees the second.
        joined = await ann.client.next()
        self.assertEqual((joined["pipe"], joined["event"]), (f"track_{ann.pipe}", "subscription"))
        self.assertEqual(joined["data"], {"user_id": 7, "uuid": "7" * 32})
        for sender, receiver, event, payload in (
            (ann, bob, "ping", {"status": "ping"}),
            (bob, ann, "pong", {"status": "pong"}),
            (bob, ann, "accept", {"status": "start_accept", "type": "video"}),
            (ann, bob, "mediaStart", {"status": "self"}),
            (bob, ann, "mediaStart", {"status": "answer"}),
            (ann, bob, "toggleMute", {"isMute": True}),
            (bob, ann, "out", {"status": "hangup", "callKey": bob.call["callKey"]}),
        ):
            sender.say(event, **payload)
            self.assertEqual(await receiver.told(), (event, payload, sender.user_id))
        bob.client.transport.abortConnection()
        while (left := await ann.client.next())["event"] != "unsubscription":
            pass
        self.assertEqual((left["pipe"], left["data"]["user_id"]), (f"track_{ann.pipe}", 7))

    async def test_a_device_that_took_the_call(self):
        """Another device of the user hears C{accept} with that user's own number, and so need not ring."""
        await self.start()
        first, second = await self.phone(7), await self.phone(7)
        await self.sql(f"{INSERT}('101', 7, 3, '', 'audio')")
        await first.called()
        await second.called()
        first.say("accept", status="start_accept", type="audio")
        event, _, sender = await second.told()
        self.assertEqual((event, sender), ("accept", 7))

    async def test_who_comes_while_it_rings(self):
        """The call waits in the queue, as a text."""
        await self.start()
        await self.sql(f"{INSERT}('101', 9, 3, 'come', 'video')")
        await self.sql("INSERT INTO users_auth (id, hash) VALUES (9, 'key9')")
        client, _ = await self.enter("key9", 9)
        frame = await client.next()
        self.assertIs(frame["fromQueue"], True)
        called = json.loads(frame["data"])
        self.assertEqual((called["message"], called["sys"]["conference"]), ("come", "true"))
        self.assertRegex(called["sys"]["callKey"], r"\A[0-9a-f-]{36}\Z")
