"""ftpsctl tls info and tls check."""

import json
import os
import re
import socket
import ssl
import subprocess
import time

from client import Client, tls_context
from daemon import IS_ROOT, Daemon, make_certificate, wait_for
from run import Skip

from cases.stapling import Rig
from cases.tickets import live_keys


def pair(server, name, **more):
    cert, key = make_certificate(server.folder, name, name + ".test", **more)
    return {"cert": cert, "key": key}


def host(server, name, **more):
    return {"name": name + ".test", "names": ["also-" + name + ".test"],
            "tls": {"engine": True, "certificates": [
                pair(server, name, **more)]}}


def start(server):
    """Writes what has been changed and starts it."""
    server.write_config()
    return server


def sessions(server, versions=("1.2", "1.3")):
    for version in versions:
        with Client(server.port, version=version) as client:
            client.auth().login()
            client.stor("file", b"x")


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True,
                          capture_output=True, text=True).stdout


def case_info(binaries):
    """Hosts and what their certificates say; one host by each name."""
    server = Daemon(binaries)
    server.config["hosts"] = [host(server, "a"),
                              host(server, "b", kind="rsa", days="90"),
                              {"name": "c.test"}]
    with start(server):
        info = server.ctl("tls", "info")
        names = [h["host"] for h in info["hosts"]]
        assert names == ["-", "a.test", "b.test", "c.test"], names
        assert not info["hosts"][3]["engine"]
        assert not info["hosts"][3]["certificates"]
        [cert] = info["hosts"][2]["certificates"]
        path = server.config["hosts"][1]["tls"]["certificates"][0]["cert"]
        said = openssl("x509", "-in", path, "-noout", "-serial",
                       "-fingerprint", "-sha256").replace(":", "")
        assert "serial=" + cert["serial"] in said, (cert, said)
        assert cert["sha256"] in said, (cert, said)
        assert cert["file"] == path and cert["key"] == "RSA 2048"
        assert cert["subject"] == cert["issuer"] == "CN=b.test"
        assert cert["names"] == ["b.test", "127.0.0.1"]
        assert cert["until"] - cert["from"] == 90 * 86400
        assert cert["chain_until"] == cert["until"]
        for name in ("a.test", "ALSO-A.test"):
            [one] = server.ctl("tls", "info", name)["hosts"]
            assert one["host"] == "a.test", one
            assert one["certificates"][0]["key"] == "EC P-256"
        [one] = server.ctl("tls", "info", "-")["hosts"]
        assert one == info["hosts"][0]
        missing = server.ctl("tls", "info", "d.test", check=False)
        assert missing.returncode == 1 and "no such host" in missing.stdout
        assert server.ctl("tls", "info", "a", "b",
                          check=False).returncode == 1
        text = server.ctl("tls", "info", json_output=False).stdout
        for words in ("The server\n", "Host b.test\n", "Subject: CN=a.test",
                      "Names: a.test 127.0.0.1", "Key: RSA 2048", "Expires:",
                      "Staple: -", "Ticket keys: 1 of at most 25",
                      "Host c.test (without TLS)"):
            assert words in text, (words, text)
        # What did not change is known after a reload, too.
        server.ctl("reload")
        assert server.ctl("tls", "info")["hosts"] == info["hosts"]


def case_counters(binaries):
    """Handshakes by how they began, version, cipher, and what failed."""
    server = Daemon(binaries, {"timeouts": {"login": "2s"}})
    server.config["hosts"] = [merge_client(host(server, "strict"))]
    server.expect_log("TLS")
    with start(server):
        sessions(server)
        with Client(server.port, version="1.2") as client:
            client.auth().login()
            session, context = client.socket.session, client.context
        assert wait_for(lambda: server.ctl("sesscache",
                                           "info")["current"] > 0)
        with Client(server.port, context=context) as client:
            client.auth(session)
            assert client.socket.session_reused
        fail(server)
        info = server.ctl("tls", "info")
        shakes = info["handshakes"]
        assert shakes["handshakes_full"] == 3, shakes
        assert shakes["handshakes_resumed"] == 1, shakes
        assert shakes["resumed_cache"] == 1, shakes
        assert shakes["data_resumed"] == 2, shakes
        assert info["versions"]["TLSv1.2"] == 4, info
        assert info["versions"]["TLSv1.3"] == 2, info
        assert sum(info["ciphers"].values()) == 6, info
        assert info["ciphers"]["TLS_AES_256_GCM_SHA384"] == 2, info
        expected = {"no_tls": 1, "version": 1, "cipher": 1, "alpn": 1,
                    "client_certificate": 1, "by_client": 1, "closed": 1,
                    "given_up": 1, "other": 0}
        assert info["failures"] == expected, info["failures"]
        assert shakes["handshakes_failed"] == 8, shakes


def merge_client(entry):
    """The host demands certificates of clients, and nobody is believed."""
    entry["tls"].update(
        verify_client="on",
        ca_certificate_file=entry["tls"]["certificates"][0]["cert"])
    return entry


