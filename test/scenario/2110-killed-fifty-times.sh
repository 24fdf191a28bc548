#!/bin/sh
# Story: the power goes fifty times.
# ctest: full timeout=1200
kills=50
. "$(dirname "$0")/2100-killed.sh"
