# pip install PyMySQL
import sys
import time

import pymysql

comet = pymysql.connect(host="127.0.0.1", port=3307, user="root", password="PASSWORD", autocommit=True)
cursor = comet.cursor()
seen = int(sys.argv[1]) if len(sys.argv) > 1 else 0  # where the last run has ended: keep it in your database

while True:
    cursor.execute(
        "SELECT seq, user_id, event FROM presence_events WHERE seq > %s ORDER BY seq LIMIT 100", (seen,)
    )
    for seq, user_id, event in cursor:
        if seq > seen + 1:
            print("missed", seq - seen - 1, "rows: they were gone before we came", flush=True)
        print(seq, user_id, event, flush=True)
        seen = seq
    if not cursor.rowcount:
        time.sleep(1)
