"""
SQLAlchemy: reflection of all tables, and the ORM on what it has found.

Its arguments are the port and the password; it prints JSON of what it has found.
"""

import json
import sys

from sqlalchemy import URL, MetaData, create_engine, exc, func, inspect, select
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.orm import Session

PORT, PASSWORD = sys.argv[1:]
SERVER = {"username": "root", "password": PASSWORD, "host": "127.0.0.1", "port": int(PORT)}
engine = create_engine(URL.create("mysql+pymysql", database="CometQL_v1", **SERVER))

looking = inspect(engine)
got = {
    "schemas": looking.get_schema_names(),
    "tables": looking.get_table_names(),
    "views": looking.get_view_names(),
    "columns": [
        [column["name"], str(column["type"]), column["nullable"], column["default"], column["comment"]]
        for column in looking.get_columns("users_messages")
    ],
    "key": looking.get_pk_constraint("pipes_messages")["constrained_columns"],
    "indexes": [
        [each["name"], each["column_names"], each["unique"]] for each in looking.get_indexes("pipes_messages")
    ],
    "foreign": looking.get_foreign_keys("users_auth"),
    "checks": looking.get_check_constraints("users_auth"),
    "comment": looking.get_table_comment("pipes")["text"],
    "there": [looking.has_table("users_auth"), looking.has_table("nothing")],
}

metadata = MetaData()
metadata.reflect(engine)
got["reflected"] = {
    name: [column.name for column in table.columns] for name, table in metadata.tables.items()
}

Base = automap_base(metadata=metadata)
Base.prepare()
Data, Message, Setting = (Base.classes[name] for name in ("users_data", "pipes_messages", "pipes_settings"))
with Session(engine) as session:
    session.add_all([Data(id=17, data="Ann"), Data(id=18, data="Ben"), Data(id=19, data="it's 🦦")])
    session.commit()
    session.get(Data, 18).data = "Benjamin"
    session.commit()
    mine = Data.id.between(17, 19)
    got["rows"] = [
        [each.id, each.data] for each in session.scalars(select(Data).where(mine).order_by(Data.id.desc()))
    ]
    got["page"] = list(session.scalars(select(Data.id).where(mine).order_by(Data.id).limit(2).offset(1)))
    got["count"] = session.scalar(select(func.count()).select_from(Data).where(mine, Data.data.like("%nn%")))
    session.delete(session.get(Data, 17))
    session.commit()
    got["left"] = list(session.scalars(select(Data.id).where(mine).order_by(Data.id)))
    for each in session.scalars(select(Data).where(mine)).all():
        session.delete(each)
    session.commit()

    channel = "sqlalchemy"
    session.add(Setting(name=channel, length=10))
    session.commit()
    # The server gives an id of its own.
    session.add(Message(id="one", name=channel, event="say", message="by the ORM"))
    session.commit()
    session.add(Message(id="two", name=channel, event="say", message="never"))
    session.flush()
    session.rollback()
    got["messages"] = list(session.scalars(select(Message.message).where(Message.name == channel)))
    got["moment"] = type(session.scalar(select(func.now()))).__name__
    try:
        session.add(Base.classes["users_time"](id=17, time=1))
        session.commit()
    except exc.DBAPIError as error:
        got["read only"] = error.orig.args
with create_engine(engine.url, isolation_level="READ COMMITTED").connect() as connection:
    got["level"] = [connection.get_isolation_level(), connection.default_isolation_level]
print(json.dumps(got))
