"""
From a SELECT in MySQL's language to one in SQLite's, and to the rows it needs.

The parser and the writer of SQL are sqlglot's (U{https://sqlglot.com}). In between, each table becomes a
table of a scratch database, each function one of ours, and what WHERE and ON say of keys is noted, so that
only those rows are looked up that the statement can be about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parsers.mysql import MySQLParser

from comet.cometql.cursor import words
from comet.cometql.functions import FUNCTIONS
from comet.cometql.inference import Inference, Type
from comet.cometql.keys import note_keys
from comet.cometql.shape import syntax_error
from comet.cometql.sources import Find, Source, Sources
from comet.cometql.stars import spell_stars
from comet.cometql.statements import Query
from comet.errors import NotSupported, SyntaxRefused, UnknownFunction

#: Functions that SQLite has under the same name and with the same meaning.
_NATIVE = words(
    "COUNT SUM MIN MAX AVG TOTAL COALESCE IFNULL NULLIF ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST"
    " NTILE LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE"
)
_AGGREGATES = frozenset(("COUNT", "SUM", "MIN", "MAX", "AVG"))
#: Functions that the parser has a node for, because they are written in a way of their own.
_NODES: Mapping[type[exp.Expr], str] = {
    exp.CurrentDate: "CURRENT_DATE",
    exp.CurrentTime: "CURRENT_TIME",
    exp.CurrentTimestamp: "NOW",
    exp.CurrentUser: "CURRENT_USER",
    exp.Localtime: "NOW",
    exp.Localtimestamp: "NOW",
}
#: Functions that add an INTERVAL to a moment, or take it.
_SHIFTS = words("DATE_ADD ADDDATE DATE_SUB SUBDATE")
#: What our SQLite has no equal for.
_ABSENT = (exp.MatchAgainst, exp.JSONTable, exp.Into)


class _Grammar(MySQL):
    """MySQL's language, with functions left as they are written."""

    class Parser(MySQLParser):
        """Only what has a syntax of its own is more than a name and arguments."""

        FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
        FUNCTION_PARSERS = {
            name: parser
            for name, parser in MySQLParser.FUNCTION_PARSERS.items()
            if name in words("CAST CONVERT EXTRACT GROUP_CONCAT MATCH POSITION TRIM SUBSTRING SUBSTR")
        }


class _Scratch(SQLite):
    """SQLite's language, with names in backticks: it takes an unknown name in double quotes for a text."""

    class Tokenizer(SQLite.Tokenizer):
        """The first of these is what is written."""

        IDENTIFIERS: ClassVar[list[str | tuple[str, str]]] = ["`"]


@dataclass(frozen=True, slots=True)
class Translation:
    """
    A statement for SQLite.

    @ivar sql: with C{:s} and a number for literals, C{:v} and a number for variables.
    @ivar variables: the variables by their numbers: name, scope, and whether it is the session's own.
    @ivar columns: the type of each column of the answer.
    """

    sql: str
    sources: Sequence[Source]
    variables: Sequence[tuple[str, str, bool]]
    columns: Sequence[Type]


def translate(query: Query, find: Find) -> Translation:
    """
    @param find: raises L{comet.errors.Refused} if there is no such table.
    @return: the statement for SQLite.
    @raise Refused: if it is no SELECT, or one with something that comet does not have.
    """
    try:
        statements = sqlglot.parse(query.text, read=_Grammar)
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            raise ParseError(query.text)
        tree = _bare(statements[0])
        _check(tree)
        translation = _Translator(tree, find).translated(query.titles)
        translation.sql.encode()  # SQLite takes nothing that UTF-8 cannot write
        return translation
    except (SqlglotError, RecursionError, UnicodeEncodeError) as error:
        raise _refused(error, query) from None


def _bare(tree: exp.Query) -> exp.Query:
    """@return: C{tree} without brackets around all of it, which SQLite does not take."""
    while isinstance(tree, exp.Subquery):
        following = {name: tree.args[name] for name in ("order", "limit", "offset") if tree.args.get(name)}
        inner = tree.this
        if following and any(inner.args.get(name) for name in ("order", "limit", "offset")):
            inner = exp.select("*").from_(inner.subquery("u"))
        for name, clause in following.items():
            inner.set(name, clause)
        tree = inner
    return tree


