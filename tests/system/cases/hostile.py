"""Clients that mean harm, and clients that are merely broken."""

import os
import re
import select
import socket
import ssl
import threading

from client import TIMEOUT, Client, tls_context
from daemon import GID, UID, Daemon, random_bytes, wait_for


def case_plain_text_injection(binaries):
    """Bytes sent in clear behind AUTH TLS are never executed."""
    with Daemon(binaries) as server:
        with Client(server.port) as client:
            client.send(b"AUTH TLS\r\nUSER alice\r\nPASS x\r\nMKD bad\r\n")
            assert client.reply().code == 234
            client.buffer = b""
            client.wrap()
            reply = client.cmd("NOOP")
            assert reply.code == 200, reply
            client.socket.settimeout(0.5)
            try:
                extra = client.socket.recv(100)
                raise AssertionError(f"more than one reply: {extra!r}")
            except (socket.timeout, TimeoutError):
                pass
            client.socket.settimeout(60)
            client.login()
            assert client.listing("NLST") == b""
        server.wait_log("discard|in clear")


def case_overlong_lines(binaries):
    """A line beyond 4 KiB gets one 500 and nothing of it is executed."""
    with Daemon(binaries) as server:
        with Client(server.port) as client:
            client.auth().login()
            client.send(b"MKD " + b"x" * 100000 + b"\r\nMKD good\r\n")
            assert client.reply().code == 500
            assert client.reply().code == 257
            client.send(b"NOOP \0\r\n")
            assert client.reply().code in (500, 501)
            client.send(b"NOOP\n")
            assert client.reply().code == 200
            assert client.listing("NLST") == b"good\r\n"


def exchange(client, data, replies):
    """Send data while replies are read, all in one thread: two threads must
    not use one TLS connection.  Returns the lines of the replies."""
    received = b""
    client.socket.setblocking(False)
    while received.count(b"\n") < replies:
        writing = [client.socket] if data else []
        select.select([client.socket], writing, [], TIMEOUT)
        try:
            if data:
                data = data[client.socket.send(data[:16384]):]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            while chunk := client.socket.recv(16384):
                received += chunk
            raise EOFError("the server closed the control connection")
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
    return received.splitlines()


def case_pipelining(binaries):
    """10,000 commands in one go are answered in order."""
    with Daemon(binaries) as server:
        with Client(server.port) as client:
            client.auth().login()
            lines = exchange(client, b"NOOP\r\nPWD\r\n" * 5000, 10000)
            codes = [line[:4] for line in lines]
            assert codes == [b"200 ", b"257 "] * 5000


def case_half_closed(binaries):
    """A client that shuts down its side still gets its replies."""
    config = {"tls": {"required": "off"}}
    with Daemon(binaries, config) as server:
        with Client(server.port) as client:
            client.login()
            client.send(b"PWD\r\nNOOP\r\n")
            client.socket.shutdown(socket.SHUT_WR)
            assert client.reply().code == 257
            assert client.reply().code == 200
            assert client.at_end()


def case_silent_handshake(binaries):
    """Clients that begin TLS and stop are cut off at the deadline."""
    config = {"tls": {"timeout_handshake": "2s"}}
    with Daemon(binaries, config) as server:
        quiet = [Client(server.port) for _ in range(50)]
        for client in quiet:
            client.cmd("AUTH TLS", 234)
        with Client(server.port) as client:
            client.auth().login()
            for other in quiet:
                while other.socket.recv(1000):
                    pass
                other.close()
            client.cmd("NOOP", 200)


def case_bounce(binaries):
    """PORT and EPRT to others, and to low ports, are refused."""
    with Daemon(binaries) as server:
        with Client(server.port) as client:
            client.auth().login()
            for command in ("PORT 192,0,2,1,20,21", "PORT 127,0,0,1,0,80",
                            "PORT 127,0,0,2,20,21",
                            "EPRT |1|192.0.2.1|5000|",
                            "EPRT |1|127.0.0.1|80|"):
                reply = client.cmd(command)
                assert reply.code in (500, 501, 504), (command, reply)
            for command in ("PORT 1,2,3", "PORT 1,2,3,4,5,6,7",
                            "PORT 256,0,0,1,4,1", "PORT -1,0,0,1,4,1",
                            "PORT 0x7f,0,0,1,4,1", "PORT",
                            "PORT " + "1" * 1000, "EPRT |1|1.2.3.4|99999|",
                            "EPRT |1|x|5000|", "EPRT x"):
                reply = client.cmd(command)
                assert reply.code in (501, 504), (command, reply)
            assert client.cmd("EPRT |3|x|1|").code == 522
            client.cmd("EPSV ALL", 200)
            assert client.cmd("PORT 127,0,0,1,20,21").code in (500, 501)
            assert client.cmd("PASV").code in (500, 501)


