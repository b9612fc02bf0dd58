"""REIN, LANG, CSID, HELP, and SITE commands about sessions."""

import re
import ssl

from client import Client, logged_in
from daemon import PASSWORD, Daemon

CLEAR = {"tls": {"required": "off"}}


def unwrap(client):
    """After REIN in TLS: both ends say close_notify, and go on in clear."""
    client.socket = client.socket.unwrap()
    client.protected = False


def case_rein_in_tls(binaries):
    """The reply is protected, then the session is a fresh one in clear."""
    for version in ("1.2", "1.3"):
        with Daemon(binaries) as server, \
                logged_in(server, version=version) as client:
            client.stor("f", b"1\n2\n")
            client.cmd("MKD d", 257)
            client.cmd("CWD d", 250)
            client.cmd("EPSV ALL", 200)
            client.cmd("OPTS MLST size;", 200)
            client.cmd("SITE UMASK 077", 200)
            client.cmd("RNFR /f", 350)
            assert "ready" in client.cmd("REIN", 220).text
            unwrap(client)
            # TLS is required: all has to begin again.
            client.cmd("NOOP", 550)
            client.cmd("PWD", 530)
            client.cmd("USER alice", 530)
            client.cmd("PROT P", 503)
            client.auth()
            client.cmd("PWD", 530)
            client.cmd("PASS " + PASSWORD, 503)
            client.cmd("USER alice", 331)
            client.cmd("PASS " + PASSWORD, 230)
            assert '"/"' in client.cmd("PWD", 257).text
            client.cmd("RNTO /g", 503)
            # Type, protection, EPSV ALL and OPTS are as at first.
            text = client.cmd("STAT", 211).text
            assert "ASCII" in text and "PROT: Clear" in text, text
            assert " MLST type*;size*;modify*;" in client.cmd("FEAT").text
            client.cmd("PASV", 227)
            client.cmd("RETR f", 521)
            client.cmd("PROT P", 200)
            client.protected = True
            client.cmd("TYPE I", 200)
            assert client.retr("f") == b"1\n2\n"
            assert "077" not in client.cmd("SITE UMASK", 200).text


def case_rein_without_close_notify(binaries):
    """A client that goes on in clear at once, and one that says nothing."""
    with Daemon(binaries, {"timeouts": {"idle": "1s"}}) as server:
        from cases.ccc import Wire
        client = Client(server.port)
        wire = Wire(client)
        client.cmd("REIN", 220)
        wire.clear(b"NOOP\r\n", notify=False)
        assert client.reply().code == 550
        client.auth().login()
        client.close()
        with Client(server.port).auth() as client:
            client.cmd("REIN", 220)
            assert client.at_end()
        server.wait_log("TLS on the control connection did not end")


def case_rein_pipelined(binaries):
    """What was sent under TLS behind REIN is done afterwards, in clear."""
    with Daemon(binaries) as server, logged_in(server) as client:
        client.send(b"REIN\r\nPWD\r\nUSER alice\r\n")
        assert client.reply().code == 220
        unwrap(client)
        assert client.reply().code == 530
        assert client.reply().code == 530
        client.auth().login()


def case_rein_in_clear(binaries):
    """Another user may log in; limits count who is logged in now."""
    config = {"limits": {"sessions_per_user": 1}, **CLEAR}
    with Daemon(binaries, config, users=("alice", "bob")) as server, \
            Client(server.port) as client, Client(server.port) as other:
        client.cmd("REIN x", 501)
        client.cmd("REIN", 220)
        client.login("alice")
        client.stor("mine", b"a")
        other.cmd("USER alice", 331)
        other.cmd("PASS " + PASSWORD, 421)
        assert other.at_end()
        client.cmd("REIN", 220)
        client.cmd("PWD", 530)
        client.login("bob")
        client.cmd("SIZE mine", 550)
        with Client(server.port) as third:
            third.login("alice")
            third.cmd("SIZE mine", 213)
            # The user counts as long as the login lasts, and no longer.
            third.cmd("REIN", 220)
            third.cmd("USER bob", 331)
            third.cmd("PASS " + PASSWORD, 421)
        client.cmd("REIN", 220)
        client.login("alice")
        client.cmd("SIZE mine", 213)


