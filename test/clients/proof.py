"""An independent check of `leat log prove` files, written from RFC 8032 (Ed25519) and RFC 6962/9162 (Merkle trees) alone.

Only Python's own hashlib is used.  As a program:  python3 proof.py check FILE ...   prints the event and ends with 0, or says why not and ends with 1.
As a module it also makes proofs (sign, root, path), so that the program under test can be asked to check ours.
"""
import hashlib
import json
import sys

# --- Ed25519, RFC 8032, 5.1 -----------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def _sha512(data):
    return hashlib.sha512(data).digest()


def _add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _mul(s, p):
    q = (0, 1, 1, 0)
    while s:
        if s & 1:
            q = _add(q, p)
        p = _add(p, p)
        s >>= 1
    return q


def _same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def _recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P:
        return None
    return P - x if x & 1 != sign else x


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = _recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def _pack(p):
    z = pow(p[2], P - 2, P)
    x, y = p[0] * z % P, p[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _unpack(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def _secret(seed):
    h = _sha512(seed)
    a = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    return a, h[32:]


def public_key(seed):
    return _pack(_mul(_secret(seed)[0], BASE))


def sign(seed, message):
    a, prefix = _secret(seed)
    key = _pack(_mul(a, BASE))
    r = int.from_bytes(_sha512(prefix + message), "little") % L
    big_r = _pack(_mul(r, BASE))
    k = int.from_bytes(_sha512(big_r + key + message), "little") % L
    return big_r + ((r + k * a) % L).to_bytes(32, "little")


def verify(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r = _unpack(key), _unpack(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(_sha512(signature[:32] + key + message), "little") % L
    return _same(_mul(s, BASE), _add(r, _mul(k, a)))


# --- Merkle trees, RFC 6962, 2.1; the check by RFC 9162, 2.1.3.2 ----------------------------------------------------


def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def root(leaves):
    """MTH of leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = _split(len(leaves))
    return node_hash(root(leaves[:k]), root(leaves[k:]))


def path(m, leaves):
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [root(leaves[k:])]
    return path(m - k, leaves[k:]) + [root(leaves[:k])]


def includes(index, size, leaf, audit_path, want):
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in audit_path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    return sn == 0 and r == want


# --- proof.json -----------------------------------------------------------------------------------------------------


def head_text(ledger, size, tree_root):
    return f"leat-head/1\n{ledger}\n{size}\n{tree_root}\n".encode()


def why_not(proof):
    """None if the proof holds, else the step that fails."""
    event = proof["event"].encode()
    leaf = leaf_hash(event)
    if leaf.hex() != proof["leaf_hash"]:
        return "leaf_hash"
    if json.loads(event)["seq"] != proof["seq"]:
        return "seq"
    steps = [bytes.fromhex(p) for p in proof["audit_path"]]
    if not includes(proof["seq"] - 1, proof["tree_size"], leaf, steps, bytes.fromhex(proof["root"])):
        return "audit_path"
    text = head_text(proof["ledger"], proof["tree_size"], proof["root"])
    if not verify(bytes.fromhex(proof["public_key"]), text, bytes.fromhex(proof["signature"])):
        return "signature"
    return None


def main(argv):
    if len(argv) < 3 or argv[1] != "check":
        print(__doc__)
        return 2
    for name in argv[2:]:
        with open(name, encoding="utf-8") as f:
            proof = json.load(f)
        bad = why_not(proof)
        if bad:
            print(f"{name}: not proved: {bad}")
            return 1
        print(proof["event"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
