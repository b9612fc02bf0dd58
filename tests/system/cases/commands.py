"""The verbs and their replies."""

import os
import re
import signal
import socket
import time

from client import Client, finish, logged_in
from daemon import Daemon, random_bytes


def case_names_and_facts(binaries):
    """MKD RMD DELE RNFR RNTO CWD CDUP PWD SIZE MDTM MFMT MLST."""
    with Daemon(binaries) as server, logged_in(server) as client:
        assert client.cmd('MKD a "b"', 257).text.startswith('"/a ""b"""')
        client.cmd('CWD a "b"', 250)
        assert '"/a ""b"""' in client.cmd("PWD", 257).text
        client.stor("file", b"12345")
        assert client.cmd("SIZE file", 213).text == "5"
        client.cmd("MFMT 20200102030405 file", 213)
        assert client.cmd("MDTM file", 213).text == "20200102030405"
        assert client.cmd("MFMT 20201302030405 file").code == 501
        text = client.cmd("MLST file", 250).text
        assert re.search(r"modify=20200102030405;", text, re.I), text
        assert re.search(r"size=5;", text, re.I), text
        client.cmd("RNTO x", 503)
        client.cmd("RNFR file", 350)
        client.cmd("RNTO /moved", 250)
        client.cmd("CDUP", 250)
        client.cmd("SIZE moved", 213)
        client.cmd("SITE CHMOD 600 moved", 200)
        assert re.search(r"unix.mode=0?600;",
                         client.cmd("MLST moved", 250).text, re.I)
        client.cmd("SITE UTIME 20210102030405 moved", 200)
        assert client.cmd("MDTM moved", 213).text == "20210102030405"
        client.cmd("DELE moved", 250)
        client.cmd("DELE moved", 550)
        client.cmd('RMD a "b"', 250)
        client.cmd('RMD a "b"', 550)
        client.cmd("CWD nowhere", 550)
        client.cmd("XMKD x", 257)
        client.cmd("XCWD x", 250)
        client.cmd("XPWD", 257)
        client.cmd("XCUP", 250)
        client.cmd("XRMD x", 250)


def case_fixed_answers(binaries):
    """SYST FEAT OPTS NOOP HELP TYPE STRU MODE STAT CLNT and the refused."""
    with Daemon(binaries) as server, logged_in(server) as client:
        assert client.cmd("SYST", 215).text == "UNIX Type: L8"
        feat = client.cmd("FEAT", 211).text
        for line in ("UTF8", "SIZE", "MDTM", "MFMT", "REST STREAM", "TVFS",
                     "EPSV", "AUTH TLS", "PBSZ", "PROT"):
            assert re.search(rf"^ {line}$", feat, re.M), (line, feat)
        assert re.search(r"^ MLST type\*;size\*;modify\*;", feat, re.M | re.I)
        assert "CCC" not in feat
        client.cmd("OPTS UTF8 ON", 200)
        client.cmd("OPTS MLST type;size;", 200)
        client.stor("f", b"1")
        line = client.listing("MLSD").split(b"\r\n")
        assert any(x.lower().startswith(b"type=file;size=1; f") for x in line)
        client.cmd("NOOP", 200)
        assert client.cmd("HELP").code in (211, 214)
        for good in ("TYPE A", "TYPE I", "type i", "TYPE L 8", "STRU F",
                     "MODE S"):
            client.cmd(good, 200)
        for bad in ("TYPE E", "TYPE A T", "TYPE L 7", "STRU R", "STRU P",
                    "MODE B", "MODE C"):
            assert client.cmd(bad).code == 504, bad
        for bad in ("TYPE", "TYPE A X"):
            assert client.cmd(bad).code in (501, 504), bad
        assert client.cmd("STAT").code == 211
        client.cmd("CLNT test", 200)
        assert client.cmd("CCC").code in (533, 534)
        assert client.cmd("AUTH TLS").code == 503
        assert client.cmd("PROT S").code == 536
        assert client.cmd("PROT X").code == 504
        assert client.cmd("PBSZ x").code == 501
        assert client.cmd("PBSZ 100").code == 200
        assert client.cmd("FNORD").code == 500
        assert client.cmd("SITE HELP").code in (200, 214)
        assert client.cmd("SITE EXEC /bin/sh").code in (500, 501, 502, 504)
        for refused in ("SMNT /", "ADAT x", "LPSV", "LPRT x"):
            assert client.cmd(refused).code in (202, 500, 501, 502, 503), \
                refused


