"""tls.required by user, group, directory and anonymous; AllowPerUser."""

import os
import ssl
import stat
import subprocess

from cases.config import check
from cases.pam import UNIX, PamServer
from client import Client
from daemon import GID, PASSWORD, Daemon

WORDS = ["off", "on", "both", "control", "ctrl", "data", "!data", "no-data",
         "ctrl+data", "ctrl+!data", "ctrl+no-data", "auth", "auth+data",
         "auth+!data", "auth+no-data"]
ALWAYS = ("FEAT", "CLNT x", "SYST", "HOST 127.0.0.1")
TRANSFERS = ("LIST", "NLST", "MLSD", "RETR f", "STOR f", "APPE f", "STOU f")


def anonymous(server, **more):
    """Settings of anonymous sessions, in a folder that all may read."""
    folder = os.path.join(server.folder, "pub")
    os.makedirs(os.path.join(folder, "in"), exist_ok=True)
    os.chmod(folder, 0o755)
    settings = {"enabled": True, "directory": folder, "user": "games"}
    settings.update(more)
    return settings


def is_over(client):
    """Whether the server has closed the connection, or does so now."""
    try:
        client.cmd("NOOP")
        return False
    except (EOFError, OSError):
        return True


def attempt(server, user, password=PASSWORD):
    """The replies to USER and PASS in clear, and whether that was the end."""
    with Client(server.port) as client:
        first = client.cmd("USER " + user).code
        if first != 331:
            return first, None, False
        second = client.cmd("PASS " + password).code
        return first, second, second != 230 and is_over(client)


def wants(word):
    """(login, commands, data) of a word; data 1: P, -1: C, 0: either."""
    if word == "off":
        return False, False, 0
    if word in ("on", "both"):
        word = "ctrl+data"
    login = word.startswith(("auth", "ctrl", "control"))
    data = 0
    if word.endswith(("!data", "no-data")):
        data = -1
    elif word.endswith("data"):
        data = 1
    return login, word.startswith(("ctrl", "control")), data


def case_words_by_user(binaries):
    """Each word of tls.required does its part for the one user it is for."""
    for host, word in [("off", w) for w in WORDS] + [("on", "off")]:
        config = {"tls": {"required": host, "allow_ccc": True},
                  "users": [{"name": "bob", "tls": {"required": word}}]}
        login, control, data = wants(word)
        with Daemon(binaries, config, users=("alice", "bob")) as server:
            other = (530, None, False) if host == "on" else (331, 230, False)
            assert attempt(server, "alice") == other, word
            with Client(server.port) as client:
                client.cmd("USER alice")
                reply = client.cmd("USER bob", 530 if login else 331)
                assert not login or "AUTH TLS" in reply.text, reply
                if login and host == "off":
                    client.cmd("PASS " + PASSWORD, 503)
            with Client(server.port) as client:
                client.auth()
                client.cmd("USER bob", 331)
                client.cmd("PASS " + PASSWORD, 230)
                client.cmd("PROT C", 534 if data == 1 else 200)
                client.cmd("RETR none", 521 if data == 1 else 425)
                client.cmd("PROT P", 534 if data == -1 else 200)
                client.cmd("RETR none", 425)
                text = client.cmd("FEAT", 211).text
                assert (" CCC\n" in text) == (not control), (word, text)
                client.cmd("CCC", 534 if control else 200)


def case_gates(binaries):
    """What tls.required lets pass in clear, and what it answers otherwise."""
    with Daemon(binaries, {"tls": {"required": "on"}}) as server:
        with Client(server.port) as client:
            for command in ALWAYS:
                assert client.cmd(command).code < 300, command
            for command in ("PASS x", "ACCT x", "USER alice", "PWD", "LIST",
                            "RETR f", "EPSV"):
                reply = client.cmd(command, 530)
                assert "AUTH TLS" in reply.text, reply
            for command in ("HELP", "NOOP", "OPTS UTF8 ON"):
                reply = client.cmd(command, 550)
                assert "AUTH TLS" in reply.text, reply
            for command in ("PBSZ 0", "PROT P"):
                client.cmd(command, 503)
            client.cmd("CCC", 533)
            client.cmd("NONSENSE", 500)
            client.auth()
            client.cmd("CCC", 530)
            client.login()
            client.cmd("PROT C", 534)
            client.cmd("PROT S", 536)
            client.cmd("PROT x", 504)
            client.cmd("CCC", 534)
            client.cmd("QUIT", 221)
    config = {"tls": {"required": "data"}}
    with Daemon(binaries, config) as server, Client(server.port) as client:
        client.login()
        for command in TRANSFERS:
            client.cmd(command, 521)


