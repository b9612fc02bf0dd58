"""Private keys that are protected, elsewhere, or of rarer types."""

import hashlib
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import time

from client import Client
from daemon import IS_ROOT, Daemon, descendants, make_certificate, \
    sanitized, wait_for
from run import Skip

PHRASE = "Oq7-correct-Horse-zebra-9431"
PHRASES = {PHRASE, "tr0ub4dor&3-not-it-5512"}


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *arguments], input=data, check=False,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done
    return done.stdout


def protect(key, phrase=PHRASE, traditional=False):
    """Encrypts the key file where it is."""
    if traditional:
        openssl("ec", "-in", key, "-aes256", "-passout", "pass:" + phrase,
                "-out", key + ".new")
    else:
        openssl("pkcs8", "-topk8", "-in", key, "-passout", "pass:" + phrase,
                "-out", key + ".new")
    os.rename(key + ".new", key)
    os.chmod(key, 0o600)


def provider(server, body, name="provider"):
    """A program that notes its arguments and then does what body says."""
    path = os.path.join(server.folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write("#!/bin/sh\n"
                  f"echo \"$*\" >>{server.folder}/asked\n{body}\n")
    os.chmod(path, 0o700)
    return path


def says(server, *phrases):
    """A program that gives these phrases, one after another."""
    for number, phrase in enumerate(phrases, 1):
        with open(f"{server.folder}/phrase{number}", "w",
                  encoding="utf-8") as out:
            out.write(phrase + "\nsecond line\n")
    return provider(server, f"n=$(wc -l <{server.folder}/asked)\n"
                    f"exec cat {server.folder}/phrase$n")


def asked(server):
    try:
        with open(f"{server.folder}/asked", encoding="utf-8") as text:
            return text.read().splitlines()
    except FileNotFoundError:
        return []


def refused(server, option=None):
    """What ftpsd says when it does not start."""
    done = subprocess.run(
        [os.path.join(server.binaries, "ftpsd"), *([option] if option else []),
         "-c", server.config_path], text=True, capture_output=True, timeout=90,
        check=False, stdin=subprocess.DEVNULL, start_new_session=True)
    assert done.returncode == 1, done
    return done.stderr + done.stdout


def serves(server, *options):
    """What openssl sees of the certificate's key."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
         "-starttls", "ftp", *options], input=b"QUIT\r\n",
        capture_output=True, timeout=60, check=False)
    text = done.stdout.decode("utf-8", "replace")
    assert "BEGIN CERTIFICATE" in text, text
    return text


def memory_has(pid, needles):
    """Whether one of the texts is anywhere in the memory of a process that is
    its own, not a file's."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            fields = line.split()
            if not re.fullmatch("rw.p", fields[1]):
                continue
            first, last = (int(n, 16) for n in fields[0].split("-"))
            try:
                memory.seek(first)
                data = memory.read(last - first)
            except OSError:
                continue
            for needle in needles:
                if needle in data:
                    return needle, line
    return None


def check_memory(server, master=None):
    """No phrase is in any process; what the configuration says is."""
    if not IS_ROOT or sanitized(server.binaries):
        return  # or it is too much to search
    master = master or server.process.pid
    needles = [phrase.encode() for phrase in PHRASES] + \
        [phrase.encode("utf-16-be") for phrase in PHRASES]
    for pid in descendants(master):
        try:
            found = memory_has(pid, needles)
        except (FileNotFoundError, ProcessLookupError):
            continue
        assert found is None, (pid, found)
    assert memory_has(master, [server.key.encode()])


def case_provider(binaries):
    """tls.pass_phrase_provider opens a key; no process keeps the phrase."""
    server = Daemon(binaries, {"workers": 1, "threads": 1})  # soon searched
    protect(server.key)
    program = says(server, PHRASE)
    server.config["tls"]["pass_phrase_provider"] = [program, "first", "two "
                                                    "words"]
    server.write_config()
    with server:
        with Client(server.port) as client:
            client.auth().login()
            client.stor("f", b"1")
        name = os.uname().nodename
        assert asked(server) == [f"first two words {name}:{server.port} EC"], \
            asked(server)
        check_memory(server)
        # The same file is not asked for again; another one is.
        server.ctl("reload")
        assert len(asked(server)) == 1, asked(server)
        make_certificate(server.folder, "server", "renewed.test")
        protect(server.key, traditional=True)
        with open(f"{server.folder}/phrase2", "w", encoding="utf-8") as out:
            out.write(PHRASE + "\r\n")
        server.ctl("reload")
        assert len(asked(server)) == 2, asked(server)
        check_memory(server)
        assert wait_for(lambda: "renewed.test" in serves(server), 20)


def case_provider_environment(binaries):
    """The program gets nothing of the server's but its arguments."""
    server = Daemon(binaries)
    protect(server.key)
    program = provider(server, f"""(
env; echo "input: $(cat)"; ls /proc/self/fd | tr '\\n' ' '; echo
(exec 9</dev/tty) 2>/dev/null && echo terminal
pwd; umask) >{server.folder}/seen
echo 'a word to <the> log' >&2
printf '%s' '{PHRASE}'""")
    server.config["tls"]["pass_phrase_provider"] = program
    server.write_config()
    os.environ["FTPSD_TEST_SECRET"] = "leak"
    with server:
        with open(f"{server.folder}/seen", encoding="utf-8") as text:
            seen = text.read()
        assert "leak" not in seen and "NOTIFY_SOCKET" not in seen, seen
        assert "LC_ALL=C" in seen and "PATH=" in seen, seen
        assert "input: \n" in seen and "terminal" not in seen, seen
        # 3 is the directory that ls reads.
        assert "\n0 1 2 3 \n" in seen, seen
        assert seen.endswith("/\n0077\n"), seen
        server.wait_log("pass_phrase_provider says: a word to <the> log")


def case_provider_fails(binaries):
    """Wrong phrases, failures and silence refuse the start, and say why."""
    server = Daemon(binaries)
    tls = server.config["tls"]
    protect(server.key)
    place = re.escape(server.config_path) + r":\d+:\d+: "

    def check(program, pattern, times):
        tls["pass_phrase_provider"] = program
        server.write_config()
        try:
            os.unlink(f"{server.folder}/asked")
        except FileNotFoundError:
            pass
        said = refused(server)
        assert re.search(pattern, said), (pattern, said)
        assert len(asked(server)) == times, asked(server)
        for phrase in PHRASES:
            assert phrase not in said

    try:
        check(says(server, *["tr0ub4dor&3-not-it-5512"] * 4),
              place + ".*none of three pass phrases", 3)
        check(provider(server, f"echo {PHRASE}; exit 3"),
              place + ".*its exit status is 3", 1)
        check(provider(server, f"echo {PHRASE}; kill -9 $$"),
              place + ".*ended by signal 9", 1)
        check(provider(server, "exit 0"), "printed no pass phrase", 1)
        check(provider(server, "head -c 5000 /dev/zero | tr '\\0' x"),
              "too long a line", 1)
        begun = time.monotonic()
        check(provider(server, "trap '' TERM; while :; do sleep 1; done"),
              "took more than 10 seconds", 1)
        assert 9 < time.monotonic() - begun < 40
        path = provider(server, f"echo {PHRASE}")
        os.chmod(path, 0o722)
        check(path, "writable by group or others", 0)
        os.chmod(path, 0o600)
        check(path, "not executable", 0)
        check(server.folder + "/none", "No such file", 0)
        check(server.folder, "not a regular file", 0)
        if IS_ROOT:
            os.chmod(path, 0o700)
            os.chown(path, 61001, 61001)
            check(path, "must belong to root", 0)
            os.unlink(path)
        tls["pass_phrase_provider"] = "provider"
        server.write_config()
        assert re.search(r":\d+:\d+: tls.pass_phrase_provider: .*absolute",
                         refused(server, "-t"))
        # Nobody to ask, and no terminal.
        tls["pass_phrase_provider"] = []
        server.write_config()
        said = refused(server)
        assert "set tls.pass_phrase_provider" in said, said
        # The third try is the last that counts.
        tls["pass_phrase_provider"] = says(server, "no", "no", PHRASE)
        server.write_config()
        with server:
            serves(server)
            assert len(asked(server)) == 3
    finally:
        __import__("shutil").rmtree(server.folder, ignore_errors=True)


case_provider_fails.idle = True


def case_provider_slow_reload(binaries):
    """While the program thinks, the master does its work."""
    server = Daemon(binaries)
    server.write_config()
    with server:
        protect(server.key)
        server.config["tls"]["pass_phrase_provider"] = provider(
            server, f"sleep 3; echo {PHRASE}")
        server.write_config()
        begun = time.monotonic()
        server.process.send_signal(signal.SIGHUP)
        assert wait_for(lambda: asked(server), 20)
        while time.monotonic() - begun < 2.5:
            step = time.monotonic()
            assert server.ctl("status")["generation"] == 1
            assert time.monotonic() - step < 1.5
            with Client(server.port) as client:
                client.auth().login()
        assert wait_for(
            lambda: server.ctl("status")["generation"] == 2, 20)
        # A program that fails at a reload leaves the key that was opened.
        server.expect_log("exit status is 9|what was good before")
        make_certificate(server.folder, "server", "other.test")
        protect(server.key)
        server.config["tls"]["pass_phrase_provider"] = provider(
            server, "exit 9", "other")
        server.write_config()
        server.ctl("reload")
        assert "exit status is 9" in json.dumps(server.ctl("status"))
        assert "other.test" not in serves(server)
        # Mended, it is asked for once more.
        server.config["tls"]["pass_phrase_provider"] = provider(
            server, f"echo {PHRASE}", "other")
        server.write_config()
        server.ctl("reload")
        assert wait_for(lambda: "other.test" in serves(server), 20)


def case_provider_watch(binaries):
    """A protected key that changes is opened by itself, and served."""
    server = Daemon(binaries, {"tls": {"watch": True}})
    protect(server.key)
    server.config["tls"]["pass_phrase_provider"] = provider(
        server, f"echo {PHRASE}")
    server.write_config()
    with server:
        client = Client(server.port).auth().login()
        # It may look between the two.
        server.expect_log("does not match|what was good before")
        make_certificate(server.folder, "fresh", "renewed.test")
        protect(server.folder + "/fresh.key")
        os.rename(server.folder + "/fresh.key", server.key)
        os.rename(server.folder + "/fresh.pem", server.cert)
        assert wait_for(lambda: "renewed.test" in serves(server), 60)
        assert server.ctl("status")["generation"] == 1
        client.stor("f", b"1")
        client.close()
        before = len(asked(server))
        server.ctl("reload")
        assert len(asked(server)) == before, asked(server)


class Terminal:
    """ftpsd with a terminal of its own."""

    def __init__(self, server, *options):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execv(os.path.join(server.binaries, "ftpsd"),
                     ["ftpsd", "-c", server.config_path, *options])
        self.pid, self.seen = pid, ""

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    def wait(self, text, seconds=30):
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, (text, self.seen)
            self.read(0.5)
        seen, self.seen = self.seen, ""
        return seen

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """The exit status, and all that was shown until then."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.read(5):
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status


def case_prompt(binaries):
    """Without a program, who sits at the terminal is asked; no echo."""
    server = Daemon(binaries, {"workers": 1, "threads": 1})  # soon searched
    protect(server.key)
    try:
        terminal = Terminal(server)
        prompt = terminal.wait("): ")
        assert "EC key" in prompt and server.key in prompt and \
            f":{server.port}" in prompt, prompt
        terminal.type("wrong\n")
        prompt = terminal.wait("): ")
        assert "does not open" in prompt and "wrong" not in prompt, prompt
        terminal.type("xxx\x15" + PHRASE + "z\x7f\n")
        assert wait_for(lambda: os.path.exists(server.socket_path), 30)
        serves(server)
        check_memory(server, terminal.pid)
        terminal.type("\x03")
        assert terminal.end() == 0
        assert PHRASE not in terminal.seen, terminal.seen
        # Three are too many; and Ctrl-C ends it.
        terminal = Terminal(server, "-t")
        for _ in range(3):
            terminal.wait("): ")
            terminal.type("wrong\n")
        assert terminal.end() == 1
        assert "none of three pass phrases" in terminal.seen, terminal.seen
        terminal = Terminal(server)
        terminal.wait("): ")
        terminal.type("\x03")
        assert terminal.end() == 1
        assert "was not given" in terminal.seen, terminal.seen
        terminal = Terminal(server, "-t")
        terminal.wait("): ")
        terminal.type(PHRASE + "\n")
        assert terminal.end() == 0, terminal.seen
    finally:
        __import__("shutil").rmtree(server.folder, ignore_errors=True)


def make_chain(folder):
    """An authority, and a certificate that it issued."""
    root, root_key = make_certificate(folder, "root", "Root")
    key, request = folder + "/leaf.key", folder + "/leaf.csr"
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
            request, "-subj", "/CN=leaf.test")
    openssl("x509", "-req", "-in", request, "-CA", root, "-CAkey", root_key,
            "-days", "30", "-out", folder + "/leaf.pem")
    return folder + "/leaf.pem", key, root


def pack(server, name, phrase, *options):
    """A PKCS#12 file of a fresh certificate and its chain."""
    cert, key, root = make_chain(server.folder)
    path = os.path.join(server.folder, name)
    openssl("pkcs12", "-export", "-in", cert, "-inkey", key, "-certfile", root,
            "-passout", "pass:" + phrase, "-out", path, *options)
    os.chmod(path, 0o600)
    return path


def case_pkcs12(binaries):
    """tls.pkcs12_file: certificate, chain and key in one, old ones too."""
    server = Daemon(binaries)
    tls = server.config["tls"]
    del tls["certificates"]
    old = ["-legacy"]
    for name, phrase, options, times in (
            ("empty.p12", "", (), 0),
            ("nomac.p12", "", ("-nomac",), 0),
            ("new.p12", PHRASE, (), 1),
            ("old.p12", PHRASE, old, 1)):
        tls["pkcs12_file"] = pack(server, name, phrase, *options)
        tls["pass_phrase_provider"] = says(server, PHRASE)
        server.write_config()
        try:
            os.unlink(f"{server.folder}/asked")
        except FileNotFoundError:
            pass
        server.start()
        try:
            for version in ("-tls1_2", "-tls1_3"):
                shown = serves(server, "-showcerts", version)
                assert "CN = leaf.test" in shown, shown
                assert shown.count("BEGIN CERTIFICATE") == 2, shown
            assert len(asked(server)) == times, (name, asked(server))
            assert all(line.endswith(f":{server.port} PKCS12")
                       for line in asked(server))
        finally:
            server.stop()
    # The other way to write it, and what is refused.
    path = tls.pop("pkcs12_file")
    tls["certificates"] = [{"pkcs12": path}]
    os.unlink(f"{server.folder}/asked")
    server.write_config()
    server.start()
    try:
        serves(server)
    finally:
        server.stop()
    for item, pattern in (({"pkcs12": path, "key": path}, "no other key"),
                          ({"pkcs12": server.cert}, "no PKCS#12"),
                          ({"pkcs12": "x.p12"}, "absolute")):
        with open(server.cert, "w", encoding="ascii") as out:
            out.write("nothing\n")
        os.chmod(server.cert, 0o600)
        tls["certificates"] = [item]
        server.write_config()
        said = refused(server, "-t")
        assert re.search(r":\d+:\d+: .*" + pattern, said), said
    __import__("shutil").rmtree(server.folder, ignore_errors=True)


def case_edwards(binaries):
    """Ed25519 and Ed448 certificates serve TLS 1.2 and 1.3, alone and with
    others."""
    for kind in ("ed25519", "ed448"):
        server = Daemon(binaries)
        cert = os.path.join(server.folder, kind + ".pem")
        key = os.path.join(server.folder, kind + ".key")
        openssl("req", "-x509", "-newkey", kind, "-nodes", "-days", "9",
                "-subj", "/CN=edwards.test", "-out", cert, "-keyout", key)
        os.chmod(key, 0o600)
        protect(key)
        tls = server.config["tls"]
        tls["pass_phrase_provider"] = says(server, PHRASE)
        tls["certificates"] = [{"cert": cert, "key": key},
                               {"cert": server.cert, "key": server.key}]
        server.write_config()
        with server:
            for version in ("-tls1_2", "-tls1_3"):
                shown = serves(server, version, "-sigalgs", kind)
                assert f"signature type: {kind}" in shown.lower(), shown
                assert "signature type: ECDSA" in serves(
                    server, version, "-sigalgs", "ECDSA+SHA256"), kind
            with Client(server.port) as client:
                client.auth().login()
                client.stor("f", b"1")
            assert asked(server)[0].endswith(" " + kind.upper())


def case_uri(binaries):
    """Keys by file: URIs, in any form; other schemes are refused."""
    server = Daemon(binaries)
    tls = server.config["tls"]
    der = server.folder + "/server.der"
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", server.key, "-outform",
            "DER", "-out", der)
    locked = server.folder + "/locked.der"
    openssl("pkcs8", "-topk8", "-in", server.key, "-outform", "DER",
            "-passout", "pass:" + PHRASE, "-out", locked)
    both = server.folder + "/both.p12"
    openssl("pkcs12", "-export", "-in", server.cert, "-inkey", server.key,
            "-passout", "pass:" + PHRASE, "-out", both)
    for path in (der, locked, both):
        os.chmod(path, 0o600)
    for uri, times in ((f"file:{server.key}", 0), (f"file://{server.key}", 0),
                       (f"file://localhost{der}", 0), (f"file:{locked}", 1),
                       (f"file:{both}", 1)):
        tls["certificates"] = [{"cert": server.cert, "key": uri}]
        tls["pass_phrase_provider"] = says(server, PHRASE)
        server.write_config()
        try:
            os.unlink(f"{server.folder}/asked")
        except FileNotFoundError:
            pass
        server.start()
        try:
            serves(server)
            assert len(asked(server)) == times, (uri, asked(server))
        finally:
            server.stop()
    try:
        for uri, pattern in ((f"file://else{der}", "of this machine"),
                             ("file:server.key", "of this machine"),
                             (f"file:{server.folder}/none", "No such file"),
                             ("pkcs11:object=none", "by its URI: no provider"),
                             (f"file:{server.cert}", "key")):
            os.chmod(server.cert, 0o600)
            tls["certificates"] = [{"cert": server.cert, "key": uri}]
            server.write_config()
            said = refused(server, "-t")
            assert re.search(r":\d+:\d+: .*" + pattern, said), (uri, said)
        os.chmod(der, 0o644)
        tls["certificates"] = [{"cert": server.cert, "key": "file:" + der}]
        server.write_config()
        assert "readable by others" in refused(server, "-t")
    finally:
        __import__("shutil").rmtree(server.folder, ignore_errors=True)


