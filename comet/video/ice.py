"""
Servers that help browsers to find a way for media, and what lets a browser use them for a while.

TURN servers are given credentials that need no account there: the user name says until when they count, and
the password is its HMAC with a secret that comet and the TURN servers share. That is what coturn calls
C{use-auth-secret} (draft-uberti-behave-turn-rest-00).
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping

from comet.model import Json, User
from comet.sections import Video
from comet.video.model import Ice


def credential(secret: str, username: str) -> str:
    """@return: the password of a user name at servers that know C{secret}."""
    return b64encode(hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()).decode()


def servers(rules: Video, user: User, now: int) -> Ice:
    """@return: the servers that are configured, with credentials for C{user} from C{now} on."""
    found: list[Mapping[str, Json]] = []
    if rules.stun:
        found.append({"urls": list(rules.stun)})
    if not rules.turn:
        return Ice(tuple(found))
    expires = now + rules.turn_ttl
    # coturn may count what each user of it takes: those of different tenants are different.
    name = f"{user.dev_id}.{user.user_id}" if user.dev_id else str(user.user_id)
    username = f"{expires}:{name}"
    password = credential(rules.turn_secret, username)
    found.append({"urls": list(rules.turn), "username": username, "credential": password})
    return Ice(tuple(found), expires)
