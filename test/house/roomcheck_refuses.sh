#!/bin/sh
# test/house/roomcheck_refuses.sh -- proves that roomcheck says no where it should, by small houses with one fault each.
set -u
bad=0

# house NAME: a sound house of two rooms, in folder NAME
house() {
    rm -rf "$1"
    mkdir -p "$1/src/base" "$1/src/table" "$1/src/model"
    printf 'base\ntable base\nmodel base table\n' >"$1/rooms.txt"
    echo '#include "base/text.h"' >"$1/src/table/table.c"
    echo '#include "table/table.h"' >"$1/src/model/model.c"
    : >"$1/src/model/model.h"
}

# tells NAME STATUS WORDS: roomcheck on house NAME exits so and says so
tells() {
    (cd "$1" && "$ROOMCHECK" rooms.txt src) >out 2>&1
    got=$?
    if [ "$got" = "$2" ] && grep -q -- "$3" out; then
        echo "ok - $1"
    else
        echo "not ok - $1: status $got instead of $2, or no '$3' in:"
        cat out
        bad=1
    fi
}

house sound
tells sound 0 "3 rooms, 3 files, 2 includes between rooms, all one way"

house upwards
echo '#include "model/model.h"' >>upwards/src/table/table.c
tells upwards 1 "src/table/table.c:2: table may not look into model"

house window
echo '  #  include <table/rows.h>' >>window/src/model/model.c
tells window 1 "src/model/model.c:2: table/rows.h is private; the door is table/table.h"

house unlisted
mkdir unlisted/src/cellar
echo '#include "cellar/cellar.h"' >>unlisted/src/model/model.c
tells unlisted 1 "src/cellar: 'cellar' is not in the list of rooms"
tells unlisted 1 "src/model/model.c:2: 'cellar' is not in the list of rooms"

house climbs
mkdir climbs/src/model/kinds
echo '#include "../../table/table.h"' >climbs/src/model/kinds/tree.c
tells climbs 1 "src/model/kinds/tree.c:1: .*climbs through a window"

house homeless
: >homeless/src/stray.c
tells homeless 1 "src/stray.c: lies in no room"

house loop
printf 'base table\ntable base\nmodel base table\n' >loop/rooms.txt
tells loop 1 "rooms.txt:1: base may look only at rooms written above it, and 'table' is not"

house foreign
printf '#include "LightGBM/c_api.h"\n#include "neighbour.h"\n' >>foreign/src/model/model.c
tells foreign 0 "all one way"

(cd sound && "$ROOMCHECK" --dot rooms.txt src) | grep -q 'model -> table;' || { echo "not ok - --dot prints arrows"; bad=1; }
exit $bad
