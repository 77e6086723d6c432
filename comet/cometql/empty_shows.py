"""What MySQL can show and comet has none of: the columns, for an answer without rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from comet.cometql.shown import Computed, Request, Subject, Table

_LOGS = "Log_name:255 File_size:bigint+ Encrypted:3"
_POSITION = "File:255 Position:bigint+ Binlog_Do_DB:255 Binlog_Ignore_DB:255 Executed_Gtid_Set:255"
_LOG_EVENTS = "Log_name:255 Pos:bigint Event_type:20 Server_id:bigint+ End_log_pos:bigint+ Info:2048"
_REPLICA = (
    "Replica_IO_State:14 Source_Host:60? Source_User:32? Source_Port:bigint+ Connect_Retry:int"
    " Source_Log_File:255? Read_Source_Log_Pos:bigint Relay_Log_File:255? Relay_Log_Pos:bigint"
    " Relay_Source_Log_File:255? Replica_IO_Running:3 Replica_SQL_Running:3 Replicate_Do_DB:20"
    " Replicate_Ignore_DB:20 Replicate_Do_Table:20 Replicate_Ignore_Table:20 Replicate_Wild_Do_Table:24"
    " Replicate_Wild_Ignore_Table:28 Last_Errno:int Last_Error:20 Skip_Counter:bigint"
    " Exec_Source_Log_Pos:bigint Relay_Log_Space:bigint Until_Condition:6 Until_Log_File:255?"
    " Until_Log_Pos:bigint Source_SSL_Allowed:7 Source_SSL_CA_File:255? Source_SSL_CA_Path:255?"
    " Source_SSL_Cert:255? Source_SSL_Cipher:255? Source_SSL_Key:255? Seconds_Behind_Source:bigint?"
    " Source_SSL_Verify_Server_Cert:3 Last_IO_Errno:int Last_IO_Error:20 Last_SQL_Errno:int Last_SQL_Error:20"
    " Replicate_Ignore_Server_Ids:255 Source_Server_Id:bigint Source_UUID:36? Source_Info_File:256?"
    " SQL_Delay:int SQL_Remaining_Delay:int? Replica_SQL_Running_State:64? Source_Retry_Count:bigint"
    " Source_Bind:60? Last_IO_Error_Timestamp:20? Last_SQL_Error_Timestamp:20? Source_SSL_Crl:255?"
    " Source_SSL_Crlpath:255? Retrieved_Gtid_Set:255? Executed_Gtid_Set:255? Auto_Position:int"
    " Replicate_Rewrite_DB:24? Channel_Name:64 Source_TLS_Version:60? Source_public_key_path:512?"
    " Get_Source_public_key:int Network_Namespace:64?"
)
#: The same with the words of old.
_SLAVE = _REPLICA.replace("Replica_", "Slave_").replace("Get_Source", "Get_master")
_SLAVE = _SLAVE.replace("Source_public", "Master_public").replace("Source", "Master")

#: Columns by subject, as a view has them.
_COLUMNS = {
    "MASTER STATUS": _POSITION,
    "BINARY LOG STATUS": _POSITION,
    "MASTER LOGS": _LOGS,
    "BINARY LOGS": _LOGS,
    "BINLOG EVENTS": _LOG_EVENTS,
    "RELAYLOG EVENTS": _LOG_EVENTS,
    "SLAVE STATUS": _SLAVE,
    "REPLICA STATUS": _REPLICA,
    "SLAVE HOSTS": "Server_id:bigint+ Host:60 Port:int+ Master_id:bigint+ Slave_UUID:36",
    "REPLICAS": "Server_Id:bigint+ Host:60 Port:int+ Source_Id:bigint+ Replica_UUID:36",
    "OPEN TABLES": "Database:64 Table:64 In_use:int Name_locked:int",
    "PROFILES": "Query_ID:int+ Duration:decimal Query:300",
    "PROFILE": "Status:30 Duration:decimal",
    "PRIVILEGES": "Privilege:10 Context:15 Comment:128",
    "ENGINE STATUS": "Type:10 Name:512 Status:10",
}


def _nothing(request: Request) -> Table:
    return ()


#: Subjects by the words that ask for them.
EMPTY: Mapping[str, Subject] = MappingProxyType(
    {words: Computed(columns, _nothing) for words, columns in _COLUMNS.items()}
)
