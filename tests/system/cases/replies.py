"""Replies that come when something is amiss, from every command that has them:
each is one that ftpsd-ftp(7) names in the command's row."""

import os
import resource
import signal
import ssl
import zlib

from cases.states import built, prepare, text_of
from client import Client, finish
from daemon import GID, UID, Daemon, free_port, wait_for

CONFIG = {"tls": {"required": "off"}, "allow_rmda": True,
          "allow_symlinks": True, "log": {"level": "debug"},
          "limits": {"sessions_per_user": 100}}
# Those that need another one before them.
FIRST = {"RNTO": "RNFR /old", "SITE CPTO": "SITE CPFR /old"}
NAMELESS = {"ALLO", "CDUP", "SITE QUOTA", "XCUP"}


def of_files():
    """The commands that an agent does."""
    return [one for one in built() if one.flags & {"LOOK", "READ", "WRITE"}]


def expect(command, reply, code):
    assert reply.code == code, (command.name, reply)
    assert code in command.replies, \
        f"{command.name}: {reply} is not in ftpsd-ftp(7)"


class Sessions:
    """One for each of the commands, just before it is sent."""

    def __init__(self, server, commands, user="alice"):
        self.server = server
        self.commands = commands
        self.clients = []
        self.data = []
        for command in commands:
            client = Client(server.port).login(user)
            self.clients.append(client)
            client.cmd("SIZE /old", 213)
            if command.name in FIRST:
                client.cmd(FIRST[command.name], 350)
            if "DATA" in command:
                self.data.append(client.passive())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.clients + self.data:
            connection.close()

    def send(self):
        """Sends all, and waits until all have begun."""
        lines = [text_of(command) for command in self.commands]
        for client, line in zip(self.clients, lines):
            client.send(line.encode() + b"\r\n")

        def begun():
            log = self.server.log()
            return all("command " + line.partition('"')[0] in log
                       for line in lines)
        assert wait_for(begun), lines

    def replies(self, code):
        for client, command in zip(self.clients, self.commands):
            expect(command, client.reply(), code)

    def live(self):
        for client in self.clients:
            client.cmd("NOOP", 200)


def case_busy(binaries):
    """Without an agent to be had each command for files gets 450."""
    config = dict(CONFIG, agent_idle="1h",
                  limits={"agents": 1, "sessions_per_user": 100})
    with Daemon(binaries, config, users=("alice", "bob")) as server:
        server.expect_log("agent")
        prepare(server)
        with Sessions(server, of_files()) as sessions, \
                Client(server.port).login("bob") as other:
            for pid in server.processes("agent"):
                os.kill(pid, signal.SIGKILL)
            assert wait_for(lambda: other.cmd("CWD /").code == 250)
            sessions.send()
            sessions.replies(450)
            sessions.live()


def case_lost(binaries):
    """With an agent that dies each command for files gets 451."""
    with Daemon(binaries, CONFIG) as server:
        server.expect_log("agent")
        prepare(server)
        with Sessions(server, of_files()) as sessions:
            agents = server.processes("agent")
            for pid in agents:
                os.kill(pid, signal.SIGSTOP)
            sessions.send()
            for pid in agents:
                os.kill(pid, signal.SIGKILL)
            sessions.replies(451)
            sessions.live()


def case_aborted(binaries):
    """ABOR ends what takes long: 426, and 226 for itself."""
    long = [one for one in of_files()
            if "LONG" in one or one.name == "SITE CPTO"]
    assert len(long) > 8, long
    with Daemon(binaries, CONFIG) as server:
        prepare(server)
        with Sessions(server, long) as sessions:
            agents = server.processes("agent")
            for pid in agents:
                os.kill(pid, signal.SIGSTOP)
            sessions.send()
            for client in sessions.clients:
                # Not by send(): the first reply is the command's.
                client.socket.sendall(b"ABOR\r\n")
            sessions.replies(426)
            for client in sessions.clients:
                assert client.reply().code == 226
            for pid in agents:
                os.kill(pid, signal.SIGCONT)
            sessions.live()


