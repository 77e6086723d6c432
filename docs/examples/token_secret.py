"""Signs a token for user 7 with the password of the server: HS256."""

import time

import jwt  # PyJWT

DEV_ID = 0
claims = {"user_id": 7, "exp": int(time.time()) + 3600, "channels": {"publish": ["news"]}}
print(jwt.encode(claims, f"PASSWORD{DEV_ID}", algorithm="HS256"))
