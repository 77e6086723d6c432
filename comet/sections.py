"""The sections of the configuration: each key once, with its kind, default and line of documentation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comet import __version__
from comet.kinds import (
    ADDRESS,
    ALGORITHMS,
    DATABASE,
    FILE,
    FLAG,
    FLAG_OR_AUTO,
    FOLDER,
    LEVEL,
    NETWORKS,
    ORIGINS,
    PORT,
    PORT_IF_ANY,
    SIP_SERVERS,
    STUN,
    TURN,
    WEB_ADDRESS,
    WEB_URL,
    WEBSOCKET,
    DatabaseUrl,
    SipServer,
    choice,
    integer,
    matching,
    setting,
    size,
    text,
)
from comet.limits import Limits

LOOPBACK = "127.0.0.1"
_PLUGINS = {name: name for name in ("caching_sha2_password", "mysql_native_password")}


@dataclass(frozen=True, slots=True)
class Main:
    """Section C{[main]}."""

    data: Path = setting(Path("comet-data"), FOLDER, "folder of the database, generated keys and ports.json")
    password: str = setting("", text(), "password of root; empty: one is generated", secret=True)
    # The store has room for 64 characters, and a worker adds a point and its number.
    node_name: str = setting("comet", text(60), "name of this server; each of several has another")
    dev_index_size: int = setting(100_000, integer(1, 2**31 - 1), "tenants: dev_id 0 to this less one")
    send_user_online_events: bool = setting(True, FLAG, "tell browsers that a user comes online")
    send_user_offline_events: bool = setting(True, FLAG, "tell browsers that a user goes offline")
    save_users_last_online_time: bool = setting(True, FLAG, "keep when each user was here last")
    drain: int = setting(
        5,
        integer(0, 600, "seconds"),
        "seconds to send clients away in when the server stops; 0: at once",
    )


@dataclass(frozen=True, slots=True)
class Ws:
    """Section C{[ws]}: the port of the browsers."""

    ip: str = setting(LOOPBACK, ADDRESS, "address to listen on")
    port: int = setting(8087, PORT, "port to listen on; 0 takes a free one")
    host: tuple[str, ...] = setting((), ORIGINS, "origins whose pages may connect; empty: all")
    trusted_proxies: tuple[str, ...] = setting(
        (), NETWORKS, "addresses and networks of proxies in front, whose word for whom they ask is taken"
    )
    demo: bool | None = setting(None, FLAG_OR_AUTO, "the demo page at /; auto: only on this machine alone")
    compress: bool = setting(False, FLAG, "compress for browsers that can read that: permessage-deflate")
    workers: int = setting(
        1, integer(1, 256), "processes that share the ports; 1: a single one, and no other beside it"
    )
    ping_interval: int = setting(30, integer(0, 86_400, "seconds"), "seconds between pings; 0: none")


@dataclass(frozen=True, slots=True)
class CometQL:
    """Section C{[cometql]}: the port of MySQL clients."""

    ip: str = setting(LOOPBACK, ADDRESS, "address to listen on")
    port: int = setting(3307, PORT, "port to listen on; 0 takes a free one")
    max_allowed_packet: int = setting(16 << 20, size(1 << 10, 1 << 30), "the longest statement, in bytes")
    wait_timeout: int = setting(
        28_800, integer(1, 31_536_000, "seconds"), "seconds until an idle client is dropped"
    )
    # Programs from before 2018 know the native one only; those that prefer the other switch to it.
    auth_plugin: str = setting("mysql_native_password", choice(_PLUGINS), "authentication offered first")
    version: str = setting(
        f"8.0.40-comet-{__version__}",
        matching(r"\d+\.\d+\.\d+[ -~]{0,80}", "a text that begins with three numbers, such as 8.0.40"),
        "version of MySQL that clients are told",
    )


@dataclass(frozen=True, slots=True)
class Tls:
    """Section C{[tls]}: encryption."""

    certificate: Path | None = setting(None, FILE, "PEM file of the certificate and its chain")
    key: Path | None = setting(None, FILE, "PEM file of the private key")
    port: int = setting(8443, PORT, "port of browsers over TLS; 0 takes a free one")
    ip: str = setting("", ADDRESS, "address to listen on; empty: that of [ws]")
    hsts: int = setting(
        0, integer(0, 63_072_000, "seconds"), "seconds for which browsers shall insist on TLS; 0: do not ask"
    )


@dataclass(frozen=True, slots=True)
class Jwt:
    """Section C{[jwt]}: tokens that sites sign for their users."""

    algorithms: tuple[str, ...] = setting(("HS256",), ALGORITHMS, "algorithms that tokens may be signed with")
    public_key: Path | None = setting(None, FILE, "PEM file of public keys or certificates")
    jwks_url: str = setting("", WEB_URL, "where a JSON Web Key Set is; empty: nowhere")
    jwks_refresh: int = setting(3_600, integer(60, 604_800, "seconds"), "seconds until it is fetched anew")
    issuer: str = setting("", text(), "what the claim iss must be; empty: anything")
    audience: str = setting("", text(), "what the claim aud must be or hold; empty: anything")
    leeway: int = setting(0, integer(0, 600, "seconds"), "seconds that the clocks of others may be wrong")
    user_claim: str = setting("user_id", text(64), "the claim that holds the id of the user")
    patterns: int = setting(100, integer(0, 1_000), "the most names and prefixes in the claim channels")


TLS_USE = choice({name: name for name in ("off", "encrypt", "verify")})


@dataclass(frozen=True, slots=True)
class Db:
    """Section C{[db]}: the store. Without a URL or a host it is an SQLite file in the data folder."""

    url: DatabaseUrl | None = setting(
        None,
        DATABASE,
        "sqlite:///PATH or mysql://USER:PASSWORD@HOST:PORT/NAME; empty: comet.sqlite3 in the data folder",
        secret=True,
    )
    host: str = setting("", text(), "host of a MariaDB or MySQL server, in place of url")
    port: int = setting(3306, PORT, "port of that server")
    socket: Path | None = setting(None, FILE, "UNIX socket of a server on this machine, before host and port")
    user: str = setting("", text(), "user name at that server")
    password: str = setting("", text(), "password at that server", secret=True)
    name: str = setting("", text(64), "name of the database at that server")
    pool: int = setting(4, integer(1, 64), "the most connections to that server")
    timeout: int = setting(10, integer(2, 600, "seconds"), "seconds that it may take to answer")
    connection_attempts: int = setting(
        10, integer(1, 1_000), "how often to try to reach it at the start, every 5 seconds"
    )
    tls: str = setting(
        "",
        TLS_USE,
        "encryption; verify: its certificate must be right; empty: verify with tls_ca, else if it can",
    )
    tls_ca: Path | None = setting(
        None, FILE, "PEM file of who signs its certificate; else those of the system"
    )
    tls_certificate: Path | None = setting(None, FILE, "PEM file of our certificate, if it asks for one")
    tls_key: Path | None = setting(None, FILE, "PEM file of the private key of that certificate")


@dataclass(frozen=True, slots=True)
class Presence:
    """Section C{[presence]}: when a user is offline, and who is told."""

    grace: int = setting(3, integer(0, 3600, "seconds"), "seconds in which a user who has left may come back")
    log_channels: bool = setting(
        False, FLAG, "keep in presence_events, too, who joins and leaves channels named track_"
    )
    webhook: str = setting("", WEB_ADDRESS, "http:// or https:// address that rows of presence_events go to")
    webhook_secret: str = setting("", text(), "what the rows are signed with", secret=True)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Section C{[cluster]}: several servers as one."""

    redis: str = setting(
        "",
        text(1000),
        "redis://USER:PASSWORD@HOST:PORT/DB, rediss:// for TLS, redis+sentinel://HOST:PORT,.../SERVICE/DB; "
        "empty: this server stands alone",
        secret=True,
    )
    name: str = setting(
        "comet",
        matching(r"[A-Za-z0-9_.-]{1,64}", "at most 64 letters, digits, and signs _ . -"),
        "what the names of all keys and channels in Redis begin with: another for each cluster",
    )
    timeout: int = setting(
        3, integer(1, 600, "seconds"), "seconds of silence after which Redis counts as lost"
    )
    buffer: int = setting(16 << 20, size(1 << 20, 1 << 30), "bytes that may wait to be sent to Redis")
    tls_ca: Path | None = setting(
        None, FILE, "PEM file of who signs the certificate of Redis; else those of the system"
    )
    expiry: int = setting(
        10, integer(2, 3_600, "seconds"), "seconds of silence after which another server counts as dead"
    )