def case_transfer_forms(binaries):
    """REST, APPE, STOU, zero bytes, a directory, a missing file."""
    with Daemon(binaries) as server, logged_in(server) as client:
        contents = random_bytes(100000, 6)
        client.stor("f", contents)
        client.cmd("REST 99990", 350)
        assert client.retr("f") == contents[99990:]
        assert client.retr("f") == contents
        client.cmd("REST 50000", 350)
        client.stor("f", b"x" * 50000)
        assert client.retr("f") == contents[:50000] + b"x" * 50000
        client.stor("f", b"tail", command="APPE")
        assert client.retr("f")[-4:] == b"tail"
        assert client.cmd("REST -1").code == 501
        assert client.cmd("REST x").code == 501
        client.cmd("REST 5", 350)
        client.cmd("NOOP", 200)
        assert len(client.retr("f")) == 100004
        client.stor("empty", b"")
        assert client.retr("empty") == b""
        client.cmd("MKD dir", 257)
        for command in ("RETR dir", "RETR none", "STOR dir"):
            client.passive().close()
            reply = client.cmd(command)
            if reply.code == 150:
                reply = client.reply()
            assert reply.code in (550, 553), (command, reply)
        client.cmd("REST 999999999", 350)
        client.passive().close()
        reply = client.cmd("RETR f")
        assert reply.code in (550, 551, 554), reply
        data = client.passive()
        reply = client.cmd("STOU", (125, 150))
        name = re.match(r"FILE: (\S+)", reply.text).group(1)
        data = client.wrap_data(data)
        data.sendall(b"unique")
        finish(data)
        assert client.reply().code in (226, 250)
        assert client.retr(name) == b"unique"
        assert client.cmd("RETR f").code in (425, 503), "no PASV before"
        assert client.listing("LIST dir") == b""


def case_ascii(binaries):
    """ASCII mode converts both ways, at every block edge."""
    with Daemon(binaries) as server, logged_in(server) as client:
        lines = b"".join(b"%d%s\n" % (n, b"y" * (n % 97))
                         for n in range(20000))
        client.cmd("TYPE A", 200)
        client.stor("text", lines.replace(b"\n", b"\r\n"))
        assert client.retr("text") == lines.replace(b"\n", b"\r\n")
        assert client.cmd("SIZE text").code == 550
        client.cmd("TYPE I", 200)
        assert client.retr("text") == lines


def case_abort(binaries):
    """ABOR, STAT and NOOP during a transfer; QUIT after it."""
    with Daemon(binaries) as server, logged_in(server) as client:
        client.stor("big", b"b" * 30_000_000)
        data = client.open_data("RETR big")
        data.recv(1000)
        client.cmd("NOOP", 200)
        assert client.cmd("STAT", 211)
        client.send(b"\xff\xf4\xff\xf2ABOR\r\n")
        assert client.reply().code == 426
        assert client.reply().code == 226
        data.close()
        client.cmd("ABOR", (225, 226))
        data = client.open_data("RETR big")
        data.recv(1000)
        client.send(b"PWD\r\nQUIT\r\n")
        contents = client.read_data(data)
        assert len(contents) > 29_000_000
        assert client.reply().code == 226
        assert client.reply().code == 257
        assert client.reply().code == 221
        assert client.at_end()


def case_stalled_transfer(binaries):
    """A transfer that stands still is 426 after timeouts.stalled."""
    with Daemon(binaries, {"timeouts": {"stalled": "1s"}}) as server, \
            logged_in(server) as client:
        client.stor("big", b"b" * 30_000_000)
        data = client.open_data("RETR big")
        assert client.reply().code == 426
        data.close()
        data = client.open_data("STOR other")
        data.sendall(b"x")
        assert client.reply().code == 426
        data.close()
        assert client.cmd("SIZE other").code == 550