def case_groups(binaries):
    """What an entry for a group demands is known after the password."""
    config = {"tls": {"required": "off"},
              "users": [{"name": "bob", "tls": {"required": "off"}},
                        {"group": "60999", "tls": {"required": "off"}},
                        {"group": str(GID), "umask": "077",
                         "tls": {"required": "ctrl"}}]}
    with Daemon(binaries, config, users=("alice", "bob")) as server:
        assert attempt(server, "alice") == (331, 530, True)
        assert attempt(server, "bob") == (331, 230, False)
        # A password that was verified a moment ago is no way around it.
        assert attempt(server, "alice") == (331, 530, True)
        assert attempt(server, "alice", "wrong") == (331, 530, False)
        with Client(server.port) as client:
            client.auth().login()
            client.stor("f", b"1")
            client.cmd("CCC", 534)
        mode = os.stat(os.path.join(server.home, "f")).st_mode
        assert stat.S_IMODE(mode) == 0o600, oct(mode)
    server = Daemon(binaries, {"users": [{"group": "no-such-group"}]})
    done = check(binaries, server.config_path)
    assert done.returncode == 1, done
    assert 'group "no-such-group": there is no such' in done.stderr, done


def case_allow_per_user(binaries):
    """AllowPerUser: until PASS nothing is demanded, then what is due."""
    config = {
        "tls": {"required": "on", "options": ["AllowPerUser"]},
        "users": [{"name": "bob", "tls": {"required": "off"}},
                  {"name": "carl", "tls": {"required": "auth"}},
                  {"name": "dora", "tls": {"required": "data"}},
                  {"group": "60999", "tls": {"required": "off"}}]}
    users = ("alice", "bob", "carl", "dora")
    server = Daemon(binaries, config, users=users)
    server.config["anonymous"] = anonymous(server, tls={"required": "off"})
    server.write_config()
    with server:
        assert attempt(server, "alice") == (331, 530, True)
        assert attempt(server, "bob") == (331, 230, False)
        assert attempt(server, "carl") == (530, None, False)
        assert attempt(server, "dora") == (331, 230, False)
        assert attempt(server, "ftp") == (331, 230, False)
        server.wait_log("tls.required demands TLS for this user")
        for version in ("1.2", "1.3"):
            with Client(server.port, version=version) as client:
                client.cmd("NOOP", 200)
                client.cmd("USER bob", 331)
                client.cmd("PASS " + PASSWORD, 230)
                client.cmd("MKD x")
                client.cmd("CWD x", 250)
                client.auth()
                # The login is what it was, and so is the directory.
                assert client.cmd("PWD", 257).text.startswith('"/x"')
                client.cmd("AUTH TLS", 503)
                client.cmd("PBSZ 0", 200)
                client.cmd("PROT P", 200)
                client.cmd("TYPE I", 200)
                client.protected = True
                client.stor("f", b"1")
                assert client.retr("f") == b"1"
        with Client(server.port) as client:
            client.auth().login("alice")
            client.stor("f", b"1")


def case_auth_after_login(binaries):
    """Without AllowPerUser AUTH must come before the login: 534."""
    with Daemon(binaries, {"tls": {"required": "off"}}) as server:
        with Client(server.port) as client:
            client.login()
            client.cmd("AUTH TLS", 534)
            client.cmd("PWD", 257)


def case_per_user_needs_somebody(binaries):
    """AllowPerUser is refused where TLS is demanded of every login."""
    server = Daemon(binaries, {"tls": {"required": "auth",
                                       "options": ["AllowPerUser"]}})
    done = check(binaries, server.config_path)
    assert done.returncode == 1, done
    assert "AllowPerUser: tls.required demands" in done.stderr, done
    server.config["users"] = [{"group": "0", "tls": {"required": "off"}}]
    server.write_config()
    assert check(binaries, server.config_path).returncode == 0


