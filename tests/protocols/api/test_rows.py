"""Tests for L{comet.protocols.api.rows}, C{parameters} and C{routes}."""

from twisted.trial.unittest import SynchronousTestCase

from comet.cometql.results import Kind
from comet.cometql.tables.pipes import PipesMessages, PipesSettings
from comet.cometql.tables.table import Declared
from comet.cometql.tables.users import UsersMessages
from comet.errors import BadValue, MissingValue, UnknownColumn
from comet.protocols.api.parameters import IDS, TENANT, number, read_path, read_query, read_tenant, read_text
from comet.protocols.api.problems import Problem
from comet.protocols.api.routes import OPERATIONS, allowed, find_path
from comet.protocols.api.rows import Form, is_many, items, row_schema, shown


class FormTests(SynchronousTestCase):
    """Objects that give rows to tables."""

    def test_columns_are_keys(self):
        """Those that an INSERT gives; what it leaves out is as in SQL."""
        row = Form(PipesMessages).row({"name": "news", "message": "hello"}, {})
        given = dict(zip([column.name for column in PipesMessages.declared], row, strict=True))
        self.assertEqual((given["name"], given["message"], given["event"]), ("news", "hello", ""))

    def test_a_new_column_is_a_new_key(self):
        """Nothing but the table has to know it."""

        class Wider(UsersMessages):
            declared = (
                *UsersMessages.declared,
                Declared("color", Kind.VARCHAR, 10, "what it is", default="red"),
            )

        form = Form(Wider)
        self.assertEqual(form.row({"id": 1, "message": "x"}, {})[-1], "red")
        self.assertEqual(form.row({"id": 1, "message": "x", "color": "blue"}, {})[-1], "blue")
        self.assertEqual(form.schema["properties"]["color"], {"type": "string", "description": "what it is"})
        self.assertIn("color", row_schema(Wider)["properties"])
        self.assertEqual(shown(Wider, (1, 0, "", "x", 0, "red"))["color"], "red")

    def test_other_keys_are_refused_by_name(self):
        """Also columns that an INSERT may give to no effect."""
        for key in ("text", "user_id", "Name", "x" * 100):
            item = {"name": "news", "message": "m", key: "1"}
            error = self.assertRaises(UnknownColumn, Form(PipesMessages).row, item, {})
            self.assertIn(repr(key[:64]), str(error))

    def test_what_is_needed_is_named(self):
        """As in SQL."""
        error = self.assertRaises(MissingValue, Form(PipesMessages).row, {"name": "news"}, {})
        self.assertEqual(str(error), "Field 'message' doesn't have a default value")

    def test_values_have_the_type_of_the_column(self):
        """A text is no number, and true is neither."""
        for item in (
            {"name": "news", "message": 1},
            {"name": "news", "message": {"a": 1}},
            {"name": ["news"], "message": "m"},
            {"name": True, "message": "m"},
        ):
            self.assertRaises(BadValue, Form(PipesMessages).row, item, {})
        for value in ("5", True, [5]):
            self.assertRaises(BadValue, Form(UsersMessages).row, {"id": value, "message": "m"}, {})
        for item in ([], "x", 1, None):
            self.assertRaises(BadValue, Form(PipesMessages).row, item, {})

    def test_what_the_path_gives_is_no_key(self):
        """It would be said twice."""
        form = Form(PipesSettings, fixed=("name",))
        self.assertEqual(form.row({"length": 5}, {"name": "news"}), ["news", 5])
        self.assertRaises(UnknownColumn, form.row, {"length": 5, "name": "chat"}, {"name": "news"})

    def test_several(self):
        """Under one key, which stands alone."""
        self.assertTrue(is_many({"messages": []}))
        self.assertFalse(is_many({"message": ""}) or is_many([]))
        self.assertEqual(items({"messages": [1, 2]}), [1, 2])
        self.assertRaises(UnknownColumn, items, {"messages": [1], "name": "x"})
        for wrong in ([], {}, "x", None):
            self.assertRaises(BadValue, items, {"messages": wrong})


