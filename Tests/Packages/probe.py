"""What the story sends and answers: real connections, tried once or for as long as it runs.

probe.py serve ADDRESS PORT      answers everybody
probe.py once ADDRESS PORT       exit status 0 when the connection is made
probe.py watch ADDRESS PORT FILE writes a line an attempt: through, or why not; until it is stopped
"""
import socket
import sys
import time


def attempt(address, port):
    try:
        socket.create_connection((address, port), timeout=0.5).close()
        return "through"
    except OSError as error:
        return type(error).__name__


def main(verb, address, port, *file):
    if verb == "serve":
        listener = socket.create_server((address, int(port)), backlog=64)
        print("ready", flush=True)
        while True:
            listener.accept()[0].close()
    if verb == "once":
        sys.exit(attempt(address, int(port)) != "through")
    with open(file[0], "w", buffering=1) as log:
        while True:
            log.write(attempt(address, int(port)) + "\n")
            time.sleep(0.02)


main(*sys.argv[1:])