def _check(tree: exp.Query) -> None:
    """@raise ParseError: for what the parser lets pass and MySQL does not."""
    for node in tree.walk():
        if isinstance(node, exp.Select):
            wrong = not node.expressions
        elif isinstance(node, exp.In):
            wrong = not node.expressions and not any(node.args.get(name) for name in ("query", "field"))
        elif isinstance(node, (exp.Limit, exp.Offset)):
            wrong = not isinstance(node.expression, (exp.Placeholder, exp.Literal))
        else:
            wrong = isinstance(node, exp.Dot)
        if wrong:
            raise ParseError(node.sql("mysql"))


def _refused(error: Exception, query: Query) -> SyntaxRefused:
    if query.error:
        return SyntaxRefused(query.error)
    details = getattr(error, "errors", None)
    if details and details[0].get("highlight"):
        return syntax_error(f"{details[0]['highlight']}{details[0].get('end_context', '')}")
    return syntax_error(query.text)


class _Translator:
    """One translation; the tree is changed in place, deepest parts first."""

    def __init__(self, tree: exp.Query, find: Find) -> None:
        self._tree = tree
        self._find = find
        self._variables: list[tuple[str, str, bool]] = []

    def translated(self, titles: Sequence[str]) -> Translation:
        for absent in self._tree.find_all(*_ABSENT):
            raise NotSupported(f"'{absent.sql('mysql')[:80]}' is not supported")
        sources = Sources(self._tree, self._find)
        self._entitle(titles)
        for select in self._tree.find_all(exp.Select):
            _move_having(select)
            note_keys(select, sources)
            spell_stars(select, sources)
        columns = Inference(sources).answer(self._tree)
        for node in reversed(list(self._tree.walk())):
            other = self._rewritten(node)
            if other is not node:
                node.replace(other)
        sql = _flat(self._tree).sql(_Scratch, comments=False, identify=True)
        return Translation(sql, sources.all, tuple(self._variables), columns)

    # The answer -------------------------------------------------------------------------------------------

    def _first(self) -> exp.Select | None:
        tree: exp.Expr = self._tree
        while isinstance(tree, (exp.SetOperation, exp.Subquery)):
            tree = tree.this
        return tree if isinstance(tree, exp.Select) else None

    def _entitle(self, titles: Sequence[str]) -> None:
        select = self._first()
        if select is None or not titles:
            return
        if len(titles) != len(select.expressions):
            raise ParseError("a comma without a column")
        named = []
        for node, title in zip(select.expressions, titles, strict=True):
            plain = isinstance(node, (exp.Alias, exp.Column, exp.Star))
            named.append(node if plain or not title else exp.alias_(node, title, quoted=True))
        select.set("expressions", named)

    # Functions and variables ------------------------------------------------------------------------------

    def _rewritten(self, node: exp.Expr) -> exp.Expr:
        if type(node) in _NODES:
            return exp.Anonymous(this=f"f_{_NODES[type(node)].lower()}")
        if isinstance(node, exp.Anonymous):
            return self._function(node)
        if isinstance(node, (exp.SessionParameter, exp.Parameter)):
            return self._variable(node)
        if isinstance(node, exp.Collate):
            name = node.expression.name.lower()
            collation = exp.var("BINARY" if name.endswith("bin") else "NOCASE")
            return exp.Collate(this=node.this, expression=collation)
        if isinstance(node, exp.Cast):
            return exp.Cast(this=node.this, to=exp.DataType.build(_cast_to(node.to), dialect="sqlite"))
        if isinstance(node, exp.GroupConcat):
            return _group_concat(node)
        if isinstance(node, (exp.Add, exp.Sub)):
            return _shifted(node)
        if isinstance(node, exp.RegexpLike):
            return exp.Anonymous(this="f_regexp", expressions=[node.expression, node.this])
        if isinstance(node, exp.Extract):
            unit = exp.Literal.string(node.name.upper())
            return exp.Anonymous(this="f_extract", expressions=[unit, node.expression])
        if isinstance(node, exp.Xor):
            return exp.NEQ(this=exp.Not(this=node.this), expression=exp.Not(this=node.expression))
        if isinstance(node, exp.Select):
            node.set("operation_modifiers", None)
            node.set("locks", None)
            node.set("hint", None)
        return node

    def _function(self, node: exp.Anonymous) -> exp.Expr:
        name = node.name.upper()
        if name in _NATIVE:
            if name in _AGGREGATES and len(node.expressions) != 1:
                raise UnknownFunction(f"Incorrect parameter count in the call to native function '{name}'")
            distinct = node.expressions[0] if name in _AGGREGATES else None
            if isinstance(distinct, exp.Distinct) and len(distinct.expressions) > 1:
                raise NotSupported(f"{name}(DISTINCT) of several columns is not supported")
            return node
        if name == "ANY_VALUE":
            node.set("this", "MAX")
            return node
        if name == "REGEXP_LIKE" and len(node.expressions) == 2:
            return exp.Anonymous(this="f_regexp", expressions=node.expressions[::-1])
        if name == "JSON_EXTRACT" and len(node.expressions) == 2:
            return exp.JSONExtract(this=node.expressions[0], expression=node.expressions[1])
        if name in _SHIFTS and len(node.expressions) == 2:
            moment, interval = node.expressions
            if isinstance(interval, exp.Interval):
                node.set("expressions", _shift(moment, interval, "SUB" in name))
                name = "DATE_ADD"
        function = FUNCTIONS.get(name)
        if function is None:
            raise UnknownFunction(f"FUNCTION {name[:64]} does not exist")
        if not function.least <= len(node.expressions) <= function.most:
            raise UnknownFunction(f"Incorrect parameter count in the call to native function '{name}'")
        node.set("this", f"f_{name.lower()}")
        return node

    def _variable(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Parameter):
            self._variables.append((node.name.lower(), "", True))
        else:
            kind = node.args.get("kind")
            self._variables.append((node.name.lower(), str(kind or "").upper(), False))
        return exp.Placeholder(this=f"v{len(self._variables) - 1}")


