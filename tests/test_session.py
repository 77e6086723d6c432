"""Tests for L{comet.session}."""

import jwt
from twisted.trial.unittest import SynchronousTestCase

from comet.broker import Broker
from comet.errors import TooFast
from comet.identity import ANONYMOUS, Identity
from comet.limits import Limits
from comet.model import (
    AskCount,
    AskData,
    AskHistory,
    AskMembers,
    AskStatus,
    Channel,
    Counted,
    Farewell,
    Follow,
    Goodbye,
    Joined,
    Joint,
    Left,
    Member,
    Members,
    Message,
    Nothing,
    PrivateMessage,
    Recalled,
    Refresh,
    Refreshed,
    Refusal,
    Reported,
    Request,
    Send,
    Status,
    Subscribe,
    User,
    UserData,
    Welcome,
)
from comet.rights import Rule, Who
from comet.session import Session, Visitor
from comet.storage.memory import MemoryStore
from tests.running import FRAMING, finish, make_broker, spawn


class Line:
    """A wire that takes everything at once, until it is told to hold."""

    def __init__(self):
        self.events, self.goodbye, self.holding, self.session = [], None, False, None

    def ready(self):
        if not self.holding:
            self.events += [frame.event for frame in self.session.take()]

    def lose(self, goodbye):
        self.holding = False
        self.ready()
        self.goodbye = goodbye


class SessionCase(SynchronousTestCase):
    """Sessions around one broker."""

    def setUp(self):
        self.broker = make_broker(time=50, channels=3, outbox_messages=5, message=20)
        finish(self.broker.store.set_key(User(0, 7), "key7"))

    def connect(self, **visitor):
        line = Line()
        line.session = Session(Visitor(**visitor), FRAMING, line, self.broker, "comet test")
        finish(line.session.start())
        return line

    def ask(self, line, command):
        """@return: what the client hears because of C{command}."""
        before = len(line.events)
        finish(line.session.receive(command))
        return line.events[before:]


class StartTests(SessionCase):
    """Coming in."""

    def test_the_right_key_makes_a_user(self):
        """Who hears so, with the key, and then what has waited."""
        finish(self.broker.send_private(PrivateMessage(User(0, 7), "n", "hello", 40)))
        line = self.connect(user_id=7, key="key7")
        welcome, waited = line.events
        self.assertEqual(welcome, Welcome(True, "key7", "comet test", 50))
        self.assertEqual(waited.text, "hello")
        self.assertIn(User(0, 7), self.broker.presence)

    def test_a_wrong_key_makes_a_stranger(self):
        """Who stays connected, but is nobody, and is not told the key."""
        line = self.connect(user_id=7, key="wrong")
        self.assertEqual(line.events, [Welcome(False, "", "comet test", 50)])
        self.assertEqual(line.session.user_id, 0)
        self.assertEqual(len(self.broker.presence), 0)

    def test_a_key_of_another_tenant_opens_nothing(self):
        """Users of different tenants are different users."""
        line = self.connect(dev_id=1, user_id=7, key="key7")
        self.assertFalse(line.events[0].authorized)


