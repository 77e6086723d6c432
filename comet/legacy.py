"""The keys of CppComet's configuration that have no meaning here, with what to tell whoever has them."""

from __future__ import annotations

_NO_MEANING = "this key has no meaning here, and is left out"
_NO_SECTION = "this section has no meaning here, and is left out"

_LISTENER = {
    "thread_num": "one process serves all connections, and this listener is always on: the key is left out",
    "statistics": "the counters are always kept: the key is left out",
    "benchmark": "the counters are always kept: the key is left out",
    "backlog": _NO_MEANING,
    "epoll_size": _NO_MEANING,
    "uptimeTestInterval": _NO_MEANING,
    "maxUptime": _NO_MEANING,
}
_NO_CLUSTER = "[cluster] redis takes the place of lists of servers: this is left out"
_KEYS = {
    "main": {
        "useQueryLoger": "statements are not logged: the key is left out",
        "buf_size": _NO_MEANING,
        "fragment_buf_size": _NO_MEANING,
        "fragment_buf_max_size": "[limits] message takes its place: the key is left out",
        "answer_buf_size": "answers have no such limit here: the key is left out",
        "pidfile": "twistd --pidfile takes its place: the key is left out",
        "base_dir": "static files are for a web server in front: the key is left out",
        "api_version": _NO_MEANING,
        "isTest": _NO_MEANING,
    },
    "db": {"buf_size": _NO_MEANING},
    "ws": {**_LISTENER, "cluster": _NO_CLUSTER},
    "cometql": _LISTENER,
    "sip": {"port": _NO_MEANING},
    "cluster": {"Server": _NO_CLUSTER, "Server[]": _NO_CLUSTER},
}
#: The parts of CppComet that had a log level of their own.
_SUBSYSTEMS = (
    *("Any", "TagLoger", "appConf", "pipeCommands", "statistics", "removeOldConnections", "MySqlServer"),
    *("UserIndex", "UserItem", "ClientServer", "ServerServer", "SimpleRedisClient", "tcpServer"),
    *("CometQLCluster", "devManager", "FreeswitchServer", "dbLink"),
)
_KEYS["log"] = dict.fromkeys(_SUBSYSTEMS, "one level holds for all parts: the key is left out")
_SECTIONS = {
    "freeswitch": "there is no FreeSWITCH directory here: the section is left out",
    "cometqlproxy": _NO_CLUSTER,
    "statistics": "nothing is reported to anybody, and the counters are always kept: the section is left out",
    "benchmark": "the counters are always kept: the section is left out",
    "content-type": "static files are for a web server in front: the section is left out",
    "http": _NO_SECTION,
}


def meaning(section: str, key: str = "") -> str | None:
    """@return: what to tell of a section or key that CppComet knew and comet does not; else C{None}."""
    if section in _SECTIONS:
        return _SECTIONS[section]
    return _KEYS.get(section, {}).get(key)
