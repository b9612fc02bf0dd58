"""directory_messages; variables in banner and login_message."""

import os
import re
import time

from client import Client
from daemon import GID, PASSWORD, UID, Daemon, wait_for

CLEAR = {"tls": {"required": "off"}}
CHANGED = "Directory changed."
NO_TLS = {"tls": {"engine": False}}


def put(server, path, contents):
    """A file of the account's, in bytes; its directory is made."""
    whole = os.path.join(server.home, path)
    if not os.path.isdir(os.path.dirname(whole)):
        os.mkdir(os.path.dirname(whole), 0o755)
    with open(whole, "wb") as out:
        out.write(contents)
    if os.geteuid() == 0:
        os.chown(whole, UID, GID)


def told(client, directory):
    """What CWD says besides its last line."""
    lines = client.cmd("CWD " + directory, 250).text.split("\n")
    assert lines[-1] == CHANGED, lines
    return lines[:-1]


def case_directories(binaries):
    """CWD, CDUP and the login tell what is in the file."""
    with Daemon(binaries, {"directory_messages": ".message", **CLEAR}) \
            as server:
        put(server, ".message", b"At the top.\n")
        put(server, "d/.message", b"250 Not the end.\r\n\r\n250 Nor this.\n\n")
        put(server, "d/e/file", b"")
        with Client(server.port) as client:
            client.cmd("USER alice", 331)
            reply = client.cmd("PASS " + PASSWORD, 230)
            assert reply.text == "At the top.\nLogged in.", reply
            assert told(client, "d") == ["250 Not the end.", " ",
                                         " 250 Nor this."]
            assert told(client, "e") == []
            reply = client.cmd("CDUP", 250)
            assert "Nor this" in reply.text, reply
            client.cmd("XCUP", 250)
            client.cmd("CWD none", 550)
            assert told(client, "/") == ["At the top."]
            client.cmd("PWD", 257)


def case_directories_over_tls(binaries):
    """The same for a login in TLS, and after REIN."""
    config = {"directory_messages": "README",
              "login_message": "Hello,\nyou."}
    with Daemon(binaries, config) as server:
        put(server, "README", b"Read me.\n")
        with Client(server.port) as client:
            client.auth().cmd("USER alice", 331)
            reply = client.cmd("PASS " + PASSWORD, 230)
            assert reply.text == "Read me.\n Hello,\nyou.", reply
            client.cmd("REIN", 220)


def case_bounds(binaries):
    """Long files are cut, control characters replaced, bytes kept."""
    with Daemon(binaries, {"directory_messages": "m", **CLEAR}) as server:
        put(server, "many/m", b"".join(b"%d\n" % i for i in range(50)))
        put(server, "long/m", b"x" * 1_000_000)
        put(server, "odd/m",
            b"\x1b[2J\x00\tb\x7f\xc2\x9b\rc\n\xff \xe2\x82\xac")
        put(server, "empty/m", b"")
        put(server, "blank/m", b"\n\r\n\n")
        with Client(server.port).login() as client:
            lines = told(client, "/many")
            assert lines == ["0"] + [f" {i}" for i in range(1, 40)] + \
                [" ..."], lines
            assert told(client, "/long") == ["x" * 4096, " ..."]
            assert told(client, "/odd") == ["?[2J? b???c", " \udcff \u20ac"]
            assert told(client, "/empty") == []
            assert told(client, "/blank") == []
            client.cmd("NOOP", 200)


