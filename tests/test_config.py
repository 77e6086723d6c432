"""Tests of the configuration: values, defaults, problems and warnings."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from comet.cluster.bus import FRAME_LIMIT
from comet.cluster.line import TEXT_LIMIT
from comet.config import Config, ConfigError
from comet.kinds import SipServer
from comet.limits import WORKERS_MESSAGE, Limits

#: The form of a file as it was written for CppComet, but for its database.
OLD = """
[main]
password = 0000000000000000000000000000000000000000000000000000000000000000
node_name = CppComet
dev_index_size = 1000   ; tenants
useQueryLoger = false
buf_size = 103840
pidfile = /var/run/cppcomet.pid
[ws]
ip = 0.0.0.0
port = 8087
thread_num = 10
statistics = 10
uptimeTestInterval = 60
cluster = []Server=127.0.0.1,user=root,pw=x,db=app,port=3307
cluster = []Server=127.0.0.2,user=root,pw=x,db=app,port=3307
[cometql]
ip = 0.0.0.0
port = 3307
thread_num = 3
[cometqlproxy]
port = 3311
[freeswitch]
thread_num = 0
[statistics]
to_log = true
allow = true
[content-type]
html = text/html
[sip]
pipesalt = salt
freeswitch = []node1.example.com
[log]
level = 200
tcpServer = 300
"""


class ValueTests(SynchronousTestCase):
    """What a configuration without problems holds."""

    def test_defaults(self):
        """Without a word of configuration, the server is on this machine alone, at the known ports."""
        config = Config.read()
        self.assertEqual((config.ws.ip, config.ws.port), ("127.0.0.1", 8087))
        self.assertEqual((config.cometql.ip, config.cometql.port), ("127.0.0.1", 3307))
        self.assertEqual((config.tls.certificate, config.tls.port), (None, 8443))
        self.assertEqual((config.main.data, config.main.password), (Path("comet-data"), ""))
        self.assertEqual(config.cometql.max_allowed_packet, 16 << 20)
        self.assertEqual(config.cometql.wait_timeout, 28800)
        self.assertEqual(config.limits, Limits())
        self.assertEqual(config.warnings, ())

    def test_file(self):
        """The file gives values of each kind."""
        config = Config.read(
            "[main]\ndata = /srv/comet\nsend_user_online_events = FALSE\n"
            "[ws]\nip = ::\nport = 0\nping_interval = 5\nhost = https://a.example, http://b.example:80/\n"
            "[cometql]\nmax_allowed_packet = 64M\nversion = 8.4.0 ours\nauth_plugin = mysql_native_password\n"
            "[limits]\nmessage = 64K\nqueue = 10\n[log]\nlevel = Warn\n"
        )
        self.assertEqual(config.main.data, Path("/srv/comet"))
        self.assertIs(config.main.send_user_online_events, False)
        self.assertEqual((config.ws.ip, config.ws.port, config.ws.ping_interval), ("::", 0, 5))
        self.assertEqual(config.ws.host, ("https://a.example", "http://b.example:80"))
        self.assertEqual(config.cometql.max_allowed_packet, 64 << 20)
        self.assertEqual((config.cometql.version, config.log.level), ("8.4.0 ours", "warn"))
        self.assertEqual(config.cometql.auth_plugin, "mysql_native_password")
        self.assertEqual((config.limits.message, config.limits.queue), (65536, 10))

    def test_secrets_in_files(self):
        """A variable that ends with _FILE names a file with the value, without the end of its line."""
        secret = Path(self.mktemp())
        secret.write_text("a;b#c\n")
        config = Config.read("[main]\npassword = x", {"COMET_MAIN_PASSWORD_FILE": str(secret)})
        self.assertEqual(config.main.password, "a;b#c")
        self.assertEqual(Config.read("", {"COMET_MAIN_PASSWORD_FILE": ""}).main.password, "")

    def test_environment_wins(self):
        """A variable overrides the file, in each section; an empty one does not count."""
        environment = {
            "COMET_WS_PORT": "1",
            "COMET_MAIN_DEV_INDEX_SIZE": "7",
            "COMET_LIMITS_OUTBOX_BYTES": "1M",
            "COMET_WS_HOST": "https://a,https://b",
            "COMET_COMETQL_PORT": "",
            "COMET_MAIN_PASSWORD": "a;b#c",
            "PATH": "/bin",
        }
        config = Config.read("[ws]\nport = 80\n[cometql]\nport = 3300", environment)
        self.assertEqual((config.ws.port, config.cometql.port), (1, 3300))
        self.assertEqual((config.main.dev_index_size, config.limits.outbox_bytes), (7, 1 << 20))
        self.assertEqual(config.ws.host, ("https://a", "https://b"))
        self.assertEqual(config.main.password, "a;b#c")
        self.assertEqual(config.warnings, ())

    def test_empty_value_is_the_default(self):
        """A key without a value is as good as none."""
        self.assertEqual(Config.read("[ws]\nport =\nhost = \n[main]\npassword = ; none\n"), Config.read())

    def test_list_of_origins(self):
        """Origins may be a list of lines."""
        config = Config.read("[ws]\nhost = []https://a.example\nhost = []b.example\n")
        self.assertEqual(config.ws.host, ("https://a.example", "b.example"))

    def test_lists_of_old_files(self):
        """One line with commas, with blanks, with slashes at the end; and proxies the same way."""
        config = Config.read(
            "[ws]\nhost = Example.com, https://www.example.com/ *.b.example\n"
            "trusted_proxies = []10.0.0.0/8\ntrusted_proxies = []192.0.2.1, fd00::/8\n"
        )
        self.assertEqual(config.ws.host, ("example.com", "https://www.example.com", "*.b.example"))
        self.assertEqual(config.ws.trusted_proxies, ("10.0.0.0/8", "192.0.2.1/32", "fd00::/8"))

    def test_rates_may_be_none(self):
        """0 turns them off; what holds everywhere may not be turned off."""
        config = Config.read("[limits]\nmessages_per_second = 0\naddress_connections = 0\n")
        self.assertEqual((config.limits.messages_per_second, config.limits.address_connections), (0, 0))

    def test_log_levels_by_number(self):
        """CppComet's levels are numbers, the last two digits of which do not matter here."""
        for number, level in (("0", "critical"), ("100", "critical"), ("200", "error"), ("403", "info")):
            self.assertEqual(Config.read(f"[log]\nlevel = {number}").log.level, level)
        self.assertEqual(Config.read("[log]\nlevel = 600").log.level, "debug")

    def test_demo_page(self):
        """The demo page is shown where nobody else can reach it, unless the file says otherwise."""
        for lines, shown in (
            ("", True),
            ("ip = ::1", True),
            ("ip = 0.0.0.0", False),
            ("ip = 0.0.0.0\ndemo = auto", False),
            ("ip = 0.0.0.0\ndemo = on", True),
            ("demo = no", False),
            ("[tls]\nip = 0.0.0.0", False),
        ):
            self.assertIs(Config.read(f"[ws]\n{lines}").demo, shown, lines)

    def test_console(self):
        """Where nobody else can reach it, unless the file says otherwise; on its own port if it says so."""
        for lines, shown, own in (
            ("", True, False),
            ("[ws]\nip = 0.0.0.0", False, False),
            ("[ws]\nip = 0.0.0.0\n[console]\nenabled = yes", True, False),
            ("[console]\nenabled = no", False, False),
            ("[console]\nenabled = no\nport = 9000", False, False),
            ("[ws]\nip = 0.0.0.0\n[console]\nport = 9000", True, True),
            ("[console]\nip = 10.0.0.1\nport = 9000\nenabled = yes", True, True),
        ):
            config = Config.read(lines)
            self.assertEqual((config.has_console, config.has_console_port), (shown, own), lines)

    def test_console_that_others_reach(self):
        """Has to be meant, and is warned of without TLS."""
        for lines, problem in (
            ("ip = 127.0.0.1", "[console] ip: it needs [console] port beside it"),
            ("ip = 10.0.0.1\nport = 9000", "[console] ip: others can try keys there"),
        ):
            error = self.assertRaises(ConfigError, Config.read, f"[console]\n{lines}")
            self.assertIn(problem, str(error))
        certificate = "[tls]\ncertificate = a.pem\nkey = b.pem\n"
        for lines, warned in (
            ("[ws]\nip = 10.0.0.1\n[console]\nenabled = yes", True),
            (f"{certificate}[ws]\nip = 10.0.0.1\n[console]\nenabled = yes", True),
            ("[console]\nip = 10.0.0.1\nport = 9000\nenabled = yes", True),
            (f"{certificate}[console]\nip = 10.0.0.1\nport = 9000\nenabled = yes", False),
            ("[console]\nport = 9000\nenabled = yes", False),
            ("[console]\nenabled = yes", False),
        ):
            told = [str(warning) for warning in Config.read(lines).warnings]
            self.assertEqual([bool(told), "without TLS" in "".join(told)], [warned, warned], lines)

    def test_address_of_tls(self):
        """TLS listens where the browser port does, unless it has an address of its own."""
        self.assertEqual(Config.read("[ws]\nip = 10.0.0.1").tls_ip, "10.0.0.1")
        self.assertEqual(Config.read("[ws]\nip = 10.0.0.1\n[tls]\nip = 10.0.0.2").tls_ip, "10.0.0.2")

    def test_database(self):
        """The store is a file in the data folder, or the one that the URL names."""
        folder = Path("/data")
        self.assertEqual(Config.read().sqlite_path(folder), Path("/data/comet.sqlite3"))
        for url, path in (
            ("sqlite:////srv/a%20b.db", "/srv/a b.db"),
            ("sqlite:///c.db", f"{Path.cwd()}/c.db"),
        ):
            self.assertEqual(Config.read(f"[db]\nurl = {url}").sqlite_path(folder), Path(path))

    def test_secrets_are_not_shown(self):
        """No password appears where a configuration is printed."""
        shown = repr(Config.read("[main]\npassword = sesame\n[db]\npassword = simsim\n"))
        self.assertNotIn("sesame", shown)
        self.assertNotIn("simsim", shown)


