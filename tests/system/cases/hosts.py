"""Virtual hosts: by address and port, by SNI, by HOST."""

import os
import re
import ssl
import time

from client import Client, tls_context
from daemon import (PASSWORD, Daemon, crypt_hash, free_port, make_certificate,
                    sanitized)


class Hosts:
    """A server with hosts a.test and b.test, each with a certificate."""

    def __init__(self, binaries, tls=None, more=()):
        self.server = Daemon(binaries, {"tls": {"required": "off",
                                                **(tls or {})}})
        self.server.config["banner"] = "default"
        self.server.config["hosts"] = [self.host("a"), self.host("b"), *more]
        self.server.write_config()

    def host(self, letter, **more):
        folder = self.server.folder
        cert, key = make_certificate(folder, letter, subject=letter + ".test")
        users = os.path.join(folder, "users-" + letter)
        with open(users, "w", encoding="ascii") as out:
            fields = open(self.server.users_path, encoding="ascii").read()
            out.write(fields.replace("alice:", letter + "lice:", 1))
        os.chmod(users, 0o600)
        host = {"name": letter + ".test", "names": ["www." + letter + ".test"],
                "banner": "host " + letter + "\nsecond line",
                "auth": {"order": ["file"], "users_file": users},
                "tls": {"engine": True, "required": "off",
                        "certificates": [{"cert": cert, "key": key}]}}
        for key, value in more.items():
            host[key] = value
        return host

    def __enter__(self):
        return self.server.__enter__()

    def __exit__(self, *reason):
        return self.server.__exit__(*reason)


def subject(client):
    """The name in the certificate that the server has shown."""
    der = client.socket.getpeercert(True)
    for name in (b"a.test", b"b.test", b"c.test", b"localhost"):
        if name in der:
            return name.decode()
    raise AssertionError("an unknown certificate")


def refused(port, name, alert, before=()):
    """The TLS handshake that names that host ends in the alert."""
    with Client(port, name=name) as client:
        for command in before:
            client.cmd(command, (220, 230, 331))
        client.cmd("AUTH TLS", 234)
        try:
            client.wrap()
        except ssl.SSLError as error:
            assert alert in str(error).lower().replace("_", " "), error
            return
        raise AssertionError(f"{name} was not refused")


def case_host_replies(binaries):
    """HOST before the login: 220, 501, 503, 504."""
    with Hosts(binaries) as server:
        with Client(server.port) as client:
            assert " HOST\n" in client.cmd("FEAT", 211).text
            for text in ("", " ", " a.test:21", " [::1]:21", " a..test",
                         " 1.2.3", " [127.0.0.1]", " a.test x", " ::1",
                         " -a.test", " " + "a" * 300):
                client.cmd("HOST" + text, 501)
            for text in ("c.test", "192.0.2.1", "[::1]", "default"):
                client.cmd("HOST " + text, 504)
            reply = client.cmd("HOST A.Test.", 220)
            assert reply.text == "host a\nsecond line", reply
            assert client.cmd("HOST www.b.test", 220).text.startswith("host b")
            assert client.cmd("host b.test", 220).text.startswith("host b")
            assert client.cmd("HOST 127.0.0.1", 220).text == "default"
            client.cmd("HOST a.test", 220)
            client.cmd("USER alice", 331)
            client.cmd("HOST b.test", 503)
            client.cmd("PASS " + PASSWORD, 230)
            client.cmd("HOST a.test", 503)
        server.wait_log("HOST c.test: no such host")


def case_host_switches(binaries):
    """HOST changes accounts, policy and limits; a new one may follow."""
    hosts = Hosts(binaries)
    server = hosts.server
    first, second = server.config["hosts"]
    first["tls"]["required"] = "on"
    second["limits"] = {"sessions_per_host": 1}
    server.write_config()
    server.write_users({"alice": crypt_hash("other")})
    with server:
        with Client(server.port) as client:
            client.cmd("HOST a.test", 220)
            client.cmd("USER alice", 530)
            client.cmd("HOST b.test", 220)
            client.cmd("USER blice", 331)
            client.cmd("PASS " + PASSWORD, 230)
            with Client(server.port) as other:
                reply = other.cmd("HOST b.test", 421)
                assert "limits.sessions_per_host" in reply.text, reply
                assert other.at_end()
        with Client(server.port) as client:
            client.cmd("HOST a.test", 220)
            client.auth()
            assert subject(client) == "a.test"
            client.login()


