"""Files of certificates and keys: checked, kept, and exchanged."""

import os
import re
import shutil
import signal
import subprocess
import time

from authority import Authority
from authority import write as write_whole
from cases.tls_keys import (NEW, OLD, Talk, as_alice, fetch, psk_server,
                            s_client, write_key)
from client import Client
from daemon import (PASSWORD, Daemon, make_certificate, random_bytes,
                    wait_for)


def served(server, name=None):
    """The certificate that is served, as openssl describes it."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
               "-starttls", "ftp"]
    command += ["-servername", name] if name else ["-noservername"]
    done = subprocess.run(command, input=b"QUIT\r\n", capture_output=True,
                          timeout=60, check=False)
    return done.stdout.decode("utf-8", "replace")


def check(server):
    """What ftpsd -t says: its exit status and text."""
    done = subprocess.run(
        [os.path.join(server.binaries, "ftpsd"), "-t", "-c",
         server.config_path], capture_output=True, text=True, timeout=60,
        check=False)
    return done.returncode, done.stdout + done.stderr


def checked(server, changes):
    """The same with these changes of tls, which do not last."""
    before = dict(server.config["tls"])
    server.config["tls"].update(changes)
    server.write_config()
    server.config["tls"] = before
    result = check(server)
    server.write_config()
    return result


def write(server, name, text, mode=0o600):
    path = os.path.join(server.folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, mode)
    return path


def replace(source, target):
    """As a program that renews certificates does it."""
    shutil.copy(source, target + ".new")
    os.chmod(target + ".new", 0o600)
    os.rename(target + ".new", target)


def case_permissions(binaries):
    """Keys that others can read or write are refused, unless told else."""
    server = Daemon(binaries)
    try:
        for mode, text in ((0o644, "readable by others"),
                           (0o660, "writable by group"),
                           (0o602, "writable by group or others")):
            os.chmod(server.key, mode)
            status, said = check(server)
            assert status != 0 and text in said, said
            assert "ftpsd.yaml:" in said and "server.key" in said, said
            status, said = checked(
                server, {"allow_insecure_key_permissions": True})
            assert status == 0 and text in said, said
        os.chmod(server.key, 0o640)
        assert check(server)[0] == 0
        if os.geteuid() == 0:
            os.chown(server.key, 0, 54321)
            status, said = check(server)
            assert status != 0 and "no name" in said, said
            os.chown(server.key, 54321, 0)
            status, said = check(server)
            assert status != 0 and "must belong to root" in said, said
    finally:
        shutil.rmtree(server.folder)


def case_shared_key_files(binaries):
    """Keys that are shared are refused when short, open or no keys."""
    server = Daemon(binaries)
    key = "00112233445566778899aabbccddeeff"
    try:
        for text, mode, said in ((key, 0o600, None), (key, 0o640, None),
                                 (key, 0o644, "readable by others"),
                                 (key[:30], 0o600, "from 16 to"),
                                 ("x" * 32, 0o600, "hexadecimal"),
                                 ("", 0o600, "is empty")):
            path = write(server, "psk", text, mode)
            status, output = checked(
                server, {"pre_shared_key": ["one hex:" + path]})
            assert (status == 0) == (said is None), output
            assert said is None or said in output, output
            assert key[:8] not in output, output
    finally:
        shutil.rmtree(server.folder)


def case_doubts(binaries):
    """What is no mistake, but wrong with a file, is told."""
    server = Daemon(binaries)
    try:
        ca = Authority(server.folder, "ca")
        new = write(server, "new.crl", ca.crl())
        old = write(server, "old.crl", ca.crl(ends=-60))
        early = write(server, "early.crl", ca.crl(begins=3600))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes",
             "-days", "90", "-subj", "/CN=weak", "-keyout", server.key,
             "-out", server.cert], check=True, capture_output=True)
        status, said = check(server)
        assert status != 0 and "AllowWeakSecurity" in said, said
        status, said = checked(server, {"options": ["AllowWeakSecurity"]})
        assert status == 0 and "no subjectAltName" in said, said
        make_certificate(server.folder, "server")
        status, said = checked(server, {"ca_revocation_file": new})
        assert status == 0 and "list" not in said, said
        status, said = checked(server, {"ca_revocation_file": old})
        assert status == 0 and "list has expired" in said, said
        status, said = checked(server, {"ca_revocation_file": early})
        assert status == 0 and "list is not valid yet" in said, said
        names = "subjectAltName = DNS:localhost\n"
        for name, text, times in (
                ("good", None, {"ends": 90 * 86400}),
                ("gone", "has expired", {"ends": -60}),
                ("early", "is not valid yet", {"begins": 3600}),
                ("soon", "expires within 3 days",
                 {"begins": -80 * 86400, "ends": 3 * 86400 - 60})):
            made = ca.issue(name, "localhost", names, **times)
            os.chmod(made.path, 0o600)
            status, said = checked(
                server, {"certificates": [{"cert": made.path}]})
            assert status == 0, said
            assert text is None or text in said, said
            assert text is not None or "warning" not in said, said
    finally:
        shutil.rmtree(server.folder)


def case_other_files(binaries):
    """Authorities, lists, parameters: what is none is refused, by name."""
    server = Daemon(binaries)
    try:
        folder = os.path.join(server.folder, "ca")
        os.mkdir(folder)
        shutil.copy(server.cert, os.path.join(folder, "one.pem"))
        shutil.copy(server.key, os.path.join(folder, "key.pem"))
        status, said = checked(server, {"ca_certificate_path": folder})
        assert status == 0 and "key.pem is left out" in said, said
        weak = os.path.join(server.folder, "weak.pem")
        subprocess.run(["openssl", "dhparam", "-out", weak, "512"],
                       check=True, capture_output=True)
        for key, path, text in (
                ("ca_certificate_file", server.key, "no certificate"),
                ("ca_certificate_path", server.cert, "Not a directory"),
                ("ca_revocation_file", server.cert, "no revocation list"),
                ("dh_param_file", weak, "AllowWeakDH"),
                ("server_info_file", server.cert, "no extensions")):
            status, said = checked(server, {key: path})
            assert status != 0 and text in said, said
            assert "ftpsd.yaml:" in said, said
    finally:
        shutil.rmtree(server.folder)


def shown(server, *arguments):
    """The certificates that are sent."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
         "-starttls", "ftp", "-showcerts", *arguments], input=b"QUIT\r\n",
        capture_output=True, timeout=60, check=False)
    return done.stdout.decode("utf-8", "replace")


