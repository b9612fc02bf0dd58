#!/usr/bin/python3
"""Serves with pyftpdlib: two processes, one event loop each."""

import logging
import os
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer

WORKERS = 2


def main():
    port, pair, home, uid, gid, password = sys.argv[1:7]
    logging.basicConfig(level=logging.INFO)
    authorizer = DummyAuthorizer()
    authorizer.add_user("bench", password, home, perm="elradfmwMT")
    handler = TLS_FTPHandler
    handler.certfile = pair
    handler.authorizer = authorizer
    handler.tls_control_required = True
    handler.tls_data_required = True
    handler.get_ssl_context()
    server = FTPServer(("127.0.0.1", int(port)), handler, backlog=4096)
    server.max_cons = 20000
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    server.serve_forever(worker_processes=WORKERS, handle_exit=True)


if __name__ == "__main__":
    main()
