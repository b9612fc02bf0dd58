"""Sessions made of random commands: one final reply each, always."""

import os
import random
import re
import socket
import ssl
import time

from client import Client
from daemon import IS_ROOT, PASSWORD, Daemon, crypt_hash, wait_for
from run import Skip

VERBS_DEF = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                         "../../../worker/ftp/verbs.def")
COMMANDS = 150
# QUIT and REIN end the login; the first has its place at the end.
LEFT_OUT = ("QUIT", "REIN")
SENDS = ("STOR", "STOU", "APPE")
DATA = SENDS + ("RETR", "LIST", "NLST", "MLSD")
NAMES = [b"f", b"g", b"dir", b"dir/f", b"/", b".", b"..", b"../..", b"a b",
         b" lead", b"-la", b"-", b"-d dir", b"none", b"none/f", b"f/f",
         b'"', b"%s%n", b"\xff\xff", b"\xc3\xa4", b"x" * 255, b"x" * 256,
         b"y/" * 1500, b"*", b"?", b"d*/f", b"[", b"~", b"\x1b[2J", b"\t",
         b"a\rb", b"a\0b"]
NUMBERS = [b"0", b"1", b"-1", b"5", b"007", b"99999999999999999999",
           b"18446744073709551616", b"9223372036854775807", b"1e3", b"0x10",
           b"20200102030405", b"20200230000000", b"20200102030405 f",
           b"600 f", b"999 f", b"u+x f"]
WORDS = [b"", b" ", b"A", b"I", b"L 8", b"L8", b"L 7", b"E", b"A N", b"A X",
         b"F", b"R", b"S", b"B", b"Z", b"ALL", b"1", b"2", b"3", b"P", b"C",
         b"TLS", b"UTF8 ON", b"UTF8 OFF", b"UTF-8", b"MLST type;size;",
         b"MLST x", b"MLST", b"HASH MD5", b"CHMOD 600 f", b"CHMOD 1 none",
         b"UTIME 20200102030405 f", b"HELP", b"NOOP x", b"FNORD",
         b"127,0,0,1,0,21", b"127,0,0,1,300,1", b"1,2,3,4,5,6", b"1,2,3",
         b"|1|127.0.0.1|21|", b"|2|::1|2000|", b"|3|x|2000|", b"|||", b"||"]


def verbs():
    """All names of the server's own table."""
    with open(VERBS_DEF, encoding="ascii") as text:
        names = re.findall(r'^(?:VERB|ALIAS|ABSENT)\("(\w+)"', text.read(),
                           re.M)
    assert len(names) > 60
    return [name for name in names if name not in LEFT_OUT]


