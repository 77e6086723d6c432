"""The tables of a SELECT beyond CometQL, and what its names mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from comet.cometql.results import Column
from comet.errors import NotSupported

#: The most tables of a statement, as many as MySQL joins.
_MOST_TABLES = 61


@dataclass(slots=True, eq=False)
class Source:
    """
    A table of a statement.

    @ivar name: what it is called in the scratch database.
    @ivar key: the place of the column that rows are looked up by; -1 if there is none.
    @ivar keys: the literals that the key is compared with; C{None} if nothing is said.
    @ivar ranges: signs such as C{>}, and the literals that the key is compared with by them.
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
    ranges: list[tuple[str, int]] = field(default_factory=list)
    guards: list[tuple[int, int]] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()
    links: list[tuple[Source, int]] = field(default_factory=list)

    def place(self, column: str) -> int | None:
        """@return: the place of a column by its name in any letter case."""
        wanted = column.lower()
        wanted = self.synonyms.get(wanted, wanted)
        return next((place for place, each in enumerate(self.columns) if each.name.lower() == wanted), None)


#: Makes a source of a table by its name in the scratch database, its own, and that of its database.
Find = Callable[[str, str, str], Source]


class Sources:
    """
    The tables of one statement, by the names they go by.

    @ivar all: the tables in the order they are named.
    """

    def __init__(self, tree: exp.Query, find: Find) -> None:
        """
        Give the tables and columns in C{tree} the names that they have in the scratch database.

        @param find: raises L{comet.errors.Refused} if there is no such table.
        """
        self._find = find
        self._nodes: dict[int, Source] = {}
        self._aliases: dict[str, list[Source]] = {}
        self._name_tables(tree)
        self._name_columns(tree)

    @property
    def all(self) -> Sequence[Source]:
        """The tables in the order they are named."""
        return tuple(self._nodes.values())

    def _name_tables(self, tree: exp.Query) -> None:
        known = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        for node in list(tree.find_all(exp.Table)):
            if not isinstance(node.this, exp.Identifier) or node.args.get("joins"):
                raise NotSupported(f"'{node.sql('mysql')[:80]}' is not supported")
            if not node.db and node.name.lower() in known:
                continue
            if not node.db and node.name.lower() == "dual":
                if isinstance(node.parent, exp.From):
                    node.parent.pop()
                continue
            if len(self._nodes) == _MOST_TABLES:
                raise NotSupported(f"more than {_MOST_TABLES} tables in a statement are not supported")
            source = self._find(f"s{len(self._nodes)}", node.name, node.db)
            self._aliases.setdefault(node.alias_or_name.lower(), []).append(source)
            alias = exp.TableAlias(this=exp.to_identifier(node.alias_or_name, quoted=True))
            named = exp.Table(this=exp.to_identifier(source.name), alias=alias)
            node.replace(named)
            self._nodes[id(named)] = source

    def _name_columns(self, tree: exp.Query) -> None:
        for node in tree.find_all(exp.Column):
            node.set("db", None)
            node.set("catalog", None)
            for source in self._aliases.get(node.table.lower(), self._nodes.values()):
                if node.name.lower() in source.synonyms:
                    node.set("this", exp.to_identifier(source.synonyms[node.name.lower()], quoted=True))

    def of(self, node: exp.Expr) -> Source | None:
        """@return: the table that C{node} names; C{None} if that is a SELECT, or the name of one."""
        return self._nodes.get(id(node))

    def members(self, select: exp.Select) -> dict[str, Source]:
        """@return: the tables of a SELECT by the names they go by."""
        found = {node.alias_or_name.lower(): self.of(node) for node in parts(select)}
        return {name: source for name, source in found.items() if source is not None}

    def resolved(self, node: exp.Expr, members: Mapping[str, Source]) -> tuple[Source, int] | None:
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


def parts(select: exp.Select) -> list[exp.Expr]:
    """@return: what a SELECT is from: tables, and other SELECTs."""
    froms = [node.this for node in (select.args.get("from_") or select.args.get("from"),) if node]
    return froms + [join.this for join in select.args.get("joins") or ()]