#: How a table or a column may be called: what can stand in backticks, whatever follows it.
_NAME = r"[\w$-]{1,64}"
#: Stands for a column that there is not.
NO_COLUMN = "none"
COLUMN = matching(_NAME, f"the name of a column: letters, digits, and _ $ -; or {NO_COLUMN}")
TABLE = matching(
    rf"{_NAME}(\.{_NAME})?", "the name of a table, such as outbox or shop.outbox: letters, digits, _ $ -"
)


@dataclass(frozen=True, slots=True)
class Outbox:
    """
    Section C{[outbox]}, and each C{[outbox.NAME]}: a table of the site that is followed, each row of which is
    a message.
    """

    database: DatabaseUrl | None = setting(
        None,
        DATABASE,
        "the database of the site: mysql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH",
        secret=True,
    )
    table: str = setting("", TABLE, "the table that is followed; empty: none")
    id: str = setting("id", COLUMN, "column of the number of a row, counted up by AUTO_INCREMENT")
    name: str = setting("name", COLUMN, "column of the channel; it does not matter where there is a user")
    event: str = setting("event", COLUMN, "column of the event")
    message: str = setting("message", COLUMN, "column of the text")
    user_id: str = setting(
        NO_COLUMN, COLUMN, "column of the user whom a private message is for, NULL or 0 where there is none"
    )
    error: str = setting(NO_COLUMN, COLUMN, "column into which comet writes why it has refused a row")
    dev_id: int = setting(0, integer(0, 2**31 - 1), "the tenant whose channels and users these are")
    begin: str = setting(
        "first",
        choice({name: name for name in ("first", "next")}),
        "where to begin when the table has never been followed: with the first row, or the next that comes",
    )
    delete: bool = setting(False, FLAG, "remove rows that are published")
    interval: int = setting(
        500, integer(20, 3_600_000, "milliseconds"), "milliseconds after which the table is looked at again"
    )
    batch: int = setting(100, integer(1, 1_000), "the most rows that are published together")
    patience: int = setting(
        600,
        integer(1, 86_400, "seconds"),
        "seconds for which a row is awaited whose number was passed over: longer than any transaction lasts",
    )
    timeout: int = setting(5, integer(1, 60, "seconds"), "seconds that the database may take to answer")
    tls: str = setting("", TLS_USE, "encryption of a MariaDB or MySQL server, as in [db]")
    tls_ca: Path | None = setting(None, FILE, "PEM file of who signs its certificate, as in [db]")

    @property
    def is_followed(self) -> bool:
        """Whether there is something to follow."""
        return bool(self.table)


