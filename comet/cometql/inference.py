"""
What type each column of an answer has, told from the statement rather than from its rows.

So an answer without rows has the types of one with many, as with MySQL. A literal and a variable have the
type of their value, which is known when the statement is run: hence a type is a function of these values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from comet.cometql.functions import kind_of
from comet.cometql.plans import computed
from comet.cometql.results import Column, Kind, Value
from comet.cometql.sources import Sources, parts
from comet.cometql.tables.table import TEXT_LENGTH

#: The values of literals and variables, by the names they go by in the translation.
Values = Mapping[str, Value]
#: Tells the column that a value is like; C{None} if only its rows can tell.
Type = Callable[[Values], Column | None]

_WHOLE = Column("", Kind.BIGINT, 21, nullable=True)
_TRUTH = Column("", Kind.BIGINT, 1, nullable=True)
_DOUBLE = Column("", Kind.DOUBLE, 23, nullable=True)
_DECIMAL = Column("", Kind.DECIMAL, 65, nullable=True)
#: Of whole numbers that are divided, by each other or by how many there are: as many digits as MySQL gives.
_QUOTIENT = replace(_DECIMAL, scale=4)
_TEXT = Column("", Kind.VARCHAR, 255, nullable=True)
_LONG_TEXT = Column("", Kind.TEXT, TEXT_LENGTH, nullable=True)
_NULL = Column("", Kind.NULL, 0, nullable=True)
#: The types of functions that SQLite computes by itself, if it is always the same.
_NATIVE = {
    "COUNT": _WHOLE,
    "ROW_NUMBER": _WHOLE,
    "RANK": _WHOLE,
    "DENSE_RANK": _WHOLE,
    "NTILE": _WHOLE,
    "PERCENT_RANK": _DOUBLE,
    "CUME_DIST": _DOUBLE,
}
#: Functions that give one of their arguments; which ones these are, from the first one on.
_CHOICES = {
    **dict.fromkeys(("COALESCE", "IFNULL", "GREATEST", "LEAST"), slice(None)),
    **dict.fromkeys(("MIN", "MAX", "NULLIF", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE"), slice(1)),
    **{"NTH_VALUE": slice(1), "ANY_VALUE": slice(1), "IF": slice(1, 3), "ABS": slice(1), "ROUND": slice(1)},
}
#: Nodes of one type whatever is in them.
_FIXED: Sequence[tuple[tuple[type[exp.Expr], ...], Column]] = (
    ((exp.Predicate, exp.Connector, exp.Not, exp.Boolean, exp.Exists, exp.RegexpLike), _TRUTH),
    ((exp.Extract, exp.StrPosition, exp.IntDiv, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor), _WHOLE),
    ((exp.Trim, exp.Substring), _TEXT),
    ((exp.GroupConcat,), _LONG_TEXT),
    ((exp.CurrentTimestamp, exp.Localtime, exp.Localtimestamp), Column("", Kind.DATETIME, 19, True)),
    ((exp.CurrentDate,), Column("", Kind.DATE, 10, True)),
    ((exp.CurrentTime,), Column("", Kind.TIME, 10, True)),
    ((exp.CurrentUser,), _TEXT),
    ((exp.Null,), _NULL),
)
#: Nodes that are of the type of what is in them.
_WRAPPINGS = (exp.Alias, exp.Paren, exp.Collate, exp.Neg, exp.Window, exp.Distinct, exp.IgnoreNulls)


@dataclass(slots=True)
class _Scope:
    """
    What names mean within one SELECT.

    @ivar members: the columns of what it is from, in order, by the names that these go by.
    @ivar outer: the SELECT around it.
    """

    members: dict[str, list[tuple[str, Type]]] = field(default_factory=dict)
    outer: _Scope | None = None

    def find(self, column: str, table: str) -> Type:
        """@return: the type of a column by its name in small letters."""
        for name, columns in self.members.items():
            if table in ("", name):
                for each, found in columns:
                    if each == column:
                        return found
        return self.outer.find(column, table) if self.outer else _unknown


def _unknown(values: Values) -> Column | None:
    return None


def _always(column: Column) -> Type:
    return lambda values: column


class Inference:
    """The types of one statement, before its nodes become those of another language."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._named: dict[str, list[tuple[str, Type]]] = {}

    def answer(self, tree: exp.Query) -> list[Type]:
        """@return: the type of each column of the answer."""
        return [found for _, found in self._columns(tree, None)]

    def _columns(self, tree: exp.Expr, outer: _Scope | None) -> list[tuple[str, Type]]:
        """@return: the columns of a SELECT, or of what several give together."""
        with_ = tree.args.get("with_")
        for cte in with_.expressions if with_ else ():
            # One that names itself is known by its first part.
            self._named[cte.alias.lower()] = []
            self._named[cte.alias.lower()] = _renamed(self._columns(cte.this, outer), cte)
        if isinstance(tree, exp.Subquery):
            return self._columns(tree.this, outer)
        if isinstance(tree, exp.SetOperation):
            first, second = self._columns(tree.this, outer), self._columns(tree.expression, outer)
            if len(first) != len(second):
                return first
            return [
                (name, _merged([one, other])) for (name, one), (_, other) in zip(first, second, strict=True)
            ]
        if not isinstance(tree, exp.Select):
            return []
        scope = _Scope({part.alias_or_name.lower(): self._part(part, outer) for part in parts(tree)}, outer)
        found: list[tuple[str, Type]] = []
        for node in tree.expressions:
            if node.is_star and isinstance(node, (exp.Star, exp.Column)):
                wanted = node.table.lower() if isinstance(node, exp.Column) else ""
                joined = {} if wanted else _joined(tree)
                for name, columns in scope.members.items():
                    if wanted in ("", name):
                        there = {each for each, _ in found}
                        common = joined.get(name, frozenset())
                        left_out = there if common is None else there & common
                        found += [pair for pair in columns if pair[0] not in left_out]
            else:
                found.append((node.alias_or_name.lower(), self._type(node, scope)))
        return found

    def _part(self, part: exp.Expr, outer: _Scope | None) -> list[tuple[str, Type]]:
        source = self._sources.of(part)
        if source is not None:
            return [(column.name.lower(), _always(column)) for column in source.columns]
        if isinstance(part, exp.Table):
            return self._named.get(part.name.lower(), [])
        return _renamed([(name, _bare(found)) for name, found in self._columns(part, outer)], part)

    def _type(self, node: exp.Expr, scope: _Scope) -> Type:
        if isinstance(node, exp.Column):
            return scope.find(node.name.lower(), node.table.lower())
        if isinstance(node, _WRAPPINGS):
            return self._type(node.this or node.expressions[0], scope)
        if isinstance(node, exp.Subquery):
            inner = self._columns(node, scope)
            return inner[0][1] if inner else _unknown
        for kinds, column in _FIXED:
            if isinstance(node, kinds):
                return _always(column)
        if isinstance(node, exp.Placeholder):
            return _of_value(node.name)
        if isinstance(node, exp.Cast):
            return _always(_cast(node.to))
        if isinstance(node, exp.Case):
            results = [branch.args["true"] for branch in node.args["ifs"]]
            return self._merged([*results, node.args.get("default") or exp.null()], scope)
        if isinstance(node, exp.Anonymous):
            return self._call(node.name.upper(), node.expressions, scope)
        if isinstance(node, (exp.Add, exp.Sub)) and any(
            isinstance(side, exp.Interval) for side in (node.this, node.expression)
        ):
            return _always(column_of(Kind.DATETIME))
        if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Div)):
            operands = [self._type(node.this, scope), self._type(node.expression, scope)]
            return _arithmetic(operands, _QUOTIENT if isinstance(node, exp.Div) else _WHOLE)
        return _unknown

    def _merged(self, nodes: Sequence[exp.Expr], scope: _Scope) -> Type:
        return _merged([self._type(node, scope) for node in nodes])

    def _call(self, name: str, arguments: Sequence[exp.Expr], scope: _Scope) -> Type:
        if name in ("ADDDATE", "DATE_SUB", "SUBDATE"):
            name = "DATE_ADD"
        if name == "REGEXP_LIKE":
            return _always(_TRUTH)
        if name in _NATIVE:
            return _always(_NATIVE[name])
        if name in _CHOICES:
            chosen = self._merged(arguments[_CHOICES[name]], scope)
            return _rounded(chosen) if name == "ROUND" else chosen
        if name in ("SUM", "AVG") and arguments:
            return _arithmetic([self._type(arguments[0], scope)], _QUOTIENT if name == "AVG" else _DECIMAL)
        kind = kind_of(name, len(arguments))
        return _always(column_of(kind)) if kind else _unknown


