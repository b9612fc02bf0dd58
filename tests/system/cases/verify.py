"""Certificates of clients: who comes in, who resumes, who needs no password."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time

from authority import Authority, client_context, openssl, write
from client import Client, finish
from daemon import Daemon, GID, UID, free_port, merge, wait_for
from responder import Responder
from run import Skip

VERSIONS = ("1.2", "1.3")
MODES = ("off", "optional", "on")


class World:
    """A server with a host for each mode, and clients of all kinds."""

    def __init__(self, binaries, tickets=False, hosts=MODES, tls=None):
        self.server = Daemon(binaries, users=("alice", "bob"))
        folder = os.path.join(self.server.folder, "authorities")
        os.mkdir(folder)
        self.authority = Authority(folder, "authority")
        self.other = Authority(folder, "other")
        self.below = Authority(folder, "below", self.authority)
        self.ca_path = os.path.join(folder, "ca.pem")
        self.crl_path = os.path.join(folder, "crl.pem")
        write(self.ca_path, self.authority.cert)
        write(self.crl_path, self.authority.crl() + self.below.crl())
        self.ports = {}
        self.server.config["hosts"] = [
            self.host(mode, merge({"session_tickets": tickets}, tls or {}))
            for mode in hosts]
        self.server.write_config()

    def host(self, mode, more):
        self.ports[mode] = free_port()
        config = self.server.config
        tls = {"verify_client": mode.split("/")[0],
               "ca_certificate_file": self.ca_path,
               "ca_revocation_file": self.crl_path}
        return {
            "name": mode.replace("/", "-") + ".test",
            "listen": [{"address": "127.0.0.1", "port": self.ports[mode]}],
            "tls": merge(merge(config["tls"], tls), more),
            "auth": config["auth"], "timeouts": config["timeouts"],
        }

    def change(self, mode, **tls):
        """Other keys of the host of that mode."""
        for host in self.server.config["hosts"]:
            if host["name"] == mode.replace("/", "-") + ".test":
                host["tls"] = merge(host["tls"], tls)
        self.server.write_config()

    def reload(self):
        self.server.ctl("reload")

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *what):
        return self.server.__exit__(*what)

    def enter(self, mode, context, session=None):
        """A client that has shaken hands; NotIn when it was refused."""
        client = Client(self.ports[mode], context=context,
                        name=mode.replace("/", "-") + ".test")
        try:
            client.auth(session)
            reply = client.cmd("FEAT", (211, 421))
        except (ssl.SSLError, ConnectionError, EOFError) as error:
            client.close()
            raise NotIn(str(error)) from error
        if reply.code == 421:
            client.close()
            raise NotIn(reply.text)
        return client

    def comes_in(self, mode, context, session=None):
        """None, or whether the client that came in has resumed."""
        try:
            with self.enter(mode, context, session) as client:
                return client.socket.session_reused
        except NotIn:
            return None

    def get_session(self, mode, context):
        with self.enter(mode, context) as client:
            return client.socket.session

    def resumes(self, mode, context, session):
        """A session that is good resumes, at once or when it is stored."""
        return wait_for(lambda: self.comes_in(mode, context, session), 10)


class NotIn(Exception):
    """The handshake or the admission was refused."""


def told(port, context, name):
    """What a client is told that is refused: in clear, if its handshake fails,
    else by TLS."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with socket.create_connection(("127.0.0.1", port), 20) as raw:
        raw.recv(1000)
        raw.sendall(b"AUTH TLS\r\n")
        raw.recv(1000)
        came, done = b"", False
        while True:
            try:
                if not done:
                    tls.do_handshake()
                    done = True
                came += tls.read(1000)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                break
            raw.sendall(outgoing.read())
            data = raw.recv(16384)
            if not data:
                break
            came += data
            incoming.write(data)
        while data:
            data = raw.recv(16384)
            came += data
    found = re.search(rb"421 [^\r\n]*", came)
    return found.group().decode() if found else ""


# -- the matrix ---------------------------------------------------------------

# Kind of client: how it is refused where it shows a certificate that is looked
# at; "": not at all.
KINDS = {
    "none": "",
    "good": "",
    "below": "",
    "expired": "it has expired",
    "wrong CA": "its issuer is unknown",
    "revoked": "it is revoked",
    "revoked by OCSP": "it is revoked",
    "self-signed": "it is self-signed and not trusted",
}


def make_clients(world, responder):
    """A certificate of each kind, while all are good."""
    issue = world.authority.issue
    return {
        "none": None,
        "good": issue("good"),
        "below": world.below.issue("below"),
        "expired": issue("expired", ends=15),
        "wrong CA": world.other.issue("strange"),
        "revoked": issue("revoked"),
        "revoked by OCSP": issue("asked", more=responder.extension()),
        "self-signed": world.authority.self_signed("alone"),
    }