def case_what_is_not_told(binaries):
    """Nothing that the client could not read itself."""
    config = {"directory_messages": ".message", "deny": ["/denied/.message"],
              "directories": [{"path": "/in", "upload_only": True},
                              {"path": "/dots", "hide_dotfiles": "all"},
                              {"path": "/list", "hide_dotfiles": "list"},
                              {"path": "/off", "directory_messages": "none"},
                              {"path": "/else", "directory_messages": "m"}],
              **CLEAR}
    with Daemon(binaries, config) as server:
        outside = os.path.join(server.folder, "outside")
        with open(outside, "w", encoding="ascii") as out:
            out.write("secret\n")
        for name in ("denied", "in", "dots", "list", "off", "else", "shut"):
            put(server, name + "/.message", b"told\n")
        put(server, "else/m", b"else\n")
        os.chmod(os.path.join(server.home, "shut/.message"), 0)
        for name in ("fifo", "folder", "link", "up", "inner"):
            os.mkdir(os.path.join(server.home, name), 0o755)
        os.mkfifo(os.path.join(server.home, "fifo/.message"))
        os.mkdir(os.path.join(server.home, "folder/.message"))
        for name, target in (("link", outside), ("up", "../../outside"),
                             ("inner", "../list/.message")):
            os.symlink(target, os.path.join(server.home, name, ".message"))
        with Client(server.port).login() as client:
            for name in ("denied", "in", "dots", "off", "fifo", "folder",
                         "link", "up", "shut"):
                assert told(client, "/" + name) == [], name
            assert told(client, "/list") == ["told"]
            assert told(client, "/inner") == ["told"]
            assert told(client, "/else") == ["else"]


def case_users(binaries):
    """The key by user; off without it."""
    config = {"users": [{"name": "bob", "directory_messages": "m"}], **CLEAR}
    with Daemon(binaries, config, users=("alice", "bob")) as server:
        for home in server.homes.values():
            with open(os.path.join(home, "m"), "w", encoding="ascii") as out:
                out.write("hello\n")
        with Client(server.port).login("alice") as client:
            assert told(client, "/") == []
        with Client(server.port).login("bob") as client:
            assert told(client, "/") == ["hello"]


def case_directories_by_charset(binaries):
    """A client without UTF-8 gets the lines in its character set."""
    with Daemon(binaries, {"charset": "WINDOWS-1252",
                           "directory_messages": "m", **CLEAR}) as server:
        put(server, "m", "caf\u00e9\n".encode())
        with Client(server.port).login() as client:
            client.cmd("OPTS UTF8 OFF", 200)
            client.send(b"CWD /\r\n")
            assert client.line() == b"250-caf\xe9"
            assert client.line() == b"250 " + CHANGED.encode()


def case_variables(binaries):
    """What the variables say in a banner and after a login."""
    config = {"banner": "%{HOST} %{SERVER_ADDRESS}:%{SERVER_PORT} 100%%\n"
                        "%n%s%x for %{CLIENT_ADDRESS} %{PROTOCOL}\n"
                        "%{TIME}",
              "login_message": "%{USER} by %{PROTOCOL}, %{TLS_PROTOCOL}",
              **CLEAR}
    with Daemon(binaries, config) as server:
        with Client(server.port) as client:
            lines = client.greeting.text.split("\n")
            assert lines[0] == f"- 127.0.0.1:{server.port} 100%", lines
            assert lines[1] == " %n%s%x for 127.0.0.1 ftp", lines
            assert re.fullmatch(time.strftime("%Y-") + r"[-0-9T:.+]{19,}",
                                lines[2]), lines
            client.cmd("USER alice", 331)
            reply = client.cmd("PASS " + PASSWORD, 230)
            assert reply.text == "alice by ftp, -", reply
        with Client(server.port, version="1.3") as client:
            client.auth().cmd("USER alice", 331)
            reply = client.cmd("PASS " + PASSWORD, 230)
            assert reply.text == "alice by ftps, TLSv1.3", reply


def case_variables_of_hosts(binaries):
    """HOST is answered with the banner of that host, and its name."""
    config = {"hosts": [{"name": "one.test", "banner": "This is %{HOST}.",
                         "tls": {"engine": False}}], **CLEAR}
    with Daemon(binaries, config) as server, Client(server.port) as client:
        assert client.cmd("HOST one.test", 220).text == "This is one.test."


def case_many_variables(binaries):
    """The values of variables make no text longer than it may be."""
    text = "%{TIME}" * 290
    with Daemon(binaries, {"banner": text, **CLEAR}) as server, \
            Client(server.port) as client:
        assert len(client.greeting.text) == 2048, len(client.greeting.text)
        client.login().cmd("PWD", 257)


