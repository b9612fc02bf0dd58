#!/usr/bin/python3
"""A client that does nothing but ask for other keys, until its input ends.

    flooder.py port 1.2|1.3

It says "begun", and at the end how many times it was cut.
"""

import os
import select
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from client import Client
from library import Library

LESS_THAN_SERVERS = 5   # nice: the processor is not what is fought for
UPDATES_MOST = 100000


def is_over():
    return bool(select.select([sys.stdin], [], [], 0)[0])


def updates(link):
    """Key updates, in as large pieces as the socket takes; whether cut."""
    link.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    for number in range(UPDATES_MOST):
        if not link.key_update(number % 50 == 0):
            return True
    return False


def renegotiations(link):
    """The first is granted; whoever goes on is cut."""
    while link.renegotiate():
        pass
    return True


def main():
    port, tls = int(sys.argv[1]), sys.argv[2]
    flood = renegotiations if tls == "1.2" else updates
    library, cut = Library(tls), 0
    os.nice(LESS_THAN_SERVERS)
    print("begun", flush=True)
    while not is_over():
        client = Client(port, context=library)
        try:
            client.auth()
            cut += flood(client.socket)
            client.socket.close(False)
        except (ConnectionError, EOFError):
            cut += 1
    print(cut)


if __name__ == "__main__":
    main()