def case_crypto_device(binaries):
    """tls.crypto_device loads a provider, or the start is refused."""
    for value in ("none", "ALL", "provider:legacy",
                  "provider:base ?provider=default"):
        with Daemon(binaries, {"tls": {"crypto_device": value}}) as server:
            for version in ("-tls1_2", "-tls1_3"):
                serves(server, version)
            if "legacy" in value and IS_ROOT:
                for pid in server.processes("worker"):
                    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
                        assert "legacy.so" in maps.read()
    server = Daemon(binaries)
    try:
        for value, pattern in (
                ("dynamic", r":\d+:\d+: tls.crypto_device: .*provider:NAME"),
                ("provider:", r":\d+:\d+: tls.crypto_device: "),
                ("provider:no-such-thing",
                 "tls.crypto_device: the provider no-such-thing cannot be"),
                (f"provider:{server.folder}/no.so", "No such file"),
                ("provider:legacy provider=legacy", "no TLS can be done")):
            server.config["tls"]["crypto_device"] = value
            server.write_config()
            for option in ("-t", None):
                said = refused(server, option)
                assert re.search(pattern, said), (value, said)
    finally:
        __import__("shutil").rmtree(server.folder, ignore_errors=True)


def case_fips(binaries):
    """tls.fips: OpenSSL's FIPS module, or no start."""
    server = Daemon(binaries, {"tls": {"fips": True}})
    folder = openssl("version", "-d").decode().split('"')[1]
    modules = openssl("version", "-m").decode().split('"')[1]
    if not os.path.exists(folder + "/fipsmodule.cnf") or \
            not os.path.exists(modules + "/fips.so"):
        try:
            for option in ("-t", None):
                said = refused(server, option)
                assert re.search("tls.fips: OpenSSL's FIPS module "
                                 "(is not installed|cannot be loaded)",
                                 said), said
        finally:
            __import__("shutil").rmtree(server.folder, ignore_errors=True)
        return
    with server:
        for version in ("-tls1_2", "-tls1_3"):
            serves(server, version)
        serves(server, "-groups", "P-256")
        if IS_ROOT:
            for pid in server.processes("worker"):
                with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
                    assert "fips.so" in maps.read()


