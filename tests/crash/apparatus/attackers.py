"""Clients that mean harm, in a process of their own, until it is ended.

    python3 -m apparatus.attackers idle HOST PORT CONNECTIONS
    python3 -m apparatus.attackers bodies HOST PORT SENDERS
"""

import select
import socket
import sys
import threading
import time

MIB = 1 << 20
HUGE = 100 * MIB


def idle(address, count):
    """Keeps so many connections open that say nothing; one that is closed is made again."""
    poller, sockets, broken = select.epoll(), {}, 0
    while True:
        while len(sockets) < count:
            try:
                made = socket.create_connection(address, timeout=5)
            except OSError:
                broken += 1
                break
            made.setblocking(False)
            sockets[made.fileno()] = made
            poller.register(made, select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR)
        for number, _ in poller.poll(0.2):
            poller.unregister(number)
            sockets.pop(number).close()


def bodies(address, count):
    """Sends bodies of 100 MB, one after another, as fast as the server takes them."""
    threads = [threading.Thread(target=_send_bodies, args=(address,)) for _ in range(count)]
    for thread in threads:
        thread.start()


def _send_bodies(address):
    head = (
        "POST /api_v2/users HTTP/1.1\r\nhost: muster\r\ncontent-type: application/json\r\n"
        f"content-length: {HUGE}\r\n\r\n"
    ).encode()
    chunk = b" " * MIB
    while True:
        try:
            with socket.create_connection(address, timeout=30) as stream:
                stream.sendall(head)
                for _ in range(HUGE // MIB):
                    stream.sendall(chunk)
        except OSError:
            time.sleep(0.01)


if __name__ == "__main__":
    kind, host, port, number = sys.argv[1:]
    {"idle": idle, "bodies": bodies}[kind]((host, int(port)), int(number))