def refusal(kind, mode):
    """How that kind is refused in that mode; "" when it comes in."""
    if mode == "off":
        return ""
    if kind == "none":
        return "there is none" if mode == "on" else ""
    return KINDS[kind]


def collect(world, clients):
    """Sessions of all clients, while they are all good."""
    sessions = {}
    write(world.ca_path, world.authority.cert + world.other.cert +
          clients["self-signed"].cert)
    for mode in MODES:
        world.change(mode, ca_revocation_file="none")
    world.reload()
    for version in VERSIONS:
        for mode in MODES:
            for kind, certificate in clients.items():
                if kind == "none" and mode == "on":
                    continue
                context = client_context(certificate, version)
                sessions[kind, mode, version] = context, \
                    world.get_session(mode, context)
    return sessions


def check_full(world, clients):
    for version in VERSIONS:
        for mode in MODES:
            for kind, certificate in clients.items():
                context = client_context(certificate, version)
                wanted = refusal(kind, mode)
                came_in = world.comes_in(mode, context) is not None
                assert came_in == (wanted == ""), (version, mode, kind)


def check_resumed(world, sessions, tickets):
    """A change of what is asked of clients also clears the cache."""
    for (kind, mode, version), (context, session) in sessions.items():
        what = version, mode, kind
        if refusal(kind, mode) != "":
            assert world.comes_in(mode, context, session) is None, what
        elif mode == "off" and tickets:
            assert world.resumes(mode, context, session), what
        else:
            # What is asked of clients has changed: all are looked at.
            assert world.comes_in(mode, context, session) is False, what
            session = world.get_session(mode, context)
            assert world.resumes(mode, context, session), what


def check_told(world, clients):
    for version in VERSIONS:
        for mode in MODES:
            for kind, certificate in clients.items():
                wanted = refusal(kind, mode)
                if wanted:
                    text = told(world.ports[mode],
                                client_context(certificate, version),
                                mode + ".test")
                    assert wanted in text, (version, mode, kind, text)
                    world.server.wait_log(
                        f"(failed|refused): .*{wanted}" if kind != "none"
                        else "failed: the client has no certificate")


def go_bad(world):
    """Revokes what is to be, and has the hosts look at it."""
    world.authority.revoke("revoked")
    write(world.ca_path, world.authority.cert)
    write(world.crl_path, world.authority.crl() + world.below.crl())
    world.authority.revoke("asked")
    for mode in MODES:
        world.change(mode, ca_revocation_file=world.crl_path,
                     verify_order=["ocsp", "crl"])
    world.reload()


def matrix(binaries, tickets):
    world = World(binaries, tickets)
    with Responder(world.authority, world.other) as responder, world:
        clients = make_clients(world, responder)
        due = time.monotonic() + 16
        sessions = collect(world, clients)
        assert time.monotonic() < due - 1, "too slow to see anything"
        go_bad(world)
        wait_for(lambda: False, due - time.monotonic())
        check_full(world, clients)
        check_resumed(world, sessions, tickets)
        check_told(world, clients)


def case_matrix(binaries):
    """Every kind of certificate, in every mode, full and resumed."""
    matrix(binaries, False)


def case_matrix_tickets(binaries):
    """The same where sessions travel in tickets."""
    matrix(binaries, True)


case_matrix.idle = case_matrix_tickets.idle = True


# -- more about resumption ----------------------------------------------------

def case_expired_since(binaries):
    """A certificate that expires ends its sessions, though nothing changed."""
    for tickets in (False, True):
        world = World(binaries, tickets, hosts=("on",))
        with world:
            due = time.monotonic() + 7
            brief = world.authority.issue("brief", ends=6)
            found = []
            for version in VERSIONS:
                context = client_context(brief, version)
                session = world.get_session("on", context)
                assert world.resumes("on", context, session)
                found.append((context, session))
            wait_for(lambda: False, due - time.monotonic())
            for context, session in found:
                assert world.comes_in("on", context, session) is None
            world.server.wait_log("a session is not resumed: .*expired")


case_expired_since.idle = True


