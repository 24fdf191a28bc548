#!/bin/sh
# What is proved: the kind WebHDFS keeps the store's promise against a real namenode and datanode, also over a line that breaks.
# ctest: timeout=1500
set -eu
work=$PWD/hdfs
trap '"$LEAT_SOURCE/test/server/webhdfs" stop "$work"' EXIT
"$LEAT_SOURCE/test/server/webhdfs" start "$work"
export LEAT_TEST_WEBHDFS="webhdfs://$(cat "$work/address")/lake/%s?user=$(id -un)"
mkdir exam && cd exam && "$LEAT_BUILD/tests/conform_store"
