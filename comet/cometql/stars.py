"""What C{*} stands for where a table has columns that it does not stand for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from comet.cometql.sources import Source, Sources, parts


def spell_stars(select: exp.Select, sources: Sources) -> None:
    """Put the names of the columns in the place of a star, if some are hidden."""
    spelled: list[exp.Expr] = []
    for node in select.expressions:
        starred: Sequence[exp.Expr] = parts(select) if isinstance(node, exp.Star) else ()
        if isinstance(node, exp.Column) and node.is_star:
            starred = [part for part in parts(select) if part.alias_or_name.lower() == node.table.lower()]
        tables = [sources.of(part) for part in starred]
        if not any(source is not None and source.hidden for source in tables):
            spelled.append(node)
            continue
        joined = _joined(select, sources) if isinstance(node, exp.Star) else {}
        for part, source in zip(starred, tables, strict=True):
            spelled += _columns(part.alias_or_name, source, joined.get(id(part), frozenset()))
    select.set("expressions", spelled)


def _columns(name: str, source: Source | None, left_out: frozenset[str]) -> list[exp.Expr]:
    if source is None:
        return [exp.Column(this=exp.Star(), table=exp.to_identifier(name, quoted=True))]
    shown = [column.name for column in source.columns if column.name not in source.hidden | left_out]
    return [exp.column(column, table=name, quoted=True) for column in shown]


def _joined(select: exp.Select, sources: Sources) -> dict[int, frozenset[str]]:
    """@return: for each table on the right of a JOIN the columns that are those of a table on its left."""
    found: dict[int, frozenset[str]] = {}
    left: set[str] = set()
    joins = {id(join.this): join for join in select.args.get("joins") or ()}
    for part in parts(select):
        source, join = sources.of(part), joins.get(id(part))
        names = {column.name for column in source.columns} if source else set()
        if join is not None and join.method == "NATURAL":
            found[id(part)] = frozenset(names & left)
        elif join is not None:
            found[id(part)] = frozenset(name.name.lower() for name in join.args.get("using") or ())
        left |= names
    return found
