# Somebody who kept data with DVC takes them over with their history.  The repository is one that DVC 3.63 made, written out
# again by hand; where a dvc program is at hand (LEAT_DVC, or that of bench/lake), a fresh one made by it is imported too.
. "$LEAT_SOURCE/test/scenario/lib.sh"
begin
git() { command git -c user.email=a@b -c user.name=a -c init.defaultBranch=main "$@"; }
commit() { git -C old add -A && GIT_AUTHOR_DATE="$2" GIT_COMMITTER_DATE="$2" git -C old commit -qm "$1"; }
keep() { # content by its MD5, in DVC's cache
	sum=$(md5sum "$1" | cut -c1-32) && mkdir -p "old/.dvc/cache/$3$(echo $sum | cut -c1-2)" && cp "$1" "old/.dvc/cache/$3$(echo $sum | cut -c1-2)/$(echo $sum | cut -c3-)$2"
}
mkdir -p old/.dvc/cache old/data
printf '[core]\n    analytics = false\n' >old/.dvc/config
printf '/config.local\n/tmp\n/cache\n' >old/.dvc/.gitignore

tells "a repository as DVC 3 leaves it: two contents of a file, a folder by its listing, a stage" '
	git init -q old && printf "a,b\n1,2\n" >x1 && printf "a,b\n1,2\n3,4\n" >x2 && echo one >one && echo two >two &&
	keep x1 "" files/md5/ && keep x2 "" files/md5/ && keep one "" files/md5/ && keep two "" files/md5/ &&
	printf "[{\"md5\": \"5bbf5a52328e7439ae6e719dfe712200\", \"relpath\": \"1\"}, {\"md5\": \"c193497a1a06b2c72230e6146ff47080\", \"relpath\": \"sub/zwei ü\"}]" >list && keep list .dir files/md5/ &&
	dir=$(md5sum list | cut -c1-32) && one=$(md5sum x1 | cut -c1-32) && two=$(md5sum x2 | cut -c1-32) &&
	printf "outs:\n- md5: %s\n  size: 8\n  hash: md5\n  path: x.csv\n" $one >old/data/x.csv.dvc &&
	printf "outs:\n- md5: %s.dir\n  size: 8\n  nfiles: 2\n  hash: md5\n  path: dir\n" $dir >old/data/dir.dvc && commit "first data" "2024-02-03T04:05:06Z" &&
	printf "outs:\n- md5: %s\n  size: 12\n  hash: md5\n  path: x.csv\n" $two >old/data/x.csv.dvc && commit "more rows" "2024-03-03T00:00:00Z" &&
	printf "schema: %s\nstages:\n  prep:\n    cmd: cat data/x.csv > out.csv\n    deps:\n    - path: data/x.csv\n      hash: md5\n      md5: %s\n      size: 12\n    outs:\n    - path: out.csv\n      hash: md5\n      md5: %s\n      size: 12\n" "\"2.0\"" $two $two >old/dvc.lock &&
	commit "a stage" "2024-04-03T00:00:00Z"
'
tells "every content becomes a version, with the time and words of its commit" '
	mkdir new && cd new && "$leat" data import-dvc ../old --json >../out && json ../out "[v[\"name\"] for v in j[\"versions\"]] == [\"data/dir@1\", \"data/x.csv@1\", \"data/x.csv@2\", \"out.csv@1\"] and j[\"passed_over\"] == 0" &&
	json ../out "[v[\"source_time\"] for v in j[\"versions\"]][:2] == [\"2024-02-03T04:05:06\"] * 2 and j[\"versions\"][2][\"message\"] == \"more rows\""
'
tells "the bytes are those that DVC kept, and a stage knows what it was made from" '
	cd new && "$leat" data get data/x.csv@1 a && cmp a/x.csv ../x1 && "$leat" data get data/x.csv b && cmp b/x.csv ../x2 && "$leat" data get data/dir c && cmp "c/sub/zwei ü" ../two &&
	"$leat" data show out.csv --json >../out && json ../out "j[\"made_from\"] == [\"data/x.csv@2\"] and j[\"version\"][\"detail\"][\"cmd\"].startswith(\"cat data\")"
'
tells "importing again brings nothing, and a later commit only what is new" '
	cd new && "$leat" data import-dvc ../old --json >../out && json ../out "j[\"versions\"] == [] and j[\"unchanged\"] > 3" && cd .. &&
	printf "a,b\n5,6\n" >x3 && keep x3 "" files/md5/ && printf "outs:\n- md5: %s\n  size: 8\n  hash: md5\n  path: x.csv\n" $(md5sum x3 | cut -c1-32) >old/data/x.csv.dvc &&
	commit "replaced" "2024-05-03T00:00:00Z" && cd new && "$leat" data import-dvc ../old --json >../out && json ../out "[v[\"name\"] for v in j[\"versions\"]] == [\"data/x.csv@3\"]"
'
tells "the layout and line ends of DVC 2 are understood" '
	printf "a\r\n1\r\n" >dos && printf "a\n1\n" >unix && sum=$(md5sum unix | cut -c1-32) && mkdir -p old/.dvc/cache/$(echo $sum | cut -c1-2) &&
	cp dos old/.dvc/cache/$(echo $sum | cut -c1-2)/$(echo $sum | cut -c3-) && printf "outs:\n- md5: %s\n  size: 6\n  path: old.csv\n" $sum >old/old.csv.dvc &&
	commit "old style" "2024-06-03T00:00:00Z" && cd new && "$leat" data import-dvc ../old -q >../out && "$leat" data get old.csv d && cmp d/old.csv ../dos
'
tells "content that is in no cache is passed over in words, and damaged content is refused" '
	printf "outs:\n- md5: 00000000000000000000000000000000\n  size: 1\n  hash: md5\n  path: gone.bin\n" >old/gone.bin.dvc && commit "gone" "2024-07-03T00:00:00Z" &&
	cd new && ends_with 0 "$leat" data import-dvc ../old && grep -q "gone.bin.*is in no cache" err && cd .. &&
	echo bad >x4 && sum=11111111111111111111111111111111 && mkdir -p old/.dvc/cache/files/md5/11 && cp x4 old/.dvc/cache/files/md5/11/111111111111111111111111111111 &&
	printf "outs:\n- md5: %s\n  size: 4\n  hash: md5\n  path: bad.bin\n" $sum >old/bad.bin.dvc && cd new && refuses 5 "is damaged: its MD5 is" "$leat" data import-dvc ../old &&
	refuses 4 "is no DVC repository" "$leat" data import-dvc .
'
dvc=${LEAT_DVC:-$LEAT_BUILD/../bench-lake/dvc-env/bin/dvc}
if [ -x "$dvc" ]; then tells "what a dvc program made just now comes over too" '
	mkdir made && cd made && git init -q . && "$dvc" init -q && mkdir -p d/e && seq 1000 >d/e/numbers.txt && cp ../x1 d/t.csv && "$dvc" add -q d && git add -A && git commit -qm one &&
	echo 1001 >>d/e/numbers.txt && "$dvc" add -q d && git add -A && git commit -qm two && mkdir ../fresh && cd ../fresh && "$leat" data import-dvc ../made --json >../out &&
	json ../out "[v[\"name\"] for v in j[\"versions\"]] == [\"d@1\", \"d@2\"]" && "$leat" data get d x && diff -r x ../made/d
'; fi
finish
