#!/bin/sh
# What is proved: what boto3 put into a bucket of a real server becomes a version of a dataset, byte for byte, whatever its names; an
# unchanged bucket makes none; a name that would leave the folder is refused; keys are kept nowhere.
# ctest: timeout=300
. "$LEAT_SOURCE/test/scenario/lib.sh"
begin
"$LEAT_SOURCE/test/server/s3" start "$home/s3" || exit 1
trap '"$LEAT_SOURCE/test/server/s3" stop "$home/s3"' EXIT
endpoint=$(cat s3/address)
export AWS_ACCESS_KEY_ID=leat AWS_SECRET_ACCESS_KEY=leat-secret-key AWS_ENDPOINT_URL=$endpoint
mkdir p given && cd p || exit 1
put() { "$LEAT_PYTHON" - "$endpoint" "$@" <<'END'
import os, sys, boto3
from botocore.config import Config
s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", config=Config(s3={"addressing_style": "path"}))
for key, body in (("in/t.csv", b"a,b\n1,2\n"), ("in/deep/er/big.bin", os.urandom(20 << 20)), ("in/ü & <b>.txt", b"odd"), ("in/empty", b""), ("other/x", b"no")):
    s3.put_object(Bucket="lake", Key=key, Body=body)
    path = os.path.join("../given", key)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "wb").write(body)
for i in range(1200):
    s3.put_object(Bucket="lake", Key=f"many/{i:05d}", Body=str(i).encode())
END
}

tells "objects below a prefix come with their names and bytes" '
	put && "$leat" data add x s3://lake/in --json >out && json out "j[\"version\"][\"files\"] == 4" && "$leat" data get x x && diff -r x ../given/in &&
	"$leat" data show x --json >out && json out "j[\"sources\"] == [{\"address\": \"s3://lake/in\", \"detail\": \"\", \"kind\": \"s3\"}]"
'
tells "the same again makes no version" '
	"$leat" data add x "s3://lake/in/?endpoint=$endpoint" --json >out && json out "j[\"unchanged\"]"
'
tells "one object, a whole bucket, and more than a page of names" '
	"$leat" data add one s3://lake/in/t.csv -q >out && "$leat" data files one -q >out && [ "$(cat out)" = t.csv ] &&
	"$leat" data add many s3://lake/many --json >out && json out "j[\"version\"][\"files\"] == 1200" && "$leat" data add all s3://lake --json >out && json out "j[\"version\"][\"files\"] == 1205"
'
tells "what is not there is said in plain words, and keys are in nothing that is kept" '
	refuses 4 "nothing lies under" "$leat" data add no s3://lake/nothing && refuses 4 "there is no bucket" "$leat" data add no s3://nobucket/x &&
	refuses 2 "no names, passwords or keys" "$leat" data add no s3://leat:leat-secret-key@lake/in && ! grep -rqa leat-secret-key .
'
finish
