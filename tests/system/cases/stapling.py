"""Responses of OCSP for the server's own certificates."""

import json
import os
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time

from authority import Authority, read, write
from client import Client
from daemon import Daemon, free_port, wait_for
from responder import Program, Responder


class Rig:
    """An authority, its responder, and a server with a certificate of it."""

    def __init__(self, binaries, tls=None, more=None, must=False, url=None,
                 mode="index"):
        self.folder = tempfile.mkdtemp(prefix="ftpsd-staple-")
        os.chmod(self.folder, 0o755)
        self.root = Authority(self.folder, "root")
        self.stranger = Authority(self.folder, "stranger")
        self.responder = Responder(self.root, self.stranger)
        self.responder.mode = mode
        self.more = "tlsfeature = status_request\n" if must else ""
        self.url = url
        self.store = os.path.join(self.folder, "store")
        self.path = self.issue("first")
        self.config = {
            "tls": {
                "certificates": [{"cert": self.path, "key": self.path}],
                "stapling_cache": {"type": "lmdb", "directory": self.store},
                **(tls or {}),
            },
            **(more or {}),
        }
        self.binaries = binaries

    def issue(self, name):
        """The path of a new one: certificate, chain and key together."""
        extension = self.responder.extension() if self.url is None else \
            self.url and f"authorityInfoAccess = OCSP;URI:{self.url}\n"
        path = self.root.issue(name, more=extension + self.more).path
        write(path, read(path) + self.root.cert)
        os.chmod(path, 0o600)
        return path

    def __enter__(self):
        self.server = Daemon(self.binaries, self.config)
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
            shutil.rmtree(self.folder, ignore_errors=True)

    def look(self, version="1.3", session=None, port=None):
        """What openssl-s_client says of the server's response."""
        command = ["openssl", "s_client", "-connect",
                   f"127.0.0.1:{port or self.server.port}", "-starttls",
                   "ftp", "-status", "-ign_eof", "-tls1_" + version[-1]]
        if session is not None:
            command += session
        done = subprocess.run(command, input="QUIT\r\n", text=True,
                              capture_output=True, timeout=30, check=False)
        assert "Server certificate" in done.stdout, done.stdout + done.stderr
        return done.stdout

    def status(self, version="1.3"):
        """The word of a stapled response; "" without one."""
        text = self.look(version)
        if "OCSP response: no response sent" in text:
            return ""
        found = re.search(r"OCSP Response Status: (\w+)", text)
        if found and found.group(1) != "successful":
            return found.group(1)
        return re.search(r"Cert Status: (\w+)", text).group(1)

    def stapled(self, word="good"):
        """Waits for it; then all versions have it, on all workers."""
        assert wait_for(lambda: self.status() == word, 30), self.look()
        for version in ("1.2", "1.3") * 4:
            assert self.status(version) == word, version

    def never(self, seconds=1.5):
        """Nothing is stapled, however long we wait."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for version in ("1.2", "1.3"):
                assert self.status(version) == "", version

    def entries(self):
        """All; soon after the start there may be nobody to ask."""
        done = []

        def ask():
            done.append(self.server.ctl("ocspcache", "info", "-v",
                                        check=False))
            return done[-1].returncode == 0

        assert wait_for(ask, 20), done[-1]
        return json.loads(done[-1].stdout)["staples"]

    def entry(self):
        entries = self.entries()
        assert len(entries) == 1, entries
        return entries[0]

    def failed(self, words, count=1):
        """Waits until there was no response, for that reason."""
        assert wait_for(lambda: self.entry()["failures"] >= count, 30), \
            self.entry()
        entry = self.entry()
        assert re.search(words, entry["error"]), entry
        assert entry["next_try"] > time.time() + 30, entry
        return entry


def case_stapled(binaries):
    """To who asks, on control and data, and not to who resumes."""
    with Rig(binaries) as rig:
        rig.stapled()
        assert rig.responder.requests == 1, rig.responder.requests
        entry = rig.entry()
        assert entry["status"] == "good" and entry["served"], entry
        assert entry["serial"] == "1000" and entry["hosts"] == 1, entry
        assert entry["error"] == "" and not entry["must_staple"], entry
        now = time.time()
        assert entry["this_update"] <= entry["fetched"] <= now + 2, entry
        half = (entry["next_update"] - entry["this_update"]) / 2
        wait = entry["next_try"] - entry["this_update"]
        assert 0.85 * half < wait < 1.15 * half, entry
        text = rig.server.ctl("tls", "info", json_output=False).stdout
        assert re.search(r"Staple: good, until \w+", text), text
        text = rig.server.ctl("tls", "info", "-", json_output=False).stdout
        assert "Staple: good, until" in text, text
        done = rig.server.ctl("tls", "check", "0", json_output=False)
        assert done.stdout.startswith("OK"), done.stdout
        # Who does not ask gets none, and who resumes neither.
        file = os.path.join(rig.folder, "session")
        for version in ("1.2", "1.3"):
            text = rig.look(version, ["-sess_out", file])
            assert "Cert Status: good" in text
            text = rig.look(version, ["-sess_in", file])
            assert "Reused, TLSv1." in text, text
            assert "Cert Status" not in text, text


def case_openssl_responder(binaries):
    """The same with openssl-ocsp itself as the responder."""
    port = free_port()
    with Rig(binaries, url=f"http://127.0.0.1:{port}/") as rig:
        rig.server.expect_log("no response to staple")
        with Program(rig.root, port):
            if rig.entry()["status"] != "good":
                rig.server.ctl("ocspcache", "clear")
            rig.stapled()


def case_not_stapled(binaries):
    """What is not the responder's own good word is given to nobody."""
    for mode, words in (
            ("unknown", "does not know the certificate"),
            ("stranger", "not signed by who may"),
            ("rubbish", "no OCSP"), ("huge", "."), ("redirect", "."),
            ("later", "try later"), ("close", ".")):
        with Rig(binaries, mode=mode) as rig:
            rig.server.expect_log("no response to staple")
            rig.failed(words)
            rig.server.wait_log("no response to staple for the certificate "
                                "of host .server. .serial 1000.")
            rig.never(0.1)


