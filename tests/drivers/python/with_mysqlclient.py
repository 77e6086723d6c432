"""mysqlclient, on libmariadb or libmysqlclient."""

import MySQLdb
from report import CA, CHANNEL, HOST, PASSWORD, PORT, TEXT, TLS_PORT, step

# snippet
SERVER = {"host": HOST, "port": PORT, "user": "root", "database": "CometQL_v1", "charset": "utf8mb4"}
INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES (%s, %s, %s)"

connection = MySQLdb.connect(password=PASSWORD, autocommit=True, **SERVER)
cursor = connection.cursor()
cursor.execute(INSERT, (CHANNEL, "text", TEXT))
cursor.execute("SELECT message FROM pipes_messages WHERE name = %s", (CHANNEL,))
kept = cursor.fetchall()
# end of snippet

step("connect")(lambda: connection.get_server_info()[0].isdigit())
step("text")(lambda: kept == ((TEXT,),))


@step("wrong password")
def _():
    try:
        MySQLdb.connect(password="wrong", **SERVER)
    except MySQLdb.OperationalError as error:
        return error.args[0]


@step("tls")
def _():
    encrypted = MySQLdb.connect(password=PASSWORD, ssl={"ca": CA}, **(SERVER | {"port": TLS_PORT}))
    cursor = encrypted.cursor()
    cursor.execute("SELECT id FROM users_time WHERE id = 7")
    return cursor.fetchone()[0]


@step("integers")
def _():
    cursor.execute("SELECT id, time FROM users_time WHERE id = %s", (7,))
    return cursor.fetchone()


@step("syntax error")
def _():
    try:
        cursor.execute("SELEC 1")
    except MySQLdb.ProgrammingError as error:
        number = error.args[0]
    cursor.execute("SELECT id FROM users_time WHERE id = 7")
    return [number, *cursor.fetchone()]


step("thousand")(lambda: sum(cursor.execute(INSERT, (CHANNEL, "thousand", str(n))) for n in range(1000)))


@step("rollback")
def _():
    connection.begin()
    cursor.execute(INSERT, (CHANNEL, "rolled-back", "goes"))
    connection.rollback()
    connection.begin()
    cursor.execute(INSERT, (CHANNEL, "committed", "stays"))
    connection.commit()
    return True


step("close")(connection.close)
