"""Carries a release to an enforcer as an agent does, where no controller serves it: signs, offers, gives the parts that are wanted,
and waits for the end. Prints how it ended: done, refused, went-back or failed, and why.

offer.py SOCKET ROOT FLEET ROLLOUT NEW OLD   ROOT: the policy root's key; NEW, OLD: folders of .debs, OLD may be empty: -
"""
import glob
import hashlib
import socket
import subprocess
import sys
import tempfile
import time

STAGES = ["nothing", "fetching", "installing", "done", "refused", "went-back", "failed"]


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def parse(data):
    """Fields of a message by their numbers; of the same one the last."""
    fields, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 2:
            size = number()
            fields[key >> 3] = data[at : at + size]
            at += size
        else:
            fields[key >> 3] = number()
    return fields


def sign(root, message):
    seed = bytes.fromhex(open(root).read().strip())
    with tempfile.TemporaryDirectory() as folder:
        open(folder + "/key", "wb").write(bytes.fromhex("302e020100300506032b657004220420") + seed)
        open(folder + "/message", "wb").write(b"cordon/release/v1\0" + message)
        command = ["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", folder + "/key", "-in", folder + "/message"]
        return subprocess.run(command, check=True, capture_output=True).stdout


def release(root, fleet, folder, packages):
    files = b""
    for path in sorted(glob.glob(folder + "/cordon-agent_*.deb") + glob.glob(folder + "/cordon-enforcer_*.deb")):
        said = subprocess.run(["dpkg-deb", "-f", path, "Package", "Version", "Architecture"], check=True, capture_output=True, text=True)
        control = dict(line.split(": ", 1) for line in said.stdout.splitlines())
        content = open(path, "rb").read()
        digest = hashlib.sha256(content).digest()
        packages[digest] = content
        files += field(6, field(1, control["Package"]) + field(2, len(content)) + field(3, digest))
    now = int(time.time() * 1e6)
    manifest = field(1, fleet) + field(2, control["Version"]) + field(3, control["Architecture"])
    manifest += field(4, now) + field(5, now + 3_600_000_000) + files
    return field(1, manifest) + field(2, sign(root, manifest))


def ask(path, request):
    """The UpgradeState that answers; nothing while the enforcer is being started again."""
    body = field(1, 1) + request
    try:
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(60)
        link.connect(path)
        link.sendall(len(body).to_bytes(4, "big") + body)
        head = link.recv(4, socket.MSG_WAITALL)
        answer = parse(link.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL))
    except OSError:
        return None
    return parse(answer[8]) if 8 in answer else None


def main(path, root, fleet, rollout, new, old):
    packages = {}
    offer = field(1, release(root, fleet, new, packages))
    if old != "-":
        offer += field(2, release(root, fleet, old, packages))
    offer = field(10, offer + field(3, bytes([int(rollout)]) * 16))
    end = time.time() + 300
    while time.time() < end:
        state = ask(path, offer)
        while state and 7 in state:
            want = parse(state[7])
            content, at = packages[want[1]], want.get(2, 0)
            part = field(1, want[1]) + field(2, at) + field(3, content[at : at + (512 << 10)])
            state = ask(path, field(11, part))
        stage = STAGES[state.get(3, 0)] if state else "nothing"
        if stage in ("done", "refused", "went-back", "failed"):
            print(stage, state.get(4, b"").decode())
            return
        time.sleep(0.3)
    sys.exit("it does not end")


main(*sys.argv[1:])
