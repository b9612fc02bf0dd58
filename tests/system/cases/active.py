"""PORT, EPRT, PASV, EPSV: families, refusals, EPSV ALL, a range of ports."""

import os
import re
import socket

from client import Client
from daemon import Daemon, free_port
from run import Skip


def start(binaries, **config):
    """A server on 127.0.0.1 and ::1, and its port on the latter."""
    server = Daemon(binaries, {"tls": {"required": "off"}, **config})
    six = free_port()
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", six))
    except OSError:
        raise Skip("no IPv6 loopback here") from None
    server.config["listen"].append({"address": "::1", "port": six})
    server.write_config()
    return server, six


def listen(host):
    listener = socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.bind((host, 0))
    listener.listen()
    listener.settimeout(60)
    return listener, listener.getsockname()[1]


def fetch(client, listener):
    """Whom the data connection is from, and what came."""
    client.cmd("RETR f", 150)
    data, peer = listener.accept()
    contents = client.read_data(data)
    assert client.reply().code == 226
    return peer, contents


def case_families(binaries):
    """Each family has its commands; the other one's are refused with 522."""
    server, six = start(binaries)
    with server:
        for host, port in (("127.0.0.1", server.port), ("::1", six)):
            with Client(port, host=host).login() as client:
                client.stor("f", b"contents")
                listener, mine = listen(host)
                own, other = ("1", "2") if port == server.port else ("2", "1")
                with listener:
                    client.cmd(f"EPRT |{own}|{host}|{mine}|", 200)
                    peer, contents = fetch(client, listener)
                    assert peer[0] == host and contents == b"contents", peer
                    if own == "1":
                        for text in (f"PORT 127,0,0,1,{mine >> 8},"
                                     f"{mine & 255}",
                                     f"EPRT |2|::ffff:127.0.0.1|{mine}|"):
                            client.cmd(text, 200)
                            peer, contents = fetch(client, listener)
                            assert peer[0] == host, peer
                away = {"1": "::1", "2": "127.0.0.1"}[own]
                for text in (f"EPRT |{other}|{away}|30000|",
                             "EPRT |3|x|30000|", f"EPSV {other}", "EPSV 3"):
                    reply = client.cmd(text, 522)
                    assert f"({own})" in reply.text, (text, reply)
                client.cmd("EPSV " + own, 229)
                if own == "2":
                    client.cmd("PASV", 425)
                    client.cmd("PORT 127,0,0,1,100,1", 504)
                for text in ("EPRT |1|::1|30000|", "EPRT |2|127.0.0.1|30000|",
                             f"EPRT |{own}|{host}|30000", "EPRT |1||30000|",
                             f"EPRT |{own}|{host}|65536|", "EPSV x",
                             "PORT 127,0,0,1,100", "PORT 127,0,0,256,100,1"):
                    client.cmd(text, 501)
                for text in (f"EPRT |{own}|{host}|1023|",
                             f"EPRT |{own}|{host}|0|"):
                    client.cmd(text, 504)


def case_nobody_listens(binaries):
    """425 when nobody is there, at once and in time, and then all is well."""
    with Daemon(binaries, {"tls": {"required": "off"},
                           "timeouts": {"data": "1s"}}) as server:
        with Client(server.port).login() as client:
            client.stor("f", b"contents")
            listener, mine = listen("127.0.0.1")
            listener.close()
            client.cmd(f"EPRT |1|127.0.0.1|{mine}|", 200)
            assert client.cmd("RETR f").code in (150, 425)
            client.cmd("RETR f", 425)  # it was for one transfer
            client.cmd("EPSV", 229)
            client.cmd("RETR f", 425)
            assert client.retr("f") == b"contents"


def case_epsv_all(binaries):
    """After EPSV ALL nothing else is accepted, whatever happens."""
    with Daemon(binaries, {"tls": {"required": "off"}}) as server:
        with Client(server.port).login() as client:
            client.stor("f", bytes(50000000))
            client.cmd("EPSV ALL", 200)
            for _ in range(2):
                for text in ("PORT 127,0,0,1,100,1", "PASV", "CPSV",
                             "EPRT |1|127.0.0.1|30000|"):
                    client.cmd(text, 501)
                data = client.open_data("RETR f")
                client.send(b"ABOR\r\n")
                codes = {client.reply().code, client.reply().code}
                assert codes == {426, 226}, codes
                data.close()
                with client.open_data("RETR f"):
                    pass
                assert client.reply().code in (426, 226)
            client.cmd("REIN", (220, 502))


