#!/bin/sh
# test/house/words.sh -- proves that the sources hold none of the words that the house bans: C functions that cannot be
# used safely or repeatably, and the names of package registries' hosts (each machine has its own settings).
set -u
cd "$LEAT_SOURCE" || exit 1
bad=0

# Strip comments' "**" lines and strings are not parsed: a banned name must simply be followed by "(".
banned='strcpy|strcat|sprintf|vsprintf|strtok|gets|atoi|atol|atof|localtime|gmtime|rand|srand|alloca'
if grep -rnE --include='*.[ch]' "(^|[^A-Za-z0-9_])($banned)[ ]*\\(" src include 2>/dev/null; then
    echo "not ok - the functions above are banned (STYLE: memory and data)"
    bad=1
else
    echo "ok - no banned C function"
fi

# Written in halves, so that this file does not find itself.
hosts='registry\.npm''js|pypi\.''org|pythonhosted\.''org|proxy\.golang\.''org|deb\.debian\.''org|registry\.yarn''pkg|crates\.''io'
files=$(git ls-files 2>/dev/null) || files=$(find . -type f -not -path './build/*' -not -path './.git/*')
if echo "$files" | tr '\n' '\0' | xargs -0 grep -lE "$hosts" 2>/dev/null; then
    echo "not ok - the files above name the host of a package registry"
    bad=1
else
    echo "ok - no registry host"
fi
exit $bad
