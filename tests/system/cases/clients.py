"""The clients that administrators' customers use."""

import ftplib
import os
import re
import subprocess

from client import tls_context
from daemon import GID, PASSWORD, UID, Daemon, random_bytes

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGIN = "alice:" + PASSWORD


def run(command, limit=1000, **options):
    """What a command writes; limit is in seconds."""
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    done = subprocess.run(command, capture_output=True, timeout=limit,
                          check=False, **options)
    assert done.returncode == 0, \
        f"{command}: {done.returncode}\n" + \
        (done.stdout + done.stderr).decode("utf-8", "replace")[-4000:]
    return done.stdout


def curl(server, *arguments):
    return run(["curl", "-sS", "--show-error", "--max-time", "60",
                "--cacert", server.cert, "--user", LOGIN, *arguments])


def write_file(path, contents):
    with open(path, "wb") as out:
        out.write(contents)


def read_file(path):
    with open(path, "rb") as contents:
        return contents.read()


def curl_session(server, url, *options):
    """Up, down, resumed, and listed; every byte compared."""
    contents = random_bytes(1 << 20, 3)
    local = os.path.join(server.folder, "local.bin")
    write_file(local, contents)
    curl(server, *options, "-T", local, url + "up.bin")
    assert read_file(os.path.join(server.home, "up.bin")) == contents
    assert curl(server, *options, url + "up.bin") == contents
    part = curl(server, *options, "-r", "1000000-", url + "up.bin")
    assert part == contents[1000000:], len(part)
    half = os.path.join(server.home, "half.bin")
    write_file(half, contents[:400000])
    os.chown(half, UID, GID)
    curl(server, *options, "-C", "-", "-T", local, url + "half.bin")
    assert read_file(half) == contents
    listing = curl(server, *options, url).decode()
    assert re.search(r"^-rw-r--r-- .* 1048576 .* up\.bin\r?$", listing, re.M), \
        listing
    curl(server, *options, "-Q", "MKD sub", "-Q", "-RNFR up.bin", "-Q",
         "-RNTO sub/new.bin", url, "-o", os.devnull)
    assert read_file(os.path.join(server.home, "sub/new.bin")) == contents


def case_curl_explicit(binaries):
    """curl --ssl-reqd: TLS 1.2 and 1.3, EPSV and PASV."""
    for options in (["--tlsv1.3"], ["--tlsv1.2", "--tls-max", "1.2"],
                    ["--disable-epsv"]):
        with Daemon(binaries) as server:
            curl_session(server, f"ftp://localhost:{server.port}/",
                         "--ssl-reqd", *options)


def case_curl_active(binaries):
    """curl, active: EPRT and PORT.

    Debian 12's curl 7.88 puts no TLS on an active data connection, so the
    data is clear here; lftp shows active mode with TLS.
    """
    for options in ([], ["--disable-eprt"]):
        with Daemon(binaries, {"tls": {"required": "ctrl"}}) as server:
            curl_session(server, f"ftp://localhost:{server.port}/",
                         "--ftp-ssl-control", "--ftp-port", "127.0.0.1",
                         *options)


def case_curl_implicit(binaries):
    """curl ftps://: TLS 1.2 and 1.3."""
    for options in (["--tlsv1.3"], ["--tlsv1.2", "--tls-max", "1.2"]):
        with Daemon(binaries) as server:
            curl_session(server, f"ftps://localhost:{server.implicit_port}/",
                         *options)


def case_curl_many_files(binaries):
    """curl fetches 12 files in one login, sessions reused."""
    with Daemon(binaries) as server:
        for number in range(12):
            path = os.path.join(server.home, f"f{number}")
            write_file(path, b"%d\n" % number * 100)
        out = curl(server, "--ssl-reqd",
                   f"ftp://localhost:{server.port}/f[0-11]")
        assert out == b"".join(b"%d\n" % n * 100 for n in range(12))


def make_tree(folder):
    for sub in ("", "a", "a/b", "umlaut-\u00e4"):
        os.makedirs(os.path.join(folder, sub), exist_ok=True)
        for number in range(12):
            write_file(os.path.join(folder, sub, f"file {number}"),
                       random_bytes(number * 7001, number))


