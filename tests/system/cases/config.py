"""ftpsd -t, -T, and what is refused at start."""

import os
import re
import subprocess
import tempfile

from client import Client
from daemon import Daemon, make_certificate, sanitized

MISTAKES = [
    ("lisen: []\n", r":1:1: .*did you mean .?listen"),
    ("workers: many\n", r":1:10: "),
    ("workers: 100000\n", r":1:10: "),
    ("banner: |\n  Welcome\n  to %{HOOST}\n", r":1:9: .*mean HOST"),
    ("users: [{name: a, login_message: '%{FILE}'}]\n",
     r":1:34: .*FILE is not known in a login_message"),
    ("directory_messages: /etc/motd\n", r":1:21: .*without a directory"),
    ("workers: 2\nworkers: 3\n", r":2:1: .*(twice|duplicate)"),
    ("a: &x 1\nb: *x\n", r"alias|anchor"),
    ("workers: !!int 2\n", r"tag"),
    ("tls:\n  required: !data\n", r"quotes"),
    ("tls:\n  engine: on\n  verify_client: on\n",
     r":3:3: .*no authority: set tls.ca_certificate_file"),
    ("tls:\n  verify_depth: deep\n", r":2:17: .*expected a number"),
    ("tls:\n  user_name: Mail\n", r":2:14: .*EmailSubjAltName"),
    ("tls:\n  options: [allowDotLogin]\n",
     r":2:13: .*did you mean AllowDotLogin"),
    ("tls:\n  protocol: [TLSv1]\n", r"TLSv1"),
    ("tls:\n  cipher_suite: NOSUCH\n", r":2:17: .*NOSUCH.*no such cipher"),
    ("tls:\n  cipher_suite: TLSv1.3 NOSUCH\n", r":2:17: .*cipher of TLS 1.3"),
    ("tls:\n  ecdh_curve: [P-256, P-999]\n", r":2:23: .*P-999.*no such curve"),
    ("[" * 100 + "\n", r":1:\d+: "),
    ("timeouts:\n  idle: 5 parsecs\n", r":2:9: "),
    ("user: [a]\n", r":1:7: "),
    ("control: {acl: [{actions: [sesscache clearr], users: a}]}\n",
     r":1:28: .*did you mean sesscache clear"),
    ("control: {acl: [{actions: all, access: dent, users: a}]}\n",
     r":1:40: .*did you mean deny"),
    ("users: [{name: a, tls: {requiredd: on}}]\n",
     r":1:25: .*did you mean tls.required"),
    ("directories: [{path: a}]\n", r":1:22: .*absolute path"),
    ("\xff\n", r"UTF-8|character|:1:"),
]


def check(binaries, path, *options):
    return subprocess.run(
        [os.path.join(binaries, "ftpsd"), "-t", "-c", path, *options],
        capture_output=True, text=True, timeout=60, check=False)


def case_mistakes(binaries):
    """ftpsd -t names file, line and column of each mistake."""
    with tempfile.TemporaryDirectory(prefix="ftpsd-") as folder:
        path = os.path.join(folder, "ftpsd.yaml")
        for text, pattern in MISTAKES:
            with open(path, "w", encoding="latin-1") as out:
                out.write(text)
            done = check(binaries, path)
            output = done.stdout + done.stderr
            assert done.returncode == 1, (text, done)
            assert re.search(pattern, output), (text, pattern, output)
        with open(path, "w", encoding="ascii") as out:
            out.write("nonsense: 1\nworkers: x\nthreads: -1\n")
        output = check(binaries, path)
        output = output.stdout + output.stderr
        for line in (1, 2, 3):
            assert f"ftpsd.yaml:{line}:" in output, output


def case_notices(binaries):
    """Words without effect: told by -t, and logged once at start and reload."""
    words = ["AllowClientRenegotiations", "NoAutoECDH", "NoCertRequest"]
    tls = {"options": words, "renegotiate": "none"}
    with Daemon(binaries, {"tls": tls}) as server:
        done = check(binaries, server.config_path)
        assert done.returncode == 0, done
        place = "(?m)^" + re.escape(server.config_path) + r":\d+:\d+: notice: "
        for word in words:
            said = re.findall(place + ".*" + word, done.stderr)
            assert len(said) == 1, (word, done.stderr)
        server.wait_log("NoCertRequest is deprecated")
        assert server.log().count("NoAutoECDH is deprecated") == 1
        server.ctl("reload")
        assert server.log().count("NoAutoECDH is deprecated") == 2