def case_pasv_thief(binaries):
    """A data connection from another address is dropped; ours is served."""
    with Daemon(binaries) as server:
        with Client(server.port) as client:
            client.auth().login()
            client.stor("file", b"mine")
            reply = client.cmd("EPSV", 229)
            port = int(re.search(r"\|\|\|(\d+)\|", reply.text).group(1))
            thief = socket.socket()
            thief.bind(("127.0.0.9", 0))
            thief.connect(("127.0.0.1", port))
            thief.settimeout(60)
            data = socket.create_connection(("127.0.0.1", port), 60)
            client.cmd("RETR file", 150)
            data = client.wrap_data(data)
            assert client.read_data(data) == b"mine"
            assert client.reply().code == 226
            try:
                assert thief.recv(100) == b""
            except ConnectionError:
                pass
            thief.close()


def case_symlink_escapes(binaries):
    """No path leads out of the home, symlinks included."""
    with Daemon(binaries) as server:
        secret = os.path.join(server.folder, "secret")
        with open(secret, "w", encoding="ascii") as out:
            out.write("outside")
        os.chmod(secret, 0o644)
        os.symlink(server.folder, os.path.join(server.home, "out"))
        os.symlink(secret, os.path.join(server.home, "link"))
        os.symlink("/", os.path.join(server.home, "root"))
        os.symlink("../secret", os.path.join(server.home, "up"))
        with Client(server.port) as client:
            client.auth().login()
            for path in ("link", "up", "out/secret", "../secret", "/../secret",
                         "root" + secret, "root/../../secret",
                         "..\\secret", "%2e%2e/secret"):
                reply = client.cmd("SIZE " + path)
                assert reply.code == 550, (path, reply)
            client.cmd("CWD ..", 250)
            assert '"/"' in client.cmd("PWD", 257).text
            assert client.cmd("MKD out/new").code == 550
            assert not os.path.exists(os.path.join(server.folder, "new"))


def case_symlink_race(binaries):
    """A folder swapped for a symlink while files move never leads out."""
    with Daemon(binaries) as server:
        outside = os.path.join(server.folder, "outside")
        os.mkdir(outside, 0o777)
        os.chmod(outside, 0o777)
        target = os.path.join(server.home, "dir")
        spare = os.path.join(server.home, "spare")
        os.mkdir(target)
        os.chown(target, UID, GID)
        os.symlink(outside, spare)
        stop = threading.Event()

        def swap():
            other = os.path.join(server.home, "tmp")
            while not stop.is_set():
                os.rename(target, other)
                os.rename(spare, target)
                os.rename(target, spare)
                os.rename(other, target)

        racer = threading.Thread(target=swap)
        racer.start()
        try:
            with Client(server.port) as client:
                client.auth().login()
                for number in range(150):
                    client.cmd(f"MKD dir/m{number}", (257, 550))
                    data = client.passive()
                    reply = client.cmd(f"STOR dir/f{number}")
                    if reply.code == 150:
                        data = client.wrap_data(data)
                        data.sendall(b"x")
                        try:
                            data.unwrap()
                        except (OSError, ssl.SSLError):
                            pass
                        client.reply()
                    data.close()
        finally:
            stop.set()
            racer.join()
        assert os.listdir(outside) == [], os.listdir(outside)


def case_unknown_sni(binaries):
    """An unknown name in SNI gets the default host."""
    with Daemon(binaries) as server:
        with Client(server.port, name="nobody.test") as client:
            client.auth().login()
            client.cmd("NOOP", 200)


def case_alpn(binaries):
    """ALPN: ftp is taken, offers without it are refused, none is fine."""
    with Daemon(binaries) as server:
        for offer, wanted in ((["ftp"], "ftp"),
                              (["x-filezilla-ftp", "ftp"], "ftp"),
                              (["h2", "http/1.1"], None)):
            context = tls_context(alpn=offer)
            client = Client(server.port, context=context)
            with client:
                try:
                    client.auth()
                    assert wanted, f"{offer} was accepted"
                    assert client.socket.selected_alpn_protocol() == wanted
                except ssl.SSLError as error:
                    assert wanted is None, error
                    assert "NO_APPLICATION_PROTOCOL" in str(error).upper() \
                        .replace(" ", "_"), error


