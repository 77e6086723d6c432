"""Tests for L{comet.protocols.dialects.cppcomet}: the frames as clients of 4.x send and expect them."""

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadValue, NotAllowed, PeerError, TooLong
from comet.model import (
    AskCount,
    AskData,
    AskHistory,
    AskMembers,
    AskStatus,
    Channel,
    Command,
    Counted,
    Farewell,
    Goodbye,
    Joined,
    Left,
    Member,
    Members,
    Message,
    Nothing,
    PrivateMessage,
    Recalled,
    Refusal,
    Reported,
    Send,
    Status,
    StatusChanged,
    Subscribe,
    Unreadable,
    User,
    UserData,
    Welcome,
)
from comet.protocols.dialects.cppcomet import CppComet

CHAT, ANN = Channel(1, "web_chat"), User(1, 7)
DIALECT, LEGACY = CppComet(), CppComet(legacy=True)


def json_texts():
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
    return st.tuples(values, st.booleans()).map(lambda pair: json.dumps(pair[0], ensure_ascii=pair[1]))


def what_4_08_understands(frame):
    """@return: the data that a client of version 4.08 makes of C{frame}, by its known rules."""
    content = json.loads(frame.replace("\\'", "'"))
    data = content["data"]
    try:
        return json.loads(data.replace("\\'", "'"))
    except ValueError:
        return data


class DecodeTests(SynchronousTestCase):
    """What clients send."""

    def test_subscription(self):
        """Blank lines, repeated names, carriage returns and filters on events make no difference."""
        for text in (
            "subscription\none\ntwo",
            "subscription\n\none.say\r\ntwo\n\none\n",
            "subscription one\ntwo",
        ):
            self.assertEqual(DIALECT.decode(text), Subscribe(("one", "two")), text)
        self.assertEqual(DIALECT.decode("subscription\n"), Subscribe(()))
        self.assertEqual(DIALECT.decode("subscription"), Subscribe(()))

    def test_sending(self):
        """The text is everything behind the third line, line feeds included; the event may be empty."""
        self.assertEqual(
            DIALECT.decode('web_pipe2\nweb_chat\nsay\n*\n{"a":\n1}\n'), Send("web_chat", "say", '{"a":\n1}\n')
        )
        self.assertEqual(DIALECT.decode("web_pipe2\n@web_chat\n\n*\n"), Send("web_chat", "", "", True))

    def test_questions(self):
        """With a channel and a marker, which may be missing."""
        for word, command in (
            ("pipe_count", AskCount),
            ("pipe_log", AskHistory),
            ("track_pipe_users", AskMembers),
        ):
            self.assertEqual(DIALECT.decode(f"{word}\ntrack_x\nMARK\n"), command("track_x", "MARK"))
            self.assertEqual(DIALECT.decode(f"{word}\ntrack_x"), command("track_x", ""))

    def test_status(self):
        """Leading digits are enough; what is no number is 0."""
        for text, user_id in (("7", 7), ("60abc", 60), ("-3", -3), ("x", 0), ("", 0), ("9" * 12, 0)):
            self.assertEqual(DIALECT.decode(f"user_status\n{text}"), AskStatus(user_id), text)

    def test_data(self):
        """The marker comes first; leading digits are enough, and what is no number is told so."""
        for text, user_id in (("7", 7), ("60abc", 60), ("-3", -3)):
            self.assertEqual(DIALECT.decode(f"user_data\nmk\n{text}"), AskData(user_id, "mk"), text)
        for arguments in ("mk\nx", "mk\n", "mk", "mk\n99999999999", "m k\n7"):
            self.assertIs(DIALECT.decode(f"user_data\n{arguments}").intended, AskData, arguments)

    def test_commands_without_effect(self):
        """They are known, so that they close nothing."""
        for text in ('statistics\n{"url":"x"}', "cgi_call\nx", "CometQL_call\nM\nx"):
            self.assertEqual(DIALECT.decode(text), Nothing())

    def test_bad_arguments_are_for_the_session_to_refuse(self):
        """They tell what was intended."""
        for text, intended, error in (
            ("web_pipe2\nweb chat\nsay\n*\nx", Send, BadValue),
            ("web_pipe2\nweb_chat\nsa y\n*\nx", Send, BadValue),
            (f"web_pipe2\nweb_chat\n{'e' * 65}\n*\nx", Send, TooLong),
            ("web_pipe2\nweb_chat\nsay\n**\nx", Send, BadValue),
            ("web_pipe2\nweb_chat", Send, BadValue),
            ("pipe_count\nweb_x\nma rk", AskCount, BadValue),
            (f"pipe_log\n{'n' * 65}\nM", AskHistory, TooLong),
        ):
            command = DIALECT.decode(text)
            self.assertIsInstance(command, Unreadable, text)
            self.assertEqual((command.intended, type(command.error)), (intended, error))

    def test_an_unknown_command_ends_the_connection(self):
        """And so does an empty message."""
        for text in ("", "web_pipe\nx", "SUBSCRIPTION\nx", "{}"):
            self.assertRaises(PeerError, DIALECT.decode, text)

    @given(
        st.text()
        | st.sampled_from(["web_pipe2", "pipe_log", "user_status"]).flatmap(
            lambda word: st.text().map(lambda rest: f"{word}\n{rest}")
        )
    )
    def test_any_text_is_a_command_or_the_peers_error(self, text):
        """Nothing else comes out."""
        with contextlib.suppress(PeerError):
            self.assertIsInstance(DIALECT.decode(text), Command)


