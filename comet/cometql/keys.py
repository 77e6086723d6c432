"""What the conditions of a SELECT say of keys, so that only those rows are looked up."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from comet.cometql.sources import Source, Sources


def note_keys(select: exp.Select, sources: Sources) -> None:
    """Note in the tables of C{select} which of their rows it can be about."""
    _Keys(sources, sources.members(select)).note_all(select)


#: Comparisons, each with its sign and that of the same comparison the other way round.
_RANGES: dict[type[exp.Expr], tuple[str, str]] = {
    exp.GT: (">", "<"),
    exp.GTE: (">=", "<="),
    exp.LT: ("<", ">"),
    exp.LTE: ("<=", ">="),
}


class _Keys:
    """The keys in the conditions of one SELECT."""

    def __init__(self, sources: Sources, members: Mapping[str, Source]) -> None:
        self._sources = sources
        self._members = members

    def note_all(self, select: exp.Select) -> None:
        """Note what WHERE and ON say."""
        where = select.args.get("where")
        for condition in _conjuncts(where.this if where else None):
            self._note(condition, None)
            if isinstance(condition, exp.EQ):
                self._guard(condition)
        joins = select.args.get("joins") or ()
        if any(join.side in ("RIGHT", "FULL") for join in joins):
            return
        for join in joins:
            self._note_join(join)

    def _guard(self, condition: exp.EQ) -> None:
        one, other = _operand(condition.this), _operand(condition.expression)
        if one is not None and other is not None:
            for source in self._members.values():
                source.guards.append((one, other))

    def _note_join(self, join: exp.Join) -> None:
        joined = self._sources.of(join.this)
        for condition in _conjuncts(join.args.get("on")):
            self._note(condition, joined if join.side == "LEFT" else None)
        for name in join.args.get("using") or ():
            for other in self._members.values():
                place = other.place(name.name)
                if joined and other is not joined and place is not None:
                    _link(joined, joined.place(name.name), other, place)

    def _note(self, condition: exp.Expr, only: Source | None) -> None:
        """Note what a condition says of a key; C{only} is the one table that it may restrict."""
        if isinstance(condition, exp.EQ):
            sides = (condition.this, condition.expression)
            for one, other in (sides, sides[::-1]):
                if (source := self._keyed(one, only)) is not None:
                    self._note_equal(source, other)
        elif signs := _RANGES.get(type(condition)):
            sides = (condition.this, condition.expression)
            for sign, one, other in zip(signs, sides, sides[::-1], strict=True):
                operand = _operand(other)
                if operand is not None and (source := self._keyed(one, only)) is not None:
                    source.ranges.append((sign, operand))
        elif isinstance(condition, exp.In) and condition.expressions:
            source = self._keyed(condition.this, only)
            operands = [_operand(each) for each in condition.expressions]
            if source is not None and None not in operands:
                source.keys = [each for each in operands if each is not None]

    def _note_equal(self, source: Source, other: exp.Expr) -> None:
        linked = self._sources.resolved(other, self._members)
        if linked is not None and linked[0] is not source:
            _link(source, source.key, *linked)
        elif (operand := _operand(other)) is not None and source.keys is None:
            source.keys = [operand]

    def _keyed(self, node: exp.Expr, only: Source | None) -> Source | None:
        """@return: the table that C{node} is the key of, if it may be restricted by that."""
        found = self._sources.resolved(node, self._members)
        if found is None or (only and found[0] is not only) or found[1] != found[0].key:
            return None
        return found[0] if any(found[0] is source for source in self._members.values()) else None


def _link(source: Source, key: int | None, other: Source, place: int) -> None:
    if key == source.key and other is not source:
        source.links.append((other, place))


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
