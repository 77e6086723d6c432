"""What MySQL can show and comet has none of: the titles, for an answer without rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ROUTINES = (
    *("Db", "Name", "Type", "Definer", "Modified", "Created", "Security_type", "Comment"),
    *("character_set_client", "collation_connection", "Database Collation"),
)
_EVENTS = (
    *("Db", "Name", "Definer", "Time zone", "Type", "Execute at", "Interval value", "Interval field"),
    *("Starts", "Ends", "Status", "Originator", "character_set_client", "collation_connection"),
    "Database Collation",
)
_TRIGGERS = (
    *("Trigger", "Event", "Table", "Statement", "Timing", "Created", "sql_mode", "Definer"),
    *("character_set_client", "collation_connection", "Database Collation"),
)
_LOGS = ("Log_name", "File_size", "Encrypted")
_POSITION = ("File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB", "Executed_Gtid_Set")
_REPLICA = ("Replica_IO_State", "Source_Host", "Source_User", "Source_Port", "Replica_IO_Running")

#: Titles by subject.
TITLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "FUNCTION STATUS": _ROUTINES,
        "PROCEDURE STATUS": _ROUTINES,
        "EVENTS": _EVENTS,
        "TRIGGERS": _TRIGGERS,
        "MASTER STATUS": _POSITION,
        "BINARY LOG STATUS": _POSITION,
        "MASTER LOGS": _LOGS,
        "BINARY LOGS": _LOGS,
        "SLAVE STATUS": _REPLICA,
        "REPLICA STATUS": _REPLICA,
        "SLAVE HOSTS": ("Server_id", "Host", "Port", "Master_id", "Slave_UUID"),
        "REPLICAS": ("Server_Id", "Host", "Port", "Source_Id", "Replica_UUID"),
        "OPEN TABLES": ("Database", "Table", "In_use", "Name_locked"),
        "PROFILES": ("Query_ID", "Duration", "Query"),
    }
)