def case_across_hosts(binaries):
    """What one host lets in is nothing to one that asks for more."""
    hosts = ("off", "optional", "optional/other", "on")
    for tickets in (False, True):
        world = World(binaries, tickets, hosts)
        write(world.ca_path + ".other", world.other.cert)
        write(world.crl_path + ".other", world.other.crl())
        world.change("optional/other",
                     ca_certificate_file=world.ca_path + ".other",
                     ca_revocation_file=world.crl_path + ".other")
        with world:
            strange = world.other.issue("strange")
            for version in VERSIONS:
                for mode, certificate in (("off", None), ("off", strange),
                                          ("optional", None),
                                          ("optional/other", strange)):
                    context = client_context(certificate, version)
                    session = world.get_session(mode, context)
                    assert world.resumes(mode, context, session), mode
                    assert world.comes_in("on", context, session) is None, \
                        (version, mode)


# -- revocation lists and depth -----------------------------------------------

def case_lists(binaries):
    """Expired, premature and missing lists let nobody in; others' are fine."""
    world = World(binaries, hosts=("on",))
    with world:
        context = client_context(world.authority.issue("good"))
        deep = client_context(world.below.issue("deep"))
        current, below = world.authority.crl(), world.below.crl()
        cases = (
            (current + below, True, True, ""),
            (current + world.other.crl(), True, False,
             "there is no revocation list of its issuer"),
            (world.authority.crl(ends=-10), False, False, "has expired"),
            (world.authority.crl(begins=3600, ends=7200), False, False,
             "is not valid yet"),
            (world.other.crl(), False, False, "there is no revocation list"),
            (current + below, True, True, ""),
        )
        for text, good, good_below, reason in cases:
            write(world.crl_path, text)
            world.reload()
            assert (world.comes_in("on", context) is not None) == good, reason
            assert (world.comes_in("on", deep) is not None) == good_below, \
                reason
            if reason:
                world.server.wait_log(reason)


def case_no_list(binaries):
    """Where a list may be missing, sessions resume without one, too."""
    for tickets in (False, True):
        world = World(binaries, tickets, hosts=("on",),
                      tls={"verify_no_answer": "accept"})
        write(world.crl_path, world.other.crl())
        with world:
            for version in VERSIONS:
                context = client_context(world.authority.issue("good"),
                                         version)
                session = world.get_session("on", context)
                assert world.resumes("on", context, session), version
            # What is on a list is refused all the same.
            revoked = client_context(world.authority.issue("revoked"))
            world.authority.revoke("revoked")
            write(world.crl_path, world.authority.crl(ends=-10))
            world.reload()
            assert world.comes_in("on", revoked) is None
            assert world.comes_in("on", context) is not None


def case_depth(binaries):
    """tls.verify_depth counts the authorities of a chain."""
    world = World(binaries, hosts=("on",), tls={"ca_revocation_file": "none"})
    alone = world.authority.self_signed("alone")
    write(world.ca_path, world.authority.cert + alone.cert)
    world.change("on", verify_depth=0)
    with world:
        contexts = [client_context(certificate) for certificate in
                    (alone, world.authority.issue("good"),
                     world.below.issue("deep"))]
        world.server.ctl("trace", "tls.verify", "5")
        for depth in range(4):
            world.change("on", verify_depth=depth)
            world.reload()
            for above, context in enumerate(contexts):
                came_in = world.comes_in("on", context) is not None
                assert came_in == (above <= depth), (depth, above)
        world.server.wait_log("its chain is too long .*tls.verify_depth")
        world.server.wait_log(r'trace tls.verify:5: depth 0, "CN=deep": ok')


def case_authorities_sent(binaries):
    """Clients are told the names of the authorities, and only theirs."""
    world = World(binaries, hosts=("optional",))
    # One that the client's authority has issued, and no chain with it.
    own = world.authority.issue("server")
    os.chmod(own.path, 0o600)
    world.change("optional", certificates=[{"cert": own.path}])
    with world:
        out = openssl("s_client", "-connect",
                      f"127.0.0.1:{world.ports['optional']}", "-starttls",
                      "ftp", "-servername", "optional.test", "-showcerts",
                      text="")
        names = out.split("Acceptable client certificate CA names\n")[1]
        names = names.split("Requested Signature")[0]
        assert names.split("\n")[0] == "CN = authority", names
        assert names.count("CN = ") == 1, names
        # Nor do they complete the chain of the server.
        assert "issuer=CN = authority" in out, out
        chain = out.split("Certificate chain\n")[1].split("Server certif")[0]
        assert chain.count("BEGIN CERTIFICATE") == 1, out


def case_list_swapped(binaries):
    """A list that is replaced counts at once; who is in stays in."""
    for tickets in (False, True):
        swap_list(World(binaries, tickets, hosts=("on",)))