def case_no_data_connection(binaries):
    """Nobody connects: 425 after timeouts.data."""
    with Daemon(binaries, {"timeouts": {"data": "1s"}}) as server, \
            logged_in(server) as client:
        client.cmd("EPSV", 229)
        client.send(b"LIST\r\n")
        reply = client.reply()
        if reply.code == 150:
            reply = client.reply()
        assert reply.code == 425, reply


def case_ipv6(binaries):
    """Sessions over IPv6: EPSV and EPRT."""
    from run import Skip
    if not socket.has_ipv6:
        raise Skip("no IPv6 here")
    from daemon import free_port
    server = Daemon(binaries)
    port = free_port()
    server.config["listen"].append({"address": "::1", "port": port})
    server.write_config()
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        __import__("shutil").rmtree(server.folder)
        raise Skip("no IPv6 loopback here") from None
    with server:
        with Client(port, host="::1") as client:
            client.auth().login()
            client.stor("f", b"six")
            assert client.retr("f") == b"six"
            assert client.cmd("PASV").code in (425, 501, 522)
            with socket.socket(socket.AF_INET6) as listener:
                listener.bind(("::1", 0))
                listener.listen()
                listener.settimeout(60)
                port = listener.getsockname()[1]
                client.cmd(f"EPRT |2|::1|{port}|", 200)
                client.cmd("RETR f", 150)
                data, _ = listener.accept()
                data = client.wrap_data(data)
                assert client.read_data(data) == b"six"
                assert client.reply().code == 226


def case_relayed_storage(binaries):
    """Where the agent moves the bytes: REST, APPE, and an agent that dies."""
    contents = random_bytes(20000000, 7)
    config = {"local_file_systems": ["iso9660"]}
    with Daemon(binaries, config) as server, logged_in(server) as client:
        client.stor("f", contents)
        assert client.retr("f") == contents
        client.cmd("REST 19999990", 350)
        assert client.retr("f") == contents[-10:]
        client.cmd("REST 20000000", 350)
        assert client.retr("f") == b""
        client.cmd("REST 19999990", 350)
        client.stor("f", b"x" * 20)
        client.stor("f", b"tail", command="APPE")
        client.cmd("REST 19999990", 350)
        assert client.retr("f") == b"x" * 20 + b"tail"
        client.cmd("REST 20000099", 350)
        client.passive().close()
        client.cmd("RETR f", 551)
        # Half a file is never called a whole one.
        data = client.open_data("RETR f")
        data.recv(1000)
        server.expect_log("was ended by signal 9")
        for pid in server.processes("agent"):
            os.kill(pid, signal.SIGKILL)
        client.read_data(data)
        assert client.reply().code in (426, 451)
        # Its pipe may be closed before its channel is.
        server.wait_log("was ended by signal 9")
        assert client.retr("f")[:100] == contents[:100]


def case_small_uploads(binaries):
    """A small file over TLS does not wait for a delayed acknowledgement."""
    for version in ("1.2", "1.3"):
        with Daemon(binaries) as server, \
                logged_in(server, version=version) as client:
            times = []
            for _ in range(20):
                began = time.monotonic()
                client.stor("f", b"x")
                times.append(time.monotonic() - began)
            # Linux would take 40 ms, each time.
            assert min(times) < 0.03, times


def case_the_root_stays(binaries):
    """The account's root is neither removed nor renamed nor replaced."""
    with Daemon(binaries) as server, logged_in(server) as client:
        client.cmd("RMD /", 550)
        client.cmd("RMD .", 550)
        client.cmd("DELE /", 550)
        client.cmd("RNFR /", 550)
        client.cmd("MKD x", 257)
        client.cmd("RNFR x", 350)
        client.cmd("RNTO /", 553)
        client.cmd("CWD x", 250)
