"""
From a SELECT in MySQL's language to one in SQLite's, and to the rows it needs.

The parser and the writer of SQL are sqlglot's (U{https://sqlglot.com}). In between, each table becomes a
table of a scratch database, each function one of ours, and what WHERE and ON say of keys is noted, so that
only those rows are looked up that the statement can be about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parsers.mysql import MySQLParser

from comet.cometql.cursor import words
from comet.cometql.functions import FUNCTIONS
from comet.cometql.results import Column
from comet.cometql.shape import syntax_error
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
#: The most tables of a statement, as many as MySQL joins.
_MOST_TABLES = 61
#: What our SQLite has no equal for.
_ABSENT = (exp.RegexpLike, exp.Interval, exp.Extract, exp.MatchAgainst, exp.JSONTable, exp.Into)


class _Grammar(MySQL):
    """MySQL's language, with functions left as they are written."""

    class Parser(MySQLParser):
        """Only what has a syntax of its own is more than a name and arguments."""

        FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
        FUNCTION_PARSERS = {
            name: parser
            for name, parser in MySQLParser.FUNCTION_PARSERS.items()
            if name in ("CAST", "CONVERT", "GROUP_CONCAT", "POSITION", "TRIM", "SUBSTRING", "SUBSTR")
        }


class _Scratch(SQLite):
    """SQLite's language, with names in backticks: it takes an unknown name in double quotes for a text."""

    class Tokenizer(SQLite.Tokenizer):
        """The first of these is what is written."""

        IDENTIFIERS: ClassVar[list[str | tuple[str, str]]] = ["`"]