class ProblemTests(SynchronousTestCase):
    """What is refused, and how that is told."""

    def refused(self, content, environment=None):
        """@return: the lines of the error."""
        return str(self.assertRaises(ConfigError, Config.read, content, environment, "a.ini")).splitlines()

    def test_all_problems_at_once(self):
        """Every problem is told with its line, section and key, in the order of the file."""
        found = self.refused("[ws]\nport = 80870\nip = here\n[cometql]\nwait_timeout = -1\nnonsense\n")
        self.assertEqual(
            [line.split(" ")[:3] for line in found],
            [
                ["a.ini:2:", "[ws]", "port:"],
                ["a.ini:3:", "[ws]", "ip:"],
                ["a.ini:5:", "[cometql]", "wait_timeout:"],
                ["a.ini:6:", "this", "line"],
            ],
        )

    def test_what_would_be_right(self):
        """A wrong value is shown beside what would be right."""
        self.assertEqual(
            self.refused("[ws]\nport = 80870"),
            ["a.ini:2: [ws] port: '80870' is wrong; expected a port from 0 to 65535"],
        )

    def test_wrong_values(self):
        """Each kind refuses what it is not."""
        for section, line in (
            ("main", "dev_index_size = 0"),
            ("main", "save_users_last_online_time = perhaps"),
            ("main", f"node_name = {'x' * 65}"),
            ("ws", "port = eighty"),
            ("ws", "port = \u0661"),
            ("ws", "ip = example.com"),
            ("ws", "host = https://"),
            ("ws", "host = ftp://a.example"),
            ("ws", "demo = sometimes"),
            ("ws", "trusted_proxies = proxy.example"),
            ("ws", "trusted_proxies = 10.0.0.1/8"),
            ("tls", "hsts = for ever"),
            ("ws", "port = []80"),
            ("cometql", "max_allowed_packet = 16 MB of data"),
            ("cometql", "max_allowed_packet = 2G"),
            ("cometql", "version = comet"),
            ("cometql", "auth_plugin = sha256_password"),
            ("limits", "queue = 0"),
            ("log", "level = loud"),
            ("db", "url = postgresql://localhost/comet"),
            ("db", "url = sqlite://"),
            ("db", "url = sqlite:///:memory:"),
        ):
            [problem] = self.refused(f"[{section}]\n{line}")
            self.assertIn(f"a.ini:2: [{section}] {line.split()[0]}: ", problem)
            self.assertIn("; expected ", problem)

    def test_unknown_key(self):
        """An unknown key is refused, and the nearest known one named."""
        for section, key, near in (
            ("ws", "prot", "port"),
            ("ws", "PORT", "port"),
            ("cometql", "max_packet", "max_allowed_packet"),
            ("limits", "device", "devices"),
            ("ws", "password", "password in section [main]"),
        ):
            [problem] = self.refused(f"[{section}]\n{key} = 1")
            self.assertEqual(
                problem, f"a.ini:2: [{section}] {key}: there is no such key; the nearest is {near}"
            )

    def test_unknown_section(self):
        """An unknown section is refused once, whatever is in it."""
        self.assertEqual(
            self.refused("[commetql]\nport = 3307\nip = 127.0.0.1"),
            ["a.ini:1: [commetql]: there is no such section; the nearest is [cometql]"],
        )

    def test_wrong_secrets_in_files(self):
        """A file that is not there, one whose value is wrong, and a value that is given twice."""
        nowhere, wrong = self.mktemp(), Path(self.mktemp())
        wrong.write_text("x")
        environment = {
            "COMET_DB_PASSWORD_FILE": nowhere,
            "COMET_MAIN_PASSWORD": "secret",
            "COMET_MAIN_PASSWORD_FILE": str(wrong),
            "COMET_WS_PORT_FILE": str(wrong),
        }
        self.assertEqual(
            sorted(self.refused("", environment)),
            [
                f"COMET_DB_PASSWORD_FILE: [db] password: {nowhere} cannot be read: No such file or directory",
                "COMET_MAIN_PASSWORD_FILE: COMET_MAIN_PASSWORD is there, too: leave out one of them",
                "COMET_WS_PORT_FILE: [ws] port: 'x' is wrong; expected a port from 0 to 65535",
            ],
        )

    def test_wrong_variable(self):
        """A wrong value in the environment is told by the name of the variable."""
        [problem] = self.refused("", {"COMET_WS_PORT": "x"})
        self.assertEqual(problem, "COMET_WS_PORT: [ws] port: 'x' is wrong; expected a port from 0 to 65535")

    def test_wrong_secrets_are_not_shown(self):
        """A wrong value that may hold a password is not repeated."""
        for line in ("[db]\nurl = mysql://me:sesame@", "[main]\npassword = sesame\x07", "[db]\nurl = sesame"):
            [problem] = self.refused(line)
            self.assertNotIn("sesame", problem)

    def test_half_a_pair(self):
        """A certificate needs its key, and a key its certificate."""
        for given, missing in (("certificate", "key"), ("key", "certificate")):
            [problem] = self.refused(f"[tls]\n{given} = /a.pem")
            self.assertIn(f"a.ini:2: [tls] {given}: it needs [tls] {missing}", problem)

    def test_video(self):
        """Addresses are those that browsers take, and halves of pairs are told."""
        config = Config.read(
            "[video]\nstun = stun:s.example, stuns:[::1]:5349\nturn = []turn:t.example:3478?transport=tcp\n"
            "turn = []turns:t.example\nturn_secret = north\njanus = ws://127.0.0.1:8188/janus\n"
        )
        self.assertEqual(config.video.stun, ("stun:s.example", "stuns:[::1]:5349"))
        self.assertEqual(config.video.turn, ("turn:t.example:3478?transport=tcp", "turns:t.example"))
        self.assertEqual(config.video.janus, "ws://127.0.0.1:8188/janus")
        self.assertNotIn("north", repr(config))
        for line in (
            "stun = s.example",
            "stun = turn:t.example",
            "stun = stun:s.example?transport=udp",
            "turn = turn:t.example?transport=sctp",
            "turn = turn:t.example:port",
            "janus = http://127.0.0.1:8188",
            "janus = ws://me:x@127.0.0.1:8188",
            "mesh_limit = 1",
            "signal = 1",
        ):
            [problem] = self.refused(f"[video]\n{line}")
            self.assertIn(f"a.ini:2: [video] {line.split()[0]}: ", problem)
        for line, missing in (
            ("turn = turn:t.example", "turn_secret"),
            ("turn_secret = north", "turn"),
            ("janus_secret = south", "janus"),
        ):
            [problem] = self.refused(f"[video]\n{line}")
            self.assertIn(f"it needs [video] {missing} beside it", problem)
        [problem] = self.refused("[video]\njanus = ws://127.0.0.1\nroom_limit = 3")
        self.assertIn("[video] room_limit", problem)

    def test_redis(self):
        """A Redis is named by a URL; what is wrong with it is told without the password."""
        config = Config.read("[cluster]\nredis = rediss://me:p%40ss@[::1]/3\ntls_ca = a.pem")
        url = config.redis
        self.assertEqual((url.hosts, url.user, url.password, url.db), ((("::1", 6379),), "me", "p@ss", 3))
        self.assertNotIn("p@ss", repr(url) + str(url) + repr(config))
        self.assertIsNone(Config.read("").redis)
        for lines, wanted in (
            ("redis = http://:sesame@db", "[cluster] redis: the value is wrong; expected redis://"),
            ("redis = redis://:sesame@a,b", "several hosts are for redis+sentinel:// alone"),
            ("redis = redis+sentinel://:sesame@a,b", "expected /SERVICE at the end"),
            ("redis = redis://:sesame@a\ntls_ca = c", "[cluster] tls_ca: nothing is encrypted"),
            ("redis = redis://:sesame@a\nexpiry = 3", "[cluster] expiry: a server that has lost Redis"),
        ):
            [problem] = self.refused(f"[cluster]\n{lines}")
            self.assertIn(wanted, problem)
            self.assertNotIn("sesame", problem)

    def test_messages_between_workers(self):
        """One that does not pass is not allowed."""
        [problem] = self.refused("[ws]\nworkers = 2\n[limits]\nmessage = 11M")
        self.assertIn("[limits] message: with [ws] workers, at most 10M", problem)
        self.assertLess(6 * WORKERS_MESSAGE + 2 * TEXT_LIMIT, FRAME_LIMIT)
        for allowed in ("[ws]\nworkers = 2\n[limits]\nmessage = 10M", "[limits]\nmessage = 11M"):
            self.assertEqual(Config.read(allowed).warnings, ())

    def test_database_server(self):
        """It is named by a URL, or by host, user and name as with CppComet; half of that is refused."""
        for lines, wanted in (
            ("url = mysql://me:p%40ss@db:3307/comet", ("db", 3307, "me", "p@ss", "comet")),
            ("host = db\nuser = me\npassword = p@ss\nname = comet", ("db", 3306, "me", "p@ss", "comet")),
            ("socket = /run/s\nuser = me\nname = comet", ("localhost", 3306, "me", "", "comet")),
        ):
            found = Config.read(f"[db]\n{lines}").mysql
            self.assertEqual((found.host, found.port, found.user, found.password, found.path), wanted)
        self.assertIsNone(Config.read("[db]\nurl = sqlite:///a.db").mysql)
        for lines, wanted in (
            ("host = db\nname = comet", "[db] host: it needs [db] user beside it"),
            ("socket = /run/s\nuser = me", "[db] socket: it needs [db] name beside it"),
            ("url = mysql://db/comet\nhost = db", "[db] host: it is in [db] url already"),
            ("url = mysql://db/comet\ntls_key = k", "[db] tls_key: it needs [db] tls_certificate beside it"),
            ("url = mysql://db/comet\ntls_ca = c\ntls = off", "[db] tls_ca: nothing is checked"),
            ("url = mysql://db/comet?ssl=1", "[db] url: the value is wrong"),
        ):
            self.assertIn(wanted, self.refused(f"[db]\n{lines}")[0])

    def test_file_that_cannot_be_read(self):
        """A file that is not there, or is no text, is a problem."""
        missing = self.mktemp()
        error = self.assertRaises(ConfigError, Config.load, missing, {})
        self.assertEqual(str(error), f"{missing}: the file cannot be read: No such file or directory")
        binary = Path(self.mktemp())
        binary.write_bytes(b"\xff\xfe\x00")
        self.assertIn("no text in UTF-8", str(self.assertRaises(ConfigError, Config.load, str(binary), {})))