def lftp(server, script):
    settings = (f"set ssl:ca-file {server.cert}; set net:timeout 30; "
                "set net:max-retries 2; set ftp:ssl-force yes; "
                "set ftp:ssl-protect-data yes; ")
    account = f"open -u alice,'{PASSWORD}' ftp://localhost:{server.port}; "
    run(["lftp", "-c", settings + account + script + "; bye"],
        env=dict(os.environ, HOME=server.folder, LC_ALL="C.UTF-8"))


def lftp_mirror(binaries, options):
    with Daemon(binaries) as server:
        source = os.path.join(server.folder, "source")
        target = os.path.join(server.folder, "target")
        make_tree(source)
        lftp(server, options + f"mirror -R --parallel=5 {source} up; "
             f"mirror --parallel=5 up {target}")
        run(["diff", "-r", source, target])
        run(["diff", "-r", source, os.path.join(server.home, "up")])


def case_lftp_mirror(binaries):
    """lftp mirrors a tree up and down, five files at a time."""
    lftp_mirror(binaries, "")


def case_lftp_active(binaries):
    """lftp does the same in active mode, with TLS."""
    lftp_mirror(binaries, "set ftp:passive-mode no; ")


class ResumingFtp(ftplib.FTP_TLS):
    """Python's ftplib, with the session resumption that servers demand."""

    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            conn = self.context.wrap_socket(
                conn, server_hostname=self.host, session=self.sock.session)
        return conn, size


def case_python_ftplib(binaries):
    """Python's ftplib with a resuming data connection, TLS 1.2 and 1.3."""
    for version in ("1.2", "1.3"):
        with Daemon(binaries) as server:
            ftp = ResumingFtp(context=tls_context(version), timeout=60)
            ftp.connect("127.0.0.1", server.port)
            ftp.login("alice", PASSWORD)
            ftp.prot_p()
            contents = random_bytes(200000, 7)
            path = os.path.join(server.folder, "x")
            write_file(path, contents)
            with open(path, "rb") as source:
                ftp.storbinary("STOR x.bin", source)
            got = []
            ftp.retrbinary("RETR x.bin", got.append)
            assert b"".join(got) == contents
            assert ftp.nlst() == ["x.bin"]
            names = [name for name, facts in ftp.mlsd()
                     if facts["type"] == "file"]
            assert names == ["x.bin"], names
            ftp.voidcmd("TYPE I")
            assert ftp.size("x.bin") == 200000
            ftp.mkd("d\u00efr")
            ftp.rename("x.bin", "d\u00efr/y.bin")
            ftp.cwd("d\u00efr")
            lines = []
            ftp.dir(lines.append)
            assert len(lines) == 1 and lines[0].endswith(" y.bin"), lines
            ftp.delete("y.bin")
            ftp.cwd("..")
            ftp.rmd("d\u00efr")
            ftp.quit()


def case_python_ftplib_not_resuming(binaries):
    """Python's own ftplib works once NoSessionReuseRequired is set."""
    config = {"tls": {"options": ["NoSessionReuseRequired"]}}
    with Daemon(binaries, config) as server:
        ftp = ftplib.FTP_TLS(context=tls_context(), timeout=60)
        ftp.connect("127.0.0.1", server.port)
        ftp.login("alice", PASSWORD)
        ftp.prot_p()
        ftp.mkd("one")
        assert ftp.nlst() == ["one"]
        ftp.quit()


def s_client(server, *arguments):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
         "-starttls", "ftp", "-CAfile", server.cert, "-crlf", *arguments],
        input=b"FEAT\nQUIT\n", capture_output=True, timeout=60, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def case_openssl_s_client(binaries):
    """openssl s_client -starttls ftp, and -reconnect resumes."""
    with Daemon(binaries) as server:
        for version in ("-tls1_2", "-tls1_3"):
            text = s_client(server, version)
            assert "Verify return code: 0 (ok)" in text, text
            assert "Verification: OK" in text, text
        # It reconnects within a millisecond, and to any worker: the cache
        # may come to know of a session a moment later.
        texts = []
        for _ in range(10):
            texts.append(s_client(server, "-tls1_2", "-reconnect"))
            assert texts[-1].count("drop connection and then reconnect") == 5
            if "Reused, TLSv1.2" in texts[-1]:
                return
        raise AssertionError(texts)
