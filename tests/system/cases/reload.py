"""SIGHUP and ftpsctl reload."""

import os
import signal
import subprocess
import threading

from cases.faults import Load
from client import Client
from daemon import Daemon, make_certificate, random_bytes, wait_for


def generation(server):
    return server.ctl("status")["generation"]


def case_under_load(binaries):
    """SIGHUP while files move: neither a transfer nor a session breaks."""
    with Daemon(binaries) as server:
        load = Load(server, 4)
        try:
            server.process.send_signal(signal.SIGHUP)
            assert wait_for(lambda: generation(server) > 1, 30)
            load.wait_progress(8)
        finally:
            load.end()
        assert not load.failures, load.failures
        load.check_files()


def case_broken_changes_nothing(binaries):
    """A broken configuration or certificate changes nothing and says why."""
    with Daemon(binaries) as server:
        server.expect_log("reload|configuration|certificate|ftpsd.yaml|pem")
        client = Client(server.port).auth().login()
        client.stor("file", b"before")
        good = open(server.config_path, encoding="utf-8").read()
        other_cert, _ = make_certificate(server.folder, "other")
        for text in (good + "\nnonsense_key: 1\n", "{", "",
                     good.replace(server.cert, other_cert),
                     good.replace(server.cert, server.cert + ".missing")):
            server.write_config(text)
            before = generation(server)
            done = server.ctl("reload", check=False, json_output=False)
            assert done.returncode != 0, done
            assert (done.stdout + done.stderr).strip(), "no reason was given"
            assert generation(server) == before
            assert client.retr("file") == b"before"
            with Client(server.port) as fresh:
                fresh.auth().login()
        server.write_config(good)
        server.ctl("reload")
        assert generation(server) > before
        assert client.retr("file") == b"before"
        client.close()


def subject(server):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
         "-starttls", "ftp"], input=b"QUIT\r\n", capture_output=True,
        timeout=60, check=False)
    return done.stdout.decode("utf-8", "replace")


def case_new_certificate(binaries):
    """A renewed certificate is served after reload; old sessions live on."""
    with Daemon(binaries) as server:
        client = Client(server.port).auth().login()
        assert "renewed.test" not in subject(server)
        make_certificate(server.folder, "server", "renewed.test")
        server.ctl("reload")
        assert wait_for(lambda: "renewed.test" in subject(server), 20)
        client.stor("file", b"x")
        client.close()


def case_tickets_survive(binaries):
    """Stateless tickets resume after a reload, TLS 1.2 and 1.3."""
    for version in ("1.2", "1.3"):
        config = {"tls": {"session_tickets": True}}
        with Daemon(binaries, config) as server:
            with Client(server.port, version=version) as client:
                client.auth().login()
                client.stor("file", b"x")
                client.cmd("NOOP", 200)
                session = client.socket.session
            before = generation(server)
            server.ctl("reload")
            assert wait_for(lambda: generation(server) > before, 20)
            with Client(server.port, context=client.context) as again:
                again.auth(session)
                assert again.socket.session_reused
                again.login()
                assert again.retr("file") == b"x"


def case_drain(binaries):
    """Old sessions run on, are told 421 at drain_time, and old workers go."""
    with Daemon(binaries, {"drain_time": "1s"}) as server:
        client = Client(server.port).auth().login()
        old = server.processes("worker")
        server.ctl("reload")
        assert client.reply().code == 421
        assert client.at_end()
        client.close()
        assert wait_for(lambda: not set(old) & set(server.processes("worker")),
                        30)
        with Client(server.port) as fresh:
            fresh.auth().login()


def case_many_signals(binaries):
    """A storm of SIGHUP is coalesced; at most two generations live."""
    with Daemon(binaries) as server:
        client = Client(server.port).auth().login()
        for _ in range(300):
            server.process.send_signal(signal.SIGHUP)
        assert wait_for(lambda: generation(server) > 1, 30)
        # The answer comes when nothing is left to do, so that no third
        # generation ends the next session.
        server.ctl("reload")
        assert wait_for(lambda: len(server.processes("worker")) <= 4, 30)
        with Client(server.port) as fresh:
            fresh.auth().login()
            fresh.stor("f", b"x")
        client.close()


def case_needs_restart(binaries):
    """A key that needs a restart is refused at reload, by name."""
    with Daemon(binaries) as server:
        server.expect_log("restart|reload|workers")
        server.config["workers"] = 3
        server.write_config()
        done = server.ctl("reload", check=False, json_output=False)
        assert done.returncode != 0
        assert "workers" in done.stdout + done.stderr
        assert "restart" in done.stdout + done.stderr


def case_stop_lets_transfers_finish(binaries):
    """SIGTERM: a running download ends whole, an idle session gets 421."""
    server = Daemon(binaries, {"grace_time": "30s"})
    with server:
        contents = random_bytes(20_000_000, 2)
        path = os.path.join(server.home, "big")
        with open(path, "wb") as out:
            out.write(contents)
        os.chmod(path, 0o644)
        idle = Client(server.port).auth().login()
        busy = Client(server.port).auth().login()
        data = busy.open_data("RETR big")
        first = data.recv(1000)
        stopper = threading.Thread(target=server.stop, args=(signal.SIGTERM,))
        stopper.start()
        assert idle.reply().code == 421
        got = first + busy.read_data(data)
        assert got == contents, len(got)
        assert busy.reply().code == 226
        stopper.join(60)
        idle.close()
        busy.close()


def case_ctl_stop(binaries):
    """ftpsctl stop ends the server."""
    with Daemon(binaries) as server:
        server.ctl("stop")
        server.process.wait(30)