class SubscribeTests(SessionCase):
    """What a client listens to."""

    def members(self, name):
        return self.broker.hub.count(Channel(0, name))

    def test_a_list_replaces_the_one_before(self):
        """What is not in it any more is left."""
        line = self.connect()
        self.assertEqual(self.ask(line, Subscribe(("one", "two"))), [])
        self.ask(line, Subscribe(("two", "three")))
        self.assertEqual([self.members(name) for name in ("one", "two", "three")], [0, 1, 1])

    def test_what_stays_in_the_list_is_not_left_and_joined(self):
        """Others see nobody come and go."""
        watcher, line = self.connect(uuid="W"), self.connect(uuid="L")
        self.ask(watcher, Subscribe(("track_room",)))
        self.ask(line, Subscribe(("track_room",)))
        self.ask(line, Subscribe(("other", "track_room")))
        line.session.end()
        channel, member = Channel(0, "track_room"), Member(0, "L", line.session.number)
        self.assertEqual(watcher.events[1:], [Joined(channel, member, 50), Left(channel, member, 50)])
        self.assertEqual(len(line.events), 1)

    def test_what_is_followed_alone_stays_if_it_is_followed_already(self):
        """However many there are, and whoever sends the whole list again with each request."""
        watcher, line = self.connect(), self.connect()
        both = {"track_a": None, "track_b": None}
        for each in (watcher, line):
            self.ask(each, Follow(both))
        before = len(watcher.events)
        self.ask(line, Follow(both, only=True))
        self.assertEqual(watcher.events[before:], [])
        self.ask(line, Follow({"track_b": None}, only=True))
        gone = Left(Channel(0, "track_a"), line.session.member, 50)
        self.assertEqual(watcher.events[before:], [gone])

    def test_a_bad_name_does_not_harm_the_good_ones(self):
        """One refusal for each bad name; the rest is subscribed."""
        line = self.connect()
        refusals = self.ask(line, Subscribe(("x", "ok_1", "private_z", "no spaces", "ok-2", "y" * 65)))
        self.assertEqual([type(event) for event in refusals], [Refusal] * 4)
        self.assertEqual({event.command for event in refusals}, {Subscribe})
        self.assertEqual([self.members("ok_1"), self.members("ok-2")], [1, 1])

    def test_names_of_the_servers_own_frames_are_no_channels(self):
        """They are accepted, and nothing comes of it."""
        line = self.connect()
        self.assertEqual(self.ask(line, Subscribe(("msg", "sys", "_answer", "chat"))), [])
        self.assertEqual([self.members(name) for name in ("msg", "sys", "_answer", "chat")], [0, 0, 0, 1])

    def test_the_number_of_channels_is_limited(self):
        """The first ones stay, each further one is refused."""
        line = self.connect()
        refusals = self.ask(line, Subscribe(("aa", "bb", "cc", "dd", "ee")))
        self.assertEqual(len(refusals), 2)
        self.assertEqual([self.members(name) for name in ("aa", "cc", "dd")], [1, 1, 0])


class SendTests(SessionCase):
    """Publishing."""

    def test_others_hear_and_the_sender_gets_a_report(self):
        """With the true number of receivers; the sender does not hear the own message."""
        sender, one, two = self.connect(user_id=7, key="key7"), self.connect(), self.connect(dev_id=1)
        for line in (sender, one, two):
            self.ask(line, Subscribe(("web_chat",)))
        report = self.ask(sender, Send("web_chat", "say", "hi"))
        self.assertEqual(report, [Reported("web_chat", "hi", 1, 50)])
        message = Message(Channel(0, "web_chat"), "say", "hi", 50, user_id=7)
        self.assertEqual(one.events[1:], [message])
        self.assertEqual(len(two.events), 1)

    def test_a_sender_may_hide(self):
        """Then nobody is named."""
        sender, one = self.connect(user_id=7, key="key7"), self.connect()
        self.ask(one, Subscribe(("web_chat",)))
        self.ask(sender, Send("web_chat", "say", "hi", hide_sender=True))
        self.assertEqual(one.events[-1].user_id, 0)

    def test_what_is_not_allowed_is_refused_and_nobody_hears(self):
        """The connection stays."""
        sender, one = self.connect(), self.connect()
        self.ask(one, Subscribe(("plain", "webauth_x", "web_x")))
        for command in (Send("plain", "", "x"), Send("webauth_x", "", "x"), Send("web_x", "", "й" * 11)):
            (refusal,) = self.ask(sender, command)
            self.assertEqual((type(refusal), refusal.command), (Refusal, Send))
        self.assertEqual(len(one.events), 1)
        self.assertIsNone(sender.goodbye)


