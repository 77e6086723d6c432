"""Signs a token for user 7 with a private key: the server needs the public one alone."""

import time
from pathlib import Path

import jwt  # PyJWT

claims = {"user_id": 7, "exp": int(time.time()) + 3600, "aud": "comet", "dev_id": 0}
print(jwt.encode(claims, Path("private.pem").read_text(), algorithm="ES256", headers={"kid": "2026"}))
