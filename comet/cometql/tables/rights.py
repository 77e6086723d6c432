"""The table of who may do what in which channels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from comet.batch import Action
from comet.cometql import values
from comet.cometql.results import Kind, Value
from comet.cometql.tables.table import Declared, Row, Table
from comet.cometql.values import as_text
from comet.errors import BadValue
from comet.identity import Right
from comet.model import NAME_LIMIT, check_name, is_name
from comet.rights import Rule, Who
from comet.storage.listings import Most

_WHO = {who.value: who for who in Who}
_DOING = {
    Right.SUBSCRIBE: "who may listen",
    Right.PUBLISH: "who may publish from a browser",
    Right.HISTORY: "who may read what was said",
    Right.MEMBERS: "who may ask who listens",
    Right.COUNT: "who may ask how many listen",
}


class _Rule(NamedTuple):
    dev_id: int
    rule: Rule


class ChannelRights(Table[_Rule, str]):
    """Who may do what in channels whose names begin so."""

    name = "channel_rights"
    doc = "Who may do what in the channels whose names begin with a prefix. SQL itself may do everything."
    declared = (
        Declared(
            *("prefix", Kind.VARCHAR, NAME_LIMIT, "the beginning of the names; empty for all"),
            key=True,
            unique=True,
            required=True,
        ),
        *(
            Declared(right.value, Kind.VARCHAR, 8, f"{doing}: all, users, token or none")
            for right, doing in _DOING.items()
        ),
        Declared("builtin", Kind.INT, 1, "1 if the row is not set but built in", ignored=True, default=0),
    )
    listable = True

    def lookup(self, value: Value) -> str | None:
        """@return: C{value} if it can be the beginning of the name of a channel."""
        prefix = None if value is None or isinstance(value, bytes) else as_text(value)
        return prefix if prefix is not None and is_name(prefix, 0) else None

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: a row for each of these prefixes that has a rule, set or built in."""
        rules, own = self.broker.rights.table(dev_id).rules, self.broker.rights.own(dev_id)
        return [_row(rules[prefix], prefix in own) for prefix in keys if prefix in rules]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each rule that counts."""
        return await self.rows(dev_id, sorted(self.broker.rights.table(dev_id).rules))

    def admit(self, dev_id: int, row: Sequence[Value]) -> _Rule:
        """@return: a rule."""
        prefix, *words, _ = row
        name = check_name(values.text(prefix, "prefix"), "column 'prefix'", 0)
        if name not in self.broker.rights.own(dev_id):
            self.broker.grants.check_room(dev_id)
        cells = [_who(word, right.value) for word, right in zip(words, Right, strict=True)]
        return _Rule(dev_id, Rule(name, *cells))

    def writing(self, entry: _Rule) -> Action:
        """@return: what lets this rule count in place of any other of its prefix."""
        return self.broker.grants.setting(*entry)

    def removing(self, dev_id: int, keys: Collection[str]) -> Action:
        """@return: what lets the built-in rules count again."""
        return self.broker.grants.removing(dev_id, keys)


def _who(value: Value, column: str) -> Who | None:
    """@return: who is meant, C{None} if that is left open."""
    word = values.text(value, column).lower()
    if word and word not in _WHO:
        words = ", ".join(_WHO)
        raise BadValue(
            f"Incorrect value {values.shown(word)} for column '{column}': expected one of {words},"
            " or nothing to leave it open"
        )
    return _WHO[word] if word else None


def _row(rule: Rule, is_set: bool) -> Row:
    return (rule.prefix, *(who.value if who else "" for who in rule.cells), int(not is_set))
