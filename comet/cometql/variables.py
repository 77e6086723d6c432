"""System variables: the ones that clients ask for on connect and that their authors rely on."""

from __future__ import annotations

from collections.abc import Mapping

from comet.cometql.cursor import words
from comet.cometql.results import Value
from comet.cometql.values import as_integer, as_text, shown
from comet.errors import BadValue, ReadOnlyVariable, TooLong, UnknownCharacterSet, UnknownVariable

#: The character sets that clients may name, with the collation that each has by itself.
CHARACTER_SETS = {
    "ascii": "ascii_general_ci",
    "binary": "binary",
    "cp1251": "cp1251_general_ci",
    "latin1": "latin1_swedish_ci",
    "utf8": "utf8mb3_general_ci",
    "utf8mb3": "utf8mb3_general_ci",
    "utf8mb4": "utf8mb4_0900_ai_ci",
}

_DEFAULTS: dict[str, Value] = {
    "auto_increment_increment": 1,
    "auto_increment_offset": 1,
    "autocommit": 1,
    "back_log": 80,
    "basedir": "",
    "big_tables": 0,
    "character_set_client": "utf8mb4",
    "character_set_connection": "utf8mb4",
    "character_set_database": "utf8mb4",
    "character_set_filesystem": "binary",
    "character_set_results": "utf8mb4",
    "character_set_server": "utf8mb4",
    "character_set_system": "utf8mb3",
    "character_sets_dir": "",
    "collation_connection": "utf8mb4_0900_ai_ci",
    "collation_database": "utf8mb4_bin",
    "collation_server": "utf8mb4_bin",
    "completion_type": "NO_CHAIN",
    "concurrent_insert": "AUTO",
    "connect_timeout": 10,
    "datadir": "",
    "default_authentication_plugin": "caching_sha2_password",
    "default_storage_engine": "comet",
    "default_tmp_storage_engine": "comet",
    "default_week_format": 0,
    "disabled_storage_engines": "",
    "div_precision_increment": 4,
    "event_scheduler": "OFF",
    "explicit_defaults_for_timestamp": 1,
    "foreign_key_checks": 1,
    "general_log": 0,
    "general_log_file": "",
    "group_concat_max_len": 1024,
    "gtid_mode": "OFF",
    "have_openssl": "YES",
    "have_profiling": "NO",
    "have_query_cache": "NO",
    "have_ssl": "YES",
    "hostname": "",
    "information_schema_stats_expiry": 0,
    "init_connect": "",
    "init_file": "",
    "innodb_lock_wait_timeout": 50,
    "interactive_timeout": 28800,
    "join_buffer_size": 262144,
    "key_buffer_size": 8388608,
    "lc_messages": "en_US",
    "lc_time_names": "en_US",
    "license": "MIT",
    "local_infile": 0,
    "lock_wait_timeout": 31536000,
    "log_bin": 0,
    "log_error": "",
    "log_output": "FILE",
    "long_query_time": 10.0,
    "lower_case_file_system": 0,
    "lower_case_table_names": 0,
    "max_allowed_packet": 16777216,
    "max_connect_errors": 100,
    "max_connections": 1000,
    "max_error_count": 64,
    "max_execution_time": 0,
    "max_heap_table_size": 16777216,
    "max_join_size": 18446744073709551615,
    "max_prepared_stmt_count": 16382,
    "max_sort_length": 1024,
    "max_user_connections": 0,
    "net_buffer_length": 16384,
    "net_read_timeout": 30,
    "net_retry_count": 10,
    "net_write_timeout": 60,
    "offline_mode": 0,
    "old_passwords": 0,
    "optimizer_switch": "",
    "performance_schema": 0,
    "pid_file": "",
    "plugin_dir": "",
    "port": 0,
    "profiling": 0,
    "protocol_version": 10,
    "query_cache_size": 0,
    "query_cache_type": "OFF",
    "read_buffer_size": 131072,
    "read_only": 0,
    "secure_file_priv": None,
    "server_id": 1,
    "server_uuid": "",
    "session_track_gtids": "OFF",
    "session_track_schema": 1,
    "session_track_state_change": 0,
    "session_track_system_variables": "",
    "session_track_transaction_info": "OFF",
    "skip_networking": 0,
    "slow_query_log": 0,
    "slow_query_log_file": "",
    "socket": "",
    "sort_buffer_size": 262144,
    "sql_auto_is_null": 0,
    "sql_big_selects": 1,
    "sql_log_bin": 1,
    "sql_mode": "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
    "sql_notes": 1,
    "sql_quote_show_create": 1,
    "sql_require_primary_key": 0,
    "sql_safe_updates": 1,
    "sql_select_limit": 18446744073709551615,
    "sql_warnings": 0,
    "storage_engine": "comet",
    "super_read_only": 0,
    "system_time_zone": "UTC",
    "table_open_cache": 4000,
    "thread_cache_size": 0,
    "thread_stack": 1048576,
    "time_zone": "+00:00",
    "tls_version": "TLSv1.2,TLSv1.3",
    "tmp_table_size": 16777216,
    "tmpdir": "",
    "transaction_isolation": "REPEATABLE-READ",
    "transaction_read_only": 0,
    "tx_isolation": "REPEATABLE-READ",
    "tx_read_only": 0,
    "unique_checks": 1,
    "updatable_views_with_limit": "YES",
    "version": "",
    "version_comment": "comet, a real-time notification server",
    "version_compile_machine": "",
    "version_compile_os": "",
    "wait_timeout": 28800,
}
#: Facts about the server, which no session changes.
_FIXED = words(
    "back_log basedir character_set_system character_sets_dir datadir have_openssl have_profiling"
    " have_query_cache have_ssl hostname init_file license log_bin log_error lower_case_file_system"
    " lower_case_table_names pid_file plugin_dir port protocol_version secure_file_priv server_id server_uuid"
    " skip_networking socket system_time_zone tls_version tmpdir version version_comment"
    " version_compile_machine version_compile_os"
)
#: Two names of the same variable.
_SYNONYMS = {"tx_isolation": "transaction_isolation", "tx_read_only": "transaction_read_only"}
#: Variables that are shown as ON and OFF, and read as 1 and 0.
_SWITCHES = words(
    "autocommit big_tables explicit_defaults_for_timestamp foreign_key_checks general_log local_infile"
    " log_bin lower_case_file_system offline_mode old_passwords performance_schema profiling read_only"
    " session_track_schema session_track_state_change skip_networking slow_query_log sql_auto_is_null"
    " sql_big_selects sql_log_bin sql_notes sql_quote_show_create sql_require_primary_key"
    " sql_safe_updates sql_warnings super_read_only transaction_read_only tx_read_only unique_checks"
)
_SWITCHED = {"ON": 1, "TRUE": 1, "YES": 1, "OFF": 0, "FALSE": 0, "NO": 0}
#: The longest text that a session may keep in a variable, and the most variables of its own.
_LONGEST, _MOST = 4096, 200
#: The greatest C{wait_timeout}: a year.
_LONGEST_WAIT = 31_536_000


