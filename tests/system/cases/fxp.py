"""Transfers between two servers, which a client of both arranges."""

import os
import re
import shutil
import signal
import socket
import ssl
import tempfile
import time

from authority import Authority, write
from client import Client, tls_context
from daemon import Daemon, random_bytes, wait_for

VERSIONS = ("1.2", "1.3")
PROTOCOLS = {"1.2": "TLSv1.2", "1.3": "TLSv1.3"}
# The client is nobody's neighbour.
CLIENT = "127.0.0.9"
ALLOWED = {"allow_fxp": True, "fxp_peers": ["127.0.0.2", "127.0.0.3/32"]}
# Beyond what is sent with one write, and what fits into socket buffers.
SIZES = (0, 1000, 9000000)


class Pair:
    """Two servers with certificates of one authority, and their clients."""

    def __init__(self, binaries, version=None, left=None, right=None,
                 addresses=("127.0.0.2", "127.0.0.3"), names=None,
                 config=None):
        self.folder = tempfile.mkdtemp(prefix="ftpsd-fxp-")
        os.chmod(self.folder, 0o755)
        self.root = Authority(self.folder, "root")
        self.addresses = addresses
        names = names or [f"IP:{address}" for address in addresses]
        self.servers = [
            self.server(binaries, address, name, version,
                        {**ALLOWED, **(config or {}), **(own or {})})
            for address, name, own in zip(addresses, names, (left, right))]

    def server(self, binaries, address, name, version, config):
        config = dict(config)
        authority = config.pop("authority", self.root)
        pair = authority.issue(address, more=f"subjectAltName = {name}\n")
        os.chmod(pair.path, 0o600)
        tls = {"certificates": [{"cert": pair.path, "key": pair.path}],
               "ca_certificate_file": self.root.path("cert.pem"),
               **config.pop("tls", {})}
        if version:
            tls["protocol"] = PROTOCOLS[version]
        server = Daemon(binaries, {"tls": tls, **config})
        for listener in server.config["listen"]:
            listener["address"] = address
        server.address = address
        server.write_config()
        return server

    def __enter__(self):
        for server in self.servers:
            server.__enter__()
        self.clients = [self.client(server) for server in self.servers]
        return self

    def __exit__(self, *arguments):
        for client in self.clients:
            client.close()
        try:
            for server in self.servers:
                server.__exit__(*arguments)
        finally:
            shutil.rmtree(self.folder)

    @staticmethod
    def client(server, source=CLIENT):
        return Client(server.port, host=server.address,
                      source=source).auth().login()


def put(server, name, contents):
    with open(os.path.join(server.home, name), "wb") as out:
        out.write(contents)


def got(server, name):
    with open(os.path.join(server.home, name), "rb") as data:
        return data.read()


def port_of(reply):
    """The six numbers of a 227."""
    return re.search(r"\(([\d,]+)\)", reply.text).group(1)


def exchange(source, target, passive, command="PASV"):
    """RETR here, STOR there; returns the final replies of both."""
    active = target if passive is source else source
    numbers = port_of(passive.cmd(command, 227))
    active.cmd("PORT " + numbers, 200)
    target.send(b"STOR copy\r\n")
    source.send(b"RETR file\r\n")
    return final(source), final(target)


def final(client):
    """The reply behind a 150, if there is one."""
    reply = client.reply()
    return client.reply() if reply.code == 150 else reply


def check_quiet(*clients):
    """Nobody was told more than once."""
    for client in clients:
        client.cmd("NOOP", 200)


# Who is told what: SSCN ON to the source, SSCN ON to the target, CPSV; and
# which of them gets the PASV.
PARTS = [(sscn, passive) for sscn in ("source", "target", "cpsv")
         for passive in ("source", "target")]


def arrange(source, target, sscn, passive):
    for client, name in ((source, "source"), (target, "target")):
        if sscn == name:
            assert client.cmd("SSCN ON", 200).text == "SSCN:CLIENT METHOD"
        else:
            assert client.cmd("SSCN OFF", 200).text == "SSCN:SERVER METHOD"
    return exchange(source, target, source if passive == "source" else target,
                    "CPSV" if sscn == "cpsv" else "PASV")