def case_range(binaries):
    """A range of ports is shared by workers; when it is full, 425."""
    first = free_port()
    last = first + 3
    if last > 65535:
        raise Skip("no range of ports here")
    config = {"tls": {"required": "off"}, "workers": 2,
              "passive": {"ports": f"{first}-{last}"}}
    with Daemon(binaries, config) as server:
        clients = [Client(server.port).login() for _ in range(6)]
        try:
            codes, ports = [], []
            for client in clients:
                reply = client.cmd("EPSV", (229, 425))
                codes.append(reply.code)
                ports += re.findall(r"\|\|\|(\d+)\|", reply.text)
            taken = [int(port) for port in ports]
            assert len(set(taken)) == len(taken) <= 4, taken
            assert all(first <= port <= last for port in taken), taken
            assert codes.count(425) >= 2, codes
            status = server.ctl("status")
            assert "'no_port': " + str(codes.count(425)) in str(status), status
            holder = clients[codes.index(229)]
            loser = clients[codes.index(425)]
            holder.cmd("EPRT |1|127.0.0.1|30000|", 200)
            loser.cmd("EPSV", 229)
            # A port is free again with the transfer.
            for client in clients:
                client.cmd("EPRT |1|127.0.0.1|30000|", 200)
            for _ in range(20):
                clients[0].stor("f", b"contents")
        finally:
            for client in clients:
                client.close()


def case_strangers(binaries):
    """A data connection from elsewhere is dropped, and counted."""
    with Daemon(binaries, {"tls": {"required": "off"}}) as server:
        with Client(server.port).login() as client:
            client.stor("f", b"contents")
            port = int(re.search(r"(\d+)\|\)",
                                 client.cmd("EPSV", 229).text).group(1))
            with socket.create_connection(("127.0.0.1", port), 60,
                                          ("127.0.0.9", 0)) as stranger:
                client.cmd("NOOP", 200)
                with socket.create_connection(("127.0.0.1", port),
                                              60) as data:
                    client.cmd("RETR f", 150)
                    assert client.read_data(data) == b"contents"
                assert client.reply().code == 226
                assert stranger.recv(1) == b""
            assert "'data_strangers': 1" in str(server.ctl("status"))


def case_source(binaries):
    """active.port and active.address: where our connections come from."""
    if os.geteuid() != 0:
        raise Skip("only root binds port 20")
    for port in (20, free_port()):
        with Daemon(binaries, {
                "tls": {"required": "off"}, "workers": 2,
                "active": {"port": port, "address": "127.0.0.3"}}) as server:
            clients = [Client(server.port).login() for _ in range(3)]
            clients[0].stor("f", b"contents")
            links = []
            for client in clients:  # at once, all from the same port
                listener, mine = listen("127.0.0.1")
                client.cmd(f"EPRT |1|127.0.0.1|{mine}|", 200)
                client.cmd("RETR f", 150)
                links.append((client, listener, listener.accept()))
            for client, listener, (data, peer) in links:
                assert peer == ("127.0.0.3", port), peer
                assert client.read_data(data) == b"contents"
                assert client.reply().code == 226
                listener.close()
            clients[0].listing("NLST")  # passive as ever
            with socket.socket() as nobody:
                nobody.bind(("127.0.0.1", 0))
                mine = nobody.getsockname()[1]
                clients[0].cmd(f"EPRT |1|127.0.0.1|{mine}|", 200)
                clients[0].cmd("RETR f", 425)
            # Whoever leaves before the master has answered harms nobody.
            for _ in range(20):
                with Client(server.port).login() as client:
                    listener, mine = listen("127.0.0.1")
                    client.cmd(f"EPRT |1|127.0.0.1|{mine}|", 200)
                    client.send(b"RETR f\r\n")
                    listener.close()
            server.config["active"] = {"port": 0}
            server.write_config()
            server.ctl("reload", json_output=False)
            with Client(server.port).login() as client:
                listener, mine = listen("127.0.0.1")
                client.cmd(f"EPRT |1|127.0.0.1|{mine}|", 200)
                peer, contents = fetch(client, listener)
                assert peer[0] == "127.0.0.1" and peer[1] != port, peer
                listener.close()
            for client in clients:
                client.close()


def case_source_denied(binaries):
    """An address that is not ours: 425, and the session goes on."""
    with Daemon(binaries, {
            "tls": {"required": "off"},
            "active": {"port": 20, "address": "192.0.2.1"}}) as server:
        with Client(server.port).login() as client:
            client.stor("f", b"contents")
            client.cmd("EPRT |1|127.0.0.1|30000|", 200)
            client.cmd("RETR f", 425)
            assert client.retr("f") == b"contents"
