"""Certificates of clients by OCSP, and names by DNS: what others say."""

import os
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from authority import Authority
from client import Client
from daemon import Daemon, IS_ROOT, free_port, wait_for
from responder import Program, Responder


class Rig:
    """An authority, its responder, and a server that asks it."""

    def __init__(self, binaries, tls=None, ocsp=None, more=None, dated=True):
        self.folder = tempfile.mkdtemp(prefix="ftpsd-ocsp-")
        os.chmod(self.folder, 0o755)
        self.root = Authority(self.folder, "root")
        self.stranger = Authority(self.folder, "stranger")
        self.responder = Responder(self.root, self.stranger, dated=dated)
        self.config = {
            "tls": {"verify_client": "on", "verify_order": "ocsp",
                    "ca_certificate_file": self.root.path("cert.pem"),
                    **(tls or {})},
            "ocsp": {"timeout": "3s", **(ocsp or {})},
            **(more or {}),
        }
        self.binaries = binaries
        self.names = {}

    def __enter__(self):
        self.server = Daemon(self.binaries, self.config)
        # What refusals are called in the log.
        self.server.expect_log("the client's certificate is")
        if "hosts" in self.config:
            self.share()
        self.responder.__enter__()
        try:
            self.server.__enter__()
        except BaseException:
            self.responder.close()
            raise
        return self

    def __exit__(self, *arguments):
        try:
            return self.server.__exit__(*arguments)
        finally:
            self.responder.close()

    def share(self):
        """All hosts begin with what the server has."""
        config = self.server.config
        config["defaults"] = {key: config[key]
                              for key in ("tls", "auth", "timeouts")}
        self.server.write_config()

    def issue(self, name, more="", url=None):
        """A certificate that names the responder."""
        extension = self.responder.extension() if url is None else \
            f"authorityInfoAccess = OCSP;URI:{url}\n"
        return self.root.issue(name, more=(extension if url != "" else "") +
                               more)

    def admitted(self, certificate, version=None, session=None, port=None):
        """A client that has come in, and is logged in."""
        client = Client(port or self.server.port,
                        context=certificate.context(version))
        return client.auth(session).login()

    def lets_in(self, certificate, version=None, port=None):
        """Whether a client with a fresh handshake comes in."""
        with Client(port or self.server.port,
                    context=certificate.context(version)) as client:
            client.auth()
            client.send(b"NOOP\r\n")
            return client.reply().code != 421

    def await_refusal(self, certificate, port=None):
        """Until the good word that is kept on it is too old to be believed;
        what the responder says then is kept in its place."""
        assert wait_for(lambda: not self.lets_in(certificate, port=port), 30)

    def refused(self, certificate, words, version=None, session=None,
                port=None, context=None):
        """The client is told why, and gets no session."""
        client = Client(port or self.server.port,
                        context=context or certificate.context(version))
        client.auth(session)
        client.socket.settimeout(30)
        try:
            reply = client.reply()
        except TimeoutError:
            # It has been admitted, or is forgotten: its log tells.
            raise AssertionError(f"nobody is told that {words}: " +
                                 self.server.log()[-4000:]) from None
        assert reply.code == 421 and words in reply.text, reply
        assert client.at_end()
        fresh = client.socket.session
        client.close()
        return fresh


def case_verdicts(binaries):
    """Good comes in; revoked, unknown, unanswered and forged do not."""
    with Rig(binaries) as rig:
        good, bad = rig.issue("alice"), rig.issue("mallory")
        rig.root.revoke("mallory")
        for version in ("1.2", "1.3"):
            rig.admitted(good, version).close()
            rig.refused(bad, "it is revoked", version)
        rig.server.wait_log(r"refused: it is revoked, says its responder "
                            r'\("CN=mallory"\)')
        for mode, words in (
                ("unknown", "its responder does not know it"),
                ("stranger", "nobody says whether it is revoked"),
                ("rubbish", "nobody says"), ("huge", "nobody says"),
                ("redirect", "nobody says"), ("later", "nobody says")):
            rig.responder.mode = mode
            rig.refused(rig.issue(mode), words)
        rig.server.wait_log("the response is not signed by who may")
        rig.server.wait_log("the responder says: try later")
        gone = rig.issue("gone", url=f"http://127.0.0.1:{free_port()}/")
        rig.refused(gone, "nobody says")
        rig.server.wait_log("Connection refused")


