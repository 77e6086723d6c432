"""mysql-connector-python; the argument C{c} takes its C extension, else all is Python."""

import sys

import mysql.connector
from report import CA, CHANNEL, HOST, PASSWORD, PORT, TEXT, TLS_PORT, step

PURE = sys.argv[1:] != ["c"]

# snippet
SERVER = {"host": HOST, "port": PORT, "user": "root", "database": "CometQL_v1", "use_pure": PURE}
INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES (%s, %s, %s)"

connection = mysql.connector.connect(password=PASSWORD, autocommit=True, **SERVER)
cursor = connection.cursor()
cursor.execute(INSERT, (CHANNEL, "text", TEXT))
cursor.execute("SELECT message FROM pipes_messages WHERE name = %s", (CHANNEL,))
kept = cursor.fetchall()
# end of snippet

step("connect")(connection.is_connected)
step("text")(lambda: kept == [(TEXT,)])


@step("wrong password")
def _():
    try:
        mysql.connector.connect(password="wrong", **SERVER)
    except mysql.connector.errors.ProgrammingError as error:
        return error.errno


@step("tls")
def _():
    with mysql.connector.connect(password=PASSWORD, ssl_ca=CA, **(SERVER | {"port": TLS_PORT})) as encrypted:
        cursor = encrypted.cursor()
        cursor.execute("SELECT id FROM users_time WHERE id = 7")
        return cursor.fetchone()[0]


@step("integers")
def _():
    cursor.execute("SELECT id, time FROM users_time WHERE id = %s", (7,))
    return cursor.fetchone()


@step("prepared")
def _():
    insert = connection.cursor(prepared=True)
    insert.execute(INSERT, (CHANNEL, "prepared", TEXT))
    insert.close()
    select = connection.cursor(prepared=True)
    select.execute("SELECT message FROM pipes_messages WHERE name = %s", (CHANNEL,))
    texts = [text for (text,) in select.fetchall()]
    select.close()
    select = connection.cursor(prepared=True)
    select.execute("SELECT id, time FROM users_time WHERE id = %s", (7,))
    row = select.fetchone()
    select.close()
    return [texts[1] == TEXT, *row]


@step("syntax error")
def _():
    try:
        cursor.execute("SELEC 1")
    except mysql.connector.errors.ProgrammingError as error:
        number = error.errno
    cursor.execute("SELECT id FROM users_time WHERE id = 7")
    return [number, *cursor.fetchone()]


@step("thousand")
def _():
    count = 0
    for number in range(1000):
        cursor.execute(INSERT, (CHANNEL, "thousand", str(number)))
        count += cursor.rowcount
    return count


@step("rollback")
def _():
    connection.start_transaction()
    cursor.execute(INSERT, (CHANNEL, "rolled-back", "goes"))
    connection.rollback()
    connection.start_transaction()
    cursor.execute(INSERT, (CHANNEL, "committed", "stays"))
    connection.commit()
    return True


step("close")(connection.close)
