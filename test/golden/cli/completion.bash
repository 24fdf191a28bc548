# bash completion for leat; printed by 'leat completion bash'
_leat()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= i n=0 word
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        -C|--directory|--color) ((i++)); continue;;
        -*) continue;;
        esac
        case $cmd in
        '') cmd=$word;;
        artifact) cmd="artifact $word";;
        build) cmd="build $word";;
        data) cmd="data $word";;
        experiment) cmd="experiment $word";;
        log) cmd="log $word";;
        metric) cmd="metric $word";;
        note) cmd="note $word";;
        param) cmd="param $word";;
        remote) cmd="remote $word";;
        runs) cmd="runs $word";;
        tag) cmd="tag $word";;
        *) ((n++));;
        esac
    done
    case "$cmd:$prev" in
        'artifact add:--as') COMPREPLY=(); return;;
        'artifact add:--run'|'artifact add:-r') COMPREPLY=(); return;;
        'artifact get:--out'|'artifact get:-o') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'artifact get:--run'|'artifact get:-r') COMPREPLY=(); return;;
        'auto:--target') COMPREPLY=(); return;;
        'auto:--task') COMPREPLY=($(compgen -W 'auto binary multiclass regression anomaly' -- "$cur")); return;;
        'auto:--contamination') COMPREPLY=(); return;;
        'auto:--metric') COMPREPLY=($(compgen -W 'auc average_precision logloss accuracy balanced_accuracy f1 rmse mae r2 mape' -- "$cur")); return;;
        'auto:--time') COMPREPLY=(); return;;
        'auto:--trials') COMPREPLY=(); return;;
        'auto:--test') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'auto:--name') COMPREPLY=(); return;;
        'auto:--seed') COMPREPLY=(); return;;
        'auto:--threads') COMPREPLY=(); return;;
        'auto:--memory') COMPREPLY=(); return;;
        'auto:--exclude') COMPREPLY=(); return;;
        'auto:--type') COMPREPLY=(); return;;
        'auto:--group') COMPREPLY=(); return;;
        'auto:--time-column') COMPREPLY=(); return;;
        'auto:--weight') COMPREPLY=(); return;;
        'auto:--class-weight') COMPREPLY=($(compgen -W 'none balanced' -- "$cur")); return;;
        'auto:--monotone') COMPREPLY=(); return;;
        'auto:--use') COMPREPLY=(); return;;
        'auto:--cost') COMPREPLY=(); return;;
        'auto:--learners') COMPREPLY=($(compgen -W 'baseline ecod extra_trees isolation_forest knn knn_distance lightgbm linear lof mlp naive_bayes pca_residual random_forest realmlp symmetric_trees tabm xgboost' -- "$cur")); return;;
        'auto:--until') COMPREPLY=($(compgen -W 'visualize preprocess engineer select tune benchmark train diagnose' -- "$cur")); return;;
        'auto:--resume') COMPREPLY=(); return;;
        'auto:--report') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'auto:--sheet') COMPREPLY=(); return;;
        'auto:--na') COMPREPLY=(); return;;
        'build bench:--sheet') COMPREPLY=(); return;;
        'build export:--out'|'build export:-o') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'build ls:--filter'|'build ls:-f') COMPREPLY=(); return;;
        'build ls:--order-by') COMPREPLY=(); return;;
        'build ls:--limit'|'build ls:-n') COMPREPLY=(); return;;
        'build ls:--offset') COMPREPLY=(); return;;
        'build reproduce:--data') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'build reproduce:--threads') COMPREPLY=(); return;;
        'data add:--message'|'data add:-m') COMPREPLY=(); return;;
        'data add:--tag') COMPREPLY=(); return;;
        'data add:--source-time') COMPREPLY=(); return;;
        'data add:--profile') COMPREPLY=($(compgen -W 'sample full none' -- "$cur")); return;;
        'data add:--sql') COMPREPLY=(); return;;
        'data add:--table') COMPREPLY=(); return;;
        'data add:--threads') COMPREPLY=(); return;;
        'data certify:--until') COMPREPLY=(); return;;
        'data certify:--message'|'data certify:-m') COMPREPLY=(); return;;
        'data check:--junit') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'data check:--memory') COMPREPLY=(); return;;
        'data derive:--sql') COMPREPLY=(); return;;
        'data derive:--message'|'data derive:-m') COMPREPLY=(); return;;
        'data derive:--tag') COMPREPLY=(); return;;
        'data derive:--format') COMPREPLY=($(compgen -W 'parquet csv' -- "$cur")); return;;
        'data derive:--memory') COMPREPLY=(); return;;
        'data find:--limit') COMPREPLY=(); return;;
        'data get:--threads') COMPREPLY=(); return;;
        'data import-dvc:--prefix') COMPREPLY=(); return;;
        'data import-dvc:--profile') COMPREPLY=($(compgen -W 'sample full none' -- "$cur")); return;;
        'data import-dvc:--threads') COMPREPLY=(); return;;
        'data label:--column') COMPREPLY=(); return;;
        'data label:--by') COMPREPLY=(); return;;
        'data label:--on') COMPREPLY=(); return;;
        'data label:--source') COMPREPLY=(); return;;
        'data label:--message'|'data label:-m') COMPREPLY=(); return;;
        'data query:--out'|'data query:-o') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'data query:--format') COMPREPLY=($(compgen -W 'csv json ndjson parquet' -- "$cur")); return;;
        'data query:--limit') COMPREPLY=(); return;;
        'data query:--threads') COMPREPLY=(); return;;
        'data query:--memory') COMPREPLY=(); return;;
        'data restore:--message'|'data restore:-m') COMPREPLY=(); return;;
        'data rm:--message'|'data rm:-m') COMPREPLY=(); return;;
        'data split:--holdout') COMPREPLY=(); return;;
        'data split:--as') COMPREPLY=(); return;;
        'data split:--rest') COMPREPLY=(); return;;
        'data split:--group') COMPREPLY=(); return;;
        'data split:--time-column') COMPREPLY=(); return;;
        'data split:--stratify') COMPREPLY=(); return;;
        'data split:--seed') COMPREPLY=(); return;;
        'data split:--message'|'data split:-m') COMPREPLY=(); return;;
        'data split:--memory') COMPREPLY=(); return;;
        'diagnose:--out'|'diagnose:-o') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'diagnose:--group') COMPREPLY=(); return;;
        'diagnose:--cost') COMPREPLY=(); return;;
        'diagnose:--time') COMPREPLY=(); return;;
        'diagnose:--sheet') COMPREPLY=(); return;;
        'diagnose:--threads') COMPREPLY=(); return;;
        'experiment ls:--filter'|'experiment ls:-f') COMPREPLY=(); return;;
        'experiment ls:--order-by') COMPREPLY=(); return;;
        'experiment ls:--limit'|'experiment ls:-n') COMPREPLY=(); return;;
        'experiment ls:--offset') COMPREPLY=(); return;;
        'init:--ledger') COMPREPLY=(); return;;
        'log:--kind') COMPREPLY=(); return;;
        'log:--subject') COMPREPLY=(); return;;
        'log:--actor') COMPREPLY=(); return;;
        'log:--project') COMPREPLY=(); return;;
        'log:--since') COMPREPLY=(); return;;
        'log:--until') COMPREPLY=(); return;;
        'log:--limit'|'log:-n') COMPREPLY=(); return;;
        'log archive:--before') COMPREPLY=(); return;;
        'log archive:--to') COMPREPLY=($(compgen -d -- "$cur")); return;;
        'log hold:--why') COMPREPLY=(); return;;
        'log prove:--out'|'log prove:-o') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'log redact:--why') COMPREPLY=(); return;;
        'log search:--kind') COMPREPLY=(); return;;
        'log search:--subject') COMPREPLY=(); return;;
        'log search:--actor') COMPREPLY=(); return;;
        'log search:--project') COMPREPLY=(); return;;
        'log search:--since') COMPREPLY=(); return;;
        'log search:--until') COMPREPLY=(); return;;
        'log search:--limit'|'log search:-n') COMPREPLY=(); return;;
        'metric log:--step') COMPREPLY=(); return;;
        'metric log:--time') COMPREPLY=(); return;;
        'metric log:--from') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'metric log:--run'|'metric log:-r') COMPREPLY=(); return;;
        'metric show:--run'|'metric show:-r') COMPREPLY=(); return;;
        'note add:--run'|'note add:-r') COMPREPLY=(); return;;
        'note add:--build'|'note add:-b') COMPREPLY=(); return;;
        'param set:--run'|'param set:-r') COMPREPLY=(); return;;
        'predict:--out'|'predict:-o') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'predict:--intervals') COMPREPLY=(); return;;
        'predict:--keep') COMPREPLY=(); return;;
        'predict:--format') COMPREPLY=($(compgen -W 'csv parquet json ndjson' -- "$cur")); return;;
        'predict:--sheet') COMPREPLY=(); return;;
        'predict:--threads') COMPREPLY=(); return;;
        'run:--data'|'run:-d') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'run:--out'|'run:-o') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'run:--name') COMPREPLY=(); return;;
        'run:--experiment'|'run:-e') COMPREPLY=(); return;;
        'run:--tag'|'run:-t') COMPREPLY=(); return;;
        'run:--env') COMPREPLY=(); return;;
        'runs ls:--filter'|'runs ls:-f') COMPREPLY=(); return;;
        'runs ls:--order-by') COMPREPLY=(); return;;
        'runs ls:--limit'|'runs ls:-n') COMPREPLY=(); return;;
        'runs ls:--offset') COMPREPLY=(); return;;
        'runs ls:--experiment'|'runs ls:-e') COMPREPLY=(); return;;
        'status:--threads') COMPREPLY=(); return;;
        'tag set:--run'|'tag set:-r') COMPREPLY=(); return;;
        'visualize:--target') COMPREPLY=(); return;;
        'visualize:--out'|'visualize:-o') COMPREPLY=($(compgen -f -- "$cur")); return;;
        'visualize:--type') COMPREPLY=(); return;;
        'visualize:--threads') COMPREPLY=(); return;;
        'visualize:--sheet') COMPREPLY=(); return;;
        'visualize:--na') COMPREPLY=(); return;;
        *:--color) COMPREPLY=($(compgen -W 'auto always never' -- "$cur")); return;;
        *:--directory|*:-C) COMPREPLY=($(compgen -d -- "$cur")); return;;
    esac
    case "$cmd" in
        '') COMPREPLY=($(compgen -W 'auto clone completion diagnose doctor fsck gc help init log man predict pull push run status visualize artifact build data experiment metric note param remote runs tag --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur"));;
        artifact) COMPREPLY=($(compgen -W 'add get ' -- "$cur"));;
        build) COMPREPLY=($(compgen -W 'bench export lineage ls reproduce show verify ' -- "$cur"));;
        data) COMPREPLY=($(compgen -W 'add certify check derive diff files find get import-dvc label log ls query restore rm show split tag ' -- "$cur"));;
        experiment) COMPREPLY=($(compgen -W 'ls ' -- "$cur"));;
        log) COMPREPLY=($(compgen -W 'archive check hold prove rebuild redact search show verify  --kind --subject --actor --project --since --until --limit -n --all' -- "$cur"));;
        metric) COMPREPLY=($(compgen -W 'log show ' -- "$cur"));;
        note) COMPREPLY=($(compgen -W 'add ' -- "$cur"));;
        param) COMPREPLY=($(compgen -W 'set ' -- "$cur"));;
        remote) COMPREPLY=($(compgen -W 'add ls rm ' -- "$cur"));;
        runs) COMPREPLY=($(compgen -W 'compare ls restore rm show ' -- "$cur"));;
        tag) COMPREPLY=($(compgen -W 'set ' -- "$cur"));;
        'artifact add')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --as --scrub --run -r --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=($(compgen -f -- "$cur"));;
            esac;;
        'artifact get')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --out -o --run -r --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'auto')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --target --task --contamination --metric --time --trials --test --name --seed --threads --memory --exclude --type --group --time-column --weight --class-weight --monotone --use --cost --refit --portable --learners --until --resume --report --no-keep --sheet --na --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -f -- "$cur"));;
            esac;;
        'build bench')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --sheet --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W "$(leat build ls -q 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur"));;
            1) COMPREPLY=($(compgen -f -- "$cur"));;
            esac;;
        'build export')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --out -o --onnx --c --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W "$(leat build ls -q 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur"));;
            esac;;
        'build lineage')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --dot --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W "$(leat build ls -q 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur"));;
            esac;;
        'build ls')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --filter -f --order-by --limit -n --offset --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'build reproduce')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --data --threads --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W "$(leat build ls -q 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur"));;
            esac;;
        'build show')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W "$(leat build ls -q 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur"));;
            esac;;
        'build verify')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W "$(leat build ls -q 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur"));;
            esac;;
        'clone')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -d -- "$cur"));;
            1) COMPREPLY=($(compgen -d -- "$cur"));;
            esac;;
        'completion')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W 'bash fish zsh' -- "$cur"));;
            esac;;
        'data add')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --message -m --tag --source-time --profile --sql --table --fresh --no-pointer --threads --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            *) COMPREPLY=($(compgen -f -- "$cur"));;
            esac;;
        'data certify')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --labels --fit --until --message -m --revoke --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'data check')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --junit --memory --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            1) COMPREPLY=($(compgen -f -- "$cur"));;
            esac;;
        'data derive')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --sql --refresh --stale --message -m --tag --format --memory --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'data diff')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            1) COMPREPLY=();;
            esac;;
        'data files')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'data find')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --limit --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'data get')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --force -f --no-pointer --threads --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            1) COMPREPLY=($(compgen -d -- "$cur"));;
            esac;;
        'data import-dvc')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --prefix --profile --threads --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -d -- "$cur"));;
            esac;;
        'data label')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --column --by --on --source --message -m --revoke --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'data log')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'data ls')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --removed --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'data query')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --out -o --format --limit --threads --memory --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'data restore')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --message -m --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'data rm')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --message -m --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'data show')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'data split')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --holdout --as --rest --group --time-column --stratify --seed --message -m --memory --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'data tag')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --remove --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            1) COMPREPLY=();;
            esac;;
        'diagnose')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --out -o --group --cost --time --sheet --threads --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W "$(leat build ls -q 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur"));;
            1) COMPREPLY=($(compgen -f -- "$cur"));;
            esac;;
        'doctor')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'experiment ls')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --filter -f --order-by --limit -n --offset --deleted --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'fsck')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --repair --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'gc')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --dry-run --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'help')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W 'auto clone completion diagnose doctor fsck gc help init log man predict pull push run status visualize artifact build data experiment metric note param remote runs tag' -- "$cur"));;
            1) COMPREPLY=();;
            esac;;
        'init')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --ledger --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -d -- "$cur"));;
            esac;;
        'log archive')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --before --to --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'log check')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -f -- "$cur"));;
            esac;;
        'log hold')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --why --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            1) COMPREPLY=();;
            esac;;
        'log prove')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --out -o --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'log rebuild')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'log redact')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --why --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'log search')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --kind --subject --actor --project --since --until --limit -n --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'log show')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'log verify')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -f -- "$cur"));;
            esac;;
        'man')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W 'auto clone completion diagnose doctor fsck gc help init log man predict pull push run status visualize artifact build data experiment metric note param remote runs tag' -- "$cur"));;
            1) COMPREPLY=();;
            esac;;
        'metric log')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --step --time --from --run -r --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'metric show')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --run -r --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'note add')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --run -r --build -b --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'param set')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --run -r --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'predict')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --out -o --proba --explain --intervals --keep --format --sheet --threads --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W "$(leat build ls -q 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur"));;
            1) COMPREPLY=($(compgen -f -- "$cur"));;
            esac;;
        'pull')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'push')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'remote add')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            1) COMPREPLY=($(compgen -d -- "$cur"));;
            esac;;
        'remote ls')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'remote rm')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=();;
            esac;;
        'run')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --data -d --out -o --name --experiment -e --tag -t --env --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=($(compgen -W 'auto clone completion diagnose doctor fsck gc help init log man predict pull push run status visualize artifact build data experiment metric note param remote runs tag' -- "$cur"));;
            esac;;
        'runs compare')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --all --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=($(compgen -W "$(leat runs ls -q 2>/dev/null)" -- "$cur"));;
            esac;;
        'runs ls')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --filter -f --order-by --limit -n --offset --experiment -e --deleted --trials --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'runs restore')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=($(compgen -W "$(leat runs ls -q 2>/dev/null)" -- "$cur"));;
            esac;;
        'runs rm')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=($(compgen -W "$(leat runs ls -q 2>/dev/null)" -- "$cur"));;
            esac;;
        'runs show')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -W "$(leat runs ls -q 2>/dev/null)" -- "$cur"));;
            esac;;
        'status')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --check --threads --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'tag set')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --run -r --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            *) COMPREPLY=();;
            esac;;
        'visualize')
            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ' --target --out -o --type --threads --sheet --na --help -h --version -V --json --quiet -q --verbose -v --color --directory -C' -- "$cur")); return; fi
            case $n in
            0) COMPREPLY=($(compgen -f -- "$cur"));;
            esac;;
    esac
}
complete -o filenames -F _leat leat