def case_chain_file(binaries):
    """A chain of its own file goes with each certificate, and has them not."""
    server = Daemon(binaries)
    other, _ = make_certificate(server.folder, "other", "issuer.test")
    rsa, rsa_key = make_certificate(server.folder, "rsa", "rsa.test", "rsa")
    chain = write(server, "chain.pem", "".join(
        open(path, encoding="ascii").read()
        for path in (server.cert, rsa, other)))
    del server.config["tls"]["certificates"]
    server.config["tls"].update({
        "ec_certificate_file": server.cert,
        "ec_certificate_key_file": server.key,
        "rsa_certificate_file": rsa,
        "rsa_certificate_key_file": rsa_key,
        "certificate_chain_file": chain})
    server.write_config()
    with server:
        for algorithm, name in (("ECDSA+SHA256", "localhost"),
                                ("RSA-PSS+SHA256", "rsa.test")):
            text = shown(server, "-sigalgs", algorithm)
            assert text.count("BEGIN CERTIFICATE") == 2, text
            assert "subject=CN = " + name in text, text
            assert "issuer.test" in text, text


def case_types_of_keys(binaries):
    """A key that is not what the configuration calls it is warned of."""
    server = Daemon(binaries)
    try:
        del server.config["tls"]["certificates"]
        server.config["tls"].update({"rsa_certificate_file": server.cert,
                                     "rsa_certificate_key_file": server.key})
        server.write_config()
        status, said = check(server)
        assert status == 0 and "not one with an RSA key" in said, said
        for key, text in (("dsa_certificate_file", "no cipher"),
                          ("certificate_chain_file", "No such file")):
            status, said = checked(server, {key: "/nonexistent"})
            assert status != 0 and text in said, said
    finally:
        shutil.rmtree(server.folder)