def check_all_parts(binaries, version):
    with Pair(binaries, version) as pair:
        left, right = pair.servers
        for size in SIZES:
            put(left, "file", random_bytes(size))
            for sscn, passive in PARTS:
                row = (version, size, sscn, passive)
                replies = arrange(*pair.clients, sscn, passive)
                assert [r.code for r in replies] == [226, 226], (row, replies)
                assert got(left, "file") == got(right, "copy"), row
                os.unlink(os.path.join(right.home, "copy"))
                check_quiet(*pair.clients)
        # Whatever the part in transfers, it is none in listings.
        put(right, "file", b"")
        for client in pair.clients:
            client.cmd("SSCN ON", 200)
            assert b"file" in client.listing("NLST")
            client.cmd("SSCN OFF", 200)
        assert pair.clients[0].retr("file") == got(left, "file")
        log = left.log() + right.log()
        assert "channel=data" in log and "role=client" in log


def case_tls_1_2(binaries):
    """Two servers exchange files, byte for byte: SSCN here, there, CPSV."""
    check_all_parts(binaries, "1.2")


def case_tls_1_3(binaries):
    """The same with TLS 1.3."""
    check_all_parts(binaries, "1.3")


case_tls_1_2.limit = case_tls_1_3.limit = 180


def check_refused(pair, sscn, passive, codes, words=None):
    """Neither stores anything, and each says so once."""
    left, right = pair.servers
    put(left, "file", b"secret" * 1000)
    replies = arrange(*pair.clients, sscn, passive)
    found = tuple(reply.code for reply in replies)
    row = (sscn, passive, replies)
    assert all(code in allowed for code, allowed in zip(found, codes)), row
    assert 522 in found, row
    assert not os.path.exists(os.path.join(right.home, "copy")), row
    check_quiet(*pair.clients)
    if words:
        assert wait_for(lambda: re.search(words, left.log() + right.log())), \
            row


ENDS = (522, 426)


def case_wrong_authority(binaries):
    """A certificate of another authority ends it, with one reply each."""
    for version in VERSIONS:
        pair = Pair(binaries, version)
        stranger = Authority(pair.folder, "stranger")
        other = pair.server(binaries, "127.0.0.3", "IP:127.0.0.3", version,
                            {**ALLOWED, "authority": stranger})
        pair.servers[1] = other
        with pair:
            for sscn, passive in PARTS:
                check_refused(pair, sscn, passive, (ENDS, ENDS),
                              "certificate of the other server is refused: "
                              "its issuer is unknown")


# With "on" the other side has said all it says before DNS has.
WRONG_NAMES = [("on", ENDS + (226,), "names neither its address nor"),
               ("NoReverseDNS", ENDS, "it does not name the address")]


def case_wrong_name(binaries):
    """A certificate for another address is refused, not accepted."""
    good, bad = "IP:127.0.0.2", "IP:127.0.0.4"
    for mode, sender, words in WRONG_NAMES:
        for version in VERSIONS:
            config = {"tls": {"verify_server": mode}}
            with Pair(binaries, version, names=(good, bad),
                      config=config) as pair:
                for sscn, passive in PARTS:
                    check_refused(pair, sscn, passive, (ENDS, ENDS), words)
            with Pair(binaries, version, config=config,
                      names=(bad, "IP:127.0.0.3")) as pair:
                for sscn, passive in PARTS:
                    check_refused(pair, sscn, passive, (sender, ENDS), words)


def case_same_part(binaries):
    """Both the client of TLS: both say so at once, and once."""
    for version in VERSIONS:
        with Pair(binaries, version) as pair:
            put(pair.servers[0], "file", b"x")
            for client in pair.clients:
                client.cmd("SSCN ON", 200)
            replies = exchange(*pair.clients, pair.clients[0])
            assert [r.code for r in replies] == [522, 522], replies
            check_quiet(*pair.clients)