class ParameterTests(SynchronousTestCase):
    """What stands in addresses."""

    limit = number("limit", "the most", 1, 10, 5)

    def refused(self, function, *arguments):
        """@return: the text of a refusal with status 400."""
        problem = self.assertRaises(Problem, function, *arguments)
        self.assertEqual(problem.status, 400)
        return str(problem)

    def test_numbers(self):
        """Within their bounds, in the digits of JSON."""
        self.assertEqual(read_query({"limit": ["10"]}, [self.limit]), {"limit": 10})
        self.assertEqual(read_query({}, [self.limit]), {"limit": 5})
        for text in ("0", "11", "", "x", "1.0", "1e1", "+1", " 1", "१", "1" * 100):
            self.refused(read_query, {"limit": [text]}, [self.limit])

    def test_ids(self):
        """Each once, and not too many."""
        self.assertEqual(read_query({"id": ["3,1,3"]}, [IDS]), {"id": [3, 1]})
        for text in ("", "1,", "0", "a", "2147483648", ",".join(["1"] * 1001)):
            self.refused(read_query, {"id": [text]}, [IDS])
        self.assertIn("missing", self.refused(read_query, {}, [IDS]))

    def test_unknown_ones_and_twins_are_refused_by_name(self):
        """Nothing is passed over in silence."""
        self.assertIn("'limt'", self.refused(read_query, {"limt": ["1"]}, [self.limit]))
        self.assertIn("'limit'", self.refused(read_query, {"limit": ["1", "2"]}, [self.limit]))

    def test_parts_of_paths(self):
        """By the rules of SQL."""
        self.assertEqual(read_path({"id": "7"}), {"id": 7})
        self.assertEqual(read_path({"name": "web_chat"}), {"name": "web_chat"})
        for parts in ({"id": "0"}, {"id": "x"}, {"name": "ab"}, {"name": "a b c"}, {"name": "x" * 65}):
            self.refused(read_path, parts)
        self.refused(read_text, b"\xff")

    def test_the_tenant(self):
        """By parameter or by header; both only if they agree."""
        self.assertIsNone(read_query({}, [TENANT])["dev_id"])
        for query, header, tenant in ((None, None, 0), (5, None, 5), (None, "5", 5), (5, " 5 ", 5)):
            self.assertEqual(read_tenant(query, header, 1000), tenant)
        for query, header in ((5, "6"), (None, "x"), (None, ""), (1000, None), (None, "-1")):
            self.refused(read_tenant, query, header, 1000)


class RouteTests(SynchronousTestCase):
    """The table of operations."""

    def test_every_operation_is_found(self):
        """By its path, and has a name of its own."""
        for operation in OPERATIONS:
            parts = [{"{id}": "7", "{name}": "news"}.get(part, part) for part in operation.parts]
            methods, path = find_path(parts)
            self.assertIs(methods[operation.method], operation)
            self.assertEqual(len(path), len(operation.in_path))
        self.assertEqual(len({operation.name for operation in OPERATIONS}), len(OPERATIONS))

    def test_other_paths_are_not_there(self):
        """Neither longer, nor shorter, nor with an empty part."""
        for path in ("", "publish/", "users/", "users//key", "channels/a/b/c", "Publish", "users/7/keys"):
            problem = self.assertRaises(Problem, find_path, path.split("/"))
            self.assertEqual((problem.status, problem.name), (404, "unknown_path"))

    def test_what_is_allowed(self):
        """HEAD where GET is."""
        self.assertEqual(allowed(find_path(["publish"])[0]), "POST")
        self.assertEqual(allowed(find_path(["channels", "news"])[0]), "GET, PUT, DELETE, HEAD")

    def test_only_what_changes_nothing_is_a_get(self):
        """So that nobody changes anything by following a link."""
        for operation in OPERATIONS:
            self.assertEqual(operation.writes, operation.method in ("POST", "PUT", "DELETE"))
            self.assertEqual(operation.form is not None, operation.method in ("POST", "PUT"))