def case_rein_and_failed_logins(binaries):
    """Failed logins are remembered; the time for a login is not renewed."""
    with Daemon(binaries, {"limits": {"login_attempts": 2}, **CLEAR}) \
            as server, Client(server.port) as client:
        client.cmd("USER alice", 331)
        client.cmd("PASS x", 530)
        client.cmd("REIN", 220)
        client.cmd("USER alice", 331)
        client.cmd("PASS x", 421)
        assert client.at_end()
    with Daemon(binaries, {"timeouts": {"login": "1s"}, **CLEAR}) as server, \
            Client(server.port) as client:
        try:
            while True:
                reply = client.cmd("REIN")
                if reply.code == 421:
                    break
                assert reply.code == 220
            assert "timeouts.login" in reply.text
        except (ConnectionError, EOFError):
            server.wait_log("timeouts.login")
        with Client(server.port) as second:
            second.login()
            second.cmd("REIN", 220)
            reply = second.reply()
            assert reply.code == 421 and "timeouts.login" in reply.text


def case_rein_after_a_transfer(binaries):
    """REIN in mid-transfer follows its end."""
    with Daemon(binaries, CLEAR) as server, Client(server.port) as client:
        client.login()
        client.stor("big", b"b" * 20_000_000)
        data = client.open_data("RETR big")
        data.recv(1000)
        client.send(b"REIN\r\nPWD\r\n")
        assert len(client.read_data(data)) > 19_900_000
        assert client.reply().code == 226
        assert client.reply().code == 220
        assert client.reply().code == 530


def case_rein_implicit(binaries):
    """Where TLS begins with the connection it does not end before it."""
    with Daemon(binaries) as server, \
            Client(server.implicit_port, implicit=True) as client:
        client.login()
        client.cmd("REIN", 502)
        client.cmd("PWD", 257)


def case_rein_and_host(binaries):
    """What HOST or SNI has chosen is void after REIN."""
    from cases.hosts import Hosts
    with Hosts(binaries) as server:
        with Client(server.port) as client:
            client.cmd("HOST a.test", 220)
            client.cmd("USER alice", 331)
            client.cmd("HOST b.test", 503)
            assert client.cmd("REIN", 220).text == "default"
            assert client.cmd("HOST b.test", 220).text.startswith("host b")
            client.login("blice")
            client.cmd("HOST b.test", 503)
            client.cmd("ACCT x", 202)
            client.cmd("HOST b.test", 503)
            client.cmd("REIN", 220)
            client.login("alice")
        with Client(server.port, name="a.test") as client:
            client.auth()
            assert client.cmd("HOST a.test", 220).text.startswith("host a")
            assert client.cmd("REIN", 220).text == "default"
            unwrap(client)
            client.name = "b.test"
            client.cmd("HOST b.test", 220)
            client.auth().login("blice")


def case_lang_and_csid(binaries):
    """LANG, CSID and HELP before and after the login."""
    with Daemon(binaries) as server, Client(server.port) as client:
        for _ in range(2):
            feat = client.cmd("FEAT", 211).text
            assert re.search("^ LANG en\\*$", feat, re.M), feat
            assert re.search("^ CSID$", feat, re.M), feat
            client.cmd("LANG", 200)
            for tag in ("en", "EN", "en-GB", "en-Latn-US"):
                client.cmd("LANG " + tag, 200)
            for tag in ("fr", "enx", "i-default", "de-AT"):
                client.cmd("LANG " + tag, 504)
            for tag in ("*", "en_US", "en-", "en fr", "en-123456789"):
                client.cmd("LANG " + tag, 501)
            text = client.cmd("CSID Name=t; Version=1;", 200).text
            assert text == "Name=ftpsd; CaseSensitive=1; DirSep=/;", text
            client.cmd("CSID", 501)
            if not isinstance(client.socket, ssl.SSLSocket):
                client.auth().login()
        server.wait_log("client software: Name=t; Version=1;")


