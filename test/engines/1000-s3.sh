#!/bin/sh
# What is proved: the kind S3 keeps the store's promise against a real server, also over a line that breaks; what it wrote
# is read back, byte for byte, by boto3, and what boto3 put there is read by it.
# ctest: timeout=900
set -eu
work=$PWD/s3
"$LEAT_SOURCE/test/server/s3" start "$work"
trap '"$LEAT_SOURCE/test/server/s3" stop "$work"' EXIT
endpoint=$(cat "$work/address")
export AWS_ACCESS_KEY_ID=leat AWS_SECRET_ACCESS_KEY=leat-secret-key
export LEAT_TEST_S3="s3://lake/%s?endpoint=$endpoint"
mkdir exam && (cd exam && "$LEAT_BUILD/tests/conform_store")
"$LEAT_PYTHON" "$LEAT_SOURCE/test/engines/s3_boto3.py" "$endpoint" lake exam