class QuestionTests(SessionCase):
    """What a client may ask."""

    def test_count_and_members(self):
        """Who listens, newest first."""
        one, two = self.connect(uuid="U1"), self.connect(user_id=7, key="key7", uuid="U2")
        for line in (one, two):
            self.ask(line, Subscribe(("track_room",)))
        self.assertEqual(self.ask(one, AskCount("track_room", "m")), [Counted("m", 2, 50)])
        members = (Member(7, "U2", two.session.number), Member(0, "U1", one.session.number))
        self.assertEqual(
            self.ask(one, AskMembers("track_room", "m")), [Members("track_room", "m", members, 50)]
        )
        self.assertIsInstance(self.ask(one, AskMembers("web_x", "m"))[0], Refusal)

    def test_history(self):
        """What was said, oldest first, and only to the one who asks."""
        channel = Channel(0, "chat")
        finish(self.broker.set_length(channel, 5))
        for text in "ab":
            finish(self.broker.publish(Message(channel, "say", text, 9)))
        line = self.connect()
        events = self.ask(line, AskHistory("chat", "m"))
        self.assertEqual(
            [(type(event), event.message.text) for event in events], [(Recalled, "a"), (Recalled, "b")]
        )
        self.assertIsInstance(self.ask(line, AskHistory("private_x", "m"))[0], Refusal)

    def test_data(self):
        """What the site has noted about a user of this tenant, empty if nothing."""
        finish(self.broker.store.set_data(User(0, 60), '{"a":1}'))
        finish(self.broker.store.set_data(User(1, 61), "of another tenant"))
        line = self.connect()
        self.assertEqual(self.ask(line, AskData(60, "m")), [UserData(60, "m", '{"a":1}', 50)])
        self.assertEqual(self.ask(line, AskData(61, "m")), [UserData(61, "m", "", 50)])

    def test_status(self):
        """0 while online, -1 if unknown."""
        self.connect(user_id=7, key="key7")
        line = self.connect()
        self.assertEqual(self.ask(line, AskStatus(7)), [Status(7, 0, 50)])
        self.assertEqual(self.ask(line, AskStatus(8)), [Status(8, -1, 50)])

    def test_nothing(self):
        """Has no answer."""
        self.assertEqual(self.ask(self.connect(), Nothing()), [])


class OwnChannelTests(SessionCase):
    """Channels that each user has alone."""

    def setUp(self):
        super().setUp()
        finish(self.broker.store.set_key(User(0, 8), "key8"))
        finish(self.broker.store.set_key(User(1, 7), "key7"))

    def test_only_the_own_connections_hear(self):
        """By the name that the client knows; not other users, nor one of another tenant."""
        phone, tablet = (self.connect(user_id=7, key="key7", uuid=uuid) for uuid in "pt")
        others = [self.connect(user_id=8, key="key8"), self.connect(dev_id=1, user_id=7, key="key7")]
        for line in (phone, tablet, *others):
            self.assertEqual(self.ask(line, Subscribe(("self_desk",))), [])
        self.assertEqual(
            self.ask(phone, Send("self_desk", "say", "hi")), [Reported("self_desk", "hi", 1, 50)]
        )
        self.assertEqual(tablet.events[-1], Message(Channel(0, "self_desk"), "say", "hi", 50, user_id=7))
        self.assertEqual([len(line.events) for line in others], [1, 1])
        self.assertEqual(self.ask(phone, AskCount("self_desk", "m")), [Counted("m", 2, 50)])
        members = (tablet.session.member, phone.session.member)
        self.assertEqual(
            self.ask(phone, AskMembers("self_desk", "m")), [Members("self_desk", "m", members, 50)]
        )
        phone.session.end()
        tablet.session.end()
        self.assertEqual(len(self.broker.hub), 2)

    def test_the_anonymous_have_none(self):
        """They are refused, each time."""
        line = self.connect()
        for command in (Subscribe(("self_x",)), Send("self_x", "", "x"), AskHistory("self_x", "m")):
            (refusal,) = self.ask(line, command)
            self.assertEqual((type(refusal), refusal.command), (Refusal, type(command)))
        self.assertEqual(len(self.broker.hub), 0)

    def test_sql_does_not_reach_them(self):
        """A message of that name has no listeners, and nothing is kept."""
        line = self.connect(user_id=7, key="key7")
        self.ask(line, Subscribe(("self_x",)))
        finish(self.broker.set_length(Channel(0, "self_x"), 5))
        self.assertEqual(finish(self.broker.publish(Message(Channel(0, "self_x"), "", "x", 9))).reached, 0)
        self.ask(line, Send("self_x", "", "y"))
        self.assertEqual(self.ask(line, AskHistory("self_x", "m")), [])


