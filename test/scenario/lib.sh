# test/scenario/lib.sh -- each script is one person's story, told in an empty folder by the real program.
#
# LEAT is the program, LEAT_SOURCE the source tree (both set by ctest).  A script calls begin, then tells "a true
# sentence" 'commands' for each step (steps build on one another), then finish.
n=0
bad=0

begin() {
	: "${LEAT:?}" "${LEAT_SOURCE:?}"
	leat=$LEAT
	examples=$LEAT_SOURCE/examples
	heart=$examples/heart_disease.csv
	home=$PWD/work
	mkdir "$home"
	cd "$home" || exit 1
}

# Run one step; say what it left when it fails.
tells() {
	n=$((n + 1))
	: >out
	: >err
	if (set -e; eval "$2"); then echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/  out: /' out | head -20
		sed 's/^/  err: /' err | head -20
		bad=1
	fi
}

# The command must end with this status; its words are in out and err.
ends_with() {
	want=$1
	shift
	got=0
	"$@" >out 2>err || got=$?
	[ "$got" -eq "$want" ] || { echo "  status $got, not $want: $*"; return 1; }
}

# ... and say these words (a basic regular expression) on standard error, in at most ten lines.
refuses() {
	want=$1
	words=$2
	shift 2
	ends_with "$want" "$@" &&
		grep -q -- "$words" err || { echo "  no '$words' in:"; cat err; return 1; }
	[ "$(wc -l <err)" -le 10 ]
}

# A Python expression about the JSON in a file must be true; `j` is the object.
json() {
	python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
ok = eval(sys.argv[2])
if not ok: print("  not true:", sys.argv[2], "of", str(j)[:1500])
sys.exit(not ok)' "$1" "$2"
}

finish() {
	echo "1..$n"
	exit $bad
}
