"""Logging in, and being refused."""

import statistics
import time

from client import Client
from daemon import crypt_hash, Daemon, PASSWORD, sanitized


def case_required(binaries):
    """USER in clear where TLS is required: 530 that names AUTH TLS."""
    with Daemon(binaries) as server:
        with Client(server.port) as client:
            reply = client.cmd("USER alice")
            assert reply.code == 530 and "AUTH TLS" in reply.text, reply
            client.cmd("FEAT", 211)
            client.auth().login()
            client.cmd("PROT C", 534)


def case_wrong_password(binaries):
    """Unknown user and wrong password look the same; three tries."""
    with Daemon(binaries) as server:
        texts = set()
        with Client(server.port) as client:
            client.auth()
            for user in ("alice", "nobody"):
                texts.add(client.cmd("USER " + user, 331).text.replace(
                    user, "X"))
                texts.add("P" + client.cmd("PASS bad", 530).text)
            client.cmd("USER alice", 331)
            reply = client.cmd("PASS bad")
            assert reply.code in (421, 530), reply
            assert client.at_end()
        assert len(texts) == 2, texts


def case_equal_time(binaries):
    """Unknown user and wrong password take the same time (medians)."""
    if sanitized(binaries):
        from run import Skip
        raise Skip("the sanitizer changes times")
    with Daemon(binaries, {"limits": {"login_attempts": 100}}) as server:
        server.write_users({"alice": crypt_hash(
            PASSWORD, "$6$rounds=5000$saltsalt$")})
        for attempt in range(4):
            known, unknown = median_times(server, 200)
            ratio = unknown / known
            if 0.95 <= ratio <= 1.05:
                print(f"medians differ by {abs(ratio - 1) * 100:.1f} %, "
                      f"try {attempt + 1}")
                return
        raise AssertionError(f"unknown : known = {ratio:.3f}")


def median_times(server, count):
    """Of failed logins of a known and of an unknown user, alternating."""
    taken = {"alice": [], "nobody": []}
    while len(taken["alice"]) < count:
        with Client(server.port) as client:
            client.auth()
            for _ in range(40):
                for user, times in taken.items():
                    client.cmd("USER " + user, 331)
                    began = time.monotonic()
                    client.cmd("PASS bad", 530)
                    times.append(time.monotonic() - began)
    return [statistics.median(times) for times in taken.values()]


def case_refused_accounts(binaries):
    """uid 0, locked hashes, empty passwords and low uids never log in."""
    with Daemon(binaries) as server:
        good = crypt_hash(PASSWORD)
        server.write_users({"alice": good}, extra=(
            f"zero:{good}:0:0::{server.home}:/bin/sh\n"
            f"low:{good}:33:33::{server.home}:/bin/sh\n"
            f"locked:!{good}:61001:61001::{server.home}:/bin/sh\n"
            f"empty::61001:61001::{server.home}:/bin/sh\n"
            f"gone:{good}:61001:61001::{server.folder}/none:/bin/sh\n"
            "# a comment\n"))
        for user in ("zero", "low", "locked", "empty", "gone"):
            with Client(server.port) as client:
                client.auth()
                client.cmd("USER " + user, 331)
                reply = client.cmd("PASS " + PASSWORD)
                assert reply.code == 530, (user, reply)
                client.cmd("USER " + user, 331)
                reply = client.cmd("PASS ")
                assert reply.code in (530, 501), (user, reply)


def case_implicit_needs_no_auth(binaries):
    """On an implicit listener AUTH is 503 and PROT P is the default."""
    with Daemon(binaries) as server:
        with Client(server.implicit_port, implicit=True) as client:
            client.cmd("AUTH TLS", 503)
            client.cmd("USER alice", 331)
            client.cmd("PASS " + PASSWORD, 230)
            client.protected = True
            assert client.listing("NLST") == b""


def case_anonymous(binaries):
    """Anonymous sessions are read-only."""
    import os
    server = Daemon(binaries)
    pub = os.path.join(server.folder, "pub")
    os.mkdir(pub, 0o755)
    with open(os.path.join(pub, "hello"), "w", encoding="ascii") as out:
        out.write("hi")
    os.chmod(os.path.join(pub, "hello"), 0o644)
    server.config["anonymous"] = {"enabled": True, "directory": pub,
                                  "user": "games"}
    server.write_config()
    with server:
        with Client(server.port) as client:
            client.auth().login("anonymous", "me@example.test")
            assert client.retr("hello") == b"hi"
            assert client.cmd("MKD x").code in (550, 553)
            assert client.cmd("DELE hello").code in (550, 553)
            assert b"hello" in client.listing("LIST")


def case_idle_timeout(binaries):
    """Idle sessions are told 421 and closed."""
    with Daemon(binaries, {"timeouts": {"idle": "1s"}}) as server:
        with Client(server.port) as client:
            client.auth().login()
            assert client.reply().code == 421
            assert client.at_end()


def case_login_timeout(binaries):
    """A client that does not log in is told 421 and closed."""
    with Daemon(binaries, {"timeouts": {"login": "1s"}}) as server:
        with Client(server.port) as client:
            client.auth()
            assert client.reply().code == 421
            assert client.at_end()