@dataclass(frozen=True, slots=True)
class Video:
    """Section C{[video]}: calls and rooms."""

    ring: int = setting(45, integer(1, 600, "seconds"), "seconds that it rings")
    grace: int = setting(
        20, integer(0, 600, "seconds"), "seconds in which a connection that is lost may come back to its seat"
    )
    mesh_limit: int = setting(4, integer(2, 16), "how many may be in a room without a media server")
    room_limit: int = setting(16, integer(2, 1_000), "how many may be in a room with a media server")
    rooms: int = setting(10_000, integer(1, 1_000_000), "rooms and calls in all")
    calls_per_minute: int = setting(
        30, integer(0, 10_000), "how often one user may ring somebody in a minute; 0: any number"
    )
    signal: int = setting(65_536, size(1 << 10, 1 << 20), "the longest signal from page to page, in bytes")
    stun: tuple[str, ...] = setting((), STUN, "STUN servers, by which browsers find out their addresses")
    turn: tuple[str, ...] = setting((), TURN, "TURN servers, which relay media where there is no other way")
    turn_secret: str = setting(
        "", text(), "the secret shared with the TURN servers: static-auth-secret of coturn", secret=True
    )
    turn_ttl: int = setting(
        86_400, integer(60, 604_800, "seconds"), "seconds for which a browser may use the TURN servers"
    )
    janus: str = setting(
        "", WEBSOCKET, "WebSocket address of a Janus gateway, for rooms of more than mesh_limit; empty: none"
    )
    janus_secret: str = setting(
        "", text(), "api_secret of that gateway, and admin_key of its VideoRoom; empty: none", secret=True
    )
    janus_patience: int = setting(
        30, integer(1, 3_600, "seconds"), "seconds that the gateway may be away before its rooms end"
    )