def case_anonymous(binaries):
    """Anonymous sessions have what is below anonymous, else the host's."""
    server = Daemon(binaries, {"tls": {"required": "on"}})
    server.config["anonymous"] = anonymous(
        server, tls={"required": "off"},
        directories=[{"path": "/in", "tls": {"required": "data"}}])
    server.config["directories"] = [{"path": "/",
                                     "tls": {"required": "data"}}]
    server.config["users"] = [{"name": "anonymous",
                               "tls": {"required": "on"}}]
    server.write_config()
    with server:
        assert attempt(server, "alice") == (530, None, False)
        with Client(server.port) as client:
            client.login("anonymous")
            client.listing("NLST")
            client.passive().close()
            client.cmd("NLST /in", 521)
    server = Daemon(binaries, {"tls": {"required": "off"}})
    server.config["anonymous"] = anonymous(server, tls={"required": "auth"})
    server.write_config()
    with server:
        for name in ("ftp", "Anonymous"):
            assert attempt(server, name) == (530, None, False)
        assert attempt(server, "alice") == (331, 230, False)


def case_directories(binaries):
    """The path of a transfer says what PROT it needs, not the directory."""
    config = {
        "tls": {"required": "auth"},
        "umask": "022",
        "directories": [
            {"path": "/in", "umask": "077", "tls": {"required": "data"}},
            {"path": "/in/open/", "tls": {"required": "off"}},
            {"path": "/in/clear", "tls": {"required": "!data"}}]}
    with Daemon(binaries, config) as server, Client(server.port) as client:
        client.auth().login()
        for path in ("in", "in/open", "in/clear", "inside"):
            client.cmd("MKD " + path, 257)
        client.stor("/in/f", b"private")
        mode = os.stat(os.path.join(server.home, "in/f")).st_mode
        assert stat.S_IMODE(mode) == 0o600, oct(mode)
        mode = os.stat(os.path.join(server.home, "in/open")).st_mode
        assert stat.S_IMODE(mode) == 0o700, oct(mode)
        client.passive().close()
        client.cmd("RETR /in/clear/f", 521)
        client.cmd("PROT C", 200)
        client.protected = False
        client.stor("f", b"1")
        client.stor("inside/f", b"1")
        client.stor("in/open/f", b"1")
        client.stor("in/clear/f", b"1")
        client.cmd("CWD /in/open", 250)
        assert client.listing("NLST") == b"f\r\n"
        for command in ("RETR ../f", "RETR /in//./f", "LIST ..", "NLST /in",
                        "MLSD /in", "STOR ../g", "APPE ../g", "STOU ../g",
                        "RETR ../none", "LIST ../*", "LIST /in/../in"):
            client.passive().close()
            client.cmd(command, 521)
        client.cmd("MLST /in/f", 250)
        client.cmd("CWD /in", 250)
        assert client.retr("/f") == b"1"
    config = {"tls": {"required": "on"},
              "directories": [{"path": "/pub", "tls": {"required": "off"}}]}
    with Daemon(binaries, config) as server, Client(server.port) as client:
        client.auth().login()
        client.cmd("MKD pub", 257)
        client.stor("pub/f", b"1")
        client.cmd("PROT C", 200)
        client.passive().close()
        client.cmd("LIST", 521)
        client.protected = False
        assert client.retr("pub/f") == b"1"
        client.cmd("CCC", 534)


