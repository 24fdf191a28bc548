#!/bin/sh
# Story: an application developer links include/leat.h, and gets the very answers that leat predict gives.
. "$(dirname "$0")/lib.sh"
begin
: "${PROBE:?}"
# The probe is a program that sees builds through include/leat.h alone.
same() {
	"$leat" predict b.leat data.csv --proba -o want.csv -q &&
		python3 -c '
import csv, sys
rows = list(csv.reader(open("data.csv")))
open("rows.tsv", "w").write("".join("\t".join("" if c in ("?", "NA") else c for c in r) + "\n" for r in rows))' &&
		"$PROBE" score b.leat "$@" <rows.tsv >got.tsv &&
		python3 - <<-END
			import csv
			want = list(csv.reader(open("want.csv")))[1:]
			got = [l.rstrip("\n").split("\t") for l in open("got.tsv")]
			assert len(want) == len(got)
			for w, g in zip(want, got):
			    assert all(a == b or float(a) == float(b) for a, b in zip(w, g)), (w, g)
		END
}

tells "classes: cells as texts or as numbers, to the last bit" '
	cp "$heart" data.csv && "$leat" auto data.csv --target disease --trials 4 -q >/dev/null && "$leat" build export data -o b.leat >/dev/null &&
	same && same numbers
'
tells "numbers" '
	cp "$examples/imports-85.csv" data.csv && "$leat" auto data.csv --target price --trials 4 --name cars -q >/dev/null &&
	"$leat" build export cars -o b.leat >/dev/null && same && same numbers
'
tells "damaged bytes are refused in words" '
	head -c 2000 b.leat >t.leat && ends_with 5 "$PROBE" score t.leat && test -s err && ends_with 5 "$PROBE" score none.leat && grep -q "none.leat" err
'
if command -v cc >/dev/null 2>&1 && [ -z "${LEAT_SANITIZE:-}" ] && [ -e "${LEAT_BUILD:-}/lib/libleat.so" ]; then
	tells "a program of ten lines links libleat.so, which shows no name but its own" '
		cat >app.c <<-END
			#include <leat.h>
			#include <stdio.h>
			int main(int argc, char **argv)
			{
			    char why[256];
			    double value;
			    leat_value row[64];
			    leat_build *b = leat_open(argv[argc - 1], why, sizeof why);
			    for (size_t i = 0; b && i < leat_columns(b); i++) row[i] = leat_missing();
			    if (!b || leat_predict(b, row, 1, &value, why, sizeof why)) return puts(why), 1;
			    printf("%.17g\\n", value);
			    leat_close(b);
			    return 0;
			}
		END
		cc -std=c99 -Wall -Wextra -Werror -I"$LEAT_SOURCE/include" app.c -L"$LEAT_BUILD/lib" -lleat -Wl,-rpath,"$LEAT_BUILD/lib" -lm -o app &&
		./app b.leat >got && printf "price\\n1\\n" >/dev/null &&
		(head -1 data.csv; echo "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?") >none.csv && "$leat" predict b.leat none.csv | tail -1 >want &&
		python3 -c "assert float(open(\"got\").read()) == float(open(\"want\").read())" &&
		test -z "$(nm -D --defined-only "$LEAT_BUILD/lib/libleat.so" | sed "s/.* //" | grep -v "^leat_")" &&
		! ldd "$LEAT_BUILD/lib/libleat.so" | grep -Eq "duckdb|lightgbm|dnnl|sqlite|gomp"
	'
fi
finish
