"""Runs in the box, before a product that serves HTTP: carries bytes between descriptor 4 and it.

    python -c SOURCE PORT COMMAND...

The box has no network but its own loopback, so requests come in over an inherited listening
socket. A connection waits until the product listens; when the product ends, so does this.
"""

import contextlib
import socket
import subprocess
import sys
import threading
import time

CHUNK = 65_536
RETRY_S = 0.02


def connect(port: int) -> socket.socket:
    """Reach the product, as soon as it listens."""
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except OSError:
            time.sleep(RETRY_S)


def carry(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes one way until the end."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def serve(client: socket.socket, port: int) -> None:
    """Carry one connection, both ways."""
    with client, connect(port) as product:
        back = threading.Thread(target=carry, args=(product, client), daemon=True)
        back.start()
        carry(client, product)
        back.join()


def accept(port: int) -> None:
    """Take connections for ever."""
    with socket.socket(fileno=4) as door:
        while True:
            client, _ = door.accept()
            threading.Thread(target=serve, args=(client, port), daemon=True).start()


def main() -> None:
    """Start the product, carry its connections, end with it."""
    port, command = int(sys.argv[1]), sys.argv[2:]
    try:
        product = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError:
        sys.exit(127)
    threading.Thread(target=accept, args=(port,), daemon=True).start()
    sys.exit(product.wait() & 0x7F)


main()
