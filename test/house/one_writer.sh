#!/bin/sh
# No code path writes state without an event: only room db makes and only room ledger holds a database that can be written; beside them only the
# files with a room's apply ever see one (named apply*.c, or where the LedgerRoom row stands), and no door hands one out but to an apply.
: "${LEAT_SOURCE:?}"
cd "$LEAT_SOURCE/src" || exit 1
bad=0
n=0
rows=$(grep -rlE --include='*.c' '^const LedgerRoom [a-z_]+ = ' . | sed 's|^\./||' | sed 's|[.]|\\.|g' | tr '\n' '|' | sed 's/|$//')
applies="^[a-z]+/apply[a-z_]*\.c(:|\$)|^($rows)(:|\$)"
# says NAME PATTERN ALLOWED: no file outside ALLOWED (an extended regular expression of paths) holds PATTERN
says() {
	n=$((n + 1))
	found=$(grep -rlE --include='*.c' --include='*.h' -- "$2" . | sed 's|^\./||' | grep -vE "$3")
	if [ -z "$found" ]; then echo "ok $n - $1"; else
		echo "not ok $n - $1"
		echo "$found" | sed 's/^/#   /'
		bad=1
	fi
}
says "only room ledger opens a database for writing, begins and commits" '\bdb_(open_write|close_write|begin|commit|undo)\(' '^(db|ledger)/'
says "only rooms db and ledger, and apply of other rooms, see a DbWriter" '\bDbWriter\b' "^(db|ledger)/|^[a-z]+/inner\.h\$|$applies"
says "only they run a statement that writes" '\bdb_run\(' "^(db|ledger)/|$applies"
says "no other room speaks to SQLite by itself" '\bsqlite3_(open|exec|prepare|step)' '^db/kinds/sqlite\.c$'
# The door of the ledger names a DbWriter once: in the apply that a room gives.
n=$((n + 1))
if [ "$(grep -c 'DbWriter' ledger/ledger.h)" = 1 ] && grep -q 'Err (\*apply)(Ctx \*cx, DbWriter \*db, const Event \*e);' ledger/ledger.h; then
	echo "ok $n - the ledger hands its writer to an apply and to nobody else"
else
	echo "not ok $n - the ledger hands its writer to an apply and to nobody else"
	bad=1
fi
# Every statement of those who only ask begins as a question does.
n=$((n + 1))
writes=$(grep -rnE --include='*.c' '^[^/]*\{ *"(INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|REPLACE|PRAGMA|VACUUM)\b' . | sed 's|^\./||' | grep -vE "^(db|ledger)/|$applies")
if [ -z "$writes" ]; then echo "ok $n - no other file holds a statement that writes"; else
	echo "not ok $n - no other file holds a statement that writes"
	echo "$writes" | sed 's/^/#   /'
	bad=1
fi
echo "1..$n"
exit $bad
