"""What systemd does for a service with a socket: opens it once, hands it to the program, starts the program again.

Usage: launcher.py ADDRESS PORT PROGRAM ARGUMENT…. SIGHUP replaces the program, SIGTERM ends both.
"""
import os
import signal
import socket
import sys

address, port, *program = sys.argv[1:]
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((address, int(port)))
listener.listen(1024)
wanted = []
signal.signal(signal.SIGHUP, lambda *_: wanted.append("again"))
signal.signal(signal.SIGTERM, lambda *_: wanted.append("end"))


def start():
    pid = os.fork()
    if pid == 0:
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="web")
        os.execv(program[0], program)
    return pid


child = start()
while True:
    signal.pause() if not wanted else None
    if not wanted:
        continue
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    if wanted.pop(0) == "end":
        sys.exit(os.waitstatus_to_exitcode(status))
    child = start()