def _move_having(select: exp.Select) -> None:
    """Make HAVING a part of WHERE where nothing is grouped: MySQL lets it name columns of the answer."""
    having = select.args.get("having")
    if having is None or select.args.get("group") or any(_is_aggregate(node) for node in select.walk()):
        return
    aliases = {node.alias.lower(): node.this for node in select.expressions if isinstance(node, exp.Alias)}

    def meant(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name.lower() in aliases:
            return exp.Paren(this=aliases[node.name.lower()].copy())
        return node

    select.set("having", None)
    select.where(having.this.transform(meant), copy=False)


def _is_aggregate(node: exp.Expr) -> bool:
    named = isinstance(node, exp.Anonymous) and node.name.upper() in _AGGREGATES
    return named or isinstance(node, exp.GroupConcat)


def _cast_to(kind: exp.DataType) -> str:
    if kind.is_type(*exp.DataType.INTEGER_TYPES):
        return "INTEGER"
    if kind.is_type(*exp.DataType.REAL_TYPES):
        return "REAL"
    binary = (exp.DataType.Type.BINARY, exp.DataType.Type.VARBINARY, exp.DataType.Type.BLOB)
    return "BLOB" if kind.is_type(*binary) else "TEXT"


def _group_concat(node: exp.GroupConcat) -> exp.Expr:
    inner, separator = node.this, node.args.get("separator") or exp.Literal.string(",")
    spec, keys = "", []
    if isinstance(inner, exp.Order):
        keys = [each.this for each in inner.expressions]
        spec = "".join(">" if each.args.get("desc") else "<" for each in inner.expressions)
        inner = inner.this
    if isinstance(inner, exp.Distinct):
        spec, inner = "d" + spec, inner.expressions[0]
    return exp.Anonymous(
        this="f_group_concat", expressions=[exp.Literal.string(spec), separator, inner, *keys]
    )


def _shifted(node: exp.Add | exp.Sub) -> exp.Expr:
    """@return: a moment that an INTERVAL is added to, or taken from."""
    interval, moment = node.expression, node.this
    if isinstance(moment, exp.Interval) and isinstance(node, exp.Add):
        interval, moment = moment, interval
    if not isinstance(interval, exp.Interval):
        return node
    return exp.Anonymous(this="f_date_add", expressions=_shift(moment, interval, isinstance(node, exp.Sub)))


def _shift(moment: exp.Expr, interval: exp.Interval, back: bool) -> list[exp.Expr]:
    count = exp.Neg(this=exp.Paren(this=interval.this)) if back else interval.this
    return [moment, count, exp.Literal.string(str(interval.args.get("unit") or "").upper())]


def _flat(tree: exp.Expr) -> exp.Expr:
    """@return: C{tree} without brackets around the parts of a UNION, which SQLite does not take."""
    for union in list(tree.find_all(exp.SetOperation)):
        for side in ("this", "expression"):
            part = union.args[side]
            if isinstance(part, exp.Subquery) and not part.alias:
                plain = isinstance(part.this, exp.Select) and not any(
                    part.this.args.get(name) for name in ("order", "limit", "offset", "with_", "with")
                )
                union.set(side, part.this if plain else exp.select("*").from_(part.this.subquery("u")))
    return tree
