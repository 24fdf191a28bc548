#!/bin/sh
# Story: a person on a new machine asks what it has.
. "$(dirname "$0")/lib.sh"
begin
tells "everything is found where it was installed" '
	ends_with 0 "$leat" doctor && grep -q "DuckDB" out && grep -q "LightGBM" out && grep -q "oneDNN" out && grep -q "nothing is lacking" out &&
	"$leat" doctor --json >d.json && json d.json "j[\"fine\"] and len(j[\"checks\"]) > 8"
'
tells "a library that is absent is told, with what it is for and what to do" '
	mkdir bin && cp "$leat" bin/leat && ends_with 0 bin/leat doctor && grep -q "lacks" out && grep -q "scripts/bootstrap" out
'
tells "without DuckDB, a Parquet file cannot be read, and the sentence says why" '
	"$leat" auto "$heart" --target disease --trials 1 --name m -q >/dev/null && "$leat" predict m "$heart" --keep age,disease -o h.parquet &&
	ends_with 4 bin/leat visualize h.parquet && grep -q "libduckdb" err
'
finish