case_not_stapled.limit = 180


def case_unreachable(binaries):
    """Nobody is there, or nobody answers: no handshake notices."""
    with Rig(binaries, url=f"http://127.0.0.1:{free_port()}/") as rig:
        rig.failed("refused")
        rig.never(0.1)
    with Rig(binaries, tls={"stapling_timeout": "2s"}) as rig:
        # What is asked for at the start does not come after the clearing.
        rig.stapled()
        for mode in ("hang", "trickle"):
            rig.responder.mode = mode
            rig.server.ctl("ocspcache", "clear")
            began = time.monotonic()
            assert rig.status() == ""
            assert time.monotonic() - began < 1.5
            rig.failed("no answer in time")
            assert time.monotonic() - began < 15
            assert rig.status() == ""
        # It recovers, and so do we.
        rig.responder.mode = "index"
        rig.server.ctl("ocspcache", "clear")
        rig.stapled()


case_unreachable.limit = 120


def case_revoked(binaries):
    """Nothing is stapled any more, and an alarm is raised."""
    with Rig(binaries) as rig:
        rig.stapled()
        rig.root.revoke("first")
        rig.server.expect_log("alarm: .* is REVOKED")
        rig.server.ctl("ocspcache", "clear")
        assert wait_for(lambda: rig.entry()["status"] == "revoked", 20)
        entry = rig.entry()
        assert not entry["served"] and "revoked" in entry["error"], entry
        rig.server.wait_log("alarm: the certificate of host .server. .serial "
                            "1000. is REVOKED")
        rig.never(0.5)
        done = rig.server.ctl("tls", "check", "0", check=False,
                              json_output=False)
        assert done.returncode == 2 and "is revoked" in done.stdout, done
        assert not [name for name in os.listdir(rig.store)
                    if name.endswith(".ocsp")]


