"""What is done at once, and what has to be waited for: L{comet.cometql.interface.QuerySession.begin}."""

from comet.cometql.results import Done
from comet.model import Channel, Message, PrivateMessage, User
from tests.cometql.talk import TalkTests, at_once
from tests.running import Ear, finish


def texts(events):
    """@return: the texts of messages."""
    return [event.text for event in events if isinstance(event, Message | PrivateMessage)]


class AtOnceTests(TalkTests):
    """INSERTs of one row, with and without something to be stored for them."""

    def waits(self, text):
        """@return: the result of a statement that is not done at once."""
        begun = self.talk.begin(text)
        self.assertNotIsInstance(begun, Done)
        return at_once(begun)

    def test_a_message_to_a_channel(self):
        """It has been handed over, and counted, when the statement has been begun."""
        ear = Ear()
        self.broker.hub.subscribe(Channel(0, "news"), ear)
        begun = self.talk.begin("INSERT INTO pipes_messages (name, message) VALUES ('news', 'a')")
        self.assertEqual((begun, texts(ear.heard)), (Done(1), ["a"]))
        self.assertEqual((self.broker.counters.published, self.broker.counters.delivered), (1, 1))
        self.assertEqual(self.value("SELECT ROW_COUNT()"), 1)

    def test_a_history(self):
        """A message that is kept is waited for."""
        self.does("INSERT INTO pipes_settings (name, length) VALUES ('news', 5)", 1)
        insert = "INSERT INTO pipes_messages (name, message) VALUES ('{}', 'a')"
        self.assertEqual(self.waits(insert.format("news")).affected, 1)
        self.assertEqual(self.waits(insert.format("trust_x")).affected, 1)
        self.assertEqual(len(self.rows("SELECT * FROM pipes_messages WHERE name = 'news'")), 1)
        self.assertEqual(self.broker.counters.stored, 2)

    def test_a_private_message(self):
        """For somebody who is here it is done at once, else it goes into the queue."""
        insert = "INSERT INTO users_messages (id, event, message) VALUES (7, 'e', 'a')"
        self.assertEqual(self.waits(insert).insert_id, 7)
        self.assertEqual(len(self.rows("SELECT * FROM users_messages WHERE id = 7")), 1)
        ear = Ear()
        finish(self.broker.arrive(User(0, 7), ear))
        self.assertEqual(self.talk.begin(insert), Done(1, 7))
        self.assertEqual((texts(ear.heard), self.value("SELECT LAST_INSERT_ID()")), (["a", "a"], 7))

    def test_a_transaction(self):
        """What is held back is not told, whichever way the statement comes; several rows wait, too."""
        ear = Ear()
        self.broker.hub.subscribe(Channel(0, "news"), ear)
        self.run_("BEGIN")
        self.waits("INSERT INTO pipes_messages (name, message) VALUES ('news', 'a')")
        self.assertEqual(texts(ear.heard), [])
        self.run_("COMMIT")
        self.waits("INSERT INTO pipes_messages (name, message) VALUES ('news', 'b'), ('news', 'c')")
        self.assertEqual(texts(ear.heard), ["a", "b", "c"])