class Walk:
    """One login that does random things."""

    def __init__(self, client, seed, home):
        self.client = client
        self.rng = random.Random(seed)
        self.verbs = verbs()
        self.home = home
        self.history = []
        self.listener = None
        self.port = None
        self.all = False

    def argument(self):
        pool = self.rng.choice((NAMES, NAMES, NUMBERS, WORDS))
        return self.rng.choice(pool)

    def line(self):
        verb = self.rng.choice(self.verbs + ["FNORD", "", "X" * 40])
        if self.rng.random() < 0.35:
            verb = self.rng.choice(DATA)
        line = verb.encode()
        if self.rng.random() < 0.8:
            line += b" " + self.argument()
        if self.rng.random() < 0.1:
            line = line.lower()
        return verb, line

    def one(self, line, expect=None):
        """A command and its one reply."""
        self.history.append(line)
        return self.client.cmd(line, expect)

    def prepare(self):
        """Says where the data connection is to come from."""
        how = self.rng.choice(("EPSV", "EPSV", "PASV", "PORT"))
        if self.all:
            how = "EPSV"
        if how == "PORT":
            self.drop_listener()
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.listener.settimeout(10)
            high, low = divmod(self.listener.getsockname()[1], 256)
            self.one(f"PORT 127,0,0,1,{high},{low}".encode(), 200)
            self.port = None
            return
        numbers = re.findall(r"\d+", self.one(how.encode(), (227, 229)).text)
        self.port = int(numbers[-1])
        if how == "PASV":
            self.port += 256 * int(numbers[-2])
        self.drop_listener()

    def drop_listener(self):
        if self.listener is not None:
            self.listener.close()
        self.listener = None

    def connect(self):
        """The data connection; None where there is nobody to talk to."""
        try:
            if self.listener is not None:
                return self.listener.accept()[0]
            if self.port is not None:
                return socket.create_connection(("127.0.0.1", self.port), 10)
        except (ConnectionError, TimeoutError, socket.timeout):
            pass
        return None

    def move(self, data, verb):
        """Uses the data connection well, or badly."""
        how = self.rng.choice(("well", "well", "well", "close", "reset",
                               "raw"))
        try:
            if how in ("well", "raw") and self.client.protected:
                if how == "well":
                    data = self.client.wrap_data(data)
                else:
                    data.sendall(b"\x16\x03 no hello " * 3)
            if how == "well" and verb in SENDS:
                data.sendall(self.rng.randbytes(self.rng.choice((0, 9, 9000))))
            elif how == "well":
                while data.recv(65536):
                    pass
            if how == "well" and isinstance(data, ssl.SSLSocket):
                data = data.unwrap()
            if how == "reset":
                data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                b"\1\0\0\0\0\0\0\0")
        except (OSError, ssl.SSLError):
            pass
        data.close()

    def transfer(self, verb, line):
        if self.rng.random() < 0.9:
            self.prepare()
        asides = [self.rng.choice((b"NOOP", b"STAT", b"ABOR", b"STAT dir",
                                   b"ABOR x", b"PWD"))
                  for _ in range(self.rng.choice((0, 0, 0, 1, 3)))]
        self.history += [line] + asides
        early = self.connect() if self.port and self.rng.random() < 0.5 \
            else None
        self.client.send(b"".join(x + b"\r\n" for x in [line] + asides))
        owed, used = 1 + len(asides), early is not None
        if early is None and self.rng.random() < 0.9:
            early = self.connect_if_asked()
            used = early is not None
        while owed > 0:
            reply = self.client.reply()
            if reply.code >= 200:
                owed -= 1
            elif used:
                self.move(early, verb)
                early = None
        if early is not None:
            early.close()
        self.port = None
        self.drop_listener()

    def connect_if_asked(self):
        """Passive: at once.  Active: only if the server does connect."""
        if self.listener is not None:
            self.listener.settimeout(0.3)
        return self.connect()

    def step(self):
        verb, line = self.line()
        if verb in DATA:
            self.transfer(verb, line)
            return
        reply = self.one(line)
        assert reply.code >= 200, (line, reply)
        if line.upper() == b"EPSV ALL" and reply.code == 200:
            self.all = True
        if self.rng.random() < 0.3:
            here = self.one(b"PWD", 257)
            assert here.text.endswith("is the current directory."), here
        if self.rng.random() < 0.1:
            self.one(b"CWD /", 250)

    def go(self):
        try:
            for _ in range(COMMANDS):
                self.step()
            self.one(b"QUIT", 221)
            assert self.client.at_end(), "more than one reply"
        except BaseException:
            print("the last commands:", self.history[-12:])
            raise
        finally:
            self.drop_listener()


def walk(binaries, config, secure, seeds):
    config = dict(config, timeouts={"data": "1s", "stalled": "1s",
                                    "login_delay": "0s"})
    with Daemon(binaries, config) as server:
        os.mkdir(os.path.join(server.home, "dir"), 0o777)
        os.chmod(os.path.join(server.home, "dir"), 0o777)
        for seed in seeds:
            with Client(server.port) as client:
                if secure:
                    client.auth()
                client.login()
                client.stor("f", b"12345\r\n6\n")
                Walk(client, seed, server.home).go()
        titles = len(server.processes("worker"))
        assert titles == 2, "a worker has died"
        assert "was ended by signal" not in server.log()


def case_abort_with_words(binaries):
    """ABOR with an argument is ABOR: nothing of it is left for the next."""
    with Daemon(binaries) as server, Client(server.port) as client:
        client.auth().login()
        client.stor("big", b"b" * 20_000_000)
        data = client.open_data("RETR big")
        client.send(b"ABOR now\r\n")
        assert [client.reply().code for _ in "12"] == [426, 226]
        data.close()
        client.cmd("ABOR", 225)


def case_random_commands(binaries):
    """Random commands in clear: exactly one final reply each."""
    walk(binaries, {"tls": {"required": "off"}}, False, (1, 2, 3))


def case_random_commands_tls(binaries):
    """Random commands under TLS, with broken data handshakes between."""
    walk(binaries, {"tls": {"timeout_handshake": "1s"}}, True, (4, 5, 6))


def reset(plain):
    """Closes a socket so that the other side sees a reset."""
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     b"\1\0\0\0\0\0\0\0")
    plain.close()


def vanish_in_handshake(client):
    client.cmd("AUTH TLS", 234)
    client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01")


def vanish_at_login(client):
    client.auth()
    client.cmd("USER alice", 331)
    client.send(b"PASS " + PASSWORD.encode() + b"\r\n")


def vanish_before_data(client):
    client.auth().login()
    client.passive()
    client.send(b"STOR new\r\n")


def vanish_before_connect(client):
    client.auth().login()
    client.cmd("EPSV", 229)
    client.send(b"STOU\r\n")


def vanish_in_data_handshake(client):
    client.auth().login()
    data = client.passive()
    client.cmd("STOR new", 150)
    data.sendall(b"\x16\x03\x01")


def vanish_in_upload(client):
    client.auth().login()
    client.open_data("STOR new").sendall(b"half" * 10000)


def vanish_in_append(client):
    client.auth().login()
    client.open_data("APPE added").sendall(b"half" * 10000)


