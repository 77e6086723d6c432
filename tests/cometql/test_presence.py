"""C{presence_events}, and the ranges by which it is polled."""

from hypothesis import given
from hypothesis import strategies as st

from comet.cometql.spans import bounds
from comet.errors import ReadOnly
from comet.storage.presences import Keeping, PresenceEvent, Span, What
from tests.cometql.talk import TalkTests, at_once


class PresenceEventsTests(TalkTests):
    """A log of ten rows, the user of each having its number, and one row of another tenant."""

    def setUp(self):
        super().setUp()
        events = [PresenceEvent(0, 100 + number, number, What.ONLINE) for number in range(1, 11)]
        other = PresenceEvent(3, 5, 7, What.SUBSCRIPTION, "track_room", "tab")
        store = self.broker.store
        at_once(store.note_presence([*events, other], 110, Keeping("", rows=99)))
        self.spans = []
        read = store.presence_events

        def watched(dev_id, span):
            self.spans.append(span)
            return read(dev_id, span)

        store.presence_events = watched

    def seqs(self, rest):
        return [row[0] for row in self.rows(f"SELECT seq FROM presence_events {rest}")]

    def test_columns(self):
        """Channel and browser where a row is about one; a tenant sees its own rows."""
        self.assertEqual(
            self.titles("SELECT * FROM presence_events"),
            ["seq", "time", "user_id", "event", "name", "uuid"],
        )
        self.assertEqual(
            self.rows("SELECT * FROM presence_events WHERE seq = 2"), [(2, 102, 2, "online", "", "")]
        )
        other = self.open("3", 3)
        rows = [(1, 5, 7, "subscription", "track_room", "tab")]
        self.assertEqual(self.rows("SELECT * FROM presence_events", other), rows)
        self.assertEqual(self.rows("SELECT * FROM db_3.presence_events"), rows)

    def test_a_poll_reads_what_it_gives(self):
        """No row before the first, and none behind the last."""
        poll = "WHERE seq > 4 ORDER BY seq LIMIT 3"
        self.assertEqual(self.seqs(poll), [5, 6, 7])
        self.assertEqual(self.seqs("WHERE seq > 10 ORDER BY seq LIMIT 3"), [])
        self.assertEqual(self.spans, [Span(5, most=3), Span(11, most=3)])

    def test_the_last_row(self):
        """From the other end."""
        self.assertEqual(self.seqs("ORDER BY seq DESC LIMIT 1"), [10])
        self.assertEqual(self.seqs("WHERE seq < 5 ORDER BY seq DESC LIMIT 1, 2"), [3, 2])
        self.assertEqual([span.most for span in self.spans], [1, 3])

    def test_ranges(self):
        """All comparisons, and several of them; numbers may be spelt, broken or absurd."""
        for rest, seqs in {
            "WHERE seq >= 9": [9, 10],
            "WHERE seq BETWEEN 2 AND 3": [2, 3],
            "WHERE seq NOT BETWEEN 2 AND 9": [1, 10],
            "WHERE seq > 2 AND seq <= 4": [3, 4],
            "WHERE seq > '8'": [9, 10],
            "WHERE seq > 8.5": [9, 10],
            "WHERE seq < 1.5": [1],
            "WHERE seq > -5 AND seq < 2": [1],
            "WHERE seq > 99999999999999999999999999": [],
            "WHERE seq < 99999999999999999999999999 AND seq > 9": [10],
            "WHERE seq > 'x'": [],
            "WHERE seq > NULL": [],
            "WHERE seq IN (2, 3, 99)": [2, 3],
            "WHERE seq > 2 AND user_id = 9": [9],
            "WHERE seq > 2 ORDER BY user_id DESC LIMIT 2": [10, 9],
            "WHERE user_id > 3 LIMIT 2": [4, 5],
        }.items():
            self.assertEqual(self.seqs(rest), seqs, rest)

    def test_a_limit_counts_the_rows_that_are_meant(self):
        """Where something else is asked, or the order is another one, the whole range is read."""
        self.assertEqual(self.seqs("WHERE seq > 2 AND user_id > 8 ORDER BY seq LIMIT 1"), [9])
        self.assertEqual(self.seqs("WHERE seq > 2 ORDER BY time DESC LIMIT 1"), [10])
        self.assertEqual(self.spans, [Span(3), Span(3)])

    def test_functions(self):
        """Beyond CometQL, too, only the range is read."""
        self.assertEqual(self.value("SELECT COUNT(*) FROM presence_events WHERE seq > 7"), 3)
        self.assertEqual(self.value("SELECT MAX(seq) FROM presence_events WHERE 4 >= seq"), 4)
        self.assertEqual([span[:2] for span in self.spans], [(8, Span().last), (0, 4)])
        self.assertEqual(self.value("SELECT MAX(seq) FROM presence_events"), 10)

    def test_read_only(self):
        """Nobody rewrites what has happened."""
        self.refuses(ReadOnly, "INSERT INTO presence_events (seq) VALUES (1)")
        self.refuses(ReadOnly, "DELETE FROM presence_events WHERE seq = 1")

    @given(
        st.sampled_from(("<", "<=", ">", ">=")),
        st.one_of(st.integers(-20, 30), st.decimals(-20, 30, places=1), st.floats(-20, 30)),
    )
    def test_bounds_are_exact(self, operator, number):
        """They let through the whole numbers that the comparison does, no more and no fewer."""
        least, most = bounds(operator, [number])
        compare = {"<": number.__gt__, "<=": number.__ge__, ">": number.__lt__, ">=": number.__le__}[operator]
        for each in range(40):
            self.assertEqual(least <= each <= most, bool(compare(each)), each)
