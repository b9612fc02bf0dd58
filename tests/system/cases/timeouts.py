"""Timeouts of sessions, each with its reply, and TCP's keep-alive."""

import os
import time

from client import Client
from daemon import Daemon, wait_for

CLEAR = {"tls": {"required": "off"}}
BIG = 12 << 20  # more than the sockets between the two take


def told(client, key):
    """The session ends by itself with 421 that names the key."""
    reply = client.reply()
    assert reply.code == 421 and f"({key})" in reply.text, reply
    assert client.at_end()


def timed(**timeouts):
    return {"timeouts": timeouts, **CLEAR}


def case_login(binaries):
    """Nobody has logged in: whatever else was said."""
    with Daemon(binaries, timed(login="1s")) as server:
        with Client(server.port) as client:
            client.cmd("NOOP", 200)
            client.cmd("USER alice", 331)
            told(client, "timeouts.login")
        with Client(server.port).login() as client:
            with Client(server.port) as other:
                told(other, "timeouts.login")
            client.cmd("PWD", 257)


def case_login_after_host(binaries):
    """The chosen host's time counts, from the connection's beginning."""
    server = Daemon(binaries, timed(login="60s"))
    server.config["defaults"] = {key: server.config[key]
                                 for key in ("tls", "auth", "timeouts")}
    server.config["hosts"] = [{"name": "a.test", "timeouts": {"login": "1s"}},
                              {"name": "b.test"}]
    server.write_config()
    with server:
        with Client(server.port) as client:
            client.cmd("HOST a.test", 220)
            told(client, "timeouts.login")
        with Client(server.port, name="a.test").auth() as client:
            told(client, "timeouts.login")
        with Client(server.port) as client:
            client.cmd("HOST a.test", 220)
            client.cmd("HOST b.test", 220)
            with Client(server.port) as other:
                other.cmd("HOST a.test", 220)
                told(other, "timeouts.login")
            client.login()


def case_idle(binaries):
    """No command; a transfer, however slow, is none of that."""
    with Daemon(binaries, timed(idle="1s")) as server:
        with Client(server.port).login() as client:
            told(client, "timeouts.idle")
        with Client(server.port).login() as client:
            client.stor("big", b"x" * BIG)
            data = client.open_data("RETR big")
            with Client(server.port).login() as other:
                told(other, "timeouts.idle")
            # It has been silent for longer than the other one.
            client.cmd("NOOP", 200)
            assert len(client.read_data(data)) == BIG
            assert client.reply().code == 226
            client.cmd("NOOP", 200)
            told(client, "timeouts.idle")


def case_no_transfer(binaries):
    """Commands alone do not keep a session; transfers do."""
    with Daemon(binaries, timed(no_transfer="1s")) as server:
        with Client(server.port).login() as busy, \
                Client(server.port).login() as idle:
            busy.stor("big", b"x" * BIG)
            data = busy.open_data("RETR big")
            try:
                while True:
                    reply = idle.cmd("NOOP")
                    if reply.code == 421:
                        break
                    assert reply.code == 200
                assert "(timeouts.no_transfer)" in reply.text
            except (ConnectionError, EOFError):
                server.wait_log("told 421 .*timeouts.no_transfer")
            assert len(busy.read_data(data)) == BIG
            assert busy.reply().code == 226
            # The time begins anew at its end.
            began = time.monotonic()
            told(busy, "timeouts.no_transfer")
            assert time.monotonic() - began > 0.8


def case_session(binaries):
    """All ends at last: between commands, and in a transfer."""
    with Daemon(binaries, timed(session="2s")) as server:
        with Client(server.port).login() as client, \
                Client(server.port).login() as other:
            client.stor("big", b"x" * BIG)
            data = client.open_data("RETR big")
            upload = other.open_data("STOR up")
            upload.sendall(b"half")
            for session in (client, other):
                assert session.reply().code == 426
                told(session, "timeouts.session")
            data.close()
            upload.close()
            assert not os.path.exists(os.path.join(server.home, "up"))
        with Client(server.port).login() as client:
            told(client, "timeouts.session")
        # REIN and a further login do not make it longer.
        with Client(server.port).login() as client:
            try:
                while True:
                    reply = client.cmd("REIN")
                    if reply.code == 421:
                        break
                    client.login()
                assert "(timeouts.session)" in reply.text, reply
            except (ConnectionError, EOFError, AssertionError):
                server.wait_log("told 421 .*timeouts.session")


def case_by_user(binaries):
    """Users may have their own; 0 is for ever."""
    config = timed(no_transfer="1s", session="1s")
    config["users"] = [{"name": "alice", "timeouts": {"no_transfer": "0s",
                                                      "session": "0s"}},
                       {"name": "carl", "timeouts": {"session": "0s"}}]
    with Daemon(binaries, config, users=("alice", "bob", "carl")) as server:
        with Client(server.port).login() as alice:
            with Client(server.port).login("bob") as bob, \
                    Client(server.port).login("carl") as carl:
                told(bob, "timeouts.session")
                told(carl, "timeouts.no_transfer")
            alice.cmd("PWD", 257)


def timer(port):
    """What the kernel's timer of a connection to that port is for."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            field = line.split()
            if field[1].endswith(f":{port:04X}") and field[3] == "01":
                kind, when = field[5].split(":")
                return int(kind), int(when, 16) / 100
    raise AssertionError("no such connection")


def case_keepalive(binaries):
    """TCP probes silent control connections, from a reload on, too."""
    config = {"keepalive": {"idle": "50s"}, **CLEAR}
    with Daemon(binaries, config) as server:
        def probed_within(low, high):
            """Of a new connection, once its last reply is acknowledged."""
            with Client(server.port).login():
                return wait_for(lambda: timer(server.port)[0] != 1, 10) and \
                    low <= timer(server.port)[1] <= high

        assert probed_within(40, 50)
        server.config["keepalive"]["idle"] = "300s"
        server.write_config()
        server.ctl("reload")
        assert wait_for(lambda: probed_within(250, 300), 20)
        server.config["keepalive"]["idle"] = "0s"
        server.write_config()
        server.ctl("reload")
        assert wait_for(lambda: probed_within(0, 0), 20)
