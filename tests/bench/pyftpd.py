#!/usr/bin/python3
"""Serves with pyftpdlib: two processes with an event loop each."""

import ctypes
import logging
import os
import signal
import socket
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer

PR_SET_PDEATHSIG = 1
WORKERS = 2
BACKLOG = 4096


def make_handler(pair, home, password):
    """What sessions are made of; the tickets of one worker fit the other."""
    handler = TLS_FTPHandler
    handler.authorizer = DummyAuthorizer()
    handler.authorizer.add_user("bench", password, home, perm="elradfmwMT")
    handler.certfile = pair
    handler.tls_control_required = True
    handler.tls_data_required = True
    handler.get_ssl_context()
    return handler


def serve(listener, handler):
    server = FTPServer(listener, handler)
    server.max_cons = 20000
    server.serve_forever(handle_exit=True)


def main():
    port, pair, home, uid, gid, password = sys.argv[1:7]
    logging.basicConfig(level=logging.INFO)
    handler = make_handler(pair, home, password)
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=BACKLOG)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    # Its own way to fork shares one epoll among all: sessions are mixed up.
    children = []
    for _ in range(WORKERS - 1):
        pid = os.fork()
        if pid == 0:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            serve(listener, handler)
            return
        children.append(pid)
    try:
        serve(listener, handler)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    main()