case_verdicts.limit = 180


def case_openssl_responder(binaries):
    """The same with openssl-ocsp itself as the responder."""
    with Rig(binaries) as rig:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        good, bad = rig.issue("alice", url=url), rig.issue("eve", url=url)
        rig.root.revoke("eve")
        with Program(rig.root, port):
            rig.admitted(good).close()
            rig.refused(bad, "it is revoked")


def case_unusable_url(binaries):
    """A responder that is named, and cannot be asked, has not said good."""
    with Rig(binaries) as rig:
        long = rig.responder.url + "/" + 3000 * "x"
        broken = rig.responder.url + "\\r\\nX: y"
        for name, url in (("long", long), ("broken", broken)):
            rig.refused(rig.issue(name, url=url), "nobody says")
        rig.server.wait_log("(?s)(its responder's URL cannot be used.*){2}")
        assert rig.responder.requests == 0
        both = rig.responder.extension().rstrip() + f",OCSP;URI:{long}\n"
        rig.admitted(rig.issue("both", url="", more=both)).close()


def case_cached(binaries):
    """A second handshake asks nobody; without the keeper it asks again."""
    with Rig(binaries) as rig:
        alice = rig.issue("alice")
        rig.admitted(alice).close()
        assert wait_for(lambda: settled(rig, alice), 20)
        asked = rig.responder.requests
        for _ in range(6):
            rig.admitted(alice).close()
        assert rig.responder.requests == asked, rig.responder.requests
        rig.server.expect_log("keeper|killed|signal")
        old = rig.server.processes("keeper")
        os.kill(old[0], signal.SIGKILL)
        assert wait_for(lambda: rig.server.processes("keeper") not in
                        ([], old), 20)
        assert wait_for(lambda: rig.admitted(alice).close() or
                        rig.responder.requests > asked, 20)
        # It is kept again, by the new one.
        assert wait_for(lambda: settled(rig, alice), 20)


def settled(rig, certificate):
    before = rig.responder.requests
    rig.admitted(certificate).close()
    return rig.responder.requests == before