def short_one(rig):
    """Asks anew: what was on its way before may still have come."""
    rig.server.ctl("ocspcache", "clear")
    rig.stapled()
    entry = rig.entry()
    short = entry["next_update"] - entry["this_update"] <= 61
    return entry if short else None


def case_expired(binaries):
    """Past its end a response is given to nobody."""
    with Rig(binaries) as rig:
        rig.responder.validity = ["-nmin", "1"]
        entry = wait_for(lambda: short_one(rig), 30)
        assert entry
        rig.responder.mode = "later"
        rig.server.expect_log("no response to staple")
        # It is asked again at half its life, in vain, and serves on.
        assert wait_for(lambda: rig.entry()["failures"] == 1, 60)
        if time.time() < entry["next_update"] - 3:
            assert rig.status() == "good"
        time.sleep(max(0, entry["next_update"] - time.time() + 0.5))
        assert rig.status("1.2") == rig.status() == ""
        assert wait_for(lambda: not rig.entry()["served"], 10)
        assert rig.entry()["status"] == "none"


case_expired.limit = 150
case_expired.idle = True


def case_restart(binaries):
    """What was verified once is served at once, and asked for no more."""
    with Rig(binaries) as rig:
        rig.stapled()
        files = [name for name in os.listdir(rig.store)
                 if name.endswith(".ocsp")]
        assert len(files) == 1, files
        path = os.path.join(rig.store, files[0])
        rig.responder.mode = "hang"
        asked = rig.responder.requests
        rig.server.stop()
        rig.server.start()
        assert wait_for(lambda: rig.status() == "good", 5)
        rig.stapled()
        assert rig.responder.requests == asked
        # The same for a new ocsp process, and a new keeper.
        for role in ("ocsp", "keeper"):
            rig.server.expect_log(role + ".*(killed|signal|ended)|cache")
            old = rig.server.processes(role)
            os.kill(old[0], signal.SIGKILL)
            assert wait_for(lambda: rig.server.processes(role) not in
                            ([], old), 20)
            assert wait_for(lambda: all(rig.status() == "good"
                                        for _ in range(4)), 30), role
        assert rig.responder.requests == asked
        # A file that lies is not believed.
        rig.server.stop()
        with open(path, "r+b") as out:
            out.seek(200)
            out.write(b"\0\0\0\0\0\0\0\0")
        rig.server.start()
        time.sleep(1)
        assert rig.status() == ""
        assert not os.path.exists(path)
        assert rig.responder.requests == asked + 1


def case_renewed(binaries):
    """A renewed certificate gets its own response, the old one's goes."""
    with Rig(binaries, tls={"watch": True}) as rig:
        rig.stapled()
        first = set(os.listdir(rig.store))
        write(rig.path, read(rig.issue("second")))
        os.chmod(rig.path, 0o600)
        rig.server.wait_log("changed files are taken over")
        assert wait_for(lambda: rig.entry()["serial"] == "1001" and
                        rig.entry()["served"], 30)
        rig.stapled()
        assert first.isdisjoint(os.listdir(rig.store))
        assert rig.responder.requests == 2
        # And by a reload.
        write(rig.path, read(rig.issue("third")))
        os.chmod(rig.path, 0o600)
        rig.server.ctl("reload")
        assert wait_for(lambda: rig.entry()["serial"] == "1002" and
                        rig.entry()["served"], 30)
        rig.stapled()


def case_must_staple(binaries):
    """A certificate that demands a response and has none is an alarm."""
    with Rig(binaries, must=True) as rig:
        rig.server.expect_log("alarm: ")
        rig.stapled()
        assert rig.entry()["must_staple"]
        rig.responder.mode = "later"
        rig.server.ctl("ocspcache", "clear")
        rig.failed("try later")
        rig.server.wait_log("alarm: .* demands to be stapled.*try later")
        rig.never(0.1)
    with Rig(binaries, must=True, url="") as rig:
        rig.server.expect_log("alarm: ")
        rig.server.wait_log("alarm: .* demands to be stapled.*no responder")