class EncodeTests(SynchronousTestCase):
    """What clients get, byte for byte."""

    def check(self, event, frame, dialect=DIALECT):
        self.assertEqual(dialect.encode(event), frame)

    def test_welcome(self):
        """Authorised with the key, or not with nothing."""
        self.check(
            Welcome(True, "hash7", "comet", 5),
            '{"authorized":true,"data":"hash7","event":"serverInfo","message_send_time":5,"pipe":"sys",'
            '"server":"comet"}',
        )
        self.check(
            Welcome(False, "", "comet", 5),
            '{"authorized":false,"data":"","event":"serverInfo","message_send_time":5,"pipe":"sys",'
            '"server":"comet"}',
        )

    def test_channel_messages(self):
        """From a client with the sender, from SQL without."""
        self.check(
            Message(CHAT, "ev1", '{"a":1}', 5, user_id=7),
            '{"data":"{\\"a\\":1}","event":"ev1","message_send_time":5,"pipe":"web_chat","user_id":7}',
        )
        self.check(
            Message(CHAT, "", "plain", 5),
            '{"data":"plain","event":"","message_send_time":5,"pipe":"web_chat"}',
        )

    def test_private_messages(self):
        """Live without a time, from the queue with the time of queueing."""
        self.check(PrivateMessage(ANN, "ev1", "plain", 5), '{"data":"plain","event":"ev1","pipe":"msg"}')
        self.check(
            PrivateMessage(ANN, "q", "m0", 5, number=3),
            '{"data":"m0","event":"q","fromQueue":true,"message_send_time":5,"pipe":"msg"}',
        )

    def test_history(self):
        """Marked as such, without a marker; an empty event is called undefined."""
        self.check(
            Recalled(Message(CHAT, "", "four", 5, user_id=60)),
            '{"data":"four","event":"undefined","fromQueue":true,"history":true,"message_send_time":5,'
            '"pipe":"web_chat","user_id":60}',
        )

    def test_report(self):
        """The text as it was sent, and the number of receivers."""
        self.check(
            Reported("web_chat", '{"text":"it\'s me"}', 1, 5),
            '{"data":{"message":"{\\"text\\":\\"it\\u0027s me\\"}","number_messages":1},"event":"answer",'
            '"message_send_time":5,"pipe":"_answer_to_web_chat"}',
        )

    def test_answers(self):
        """Real objects, with the marker."""
        self.check(
            Counted("mk1", 2, 5),
            '{"data":{"user_in_pipe":2},"event":"user_in_pipe","marker":"mk1","message_send_time":5,'
            '"pipe":"_answer_pipe_count"}',
        )
        self.check(
            Members("track_x", "mm", (Member(0, "A"), Member(60, "U")), 5),
            '{"_info":"answer for track_pipe_users","data":[{"user_id":0,"uuid":"A"},{"user_id":60,'
            '"uuid":"U"}],"event":"answer","marker":"mm","message_send_time":5,"pipe":"_answer"}',
        )
        self.check(
            Status(7, 0, 4),
            '{"data":{"data":4,"last_online_time":4,"online":true,"time":0},"event":"user_status_7",'
            '"message_send_time":4,"pipe":"_answer_user_status"}',
        )

    def test_data_of_a_user(self):
        """The record is a string, whatever is in it."""
        self.check(
            UserData(60, "mk", '{"a":1}', 5),
            '{"data":{"user_data":"{\\"a\\":1}","user_id":60},"event":"answer","marker":"mk",'
            '"message_send_time":5,"pipe":"_answer"}',
        )
        self.check(
            Refusal(BadValue("no"), 5, AskData),
            '{"data":{"error":"no","user_data":"","user_id":-1},"event":"error","message_send_time":5,'
            '"pipe":"sys"}',
        )

    def test_coming_and_going(self):
        """Of clients in track_ channels, and of users."""
        track = Channel(1, "track_x")
        self.check(
            Joined(track, Member(0, "A"), 5),
            '{"data":{"user_id":0,"uuid":"A"},"event":"subscription","message_send_time":5,"pipe":"track_x"}',
        )
        self.check(
            Left(track, Member(0, "A"), 5),
            '{"data":{"user_id":0,"uuid":"A"},"event":"unsubscription","message_send_time":5,"pipe":"track_x"}',
        )
        self.check(StatusChanged(ANN, True), '{"data":"online","event":"online","pipe":"user_status_7"}')
        self.check(StatusChanged(ANN, False), '{"data":"offline","event":"offline","pipe":"user_status_7"}')

    def test_errors(self):
        """On the channel sys, with the keys that belong to the command."""
        for command, extra in (
            (Subscribe, {"code": "403"}),
            (AskMembers, {"user_id": -1}),
            (Send, {"number_messages": -1}),
            (None, {}),
        ):
            self.assertEqual(
                json.loads(DIALECT.encode(Refusal(NotAllowed("no"), 5, command))),
                {"data": {"error": "no", **extra}, "event": "error", "message_send_time": 5, "pipe": "sys"},
            )

    def test_farewell(self):
        """Only a final one makes these clients stay away; refusals at the door keep their old numbers."""
        final = json.loads(DIALECT.encode(Farewell(Goodbye.REPLACED, 5)))
        self.assertEqual((final["error"], final["data"]["error_code"]), (4501, 4501))
        self.assertNotIn("error", json.loads(DIALECT.encode(Farewell(Goodbye.SHUTDOWN, 5))))
        numbers = [
            json.loads(DIALECT.encode(Farewell(goodbye, 5)))["error"]
            for goodbye in (
                Goodbye.NO_SESSION,
                Goodbye.NO_USER,
                Goodbye.NO_DEVELOPER,
                Goodbye.NO_VERSION,
                Goodbye.ORIGIN,
            )
        ]
        self.assertEqual(numbers, [401, 401, 406, 418, 423])

    def test_old_clients_get_strings(self):
        """Before version 4 there were no objects in data, and the event had another name."""
        self.check(
            Counted("m", 1, 5),
            '{"api_data":"for major_version < 4","data":"{\\"user_in_pipe\\":1}","event":"user_in_pipe",'
            '"event_name":"user_in_pipe","marker":"m","message_send_time":5,"pipe":"_answer_pipe_count"}',
            LEGACY,
        )
        members = json.loads(LEGACY.encode(Members("track_x", "mk", (Member(7, "u"),), 5)))
        self.assertEqual((members["pipe"], members["marker"]), ("track_x", "mk"))
        recalled = json.loads(LEGACY.encode(Recalled(Message(CHAT, "say", "x", 5), "mk")))
        self.assertEqual((recalled["pipe"], recalled["marker"]), (CHAT.name, "mk"))
        self.assertNotIn("marker", json.loads(DIALECT.encode(Recalled(Message(CHAT, "say", "x", 5), "mk"))))
        welcome = json.loads(LEGACY.encode(Welcome(True, "k", "comet", 5)))
        self.assertEqual((welcome["authorized"], welcome["data"]), ("true", "k"))

    @given(st.text())
    def test_text_arrives_as_it_was_sent(self, text):
        """Whatever it holds: quotes, backslashes, controls, emoji."""
        for dialect in (DIALECT, LEGACY):
            frame = dialect.encode(Message(CHAT, "say", text, 5))
            self.assertEqual(json.loads(frame)["data"], text)
            self.assertNotIn("'", frame)

    @given(st.text(), st.text(), st.none() | st.integers(0, 2**31 - 1))
    def test_a_message_is_written_as_all_else_is(self, text, event, user_id):
        """Compact, sorted by key, and in UTF-8, though it goes a shorter way."""
        frame = DIALECT.encode(Message(CHAT, event, text, 5, user_id))
        content = json.loads(frame)
        written = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        self.assertEqual(frame, written.replace("'", "\\u0027"))
        self.assertEqual(list(content)[:4], ["data", "event", "message_send_time", "pipe"])
        self.assertEqual((content["event"], content["pipe"]), (event, CHAT.name))
        self.assertEqual((content["message_send_time"], content.get("user_id")), (5, user_id))

    @given(json_texts())
    def test_json_means_the_same_to_unmodified_clients(self, text):
        """Even where an apostrophe follows a backslash, which those clients would lose otherwise."""
        frame = DIALECT.encode(Message(CHAT, "say", text, 5))
        self.assertEqual(what_4_08_understands(frame), json.loads(text))

    def test_the_one_spelling_that_differs(self):
        """JSON with a backslash before an apostrophe is the same value in other characters."""
        text = json.dumps({"t": "a\\'b"})
        data = json.loads(DIALECT.encode(Message(CHAT, "say", text, 5)))["data"]
        self.assertNotEqual(data, text)
        self.assertEqual(json.loads(data), json.loads(text))
        self.assertEqual(
            json.loads(DIALECT.encode(Message(CHAT, "say", "no \\' json", 5)))["data"], "no \\' json"
        )