def case_host_and_sni(binaries):
    """HOST and the server name must not contradict each other."""
    for version in ("1.2", "1.3"):
        with Hosts(binaries) as server:
            with Client(server.port, name="a.test", version=version) as client:
                client.cmd("HOST a.test", 220)
                client.auth()
                assert subject(client) == "a.test"
                client.cmd("HOST A.TEST", 220)
                client.cmd("HOST www.a.test", 504)
                client.cmd("HOST b.test", 504)
                client.cmd("HOST 127.0.0.1", 504)
                client.cmd("HOST a.test:1", 501)
                client.cmd("USER alice", 331)
                client.cmd("HOST a.test", 503)
            with Client(server.port, version=version) as client:
                client.auth()
                client.cmd("HOST a.test", 503)
                client.cmd("HOST 127.0.0.1", 503)
            with Client(server.implicit_port, implicit=True) as client:
                client.cmd("HOST a.test", 503)
            with Client(server.implicit_port, implicit=True,
                        name="a.test") as client:
                client.cmd("HOST a.test", 220)
                client.cmd("HOST b.test", 504)
            with Client(server.port, name="c.test", version=version) as client:
                client.auth()
                assert subject(client) == "localhost"
                client.cmd("HOST c.test", 504)
                client.cmd("HOST a.test", 504)
            with Client(server.port, name="www.a.test",
                        version=version) as client:
                client.cmd("HOST a.test", 220)
                client.auth()
                assert subject(client) == "a.test"
            for name in ("b.test", "c.test"):
                refused(server.port, name, "access denied", ["HOST a.test"])
            refused(server.port, "a.test", "access denied",
                    ["HOST 127.0.0.1"])
            server.wait_log("not the host that was chosen before")


def case_sni_after_login(binaries):
    """A login stays on its host, whatever AUTH names then."""
    hosts = Hosts(binaries)
    config = hosts.server.config
    for host in (config, *config["hosts"]):
        host["tls"]["options"] = ["AllowPerUser"]
    hosts.server.write_config()
    with hosts as server:
        login = ["USER alice", "PASS " + PASSWORD]
        refused(server.port, "a.test", "access denied", login)
        for name in (None, "c.test"):
            with Client(server.port, name=name) as client:
                client.login()
                client.auth()
                assert subject(client) == "localhost"
                client.cmd("PWD", 257)


def case_sni(binaries):
    """The server name chooses; unknown ones and addresses do not."""
    with Hosts(binaries) as server:
        for name, shown in (("a.test", "a.test"), ("WWW.B.Test", "b.test"),
                            (None, "localhost"), ("c.test", "localhost"),
                            ("127.0.0.1", "localhost")):
            for port in (server.port, server.implicit_port):
                implicit = port == server.implicit_port
                with Client(port, name=name, implicit=implicit) as client:
                    if not implicit:
                        client.auth()
                    assert subject(client) == shown, name
                    if implicit and shown != "localhost":
                        assert client.greeting.text.startswith("host ")
        server.wait_log('unknown server name "c.test"')
        assert 'unknown server name "127.0.0.1"' not in server.log()


def case_sni_of_data(binaries):
    """What a data connection names changes nothing: the login's host counts."""
    options = {"options": ["NoSessionReuseRequired"]}
    for version in ("1.2", "1.3"):
        hosts = Hosts(binaries)
        hosts.server.config["hosts"][1]["tls"].update(options)
        hosts.server.write_config()
        with hosts as server:
            with Client(server.port, version=version) as client:
                client.auth().login()
                client.name = "b.test"
                client.stor("f", b"1")
                assert client.retr("f") == b"1"
                data = client.open_data("RETR f", session=None)
                assert b"localhost" in data.getpeercert(True)
                data.close()
                assert client.reply().code == 522
                client.name = "c.test"
                assert client.retr("f") == b"1"


