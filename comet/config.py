"""
The configuration, read and checked as a whole, so that every problem is told at once.

A value comes from the environment variable C{COMET_<SECTION>_<KEY>}, or from the file that
C{COMET_<SECTION>_<KEY>_FILE} names, as those who run containers hand out secrets; else from the configuration
file, else it is the default. An empty value counts as none.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from comet.ini import Document, Entry, Remark
from comet.kinds import DatabaseUrl, is_secret, kind_of
from comet.legacy import meaning
from comet.limits import WORKERS_MESSAGE, Limits
from comet.redis_url import RedisUrl, WrongRedisUrl
from comet.sections import (
    LOOPBACK,
    NAMED,
    SECTIONS,
    Cluster,
    CometQL,
    Console,
    Db,
    Jwt,
    Log,
    Main,
    Metrics,
    Outbox,
    Presence,
    Sip,
    Tls,
    Video,
    Ws,
    kind_of_section,
)

#: Names the configuration file where the command line does not.
FILE_VARIABLE = "COMET_CONFIG"
_PREFIX = "COMET_"
#: Behind the name of a variable, it says that the value stands in a file.
_IN_FILE = "_FILE"


class CannotStart(Exception):
    """
    The server cannot start; C{str(error)} is the sentence that says why.

    @cvar status: the exit status of the process.
    """

    status = 1


class ConfigError(CannotStart):
    """The configuration has problems, one a line in C{str(error)}, and perhaps warnings too."""

    # EX_CONFIG of sysexits.h
    status = 78

    def __init__(self, file: str, problems: Iterable[Remark], warnings: Iterable[Remark]) -> None:
        """@param file: what to call the file."""
        self.problems, self.warnings = tuple(problems), tuple(warnings)
        super().__init__("\n".join(problem.located(file) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set, and what to warn of."""

    main: Main = field(default_factory=Main)
    ws: Ws = field(default_factory=Ws)
    cometql: CometQL = field(default_factory=CometQL)
    tls: Tls = field(default_factory=Tls)
    jwt: Jwt = field(default_factory=Jwt)
    db: Db = field(default_factory=Db)
    presence: Presence = field(default_factory=Presence)
    cluster: Cluster = field(default_factory=Cluster)
    outbox: Outbox = field(default_factory=Outbox)
    #: The sections C{[outbox.NAME]} by their whole names.
    outboxes: tuple[tuple[str, Outbox], ...] = ()
    video: Video = field(default_factory=Video)
    sip: Sip = field(default_factory=Sip)
    limits: Limits = field(default_factory=Limits)
    metrics: Metrics = field(default_factory=Metrics)
    console: Console = field(default_factory=Console)
    log: Log = field(default_factory=Log)
    warnings: tuple[Remark, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, text: str = "", environment: Mapping[str, str] | None = None, file: str = "ini") -> Config:
        """
        @param text: what stands in a configuration file.
        @param file: what to call the file in the error.
        @raise ConfigError: with all that is wrong.
        """
        return _Reader(Document(text), environment or {}).config(file)

    @classmethod
    def load(cls, file: str | None, environment: Mapping[str, str]) -> Config:
        """
        @param file: the path of a configuration file, C{None} if there is none.
        @raise CannotStart: if it cannot be read, or anything in it or in the environment is wrong.
        """
        if not file:
            return cls.read("", environment)
        try:
            text = Path(file).read_text("utf-8")
        except OSError as error:
            raise ConfigError(file, [Remark(f"the file cannot be read: {error.strerror}")], ()) from None
        except UnicodeDecodeError:
            raise ConfigError(file, [Remark("the file is no text in UTF-8")], ()) from None
        return cls.read(text, environment, file)

    @property
    def tls_ip(self) -> str:
        """The address to listen on for browsers over TLS."""
        return self.tls.ip or self.ws.ip

    @property
    def demo(self) -> bool:
        """Whether the demo page is shown."""
        return self.is_local if self.ws.demo is None else self.ws.demo

    @property
    def console_ip(self) -> str:
        """The address of the console's own port."""
        return self.console.ip or LOOPBACK

    @property
    def has_console(self) -> bool:
        """Whether there is a console, on the browser port or on its own."""
        if self.console.enabled is not None:
            return self.console.enabled
        return self.is_local if self.console.port is None else _is_loopback(self.console_ip)

    @property
    def has_console_port(self) -> bool:
        """Whether the console is on a port of its own."""
        return self.has_console and self.console.port is not None

    @property
    def is_local(self) -> bool:
        """Whether only browsers on this machine can connect."""
        return all(map(_is_loopback, (self.ws.ip, self.tls_ip)))

    @property
    def mysql(self) -> DatabaseUrl | None:
        """The database at a MariaDB or MySQL server that is the store; C{None} if that is SQLite."""
        db = self.db
        if db.url is not None:
            return db.url if db.url.scheme == "mysql" else None
        if not db.host and db.socket is None:
            return None
        return DatabaseUrl("mysql", db.name, db.host or "localhost", db.port, db.user, db.password)

    @property
    def redis(self) -> RedisUrl | None:
        """The Redis by which several servers are one; C{None} if this server stands alone."""
        return RedisUrl.read(self.cluster.redis) if self.cluster.redis else None

    @property
    def followed(self) -> dict[str, Outbox]:
        """The tables that are followed, by the names of their sections."""
        return {name: each for name, each in ((NAMED, self.outbox), *self.outboxes) if each.is_followed}

    def sqlite_path(self, folder: Path) -> Path:
        """@return: the file of the store, given the data folder."""
        return Path(self.db.url.path).absolute() if self.db.url else folder / "comet.sqlite3"