def vanish_in_download(client):
    client.auth().login()
    client.open_data("RETR big").recv(100)


def vanish_in_listing(client):
    client.auth().login()
    client.send(b"STAT dir\r\n" * 20)


def vanish_after_quit(client):
    client.auth().login()
    client.send(b"LIST\r\nQUIT\r\n")


VANISHING = (lambda client: None, vanish_in_handshake,
             lambda client: client.auth(), vanish_at_login,
             vanish_before_data, vanish_before_connect,
             vanish_in_data_handshake, vanish_in_upload, vanish_in_append,
             vanish_in_download, vanish_in_listing, vanish_after_quit)


def descriptors(server):
    """How many the workers have open, where that may be seen."""
    try:
        return [len(os.listdir(f"/proc/{pid}/fd"))
                for pid in server.processes("worker")]
    except PermissionError:
        return []


def case_clients_vanish(binaries):
    """Clients that vanish in each state leave nothing behind."""
    config = {"timeouts": {"stalled": "3s", "data": "3s"}, "agent_idle": "1s",
              "tls": {"timeout_handshake": "3s"}}
    with Daemon(binaries, config) as server:
        with Client(server.port) as client:
            client.auth().login()
            client.stor("big", b"b" * 20_000_000)
            client.cmd("MKD dir", 257)
            for number in range(300):
                client.cmd(f"MKD dir/{number}", 257)
        idle = wait_for(lambda: idle_descriptors(server), 20)
        for state in VANISHING:
            for close in (reset, lambda plain: plain.close()):
                client = Client(server.port)
                state(client)
                close(client.socket)
                del client
        assert wait_for(lambda: idle_descriptors(server) == idle, 20), \
            (idle, descriptors(server), server.ctl("status"))
        names = os.listdir(server.home)
        assert sorted(set(names) - {"added"}) == ["big", "dir"], names


def idle_descriptors(server):
    """The workers' descriptors once no session is left; false before."""
    generation, = server.ctl("status")["generations"]
    if generation["sessions"] != 0 or server.processes("agent"):
        return None
    return descriptors(server) or "not to be seen"


def agent_descriptors(server):
    """How many each agent has open, by pid."""
    return {pid: len(os.listdir(f"/proc/{pid}/fd"))
            for pid in server.processes("agent")}


def visit(server, user, name, contents=None):
    """A session that reads a file, or writes it: what it read."""
    with Client(server.port) as client:
        client.auth().login(user)
        client.cmd("CWD /", 250)
        if contents is not None:
            client.stor(name, contents)
        read = client.retr(name)
        client.cmd("QUIT", 221)
    return read


def case_agents_wait_for_the_next(binaries):
    """The channel to an agent serves the account's next session, no other."""
    if not IS_ROOT:
        raise Skip("descriptors of an agent are for root to see")
    config = {"workers": 1, "agent_idle": "3s"}
    with Daemon(binaries, config, users=("alice", "bob")) as server:
        visit(server, "alice", "file", b"of alice")
        before = agent_descriptors(server)
        assert len(before) == 1, before
        for _ in range(5):
            assert visit(server, "alice", "file") == b"of alice"
            assert agent_descriptors(server) == before
        # Another account has an agent of its own.
        assert visit(server, "bob", "file", b"of bob") == b"of bob"
        assert len(server.processes("agent")) == 2
        assert visit(server, "alice", "file") == b"of alice"
        # A new home is another one's files, at once.
        server.homes["alice"] = server.homes["bob"]
        server.write_users({name: crypt_hash(PASSWORD)
                            for name in ("alice", "bob")})
        assert visit(server, "alice", "file") == b"of bob"
        # What a session leaves open goes with it.
        with Client(server.port) as client:
            client.auth().login()
            client.cmd("CWD /", 250)
            data = client.open_data("STOR half")
            data.sendall(b"half" * 10000)
            reset(client.socket)
            data.close()
        assert wait_for(lambda: sorted(os.listdir(server.homes["bob"])) ==
                        ["file"]), os.listdir(server.homes["bob"])
        assert visit(server, "alice", "file") == b"of bob"
        # All of them end when nobody comes.
        assert wait_for(lambda: not server.processes("agent"), 20)
        assert visit(server, "alice", "file") == b"of bob"


def case_agents_are_called_back(binaries):
    """Channels that wait take no agent from another account."""
    config = {"workers": 2, "agent_idle": "1h", "limits": {"agents": 1}}
    with Daemon(binaries, config, users=("alice", "bob")) as server:
        for users in (("alice", "bob"), ("bob", "alice")):
            for user in users:
                mine = b"of " + user.encode()
                assert visit(server, user, "file", mine) == mine
            time.sleep(2.5)  # for a while after the call none is kept
        with Client(server.port) as client:
            client.auth().login()
            client.cmd("CWD /", 250)
            with Client(server.port) as other:
                other.auth().login("bob")
                other.cmd("CWD /", 450)
