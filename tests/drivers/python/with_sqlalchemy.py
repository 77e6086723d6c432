"""SQLAlchemy core, over PyMySQL."""

from report import CA, CHANNEL, HOST, PASSWORD, PORT, TEXT, TLS_PORT, step
from sqlalchemy import URL, column, create_engine, exc, insert, select, table, text

SERVER = {"username": "root", "host": HOST, "port": PORT, "database": "CometQL_v1"}


def engine_of(password, **more):
    ca = {"ssl": {"ca": CA, "check_hostname": False}} if more else {}
    return create_engine(URL.create("mysql+pymysql", **(SERVER | more), password=password), connect_args=ca)


# snippet
messages = table("pipes_messages", column("name"), column("event"), column("message"))
times = table("users_time", column("id"), column("time"))

engine = create_engine(URL.create("mysql+pymysql", password=PASSWORD, **SERVER))
with engine.begin() as connection:
    connection.execute(insert(messages).values(name=CHANNEL, event="text", message=TEXT))
with engine.connect() as connection:
    kept = connection.execute(select(messages.c.message).where(messages.c.name == CHANNEL)).scalars().all()
# end of snippet

step("connect")(lambda: engine.dialect.server_version_info >= (8, 0))
step("text")(lambda: kept == [TEXT])


@step("wrong password")
def _():
    try:
        engine_of("wrong").connect()
    except exc.OperationalError as error:
        return error.orig.args[0]


@step("tls")
def _():
    with engine_of(PASSWORD, port=TLS_PORT).connect() as connection:
        return connection.execute(select(times.c.id).where(times.c.id == 7)).scalar()


@step("integers")
def _():
    with engine.connect() as connection:
        return list(connection.execute(select(times).where(times.c.id.in_([7]))).one())


@step("syntax error")
def _():
    with engine.connect() as connection:
        try:
            connection.execute(text("SELEC 1"))
        except exc.ProgrammingError as error:
            number = error.orig.args[0]
        return [number, connection.execute(text("SELECT id FROM users_time WHERE id = 7")).scalar()]


@step("thousand")
def _():
    rows = [{"name": CHANNEL, "event": "thousand", "message": str(n)} for n in range(1000)]
    with engine.begin() as connection:
        return sum(connection.execute(insert(messages).values(row)).rowcount for row in rows)


@step("rollback")
def _():
    with engine.connect() as connection:
        connection.execute(insert(messages).values(name=CHANNEL, event="rolled-back", message="goes"))
        connection.rollback()
        connection.execute(insert(messages).values(name=CHANNEL, event="committed", message="stays"))
        connection.commit()
    return True


step("close")(engine.dispose)