class Variables:
    """The system variables as one session sees them, and the variables of its own."""

    def __init__(self, facts: Mapping[str, Value]) -> None:
        """@param facts: values of this server in place of the ones that are given here."""
        self._defaults = {**_DEFAULTS, **facts}
        self._changed: dict[str, Value] = {}
        self._own: dict[str, Value] = {}

    @property
    def charsets(self) -> tuple[Value, Value]:
        """The character sets in which statements come, and in which results are wanted."""
        changed, defaults = self._changed, self._defaults
        client, results = "character_set_client", "character_set_results"
        return changed.get(client, defaults[client]), changed.get(results, defaults[results])

    @property
    def ansi_quotes(self) -> bool:
        """Whether C{sql_mode} says that names stand in double quotes; ANSI is short for that and more."""
        return "ANSI" in as_text(self.get("sql_mode")).upper()

    @property
    def no_table_options(self) -> bool:
        """Whether C{sql_mode} asks for what another server can make a table of, as FederatedX does."""
        return "NO_TABLE_OPTIONS" in as_text(self.get("sql_mode")).upper()

    @property
    def wait_timeout(self) -> int | None:
        """How many seconds the client may be silent, if it has said so."""
        seconds = self._changed.get("wait_timeout")
        return seconds if isinstance(seconds, int) else None

    def set_charset(self, name: str) -> None:
        """Begin with a character set for all that is sent and shown."""
        for variable in ("character_set_client", "character_set_connection", "character_set_results"):
            if self._defaults[variable] != name:
                self._changed[variable] = name
        self.reset("collation_connection")

    def get(self, name: str, scope: str = "") -> Value:
        """
        @param name: in lower case.
        @raise UnknownVariable: if there is none of that name.
        """
        name = _SYNONYMS.get(name, name)
        if name in self._changed and scope != "GLOBAL":
            return self._changed[name]
        try:
            return self._defaults[name]
        except KeyError:
            raise UnknownVariable(f"Unknown system variable '{name[:80]}'") from None

    def set(self, name: str, value: Value) -> bool:
        """
        Change a variable for this session.

        @return: whether there is one of that name; if not, nothing has changed.
        @raise ReadOnlyVariable: if it is a fact.
        @raise BadValue: if it does not take this value.
        """
        name = _SYNONYMS.get(name, name)
        if name not in self._defaults:
            return False
        if name in _FIXED:
            raise ReadOnlyVariable(f"Variable '{name}' is a read only variable")
        self._changed[name] = self._taken(name, value)
        return True

    def reset(self, name: str) -> bool:
        """@return: whether there is a variable of that name, which now has the value of the server again."""
        name = _SYNONYMS.get(name, name)
        if name == "collation_connection":
            charset = as_text(self.get("character_set_connection"))
            self._changed[name] = CHARACTER_SETS.get(charset, charset)
        else:
            self._changed.pop(name, None)
        return name in self._defaults

    def get_own(self, name: str) -> Value:
        """@return: the value of C{@name}, C{None} if it was never set."""
        return self._own.get(name)

    def set_own(self, name: str, value: Value) -> None:
        """Set C{@name}."""
        if isinstance(value, (str, bytes)) and len(value) > _LONGEST:
            raise TooLong(f"Data too long for variable '@{name[:80]}': at most {_LONGEST} characters")
        if len(self._own) >= _MOST and name not in self._own:
            raise TooLong(f"More than {_MOST} variables in one session")
        self._own[name] = value

    def listed(self, scope: str) -> list[tuple[str, str]]:
        """@return: names and values in alphabetical order, as SHOW VARIABLES gives them."""
        return [(name, self._shown(name, self.get(name, scope))) for name in sorted(self._defaults)]

    def _shown(self, name: str, value: Value) -> str:
        if name in _SWITCHES:
            return "ON" if value else "OFF"
        return "" if value is None else as_text(value)

    def _taken(self, name: str, value: Value) -> Value:
        wrong = BadValue(f"Variable '{name}' can't be set to the value of {shown(value)}")
        if name in _SWITCHES:
            word = as_text(value).upper() if isinstance(value, str) else value
            switched = _SWITCHED.get(word) if isinstance(word, str) else as_integer(word)
            switched = as_integer(word) if switched is None else switched
            if switched not in (0, 1):
                raise wrong
            return switched
        if isinstance(self._defaults[name], int):
            number = as_integer(value)
            if number is None:
                raise wrong
            return min(max(number, 1), _LONGEST_WAIT) if name == "wait_timeout" else number
        return self._taken_text(name, value, wrong)

    def _taken_text(self, name: str, value: Value, wrong: BadValue) -> Value:
        if value is None:
            if name not in ("character_set_results", "init_connect"):
                raise wrong
            return None
        if isinstance(value, bytes):
            raise wrong
        written = as_text(value)
        if len(written) > _LONGEST:
            raise TooLong(
                f"Data too long for variable '{name}': {len(written)} characters, at most {_LONGEST}"
            )
        if name.startswith("character_set_"):
            written = written.lower()
            if written not in CHARACTER_SETS:
                raise UnknownCharacterSet(f"Unknown character set: {shown(value)}")
        return written