def case_no_responder(binaries):
    """That a certificate names none is normal, and said once."""
    with Rig(binaries, url="") as rig:
        rig.server.wait_log("1 certificate names no OCSP responder")
        entry = rig.entry()
        assert entry["no_responder"] and entry["next_try"] == 0, entry
        rig.never(0.1)
        rig.server.ctl("reload")
        time.sleep(0.5)
        assert rig.server.log().count("no OCSP responder") == 1
    # Unless the configuration names one.
    with Rig(binaries, url="") as rig:
        rig.server.config["tls"]["stapling_responder"] = rig.responder.url
        rig.server.write_config()
        rig.server.ctl("reload")
        rig.stapled()


def case_options(binaries):
    """NoNonce, Nonce, NoVerify, FakeTryLater."""
    with Rig(binaries) as rig:
        def again(options, mode):
            rig.server.config["tls"]["stapling_options"] = options
            rig.server.write_config()
            rig.server.ctl("reload")
            rig.responder.mode = mode
            rig.server.ctl("ocspcache", "clear")

        rig.stapled()
        assert not rig.responder.nonce
        again(["NoNonce"], "index")
        rig.stapled()
        assert not rig.responder.nonce
        again(["Nonce"], "index")
        assert wait_for(lambda: rig.responder.nonce, 20)
        rig.stapled()
        again(["NoVerify"], "stranger")
        rig.server.wait_log("NoVerify: responses are given to clients")
        rig.stapled()
        again(["FakeTryLater"], "stranger")
        rig.server.expect_log("no response to staple")
        rig.failed("not signed")
        for version in ("1.2", "1.3"):
            assert rig.status(version) == "trylater"
        again(["NoFakeTryLater"], "stranger")
        rig.failed("not signed")
        rig.never(0.1)


def case_off(binaries):
    """Where stapling is off nothing is asked, whatever clients want."""
    with Rig(binaries, tls={"stapling": False}) as rig:
        rig.never(1)
        assert rig.responder.requests == 0
        assert not rig.server.processes("ocsp")
        info = rig.server.ctl("ocspcache", "info", json_output=False).stdout
        assert info == "No stapling cache configured\n", info
        for word in ("clear", "remove"):
            done = rig.server.ctl("ocspcache", word, check=False)
            assert done.returncode != 0, done.stdout
        # And can be switched on, and off again.
        rig.server.config["tls"]["stapling"] = True
        rig.server.write_config()
        rig.server.ctl("reload")
        rig.stapled()
        rig.server.config["tls"].pop("stapling_cache")
        rig.server.config["tls"].pop("stapling")
        rig.server.write_config()
        rig.server.ctl("reload")
        rig.never(0.5)


def case_commands(binaries):
    """ftpsctl ocspcache clear, info and remove."""
    with Rig(binaries) as rig:
        def say(*words):
            return rig.server.ctl("ocspcache", *words,
                                  json_output=False).stdout

        rig.stapled()
        text = say("info")
        for line in ("TLS response cache provided by 'lmdb'", "Path: /",
                     "Map size: 16777216 bytes", "Map used: ", "Created: ",
                     "Readers: ", "Max response cache size: ",
                     "Current response cache size: 1\n",
                     "Cache lifetime responses stored: 1\n",
                     "Cache lifetime responses deleted: 0\n",
                     "Cache lifetime responses expired: 0\n",
                     "Cache lifetime errors handling responses in cache: 0",
                     "Cache lifetime responses exceeding max entry size: 0"):
            assert line in text, text
        assert wait_for(lambda: int(re.search(
            r"Cache lifetime hits: (\d+)", say("info")).group(1)) > 0, 10)
        assert "Cached responses" not in text
        text = say("info", "-v")
        for line in ("Cached responses:", "Host: (server)", "Serial: 1000",
                     "Status: good, stapled", "This update: ",
                     "Next update: ", "Fetched: ", "Next try: ",
                     "Last error: (none)"):
            assert line in text, text
        assert say("clear") == ("tls ocspcache: cleared 1 response from "
                                "'lmdb' response cache\n")
        assert wait_for(lambda: rig.responder.requests == 2, 20)
        rig.stapled()
        text = say("remove")
        assert text.startswith("tls ocspcache: removed 'lmdb' response "
                               "cache, 1 response;"), text
        rig.never(0.5)
        assert "out of service until reload" in say("info")
        assert not [name for name in os.listdir(rig.store)
                    if name.endswith(".ocsp")]
        rig.server.ctl("reload")
        rig.stapled()