def case_http_on_our_port(binaries):
    """A browser is sent away at once."""
    with Daemon(binaries) as server:
        with socket.create_connection(("127.0.0.1", server.port), 60) as conn:
            conn.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            text = b""
            while True:
                try:
                    data = conn.recv(4096)
                except ConnectionError:
                    break
                if not data:
                    break
                text += data
            assert text.count(b"\r\n") <= 4, text


def case_special_files(binaries):
    """FIFOs and devices are never opened."""
    with Daemon(binaries) as server:
        os.mkfifo(os.path.join(server.home, "fifo"), 0o666)
        with Client(server.port) as client:
            client.auth().login()
            for command in ("RETR fifo", "STOR fifo", "APPE fifo"):
                client.passive().close()
                reply = client.cmd(command)
                if reply.code == 150:
                    reply = client.reply()
                assert reply.code in (550, 553), (command, reply)


def case_odd_names(binaries):
    """File names are bytes; none of them makes a line of its own."""
    with Daemon(binaries) as server:
        name = os.path.join(server.home.encode(), b"bad\x1b[2J\r\nname")
        with open(name, "wb"):
            pass
        with Client(server.port) as client:
            client.auth().login()
            client.stor(" leading", b"1")
            client.stor("-dash", b"2")
            client.stor("caf\udce9", b"3")
            assert client.retr("caf\udce9") == b"3"
            assert client.retr(" leading") == b"1"
            for command in ("LIST", "NLST", "MLSD"):
                text = client.listing(command)
                assert (b"bad\x1b[2J??name" in text) == (command == "LIST")
                for line in text.split(b"\r\n"):
                    assert b"\r" not in line and b"\n" not in line


def case_commands_before_login(binaries):
    """Nothing but what a login needs is answered before it."""
    allowed = {"AUTH", "PBSZ", "PROT", "USER", "PASS", "FEAT", "HELP", "NOOP",
               "QUIT", "OPTS", "HOST", "CLNT", "SYST", "ACCT", "CCC"}
    verbs = ("CWD CDUP PWD MKD RMD DELE RNFR RNTO TYPE STRU MODE SIZE MDTM "
             "MFMT REST PASV EPSV PORT EPRT LIST NLST MLSD MLST RETR STOR "
             "APPE STOU ABOR STAT SITE XCWD XPWD XMKD XRMD XCUP").split()
    with Daemon(binaries) as server:
        with Client(server.port) as client:
            client.auth()
            for verb in verbs:
                assert verb not in allowed
                reply = client.cmd(verb + " x")
                assert reply.code in (530, 501), (verb, reply)
            reply = client.cmd("ACIDBITCHEZ")
            assert reply.code == 500, reply


def case_descriptors_run_out(binaries):
    """Out of descriptors: 421 or a pause, and service afterwards."""
    config = {"tls": {"required": "off"},
              "limits": {"sessions_per_address": 0}}
    with Daemon(binaries, config, files=128) as server:
        server.expect_log("descriptor|error 24")
        crowd = []
        for _ in range(400):
            conn = socket.create_connection(("127.0.0.1", server.port), 60)
            crowd.append(conn)
        assert wait_for(lambda: paused(server), 20), "accept never paused"
        for conn in crowd:
            conn.close()

        def login():
            try:
                with Client(server.port) as client:
                    client.login()
                    return client.cmd("NOOP").code == 200
            except (AssertionError, EOFError, OSError):
                return False

        assert wait_for(login, 30), "no service after the crowd has gone"


def paused(server):
    return server.ctl("status")["counters"]["accept_paused"] > 0


def case_random_garbage(binaries):
    """Random bytes, in clear and as a handshake, hurt nobody."""
    with Daemon(binaries) as server:
        for seed in range(30):
            with socket.create_connection(("127.0.0.1", server.port),
                                          60) as conn:
                if seed % 2:
                    conn.sendall(b"AUTH TLS\r\n")
                conn.sendall(random_bytes(5000, seed))
                conn.shutdown(socket.SHUT_WR)
                try:
                    while conn.recv(4096):
                        pass
                except ConnectionError:
                    pass
        with Client(server.port) as client:
            client.auth().login()
            client.cmd("NOOP", 200)
