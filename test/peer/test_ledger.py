"""What is proved: proofs made by leat hold for an independent verifier, and proofs made independently hold for leat; both refuse the same
touched ones; the verifier itself is right by the vectors of RFC 8032 and of certificate transparency; every table of a project, edited, grown
or shortened by hand, is found by `leat log verify`.  How: test/clients/proof.py, and Python's sqlite3 behind the program's back."""
import copy
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.environ["LEAT_SOURCE"], "test", "clients"))
import proof as ours  # noqa: E402

LEAT = os.environ["LEAT"]


def leat(*words, cwd, status=0):
    r = subprocess.run([LEAT, *words], cwd=cwd, capture_output=True, text=True)
    assert r.returncode == status, (words, r.returncode, r.stdout, r.stderr)
    return r.stdout + r.stderr if status else r.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    rng = random.Random(5)
    with open(folder / "d.csv", "w") as f:
        f.write("a,b,y\n")
        for _ in range(150):
            a, b = rng.random(), rng.random()
            f.write(f"{a:.3f},{b:.3f},{'yes' if a + b + rng.gauss(0, .2) > 1 else 'no'}\n")
    leat("auto", "d.csv", "--target", "y", "--trials", "3", "-q", cwd=folder)
    return folder


def test_the_vectors():
    rows = [
        ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ]
    for seed, key, message, signature in rows:
        s, m = bytes.fromhex(seed), bytes.fromhex(message)
        assert ours.public_key(s).hex() == key and ours.sign(s, m).hex() == signature
        assert ours.verify(bytes.fromhex(key), m, bytes.fromhex(signature))
        assert not ours.verify(bytes.fromhex(key), m + b"x", bytes.fromhex(signature))
    leaves = [ours.leaf_hash(bytes.fromhex(x)) for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
    assert ours.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert ours.root(leaves[:7]).hex() == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"


def test_proofs_of_leat_hold_here(project):
    n = json.loads(leat("log", "--json", "-n", "1", cwd=project))["events"]
    con = sqlite3.connect(project / ".leat" / "leat.db")
    leaves = [row[0] for row in con.execute("SELECT hash FROM event ORDER BY seq")]
    assert len(leaves) == n > 10
    for seq in range(1, n + 1):
        leat("log", "prove", str(seq), "-o", "proof.json", cwd=project)
        with open(project / "proof.json") as f:
            p = json.load(f)
        assert set(p) == {"event", "seq", "leaf_hash", "tree_size", "audit_path", "root", "signature", "public_key", "ledger"}
        assert ours.why_not(p) is None
        assert p["root"] == ours.root(leaves).hex() and [bytes.fromhex(x) for x in p["audit_path"]] == ours.path(seq - 1, leaves)
        shown = json.loads(leat("log", "show", str(seq), "--json", cwd=project))
        assert shown["event"] == p["event"]
    lock = (project / "leat.lock").read_text().split("\n")[-2].split()
    assert lock[:4] == ["head", p["ledger"], str(n), p["root"]]
    # Both say no to the same touched ones.
    for key in ("event", "seq", "leaf_hash", "tree_size", "root", "signature", "public_key", "ledger"):
        bad = copy.deepcopy(p)
        if isinstance(bad[key], int):
            bad[key] -= 1
        else:
            at = len(bad[key]) - 3
            bad[key] = bad[key][:at] + ("1" if bad[key][at] != "1" else "2") + bad[key][at + 1:]
        assert ours.why_not(bad)
        (project / "bad.json").write_text(json.dumps(bad))
        assert "not proved" in leat("log", "check", "bad.json", cwd=project, status=3)


def test_our_proofs_hold_for_leat(tmp_path):
    seed = bytes(range(32))
    key = ours.public_key(seed).hex()
    events = ['{"actor":"é \\"x\\"","seq":%d}' % i for i in range(1, 78)]
    leaves = [ours.leaf_hash(e.encode()) for e in events]
    ledger = "ab" * 32
    for n in (1, 2, 3, 7, 8, 9, 64, 77):
        r = ours.root(leaves[:n]).hex()
        signature = ours.sign(seed, ours.head_text(ledger, n, r)).hex()
        for seq in {1, n, n // 2 + 1}:
            p = {"event": events[seq - 1], "seq": seq, "leaf_hash": leaves[seq - 1].hex(), "tree_size": n, "audit_path": [x.hex() for x in ours.path(seq - 1, leaves[:n])],
                 "root": r, "signature": signature, "public_key": key, "ledger": ledger}
            assert ours.why_not(p) is None
            (tmp_path / "p.json").write_text(json.dumps(p))
            out = json.loads(leat("log", "check", "p.json", "--json", cwd=tmp_path))
            assert out["proved"] and out["seq"] == seq and out["public_key"] == key


def holds(folder, words):
    """Files below the folder that hold these bytes."""
    return [os.path.join(base, name) for base, _, names in os.walk(folder) for name in names
            if words in open(os.path.join(base, name), "rb").read()]


@pytest.mark.parametrize("sealed", [False, True])
def test_a_redacted_note_is_in_no_file_and_all_still_verifies(project, tmp_path, sealed):
    folder = tmp_path / "copy"
    shutil.copytree(project, folder)
    leat("note", "add", "the quincunx of Mrs Zanzibar", "-r", "1", cwd=folder)
    event = json.loads(leat("log", "--kind", "note.added", "--json", cwd=folder))["event"][0]
    assert "quincunx" in json.dumps(event["payload"]) and holds(folder, b"quincunx")
    leat("log", "prove", str(event["seq"]), "-o", "before.json", cwd=folder)
    if sealed:
        leat("log", "archive", cwd=folder)
        assert json.loads(leat("log", "show", str(event["seq"]), "--json", cwd=folder))["row"]["payload_state"] == "sealed"
    leat("log", "redact", str(event["seq"]), "--why", "a name", cwd=folder)
    assert not holds(folder, b"quincunx") and not holds(folder, b"Zanzibar")
    out = json.loads(leat("log", "verify", "--json", cwd=folder))
    assert out["verified"] and out["redacted"] == 1
    with open(folder / "before.json") as f:
        assert ours.why_not(json.load(f)) is None
    shown = json.loads(leat("log", "show", str(event["seq"]), "--json", cwd=folder))["row"]
    assert shown["payload_state"] == "redacted" and shown["hash"] == event["hash"] and "quincunx" not in json.dumps(shown)


def tables(path):
    con = sqlite3.connect(path)
    return [r[0] for r in con.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name")]


def other(value):
    if value is None:
        return 1
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"x"
    if isinstance(value, str):
        return value + "x"
    return value + 1


def found(project, tmp_path, change):
    """Is it found, or is all that can be asked as it was?"""
    folder = tmp_path / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project, folder)
    con = sqlite3.connect(folder / ".leat" / "leat.db")
    con.execute("PRAGMA foreign_keys = OFF")
    for (name,) in con.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        con.execute(f"DROP TRIGGER {name}")
    try:
        change(con)
        con.commit()
    except sqlite3.IntegrityError:      # the table itself refuses
        con.close()
        return None
    con.close()
    r = subprocess.run([LEAT, "log", "verify"], cwd=folder, capture_output=True, text=True)
    return r.returncode in (3, 5), r


def test_each_column_of_each_table_edited_by_hand_is_found(project, tmp_path):
    path = project / ".leat" / "leat.db"
    seen = 0
    for table in tables(path):
        con = sqlite3.connect(path)
        columns = [r[1] for r in con.execute(f"PRAGMA table_info({table})")]
        row = con.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid DESC LIMIT 1").fetchone()
        con.close()
        if not row:
            continue
        for i, column in enumerate(columns):
            if table == "ledger_room" and column == "version":
                continue                # tables of an older version are made anew: that is the answer to it
            out = found(project, tmp_path, lambda c: c.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (other(row[i + 1]), row[0])))
            assert out is None or out[0], (table, column, out[1].stdout, out[1].stderr)
            seen += out is not None
        if table != "ledger_room":
            out = found(project, tmp_path, lambda c: c.execute(f"DELETE FROM {table} WHERE rowid = ?", (row[0],)))
            assert out is None or out[0], (table, "deleted", out[1].stdout)
    assert seen > 60


def test_a_row_added_to_any_table_by_hand_is_found(project, tmp_path):
    path = project / ".leat" / "leat.db"
    for table in tables(path):
        con = sqlite3.connect(path)
        info = con.execute(f"PRAGMA table_info({table})").fetchall()
        row = con.execute(f"SELECT * FROM {table} ORDER BY rowid DESC LIMIT 1").fetchone()
        con.close()
        if row:
            new = [other(v) if i[5] or table == "build" and i[1] == "digest" else v for v, i in zip(row, info)]
        else:
            new = [{"INTEGER": 7, "TEXT": "x", "BLOB": b"x", "REAL": 1.5}[i[2]] for i in info]
        out = found(project, tmp_path, lambda c: c.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(new))})", new))
        assert out is None or out[0], (table, new, out[1].stdout, out[1].stderr)
