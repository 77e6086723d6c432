"""aiomysql."""

import asyncio
import json
import ssl

import aiomysql
from report import CA, CHANNEL, HOST, PASSWORD, PORT, TEXT, TLS_PORT

INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES (%s, %s, %s)"
SERVER = {"host": HOST, "port": PORT, "user": "root", "db": "CometQL_v1", "charset": "utf8mb4"}


def tell(step, got):
    print(json.dumps({"step": step, "got": got}), flush=True)


# snippet
async def publish(pool, text):
    async with pool.acquire() as connection, connection.cursor() as cursor:
        await cursor.execute(INSERT, (CHANNEL, "text", text))
        await cursor.execute("SELECT message FROM pipes_messages WHERE name = %s", (CHANNEL,))
        return await cursor.fetchall()


# end of snippet


async def encrypted():
    context = ssl.create_default_context(cafile=CA)
    context.check_hostname = False
    more = {"port": TLS_PORT, "ssl": context}
    connection = await aiomysql.connect(password=PASSWORD, **(SERVER | more))
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT id FROM users_time WHERE id = 7")
        tell("tls", (await cursor.fetchone())[0])
    connection.close()


async def use(connection):
    cursor = await connection.cursor()
    await cursor.execute("SELECT id, time FROM users_time WHERE id = %s", (7,))
    tell("integers", await cursor.fetchone())
    try:
        await cursor.execute("SELEC 1")
    except aiomysql.ProgrammingError as error:
        await cursor.execute("SELECT id FROM users_time WHERE id = 7")
        tell("syntax error", [error.args[0], *await cursor.fetchone()])
    tell("thousand", sum([await cursor.execute(INSERT, (CHANNEL, "thousand", str(n))) for n in range(1000)]))
    await connection.begin()
    await cursor.execute(INSERT, (CHANNEL, "rolled-back", "goes"))
    await connection.rollback()
    await connection.begin()
    await cursor.execute(INSERT, (CHANNEL, "committed", "stays"))
    await connection.commit()
    tell("rollback", True)
    await cursor.close()


async def main():
    try:
        await aiomysql.connect(password="wrong", **SERVER)
    except aiomysql.OperationalError as error:
        tell("wrong password", error.args[0])
    await encrypted()
    pool = await aiomysql.create_pool(password=PASSWORD, autocommit=True, **SERVER)
    tell("connect", pool.size > 0)
    tell("text", await publish(pool, TEXT) == ((TEXT,),))
    async with pool.acquire() as connection:
        await use(connection)
    pool.close()
    await pool.wait_closed()
    tell("close", pool.size == 0)


asyncio.run(main())