def case_strict_sni(binaries):
    """tls.strict_sni refuses unknown names where there are names at all."""
    for version in (None, "1.2"):
        hosts = Hosts(binaries, {"strict_sni": True})
        own = hosts.host("c")
        own["listen"] = [{"address": "127.0.0.1", "port": free_port()}]
        own["tls"]["strict_sni"] = True
        lone = {"banner": "nameless", "tls": {**hosts.server.config["tls"]},
                "listen": [{"address": "127.0.0.1", "port": free_port()}]}
        hosts.server.config["hosts"] += [own, lone]
        hosts.server.write_config()
        with hosts as server:
            refused(server.port, "nobody.test", "unrecognized name")
            refused(server.port, "c.test", "unrecognized name")
            port = own["listen"][0]["port"]
            refused(port, "a.test", "unrecognized name")
            for name in (None, "127.0.0.1", "a.test"):
                with Client(server.port, name=name, version=version) as client:
                    client.auth()
            with Client(port, name="c.test", version=version) as client:
                client.auth()
                assert subject(client) == "c.test"
            port = lone["listen"][0]["port"]
            with Client(port, name="nobody.test", version=version) as client:
                client.auth()
            server.wait_log(r"no host has the server name \(tls.strict_sni\)")


def case_ignore_sni(binaries):
    """IgnoreSNI: names in the handshake count for nothing."""
    options = {"options": ["IgnoreSNI"], "strict_sni": True}
    with Hosts(binaries, options) as server:
        for name in ("a.test", "c.test"):
            with Client(server.port, name=name) as client:
                client.auth()
                assert subject(client) == "localhost"
                client.cmd("HOST " + name, 503)
        with Client(server.port, name="b.test") as client:
            client.cmd("HOST a.test", 220)
            client.auth()
            assert subject(client) == "a.test"


def case_engine_off(binaries):
    """A host without TLS: unrecognized_name, and AUTH unknown after HOST."""
    hosts = Hosts(binaries)
    hosts.server.config["hosts"][0]["tls"] = {"engine": False}
    hosts.server.write_config()
    with hosts as server:
        refused(server.port, "a.test", "unrecognized name")
        with Client(server.port) as client:
            client.cmd("HOST a.test", 220)
            client.cmd("AUTH TLS", 500)
            assert "AUTH" not in client.cmd("FEAT", 211).text
            client.cmd("HOST b.test", 220)
            client.auth()
            assert subject(client) == "b.test"


def case_versions_by_host(binaries):
    """The versions of the named host count, not those of the listener's."""
    hosts = Hosts(binaries)
    hosts.server.config["hosts"][0]["tls"]["protocol"] = ["TLSv1.3"]
    hosts.server.write_config()
    with hosts as server:
        with Client(server.port, name="a.test", version="1.2") as client:
            client.cmd("AUTH TLS", 234)
            try:
                client.wrap()
                raise AssertionError("TLS 1.2 was accepted")
            except ssl.SSLError as error:
                assert "protocol version" in str(error).lower().replace(
                    "_", " "), error
        with Client(server.port, name="a.test", version="1.3") as client:
            client.auth()
        with Client(server.port, name="b.test", version="1.2") as client:
            client.auth()


def case_by_address_and_port(binaries):
    """A listener of its own shows its host to those who name none."""
    hosts = Hosts(binaries)
    port = free_port()
    own = hosts.host("c")
    own["listen"] = [{"address": "127.0.0.1", "port": port},
                     {"address": "127.0.0.2", "port": hosts.server.port}]
    hosts.server.config["hosts"].append(own)
    hosts.server.write_config()
    with hosts as server:
        for address, at in (("127.0.0.1", port), ("127.0.0.2", server.port)):
            for name in (None, "c.test", "a.test"):
                with Client(at, host=address, name=name) as client:
                    assert client.greeting.text.startswith("host c")
                    client.cmd("HOST a.test", 504)
                    client.cmd("HOST " + address, 220)
                    client.cmd("HOST c.test", 220)
            with Client(at, host=address) as client:
                client.auth()
                assert subject(client) == "c.test"
                client.login("clice")
        with Client(server.port) as client:
            client.cmd("HOST c.test", 504)