class RightsTests(SessionCase):
    """What the table of channel rights changes."""

    def set(self, *rules):
        finish(self.broker.commit([self.broker.grants.setting(0, rule) for rule in rules]))

    def test_rights_count_at_once(self):
        """For each command."""
        line = self.connect(user_id=7, key="key7")
        self.set(
            Rule("plain", publish=Who.USERS, members=Who.ALL, count=Who.ALL),
            Rule("web_x", *[Who.NONE] * 5),
        )
        self.assertIsInstance(self.ask(line, Send("plain", "", "x"))[0], Reported)
        self.assertIsInstance(self.ask(line, AskMembers("plain", ""))[0], Members)
        self.assertIsInstance(self.ask(line, AskCount("plain", ""))[0], Counted)
        for command in (
            Subscribe(("web_x",)),
            Send("web_x", "", "x"),
            AskHistory("web_x", ""),
            AskMembers("web_x", ""),
            AskCount("web_x", ""),
        ):
            self.assertIsInstance(self.ask(line, command)[0], Refusal)

    def test_coming_back_is_reading_the_history(self):
        """Who may not read it is given nothing of it, from whatever place, and told that there is a gap."""
        channel = Channel(0, "news")
        finish(self.broker.set_length(channel, 5))
        for text in "ab":
            finish(self.broker.publish(Message(channel, "say", text, 9)))
        place = finish(self.broker.store.places([channel]))[channel]
        wanted = Follow({"news": place._replace(position=1)})
        followed, missed = self.ask(self.connect(), wanted)
        self.assertEqual((followed.joints, missed.text), ({"news": Joint(place, missed=1)}, "b"))
        self.set(Rule("news", history=Who.USERS))
        (followed,) = self.ask(self.connect(), wanted)
        self.assertEqual(followed.joints, {"news": Joint(place, gap=True)})

    def test_what_is_known_of_users(self):
        """Open to all at first; then to those whom the rules name, and to each of themselves."""
        line, ann = self.connect(), self.connect(user_id=7, key="key7")
        questions = [(AskStatus(7), AskData(7, "")), (AskStatus(9), AskData(9, ""))]
        for who in (line, ann):
            for status, data in questions:
                self.assertIsInstance(self.ask(who, status)[0], Status)
                self.assertIsInstance(self.ask(who, data)[0], UserData)
        self.set(Rule("user_status_", subscribe=Who.USERS), Rule("user_data_", history=Who.TOKEN))
        allowed = {
            (who is ann, question.user_id, type(question)): not isinstance(
                self.ask(who, question)[0], Refusal
            )
            for who in (line, ann)
            for pair in questions
            for question in pair
        }
        self.assertEqual(
            {key for key, may in allowed.items() if may},
            {(True, 7, AskStatus), (True, 7, AskData), (True, 9, AskStatus)},
        )
        self.assertIn("user_data_9", str(self.ask(ann, AskData(9, ""))[0].error))

    def test_who_listens_already_leaves_at_the_next_tick(self):
        """And is told so; the others stay, and so does everything else."""
        line, ann = self.connect(), self.connect(user_id=7, key="key7")
        for each in (line, ann):
            self.ask(each, Subscribe(("news", "newsroom", "chat")))
        self.set(Rule("news", subscribe=Who.USERS), Rule("newsroom", subscribe=Who.ALL))
        before = len(line.events)
        self.broker.tick()
        (refusal,) = line.events[before:]
        self.assertEqual((type(refusal), refusal.command), (Refusal, Subscribe))
        self.assertIn("news", str(refusal.error))
        counts = [self.broker.hub.count(Channel(0, name)) for name in ("news", "newsroom", "chat")]
        self.assertEqual(counts, [1, 2, 2])
        self.broker.tick()
        self.assertEqual(len(line.events), before + 1)


