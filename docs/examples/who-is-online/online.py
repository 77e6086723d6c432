"""Who is online? What a site asks before it sends a mail, or calls the next agent."""

import json
from datetime import datetime

import pymysql

WHO = """
    SELECT d.data, t.time FROM users_data d JOIN users_time t ON t.id = d.id
    WHERE d.id IN (1, 2, 3) ORDER BY d.id
"""

login = {"host": "127.0.0.1", "port": 3307, "user": "root", "password": "PASSWORD"}
with pymysql.connect(**login, autocommit=True) as comet, comet.cursor() as cursor:
    cursor.execute(WHO)
    for data, time in cursor:
        name = json.loads(data)["name"]
        if time == 0:
            print(f"{name} is online")
        elif time == -1:
            print(f"{name} has never been here")
        else:
            print(f"{name} was here at {datetime.fromtimestamp(time):%H:%M}")

    cursor.execute("SELECT users FROM pipes WHERE name = 'track_page'")
    for (users,) in cursor:
        print(f"The page is open in {users} browsers")
