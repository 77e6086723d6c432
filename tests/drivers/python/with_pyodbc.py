"""ODBC with the driver of MariaDB, from Python; what is here goes for any program that speaks ODBC."""

import pyodbc
from report import CA, CHANNEL, HOST, PASSWORD, PORT, TEXT, TLS_PORT, step

# snippet
SERVER = (
    f"Driver={{MariaDB Unicode}};Server={HOST};Port={PORT};User=root;Database=CometQL_v1;Charset=utf8mb4;"
)
INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)"

connection = pyodbc.connect(SERVER + f"Password={PASSWORD}", autocommit=True)
cursor = connection.cursor()
cursor.execute(INSERT, CHANNEL, "text", TEXT)
kept = cursor.execute("SELECT message FROM pipes_messages WHERE name = ?", CHANNEL).fetchall()
# end of snippet

step("connect")(lambda: connection.getinfo(pyodbc.SQL_DBMS_NAME) != "")
step("text")(lambda: [text for (text,) in kept] == [TEXT])


def number(error):
    """@return: the number of the server, which the text of ODBC carries in brackets."""
    return int(error.args[1].rpartition("(")[0].rpartition("(")[2].partition(")")[0])


@step("wrong password")
def _():
    try:
        pyodbc.connect(SERVER + "Password=wrong")
    except pyodbc.Error as error:
        return number(error)


@step("tls")
def _():
    there = SERVER.replace(f"Port={PORT}", f"Port={TLS_PORT}")
    encrypted = pyodbc.connect(there + f"Password={PASSWORD};SSLCA={CA}", autocommit=True)
    found = encrypted.execute("SELECT id FROM users_time WHERE id = 7").fetchval()
    encrypted.close()
    return found


step("integers")(lambda: list(cursor.execute("SELECT id, time FROM users_time WHERE id = 7").fetchone()))


@step("prepared")
def _():
    cursor.execute(INSERT, CHANNEL, "prepared", TEXT)
    texts = cursor.execute("SELECT message FROM pipes_messages WHERE name = ?", CHANNEL).fetchall()
    row = cursor.execute("SELECT id, time FROM users_time WHERE id = ?", 7).fetchone()
    return [texts[1][0] == TEXT, *row]


@step("syntax error")
def _():
    try:
        cursor.execute("SELEC 1")
    except pyodbc.ProgrammingError as error:
        found = number(error)
    return [found, cursor.execute("SELECT id FROM users_time WHERE id = 7").fetchval()]


step("thousand")(
    lambda: sum(cursor.execute(INSERT, CHANNEL, "thousand", str(n)).rowcount for n in range(1000))
)


@step("rollback")
def _():
    connection.autocommit = False
    cursor.execute(INSERT, CHANNEL, "rolled-back", "goes")
    connection.rollback()
    cursor.execute(INSERT, CHANNEL, "committed", "stays")
    connection.commit()
    return True


step("close")(connection.close)
