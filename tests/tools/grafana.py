"""What Grafana's MySQL source makes of a query before it sends it: its macros and variables, spelled out."""

from __future__ import annotations

import re

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MACRO = re.compile(r"\$__(\w+)\(((?:[^()]|\([^()]*\))*)\)")


def _seconds(interval):
    """@return: how many seconds C{'5m'} is."""
    count, unit = re.fullmatch(r"'?(\d+)(\w)'?", interval.strip()).groups()
    return int(count) * _SECONDS[unit]


def spelled_out(query, start, end, interval="1m", **variables):
    """
    @param start: when the time that is looked at begins, in seconds since 1970.
    @param end: when it ends.
    @param variables: those of the dashboard.
    @return: the text that reaches the server.
    """

    def macro(found):
        name, (column, *more) = found[1], [each.strip() for each in found[2].split(",")]
        width = _seconds(more[0]) if more else 0
        as_time = ' AS "time"' if name.endswith("Alias") else ""
        match name.removesuffix("Alias"):
            case "time":
                return f"UNIX_TIMESTAMP({column}) as time_sec"
            case "timeFilter":
                return f"{column} BETWEEN FROM_UNIXTIME({start}) AND FROM_UNIXTIME({end})"
            case "timeFrom":
                return f"FROM_UNIXTIME({start})"
            case "timeTo":
                return f"FROM_UNIXTIME({end})"
            case "timeGroup":
                return f"UNIX_TIMESTAMP({column}) DIV {width} * {width}{as_time}"
            case "unixEpochFilter":
                return f"{column} >= {start} AND {column} <= {end}"
            case "unixEpochGroup":
                return f"{column} DIV {width} * {width}{as_time}"
        raise AssertionError(f"no such macro: {name}")

    query = query.replace("$__interval", interval)
    for name, value in variables.items():
        query = query.replace(f"${{{name}:sqlstring}}", "'" + value.replace("'", "''") + "'")
    return _MACRO.sub(macro, query)
