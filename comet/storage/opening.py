"""Which store a configuration means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from comet.config import Config
from comet.storage.mysql import MySQLStore
from comet.storage.mysql_server import Server
from comet.storage.sql import SQLStore, sqlite_pool


def make_store(config: Config, folder: Path, reactor: Any) -> SQLStore:
    """
    @param folder: the data folder.
    @return: the store, not started yet.
    @raise CannotStart: if a file that the configuration names is no good.
    """
    if config.mysql is None:
        return SQLStore(sqlite_pool(config.sqlite_path(folder), reactor))
    return MySQLStore(
        Server.of(config.db, config.mysql),
        reactor,
        config.db.pool,
        config.db.connection_attempts,
        config.limits.message,
    )