def case_bad_host_is_kept(binaries):
    """At reload a host whose files are bad keeps its last good ones."""
    server = Daemon(binaries)
    certs = {}
    for name in ("one.test", "two.test"):
        certs[name] = make_certificate(server.folder, name, name)
    server.config["hosts"] = [
        {"name": name, "tls": {"certificates": [{"cert": c, "key": k}]}}
        for name, (c, k) in certs.items()]
    for host in server.config["hosts"]:
        host["tls"].update({"engine": True, "required": "on"})
        host["auth"] = server.config["auth"]
    server.write_config()
    with server:
        server.expect_log("still used")
        assert "one.test" in served(server, "one.test")
        make_certificate(server.folder, "three.test", "three.test")
        good = open(certs["one.test"][1], encoding="ascii").read()
        other = os.path.join(server.folder, "three.test.key")
        replace(other, certs["one.test"][1])
        replace(os.path.join(server.folder, "three.test.pem"),
                certs["two.test"][0])
        replace(other, certs["two.test"][1])
        done = server.ctl("reload", json_output=False)
        assert "some files are bad" in done.stdout, done.stdout
        assert wait_for(lambda: "three.test" in served(server, "two.test"))
        assert "one.test" in served(server, "one.test")
        server.wait_log("one.test.pem: .*does not match.*still used")
        alarms = server.ctl("status")["alarms"]
        assert len(alarms) == 1 and "one.test.pem" in alarms[0]["text"]
        shown = server.ctl("status", json_output=False).stdout
        assert "ALARM since" in shown, shown
        # It goes on for as long as the file is bad, and ends then.
        os.unlink(certs["one.test"][1])
        server.ctl("reload")
        assert "one.test" in served(server, "one.test")
        again = server.ctl("status")["alarms"]
        assert len(again) == 1 and again[0]["since"] == alarms[0]["since"]
        write(server, "one.test.key", good)
        server.ctl("reload")
        assert not server.ctl("status")["alarms"]
        with Client(server.port) as client:
            client.auth().login()


def case_bad_host_at_start(binaries):
    """At the start a bad pair is a mistake."""
    server = Daemon(binaries)
    try:
        other, _ = make_certificate(server.folder, "other", "other.test")
        replace(other, server.cert)
        try:
            server.start()
        except AssertionError as error:
            assert "does not match" in str(error), error
        else:
            server.stop()
            raise AssertionError("it has started")
    finally:
        shutil.rmtree(server.folder, ignore_errors=True)


def renew(server, name, subject):
    """A new pair in the place of the old one, as certbot would do it."""
    cert, key = make_certificate(server.folder, "renewed-" + subject, subject)
    replace(cert, os.path.join(server.folder, name + ".pem"))
    replace(key, os.path.join(server.folder, name + ".key"))


def case_watched_while_transfers_run(binaries):
    """tls.watch: a changed pair is served by itself; nothing else notices."""
    with Daemon(binaries, {"tls": {"watch": True}}) as server:
        contents = random_bytes(20_000_000, 3)
        with open(os.path.join(server.home, "big"), "wb") as out:
            out.write(contents)
        busy = Client(server.port).auth().login()
        data = busy.open_data("RETR big")
        first = data.recv(1000)
        workers = server.processes("worker")
        renew(server, "server", "renewed.test")
        assert wait_for(lambda: "renewed.test" in served(server), 20)
        for _ in range(8):  # each worker
            assert "renewed.test" in served(server)
        assert first + busy.read_data(data) == contents
        assert busy.reply().code == 226
        busy.stor("small", b"x")
        assert busy.retr("small") == b"x"
        busy.close()
        assert server.processes("worker") == workers
        assert server.ctl("status")["generation"] == 1
        server.wait_log("changed files are taken over")


def case_watched_and_bad(binaries):
    """A pair that is bad when it changes is told of, and not served."""
    with Daemon(binaries, {"tls": {"watch": True}}) as server:
        server.expect_log("still used")
        cert, _ = make_certificate(server.folder, "other", "other.test")
        good = open(server.cert, encoding="ascii").read()
        replace(cert, server.cert)
        server.wait_log("does not match.*still used")
        assert "other.test" not in served(server)
        assert len(server.ctl("status")["alarms"]) == 1
        os.unlink(server.cert)
        server.wait_log("No such file.*still used")
        assert "localhost" in served(server)
        write(server, "server.pem", good)
        assert wait_for(lambda: not server.ctl("status")["alarms"])
        with Client(server.port) as client:
            client.auth().login()