def write(path, contents):
    """A file that only root can read."""
    with open(path, "wb") as out:
        out.write(contents)
    os.chmod(path, 0o600)
    return path


def reload(server):
    server.write_config()
    server.ctl("reload")


def case_banner_file(binaries):
    """The lines of the file, as RFC 959 has them; a reload reads it anew."""
    with Daemon(binaries, CLEAR) as server:
        path = write(os.path.join(server.folder, "welcome"),
                     b"\r\n220 Caf\xc3\xa9 at %{SERVER_PORT}\r\n\n500%\n\n")
        server.config["banner_file"] = path
        reload(server)
        with Client(server.port, greet=False) as client:
            lines = [client.line() for _ in range(4)]
            assert lines == [b"220-", b" 220 Caf\xc3\xa9 at %d" % server.port,
                             b" ", b"220 500%"], lines
            client.login().cmd("PWD", 257)
        write(path, b"Another.")
        with Client(server.port) as client:
            assert "500%" in client.greeting.text, client.greeting
        reload(server)
        with Client(server.port) as client:
            assert client.greeting.text == "Another.", client.greeting


def case_banner_file_is_bad(binaries):
    """Such a file has a reload refused, and nothing changes."""
    with Daemon(binaries, CLEAR) as server:
        path = write(os.path.join(server.folder, "welcome"), b"Good.\n")
        server.config["banner_file"] = path
        reload(server)
        server.expect_log("reload|banner")
        for contents, said in ((b"", "is empty"), (b"a\n\x1b[2J\n", "line 2"),
                               (b"x" * 2049, "2048"), (None, "No such file")):
            if contents is None:
                os.unlink(path)
            else:
                write(path, contents)
            done = server.ctl("reload", check=False, json_output=False)
            assert done.returncode != 0
            assert re.search(r"yaml:\d+:\d+: banner_file: .*" + said,
                             done.stdout + done.stderr), (said, done)
            with Client(server.port) as client:
                assert client.greeting.text == "Good.", client.greeting


def case_banner_file_of_hosts(binaries):
    """That of a host, of the defaults, and what overrides it."""
    with Daemon(binaries, CLEAR) as server:
        common = write(os.path.join(server.folder, "common"), b"Common.\n")
        own = write(os.path.join(server.folder, "own"), b"Of %{HOST}.\n")
        server.config["defaults"] = {"banner_file": common}
        server.config["banner"] = "The server."
        server.config["hosts"] = [
            {"name": "one.test", **NO_TLS},
            {"name": "two.test", "banner_file": own, **NO_TLS},
            {"name": "three.test", "banner": "3", **NO_TLS}]
        reload(server)
        for name, said in (("one.test", "Common."),
                           ("two.test", "Of two.test."), ("three.test", "3")):
            with Client(server.port) as client:
                assert client.greeting.text == "The server."
                assert client.cmd("HOST " + name, 220).text == said


def sessions(client):
    return int(client.greeting.text.split()[-1])


def newcomer(server):
    """What one that comes now is told."""
    with Client(server.port) as client:
        return sessions(client)


def case_sessions(binaries):
    """A banner tells how many the host has, on all workers."""
    config = {"banner": "Sessions: %{SESSIONS}", "workers": 2,
              "hosts": [{"name": "one.test", "banner": "One: %{SESSIONS}",
                         **NO_TLS}], **CLEAR}
    with Daemon(binaries, config) as server:
        clients = [Client(server.port) for _ in range(5)]
        assert list(map(sessions, clients)) == [1, 2, 3, 4, 5]
        assert clients[0].cmd("HOST one.test", 220).text == "One: 1"
        assert clients[1].cmd("HOST one.test", 220).text == "One: 2"
        assert newcomer(server) == 4
        clients[4].login().cmd("PWD", 257)
        for client in clients:
            client.close()
        # They are counted as long as their workers have not seen it.
        assert wait_for(lambda: newcomer(server) == 1)