def swap_list(world):
    world.server.config["tls"]["watch"] = True
    world.server.write_config()
    with world:
        good = client_context(world.authority.issue("good"))
        revoked = world.authority.issue("revoked")
        workers = world.server.processes("worker")
        inside = []
        for version in VERSIONS:
            context = client_context(revoked, version)
            session = world.get_session("on", context)
            assert world.resumes("on", context, session)
            client = world.enter("on", context).login()
            client.stor("file", b"contents")
            inside.append((client, session))
        world.authority.revoke("revoked")
        write(world.crl_path, world.authority.crl() + world.below.crl())
        for client, session in inside:
            assert wait_for(lambda: world.comes_in(
                "on", client.context, session) is None)
            assert world.comes_in("on", client.context) is None
            for _ in range(6):
                assert client.retr("file") == b"contents"
            client.close()
        assert world.comes_in("on", good) is not None
        assert world.server.processes("worker") == workers


# -- data connections ---------------------------------------------------------

def case_data(binaries):
    """Data connections that need not resume show control's certificate."""
    world = World(binaries, hosts=("optional",),
                  tls={"options": ["NoSessionReuseRequired"]})
    with world:
        alice = world.authority.issue("alice")
        bob = world.authority.issue("bob")
        for version in VERSIONS:
            with world.enter("optional",
                             client_context(alice, version)) as client:
                client.login()
                client.stor("file", b"contents")
                own = client.context
                for certificate, code in ((alice, 226), (bob, 522),
                                          (None, 522), (alice, 226)):
                    client.context = client_context(certificate, version)
                    assert transfer(client) == code, (version, certificate)
                client.context = own
                assert client.retr("file") == b"contents"
        world.server.wait_log("does not show the certificate")


def transfer(client):
    """The code that ends a RETR whose data connection does not resume."""
    data = client.passive()
    client.cmd("RETR file", 150)
    try:
        data = client.wrap_data(data, None)
        while data.recv(1000):
            pass
        finish(data)
    except (ssl.SSLError, ConnectionError):
        pass
    data.close()
    return client.reply().code


# -- logging in ---------------------------------------------------------------

def user(world, certificate, name, mode="optional"):
    """The code that USER name is answered with."""
    with world.enter(mode, client_context(certificate)) as client:
        code = client.cmd("USER " + name).code
        if code == 232:
            client.cmd("PASS anything", 503)
            client.cmd("PWD", 257)
        elif code == 331:
            client.cmd("PASS correct horse", (230, 530))
        return code


def case_user_name(binaries):
    """A certificate that names the user logs in: 232, no password."""
    world = World(binaries, hosts=("optional",))
    issue = world.authority.issue
    mail = "subjectAltName = DNS:bob, email:bob@x.test, email:alice\n"
    certificates = {
        "cn": issue("cn", subject="alice"),
        "mail": issue("mail", subject="x", more=mail),
        "oid": issue("oid", subject="x",
                     more="1.2.3.4.5 = ASN1:UTF8String:alice\n"),
        "raw": issue("raw", subject="x",
                     more="1.2.3.4.5 = DER:616c696365\n"),
        "none": None,
    }
    cases = {
        "off": (),
        "CommonName": ("cn",),
        "EmailSubjAltName": ("mail",),
        "1.2.3.4.5": ("oid", "raw"),
    }
    with world:
        for key, good in cases.items():
            world.change("optional", user_name=key)
            world.reload()
            for kind, certificate in certificates.items():
                code = user(world, certificate, "alice")
                assert code == (232 if kind in good else 331), (key, kind)
                assert user(world, certificate, "bob") == 331, (key, kind)
        world.server.wait_log("logged in by certificate")


def case_curl(binaries):
    """curl with a certificate needs no password, and without one no try."""
    if shutil.which("curl") is None:
        raise Skip("no curl")
    world = World(binaries, hosts=("on",), tls={"user_name": "CommonName"})

    def curl(name, *options):
        # A host of its own port: no server name is needed.
        return subprocess.run(
            ["curl", "-sSk", "--ssl-reqd", "-u", name + ":",
             *options, f"ftp://127.0.0.1:{world.ports['on']}/file"],
            capture_output=True, timeout=60, check=False)

    with world:
        with open(os.path.join(world.server.home, "file"), "wb") as out:
            out.write(b"contents")
        good = world.authority.issue("alice")
        for version in ("--tlsv1.3", "--tls-max=1.2"):
            options = version.split("=") + ["--cert", good.path]
            done = curl("alice", *options)
            assert done.stdout == b"contents", done
            assert curl("bob", *options).returncode == 67
            assert curl("alice", *version.split("=")).returncode != 0


