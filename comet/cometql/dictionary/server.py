"""The server: its engine, its plugins, its connections, and the words of its language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from comet.cometql.dictionary.view import Row, View
from comet.cometql.dictionary.viewer import Viewer


def _engines(viewer: Viewer) -> Iterator[Row]:
    yield {
        "ENGINE": "comet",
        "SUPPORT": "DEFAULT",
        "COMMENT": "Channels, messages and users of a notification server",
        "TRANSACTIONS": "YES",
        "XA": "NO",
        "SAVEPOINTS": "YES",
    }


def _plugins(viewer: Viewer) -> Iterator[Row]:
    plugins = (
        ("mysql_native_password", "AUTHENTICATION", "Logs in with a password, by its SHA1"),
        ("caching_sha2_password", "AUTHENTICATION", "Logs in with a password, by its SHA256"),
        ("comet", "STORAGE ENGINE", "Channels, messages and users of a notification server"),
    )
    for name, kind, description in plugins:
        yield {
            "PLUGIN_NAME": name,
            "PLUGIN_VERSION": "1.0",
            "PLUGIN_STATUS": "ACTIVE",
            "PLUGIN_TYPE": kind,
            "PLUGIN_TYPE_VERSION": "1.0",
            "PLUGIN_AUTHOR": "comet",
            "PLUGIN_DESCRIPTION": description,
            "PLUGIN_LICENSE": "MIT",
            "LOAD_OPTION": "FORCE",
        }


async def _processes(viewer: Viewer) -> Iterable[Row]:
    """@return: the connections that the tenant may see, of browsers and of MySQL clients, on all servers."""
    context = viewer.context
    broker, own = context.broker, context.login.connection_id
    found: list[Row] = []
    for number, _, about in await broker.engine.connections(context.login.dev_id):
        by_sql = about.dialect == "cometql"
        found.append(
            {
                "ID": number,
                "USER": about.user,
                "HOST": about.address,
                "DB": about.database or f"db_{about.dev_id}",
                "COMMAND": ("Query" if number == own else "Sleep") if by_sql else about.transport,
                "TIME": broker.now() - about.since,
                "STATE": "" if by_sql else about.dialect,
            }
        )
    return found


def _keywords(viewer: Viewer) -> Iterator[Row]:
    # Large, and not needed by those who ask nothing of the kind.
    from sqlglot.dialects.mysql import MySQL

    reserved = {word.upper() for word in MySQL.Generator.RESERVED_KEYWORDS}
    known = {word for word in MySQL.Tokenizer.KEYWORDS if word.replace("_", "").isalnum()}
    for word in sorted(reserved | known):
        yield {"WORD": word, "RESERVED": int(word in reserved)}


#: Views by name.
SERVER: Mapping[str, View] = MappingProxyType(
    {
        "ENGINES": View(
            "ENGINE:64 SUPPORT:8 COMMENT:80 TRANSACTIONS:3? XA:3? SAVEPOINTS:3?",
            _engines,
        ),
        "PLUGINS": View(
            "PLUGIN_NAME:64 PLUGIN_VERSION:20 PLUGIN_STATUS:10 PLUGIN_TYPE:80 PLUGIN_TYPE_VERSION:20"
            " PLUGIN_LIBRARY:64? PLUGIN_LIBRARY_VERSION:20? PLUGIN_AUTHOR:64? PLUGIN_DESCRIPTION:text?"
            " PLUGIN_LICENSE:80? LOAD_OPTION:64",
            _plugins,
        ),
        "PROCESSLIST": View(
            "ID:bigint+ USER:32 HOST:261 DB:64? COMMAND:16 TIME:int STATE:64? INFO:text?", _processes
        ),
        "KEYWORDS": View("WORD:128? RESERVED:int?", _keywords),
        "PROFILING": View(
            "QUERY_ID:int SEQ:int STATE:30 DURATION:decimal CPU_USER:decimal? CPU_SYSTEM:decimal?"
            " CONTEXT_VOLUNTARY:int? CONTEXT_INVOLUNTARY:int? BLOCK_OPS_IN:int? BLOCK_OPS_OUT:int?"
            " MESSAGES_SENT:int? MESSAGES_RECEIVED:int? PAGE_FAULTS_MAJOR:int? PAGE_FAULTS_MINOR:int?"
            " SWAPS:int? SOURCE_FUNCTION:30? SOURCE_FILE:20? SOURCE_LINE:int?"
        ),
        "OPTIMIZER_TRACE": View(
            "QUERY:text TRACE:text MISSING_BYTES_BEYOND_MAX_MEM_SIZE:int INSUFFICIENT_PRIVILEGES:int"
        ),
        "RESOURCE_GROUPS": View(
            "RESOURCE_GROUP_NAME:64 RESOURCE_GROUP_TYPE:6 RESOURCE_GROUP_ENABLED:int VCPU_IDS:text?"
            " THREAD_PRIORITY:int"
        ),
        "FILES": View(
            "FILE_ID:bigint? FILE_NAME:text? FILE_TYPE:256? TABLESPACE_NAME:268 TABLE_CATALOG:1"
            " TABLE_SCHEMA:1? TABLE_NAME:1? LOGFILE_GROUP_NAME:256? LOGFILE_GROUP_NUMBER:bigint? ENGINE:64"
            " FULLTEXT_KEYS:1? DELETED_ROWS:1? UPDATE_COUNT:1? FREE_EXTENTS:bigint? TOTAL_EXTENTS:bigint?"
            " EXTENT_SIZE:bigint? INITIAL_SIZE:bigint? MAXIMUM_SIZE:bigint? AUTOEXTEND_SIZE:bigint?"
            " CREATION_TIME:1? LAST_UPDATE_TIME:1? LAST_ACCESS_TIME:1? RECOVER_TIME:1?"
            " TRANSACTION_COUNTER:1? VERSION:bigint? ROW_FORMAT:256? TABLE_ROWS:1? AVG_ROW_LENGTH:1?"
            " DATA_LENGTH:1? MAX_DATA_LENGTH:1? INDEX_LENGTH:1? DATA_FREE:bigint? CREATE_TIME:1?"
            " UPDATE_TIME:1? CHECK_TIME:1? CHECKSUM:1? STATUS:256? EXTRA:256?"
        ),
        "TABLESPACES": View(
            "TABLESPACE_NAME:64 ENGINE:64 TABLESPACE_TYPE:64? LOGFILE_GROUP_NAME:64? EXTENT_SIZE:bigint+?"
            " AUTOEXTEND_SIZE:bigint+? MAXIMUM_SIZE:bigint+? NODEGROUP_ID:bigint+? TABLESPACE_COMMENT:2048?"
        ),
        "TABLESPACES_EXTENSIONS": View("TABLESPACE_NAME:268 ENGINE_ATTRIBUTE:text?"),
    }
)
