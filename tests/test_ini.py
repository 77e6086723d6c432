"""Tests of the text of configuration files."""

from hypothesis import given
from hypothesis.strategies import characters, text
from twisted.trial.unittest import SynchronousTestCase

from comet.ini import Document, Remark


def values(content):
    """@return: the values of a file without problems, by section and key."""
    document = Document(content)
    assert not document.problems, document.problems
    return {name: entry.values for name, entry in document.entries.items()}


class DocumentTests(SynchronousTestCase):
    """Sections, keys, values and comments."""

    def test_sections_and_keys(self):
        """A key belongs to the section above it; blanks around key and value do not count."""
        found = values("[ws]\nport = 8087\n\n [cometql]  \n  port=3307  \n")
        self.assertEqual(found, {("ws", "port"): ["8087"], ("cometql", "port"): ["3307"]})

    def test_line_numbers(self):
        """Entries and sections know their lines."""
        document = Document("; first\n[ws]\n\nport = 1")
        self.assertEqual(document.sections, {"ws": 2})
        self.assertEqual(document.entries["ws", "port"].line, 4)

    def test_comments(self):
        """A comment begins at the first semicolon or hash sign, on a line of its own or behind a value."""
        found = values("# one\n; two\n[ws] ; three\nip = ::1 ; four\nport = 5 # six ; seven")
        self.assertEqual(found, {("ws", "ip"): ["::1"], ("ws", "port"): ["5"]})

    def test_cut_value_earns_a_warning(self):
        """A comment that follows a value without a blank was perhaps a part of it; the value is not told."""
        document = Document("[main]\npassword = secret#word")
        self.assertEqual(document.entries["main", "password"].values, ["secret"])
        [warning] = document.warnings
        self.assertEqual((warning.section, warning.key, warning.line), ("main", "password", 2))
        self.assertNotIn("secret", warning.text)

    def test_quotes_keep_a_value_whole(self):
        """In double quotes, comment signs and blanks belong to the value, and two quotes stand for one."""
        found = values('[main]\npassword = " a;b#c ""d"" " ; a comment')
        self.assertEqual(found, {("main", "password"): [' a;b#c "d" ']})
        self.assertEqual(Document('[main]\npassword = "a#b"').warnings, [])

    def test_quotes_that_do_not_pair(self):
        """A value that opens with a quote and does not close is a problem of its line."""
        for wrong in ('"abc', '"abc" def', '"'):
            [problem] = Document(f"[main]\npassword = {wrong}").problems
            self.assertEqual((problem.key, problem.line), ("password", 2))

    def test_lists(self):
        """Lines with [] gather into a list."""
        document = Document("[ws]\nhost = []a\nhost = [] b\n")
        entry = document.entries["ws", "host"]
        self.assertEqual((entry.values, entry.is_list), (["a", "b"], True))
        self.assertEqual(document.warnings, [])

    def test_the_last_of_several_lines_counts(self):
        """A key that is given again has its last value, and the line that lost is told."""
        document = Document("[ws]\nport = 1\nport = 2\n")
        self.assertEqual(document.entries["ws", "port"].values, ["2"])
        [warning] = document.warnings
        self.assertEqual(warning.line, 2)

    def test_equals_sign_in_a_value(self):
        """Only the first equals sign parts key and value."""
        self.assertEqual(values("[db]\nurl = a=b"), {("db", "url"): ["a=b"]})

    def test_windows(self):
        """A byte order mark and carriage returns do not count."""
        self.assertEqual(values("\ufeff[ws]\r\nport = 1\r\n"), {("ws", "port"): ["1"]})

    def test_lines_that_say_nothing(self):
        """What is no section, key or comment, and a key in no section, are problems with their lines."""
        document = Document("port = 1\n[ws\n[]\n[ws]\nport 8087\n= 3\n")
        self.assertEqual([problem.line for problem in document.problems], [1, 2, 3, 5, 6])

    @given(text(characters(codec="utf-8")))
    def test_any_text(self, content):
        """Whatever the text, there is a document."""
        Document(content)

    @given(text(characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
    def test_quoting(self, value):
        """Every value survives in quotes."""
        quoted = value.replace('"', '""')
        self.assertEqual(values(f'[main]\npassword = "{quoted}"'), {("main", "password"): [value]})


class RemarkTests(SynchronousTestCase):
    """How a remark names its place."""

    def test_in_a_file(self):
        """A remark on a line begins as a compiler's message does."""
        remark = Remark("no good", "ws", "port", 3)
        self.assertEqual(remark.located("a.ini"), "a.ini:3: [ws] port: no good")

    def test_in_the_environment(self):
        """A remark on a variable names the variable, and the key if there is one."""
        remark = Remark("no good", "ws", "port", source="COMET_WS_PORT")
        self.assertEqual(remark.located("a.ini"), "COMET_WS_PORT: [ws] port: no good")
        self.assertEqual(Remark("what", source="COMET_X").located("a.ini"), "COMET_X: what")

    def test_by_itself(self):
        """Without the name of a file, a remark still tells its line."""
        self.assertEqual(str(Remark("no good", "ws", "port", 3)), "line 3: [ws] port: no good")
        self.assertEqual(str(Remark("no good", "xs")), "[xs]: no good")

    def test_without_a_line(self):
        """A remark on the whole file names the file; one on a section, the section."""
        self.assertEqual(Remark("no good").located("a.ini"), "a.ini: no good")
        self.assertEqual(Remark("no good", "xs", line=2).located("a.ini"), "a.ini:2: [xs]: no good")