def case_long_names(binaries):
    """A name that no file system takes is 553, but 450 with STAT."""
    with Daemon(binaries, CONFIG) as server:
        prepare(server)
        with Client(server.port).login() as client:
            for command in of_files():
                if command.name in NAMELESS:
                    continue
                if command.name in FIRST:
                    client.cmd(FIRST[command.name], 350)
                line = text_of(command).rpartition(" ")[0] + " " + "x" * 300
                data = client.passive() if "DATA" in command else None
                expect(command, client.cmd(line),
                       450 if command.name == "STAT" else 553)
                if data:
                    data.close()


class Limited(Daemon):
    """A server whose files may have no more than a gigabyte."""

    def limit_files(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))


def refused_upload(client, line, contents):
    """It is too large."""
    data = client.open_data(line)
    try:
        data.sendall(contents)
    except ConnectionError:
        pass
    finish(data)
    assert client.reply().code == 552, line


def case_too_large(binaries):
    """552: beyond hash_max_size, mode_z_expansion and the kernel's limit."""
    config = dict(CONFIG, hash_max_size=4, mode_z_expansion=100)
    with Limited(binaries, config) as server:
        prepare(server)
        with open(os.path.join(server.home, "large"), "wb") as large:
            large.truncate(2 << 30)
        os.chown(os.path.join(server.home, "large"), UID, GID)
        with Client(server.port).login() as client:
            for command in of_files():
                if command.name == "HASH" or command.name[:4] in (
                        "XCRC", "XMD5", "XSHA"):
                    expect(command, client.cmd(text_of(command)), 552)
            client.cmd("SITE CPFR large", 350)
            client.cmd("SITE CPTO new", 552)
            client.cmd("COMB new large", 552)
            refused_upload(client, "APPE large", b"x" * 1000000)
            client.cmd("MODE Z", 200)
            bomb = zlib.compress(bytes(64 << 20), 9)
            for text in ("STOR new", "APPE new", "STOU"):
                refused_upload(client, text, bomb)
        with open(os.path.join(server.home, "old"), "rb") as old:
            assert old.read() == b"contents"


def case_not_resumed(binaries):
    """A data connection with a TLS session of its own: 150, then 522."""
    with Daemon(binaries) as server:
        prepare(server)
        with Client(server.port).auth().login() as client:
            for command in built():
                if "DATA" not in command:
                    continue
                data = client.passive()
                client.cmd(text_of(command), 150)
                try:
                    data = client.wrap_data(data, None)
                    data.recv(100)
                except (ssl.SSLError, ConnectionError):
                    pass
                data.close()
                expect(command, client.reply(), 522)


def case_gone(binaries):
    """550 where the current directory has gone, or something is there."""
    with Daemon(binaries, CONFIG) as server, \
            Client(server.port).login() as client:
        client.cmd("MKD a", 257)
        client.cmd("XMKD a", 550)
        for command in ("ALLO 1", "AVBL", "CDUP", "XCUP"):
            client.cmd("MKD a/b", 257 if command == "ALLO 1" else (257, 550))
            client.cmd("CWD /a/b", 250)
            os.rmdir(os.path.join(server.home, "a", "b"))
            if command.endswith("UP"):
                os.rmdir(os.path.join(server.home, "a"))
            client.cmd(command, 550)
            client.cmd("CWD /", 250)
            if command.endswith("UP"):
                client.cmd("MKD a", 257)


def case_no_port(binaries):
    """CPSV without a free port is 425."""
    port = free_port()
    config = {"allow_fxp": True, "workers": 1,
              "passive": {"ports": f"{port}-{port}"}}
    with Daemon(binaries, config) as server, \
            Client(server.port).auth().login() as first, \
            Client(server.port).auth().login() as second:
        first.cmd("CPSV", 227)
        second.cmd("CPSV", 425)


def case_nobody_knows(binaries):
    """SITE WHO while login stands still: 451, after 15 seconds."""
    with Daemon(binaries, CONFIG) as server, \
            Client(server.port).login() as client:
        login = server.processes("login")
        for pid in login:
            os.kill(pid, signal.SIGSTOP)
        try:
            client.cmd("SITE WHO", 451)
        finally:
            for pid in login:
                os.kill(pid, signal.SIGCONT)


case_nobody_knows.idle = True