@dataclass(frozen=True, slots=True)
class Metrics:
    """Section C{[metrics]}: who may read the numbers at C{/metrics}."""

    networks: tuple[str, ...] = setting(
        ("127.0.0.0/8", "::1/128"), NETWORKS, "addresses and networks from which they may be read"
    )
    token: str = setting(
        "", text(), "what opens them from everywhere: Authorization: Bearer ...", secret=True
    )


@dataclass(frozen=True, slots=True)
class Console:
    """Section C{[console]}: the page for administrators at C{/console}."""

    enabled: bool | None = setting(
        None, FLAG_OR_AUTO, "whether there is one; auto: only for this machine, and not through a proxy"
    )
    port: int | None = setting(
        None, PORT_IF_ANY, "a port of its own; 0 takes a free one; empty: it is on the browser port"
    )
    ip: str = setting("", ADDRESS, "address of that port; empty: 127.0.0.1")


@dataclass(frozen=True, slots=True)
class Sip:
    """Section C{[sip]}: how the clients of CppComet are called."""

    pipesalt: str = setting(
        "",
        text(),
        "secret that the names of call channels are made with; empty: one is made of the password of root",
        secret=True,
    )
    freeswitch: tuple[SipServer, ...] = setting(
        (),
        SIP_SERVERS,
        "FreeSWITCH servers that old clients are told of; nothing is asked of them",
        secret=True,
    )


@dataclass(frozen=True, slots=True)
class Log:
    """Section C{[log]}."""

    level: str = setting("info", LEVEL, "the least important events that are logged")
    format: str = setting(
        "text", choice({name: name for name in ("text", "json")}), "lines for people, or JSON in each line"
    )
    slow_statement: int = setting(
        0, integer(0, 3_600_000, "milliseconds"), "milliseconds from which on a statement is logged; 0: never"
    )
    cometql: str = setting("", LEVEL, "level of the CometQL port, in place of that of all")
    browsers: str = setting("", LEVEL, "level of the browser port")
    store: str = setting("", LEVEL, "level of the store")
    cluster: str = setting("", LEVEL, "level of what is between servers")
    webhook: str = setting("", LEVEL, "level of the webhook")
    outbox: str = setting("", LEVEL, "level of what follows outboxes")


#: The sections by name, in the order in which they are shown.
SECTIONS: Mapping[str, Any] = {
    "main": Main,
    "ws": Ws,
    "cometql": CometQL,
    "tls": Tls,
    "jwt": Jwt,
    "db": Db,
    "presence": Presence,
    "cluster": Cluster,
    "outbox": Outbox,
    "video": Video,
    "sip": Sip,
    "limits": Limits,
    "metrics": Metrics,
    "console": Console,
    "log": Log,
}

#: Sections of this kind have a name behind a point, and take from the plain one what they do not say.
NAMED = "outbox"
_NAMED = re.compile(rf"{NAMED}\.[A-Za-z0-9_-]{{1,32}}")


def kind_of_section(name: str) -> str:
    """@return: the section whose keys the section C{name} has; C{name} itself where that is one, or none."""
    return NAMED if _NAMED.fullmatch(name) else name