class TokenTests(SessionCase):
    """Coming in with a token, and going on with another."""

    def setUp(self):
        self.time = 50.0
        self.broker = Broker(MemoryStore(), Limits(), lambda: self.time, spawn, password="main")
        finish(self.broker.start())

    def token(self, exp, user_id=7, **channels):
        claims = {"user_id": user_id, "exp": exp} | ({"channels": channels} if channels else {})
        return jwt.encode(claims, "main0", "HS256")

    def test_claims_open_channels(self):
        """Those that the token names, and no other."""
        line = self.connect(user_id=7, key=self.token(60, publish=["news"], members=["news"]))
        self.assertIsInstance(self.ask(line, Send("news", "", "x"))[0], Reported)
        self.assertIsInstance(self.ask(line, AskMembers("news", ""))[0], Members)
        self.assertIsInstance(self.ask(line, Send("news2", "", "x"))[0], Refusal)

    def test_the_connection_ends_with_the_token(self):
        """Not before; the client may come back. Who has come with a key stays."""
        line = self.connect(user_id=7, key=self.token(60))
        finish(self.broker.store.set_key(User(0, 8), "key8"))
        other = self.connect(user_id=8, key="key8")
        self.ask(line, Subscribe(("chat",)))
        self.time = 60.0
        self.broker.tick()
        self.assertIsNone(line.goodbye)
        self.time = 60.5
        self.broker.tick()
        self.assertEqual((line.goodbye, other.goodbye), (Goodbye.EXPIRED, None))
        self.assertFalse(Goodbye.EXPIRED.final)
        self.assertEqual(line.events[-1], Farewell(Goodbye.EXPIRED, 60))
        self.assertEqual((len(self.broker.hub), len(self.broker.expiries)), (0, 0))

    def test_refreshing(self):
        """The connection goes on for as long as the new token counts."""
        line = self.connect(user_id=7, key=self.token(60))
        self.assertEqual(self.ask(line, Refresh(self.token(90))), [Refreshed(90, 50)])
        self.time = 80.0
        self.broker.tick()
        self.assertIsNone(line.goodbye)
        self.time = 91.0
        self.broker.tick()
        self.assertEqual(line.goodbye, Goodbye.EXPIRED)

    def test_a_refused_refresh_changes_nothing(self):
        """A token of somebody else, or none at all; the old one counts on."""
        line, stranger = self.connect(user_id=7, key=self.token(60, publish=["news"])), self.connect()
        for each, token in ((line, self.token(90, 8)), (line, "x"), (stranger, self.token(90))):
            (refusal,) = self.ask(each, Refresh(token))
            self.assertEqual((type(refusal), refusal.command), (Refusal, Refresh))
        self.assertEqual((line.session.user_id, stranger.session.identity), (7, ANONYMOUS))
        self.assertIsInstance(self.ask(line, Send("news", "", "x"))[0], Reported)
        self.time = 61.0
        self.broker.tick()
        self.assertEqual((line.goodbye, stranger.goodbye), (Goodbye.EXPIRED, None))

    def test_a_token_that_grants_less(self):
        """Its client leaves the channels that only the old one had opened."""
        finish(self.broker.commit([self.broker.grants.setting(0, Rule("vip_", subscribe=Who.TOKEN))]))
        line = self.connect(user_id=7, key=self.token(60, subscribe=["vip_*"]))
        self.assertEqual(self.ask(line, Subscribe(("vip_1", "vip_2", "chat"))), [])
        refreshed, refusal = self.ask(line, Refresh(self.token(90, subscribe=["vip_1"])))
        self.assertIsInstance(refreshed, Refreshed)
        self.assertIn("vip_2", str(refusal.error))
        counts = [self.broker.hub.count(Channel(0, name)) for name in ("vip_1", "vip_2", "chat")]
        self.assertEqual(counts, [1, 0, 1])

    def test_a_session_that_ends_is_forgotten(self):
        """Nobody waits for its token to run out."""
        line = self.connect(user_id=7, key=self.token(60))
        self.assertEqual(line.session.identity, Identity(7))
        line.session.end()
        self.assertEqual(len(self.broker.expiries), 0)

    def test_the_token_is_not_shown(self):
        """So that no log repeats it."""
        self.assertNotIn("secret", repr(Refresh("secret")))