class SipTests(SynchronousTestCase):
    """What is said to the clients of CppComet about a FreeSWITCH."""

    def servers(self, *lines):
        return Config.read("\n".join(["[sip]", *(f"freeswitch = {line}" for line in lines)])).sip.freeswitch

    def test_servers(self):
        """A line for each, as for CppComet; what is left out is what it takes."""
        found = self.servers(
            "[]Server=fs1.example,Pwd=secret,WSport=7444,Port=8021,WShost=www.example",
            "[]Server = fs2.example , Pwd = x",
            "[]fs3.example",
            "[]Pwd=x",
        )
        self.assertEqual(
            found,
            (
                SipServer("fs1.example", 7444, "www.example"),
                SipServer("fs2.example", 7443, "fs2.example"),
                SipServer("fs3.example", 7443, "fs3.example"),
                SipServer("localhost", 7443, "localhost"),
            ),
        )

    def test_in_the_environment(self):
        """There the servers stand in one line."""
        config = Config.read(environment={"COMET_SIP_FREESWITCH": "Server=a;Server=b,WSport=1"})
        self.assertEqual([server.host for server in config.sip.freeswitch], ["a", "b"])

    def test_wrong(self):
        """The value may hold a password, and is not shown."""
        for line in ("[]Server=a,Pwd=secret,Colour=red", "[]Server=a,Pwd=secret,WSport=x", "[]a,b=secret,"):
            error = self.assertRaises(ConfigError, self.servers, line)
            self.assertIn("[sip] freeswitch: the value is wrong; expected Server=HOST", str(error))
            self.assertNotIn("secret", str(error))

    def test_what_has_no_meaning(self):
        """It is said that nothing is asked of FreeSWITCH; the secret for channel names is taken."""
        config = Config.read("[sip]\npipesalt = salt\nport = 7443\nfreeswitch = []Server=a\n")
        self.assertEqual(config.sip.pipesalt, "salt")
        self.assertEqual([warning.key for warning in config.warnings], ["port", "freeswitch"])
        self.assertIn("nothing is asked of them", config.warnings[1].text)


