"""The digest of a folder as doc/formats/lake.md describes it, by hashlib alone: python3 tree.py FOLDER|FILE"""
import hashlib
import os
import struct
import sys

M = (1 << 64) - 1


def cuts(level, name):
    h = 0xCBF29CE484222325
    for b in bytes([level]) + name:
        h = (h ^ b) * 0x100000001B3 & M
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 & M
    h = (h ^ h >> 27) * 0x94D049BB133111EB & M
    return (h ^ h >> 31) % 256 == 0


def node(level, entries):
    """(digest, size, files) of one node."""
    out = b"leat-tree/1\n" + struct.pack(">BI", level, len(entries))
    for kind, name, size, files, digest in entries:
        out += kind + struct.pack(">H", len(name)) + name + struct.pack(">QQ", size, files) + digest
    return hashlib.sha256(out).digest(), sum(e[2] for e in entries), sum(e[3] for e in entries)


def fold(entries):
    """The root of a folder's entries."""
    entries = sorted(entries, key=lambda e: e[1])
    for level in range(5):
        pieces, piece = [], []
        for e in entries:
            piece.append(e)
            if level < 4 and (cuts(level, e[1]) or len(piece) == 2048):
                pieces.append(piece)
                piece = []
        if piece or not pieces:
            pieces.append(piece)
        if len(pieces) == 1:
            return node(level, pieces[0])
        entries = [(b"n", p[0][1], size, files, digest) for p in pieces for digest, size, files in [node(level, p)]]


def entry(path, name):
    if os.path.islink(path):
        target = os.readlink(os.fsencode(path))
        return b"l", os.fsencode(name), len(target), 1, hashlib.sha256(target).digest()
    if os.path.isdir(path):
        digest, size, files = tree(path)
        return b"d", os.fsencode(name), size, files, digest
    with open(path, "rb") as f:
        data = f.read()
    return b"x" if os.stat(path).st_mode & 0o100 else b"f", os.fsencode(name), len(data), 1, hashlib.sha256(data).digest()


def tree(path):
    return fold([entry(os.path.join(path, n), n) for n in os.listdir(path) if n not in (".leat", ".git", "leat.lock") and not n.endswith(".leatref")])


if __name__ == "__main__":
    at = sys.argv[1]
    print((tree(at) if os.path.isdir(at) else fold([entry(at, os.path.basename(at))]))[0].hex())