class OutboxTests(SessionCase):
    """Waiting for a client that does not read."""

    def test_events_wait_in_order(self):
        """Until the wire is willing."""
        line = self.connect()
        line.holding = True
        for number in range(3):
            line.session.tell(Counted("m", number, 50))
        self.assertEqual((len(line.events), line.session.waiting_bytes), (1, 30))
        line.holding = False
        line.ready()
        self.assertEqual([event.count for event in line.events[1:]], [0, 1, 2])
        self.assertEqual(line.session.waiting_bytes, 0)

    def test_too_many_waiting_events_end_the_session(self):
        """What waited is dropped, the goodbye says why, and the client has left everything."""
        line = self.connect()
        self.ask(line, Subscribe(("chat",)))
        line.holding = True
        for number in range(7):
            line.session.tell(Counted("m", number, 50))
        self.assertEqual(line.goodbye, Goodbye.SLOW)
        self.assertEqual(line.events[1:], [Farewell(Goodbye.SLOW, 50)])
        self.assertEqual(self.broker.hub.count(Channel(0, "chat")), 0)

    def test_too_many_waiting_bytes_end_the_session(self):
        """However few events they are."""
        self.broker = make_broker(outbox_bytes=25)
        line = self.connect()
        line.holding = True
        for number in range(3):
            self.assertIsNone(line.goodbye)
            line.session.tell(Counted("m", number, 50))
        self.assertEqual(line.goodbye, Goodbye.SLOW)


class EndTests(SessionCase):
    """Going."""

    def test_a_lost_session_leaves_everything_at_once(self):
        """Channels and presence, and a second end changes nothing."""
        line = self.connect(user_id=7, key="key7")
        self.ask(line, Subscribe(("chat",)))
        line.session.lose(Goodbye.KILLED)
        self.assertEqual(line.events[-1], Farewell(Goodbye.KILLED, 50))
        self.assertEqual((len(self.broker.hub), len(self.broker.presence)), (0, 0))
        line.session.end()
        line.session.lose(Goodbye.SHUTDOWN)
        self.assertEqual(line.goodbye, Goodbye.KILLED)

    def test_nothing_is_delivered_after_the_end(self):
        """A late event disappears."""
        line = self.connect()
        line.session.end()
        line.session.tell(Counted("m", 1, 50))
        self.assertEqual(len(line.events), 1)


class PaceTests(SessionCase):
    """Clients that talk too fast."""

    def setUp(self):
        self.time = 50.0
        self.broker = make_broker(time=50, messages_per_second=2, messages_burst=3)
        self.broker.pace.clock = lambda: self.time
        finish(self.broker.store.set_key(User(0, 7), "key7"))

    def test_what_is_too_much_is_not_carried_out(self):
        """The client is told so once in a second, and goes on."""
        line = self.connect()
        for name in ("one", "two", "three", "four", "five"):
            self.ask(line, Subscribe((name,)))
        (refusal,) = line.events[1:]
        self.assertIsInstance(refusal.error, TooFast)
        self.assertEqual(refusal.command, Subscribe)
        self.assertIn("at most 2 in a second", str(refusal.error))
        self.assertEqual(self.broker.hub.count(Channel(0, "three")), 1)
        self.assertIsNone(line.goodbye)
        self.time += 1
        self.assertIsInstance(self.ask(line, AskCount("web_x", "m"))[0], Counted)

    def test_who_asks_by_a_number_is_answered(self):
        """Each time, or it would wait for ever."""
        line = self.connect()
        for number in range(5):
            self.ask(line, Request(number, AskCount("web_x", "m")))
        kinds = [type(answer.event).__name__ for answer in line.events[1:]]
        self.assertEqual(kinds, ["Counted"] * 3 + ["Refusal"] * 2)

    def test_who_goes_on_is_sent_away(self):
        """With a goodbye after which it may come back."""
        line = self.connect()
        for _ in range(7):
            self.ask(line, Nothing())
        self.assertEqual((line.goodbye, line.goodbye.final), (Goodbye.FLOOD, False))

    def test_the_devices_of_a_user_talk_together(self):
        """What one says leaves less for the other."""
        first, second = (self.connect(user_id=7, key="key7") for _ in range(2))
        for _ in range(3):
            self.assertIsInstance(self.ask(first, AskCount("web_x", "m"))[0], Counted)
        self.assertIsInstance(self.ask(second, AskCount("web_x", "m"))[0].error, TooFast)