_KEYS = {name: [each.name for each in fields(section)] for name, section in SECTIONS.items()}


class _Reader:
    """Turns entries into sections, and gathers what to say about them."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self._entries = dict(document.entries)
        self._problems = list(document.problems)
        self._warnings = list(document.warnings)
        self._check_names(document)
        self._add_environment(environment)
        self._sections = {name: section(**self._values(name)) for name, section in SECTIONS.items()}
        self._named = self._read_named(document)
        self._check_tls()
        self._check_jwt()
        self._check_store()
        self._check_cluster()
        self._check_outboxes()
        self._check_workers()
        self._check_webhook()
        self._check_console()
        self._check_video()
        self._check_sip()

    def config(self, file: str) -> Config:
        problems, warnings = (
            sorted(remarks, key=lambda remark: remark.line) for remarks in (self._problems, self._warnings)
        )
        if problems:
            raise ConfigError(file, problems, warnings)
        return Config(**self._sections, outboxes=tuple(self._named.items()), warnings=tuple(warnings))

    # Names ------------------------------------------------------------------------------------------------

    def _check_names(self, document: Document) -> None:
        for section, line in document.sections.items():
            if kind_of_section(section) not in SECTIONS and meaning(section) is None:
                near = _nearest(section, SECTIONS)
                wrong = f"there is no such section; the nearest is [{near}]"
                self._problems.append(Remark(wrong, section, line=line))
        for entry in document.entries.values():
            kind = kind_of_section(entry.section)
            if entry.key in _KEYS.get(kind, ()):
                continue
            old = meaning(entry.section, entry.key)
            if old is not None:
                self._warnings.append(entry.remark(old))
            elif kind in SECTIONS:
                near = _nearest_key(kind, entry.key)
                self._problems.append(entry.remark(f"there is no such key; the nearest is {near}"))

    def _add_environment(self, environment: Mapping[str, str]) -> None:
        known = {_variable(section, key): (section, key) for section, keys in _KEYS.items() for key in keys}
        for variable, value in sorted(environment.items()):
            if not variable.startswith(_PREFIX) or variable == FILE_VARIABLE:
                continue
            if variable in known:
                if value:
                    self._entries[known[variable]] = Entry(*known[variable], [value], source=variable)
            elif (other := variable.removesuffix(_IN_FILE)) in known:
                if value and environment.get(other):
                    self._problems.append(
                        Remark(f"{other} is there, too: leave out one of them", source=variable)
                    )
                elif value:
                    self._add_secret(variable, *known[other], Path(value))
            else:
                near = _nearest(variable, known)
                self._warnings.append(
                    Remark(f"no key has this variable; the nearest is {near}", source=variable)
                )

    def _add_secret(self, variable: str, section: str, key: str, file: Path) -> None:
        try:
            # A line end after it is no part of it.
            value = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
            self._problems.append(Remark(f"{file} cannot be read: {why}", section, key, source=variable))
        else:
            self._entries[section, key] = Entry(section, key, [value], source=variable)

    # Values -----------------------------------------------------------------------------------------------

    def _values(self, section: str) -> dict[str, Any]:
        values = {}
        for declared in fields(SECTIONS[kind_of_section(section)]):
            entry = self._entries.get((section, declared.name))
            if entry is None or not any(entry.values):
                continue
            kind = kind_of(declared)
            if entry.is_list and not kind.many:
                self._problems.append(entry.remark(f"this is a list ([]); expected {kind.right}"))
                continue
            try:
                values[declared.name] = kind.read(kind.joint.join(filter(None, entry.values)))
            except ValueError:
                shown = "the value" if is_secret(declared) else repr(kind.joint.join(entry.values)[:80])
                self._problems.append(entry.remark(f"{shown} is wrong; expected {kind.right}"))
        return values

    def _read_named(self, document: Document) -> dict[str, Outbox]:
        # What is wrong with the plain section is told there, once.
        plain = {field.name: getattr(self._sections[NAMED], field.name) for field in fields(Outbox)}
        named = [name for name in document.sections if name != NAMED and kind_of_section(name) == NAMED]
        return {name: Outbox(**{**plain, "table": "", **self._values(name)}) for name in named}

    # What concerns several keys ---------------------------------------------------------------------------

    def _refuse(self, section: str, key: str, wrong: str) -> None:
        entry = self._entries.get((section, key), Entry(section, key, []))
        self._problems.append(entry.remark(wrong))

    def _check_tls(self) -> None:
        tls = self._sections["tls"]
        given = [name for name in ("certificate", "key") if getattr(tls, name) is not None]
        if len(given) == 1 and not self._is_wrong("tls"):
            missing = "key" if given == ["certificate"] else "certificate"
            self._refuse("tls", given[0], f"it needs [tls] {missing} beside it, the other half of the pair")

    def _check_jwt(self) -> None:
        rules = self._sections["jwt"]
        if self._is_wrong("jwt"):
            return
        pairs = [name for name in rules.algorithms if not name.startswith("HS")]
        sources = [name for name in ("public_key", "jwks_url") if getattr(rules, name)]
        if pairs and not sources:
            self._refuse("jwt", "algorithms", f"{pairs[0]} needs [jwt] public_key or jwks_url")
        elif sources and not pairs:
            wrong = "no algorithm in [jwt] algorithms has a public key; add one, such as RS256 or ES256"
            self._refuse("jwt", sources[0], wrong)
        if rules.jwks_url.startswith("http:"):
            entry = self._entries.get(("jwt", "jwks_url"), Entry("jwt", "jwks_url", []))
            risk = "without https, whoever is on the line can sign tokens"
            self._warnings.append(entry.remark(risk))

    def _check_store(self) -> None:
        db = self._sections["db"]
        if self._is_wrong("db"):
            return
        given = [key for key in ("host", "socket") if getattr(db, key)]
        if db.url is not None and given:
            self._refuse("db", given[0], "it is in [db] url already: leave out one of them")
        for key in ("user", "name"):
            if given and not getattr(db, key):
                self._refuse(
                    "db", given[0], f"it needs [db] {key} beside it, that of a MariaDB or MySQL server"
                )
        if (db.tls_certificate is None) != (db.tls_key is None):
            here, missing = ("tls_key", "tls_certificate") if db.tls_key else ("tls_certificate", "tls_key")
            self._refuse("db", here, f"it needs [db] {missing} beside it, the other half of the pair")
        if db.tls in ("off", "encrypt") and db.tls_ca is not None:
            self._refuse("db", "tls_ca", f"nothing is checked with [db] tls = {db.tls}; expected verify")

    def _check_cluster(self) -> None:
        cluster = self._sections["cluster"]
        if not cluster.redis or self._is_wrong("cluster"):
            return
        try:
            url = RedisUrl.read(cluster.redis)
        except WrongRedisUrl as error:
            return self._refuse("cluster", "redis", f"the value is wrong; {error}")
        if cluster.tls_ca is not None and not url.tls:
            self._refuse(
                "cluster", "tls_ca", "nothing is encrypted: [cluster] redis needs to begin with rediss"
            )
        if cluster.expiry <= cluster.timeout:
            wrong = f"a server that has lost Redis is not dead yet; expected more than the {cluster.timeout}"
            self._refuse("cluster", "expiry", f"{wrong} of [cluster] timeout")
        db = self._sections["db"]
        if not db.host and db.socket is None and (db.url is None or db.url.scheme == "sqlite"):
            apart = "servers on several machines need [db] of one MariaDB or MySQL: an SQLite file is on one"
            self._warnings.append(self._entries["cluster", "redis"].remark(apart))
        statement = self._sections["cometql"].max_allowed_packet
        if cluster.buffer < statement:
            entry = self._entries.get(("cluster", "buffer"), Entry("cluster", "buffer", []))
            long = f"an INSERT of {statement} bytes, which [cometql] max_allowed_packet allows, does not fit"
            self._warnings.append(entry.remark(f"{long}, and would cut this server off for a moment"))

    def _check_outboxes(self) -> None:
        plain: Outbox = self._sections[NAMED]
        for name, outbox in {NAMED: plain, **self._named}.items():
            if self._is_wrong(name) or self._is_wrong(NAMED):
                continue
            if outbox.is_followed and outbox.database is None:
                self._refuse(name, "table", f"it needs [{name}] database beside it, in which the table is")
            elif not outbox.is_followed and (name != NAMED or (outbox.database and not self._named)):
                self._refuse(name, "database", f"it needs [{name}] table beside it, the one that is followed")
            elif outbox.dev_id >= self._sections["main"].dev_index_size:
                most = self._sections["main"].dev_index_size - 1
                self._refuse(
                    name, "dev_id", f"there is no such tenant; [main] dev_index_size allows 0 to {most}"
                )

    def _check_workers(self) -> None:
        if self._sections["ws"].workers > 1 and self._sections["limits"].message > WORKERS_MESSAGE:
            self._refuse("limits", "message", f"with [ws] workers, at most {WORKERS_MESSAGE >> 20}M pass")

    def _check_webhook(self) -> None:
        presence = self._sections["presence"]
        if presence.webhook and not presence.webhook_secret and not self._is_wrong("presence"):
            entry = self._entries["presence", "webhook"]
            unsigned = "without webhook_secret nobody can tell that the rows come from this server"
            self._warnings.append(entry.remark(unsigned))

    def _check_console(self) -> None:
        console, ws, tls = (self._sections[name] for name in ("console", "ws", "tls"))
        if any(map(self._is_wrong, ("console", "ws", "tls"))):
            return
        if console.ip and console.port is None:
            self._refuse("console", "ip", "it needs [console] port beside it, the port of its own")
        elif console.ip and not _is_loopback(console.ip) and console.enabled is None:
            wrong = "others can try keys there: it needs [console] enabled = yes beside it if that is meant"
            self._refuse("console", "ip", wrong)
        elif console.enabled:
            # The browser port has TLS beside it, but signs in without it, too.
            plain = ws.ip if console.port is None else console.ip if tls.certificate is None else ""
            if plain and not _is_loopback(plain):
                risk = "without TLS, whoever is on the line can read the key of who signs in"
                way = "let a proxy speak it, or give the console a [console] port and [tls] certificate"
                self._warnings.append(self._entries["console", "enabled"].remark(f"{risk}: {way}"))

    def _check_video(self) -> None:
        video = self._sections["video"]
        if self._is_wrong("video"):
            return
        for key, other, what in (
            ("turn", "turn_secret", "static-auth-secret of coturn"),
            ("turn_secret", "turn", "the addresses of the servers"),
            ("janus_secret", "janus", "the address of the gateway"),
        ):
            if getattr(video, key) and not getattr(video, other):
                self._refuse("video", key, f"it needs [video] {other} beside it, {what}")
        if video.janus and video.room_limit < video.mesh_limit:
            self._refuse(
                "video", "room_limit", f"expected at least the {video.mesh_limit} of [video] mesh_limit"
            )

    def _check_sip(self) -> None:
        entry = self._entries.get(("sip", "freeswitch"))
        if entry is not None and any(entry.values):
            told = "old clients are told of these servers, but nothing is asked of them: media is for [video]"
            self._warnings.append(entry.remark(told))

    def _is_wrong(self, section: str) -> bool:
        return any(problem.section == section for problem in self._problems)


def _is_loopback(ip: str) -> bool:
    return ipaddress.ip_address(ip).is_loopback


def _variable(section: str, key: str) -> str:
    return f"{_PREFIX}{section}_{key}".upper()


def _nearest(name: str, known: Iterable[str]) -> str:
    by_fold = {each.casefold(): each for each in known}
    return by_fold[get_close_matches(name.casefold(), by_fold, 1, cutoff=0)[0]]


def _nearest_key(section: str, key: str) -> str:
    """@return: the nearest key of the section, or the same key where it does exist."""
    if not get_close_matches(key.casefold(), _KEYS[section], 1, cutoff=0.6):
        for other, keys in _KEYS.items():
            if key.casefold() in keys:
                return f"{key.casefold()} in section [{other}]"
    return _nearest(key, _KEYS[section])