def case_dns_hangs(binaries):
    """A name that is not told in time is none; nobody else waits."""
    with Pair(binaries, addresses=("127.0.0.2", "127.0.0.1"),
              names=("IP:127.0.0.2", "DNS:localhost"),
              config={"fxp_peers": ["127.0.0.0/8"],
                      "ocsp": {"timeout": "1s"}}) as pair:
        server, client = pair.servers[0], pair.clients[0]
        put(server, "file", b"contents")
        for pid in server.processes("ocsp"):
            os.kill(pid, signal.SIGSTOP)
        begun = time.monotonic()
        client.cmd("SSCN ON", 200)
        pair.clients[1].cmd("PORT " + port_of(client.cmd("PASV", 227)), 200)
        pair.clients[1].send(b"STOR copy\r\n")
        client.cmd("RETR file", 150)
        other = pair.client(server)
        for _ in range(20):
            sent = time.monotonic()
            client.cmd("NOOP", 200)
            assert other.retr("file") == b"contents"
            assert time.monotonic() - sent < 1
        assert client.reply().code == 522
        assert 2 < time.monotonic() - begun < 20
        assert final(pair.clients[1]).code in ENDS
        assert not os.path.exists(os.path.join(pair.servers[1].home, "copy"))
        # ABOR ends it at once.
        numbers = port_of(client.cmd("PASV", 227))
        pair.clients[1].cmd("PORT " + numbers, 200)
        pair.clients[1].send(b"STOR copy\r\n")
        client.cmd("RETR file", 150)
        assert client.cmd("ABOR").code == 426
        assert client.reply().code == 226
        assert final(pair.clients[1]).code in ENDS
        for pid in server.processes("ocsp"):
            os.kill(pid, signal.SIGCONT)
        replies = arrange(*pair.clients, "source", "source")
        assert [r.code for r in replies] == [226, 226], replies
        other.close()


def case_after_ccc(binaries):
    """Without TLS on control a server must be verified nevertheless."""
    config = {"tls": {"required": "auth", "allow_ccc": True}}
    for name, codes in (("IP:127.0.0.3", [226, 226]), ("IP:127.0.0.4", None)):
        with Pair(binaries, left=config, right=config,
                  names=("IP:127.0.0.2", name)) as pair:
            put(pair.servers[0], "file", b"contents")
            for client in pair.clients:
                client.cmd("CCC", 200)
                client.socket = client.socket.unwrap()
            for sscn, passive in PARTS:
                replies = arrange(*pair.clients, sscn, passive)
                found = [reply.code for reply in replies]
                assert found == codes or \
                    (codes is None and 522 in found and 226 not in found), \
                    (name, sscn, passive, replies)


def case_lists(binaries):
    """A server's certificate that is revoked, and one made for clients."""
    for version in VERSIONS:
        pair = Pair(binaries, version)
        pair.root.revoke("127.0.0.3")
        crl = os.path.join(pair.folder, "crl.pem")
        write(crl, pair.root.crl())
        pair.servers[0].config["tls"]["ca_revocation_file"] = crl
        pair.servers[0].write_config()
        with pair:
            for sscn in ("source", "target"):
                check_refused(pair, sscn, "source", (ENDS, ENDS),
                              "refused: it is revoked")
        with Pair(binaries, version, names=(
                "IP:127.0.0.2",
                "IP:127.0.0.3\nextendedKeyUsage = clientAuth")) as pair:
            for sscn in ("source", "target"):
                check_refused(pair, sscn, "source", (ENDS, ENDS),
                              "refused: it is not made for servers")


def case_not_verified(binaries):
    """tls.verify_server: off takes anybody; the part of the server still
    demands that sessions are resumed, unless that is relaxed."""
    config = {"tls": {"verify_server": "off"}}
    with Pair(binaries, names=("DNS:a.test", "DNS:b.test"),
              left=config, right=config) as pair:
        put(pair.servers[0], "file", b"contents")
        replies = arrange(*pair.clients, "source", "source")
        assert replies[1].code == 522, replies
        assert "resume" in replies[1].text, replies
    config["tls"]["options"] = ["NoSessionReuseRequired"]
    with Pair(binaries, names=("DNS:a.test", "DNS:b.test"),
              left=config, right=config) as pair:
        put(pair.servers[0], "file", b"contents")
        for sscn, passive in PARTS:
            replies = arrange(*pair.clients, sscn, passive)
            assert [r.code for r in replies] == [226, 226], replies
            assert got(pair.servers[1], "copy") == b"contents"


