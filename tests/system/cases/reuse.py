"""The data connection must resume the control connection's session."""

import shutil
import ssl

from client import Client, finish
from daemon import Daemon, random_bytes, wait_for

VARIANTS = [(version, tickets) for version in ("1.2", "1.3")
            for tickets in (False, True)]


def config_of(tickets, **more):
    tls = {"session_tickets": tickets}
    tls.update(more)
    return {"tls": tls}


def refused(client, session):
    """A transfer whose data connection must be refused with 150, then 522."""
    data = client.passive()
    client.cmd("RETR file", 150)
    try:
        data = client.wrap_data(data, session)
        data.recv(100)
    except (ssl.SSLError, ConnectionError):
        pass
    data.close()
    reply = client.reply()
    assert reply.code == 522, reply
    client.cmd("NOOP", 200)


def case_refused_then_lives_on(binaries):
    """A full or foreign session gets 150 and 522 once; the login lives on."""
    for version, tickets in VARIANTS:
        with Daemon(binaries, config_of(tickets)) as server:
            with Client(server.port, version=version) as client, \
                    Client(server.port, context=client.context) as other:
                client.auth().login()
                other.auth().login()
                client.stor("file", b"contents")
                other.listing("NLST")
                refused(client, None)
                refused(client, other.socket.session)
                assert client.retr("file") == b"contents"
                client.cmd("QUIT", 221)


def case_hundred_transfers(binaries):
    """100 transfers in one login; each TLS 1.3 ticket is used once."""
    for version, tickets in VARIANTS:
        with Daemon(binaries, config_of(tickets)) as server:
            with Client(server.port, version=version) as client:
                client.auth().login()
                client.stor("file", random_bytes(1000))
                used = set()
                for _ in range(100):
                    session = client.socket.session
                    if version == "1.3":
                        assert session.id not in used, \
                            "no fresh ticket after a transfer"
                        used.add(session.id)
                    data = client.open_data("RETR file")
                    assert client.resumed(data)
                    assert len(client.read_data(data)) == 1000
                    assert client.reply().code == 226


def case_dropped_data_connections(binaries):
    """Data connections dropped without close_notify spoil nothing."""
    for version, tickets in VARIANTS:
        with Daemon(binaries, config_of(tickets)) as server:
            with Client(server.port, version=version) as client:
                client.auth().login()
                client.stor("file", random_bytes(100000))
                for _ in range(100):
                    data = client.open_data("RETR file")
                    assert client.resumed(data)
                    data.recv(10)
                    data.close()
                    reply = client.reply()
                    assert reply.code in (226, 426), reply
                data = client.open_data("RETR file")
                assert client.resumed(data)
                assert len(client.read_data(data)) == 100000
                assert client.reply().code == 226


def case_long_login(binaries):
    """A login longer than session_cache.timeout still transfers."""
    servers = []
    try:
        for version, tickets in VARIANTS:
            config = config_of(tickets,
                               session_cache={"type": "lmdb",
                                              "size": "16MiB",
                                              "timeout": "2s"})
            server = Daemon(binaries, config)
            server.start()
            client = Client(server.port, version=version).auth().login()
            client.stor("file", b"x" * 5000)
            servers.append((server, client))
        began = [client.cmd("NOOP", 200) for _, client in servers]
        assert began
        pause(6)
        for server, client in servers:
            for _ in range(3):
                assert len(client.retr("file")) == 5000
            client.close()
            server.stop()
            server.check_log()
    finally:
        for server, _ in servers:
            if server.process is not None:
                server.stop()
            shutil.rmtree(server.folder)


case_long_login.idle = True


def pause(seconds):
    """The one thing here that is about time passing: lifetimes."""
    wait_for(lambda: False, seconds)


def case_resumed_control(binaries):
    """A control connection that itself resumed makes 10 transfers."""
    for version, tickets in VARIANTS:
        with Daemon(binaries, config_of(tickets)) as server:
            with Client(server.port, version=version) as first:
                first.auth().login()
                # Tickets that come later belong to this login alone.
                session = first.socket.session
                first.stor("file", b"y" * 100)
                first.cmd("QUIT", 221)
            client = again(server, first.context, session)
            with client:
                for _ in range(10):
                    data = client.open_data("RETR file")
                    assert client.resumed(data)
                    assert client.read_data(data) == b"y" * 100
                    assert client.reply().code == 226


def again(server, context, session):
    """A second login that resumes the session of the first."""

    def connect():
        client = Client(server.port, context=context)
        client.auth(session)
        if client.socket.session_reused:
            return client
        client.close()
        return None

    # The keeper stores in batches: the first try may be a moment too early.
    client = wait_for(connect, 10)
    assert client, "the control connection never resumed"
    return client.login()


def case_across_workers(binaries):
    """Sessions of one worker resume on the other, cache and tickets."""
    for version, tickets in VARIANTS:
        with Daemon(binaries, config_of(tickets)) as server:
            with Client(server.port, version=version) as first:
                first.auth().login()
                session = first.socket.session
                first.cmd("NOOP", 200)
                session = first.socket.session
            workers = set()
            for _ in range(60):
                client = again(server, first.context, session)
                with client:
                    workers |= {worker["slot"] for worker in
                                server.ctl("status")["workers"]
                                if worker["sessions"] > 0}
                    session = client.socket.session
                if len(workers) == 2:
                    break
            assert len(workers) == 2, workers


def case_not_across_hosts(binaries):
    """A session of one virtual host does not resume on another."""
    for version, tickets in VARIANTS:
        server = Daemon(binaries, config_of(tickets))
        hosts = [{"name": name, "tls": dict(server.config["tls"]),
                  "auth": dict(server.config["auth"])}
                 for name in ("a.test", "b.test")]
        server.config["hosts"] = hosts
        server.write_config()
        with server:
            with Client(server.port, version=version,
                        name="a.test") as first:
                first.auth().login()
                session = first.socket.session
                first.listing("NLST")
            for name, wanted in (("b.test", False), ("a.test", True)):
                def resumes():
                    with Client(server.port, context=first.context,
                                name=name) as client:
                        client.auth(session)
                        return client.socket.session_reused
                if wanted:
                    assert wait_for(resumes, 10), "a.test does not resume"
                else:
                    assert not resumes(), "b.test resumes a.test's session"


def case_cache_off(binaries):
    """With the cache off and tickets off, transfers still work."""
    for version in ("1.2", "1.3"):
        config = config_of(False, session_cache="off")
        with Daemon(binaries, config) as server:
            with Client(server.port, version=version) as client:
                client.auth().login()
                client.stor("file", b"z")
                assert client.retr("file") == b"z"


def case_abrupt_upload_end(binaries):
    """An upload without close_notify is 426 and leaves the old file."""
    with Daemon(binaries) as server:
        with Client(server.port) as client:
            client.auth().login()
            client.stor("file", b"old contents")
            data = client.open_data("STOR file")
            data.sendall(b"half of the new")
            # The raw socket goes, TLS says nothing.
            raw = data.detach()
            __import__("os").close(raw)
            assert client.reply().code == 426
            assert client.retr("file") == b"old contents"
            assert client.listing("NLST -a") == b"file\r\n"
            data = client.open_data("STOR file")
            data.sendall(b"new")
            finish(data)
            assert client.reply().code == 226
            assert client.retr("file") == b"new"