def case_system_account(binaries):
    """An account of the system needs no password either, unless locked."""
    from cases.pam import UNIX, PamServer
    name = f"fv{os.getpid()}"
    pam = PamServer(binaries, UNIX, (name,))
    folder = os.path.join(pam.server.folder, "authorities")
    os.mkdir(folder)
    authority = Authority(folder, "authority")
    pam.server.config["tls"].update({
        "verify_client": "on", "user_name": "CommonName",
        "ca_certificate_file": authority.path("cert.pem")})
    pam.server.write_config()
    context = client_context(authority.issue(name))

    def code():
        with Client(pam.server.port, context=context) as client:
            return client.auth().cmd("USER " + name).code

    with pam:
        assert code() == 232
        for command, wanted in ((("chage", "-E", "1"), 331),
                                (("chage", "-E", "-1"), 232),
                                (("passwd", "-l"), 331),
                                (("passwd", "-u"), 232)):
            subprocess.run([*command, name], check=True, capture_output=True)
            assert code() == wanted, command


def case_user_name_rules(binaries):
    """What bars a login with a password bars one by certificate."""
    world = World(binaries, hosts=("on",), tls={"user_name": "CommonName"})
    server = world.server
    issue = world.authority.issue
    for name in ("locked", "homeless", "carol"):
        server.homes[name] = server.homes["alice"]
    server.homes["homeless"] = "/nowhere/at/all"
    world.server.config["hosts"][0]["limits"] = {"sessions_per_user": 1}
    world.server.config["hosts"][0]["anonymous"] = {
        "enabled": True, "directory": server.home, "user": "nobody"}
    server.write_config()
    server.write_users({"locked": "!", "homeless": "$6$a$b", "carol": "$6$a$b",
                        "alice": "$6$a$b"},
                       f"low:$6$a$b:1:1:x:{server.home}:\n")
    with world:
        cases = (("nobody", 331), ("locked", 331), ("low", 331),
                 ("homeless", 530), ("anonymous", 331), ("ftp", 331))
        for name, code in cases:
            with world.enter("on", client_context(issue(name))) as client:
                client.cmd("USER " + name, code)
        context = client_context(issue("carol"))
        with world.enter("on", context) as client:
            client.cmd("USER carol", 232)
            with world.enter("on", context) as second:
                second.cmd("USER carol", 421)


def case_dot_login(binaries):
    """AllowDotLogin: the certificates in ~/.tlslogin, and only a safe file."""
    world = World(binaries, hosts=("optional",),
                  tls={"options": ["AllowDotLogin"]})
    issue = world.authority.issue
    mine, others = issue("mine"), issue("others")
    path = os.path.join(world.server.home, ".tlslogin")

    def put(text, mode=0o600, uid=UID):
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        os.chmod(path, mode)
        os.chown(path, uid, GID)

    with world:
        assert user(world, mine, "alice") == 331
        world.server.wait_log("no login by certificate: .*not there")
        # Who tries many names is asked for passwords only.
        with world.enter("optional", client_context(mine)) as client:
            for _ in range(20):
                client.cmd("USER alice", 331)
        assert wait_for(lambda: world.server.log().count(
            "no login by certificate") == 4)
        put("words\n" + others.cert + "more words\n" + mine.cert)
        assert user(world, mine, "alice") == 232
        assert user(world, None, "alice") == 331
        assert user(world, mine, "bob") == 331
        put(others.cert)
        assert user(world, mine, "alice") == 331
        world.server.wait_log("the certificate is not in it")
        for text, mode in ((mine.cert, 0o620), (mine.cert, 0o602),
                           ("x" * 70000 + mine.cert, 0o600),
                           ("-----BEGIN CERTIFICATE-----\n!\n" + mine.cert,
                            0o600)):
            put(text, mode)
            assert user(world, mine, "alice") == 331, oct(mode)
        if os.geteuid() == 0:
            put(mine.cert, uid=1)
            assert user(world, mine, "alice") == 331
            # Not even root reads what the user may not.
            put(mine.cert, 0o400, 0)
            assert user(world, mine, "alice") == 331
            put(mine.cert, 0o444, 0)
            assert user(world, mine, "alice") == 232
        put(mine.cert)
        os.rename(path, path + ".other")
        os.symlink(path + ".other", path)
        assert user(world, mine, "alice") == 331
        world.server.wait_log("a symbolic link")
        os.unlink(path)
        os.mkfifo(path)
        assert user(world, mine, "alice") == 331
        world.server.wait_log("not a regular file")
        os.unlink(path)
        # Another user name needs the other key; both may be there.
        put(mine.cert)
        world.change("optional", user_name="CommonName")
        world.reload()
        assert user(world, mine, "alice") == 232
        named = issue("bob")
        assert user(world, named, "bob") == 232
        assert user(world, named, "alice") == 331