def case_names_by_dns(binaries):
    """A server may be named by what DNS calls its address."""
    addresses = ("127.0.0.2", "127.0.0.1")
    config = {"fxp_peers": ["127.0.0.0/8"]}
    for version in VERSIONS:
        with Pair(binaries, version, addresses=addresses, config=config,
                  names=("IP:127.0.0.2", "DNS:localhost")) as pair:
            put(pair.servers[0], "file", b"contents")
            for sscn, passive in PARTS:
                replies = arrange(*pair.clients, sscn, passive)
                assert [r.code for r in replies] == [226, 226], \
                    (version, sscn, passive, replies)
                assert got(pair.servers[1], "copy") == b"contents"
        with Pair(binaries, version, addresses=addresses, config={
                **config, "tls": {"verify_server": "NoReverseDNS"}},
                  names=("IP:127.0.0.2", "DNS:localhost")) as pair:
            check_refused(pair, "source", "target", (ENDS, ENDS),
                          "it does not name the address")


def case_not_by_default(binaries):
    """Without allow_fxp nothing of it is there."""
    with Pair(binaries, left={"allow_fxp": False},
              right={"allow_fxp": False}) as pair:
        for client in pair.clients:
            features = client.cmd("FEAT", 211).text
            assert "SSCN" not in features and "CPSV" not in features
            assert client.cmd("SSCN ON").code == 550
            assert client.cmd("SSCN", 200).text == "SSCN:SERVER METHOD"
            assert client.cmd("CPSV").code == 550
            for command in ("PORT 127,0,0,2,100,1", "PORT 127,0,0,3,100,1",
                            "EPRT |1|127.0.0.2|30000|"):
                reply = client.cmd(command)
                own = client.host.replace(".", ",") in command
                assert reply.code == 504, (command, own, reply)
            check_foreign(client, "127.0.0.2")


def check_foreign(client, source):
    """A connection from there is dropped, and the client's awaited."""
    port = int(re.search(r"(\d+)\|\)", client.cmd("EPSV", 229).text).group(1))
    with socket.create_connection((client.host, port), 20,
                                  (source, 0)) as stranger:
        client.send(b"NLST\r\n")
        try:
            assert stranger.recv(1) == b""
        except ConnectionError:
            pass
    own = socket.create_connection((client.host, port), 20, (CLIENT, 0))
    assert client.reply().code == 150
    data = client.wrap_data(own)
    client.read_data(data)
    assert client.reply().code == 226


def case_commands(binaries):
    """SSCN and CPSV: their replies, and who may take part."""
    with Pair(binaries, left={"tls": {"required": "off"}}) as pair:
        server = pair.servers[0]
        with Client(server.port, host=server.address) as client:
            assert client.cmd("SSCN").code == 500
            assert client.cmd("CPSV").code == 530
            client.login()
            assert client.cmd("CPSV").code == 521
        with Client(server.port, host=server.address) as client:
            client.auth()
            assert client.cmd("SSCN").code == 530
            client.login()
            features = client.cmd("FEAT", 211).text
            assert "\n SSCN\n" in features and "\n CPSV\n" in features
            for text, code, answer in (
                    ("SSCN", 200, "SSCN:SERVER METHOD"),
                    ("SSCN ON", 200, "SSCN:CLIENT METHOD"),
                    ("SSCN", 200, "SSCN:CLIENT METHOD"),
                    ("SSCN on", 501, None), ("SSCN off", 501, None),
                    ("SSCN ON ON", 504, None), ("SSCN maybe", 501, None),
                    ("SSCN OFF", 200, "SSCN:SERVER METHOD")):
                reply = client.cmd(text)
                assert reply.code == code, (text, reply)
                assert answer in (None, reply.text), (text, reply)
            # Once only, and never for a listing.
            client.cmd("CPSV x", 501)
            numbers = port_of(client.cmd("CPSV", 227)).split(",")
            assert ".".join(numbers[:4]) == server.address
            data = socket.create_connection(
                (server.address, int(numbers[4]) * 256 + int(numbers[5])), 20)
            client.cmd("NLST", 150)
            client.read_data(client.wrap_data(data))
            assert client.reply().code == 226
            put(server, "file", b"x")
            assert client.retr("file") == b"x"
            client.cmd("PROT C", 200)
            assert client.cmd("CPSV").code == 521
            client.cmd("EPSV ALL", 200)
            client.cmd("PROT P", 200)
            assert client.cmd("CPSV").code == 501