def case_random_seed(binaries):
    """tls.random_seed is mixed in at the start, and fresh after the end."""
    server = Daemon(binaries)
    path = server.folder + "/seed"
    server.config["tls"]["random_seed"] = path
    server.write_config()

    def digest():
        with open(path, "rb") as data:
            return hashlib.sha256(data.read()).digest()

    server.start()
    server.wait_log("tls.random_seed: .*No such file")
    server.stop()
    state = os.stat(path)
    assert state.st_size == 1024 and stat.S_IMODE(state.st_mode) == 0o600
    first = digest()
    server.start()
    server.wait_log(f"tls.random_seed: 1024 bytes of {path} mixed in")
    server.expect_log("the master is gone|session cache")
    server.await_end(server.kill_master(), 20)
    assert digest() == first
    server.start()
    server.stop(signal.SIGTERM)
    assert digest() != first
    os.unlink(path)
    os.mkdir(path)
    with server:
        server.wait_log("tls.random_seed: .*not a regular file")
        serves(server)
    assert not [name for name in os.listdir(os.path.dirname(server.folder))
                if name.startswith("seed.")]


def case_provider_module(binaries):
    """A key in a device stays there: the worker signs through its provider."""
    source = os.path.join(os.path.dirname(__file__), "..", "store_provider.c")
    server = Daemon(binaries)
    module = server.folder + "/store.so"
    done = subprocess.run(["cc", "-shared", "-fPIC", "-o", module, source],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        __import__("shutil").rmtree(server.folder, ignore_errors=True)
        raise Skip("no compiler: " + done.stderr[:200])
    os.chmod(module, 0o755)
    token = server.folder + "/token.der"
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", server.key, "-outform",
            "DER", "-out", token)
    os.chmod(token, 0o600)
    tls = server.config["tls"]
    tls["crypto_device"] = "provider:" + module
    tls["certificates"] = [{"cert": server.cert, "key": "ftpsdtest:" + token}]
    tls["watch"] = True
    server.write_config()
    with server:
        for version in ("-tls1_2", "-tls1_3"):
            serves(server, version)
        # Which of them opened it: root did, so before the rights were gone.
        server.ctl("reload")
        serves(server)
        # A renewed certificate goes on with the key that is open.
        openssl("req", "-x509", "-key", server.key, "-days", "9", "-subj",
                "/CN=renewed.test", "-out", server.cert + ".new")
        os.rename(server.cert + ".new", server.cert)
        assert wait_for(lambda: "renewed.test" in serves(server), 60)
        assert server.ctl("status")["generation"] == 2
    server = Daemon(binaries)
    try:
        tls = server.config["tls"]
        tls["crypto_device"] = "provider:" + module
        done = subprocess.run(["cc", "-shared", "-fPIC", "-o",
                               server.folder + "/store.so", source],
                              check=True)
        module = server.folder + "/store.so"
        os.chmod(module, 0o777)
        tls["crypto_device"] = "provider:" + module
        server.write_config()
        assert "writable by nobody else" in refused(server, "-t")
        os.chmod(module, 0o755)
        other, _ = make_certificate(server.folder, "other")
        key = server.folder + "/token.der"
        openssl("pkcs8", "-topk8", "-nocrypt", "-in", server.key, "-outform",
                "DER", "-out", key)
        tls["certificates"] = [{"cert": other, "key": "ftpsdtest:" + key}]
        server.write_config()
        said = refused(server, "-t")
        assert re.search(r":\d+:\d+: .*does not match", said), said
        tls["certificates"] = [{"cert": server.cert,
                                "key": "ftpsdtest:/none"}]
        server.write_config()
        said = refused(server, "-t")
        assert re.search(r":\d+:\d+: .*by its URI", said), said
    finally:
        __import__("shutil").rmtree(server.folder, ignore_errors=True)
