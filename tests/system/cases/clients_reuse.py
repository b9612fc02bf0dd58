"""Many transfers in one login, by clients of each library of TLS.

Each data connection must resume, as the server demands by default.
"""

import io
import os

from cases.clients import (HERE, LOGIN, ResumingFtp, lftp, read_file, run,
                           write_file)
from client import tls_context
from daemon import PASSWORD, Daemon, random_bytes, wait_for

MANY = 100
SOAK = 2000
VERSIONS = ("1.2", "1.3")
TICKETS = (False, True)
CURL = {"1.2": ["--tlsv1.2", "--tls-max", "1.2"], "1.3": ["--tlsv1.3"]}
GNUTLS = {version: "NORMAL:-VERS-ALL:+VERS-TLS" + version
          for version in VERSIONS}


def counters(server):
    return server.ctl("status")["counters"]


def check_one_login(before, server, transfers):
    """That many data connections, all resumed, and one login."""
    after = counters(server)
    more = {name: after[name] - before[name] for name in after}
    assert more["logins"] == 1, more
    assert more["data_resumed"] >= transfers, more
    assert more["data_full"] == 0 and more["data_refused"] == 0, more
    assert more["handshakes_failed"] == 0, more


def make_files(folder, count):
    os.makedirs(folder)
    for number in range(count):
        write_file(os.path.join(folder, f"f{number}"),
                   random_bytes(200 + number, number))


def check_files(left, right, count):
    for number in range(count):
        assert read_file(os.path.join(left, f"f{number}")) == \
            read_file(os.path.join(right, f"f{number}")), number


def both_ways(binaries, transfer, count):
    """transfer(server, version, source, target, count) puts count files from
    source to the server and gets them to target, in one login."""
    for tickets in TICKETS:
        with Daemon(binaries, {"tls": {"session_tickets": tickets}}) as server:
            source = os.path.join(server.folder, "source")
            make_files(source, count)
            for version in VERSIONS:
                target = os.path.join(server.folder, "target" + version)
                os.mkdir(target)
                before = counters(server)
                transfer(server, version, source, target, count)
                check_one_login(before, server, 2 * count)
                check_files(source, server.home, count)
                check_files(source, target, count)
                for name in os.listdir(server.home):
                    os.unlink(os.path.join(server.home, name))


# -- OpenSSL ------------------------------------------------------------------

def curl_many(server, version, source, target, count):
    """The command before each transfer keeps curl from pausing for a second
    where the reply to EPSV comes too fast for it."""
    names = f"f[0-{count - 1}]"
    url = f"ftp://localhost:{server.port}/"
    options = ["-sS", "--max-time", "900", "--cacert", server.cert,
               "--user", LOGIN, "--ssl-reqd", "-Q", "NOOP", *CURL[version]]
    run(["curl", *options, "-T", f"{source}/{names}", url,
         "--next", *options, url + names, "-o", target + "/f#1"])


def case_curl(binaries):
    """curl: 50 files up and 50 down in one login; TLS 1.2, 1.3; tickets."""
    both_ways(binaries, curl_many, MANY // 2)


def case_curl_soak(binaries):
    """curl: 2,000 transfers in one login."""
    both_ways(binaries, curl_many, SOAK // 2)


def case_python_soak(binaries):
    """Python's ftplib: 2,000 transfers in one login, while ticket keys change
    each second."""
    for version in VERSIONS:
        config = {"tls": {"session_tickets": True, "session_ticket_keys":
                          {"age": "60s", "count": 60}}}
        with Daemon(binaries, config) as server:
            ftp = ResumingFtp(context=tls_context(version), timeout=60)
            ftp.connect("127.0.0.1", server.port)
            ftp.login("alice", PASSWORD)
            ftp.prot_p()
            before = counters(server)
            for number in range(SOAK // 2):
                contents = b"%d" % number * 100
                ftp.storbinary("STOR file", io.BytesIO(contents))
                got = []
                ftp.retrbinary("RETR file", got.append)
                assert b"".join(got) == contents
            ftp.quit()
            after = counters(server)
            assert after["data_resumed"] - before["data_resumed"] == SOAK
            assert after["data_full"] == 0, after


# -- GnuTLS -------------------------------------------------------------------

def lftp_many(server, version, source, target, count):
    assert count == len(os.listdir(source))
    lftp(server, f"set ssl:priority {GNUTLS[version]}; "
         f"mput -O / {source}/*; mget -O {target} /f*")


def case_lftp(binaries):
    """lftp: 50 files up and 50 down in one login; TLS 1.2, 1.3; tickets."""
    both_ways(binaries, lftp_many, MANY // 2)


def case_lftp_soak(binaries):
    """lftp: 2,000 transfers in one login."""
    both_ways(binaries, lftp_many, SOAK // 2)


def gnutls_cli(server, port, version, *options):
    return run(["gnutls-cli", "--x509cafile", server.cert, "-p", str(port),
                "--priority", GNUTLS[version], *options, "localhost"],
               input=b"FEAT\nQUIT\n").decode()


def case_gnutls_cli(binaries):
    """gnutls-cli: resumes on implicit and explicit ports, with and without
    tickets on either side."""
    for tickets in TICKETS:
        with Daemon(binaries, {"tls": {"session_tickets": tickets}}) as server:
            for version in VERSIONS:
                for port, option in (
                        (server.implicit_port, []),
                        (server.implicit_port, ["--noticket"]),
                        (server.port, ["--starttls-proto", "ftp"])):
                    def resumes():
                        # It has not said anything when it wants a ticket.
                        text = gnutls_cli(server, port, version, "--resume",
                                          "--waitresumption", *option)
                        assert "\n211 End" in text and "\n221 " in text, text
                        return "*** This is a resumed session" in text
                    assert wait_for(resumes, 10), (version, option)


# -- Java ---------------------------------------------------------------------

def java_many(binaries, count):
    """Each way of the client against each of the server, one start of Java."""
    with Daemon(binaries) as with_identifiers, \
            Daemon(binaries, {"tls": {"session_tickets": True}}) as server:
        run(["ecj", "-proc:none", "-17", "-d", server.folder,
             os.path.join(HERE, "clients", "Transfers.java")])
        # One file of authorities for both.
        both = os.path.join(server.folder, "both.pem")
        write_file(both, read_file(server.cert) +
                   read_file(with_identifiers.cert))
        ways = [f"{port},TLSv{version},{tickets}"
                for port in (server.port, with_identifiers.port)
                for version, tickets in (("1.2", "true"), ("1.2", "false"),
                                         ("1.3", "true"))]
        out = run(["java", "-XX:TieredStopAtLevel=1", "-cp", server.folder,
                   "Transfers", both, PASSWORD, str(count), *ways]).decode()
        assert out.splitlines() == ["done " + way for way in ways], out
        for each in (server, with_identifiers):
            after = counters(each)
            assert after["logins"] == 3, after
            assert after["data_resumed"] == 3 * count, after
            assert after["data_full"] == 0, after
            assert after["data_refused"] == 0, after


def case_java(binaries):
    """Java's SSLSocket: 100 transfers in one login; TLS 1.2, 1.3; tickets."""
    java_many(binaries, MANY)


def case_java_soak(binaries):
    """Java's SSLSocket: 2,000 transfers in one login."""
    java_many(binaries, SOAK)


case_curl_soak.soak = case_lftp_soak.soak = case_java_soak.soak = True
case_python_soak.soak = True
