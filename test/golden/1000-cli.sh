#!/bin/sh
# What the command line prints about itself, word for word: help, manual pages, completion.  LEAT_GOLDEN=write rewrites it.
: "${LEAT:?}" "${LEAT_SOURCE:?}"
golden=$LEAT_SOURCE/test/golden/cli
bad=0
n=0
check() {
	name=$1
	shift
	n=$((n + 1))
	"$LEAT" "$@" 2>&1 | sed 's/leat [0-9][0-9.]*[0-9]/leat VERSION/' >"$name"
	[ "${LEAT_GOLDEN:-}" != write ] || cp "$name" "$golden/$name"
	if diff -u "$golden/$name" "$name"; then echo "ok $n - leat $*"
	else
		echo "not ok $n - leat $*"
		bad=1
	fi
}
check help.txt help
for c in auto predict visualize diagnose "build ls" "build show" "build export" "build bench" "build reproduce" "runs ls" "runs show" doctor init help man completion; do
	check "help-$(echo "$c" | tr ' ' '-').txt" help $c
done
check help-build-group.txt build --help
check man.1 man
check man-auto.1 man auto
check man-build-export.1 man build export
for s in bash zsh fish; do check "completion.$s" completion $s; done
check usage.txt auto x --taget y
bash -n completion.bash || bad=1
n=$((n + 1))
# The script completes what it should, asked as bash asks it.
got=$(bash -c '. ./completion.bash; COMP_WORDS=(leat au); COMP_CWORD=1; _leat; echo "${COMPREPLY[*]}"
	COMP_WORDS=(leat auto x.csv --metric lo); COMP_CWORD=4; _leat; echo "${COMPREPLY[*]}"
	COMP_WORDS=(leat build e); COMP_CWORD=2; _leat; echo "${COMPREPLY[*]}"
	COMP_WORDS=(leat predict --pro); COMP_CWORD=2; _leat; echo "${COMPREPLY[*]}"' | tr '\n' '|')
if [ "$got" = "auto|logloss|export|--proba|" ]; then echo "ok $n - bash completes"; else echo "not ok $n - bash completes: $got"; bad=1; fi
if command -v groff >/dev/null 2>&1; then
	for m in man.1 man-auto.1; do
		n=$((n + 1))
		complaints=$(groff -man -Tutf8 -ww "$m" 2>&1 >/dev/null)
		if [ -z "$complaints" ]; then echo "ok $n - groff reads $m"; else echo "not ok $n - groff: $complaints"; bad=1; fi
	done
fi
for s in zsh fish; do
	command -v $s >/dev/null 2>&1 || continue
	n=$((n + 1))
	if $s -n completion.$s; then echo "ok $n - $s reads its script"; else echo "not ok $n"; bad=1; fi
done
echo "1..$n"
exit $bad