def case_coalesced(binaries):
    """Many who ask the same at once are one question."""
    with Rig(binaries) as rig:
        alice = rig.issue("alice")
        done = []

        def visit():
            rig.admitted(alice).close()
            done.append(1)
        threads = [threading.Thread(target=visit) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(done) == 12
        # Who came late enough for a second one found it in the cache.
        assert rig.responder.requests <= 6, rig.responder.requests


def case_resumed(binaries):
    """A session of a certificate that was revoked since does not come in."""
    for version in ("1.2", "1.3"):
        with Rig(binaries, ocsp={"max_age": "1s"}) as rig:
            alice = rig.issue("alice")
            context = alice.context(version)
            first = Client(rig.server.port, context=context).auth().login()
            session = first.socket.session
            again = Client(rig.server.port, context=context)
            again.auth(session).login()
            assert again.socket.session_reused
            session = again.socket.session
            rig.root.revoke("alice")
            rig.await_refusal(alice)
            rig.refused(alice, "it is revoked", session=session,
                        context=context)
            # What runs, runs on: it came in when the certificate was good.
            first.cmd("NOOP", 200)
            first.close()
            again.close()


def matrix(binaries, tickets):
    """Revoked by OCSP: off, optional, on; full, resumed; TLS 1.2, 1.3."""
    ports = {mode: free_port() for mode in ("off", "optional", "on")}
    hosts = [{"name": mode,
              "listen": [{"address": "127.0.0.1", "port": ports[mode]}],
              "tls": {"verify_client": mode, "session_tickets": tickets}}
             for mode in ports]
    with Rig(binaries, ocsp={"max_age": "1s"}, more={"hosts": hosts}) as rig:
        clients = {name: rig.issue(name) for name in ("good", "revoked")}
        sessions = {}
        for mode in ports:
            for version in ("1.2", "1.3"):
                for name, certificate in clients.items():
                    client = rig.admitted(certificate, version,
                                          port=ports[mode])
                    sessions[mode, version, name] = \
                        client.context, client.socket.session
                    client.close()
        rig.root.revoke("revoked")
        rig.await_refusal(clients["revoked"], ports["on"])
        for (mode, version, name), (context, session) in sessions.items():
            certificate, port = clients[name], ports[mode]
            if mode != "off" and name == "revoked":
                rig.refused(certificate, "it is revoked", version, port=port)
                rig.refused(certificate, "it is revoked", session=session,
                            context=context, port=port)
                continue
            rig.admitted(certificate, version, port=port).close()
            client = Client(port, context=context)
            client.auth(session).login()
            assert client.socket.session_reused, (mode, version, name)
            client.close()
        Client(ports["optional"]).auth().login().close()


def case_matrix(binaries):
    """Good and revoked by OCSP, in every mode, full and resumed."""
    matrix(binaries, False)


def case_matrix_tickets(binaries):
    """The same where sessions travel in tickets."""
    matrix(binaries, True)


def case_https(binaries):
    """A responder by https is asked if its certificate is in order."""
    with Rig(binaries) as rig:
        served = rig.root.issue("responder",
                                more="subjectAltName = IP:127.0.0.1\n")
        forged = rig.stranger.issue("responder",
                                    more="subjectAltName = IP:127.0.0.1\n")
        other = rig.root.issue("other", more="subjectAltName = IP:127.0.0.2\n")
        with Responder(rig.root, tls=served) as right, \
                Responder(rig.root, tls=forged) as wrong, \
                Responder(rig.root, tls=other) as elsewhere:
            rig.admitted(rig.issue("alice", url=right.url)).close()
            rig.refused(rig.issue("bob", url=wrong.url), "nobody says")
            rig.refused(rig.issue("eve", url=elsewhere.url), "nobody says")
        rig.server.wait_log("nobody says .*self-signed certificate in|"
                            "nobody says .*local issuer")
        rig.server.wait_log("nobody says .*IP address mismatch")


def case_no_session_for_the_refused(binaries):
    """Who is refused gets neither ticket nor cached session."""
    for tickets in ("on", "off"):
        with Rig(binaries, tls={"session_tickets": tickets}) as rig:
            eve = rig.issue("eve")
            rig.root.revoke("eve")
            for version in ("1.2", "1.3"):
                context = eve.context(version)
                session = rig.refused(eve, "it is revoked", context=context)
                assert session is None or not session.has_ticket
                rig.refused(eve, "it is revoked", session=session,
                            context=context)
            facts = rig.server.ctl("sesscache", "info")
            assert facts["current"] == 0, facts


def case_long_chain(binaries):
    """Who shows more certificates than are asked about is not believed."""
    with Rig(binaries, tls={"verify_depth": 20}) as rig:
        issuer = rig.root
        for number in range(11):
            with open(issuer.config, "a", encoding="ascii") as out:
                out.write("[root]\n" + rig.responder.extension())
            issuer = Authority(rig.folder, f"issuer{number}", issuer)
        alice = issuer.issue("alice", more=rig.responder.extension())
        rig.refused(alice, "its chain is too long")
        rig.server.wait_log("refused: more than 10 certificates of its chain")


def case_no_answer(binaries):
    """tls.verify_no_answer and tls.verify_order decide, host by host."""
    ports = {name: free_port() for name in ("accept", "both", "back", "none")}
    hosts = [
        {"name": name, "listen": [{"address": "127.0.0.1",
                                   "port": ports[name]}], "tls": tls}
        for name, tls in (
            ("accept", {"verify_no_answer": "accept"}),
            ("both", {"verify_order": ["crl", "ocsp"]}),
            ("back", {"verify_order": ["ocsp", "crl"]}),
            ("none", {"verify_order": "crl"}))]
    rig = Rig(binaries)
    with open(rig.root.path("list"), "w", encoding="ascii") as out:
        out.write(rig.root.crl())
    for host in hosts[1:]:
        host["tls"]["ca_revocation_file"] = rig.root.path("list")
    rig.config["hosts"] = hosts
    with rig:
        alice, plain = rig.issue("alice"), rig.issue("plain", url="")
        rig.responder.mode = "rubbish"
        rig.refused(alice, "nobody says")
        rig.admitted(alice, port=ports["accept"]).close()
        rig.server.wait_log("accepted although nobody says")
        asked = rig.responder.requests
        rig.admitted(alice, port=ports["both"]).close()
        assert rig.responder.requests == asked, "the list has said good"
        rig.admitted(alice, port=ports["back"]).close()
        assert rig.responder.requests > asked, "the responder comes first"
        asked = rig.responder.requests
        rig.admitted(alice, port=ports["none"]).close()
        assert rig.responder.requests == asked
        # It names no responder: there is nothing to ask.
        rig.admitted(plain).close()
        # "Unknown" is an answer, whatever is to be done without one.
        rig.responder.mode = "unknown"
        rig.refused(rig.issue("odd"), "does not know it",
                    port=ports["accept"])


def case_nothing_before_the_verdict(binaries):
    """Until it is known, no command is answered and no ticket given."""
    with Rig(binaries) as rig:
        rig.responder.mode = "hang"
        for version in ("1.2", "1.3"):
            certificate = rig.issue("late" + version)
            context = certificate.context(version)
            client = Client(rig.server.port, context=context).auth()
            client.send(b"FEAT\r\nUSER alice\r\n")
            client.socket.settimeout(1)
            try:
                text = client.socket.recv(1000)
                raise AssertionError(f"told too early: {text}")
            except TimeoutError:
                pass
            assert version == "1.2" or client.socket.session is None or \
                not client.socket.session.has_ticket
            client.socket.settimeout(20)
            reply = client.reply()
            assert reply.code == 421 and "nobody says" in reply.text, reply
            assert client.at_end()
            client.close()
        # One that leaves while it waits leaves nothing behind.
        client = Client(rig.server.port,
                        context=rig.issue("gone").context()).auth()
        client.close()
        assert wait_for(lambda: sum(
            worker["sessions"]
            for worker in rig.server.ctl("status")["workers"]) == 0, 20)


case_nothing_before_the_verdict.idle = True


def case_slow(binaries):
    """A responder that hangs holds up its own clients, and not for ever."""
    with Rig(binaries, ocsp={"timeout": "6s"}) as rig:
        alice, slow = rig.issue("alice"), rig.issue("slow")
        rig.admitted(alice).close()
        with Responder(rig.root) as other:
            fast = [rig.issue(f"fast{n}", url=other.url) for n in range(3)]
            slower = [rig.issue(f"slow{n}") for n in range(8)]
            rig.responder.mode = "hang"
            started = time.monotonic()
            told = []
            threads = [threading.Thread(
                target=lambda who: told.append(
                    rig.refused(who, "nobody says")), args=(who,))
                       for who in [slow] + slower]
            for thread in threads:
                thread.start()
            time.sleep(0.3)
            # Those who are known, and those of other responders, come in.
            began = time.monotonic()
            rig.admitted(alice).close()
            for certificate in fast:
                rig.admitted(certificate).close()
            assert time.monotonic() - began < 5, "they were held up"
            for thread in threads:
                thread.join(30)
            assert time.monotonic() - started < 17
            assert len(told) == len(threads)
        rig.server.wait_log("no answer in time")
        rig.responder.mode = "trickle"
        began = time.monotonic()
        rig.refused(rig.issue("trickle"), "nobody says")
        assert 5.5 < time.monotonic() - began < 12
        rig.responder.mode = "index"
        rig.admitted(slow).close()
        assert wait_for(lambda: not rig.server.processes("asker"), 10)


case_slow.idle = True


def case_process_lost(binaries):
    """The ocsp process killed or stopped: an answer, or the policy."""
    with Rig(binaries) as rig:
        rig.server.expect_log("ocsp|killed|signal")
        alice, late = rig.issue("alice"), rig.issue("late")
        rig.admitted(alice).close()
        rig.responder.mode = "hang"
        result = []

        def visit():
            rig.admitted(late).close()
            result.append("in")
        thread = threading.Thread(target=visit)
        thread.start()
        assert wait_for(lambda: rig.responder.requests == 2)
        old = rig.server.processes("ocsp")
        rig.responder.mode = "index"
        os.kill(old[0], signal.SIGKILL)
        thread.join(30)
        assert result == ["in"], "who waited has got no answer"
        fresh = rig.server.processes("ocsp")
        assert fresh and fresh != old
        assert wait_for(lambda: not rig.server.processes("asker"), 10)
        # One that hangs costs those who need it, for a while.
        os.kill(fresh[0], signal.SIGSTOP)
        rig.admitted(alice).close()
        began = time.monotonic()
        rig.refused(rig.issue("later"), "nobody says")
        assert time.monotonic() - began < 15
        rig.server.wait_log("the ocsp process does not answer")
        os.kill(fresh[0], signal.SIGCONT)
        assert wait_for(lambda: is_admitted(rig, "last"), 20)


case_process_lost.idle = True


def is_admitted(rig, name):
    try:
        rig.admitted(rig.issue(name + str(time.monotonic_ns()))).close()
        return True
    except (AssertionError, ssl.SSLError):
        return False


def case_only_where_wanted(binaries):
    """The process comes with a configuration that asks, and goes with it."""
    with Daemon(binaries) as server:
        assert not server.processes("ocsp")
        authority = Authority(server.folder, "root")
        plain = dict(server.config)
        server.config = dict(plain, tls=dict(
            plain["tls"], verify_client="on", verify_order="ocsp",
            ca_certificate_file=authority.path("cert.pem")))
        server.write_config()
        server.ctl("reload")
        assert wait_for(lambda: server.processes("ocsp"))
        server.config = plain
        server.write_config()
        server.ctl("reload")
        assert wait_for(lambda: not server.processes("ocsp"), 20)
        server.config = dict(plain, ocsp={"timeout": "2m"}, tls=dict(
            plain["tls"], verify_order="crl crl"))
        server.write_config()
        server.expect_log("stands there twice|ocsp.timeout|reload refused")
        failed = server.ctl("reload", check=False)
        assert failed.returncode != 0
        text = failed.stdout + failed.stderr
        assert "ocsp.timeout" in text and "tls.verify_order" in text, text
        if not IS_ROOT:
            return
        server.config = dict(plain, ocsp_user="nobody-of-that-name")
        server.write_config()
        server.expect_log("needs a restart")
        failed = server.ctl("reload", check=False)
        assert "needs a restart" in failed.stdout + failed.stderr, failed
    # Where nothing is asked, the user need not exist.
    with Daemon(binaries, {"ocsp_user": "nobody-of-that-name"}):
        pass
    server = Daemon(binaries, {
        "ocsp_user": "nobody-of-that-name",
        "tls": {"verify_client": "on", "verify_order": "ocsp",
                "ca_certificate_file": "/nonexistent"}})
    done = subprocess.run([os.path.join(binaries, "ftpsd"), "-t", "-c",
                           server.config_path], capture_output=True,
                          text=True, check=False)
    assert done.returncode != 0 and \
        'ocsp_user: there is no user "nobody-of-that-name"' in done.stderr, \
        done.stderr


def case_names(binaries):
    """dNSNameRequired, iPAddressRequired, CommonNameRequired."""
    words = {"dns": "dNSNameRequired", "ip": "iPAddressRequired",
             "cn": "CommonNameRequired"}
    ports = {name: free_port() for name in (*words, "all", "optional")}
    hosts = [{"name": name,
              "listen": [{"address": "127.0.0.1", "port": ports[name]}],
              "tls": {"options": [words[name]] if name in words
                      else list(words.values()),
                      "verify_client": "optional" if name == "optional"
                      else "on"}}
             for name in ports]
    with Rig(binaries, tls={"verify_order": "crl"},
             more={"hosts": hosts}) as rig:
        assert wait_for(lambda: rig.server.processes("ocsp"))
        # "localhost", unless the administrator calls it something else.
        own = socket.getnameinfo(("127.0.0.1", 0), socket.NI_NAMEREQD)[0]
        right = rig.root.issue(
            "right", subject=own, more="subjectAltName = DNS:other.example, "
            f"DNS:{own.upper()}, IP:127.0.0.1\n")
        wrong = rig.root.issue(
            "wrong", subject="localhost.example",
            more="subjectAltName = DNS:localhost.example, IP:127.0.0.2\n")
        none = rig.root.issue("none")
        mapped = rig.root.issue(
            "mapped", more="subjectAltName = IP:::ffff:127.0.0.1\n")
        for name in ports:
            client = rig.admitted(right, port=ports[name])
            session, context = client.socket.session, client.context
            again = Client(ports[name], context=context)
            again.auth(session).login().close()
            client.close()
        rig.admitted(mapped, port=ports["ip"]).close()
        rig.admitted(wrong, port=ports["optional"]).close()
        for name in (*words, "all"):
            for certificate in (wrong, none):
                rig.refused(certificate, "not for your address",
                            port=ports[name])
        for line in (
                r"it is for another dNSName, but the client comes from "
                rf"{own} \(dNSNameRequired\)",
                r"it has no iPAddress, but the client comes from 127.0.0.1 "
                r"\(iPAddressRequired\)",
                r"it is for another common name, but the client comes from "
                rf"{own} \(CommonNameRequired\)"):
            rig.server.wait_log(line)