def case_bombs(binaries):
    """Bombs of aliases, depth and size are refused at once."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for number in range(1, 10):
        lines.append(f"a{number}: &a{number} [" +
                     ", ".join([f"*a{number - 1}"] * 9) + "]")
    with tempfile.TemporaryDirectory(prefix="ftpsd-") as folder:
        path = os.path.join(folder, "ftpsd.yaml")
        for text in ("\n".join(lines), "{" * 100000, "[" * 100000,
                     "x" * (17 << 20)):
            with open(path, "w", encoding="ascii") as out:
                out.write(text)
            done = check(binaries, path)
            assert done.returncode == 1, done.returncode


def case_certificates(binaries):
    """Certificates and keys are loaded and matched by -t."""
    server = Daemon(binaries)
    try:
        assert check(binaries, server.config_path).returncode == 0
        other, other_key = make_certificate(server.folder, "other")
        rsa, rsa_key = make_certificate(server.folder, "rsa", kind="rsa")
        tls = server.config["tls"]
        tls["certificates"] = [{"cert": server.cert, "key": server.key},
                               {"cert": rsa, "key": rsa_key}]
        server.write_config()
        assert check(binaries, server.config_path).returncode == 0
        for cert, key, pattern in (
                (server.cert, other_key, "match"),
                (server.key, server.key, "certificate"),
                (server.cert, server.cert, "key"),
                (server.cert, server.folder + "/none", "none"),
                ("/dev/null", server.key, "null")):
            tls["certificates"] = [{"cert": cert, "key": key}]
            server.write_config()
            done = check(binaries, server.config_path)
            output = done.stdout + done.stderr
            assert done.returncode == 1 and pattern in output, (cert, output)
            place = re.escape(server.config_path) + r":\d+:\d+: "
            assert re.match(place, output), output
        os.chmod(other_key, 0o644)
        tls["certificates"] = [{"cert": other, "key": other_key}]
        server.write_config()
        done = check(binaries, server.config_path)
        assert done.returncode == 1, "a key that all may read is accepted"
    finally:
        __import__("shutil").rmtree(server.folder)


def many_hosts(server, count):
    """A configuration whose certificates take a while to be checked."""
    hosts = []
    for number in range(count):
        pair = {}
        for kind, path in (("cert", server.cert), ("key", server.key)):
            pair[kind] = os.path.join(server.folder, f"{number}.{kind}")
            os.symlink(path, pair[kind])
        hosts.append({"name": f"host{number}.example",
                      "tls": {"certificates": [pair]}})
    server.config["hosts"] = hosts
    server.config["defaults"] = {"tls": {"engine": True},
                                 "auth": {"users_file": server.users_path}}
    server.write_config()


def case_many_certificates(binaries):
    """A bad certificate ends the start, also when serving began before."""
    server = Daemon(binaries)
    many_hosts(server, 200 if sanitized(binaries) else 2000)
    with server:
        with Client(server.port, name="host99.example") as client:
            client.auth().login()
            client.stor("f", b"1")
        assert len(server.ctl("status")["workers"]) == 2
        server.stop()
        _, other_key = make_certificate(server.folder, "other")
        bad = server.config["hosts"][150]["tls"]["certificates"][0]["key"]
        os.unlink(bad)
        os.symlink(other_key, bad)
        done = subprocess.run(
            [os.path.join(binaries, "ftpsd"), "-c", server.config_path],
            text=True, capture_output=True, timeout=120, check=False,
            stdin=subprocess.DEVNULL)
        assert done.returncode == 1, done
        place = re.escape(server.config_path) + r":\d+:\d+: .*/150\.cert: "
        assert re.search("(?m)^" + place + ".*match", done.stderr), done
        assert not os.path.exists(server.socket_path)


def case_effective(binaries):
    """ftpsd -T prints what ftpsd reads back as the same."""
    server = Daemon(binaries)
    try:
        first = check(binaries, server.config_path, "-T").stdout
        path = os.path.join(server.folder, "again.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(first)
        again = check(binaries, path, "-T")
        assert again.returncode == 0, again
        assert again.stdout == first
    finally:
        __import__("shutil").rmtree(server.folder)


def case_five_thousand_hosts(binaries):
    """5,000 hosts in one file are no bomb."""
    server = Daemon(binaries)
    try:
        server.config["hosts"] = [
            {"name": f"h{number}.test",
             "tls": {"engine": True, "certificates":
                     [{"cert": server.cert, "key": server.key}]}}
            for number in range(5000)]
        server.write_config()
        done = check(binaries, server.config_path)
        assert done.returncode == 0, done
    finally:
        __import__("shutil").rmtree(server.folder)


def case_port_taken(binaries):
    """A port that is taken: one clear sentence."""
    with Daemon(binaries) as first:
        second = Daemon(binaries)
        try:
            second.config["listen"] = [{"address": "127.0.0.1",
                                        "port": first.port}]
            second.write_config()
            done = subprocess.run(
                [os.path.join(binaries, "ftpsd"), "-c", second.config_path],
                capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode != 0
            lines = [line for line in done.stderr.splitlines() if line]
            assert len(lines) == 1, done.stderr
            assert str(first.port) in lines[0], done.stderr
        finally:
            __import__("shutil").rmtree(second.folder)