def case_not_watched(binaries):
    """Without tls.watch a changed pair waits for a reload."""
    with Daemon(binaries) as server:
        renew(server, "server", "renewed.test")
        time.sleep(5)
        assert "renewed.test" not in served(server)
        server.ctl("reload")
        assert "renewed.test" in served(server)


def case_watched_by_new_workers(binaries):
    """A worker that is started after a change has what the others have."""
    with Daemon(binaries, {"tls": {"watch": True}}) as server:
        server.expect_log("worker")
        renew(server, "server", "renewed.test")
        assert wait_for(lambda: "renewed.test" in served(server), 20)
        for pid in server.processes("worker"):
            os.kill(pid, signal.SIGKILL)
        assert wait_for(lambda: len(server.processes("worker")) == 2, 30)
        for _ in range(6):
            assert wait_for(lambda: "renewed.test" in served(server), 20)
        renew(server, "server", "again.test")
        assert wait_for(lambda: "again.test" in served(server), 20)


def refused(server, client, session=None):
    """Whether a new control connection of that client is refused."""
    try:
        with Client(server.port, context=client) as again:
            again.auth(session)
            again.cmd("NOOP", 200)
            return False
    except (AssertionError, EOFError, OSError):
        return True


def case_watched_revocation(binaries):
    """A list that revokes a client takes effect at once, resumed or not."""
    server = Daemon(binaries, {"tls": {"watch": True, "verify_client": "on"}})
    ca = Authority(server.folder, "ca")
    certificate = ca.issue("good")
    lists = os.path.join(server.folder, "lists")
    os.mkdir(lists)
    listed = os.path.join(lists, "list.pem")
    write_whole(listed, ca.crl())
    server.config["tls"].update({
        "ca_certificate_file": ca.path("cert.pem"),
        "ca_revocation_path": lists})
    server.write_config()
    with server:
        running = []
        for version in ("1.2", "1.3"):
            context = certificate.context(version)
            client = Client(server.port, context=context).auth().login()
            client.stor("file", b"x")
            client.cmd("NOOP", 200)
            assert not refused(server, context, client.socket.session)
            running.append((client, context, client.socket.session))
        ca.revoke("good")
        write_whole(listed, ca.crl())
        server.wait_log("changed files are taken over")
        for client, context, session in running:
            assert wait_for(lambda c=context: refused(server, c), 5)
            assert refused(server, context, session)
            # The session that has begun is not disturbed.
            client.stor("again", b"y")
            assert client.retr("again") == b"y"
            client.close()
        # Another authority, in place of the old one.
        other = Authority(server.folder, "other")
        write_whole(ca.path("cert.pem"), other.cert)
        write_whole(listed, other.crl())
        server.wait_log("(?s)taken over.*changed files are taken over")
        theirs = other.issue("new").context()
        assert wait_for(lambda: not refused(server, theirs), 5)
        assert refused(server, running[0][1])


def case_watched_shared_keys(binaries):
    """Keys that are shared, and parameters: new ones count at once."""
    server = psk_server(binaries, {"watch": True})
    with open(os.path.join(server.home, "f"), "w", encoding="ascii") as out:
        out.write("contents")
    with server:
        running = []
        for versions in (OLD, NEW):
            session = os.path.join(server.folder, versions[0] + ".session")
            talk = Talk(server.port, *versions, *as_alice(), "-sess_out",
                        session)
            talk.cmd("USER alice", 331)
            talk.cmd("PASS " + PASSWORD, 230)
            talk.cmd("PROT P", 200)
            running.append((versions, session, talk))
        text = s_client(server.port, *NEW, *as_alice())
        assert "no peer certificate available" in text, text
        write_key(server, "alice", "aa" * 24)
        server.wait_log("changed files are taken over")
        for versions, session, talk in running:
            assert wait_for(lambda v=versions: "no peer certificate" in
                            s_client(server.port, *v, *as_alice("aa" * 24)))
            assert re.search(r"alert [a-z]", s_client(
                server.port, *versions, *as_alice()))
            with talk:
                talk.cmd("NOOP", 200)
                got, reply = fetch(talk, *versions, "-sess_in", session,
                                   *(as_alice() if versions is OLD else ()))
                assert (got, reply[:3]) == (b"contents", "226"), (got, reply)
        server.expect_log("TLS handshake failed")
