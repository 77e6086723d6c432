"""
Send statements to CometQL that no program would send.

Whatever comes, a statement gives a result or is L{Refused}, within a time in proportion to its length;
anything else is a bug, and the seed of the run that found it is printed::

    python fuzz/fuzz_cometql.py --seed 1 --seconds 60
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from running import fuzz

from comet.broker import Broker
from comet.cometql.engine import Engine
from comet.cometql.interface import Login
from comet.cometql.results import Kind, Result, Rows
from comet.errors import Refused
from comet.limits import Limits
from comet.storage.memory import MemoryStore

STATEMENTS = (
    "INSERT INTO pipes_messages (name, event, message) VALUES ('chat', 'say', 'it''s \\\"x\\\" \\\\')",
    "INSERT INTO pipes_messages VALUES (0, 0, chat, 0, e, 15, -5),"
    " ('a', NULL, \"web_x\", 1, '', _utf8'x', 1)",
    'INSERT INTO pipes_settings ("name", "length") VALUES ("chat", 10);\'',
    "INSERT INTO users_auth SET id = 1 + 2, hash = CONCAT('a', @@version)",
    "INSERT INTO users_messages (id, text) VALUES (5, x'4d5a')",
    "SELECT t.*, `index` AS 'i' FROM CometQL_v1.pipes_messages t WHERE (name IN ('chat', 'talk') AND"
    " message LIKE '%x%_\\%') ORDER BY `index` DESC, 1 LIMIT 5, 10",
    "SELECT id, time FROM users_time WHERE id IN( 1,-2,'3',4.5,1e3) AND time BETWEEN -1 AND 5"
    " LIMIT 2 OFFSET 1",
    "DELETE FROM pipes_messages WHERE name = 'chat' AND id != 'x' AND user_id <=> NULL LIMIT 1",
    "DELETE FROM users_messages WHERE id = 5",
    "/*!40100 SET NAMES 'utf8mb4' COLLATE utf8mb4_bin */, @@session.sql_mode = concat(@@sql_mode, ',X')",
    "SET autocommit = ON, @x := NULL, SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SELECT VERSION() AS `v`, @@global.time_zone, (1+2)*3 - -4.50, NOW() IS NOT NULL, LEFT('abc', 2) LIMIT 1",
    "SHOW FULL TABLES FROM `db_3` WHERE Table_type = 'BASE TABLE' -- comment",
    "SHOW GLOBAL VARIABLES LIKE '%\\_case\\_%' # comment",
    "SHOW FULL COLUMNS FROM users_in_pipes",
    "USE db_3",
    "START TRANSACTION READ ONLY; ",
    "SET TRANSACTION READ WRITE",
    "SELECT name FROM pipes_settings WHERE name REGEXP '^(a|b[[:alpha:]-]{2,3})+$'"
    " OR EXTRACT(YEAR FROM '2024-01-02') > 1",
    "EXPLAIN SELECT a.id FROM users_auth a JOIN users_time t ON t.id = a.id WHERE a.id IN (1, 2)",
    "CHECK TABLE users_auth, db_3.pipes FOR UPGRADE",
    "DESC pipes name",
)
#: What is put between the pieces of statements.
PIECES = (
    *"'\"`?@;,.()=<>!*+-/#\\%_ \n\0",
    *("''", "\\'", "/*", "*/", "/*!", "-- ", "@@", "0x", "x'", "1e", "1e308", "9" * 30, "9" * 80, ".5"),
    *(
        " AND ",
        " OR ",
        " NULL ",
        " IN (",
        " LIMIT ",
        " VALUES ",
        "name",
        "é",
        "\U0001f600",
        "\ud800",
        "\udc80",
    ),
)


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """@return: what C{coroutine} returns; the store that is used here never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the coroutine waits")


def statement(chance: random.Random) -> str:
    """@return: a statement, damaged, or cut and joined with another."""
    text = chance.choice(STATEMENTS)
    if chance.random() < 0.3:
        other = chance.choice(STATEMENTS)
        text = text[: chance.randrange(len(text) + 1)] + other[chance.randrange(len(other) + 1) :]
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        place = chance.randrange(len(text) + 1)
        piece = chance.choice(PIECES) * chance.choice((1, 1, 1, 2, 200))
        text = text[:place] + piece + text[place + chance.randrange(4) :]
    return text


def check(result: Result) -> None:
    """@raise AssertionError: if the rows are not what their columns say."""
    if not isinstance(result, Rows):
        return
    numbers = (Kind.INT, Kind.BIGINT)
    for row in result.rows:
        assert len(row) == len(result.columns), (row, result.columns)
        for value, column in zip(row, result.columns, strict=True):
            assert value is not None or column.nullable, column
            assert value is None or column.kind not in numbers or isinstance(value, int), (value, column)


def run(seed: str, seen: Counter[str]) -> None:
    """One conversation of a few statements."""
    chance = random.Random(seed)
    broker = Broker(MemoryStore(), Limits(message=300), lambda: 1_700_000_000, finish)
    finish(broker.start())
    engine = Engine(broker, "secret", cache_entries=chance.choice((1, 5, 1000)))
    dev_id = chance.choice((0, 3))
    talk = engine.open(Login("root" if dev_id == 0 else "3", dev_id, 1, "127.0.0.1:1", ""))
    for _ in range(30):
        text = statement(chance)
        started = time.perf_counter()
        try:
            result = finish(talk.query(text))
            check(result)
            seen[type(result).__name__] += 1
        except Refused as error:
            assert error.number and len(str(error)) < 1000, text
            seen[type(error).__name__] += 1
        took = time.perf_counter() - started
        assert took < 2, f"{took:.1f} s for {text!r}"


if __name__ == "__main__":
    sys.exit(fuzz(run, __doc__, "conversations"))
