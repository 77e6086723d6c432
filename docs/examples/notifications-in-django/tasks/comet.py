"""The way to comet: notifications in SQL, and tokens that open the connections of browsers."""

import json
import time

import jwt
import pymysql
from django.conf import settings

#: How long a token is good, in seconds. The page fetches a new one before that.
TOKEN_LIFE = 3600

NOTIFY = "INSERT INTO users_messages (id, event, message) VALUES (%s, %s, %s)"


def notify(user, event, data):
    """Tell C{user} something on all devices, now, or with the next one that comes."""
    with pymysql.connect(**settings.COMET, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(NOTIFY, (user.pk, event, json.dumps(data)))


def token_for(user):
    """@return: what proves to comet that a browser is that of C{user}."""
    claims = {"user_id": user.pk, "exp": int(time.time()) + TOKEN_LIFE}
    # Signed with the password and the number of the tenant, which is 0 for a site alone.
    return jwt.encode(claims, f"{settings.COMET['password']}0", algorithm="HS256")
