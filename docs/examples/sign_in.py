"""Signs user 7 in: what a backend does when it has checked the password of its own user."""

import json
import secrets

import pymysql

comet = pymysql.connect(host="127.0.0.1", port=3307, user="root", password="PASSWORD", autocommit=True)
key = secrets.token_hex(16)  # 32 characters, the most that a key may have
comet.cursor().execute("INSERT INTO users_auth (id, hash) VALUES (%s, %s)", (7, key))
# Put these into the page of user 7, and of nobody else.
print(json.dumps({"user_id": 7, "user_key": key}))