def case_directories_through_links(binaries):
    """What PROT a transfer needs goes by where the links to it lead."""
    config = {"tls": {"required": "auth"}, "list_recursive": True,
              "directories": [
                  {"path": "/secret", "tls": {"required": "data"}},
                  {"path": "/secret/open", "tls": {"required": "off"}},
                  {"path": "/clear", "tls": {"required": "!data"}},
                  {"path": "/link", "tls": {"required": "!data"}}]}
    links = {"link": "secret", "clear/to-secret": "../secret",
             "to-file": "secret/f", "to-new": "secret/new", "secret/up": "..",
             "to-open": "link/open"}
    gets = ("RETR link/f", "RETR clear/to-secret/f", "RETR to-file",
            "RETR link/none", "LIST link", "NLST link/", "MLSD link",
            "LIST link/f", "LIST -d link/up/secret", "NLST link/*",
            "NLST link/up/secret")
    puts = ("STOR link/g", "STOR to-new", "APPE link/f", "STOU link/g",
            "STOU to-new")
    with Daemon(binaries, config) as server, Client(server.port) as client:
        client.auth().login()
        for path in ("secret", "secret/open", "clear"):
            client.cmd("MKD " + path, 257)
        for name, target in links.items():
            os.symlink(target, os.path.join(server.home, name))
        client.stor("link/f", b"private")
        client.stor("link/inner", b"private")
        client.stor("to-open/f", b"1")
        client.passive().close()
        client.cmd("RETR secret/up/clear/f", 521)
        assert b"f" in client.listing("NLST clear/to-secret")
        client.cmd("PROT C", 200)
        client.protected = False
        for command in gets + puts:
            client.passive().close()
            client.cmd(command, 521)
        names = os.listdir(os.path.join(server.home, "secret"))
        assert sorted(names) == ["f", "inner", "open", "up"], names
        assert client.retr("to-open/f") == b"1"
        client.stor("link/up/clear/f", b"1")
        # Nor does a listing of more than one directory go there.
        for command in ("NLST -R", "LIST -R", "NLST */*", "STAT -R"):
            text = client.cmd(command, 212).text.encode() \
                if command[0] == "S" else client.listing(command)
            assert (b"inner" in text) == (command[0] == "S"), (command, text)
            assert b"to-secret" in text, (command, text)
        for command in ("XMD5 link/f", "SIZE link/f", "MLST link/f",
                        "STAT link"):
            assert client.cmd(command).code in (212, 213, 250), command


def case_reuse_by_user(binaries):
    """NoSessionReuseRequired for one user, in TLS from the start or later."""
    config = {
        "tls": {"required": "off", "options": ["AllowPerUser"]},
        "users": [{"name": "bob",
                   "tls": {"options": ["NoSessionReuseRequired"]}}]}
    with Daemon(binaries, config, users=("alice", "bob")) as server:
        for user, late in (("bob", False), ("bob", True), ("alice", False)):
            with Client(server.port) as client:
                if late:
                    client.login(user)
                    client.auth()
                    client.cmd("PBSZ 0", 200)
                    client.cmd("PROT P", 200)
                    client.protected = True
                else:
                    client.auth().login(user)
                data = client.open_data("LIST", session=None)
                try:
                    client.read_data(data)
                except ssl.SSLError:
                    pass
                code = client.reply().code
                assert code == (226 if user == "bob" else 522), (user, code)


def case_supplementary_group(binaries):
    """The groups of a system's account count, supplementary ones too."""
    name = f"ftpsdgrp{os.getpid()}"
    pam = PamServer(binaries, UNIX, (name,))
    pam.server.config["tls"]["required"] = "off"
    pam.server.write_config()
    with pam as server:
        assert attempt(server, name) == (331, 230, False)
        subprocess.run(["usermod", "-a", "-G", "audio", name], check=True)
        server.config["users"] = [{"group": "audio",
                                   "tls": {"required": "on"}}]
        server.write_config()
        server.ctl("reload")
        assert attempt(server, name) == (331, 530, True)
        with Client(server.port) as client:
            client.auth().login(name)


def case_many_groups(binaries):
    """A group counts that an account has beyond those an agent can have."""
    name = f"ftpsdmany{os.getpid()}"
    groups = [f"{name}g{number}" for number in range(70)]
    pam = PamServer(binaries, UNIX, (name,))
    pam.server.config["tls"]["required"] = "off"
    pam.server.write_config()
    with pam as server:
        try:
            for group in groups:
                subprocess.run(["groupadd", group], check=True)
            subprocess.run(["usermod", "-G", ",".join(groups), name],
                           check=True)
            for group in (groups[0], groups[-1]):
                server.config["users"] = [{"group": group,
                                           "tls": {"required": "on"}}]
                server.write_config()
                server.ctl("reload")
                assert attempt(server, name) == (331, 530, True), group
        finally:
            for group in groups:
                subprocess.run(["groupdel", group], check=False,
                               capture_output=True)
