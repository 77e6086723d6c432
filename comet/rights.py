"""
Who may do what in which channels, by the beginnings of their names.

A rule says for a prefix who has each right. Of the rules whose prefix a name begins with, that with the
longest counts. What a rule leaves open is as the built-in rule of the same prefix says, else as the rule of
the next shorter prefix says. The rule of the empty prefix, which fits all names, leaves nothing open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from comet.access import is_own, is_reserved
from comet.errors import NotAllowed
from comet.identity import Identity, Right
from comet.model import Channel


class Who(Enum):
    """Who has a right; the value is its name in SQL. Each but C{none} includes those below it."""

    ALL = "all"
    USERS = "users"
    TOKEN = "token"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who has which right in the channels whose names begin with C{prefix}; C{None} is left open."""

    prefix: str
    subscribe: Who | None = None
    publish: Who | None = None
    history: Who | None = None
    members: Who | None = None
    count: Who | None = None

    def who(self, right: Right) -> Who | None:
        """@return: who has C{right}."""
        found: Who | None = getattr(self, right.value)
        return found

    @property
    def cells(self) -> list[Who | None]:
        """Who has each right, in their order."""
        return [self.who(right) for right in Right]

    def over(self, below: Rule) -> Rule:
        """@return: this rule, with what it leaves open as C{below} says."""
        pairs = zip(self.cells, below.cells, strict=True)
        return Rule(self.prefix, *(own or other for own, other in pairs))


#: The rules without a setting.
BUILT_IN = (
    Rule("", subscribe=Who.ALL, publish=Who.TOKEN, history=Who.ALL, members=Who.TOKEN, count=Who.TOKEN),
    Rule("private_", subscribe=Who.USERS, history=Who.USERS),
    Rule("self_", *[Who.USERS] * 5),
    # Names of no channels: who may ring whom, and enter which room (L{comet.video.desk}).
    Rule("call_user_", publish=Who.USERS),
    Rule("call_room_", subscribe=Who.USERS),
    Rule("track_", members=Who.ALL, count=Who.ALL),
    # Only the server says who is online.
    Rule("user_status_", publish=Who.NONE),
    Rule("web_", publish=Who.ALL, count=Who.ALL),
    Rule("webauth_", publish=Who.USERS, count=Who.ALL),
)
_BUILT_IN = {rule.prefix: rule for rule in BUILT_IN}

_DOING = {
    Right.SUBSCRIBE: "listen to channel",
    Right.PUBLISH: "publish to channel",
    Right.HISTORY: "read the history of channel",
    Right.MEMBERS: "list who listens to channel",
    Right.COUNT: "count who listens to channel",
}


class Table:
    """The rules of one tenant, those that are built in included, with nothing left open."""

    def __init__(self, own: Mapping[str, Rule]) -> None:
        self.rules: dict[str, Rule] = {}
        self._lengths: list[int] = []
        for prefix in sorted({*own, *_BUILT_IN}, key=len):
            rule = own.get(prefix, Rule(prefix)).over(_BUILT_IN.get(prefix, Rule(prefix)))
            # All shorter prefixes are there already.
            self.rules[prefix] = rule.over(self.rule(prefix)) if prefix else rule
            if len(prefix) not in self._lengths:
                self._lengths.insert(0, len(prefix))

    def rule(self, name: str) -> Rule:
        """@return: the rule with the longest prefix that C{name} begins with."""
        for length in self._lengths:
            if length <= len(name) and (found := self.rules.get(name[:length])) is not None:
                return found
        raise KeyError(name)


_DEFAULT = Table({})


class Rights:
    """
    The rules of all tenants.

    @ivar changed: the tenants and prefixes whose rules have changed, until somebody takes notice of it.
    """

    def __init__(self) -> None:
        self.changed: set[Channel] = set()
        self._own: dict[int, dict[str, Rule]] = {}
        # Made when they are asked for, so that many changes at once make them once.
        self._tables: dict[int, Table] = {}

    def load(self, rules: Iterable[tuple[int, Rule]]) -> None:
        """Take the rules that a store has kept, in place of all others."""
        before, self._own, self._tables = self._own, {}, {}
        for dev_id, rule in rules:
            self._own.setdefault(dev_id, {})[rule.prefix] = rule
        for dev_id in before.keys() | self._own.keys():
            old, new = before.get(dev_id, {}), self._own.get(dev_id, {})
            changed = [prefix for prefix in old.keys() | new.keys() if old.get(prefix) != new.get(prefix)]
            self.changed.update(Channel(dev_id, prefix) for prefix in changed)

    def set(self, dev_id: int, rule: Rule) -> None:
        """Let a rule count in place of any other of its prefix."""
        self._own.setdefault(dev_id, {})[rule.prefix] = rule
        self._note(dev_id, rule.prefix)

    def remove(self, dev_id: int, prefix: str) -> None:
        """Let what is built in count again; harmless if it does."""
        own = self._own.get(dev_id, {})
        if own.pop(prefix, None) is not None:
            if not own:
                del self._own[dev_id]
            self._note(dev_id, prefix)

    def _note(self, dev_id: int, prefix: str) -> None:
        self._tables.pop(dev_id, None)
        self.changed.add(Channel(dev_id, prefix))

    def own(self, dev_id: int) -> Mapping[str, Rule]:
        """@return: the rules that a tenant has set, by prefix."""
        return self._own.get(dev_id, {})

    def table(self, dev_id: int) -> Table:
        """@return: the rules that count for a tenant."""
        if dev_id not in self._own:
            return _DEFAULT
        if dev_id not in self._tables:
            self._tables[dev_id] = Table(self._own[dev_id])
        return self._tables[dev_id]

    def check(self, right: Right, channel: Channel, who: Identity, hidden: bool = False) -> None:
        """
        @param hidden: whether a sender does not want to be named.
        @raise NotAllowed: if C{who} does not have C{right} in C{channel}.
        """
        name = channel.name
        if right is Right.PUBLISH:
            if is_reserved(name):
                raise NotAllowed(f"only the server speaks in {name}")
            if hidden and name.startswith("webauth_"):
                raise NotAllowed(f"channel {name} always names the sender")
        if is_own(name) and not who.user_id:
            raise NotAllowed(f"channel {name} is each user's own: sign in to {_DOING[right]} {name}")
        granted = self.table(channel.dev_id).rule(name).who(right)
        if granted is Who.ALL or (granted is Who.USERS and who.user_id):
            return
        if granted is not Who.NONE and who.claims.grant(right, name):
            return
        raise NotAllowed(_sentence(granted, f"{_DOING[right]} {name}"))


def _sentence(granted: Who | None, doing: str) -> str:
    if granted is Who.USERS:
        return f"only signed-in users may {doing}"
    if granted is Who.TOKEN:
        return f"only who has a token that says so may {doing}"
    return f"no browser may {doing}"