def _joined(select: exp.Select) -> dict[str, frozenset[str] | None]:
    """@return: for each part of a join the columns that are those of a part before it; C{None} is all."""
    found: dict[str, frozenset[str] | None] = {}
    for join in select.args.get("joins") or ():
        names = frozenset(name.name.lower() for name in join.args.get("using") or ())
        found[join.this.alias_or_name.lower()] = None if join.method == "NATURAL" else names
    return found


def column_of(kind: Kind) -> Column:
    """@return: a column of this type, of no particular length."""
    lengths = {Kind.BIGINT: 21, Kind.DATETIME: 19, Kind.DATE: 10, Kind.TIME: 10, Kind.DOUBLE: 23}
    return Column("", kind, lengths.get(kind, 255), nullable=True)


def _of_value(name: str) -> Type:
    def of_value(values: Values) -> Column | None:
        value = values.get(name)
        return _TEXT if value is None else computed("", value)

    return of_value


def _bare(inner: Type) -> Type:
    """@return: the type without the table: rows of a SELECT are none of a table."""

    def bare(values: Values) -> Column | None:
        found = inner(values)
        return found and replace(found, table="", key=False)

    return bare


def _renamed(columns: list[tuple[str, Type]], part: exp.Expr) -> list[tuple[str, Type]]:
    alias = part.args.get("alias")
    names = [each.name.lower() for each in alias.columns] if isinstance(alias, exp.TableAlias) else []
    if len(names) != len(columns):
        return columns
    return [(name, found) for name, (_, found) in zip(names, columns, strict=True)]