class OutboxTests(SynchronousTestCase):
    """Sections that have a name of their own."""

    def test_what_they_take_from_the_plain_one(self):
        """Everything but the table; the plain one is followed if it has a table itself."""
        text = "[outbox]\ndatabase = mysql://a:b@h/shop\nbatch = 7\n"
        named = "[outbox.orders]\ntable = o\nevent = none\n[outbox.mail]\ntable = m\nbatch = 9\n"
        found = Config.read(text + named).followed
        self.assertEqual(list(found), ["outbox.orders", "outbox.mail"])
        orders, mail = found.values()
        self.assertEqual((orders.table, orders.event, orders.batch), ("o", "none", 7))
        self.assertEqual((mail.table, mail.event, mail.batch), ("m", "event", 9))
        self.assertEqual(orders.database, mail.database)
        self.assertIn("outbox", Config.read(f"{text}table = x\n{named}").followed)
        variables = {"COMET_OUTBOX_DATABASE": "mysql://a:c@h/shop"}
        self.assertEqual(Config.read(named, variables).followed["outbox.mail"].database.password, "c")
        self.assertEqual(Config.read().followed, {})

    def test_problems(self):
        """What is missing is named, with the section that it is missing from."""
        database = "database = mysql://a:b@h/shop\n"
        for text, problem in (
            ("[outbox]\ntable = x\n", "ini:2: [outbox] table: it needs [outbox] database"),
            (f"[outbox]\n{database}", "ini:2: [outbox] database: it needs [outbox] table"),
            (f"[outbox.a]\n{database}", "ini:2: [outbox.a] database: it needs [outbox.a] table"),
            (
                f"[outbox.a]\n{database}tabel = x\n",
                "[outbox.a] tabel: there is no such key; the nearest is table",
            ),
            (f"[outbox]\n{database}table = a`b\n", "[outbox] table: 'a`b' is wrong; expected the name"),
            (f"[outbox]\n{database}table = a\ndev_id = 100000\n", "[outbox] dev_id: there is no such tenant"),
            ("[outbox.a b]\n", "[outbox.a b]: there is no such section; the nearest is [outbox]"),
        ):
            error = self.assertRaises(ConfigError, Config.read, text)
            self.assertIn(problem, str(error))