def case_help(binaries):
    """HELP comes from the table of commands."""
    with Daemon(binaries) as server, logged_in(server) as client:
        text = client.cmd("HELP", 214).text
        for line in ("REIN", "LANG [en]", "STOR file"):
            assert f"\n {line}\n" in text, text
        assert client.cmd("HELP stor", 214).text == "Syntax: STOR file"
        client.cmd("HELP FNORD", 502)
        client.cmd("HELP ADAT", 502)
        for command in ("HELP SITE", "SITE HELP"):
            text = client.cmd(command, 214).text
            assert "\n SITE IDLE [seconds]\n SITE" in text, text
        for command in ("HELP SITE idle", "SITE HELP idle"):
            assert client.cmd(command, 214).text == \
                "Syntax: SITE IDLE [seconds]"
        client.cmd("SITE HELP fnord", 502)


def case_site_idle(binaries):
    """SITE IDLE shows and sets how long no command may come."""
    with Daemon(binaries, {"timeouts": {"idle": "40s"}}) as server, \
            logged_in(server) as client:
        assert "after 40 seconds" in client.cmd("SITE IDLE", 200).text
        for wrong in ("0", "41", "-1", "x", "1 1", "99999999999"):
            assert "1 to 40" in client.cmd("SITE IDLE " + wrong, 501).text
        client.cmd("SITE IDLE 40", 200)
        client.cmd("SITE IDLE 1", 200)
        # A transfer is no idleness.
        client.stor("big", b"x" * 3_000_000)
        data = client.open_data("RETR big")
        data.recv(10)
        with logged_in(server) as other:
            other.cmd("SITE IDLE 1", 200)
            reply = other.reply()
            assert reply.code == 421 and "idle" in reply.text, reply
            assert other.at_end()
        assert len(client.read_data(data)) > 2_000_000
        assert client.reply().code == 226
        assert "after 1 seconds" in client.cmd("SITE IDLE", 200).text
        assert client.reply().code == 421


def case_site_who(binaries):
    """The sessions of one's own account, whatever worker they are on."""
    with Daemon(binaries, users=("alice", "bob")) as server:
        clients = [logged_in(server) for _ in range(6)]
        ends = ["127.0.0.1"] * 5
        for client in clients:
            lines = client.cmd("SITE WHO", 200).text.split("\n")
            assert lines == ["Sessions of alice:",
                             " 127.0.0.1 (this session)",
                             *(" " + end for end in ends), "End"], lines
        with Client(server.port).auth().login("bob") as bob:
            assert bob.cmd("SITE WHO", 200).text.count("127.0.0.1") == 1
            bob.cmd("SITE WHO x", 501)
        clients[0].cmd("QUIT", 221)
        assert clients[0].at_end()
        for client in clients[2:]:
            client.cmd("REIN", 220)
        text = clients[1].cmd("SITE WHO", 200).text
        assert text.count("127.0.0.1") in (1, 2), text
        for client in clients:
            client.close()


def case_site_who_anonymous(binaries):
    """Who is anonymous sees nobody."""
    from cases.policy import anonymous
    server = Daemon(binaries, CLEAR)
    server.config["anonymous"] = anonymous(server)
    server.write_config()
    with server, Client(server.port) as one, Client(server.port) as two:
        for client in (one, two):
            client.login("anonymous", "me@")
        assert one.cmd("SITE WHO", 200).text.count("127.0.0.1") == 1


def case_login_message(binaries):
    """login_message is the reply to a login, by host and by user."""
    config = {"login_message": "Welcome.\nBe quiet.\n",
              "users": [{"name": "bob", "login_message": "Hello, bob"}],
              **CLEAR}
    with Daemon(binaries, config, users=("alice", "bob")) as server:
        for user, text in (("alice", "Welcome.\nBe quiet."),
                           ("bob", "Hello, bob")):
            with Client(server.port) as client:
                client.cmd("USER " + user, 331)
                assert client.cmd("PASS " + PASSWORD, 230).text == text
                client.cmd("PWD", 257)
