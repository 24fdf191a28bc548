"""Read with boto3 what the exam left in the bucket: every raw object must be what its name says, every pack's entries must lie
as doc/formats/store.md says, and no upload may be left unfinished."""
import hashlib
import sys

import boto3
from botocore.config import Config

endpoint, bucket, prefix = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=Config(s3={"addressing_style": "path"}))
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + "/")
names = [o["Key"] for page in pages for o in page.get("Contents", [])]
raw = packs = entries = 0
for name in names:
    kind, *rest = name[len(prefix) + 1:].split("/")
    body = s3.get_object(Bucket=bucket, Key=name)["Body"].read()
    if kind == "objects" and not name.endswith(".zst"):
        assert hashlib.sha256(body).hexdigest() == "".join(rest), name
        raw += 1
    if name.endswith(".pack"):
        assert body[:8] == b"leatpak1" and body[8:24].hex() == rest[0][:32], name
        at = 24
        while at < len(body):
            digest, size = body[at:at + 32], int.from_bytes(body[at + 32:at + 40], "little")
            n, form = int.from_bytes(body[at + 40:at + 44], "little"), body[at + 44]
            stored = body[at + 56:at + 56 + n]
            assert len(stored) == n and form in (0, 1, 2), (name, at)
            if form == 0:
                assert n == size and hashlib.sha256(stored).digest() == digest, (name, at)
            at += 56 + n
            entries += 1
        packs += 1
assert raw >= 5 and packs >= 3 and entries >= 1000, (raw, packs, entries)
left = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
assert not [u for u in left if u["Key"].startswith(prefix + "/")], left
print(f"boto3 read {raw} raw objects and {packs} packs of {entries} entries")