def fail(server):
    """One handshake for each way to fail."""
    def plain(data):
        conn = socket.create_connection(("127.0.0.1", server.implicit_port))
        conn.sendall(data)
        return conn

    def shake(context, name=None):
        with socket.create_connection(
                ("127.0.0.1", server.implicit_port)) as conn:
            try:
                conn = context.wrap_socket(conn, server_hostname=name)
                conn.recv(1)
                conn.close()
            except (ssl.SSLError, ConnectionError):
                return
            raise AssertionError("the handshake succeeded")

    def total():
        return server.ctl("status")["counters"]["handshakes_failed"]

    plain(b"USER anonymous\r\nPASS x@\r\n").close()
    old = tls_context()
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    shake(old)
    other = tls_context("1.2")
    other.set_ciphers("ECDHE-RSA-AES128-SHA")
    shake(other)
    shake(tls_context(alpn=["http/1.1"]))
    shake(tls_context("1.2"), "strict.test")
    strict = tls_context("1.2")
    strict.verify_mode = ssl.CERT_REQUIRED
    shake(strict)
    plain(b"").close()
    silent = plain(b"\x16\x03\x01")
    assert wait_for(lambda: total() == 8), server.ctl("tls", "info")
    silent.close()


def case_no_bytes_of_keys(binaries):
    """Ages of ticket keys are told, and nothing of the keys."""
    if not IS_ROOT:
        raise Skip("needs root to read the memory of processes")
    with Daemon(binaries) as server:
        info = server.ctl("tls", "info")
        assert info["ticket_keys"] == {"age": 43200, "count": 25,
                                       "ages": info["ticket_keys"]["ages"]}
        assert len(info["ticket_keys"]["ages"]) == 1
        text = json.dumps(info).lower()
        for name, secrets in live_keys(server).items():
            for secret in [name, *secrets]:
                assert secret[:4].hex() not in text


def case_many_hosts(binaries):
    """Hundreds of hosts come in pages; nobody waits for them."""
    server = Daemon(binaries)
    certificates = [pair(server, f"pair{i}") for i in range(5)]
    server.config["hosts"] = [
        {"name": f"host{i}.test",
         "tls": {"engine": True, "certificates": [certificates[i % 5]]}}
        for i in range(700)]
    with start(server):
        hosts = server.ctl("tls", "info")["hosts"]
        assert len(hosts) == 701
        for i, entry in enumerate(hosts[1:]):
            assert entry["host"] == f"host{i}.test", entry
            [cert] = entry["certificates"]
            assert cert["subject"] == f"CN=pair{i % 5}.test", cert
        checked = server.ctl("tls", "check")
        assert len(checked["certificates"]) == 6
        [one] = server.ctl("tls", "info", "host699.test")["hosts"]
        assert one == hosts[700]


def check(server, *arguments):
    done = server.ctl("tls", "check", *arguments, check=False,
                      json_output=False)
    return done.returncode, done.stdout


def case_check(binaries):
    """Exit status and lines for monitoring."""
    server = Daemon(binaries)
    server.config["hosts"] = [host(server, "soon", days="10")]
    soon = server.config["hosts"][0]["tls"]["certificates"][0]["cert"]
    with start(server):
        server.expect_log("what was good before is still used")
        assert check(server, "9") == (0, check(server, "9")[1])
        assert check(server, "9")[1].startswith("OK: 2 certificates")
        status, text = check(server)
        assert status == 1 and re.fullmatch(
            f"WARNING: {soon}: expires in (9|10) days\n", text), text
        assert len(check(server, "60")[1].splitlines()) == 2
        findings = server.ctl("tls", "check", "60", check=False)
        findings = json.loads(findings.stdout)
        assert findings["state"] == "WARNING" and findings["days"] == 60
        for wrong in (["-5"], ["x"], ["1", "2"], ["99999"]):
            assert check(server, *wrong)[0] in (2, 3), wrong
        # One that has expired already.
        openssl("x509", "-in", soon, "-signkey", soon[:-3] + "key", "-days",
                "0", "-out", soon)
        time.sleep(1.1)
        server.ctl("reload")
        status, text = check(server)
        assert status == 2, text
        assert f"CRITICAL: {soon}: has expired today" in text, text
        make_certificate(server.folder, "soon", "soon.test")
        server.ctl("reload")
        assert check(server)[0] == 0, check(server)
        # One that is bad, so that older bytes are used.
        with open(soon, "w", encoding="utf-8") as out:
            out.write("rubbish\n")
        server.ctl("reload")
        status, text = check(server)
        assert status == 2 and soon in text, text
        assert text.startswith("CRITICAL: "), text
        [one] = server.ctl("tls", "info", "soon.test")["hosts"]
        assert one["certificates"][0]["subject"] == "CN=soon.test", one
        assert soon in one["certificates"][0]["alarm"], one
        text = server.ctl("tls", "info", json_output=False).stdout
        assert "ALARM since" in text, text
    assert check(server)[0] == 3, "there is no server"