def case_bounce(binaries):
    """Third hosts, services, and what no peer is, get no connection."""
    wide = {"fxp_peers": ["0.0.0.0/0", "::/0"]}
    for own in ({}, wide):
        with Pair(binaries, left=own) as pair:
            client = pair.clients[0]
            for command in ("PORT 127,0,0,4,100,1", "PORT 0,0,0,0,100,1",
                            "PORT 127,0,0,3,0,25", "PORT 127,0,0,2,3,255",
                            "EPRT |1|127.0.0.5|30000|"):
                assert client.cmd(command).code == 504, command
            for command in ("EPRT |2|::1|30000|", "EPRT |2|::|30000|"):
                assert client.cmd(command).code == 522, command
            if own:
                # A wide network is no invitation to what is local here.
                assert client.cmd("PORT 127,0,0,3,100,1").code == 504
                client.cmd("PORT 192,0,2,1,100,1", 200)
            else:
                assert client.cmd("PORT 192,0,2,1,100,1").code == 504
                client.cmd("PORT 127,0,0,3,100,1", 200)
            check_foreign(client, "127.0.0.7")


def case_users(binaries):
    """allow_fxp and fxp_peers by user; in clear where that is allowed."""
    config = {"allow_fxp": False, "fxp_peers": None,
              "tls": {"required": "off"},
              "users": [{"name": "alice", **ALLOWED}]}
    with Pair(binaries, left=config, right=config) as pair:
        left, right = pair.servers
        put(left, "file", b"in clear")
        for client in pair.clients:
            client.cmd("PROT C", 200)
        for passive in pair.clients:
            replies = exchange(*pair.clients, passive)
            assert [r.code for r in replies] == [226, 226], replies
            assert got(right, "copy") == b"in clear"
    # Never in clear where it must be protected.
    config["tls"] = {"required": "on"}
    with Pair(binaries, left=config, right=config) as pair:
        client = pair.clients[0]
        client.cmd("PROT C", 534)
        client.cmd("PORT 127,0,0,3,100,1", 200)
    config["tls"] = {"required": "auth+data"}
    with Pair(binaries, left=config, right=config) as pair:
        client = pair.clients[0]
        client.cmd("PROT C", 534)


def case_stranger_at_the_port(binaries):
    """Who shows no certificate of a server must be the client."""
    with Pair(binaries, config={"fxp_peers": ["127.0.0.0/8"]}) as pair:
        server, client = pair.servers[0], pair.clients[0]
        put(server, "file", b"secret")
        for source in ("127.0.0.3", CLIENT):
            port = int(re.search(r"(\d+)\|\)",
                                 client.cmd("EPSV", 229).text).group(1))
            data = socket.create_connection((server.address, port), 20,
                                            (source, 0))
            client.cmd("RETR file", 150)
            try:
                data = tls_context().wrap_socket(data)
                assert data.recv(10) == b""
            except (ssl.SSLError, ConnectionError):
                pass
            data.close()
            assert client.reply().code == 522
            check_quiet(client)
        assert client.retr("file") == b"secret"
        # An early handshake of the client's own goes on as ever.
        data = client.open_early("RETR file")
        assert client.read_data(data) == b"secret"
        assert client.reply().code == 226


def case_notices(binaries):
    """What allow_fxp lacks is said at the start."""
    with Daemon(binaries, {"allow_fxp": True}) as server:
        server.wait_log("no server may take part: fxp_peers names no network")
        server.wait_log("no server can be verified")
    with Pair(binaries) as pair:
        assert "no server" not in pair.servers[0].log()