def case_hosts(binaries):
    """Hosts have their own certificates, and share what they share."""
    with Rig(binaries) as rig:
        second = rig.issue("second")
        config = rig.server.config
        config["defaults"] = {key: config[key] for key in ("tls", "auth")}
        config["defaults"]["tls"] = {
            key: value for key, value in config["tls"].items()
            if key != "stapling_cache"}
        pair = [{"cert": second, "key": second}]
        config["hosts"] = [
            {"name": "same.example"},
            {"name": "other.example", "tls": {"certificates": pair}},
            {"name": "off.example",
             "tls": {"certificates": pair, "stapling": False}},
        ]
        rig.server.write_config()
        rig.server.ctl("reload")
        assert wait_for(lambda: len(rig.entries()) == 2 and all(
            entry["served"] for entry in rig.entries()), 30), rig.entries()
        hosts = {entry["serial"]: entry["hosts"] for entry in rig.entries()}
        assert hosts == {"1000": 2, "1001": 1}, hosts
        for name, word in (("same.example", "good"),
                           ("other.example", "good"), ("off.example", "")):
            text = rig.look("1.3", ["-servername", name])
            assert ("Cert Status: good" in text) == (word != ""), name


def case_refused(binaries):
    """Configurations that make no sense, by file, line and column."""
    rig = Rig(binaries)
    server = Daemon(binaries, rig.config)

    def refuse(words, **tls):
        server.config = dict(rig.config, tls={
            **server.default_config()["tls"], **rig.config["tls"], **tls})
        server.write_config()
        done = subprocess.run(
            [os.path.join(binaries, "ftpsd"), "-t", "-c",
             server.config_path], capture_output=True, text=True, check=False)
        assert done.returncode != 0, words
        assert re.search(r"ftpsd.yaml:\d+:\d+: .*" + words, done.stderr), \
            done.stderr

    refuse("tls.stapling: on needs tls.stapling_cache", stapling=True,
           stapling_cache=False)
    refuse("stapling_options: NoNonce and Nonce contradict",
           stapling_options=["NoNonce", "Nonce"])
    refuse("stapling_options: unknown word", stapling_options=["Never"])
    refuse("stapling_responder: .* expected a URL of http or https",
           stapling_responder="ftp://x.example/")
    refuse("stapling_responder: .* names no server",
           stapling_responder="http://:80/")
    refuse("stapling_timeout", stapling_timeout="0s")
    refuse("stapling_cache.type", stapling_cache={"type": "shm"})
    shutil.rmtree(server.folder)
    shutil.rmtree(rig.folder)


def case_proxy(binaries):
    """The responder is asked by way of a proxy."""
    with Rig(binaries, url="http://responder.invalid/status") as rig:
        rig.server.expect_log("no response to staple")
        rig.server.config["ocsp"] = {
            "proxy": f"http://127.0.0.1:{rig.responder.port}"}
        rig.server.write_config()
        rig.server.ctl("reload")
        rig.server.ctl("ocspcache", "clear")
        rig.stapled()
        assert rig.responder.line.startswith(
            "POST http://responder.invalid"), rig.responder.line


