"""The backend of a site, with one connection to a server."""

from __future__ import annotations

import pymysql

from tests.e2e.support import in_thread


class Site:
    """One connection that speaks, one statement after the other."""

    def __init__(self, server, password, timeout=None):
        """@param timeout: how long an answer may take, in seconds."""
        self._connection = pymysql.connect(
            host="127.0.0.1",
            port=server.cometql_port,
            user="root",
            password=password,
            database="CometQL_v1",
            autocommit=True,
            read_timeout=timeout,
        )

    def _run(self, statement, values):
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    async def run(self, statement, *values):
        """@return: the rows."""
        return await in_thread(self._run, statement, values)

    async def insert(self, where, rows):
        """Insert rows of values, in one statement."""
        mark = "(" + ", ".join(["%s"] * len(rows[0])) + ")"
        marks = ", ".join([mark] * len(rows))
        await self.run(f"INSERT INTO {where} VALUES {marks}", *(value for row in rows for value in row))

    async def rows(self, columns, table, key, keys):
        """@return: the rows of all keys, asked for in handfuls."""
        found, keys = [], list(keys)
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            marks = ", ".join(["%s"] * len(some))
            found += await self.run(f"SELECT {columns} FROM {table} WHERE {key} IN ({marks})", *some)
        return found

    def close(self):
        self._connection.close()