class WarningTests(SynchronousTestCase):
    """What is accepted with a word."""

    def test_old_file(self):
        """A file written for CppComet is accepted; each key without a meaning here earns a warning."""
        config = Config.read(OLD)
        self.assertEqual(
            (config.ws.ip, config.main.dev_index_size, config.log.level), ("0.0.0.0", 1000, "error")
        )
        self.assertEqual(
            [(warning.section, warning.key) for warning in config.warnings],
            [
                *[("main", "useQueryLoger"), ("main", "buf_size"), ("main", "pidfile")],
                *[
                    ("ws", "thread_num"),
                    ("ws", "statistics"),
                    ("ws", "uptimeTestInterval"),
                    ("ws", "cluster"),
                ],
                *[("cometql", "thread_num"), ("cometqlproxy", "port"), ("freeswitch", "thread_num")],
                *[("statistics", "to_log"), ("statistics", "allow"), ("content-type", "html")],
                *[("sip", "freeswitch"), ("log", "tcpServer")],
            ],
        )

    def test_replacement_is_named(self):
        """The warning about a list of servers names what takes its place."""
        [warning] = Config.read("[ws]\ncluster = []Server=a\n").warnings
        self.assertIn("[cluster] redis", warning.text)

    def test_old_cluster(self):
        """CppComet's lists of servers are accepted, with a word on what takes their place."""
        for key in ("Server", "Server[]"):
            line = f"{key} = 127.0.0.1,Database=CometQL_v1,Uid=root,Pwd=x,Port=3307"
            [warning] = Config.read(f"[cluster]\n{line}").warnings
            self.assertIn("[cluster] redis", warning.text)

    def test_cluster_on_a_file(self):
        """Several machines cannot share an SQLite file."""
        redis = "[cluster]\nredis = redis://a\n"
        for store, count in (("", 1), ("[db]\nurl = sqlite:///a", 1), ("[db]\nurl = mysql://a/b", 0)):
            warnings = Config.read(redis + store).warnings
            self.assertEqual(len(warnings), count)
            self.assertTrue(all("MariaDB" in warning.text for warning in warnings))

    def test_what_a_statement_says_must_fit(self):
        """A buffer that is smaller than the longest statement is warned of."""
        redis = "[db]\nurl = mysql://a/b\n[cluster]\nredis = redis://a\n"
        [warning] = Config.read(f"{redis}buffer = 1M").warnings
        self.assertIn("[cometql] max_allowed_packet", warning.text)
        for small in ("", "buffer = 1M\n[cometql]\nmax_allowed_packet = 1M"):
            self.assertEqual(Config.read(redis + small).warnings, ())

    def test_unknown_variable(self):
        """A variable of no key is perhaps misspelt: the nearest one is named. That of the file is known."""
        config = Config.read("", {"COMET_WS_PROT": "1", "COMET_CONFIG": "a.ini"})
        [warning] = config.warnings
        self.assertEqual(
            warning.located("a.ini"), "COMET_WS_PROT: no key has this variable; the nearest is COMET_WS_PORT"
        )

    def test_warnings_beside_problems(self):
        """An error brings the warnings along."""
        error = self.assertRaises(ConfigError, Config.read, "[ws]\nthread_num = 1\nport = x")
        self.assertEqual([warning.key for warning in error.warnings], ["thread_num"])