def case_only_where_it_listens(binaries):
    """The name of a host is no way to it from an address it is not on."""
    hosts = Hosts(binaries)
    inside, outside = free_port(), free_port()
    wide, narrow = hosts.host("c"), hosts.server.config["hosts"][0]
    del wide["name"], wide["names"]
    wide["listen"] = [{"address": "127.0.0.1", "port": inside},
                      {"address": "127.0.0.1", "port": outside}]
    narrow["listen"] = [{"address": "127.0.0.1", "port": inside}]
    hosts.server.config["hosts"].append(wide)
    hosts.server.write_config()
    with hosts as server:
        for port, code, shown in ((inside, 220, "a.test"),
                                  (outside, 504, "c.test"),
                                  (server.port, 504, "localhost")):
            with Client(port, name="a.test") as client:
                client.auth()
                assert subject(client) == shown, port
            with Client(port) as client:
                client.cmd("HOST a.test", code)


def resumes(server, name, context, session):
    """Whether a session is resumed at that host."""
    with Client(server.port, name=name, context=context) as client:
        client.auth(session)
        client.cmd("NOOP", 200)
        reused = client.socket.session_reused
        return reused, client.socket.session


def case_sessions_stay_on_their_host(binaries):
    """No session of one host resumes on another, however it is kept."""
    for version in ("1.2", "1.3"):
        for tickets in (False, True):
            hosts = Hosts(binaries)
            config = hosts.server.config
            for host in (config, *config["hosts"]):
                host["tls"]["session_tickets"] = tickets
            hosts.server.write_config()
            with hosts as server:
                for origin in ("a.test", "b.test", None):
                    context = tls_context(version)
                    for name in ("a.test", "b.test", None):
                        reused, session = resumes(server, origin, context,
                                                  None)
                        assert not reused
                        reused, _ = resumes(server, name, context, session)
                        what = (version, tickets, origin, name)
                        assert reused == (name == origin), what


def case_five_thousand_hosts(binaries):
    """5,000 hosts, a certificate each: made when first used, and their own."""
    count = 500 if sanitized(binaries) else 5000
    kinds = 50  # certificates; making 5,000 takes longer than serving them
    server = Daemon(binaries, {"tls": {"required": "off"}, "workers": 1})
    pairs = [make_certificate(server.folder, f"p{n}", subject=f"p{n}.test")
             for n in range(kinds)]
    server.config["hosts"] = []
    for number in range(count):
        cert, key = pairs[number % kinds]
        own = os.path.join(server.folder, f"h{number}.pem")
        with open(own, "w", encoding="ascii") as out:
            out.write(open(cert, encoding="ascii").read())
            out.write(open(key, encoding="ascii").read())
        os.chmod(own, 0o600)
        server.config["hosts"].append(
            {"name": f"h{number}.test",
             "tls": {"engine": True, "required": "off",
                     "session_tickets": number % 4 > 1,
                     "certificates": [{"cert": own}]}})
    server.write_config()
    began = time.monotonic()
    with server:
        print(f"{count} hosts: ready after {time.monotonic() - began:.1f} s")
        assert "context" not in contexts(server), contexts(server)
        chosen = [(7 * n * n + n) % count for n in range(60)]
        for number in chosen:
            context = tls_context("1.2" if number % 2 else "1.3")
            name = f"h{number}.test"
            reused, session = resumes(server, name, context, None)
            assert not reused
            reused, _ = resumes(server, name, context, session)
            assert reused, name
            other = f"h{(number + kinds) % count}.test"
            reused, session = resumes(server, name, context, None)
            reused, _ = resumes(server, other, context, session)
            assert not reused, (name, other)
        used = set(chosen) | {(n + kinds) % count for n in chosen}
        built = re.findall(r"context of host (\S+) built", contexts(server))
        assert len(built) == len(set(built)), "a context was built twice"
        assert set(built) == {f"h{n}.test" for n in used}, built


def contexts(server):
    return "\n".join(line for line in server.log().splitlines()
                     if "context" in line)


case_five_thousand_hosts.limit = 240