@dataclass(slots=True, eq=False)
class Source:
    """
    A table of a statement.

    @ivar name: what it is called in the scratch database.
    @ivar key: the place of the column that rows are looked up by; -1 if there is none.
    @ivar keys: the literals that the key is compared with; C{None} if nothing is said.
    @ivar guards: pairs of literals that must be equal, or else no row matters: the C{1=0} of programs that
        ask for the columns.
    @ivar hidden: columns that C{*} does not stand for.
    @ivar links: other sources, and columns of them, that the key is equal to.
    """

    name: str
    table: str
    database: str
    columns: Sequence[Column]
    key: int = -1
    synonyms: Mapping[str, str] = field(default_factory=dict)
    keys: list[int] | None = None
    guards: list[tuple[int, int]] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()
    links: list[tuple[Source, int]] = field(default_factory=list)

    def place(self, column: str) -> int | None:
        """@return: the place of a column by its name in any letter case."""
        wanted = column.lower()
        wanted = self.synonyms.get(wanted, wanted)
        return next((place for place, each in enumerate(self.columns) if each.name.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Translation:
    """
    A statement for SQLite.

    @ivar sql: with C{:s} and a number for literals, C{:v} and a number for variables.
    @ivar variables: the variables by their numbers: name, scope, and whether it is the session's own.
    @ivar columns: a column for each of the answer that is one of a table; C{None} for what is computed.
    """

    sql: str
    sources: Sequence[Source]
    variables: Sequence[tuple[str, str, bool]]
    columns: Sequence[Column | None]


#: Makes a source of a table by its name in the scratch database, its own, and that of its database.
Find = Callable[[str, str, str], Source]


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
        _check(statements[0])
        translation = _Translator(statements[0], find).translated(query.titles)
        translation.sql.encode()  # SQLite takes nothing that UTF-8 cannot write
        return translation
    except (SqlglotError, RecursionError, UnicodeEncodeError) as error:
        raise _refused(error, query) from None


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
        self._sources: dict[int, Source] = {}
        self._aliases: dict[str, list[Source]] = {}
        self._variables: list[tuple[str, str, bool]] = []

    def translated(self, titles: Sequence[str]) -> Translation:
        for absent in self._tree.find_all(*_ABSENT):
            raise NotSupported(f"'{absent.sql('mysql')[:80]}' is not supported")
        self._name_tables()
        self._name_columns()
        self._entitle(titles)
        for select in self._tree.find_all(exp.Select):
            self._note_keys(select)
            self._spell_stars(select)
        columns = self._columns()
        for node in reversed(list(self._tree.walk())):
            other = self._rewritten(node)
            if other is not node:
                node.replace(other)
        sql = _flat(self._tree).sql(_Scratch, comments=False, identify=True)
        return Translation(sql, tuple(self._sources.values()), tuple(self._variables), columns)

    # Tables and columns -----------------------------------------------------------------------------------

    def _name_tables(self) -> None:
        known = {cte.alias.lower() for cte in self._tree.find_all(exp.CTE)}
        for node in list(self._tree.find_all(exp.Table)):
            if not isinstance(node.this, exp.Identifier) or node.args.get("joins"):
                raise NotSupported(f"'{node.sql('mysql')[:80]}' is not supported")
            if not node.db and node.name.lower() in known:
                continue
            if not node.db and node.name.lower() == "dual":
                if isinstance(node.parent, exp.From):
                    node.parent.pop()
                continue
            if len(self._sources) == _MOST_TABLES:
                raise NotSupported(f"more than {_MOST_TABLES} tables in a statement are not supported")
            source = self._find(f"s{len(self._sources)}", node.name, node.db)
            self._aliases.setdefault(node.alias_or_name.lower(), []).append(source)
            alias = exp.TableAlias(this=exp.to_identifier(node.alias_or_name, quoted=True))
            named = exp.Table(this=exp.to_identifier(source.name), alias=alias)
            node.replace(named)
            self._sources[id(named)] = source

    def _name_columns(self) -> None:
        for node in self._tree.find_all(exp.Column):
            node.set("db", None)
            node.set("catalog", None)
            for source in self._aliases.get(node.table.lower(), self._sources.values()):
                if node.name.lower() in source.synonyms:
                    node.set("this", exp.to_identifier(source.synonyms[node.name.lower()], quoted=True))

    def _members(self, select: exp.Select) -> dict[str, Source]:
        """@return: the tables of a SELECT by the names they go by."""
        froms = [node.this for node in (select.args.get("from_") or select.args.get("from"),) if node]
        froms += [join.this for join in select.args.get("joins") or ()]
        ours = [node for node in froms if id(node) in self._sources]
        return {node.alias_or_name.lower(): self._sources[id(node)] for node in ours}

    def _resolved(self, node: exp.Expr, members: Mapping[str, Source]) -> tuple[Source, int] | None:
        """@return: the table and the place of a column, if it is one."""
        if not isinstance(node, exp.Column):
            return None
        if node.table:
            one = members.get(node.table.lower())
            others = self._aliases.get(node.table.lower(), [])
            found = [one] if one else others if len(others) == 1 else []
        else:
            found = [source for source in members.values() if source.place(node.name) is not None]
        if len(found) != 1 or (place := found[0].place(node.name)) is None:
            return None
        return found[0], place

    # Keys -------------------------------------------------------------------------------------------------

    def _note_keys(self, select: exp.Select) -> None:
        members = self._members(select)
        where = select.args.get("where")
        for condition in _conjuncts(where.this if where else None):
            self._note(condition, members, None)
            if isinstance(condition, exp.EQ):
                pair = _operand(condition.this), _operand(condition.expression)
                for source in members.values():
                    if pair[0] is not None and pair[1] is not None:
                        source.guards.append((pair[0], pair[1]))
        joins = select.args.get("joins") or ()
        if any(join.side in ("RIGHT", "FULL") for join in joins):
            return
        for join in joins:
            joined = self._sources.get(id(join.this))
            only = joined if join.side == "LEFT" else None
            for condition in _conjuncts(join.args.get("on")):
                self._note(condition, members, only)
            for name in join.args.get("using") or ():
                for other in members.values():
                    place = other.place(name.name)
                    if joined and other is not joined and place is not None:
                        self._link(joined, joined.place(name.name), other, place)

    def _note(self, condition: exp.Expr, members: Mapping[str, Source], only: Source | None) -> None:
        """Note what a condition says of a key; C{only} is the one table that it may restrict."""
        if isinstance(condition, exp.EQ):
            sides = (condition.this, condition.expression)
            for one, other in (sides, sides[::-1]):
                found = self._resolved(one, members)
                if found is None or (only and found[0] is not only) or found[1] != found[0].key:
                    continue
                if not any(found[0] is source for source in members.values()):
                    continue
                linked = self._resolved(other, members)
                if linked is not None and linked[0] is not found[0]:
                    self._link(*found, *linked)
                elif (operand := _operand(other)) is not None and found[0].keys is None:
                    found[0].keys = [operand]
        elif isinstance(condition, exp.In) and condition.expressions:
            found = self._resolved(condition.this, members)
            operands = [_operand(each) for each in condition.expressions]
            if found is None or found[1] != found[0].key or (only and found[0] is not only):
                return
            if any(found[0] is source for source in members.values()) and None not in operands:
                found[0].keys = [each for each in operands if each is not None]

    def _link(self, source: Source, key: int | None, other: Source, place: int) -> None:
        if key == source.key and other is not source:
            source.links.append((other, place))

    def _spell_stars(self, select: exp.Select) -> None:
        """Put the names of the columns in the place of a star, if some are hidden."""
        members = self._members(select)
        spelled: list[exp.Expr] = []
        for node in select.expressions:
            starred = members if isinstance(node, exp.Star) else {}
            if isinstance(node, exp.Column) and node.is_star:
                starred = {name: one for name, one in members.items() if name == node.table.lower()}
            if not any(source.hidden for source in starred.values()):
                spelled.append(node)
                continue
            for name, source in starred.items():
                shown = [column.name for column in source.columns if column.name not in source.hidden]
                spelled += [exp.column(column, table=name, quoted=True) for column in shown]
        select.set("expressions", spelled)

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

    def _columns(self) -> list[Column | None]:
        if not isinstance(self._tree, exp.Select):
            return []
        members = self._members(self._tree)
        found: list[Column | None] = []
        for node in self._tree.expressions:
            if node.is_star and isinstance(node, (exp.Star, exp.Column)):
                starred = list(members.values())
                if isinstance(node, exp.Column):
                    starred = [source for name, source in members.items() if name == node.table.lower()]
                for source in starred:
                    found += source.columns
                continue
            resolved = self._resolved(node.unalias(), members)
            found.append(resolved[0].columns[resolved[1]] if resolved else None)
        return found

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


def _conjuncts(node: exp.Expr | None) -> list[exp.Expr]:
    if node is None:
        return []
    if isinstance(node, exp.Paren):
        return _conjuncts(node.this)
    if isinstance(node, exp.And):
        return [each for part in node.flatten() for each in _conjuncts(part)]
    return [node]


def _operand(node: exp.Expr) -> int | None:
    """@return: the number of a literal, if C{node} is one."""
    return int(node.name[1:]) if isinstance(node, exp.Placeholder) and node.name.startswith("s") else None


def _cast_to(kind: exp.DataType) -> str:
    if kind.is_type(*exp.DataType.INTEGER_TYPES):
        return "INTEGER"
    if kind.is_type(*exp.DataType.REAL_TYPES):
        return "REAL"
    binary = (exp.DataType.Type.BINARY, exp.DataType.Type.VARBINARY, exp.DataType.Type.BLOB)
    return "BLOB" if kind.is_type(*binary) else "TEXT"


def _group_concat(node: exp.GroupConcat) -> exp.Expr:
    inner, separator = node.this, node.args.get("separator")
    if isinstance(inner, exp.Order):
        raise NotSupported("ORDER BY in GROUP_CONCAT is not supported")
    if isinstance(inner, exp.Distinct):
        if separator is not None:
            raise NotSupported("DISTINCT with a SEPARATOR in GROUP_CONCAT is not supported")
        return exp.Anonymous(this="GROUP_CONCAT", expressions=[inner])
    return exp.Anonymous(this="GROUP_CONCAT", expressions=[inner, separator] if separator else [inner])


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