def case_data(binaries):
    """A full handshake on data is stapled like one on control."""
    with Rig(binaries, tls={"options": ["NoSessionReuseRequired"]}) as rig:
        rig.stapled()
        client = Client(rig.server.port).auth().login()
        client.cmd("PBSZ 0")
        client.cmd("PROT P")
        reply = client.cmd("EPSV")
        port = int(re.search(r"\|\|\|(\d+)\|", reply.text).group(1))
        client.send(b"LIST\r\n")
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}",
             "-status", "-ign_eof"], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=30, check=False)
        assert "Cert Status: good" in done.stdout, done.stdout
        client.close()


def case_paced(binaries):
    """Many certificates are asked about one after another, by and by."""
    with Rig(binaries, tls={"stapling": False}) as rig:
        rig.responder.moments = []
        config = rig.server.config
        config["tls"]["stapling"] = True
        config["defaults"] = {"auth": config["auth"], "tls": {
            key: value for key, value in config["tls"].items()
            if key != "stapling_cache"}}
        config["hosts"] = []
        for number in range(50):
            path = rig.issue(f"host{number}")
            config["hosts"].append({
                "name": f"host{number}.example",
                "tls": {"certificates": [{"cert": path, "key": path}]}})
        rig.server.write_config()
        rig.server.ctl("reload")
        assert wait_for(lambda: len(rig.entries()) == 51 and all(
            entry["served"] for entry in rig.entries()), 60)
        moments = sorted(rig.responder.moments)
        assert len(moments) == 51, len(moments)
        most = max(sum(start <= moment < start + 1 for moment in moments)
                   for start in moments)
        assert most <= 25, most
        for number in (0, 49):
            text = rig.look("1.3", ["-servername", f"host{number}.example"])
            assert "Cert Status: good" in text, number
        times = {entry["next_try"] for entry in rig.entries()}
        assert len(times) > 30, times  # nor are they asked at once again


case_paced.limit = 120


class Tunnel(socketserver.StreamRequestHandler):
    """A proxy that knows CONNECT alone."""

    def handle(self):
        words = self.rfile.readline().split()
        while self.rfile.readline().strip():
            pass
        self.server.asked.append(b" ".join(words[:2]))
        host, port = words[1].rsplit(b":", 1)
        with socket.create_connection((host, int(port)), 10) as there:
            self.wfile.write(b"HTTP/1.1 200 Go on\r\n\r\n")
            threading.Thread(target=self.carry, args=(
                there, self.connection), daemon=True).start()
            self.carry(self.connection, there)

    @staticmethod
    def carry(source, target):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def case_https(binaries):
    """By https the responder has to be who it should be; also by a tunnel."""
    with Rig(binaries, mode="later") as rig:
        rig.server.expect_log("no response to staple")
        name = "subjectAltName = IP:127.0.0.1\n"
        served = rig.root.issue("responder", more=name)
        forged = rig.stranger.issue("responder", more=name)
        proxy = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel)
        proxy.daemon_threads = True
        proxy.asked = []
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()

        def use(responder, tunnel=None):
            rig.server.config["ocsp"] = {"proxy": tunnel or "none"}
            rig.server.config["tls"]["stapling_responder"] = responder.url
            rig.server.write_config()
            rig.server.ctl("reload")

        with Responder(rig.root, tls=forged) as wrong, \
                Responder(rig.root, tls=served) as right:
            use(wrong)
            rig.failed("self-signed|local issuer")
            rig.never(0.1)
            use(right)
            rig.stapled()
            assert right.requests == 1 and wrong.requests == 0
            use(right, f"http://127.0.0.1:{proxy.server_address[1]}")
            rig.server.ctl("ocspcache", "clear")
            rig.stapled()
            assert right.requests == 2
        assert proxy.asked == [b"CONNECT 127.0.0.1:%d" % right.port]
        proxy.shutdown()
        proxy.server_close()
        thread.join()
