#!/bin/sh
# Story: ten secrets are planted where people leave them; nothing of them is in any byte that was kept, compressed objects included.
. "$(dirname "$0")/lib.sh"
begin
export leat
git init -q . && git config user.email a@b.c && git config user.name a
git remote add origin "https://bob:s1-Remote-Word@example.com/x.git"
printf "a = 1\n" >code.py && git add . && git commit -qm one
"$leat" init >/dev/null

tells "a program runs with ten secrets around it" '
	printf "a = 1\npassword = \"s2-Diff-Word\"\nmachine ftp.x login bob password s3-Netrc-Word\n" >code.py &&
	printf "machine h login u password s4-File-Word\n" >.netrc && printf "[default]\naws_secret_access_key = s5AwsFileWord0123456789012345678901234567\n" >aws.txt &&
	export DB_PASSWORD=s6-Env-Word API_TOKEN=s7-Token-Word LEAT_LIB="${LEAT_LIB:-}" &&
	cat >loud.py <<PY
import os
print("plain words stay")
print("password is", os.environ["DB_PASSWORD"], "and", os.environ["API_TOKEN"])
print("aws AKIAIOSFODNN7EXAMPLE ghp_0123456789abcdefghijABCDEFGHIJ012345")
print("Authorization: Bearer s8BearerWord0123456789")
print("-----BEGIN RSA PRIVATE KEY-----\nczlQZW1Xb3Jk\n-----END RSA PRIVATE KEY-----")
print("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U")
os.makedirs("res", exist_ok=True)
open("res/fine.txt", "w").write("nothing here\n")
open("res/bad.txt", "w").write("db: postgres://bob:s9-Output-Word@h/x\n")
open("res/id_rsa", "w").write("s10-Key-Word\n")
PY
	ends_with 0 "$leat" run --out res --env DB_HOST --tag "api_key=s11-Tag-Word" -- python3 loud.py --password s12-Option-Word --token=s13-Token-Word -ps14Word99 API_KEY=s15-Key-Word \
		"postgres://bob:s16-Address-Word@h/db?sslpassword=s17-Query-Word" &&
	grep -q "s6-Env-Word" out && "$leat" param "url=https://u:s18-Param-Word@h" --run latest && "$leat" note "the password: s19-Note-Word" --run latest &&
	refuses 3 "credentials" "$leat" artifact add .netrc --run latest && refuses 3 "looks like a secret" "$leat" artifact add aws.txt --run latest &&
	"$leat" artifact add aws.txt --scrub --as clean.txt --run latest && refuses 3 "names a secret" "$leat" run --env DB_PASSWORD -- true
'
tells "nothing of them is in anything that was kept" '
	python3 - <<PY
import os, sqlite3, subprocess, sys
words = ["s%d-" % i for i in range(1, 20)] + ["s5AwsFileWord", "s8BearerWord", "s14Word99", "czlQZW1Xb3Jk", "AKIAIOSFODNN7", "ghp_0123", "dozjgNry", "eyJzdWIi"]
bad = 0
def look(where, data):
    global bad
    for w in words:
        if w.encode() in data: bad += 1; print("found", w, "in", where)
n = 0
for folder, _, files in os.walk(".leat"):
    for f in files:
        path = os.path.join(folder, f)
        data = open(path, "rb").read()
        look(path, data)
        n += 1
        at = data.find(b"\x28\xb5\x2f\xfd")
        while at >= 0:                      # every zstd frame, in packs too
            out = subprocess.run(["zstd", "-dcq"], input=data[at:], capture_output=True).stdout
            look(path + " unpacked", out)
            at = data.find(b"\x28\xb5\x2f\xfd", at + 4)
db = sqlite3.connect(".leat/leat.db")
for (table,) in db.execute("select name from sqlite_master where type = \"table\"").fetchall():
    for row in db.execute("select * from \"%s\"" % table): look(table, repr(row).encode())
for f in os.listdir("."):
    if f == "leat.lock": look(f, open(f, "rb").read())
sys.exit(bad > 0 or n < 5)
PY
'
tells "what is no secret came through" '
	"$leat" artifact get log/output.txt --run 1 >out && grep -q "plain words stay" out && grep -q "\[secret\]" out &&
	"$leat" artifact get res/fine.txt --run 1 >out && grep -q "nothing here" out && "$leat" artifact get code/dirty.diff --run 1 >out && grep -q "a = 1" out &&
	"$leat" runs show 1 --json >j && json j "j[\"git\"][\"remote\"] == \"https://example.com/x.git\" and \"res/bad.txt\" not in [a[\"name\"] for a in j[\"artifacts\"]]"
'
finish