def case_check_chain(binaries):
    """A chain that ends before the certificate is found, too."""
    server = Daemon(binaries)
    soon, key = make_certificate(server.folder, "issuer", "issuer", days="5")
    path = os.path.join(server.folder, "leaf")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-keyout",
            path + ".key", "-out", path + ".csr")
    openssl("x509", "-req", "-in", path + ".csr", "-CA", soon, "-CAkey", key,
            "-days", "50", "-out", path + ".pem", "-copy_extensions", "copy")
    server.config["tls"]["certificates"] = [
        {"cert": path + ".pem", "key": path + ".key", "chain": soon}]
    with start(server):
        status, text = check(server)
        assert status == 1, text
        assert re.search(r"of its chain expires in [45] days\n", text), text
        text = server.ctl("tls", "info", json_output=False).stdout
        assert "Chain expires:" in text, text


def staple_line(server):
    text = server.ctl("tls", "info", "-", json_output=False).stdout
    return re.search("Staple: (.*)", text).group(1)


def case_staples(binaries):
    """What is stapled is shown; what is missing or revoked is told."""
    with Rig(binaries) as rig:
        rig.stapled()
        assert staple_line(rig.server).startswith("good, until ")
        assert check(rig.server, "0")[0] == 0, check(rig.server, "0")
        [staple] = rig.server.ctl("tls", "info")["staples"]
        [cert] = rig.server.ctl("tls", "info", "-")["hosts"][0]["certificates"]
        assert staple["sha256"] == cert["sha256"]
        assert cert["responder"] and not cert["must_staple"]
    for must, state in ((False, 1), (True, 2)):
        with Rig(binaries, must=must, mode="rubbish") as rig:
            rig.server.expect_log("staple")
            assert wait_for(lambda: check(rig.server, "0")[0] == state and
                            "no fresh" in check(rig.server, "0")[1], 20), \
                check(rig.server, "0")
            assert "nothing is stapled" in staple_line(rig.server)


def case_revoked(binaries):
    """A certificate that is revoked is critical."""
    with Rig(binaries) as rig:
        rig.server.expect_log("REVOKED")
        rig.stapled()
        rig.root.revoke("first")
        rig.server.ctl("ocspcache", "clear")
        assert wait_for(lambda: check(rig.server, "0")[0] == 2, 20), \
            check(rig.server, "0")
        assert "is revoked" in check(rig.server, "0")[1]


def ask(path, line):
    with socket.socket(socket.AF_UNIX) as conn:
        conn.settimeout(20)
        conn.connect(path)
        conn.sendall(line.encode() + b"\n")
        return json.loads(conn.makefile().readline())


def case_requests(binaries):
    """What is no name of a host is refused, whatever it is."""
    with Daemon(binaries) as server:
        for arguments in (["a" * 60000], ["\u0001"], ["../.."], [""], ["%s"],
                          ["-", "-"], ["x"] * 8):
            answer = ask(server.socket_path, json.dumps(
                {"command": "tls info", "arguments": arguments}))
            assert answer["status"] == "failed", answer
        for arguments in (["\u0000"], [1], [None], [["-"]], "x", {"a": 1}, ["x"] * 9):
            answer = ask(server.socket_path, json.dumps(
                {"command": "tls info", "arguments": arguments}))
            assert answer["status"] == "unknown", answer
        answer = ask(server.socket_path, json.dumps(
            {"command": "tls check", "arguments": ["1"]}))
        assert answer["status"] == "failed", answer
        # One that goes away in the middle of its answer.
        for _ in range(10):
            with socket.socket(socket.AF_UNIX) as conn:
                conn.connect(server.socket_path)
                conn.sendall(b'{"command": "tls info"}\n')
        assert server.ctl("tls", "info")["hosts"]


def case_acl(binaries):
    """control.acl lets others look: by command, or by one of its words."""
    if not IS_ROOT:
        raise Skip("needs root to ask as other users")
    config = {"control": {"mode": "0666", "acl": [
        {"actions": ["tls check"], "users": ["games"]},
        {"actions": ["tls"], "users": ["news"]},
        {"actions": ["info"], "users": ["lp"]}]}}
    may = {"games": {"check"}, "news": {"check", "info"}, "lp": {"info"},
           "mail": set()}
    with Daemon(binaries, config) as server:
        server.expect_log("control|refused|denied")
        for user, actions in may.items():
            for action in ("info", "check"):
                done = subprocess.run(
                    ["setpriv", "--reuid", user, "--regid", "nogroup",
                     "--clear-groups", os.path.join(binaries, "ftpsctl"),
                     "-s", server.socket_path, "tls", action],
                    capture_output=True, text=True, check=False)
                wanted = 0 if action in actions else 3
                assert done.returncode == wanted, (user, action, done)