class TokenRuleTests(SynchronousTestCase):
    """Section C{[jwt]}."""

    def problems(self, text):
        return [str(problem) for problem in self.assertRaises(ConfigError, Config.read, text).problems]

    def test_defaults(self):
        """Tokens are those of CppComet."""
        rules = Config.read().jwt
        self.assertEqual((rules.algorithms, rules.user_claim, rules.leeway), (("HS256",), "user_id", 0))

    def test_algorithms(self):
        """In any case, one a line or with commas; never C{none}."""
        text = "[jwt]\npublic_key = /k.pem\nalgorithms = "
        for written in ("hs256, RS256,eddsa", "[]HS256\nalgorithms = []RS256\nalgorithms = []EdDSA"):
            self.assertEqual(Config.read(text + written).jwt.algorithms, ("HS256", "RS256", "EdDSA"))
        for written in ("none", "HS256, none", "HS1"):
            [problem] = self.problems(text + written)
            self.assertIn("some of HS256", problem)

    def test_algorithms_and_keys_go_together(self):
        """Either without the other is a mistake, which names what is missing."""
        self.assertIn(
            "RS256 needs [jwt] public_key or jwks_url", self.problems("[jwt]\nalgorithms = RS256")[0]
        )
        for source in ("public_key = /k.pem", "jwks_url = https://x.example/"):
            self.assertIn("[jwt] algorithms", self.problems(f"[jwt]\n{source}")[0])
            Config.read(f"[jwt]\nalgorithms = HS256, ES256\n{source}")

    def test_address_of_keys(self):
        """It is that of a web page; without https there is a warning."""
        text = "[jwt]\nalgorithms = RS256\njwks_url = "
        for wrong in (
            "keys.json",
            "ftp://x.example/",
            "https://",
            "https://u:p@x.example/",
            "https://x.example/ü",
        ):
            self.assertIn("https://HOST/PATH", self.problems(text + wrong)[0])
        self.assertEqual(Config.read(text + "https://x.example/k").warnings, ())
        [warning] = Config.read(text + "http://127.0.0.1:80/k").warnings
        self.assertIn("can sign tokens", str(warning))