def _cast(kind: exp.DataType) -> Column:
    if kind.is_type(*exp.DataType.INTEGER_TYPES):
        return _WHOLE
    if kind.is_type(*exp.DataType.REAL_TYPES):
        return _DOUBLE
    return _TEXT


def _rounded(inner: Type) -> Type:
    """@return: the type without the digits behind the point: how many there are, the rows tell."""

    def rounded(values: Values) -> Column | None:
        found = inner(values)
        return found and replace(found, scale=0)

    return rounded


def _arithmetic(operands: Sequence[Type], of_whole: Column) -> Type:
    """@param of_whole: what whole numbers give."""

    def arithmetic(values: Values) -> Column | None:
        kinds = [found.kind if (found := operand(values)) else None for operand in operands]
        if None in kinds:
            return None
        if any(kind not in (Kind.INT, Kind.BIGINT, Kind.DECIMAL) for kind in kinds):
            return _DOUBLE
        return _DECIMAL if Kind.DECIMAL in kinds else of_whole

    return arithmetic


def _merged(types: Sequence[Type]) -> Type:
    """@return: the type that holds what any of C{types} holds."""
    if len(types) == 1:
        return types[0]

    def merged(values: Values) -> Column | None:
        columns = [found for each in types if (found := each(values))]
        if len(columns) < len(types):
            return None
        columns = [column for column in columns if column.kind is not Kind.NULL] or [_NULL]
        kinds = {column.kind for column in columns}
        length = max(column.length for column in columns)
        if kinds <= {Kind.INT, Kind.BIGINT}:
            widest = next((column for column in columns if column.kind is Kind.BIGINT), columns[0])
            return Column("", widest.kind, length, nullable=True)
        if kinds <= {Kind.INT, Kind.BIGINT, Kind.DECIMAL}:
            return _DECIMAL
        if kinds <= {Kind.INT, Kind.BIGINT, Kind.DECIMAL, Kind.DOUBLE}:
            return _DOUBLE
        if len(kinds) == 1 and not columns[0].kind.is_text:
            return replace(columns[0], table="", key=False)
        return Column("", Kind.TEXT if Kind.TEXT in kinds else Kind.VARCHAR, length, nullable=True)

    return merged
