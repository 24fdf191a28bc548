#compdef leat
# zsh completion for leat; printed by 'leat completion zsh'
_leat_builds() { compadd -- ${(f)"$(leat build ls -q 2>/dev/null)"}; _files }
_leat_runs() { compadd -- ${(f)"$(leat runs ls -q 2>/dev/null)"} }
_leat() {
    local cmd= i
    for ((i = 2; i < CURRENT; i++)); do
        case $words[i] in
        -C|--directory|--color) ((i++));;
        -*) ;;
        *) cmd="${cmd:+$cmd }$words[i]"; [[ $cmd == (artifact|build|data|experiment|log|metric|note|param|remote|runs|tag) ]] || break;;
        esac
    done
    case $cmd in
    '')
        local -a first=(
            'auto:raw data in, a trained, compared and explained build out'
            'clone:make a project with all that a remote has'
            'completion:print a completion script for your shell'
            'diagnose:explain and judge a build in full, also on new labelled rows'
            'doctor:say what this machine has and lacks, and what to do'
            'fsck:look at every stored byte and say where one is wrong'
            'gc:remove stored bytes that nothing names any more'
            'help:explain a command, with examples'
            'init:make a folder a project'
            'log:what was done, by whom and when, newest first'
            'man:print a manual page'
            'predict:score rows with a build'
            'pull:bring what a remote has to this project'
            'push:bring what this project has to a remote'
            'run:run any program and put on record what it did'
            'status:compare the work tree, pointer files and the lake'
            'visualize:look at data\: types, gaps, plots, warnings'
            'artifact:keep files with a run, and get them back'
            'build:list, look at, export, measure and reproduce builds'
            'data:add, list, look at, query, derive, check, split and certify versions of data'
            'experiment:groups of runs'
            'metric:log numbers that change to a run, and show them'
            'note:say something about a run or a build'
            'param:log what a run was set to'
            'remote:other places to keep this project'\''s data\: add, list, forget'
            'runs:list, search, compare and look at runs, with every trial'
            'tag:mark runs')
        _arguments \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:command:{ _describe command first }';;
    artifact)
        local -a second=(
            'add:keep files with a run'
            'get:get a file back that a run kept')
        _describe command second;;
    build)
        local -a second=(
            'bench:measure how fast a build loads and scores'
            'export:write a build as one file'
            'lineage:show where a build comes from and what came of it'
            'ls:list builds, newest first'
            'reproduce:train a build again and compare every byte'
            'show:show what is inside a build'
            'verify:check that a build is what the record says')
        _describe command second;;
    data)
        local -a second=(
            'add:add a version of a dataset, in its original bytes'
            'certify:stand for a version'\''s labels, or that it is fit for training'
            'check:test a version against rules\: types, keys, ranges, drift'
            'derive:make a version from others by SQL, with lineage'
            'diff:compare two versions\: files, schema, statistics'
            'files:list the files of a version'
            'find:find datasets by words in names, columns, values, tags'
            'get:write the files of a version into a folder'
            'import-dvc:take over a DVC repository'\''s data with their history'
            'label:put on record who labelled a column, when and how'
            'log:list the versions of a dataset, newest first'
            'ls:list datasets'
            'query:ask dataset versions in SQL\: any version, any format, joined'
            'restore:bring removed versions of a dataset back'
            'rm:remove versions of a dataset; they can be restored'
            'show:show a version\: schema, statistics, source, lineage, tags'
            'split:hold rows out for good\: a frozen slice and the rest'
            'tag:name a version of a dataset')
        _describe command second;;
    experiment)
        local -a second=(
            'ls:list experiments')
        _describe command second;;
    log)
        local -a second=(
            'archive:move old payloads into sealed, compressed, signed segments'
            'check:check a proof; no project is needed'
            'hold:what may be neither redacted nor moved away'
            'prove:a file that proves one event to somebody without the project'
            'rebuild:make all tables anew from the log'
            'redact:destroy what an event says; all still verifies'
            'search:find events by what they say'
            'show:one event with its payload and hashes'
            'verify:prove that the log and all tables are as they were written')
        _describe command second;;
    metric)
        local -a second=(
            'log:log metrics\: numbers that change as a run goes on'
            'show:print every point of a metric as CSV')
        _describe command second;;
    note)
        local -a second=(
            'add:say something about a run or a build')
        _describe command second;;
    param)
        local -a second=(
            'set:log params\: what a run was set to')
        _describe command second;;
    remote)
        local -a second=(
            'add:name another place to keep this project'\''s data'
            'ls:list the remotes of this project'
            'rm:forget a remote')
        _describe command second;;
    runs)
        local -a second=(
            'compare:show in what runs differ'
            'ls:list and search runs, newest first'
            'restore:bring runs back that were put out of sight'
            'rm:put runs out of sight'
            'show:show a run\: its stages and every trial')
        _describe command second;;
    tag)
        local -a second=(
            'set:mark a run with tags')
        _describe command second;;
    'artifact add')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--as[what it is called in the run]:NAME: ' \
            '--scrub[keep a text that holds secrets, with \[secret\] in their place]' \
            '--run[log to this run\: its number, id or name]:RUN: ' \
            '-r[log to this run\: its number, id or name]:RUN: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:PATH:_files';;
    'artifact get')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--out[write it there]:FILE:_files' \
            '-o[write it there]:FILE:_files' \
            '--run[of this run\: its number, id or name]:RUN: ' \
            '-r[of this run\: its number, id or name]:RUN: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME: ';;
    'auto')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--target[the column to predict (for anomalies\: labels to judge by, if there are any)]:COL: ' \
            '--task[what kind of answer]:TASK:(auto binary multiclass regression anomaly)' \
            '--contamination[for --task anomaly\: share of the rows to call anomalies]:SHARE: ' \
            '--metric[what to make good (scikit-learn'\''s names do too)]:NAME:(auc average_precision logloss accuracy balanced_accuracy f1 rmse mae r2 mape)' \
            '--time[budget for everything, counted from the start of the program]:SECONDS: ' \
            '--trials[make exactly N trials and look at no clock\: the same data, options and seed then give the same build, byte for byte]:N: ' \
            '--test[rows kept apart, to judge the build by]:FILE:_files' \
            '--name[name of the model; the build becomes MODEL@N]:MODEL: ' \
            '--seed[of every random choice]:N: ' \
            '--threads[processors to use at once]:N: ' \
            '--memory[memory that all processes together may use]:MiB: ' \
            '--exclude[columns to leave out, with commas between]:COLS: ' \
            '*--type[overrule the type of a column; may be given again]:COL=TYPE: ' \
            '--group[rows with the same value (a patient, a shop) stay together\: the score is for groups not seen before]:COL: ' \
            '--time-column[dates or numbers\: rows are judged by models of earlier rows only, as in use]:COL: ' \
            '--weight[how much each row counts, in learning and in the score]:COL: ' \
            '--class-weight[balanced\: every class counts the same, however rare, in learning, score and probabilities]:HOW:(none balanced)' \
            '*--monotone[COL=+ the answer never falls as COL grows, COL=- it never rises]:COL=SIGN: ' \
            '--use[of the columns given for --group, --time-column and --weight, those to learn from as well]:COLS: ' \
            '--cost[what a false alarm and a miss cost, like 1\:5\: the threshold makes their sum least (two classes)]:ALARM:MISS: ' \
            '--refit[a small, fast build\: few members, each fitted once on all rows; the score shown is that of the fold models]' \
            '--portable[only features and learners that '\''leat build export'\'' can write as ONNX, C and JSON]' \
            '--learners[learners to try, with commas between]:LIST:_sequence compadd - baseline ecod extra_trees isolation_forest knn knn_distance lightgbm linear lof mlp naive_bayes pca_residual random_forest realmlp symmetric_trees tabm xgboost' \
            '--until[stop after a stage]:STAGE:(visualize preprocess engineer select tune benchmark train diagnose)' \
            '--resume[go on from the trials of an earlier run]:RUN: ' \
            '--report[where to write the report; '\''full'\'' gives the diagnostics all the time they need]:FILE|full:_files' \
            '--no-keep[record only path and digest of the data, not its bytes]' \
            '--sheet[sheet of an Excel file]:NAME: ' \
            '--na[words that mean a missing value, with commas between]:LIST: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:DATA:_files';;
    'build bench')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--sheet[sheet of an Excel file]:NAME: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:BUILD:_leat_builds' \
            '3:DATA:_files';;
    'build export')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--out[where to write it; its ending says what\: .leat, .onnx, .c or .json]:FILE:_files' \
            '-o[where to write it; its ending says what\: .leat, .onnx, .c or .json]:FILE:_files' \
            '--onnx[as ONNX, whatever the ending]' \
            '--c[as C99, whatever the ending]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:BUILD:_leat_builds';;
    'build lineage')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--dot[print a graph for Graphviz]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:BUILD:_leat_builds';;
    'build ls')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--filter[only those that fit, like\: "score > 0.9 AND champion = true"]:EXPR: ' \
            '-f[only those that fit, like\: "score > 0.9 AND champion = true"]:EXPR: ' \
            '--order-by[order by this, with DESC behind it downwards; may be given again]:NAME: ' \
            '--limit[at most so many; 0\: all]:N: ' \
            '-n[at most so many; 0\: all]:N: ' \
            '--offset[leave out so many at the beginning]:N: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:MODEL: ';;
    'build reproduce')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--data[the file it was trained on, where it lies now]:FILE:_files' \
            '--threads[processors to use at once]:N: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:BUILD:_leat_builds';;
    'build show')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:BUILD:_leat_builds';;
    'build verify')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:BUILD:_leat_builds';;
    'clone')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:ADDRESS:_files -/' \
            '3:DIR:_files -/';;
    'completion')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:SHELL:(bash fish zsh)';;
    'data add')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--message[what this version is, for those who read the log]:TEXT: ' \
            '-m[what this version is, for those who read the log]:TEXT: ' \
            '--tag[a name for this version, NAME@TAG; may be given again; it moves from where it stood]:TAG: ' \
            '--source-time[when the data is from\: 2026-03-01, 2026-03-01T12\:00]:TIME: ' \
            '--profile[how much of tables is read for schema and statistics]:HOW:(sample full none)' \
            '--sql[of a database\: the rows of this query]:QUERY: ' \
            '--table[of a database\: this table; may be given again]:TABLE: ' \
            '--fresh[read every file again, also those that look unchanged]' \
            '--no-pointer[write no NAME.leatref]' \
            '--threads[processors to use at once]:N: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME: ' \
            '*:SOURCE:_files';;
    'data certify')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--labels[its labels are right]' \
            '--fit[it is fit for training]' \
            '--until[the last day it holds]:DATE: ' \
            '--message[what it rests on, or why it is revoked]:TEXT: ' \
            '-m[what it rests on, or why it is revoked]:TEXT: ' \
            '--revoke[end the certificate now]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME[@V]: ';;
    'data check')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--junit[also write the results as JUnit XML, for a build server]:FILE:_files' \
            '--memory[what the engine may use before it spills to disk]:MIB: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME[@V]: ' \
            '3:RULES.yaml:_files';;
    'data derive')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--sql[the SELECT whose rows become the version, as in '\''leat data query'\'']:SQL: ' \
            '--refresh[derive again, by its own statement, if its inputs have newer versions]' \
            '--stale[the same, also of every derived dataset when no NAME is given]' \
            '--message[what this version is]:TEXT: ' \
            '-m[what this version is]:TEXT: ' \
            '--tag[a name for this version, NAME@TAG; may be given again]:TAG: ' \
            '--format[of the file that is made]:FORMAT:(parquet csv)' \
            '--memory[what the engine may use before it spills to disk]:MIB: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME: ';;
    'data diff')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:A: ' \
            '3:B: ';;
    'data files')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME[@V]: ';;
    'data find')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--limit[datasets shown at most; 0\: all]:N: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:WORD: ';;
    'data get')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--force[overwrite files that were changed here]' \
            '-f[overwrite files that were changed here]' \
            '--no-pointer[leave NAME.leatref as it is]' \
            '--threads[processors to use at once]:N: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME[@V]: ' \
            '3:DIR:_files -/';;
    'data import-dvc')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--prefix[put this in front of every dataset'\''s name, as old/]:WORD: ' \
            '--profile[how much of tables is read for schema and statistics]:HOW:(sample full none)' \
            '--threads[processors to use at once]:N: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:DIR:_files -/';;
    'data label')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--column[that holds the labels]:COL: ' \
            '--by[who labelled it]:WHO: ' \
            '--on[when]:DATE: ' \
            '--source[where the labels come from\: a tool, a protocol, a system]:TEXT: ' \
            '--message[anything else, or why it is taken back]:TEXT: ' \
            '-m[anything else, or why it is taken back]:TEXT: ' \
            '--revoke[take back what was said of this column]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME[@V]: ';;
    'data log')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME: ';;
    'data ls')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--removed[also datasets whose versions were all removed]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'data query')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--out[write all rows to a file, whole or not at all]:FILE:_files' \
            '-o[write all rows to a file, whole or not at all]:FILE:_files' \
            '--format[how to write; without -o\: to standard output instead of a table]:FORMAT:(csv json ndjson parquet)' \
            '--limit[rows shown at most; 0\: all. Files get all rows]:N: ' \
            '--threads[processors to use at once]:N: ' \
            '--memory[what the engine may use before it spills to disk]:MIB: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:SQL: ';;
    'data restore')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--message[why, for those who read the log]:TEXT: ' \
            '-m[why, for those who read the log]:TEXT: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME[@V]: ';;
    'data rm')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--message[why, for those who read the log]:TEXT: ' \
            '-m[why, for those who read the log]:TEXT: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME[@V]: ';;
    'data show')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME[@V]: ';;
    'data split')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--holdout[of the rows to hold out, as 0.2]:SHARE: ' \
            '--as[name of the slice that is held out]:NAME.eval: ' \
            '--rest[name of what remains]:NAME: ' \
            '--group[rows of one value of this column (a patient, a customer) lie on one side]:COL: ' \
            '--time-column[hold out the newest rows by this column]:COL: ' \
            '--stratify[the same share of each value of this column]:COL: ' \
            '--seed[another number holds out other rows]:N: ' \
            '--message[what the slice is for]:TEXT: ' \
            '-m[what the slice is for]:TEXT: ' \
            '--memory[what the engine may use before it spills to disk]:MIB: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME[@V]: ';;
    'data tag')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--remove[take the tag away from the dataset]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME[@V]: ' \
            '3:TAG: ';;
    'diagnose')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--out[write a page with every plot]:FILE:_files' \
            '-o[write a page with every plot]:FILE:_files' \
            '--group[judge the levels of a column (the quarters of a number) apart\: scores, rates and how far they differ]:COL: ' \
            '--cost[what a false alarm and a missed case cost\: find the cheapest threshold]:FP:FN: ' \
            '--time[about how long it may take\: parts are cut, the least telling first; 0\: no bound]:SECONDS: ' \
            '--sheet[sheet of an Excel file]:NAME: ' \
            '--threads[processors to use at once]:N: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:BUILD:_leat_builds' \
            '3:DATA:_files';;
    'doctor')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'experiment ls')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--filter[only those that fit, like\: "name LIKE '\''churn%'\''"]:EXPR: ' \
            '-f[only those that fit, like\: "name LIKE '\''churn%'\''"]:EXPR: ' \
            '--order-by[order by this, with DESC behind it downwards; may be given again]:NAME: ' \
            '--limit[at most so many; 0\: all]:N: ' \
            '-n[at most so many; 0\: all]:N: ' \
            '--offset[leave out so many at the beginning]:N: ' \
            '--deleted[those that were put out of sight]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'fsck')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--repair[build the indexes anew from what is sound]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'gc')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--dry-run[say what would be removed, and remove nothing]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'help')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:COMMAND:(auto clone completion diagnose doctor fsck gc help init log man predict pull push run status visualize artifact build data experiment metric note param remote runs tag)' \
            '3:WORD: ';;
    'init')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--ledger[keep the ledger in a PostgreSQL database\: postgres\://\[USER@\]HOST\[\:PORT\]/DATABASE\[?schema=NAME\]]:URL: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:DIR:_files -/';;
    'log')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--kind[only events of this kind, as run.started]:KIND: ' \
            '--subject[only what was done to this]:SUBJECT: ' \
            '--actor[only what this person did]:WHO: ' \
            '--project[only of this project]:NAME: ' \
            '--since[not before TIME\: 2026-05-04, 2026-05-04T12\:30 (UTC), or 36h, 7d ago]:TIME: ' \
            '--until[not after TIME]:TIME: ' \
            '--limit[at most so many, the newest]:N: ' \
            '-n[at most so many, the newest]:N: ' \
            '--all[every one]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'log archive')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--before[only events older than TIME\: 2026-05-04, or 90d ago]:TIME: ' \
            '--to[also a copy of every segment in this folder, or in the store at this address]:WHERE:_files -/' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'log check')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:FILE:_files';;
    'log hold')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--why[the reason, for the record]:TEXT: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:VERB: ' \
            '3:SUBJECT: ';;
    'log prove')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--out[where the proof goes]:FILE:_files' \
            '-o[where the proof goes]:FILE:_files' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:SEQ: ';;
    'log rebuild')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'log redact')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--why[the reason, which stays in the log]:TEXT: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:SEQ: ';;
    'log search')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--kind[only events of this kind, as run.log]:KIND: ' \
            '--subject[only what was done to this]:SUBJECT: ' \
            '--actor[only what this person did]:WHO: ' \
            '--project[only of this project]:NAME: ' \
            '--since[not before TIME\: 2026-05-04, 2026-05-04T12\:30 (UTC), or 36h, 7d ago]:TIME: ' \
            '--until[not after TIME]:TIME: ' \
            '--limit[at most so many, the best]:N: ' \
            '-n[at most so many, the best]:N: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:QUERY: ';;
    'log show')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:SEQ: ';;
    'log verify')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:FILE:_files';;
    'man')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:COMMAND:(auto clone completion diagnose doctor fsck gc help init log man predict pull push run status visualize artifact build data experiment metric note param remote runs tag)' \
            '3:WORD: ';;
    'metric log')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--step[step of the training]:N: ' \
            '--time[when it was measured, in milliseconds since 1970]:MS: ' \
            '--from[a file, or - for standard input, of many\: a line NAME VALUE \[STEP \[TIME\]\], or a JSON object]:FILE:_files' \
            '--run[log to this run\: its number, id or name]:RUN: ' \
            '-r[log to this run\: its number, id or name]:RUN: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:NAME=VALUE: ';;
    'metric show')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--run[of this run\: its number, id or name]:RUN: ' \
            '-r[of this run\: its number, id or name]:RUN: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME: ';;
    'note add')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--run[log to this run\: its number, id or name]:RUN: ' \
            '-r[log to this run\: its number, id or name]:RUN: ' \
            '--build[about this build instead]:BUILD: ' \
            '-b[about this build instead]:BUILD: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:TEXT: ';;
    'param set')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--run[log to this run\: its number, id or name]:RUN: ' \
            '-r[log to this run\: its number, id or name]:RUN: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:NAME=VALUE: ';;
    'predict')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--out[where to write the answers]:FILE:_files' \
            '-o[where to write the answers]:FILE:_files' \
            '--proba[add p_<class>, the probability of each class]' \
            '--explain[add shap_<column>, what each column added to the answer'\''s margin, and shap_base]' \
            '--intervals[add lo and hi, between which the truth lies in that share of rows like those learned from; for classes\: set, those that may be true]:SHARE: ' \
            '--keep[columns of DATA to carry over, with commas between]:COLS: ' \
            '--format[how to write]:FORMAT:(csv parquet json ndjson)' \
            '--sheet[sheet of an Excel file]:NAME: ' \
            '--threads[processors to use at once]:N: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:BUILD:_leat_builds' \
            '3:DATA:_files';;
    'pull')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:REMOTE: ';;
    'push')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:REMOTE: ';;
    'remote add')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME: ' \
            '3:ADDRESS:_files -/';;
    'remote ls')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'remote rm')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:NAME: ';;
    'run')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--data[what it reads\: a dataset version like churn@3, or a file; may be given again]:DATA:_files' \
            '-d[what it reads\: a dataset version like churn@3, or a file; may be given again]:DATA:_files' \
            '--out[what it makes\: a file or folder that is kept at the end; may be given again]:PATH:_files' \
            '-o[what it makes\: a file or folder that is kept at the end; may be given again]:PATH:_files' \
            '--name[call the run so]:NAME: ' \
            '--experiment[put it into this experiment]:NAME: ' \
            '-e[put it into this experiment]:NAME: ' \
            '--tag[mark the run; may be given again]:NAME=VALUE: ' \
            '-t[mark the run; may be given again]:NAME=VALUE: ' \
            '--env[record this environment variable too; may be given again]:NAME: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:CMD:(auto clone completion diagnose doctor fsck gc help init log man predict pull push run status visualize artifact build data experiment metric note param remote runs tag)';;
    'runs compare')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--all[show what is the same too]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:RUN:_leat_runs';;
    'runs ls')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--filter[only those that fit, like\: "metrics.auc > 0.9 AND params.learner = '\''lightgbm'\''"]:EXPR: ' \
            '-f[only those that fit, like\: "metrics.auc > 0.9 AND params.learner = '\''lightgbm'\''"]:EXPR: ' \
            '--order-by[order by this, with DESC behind it downwards; may be given again]:NAME: ' \
            '--limit[at most so many; 0\: all]:N: ' \
            '-n[at most so many; 0\: all]:N: ' \
            '--offset[leave out so many at the beginning]:N: ' \
            '--experiment[only runs of this experiment]:NAME: ' \
            '-e[only runs of this experiment]:NAME: ' \
            '--deleted[those that '\''leat runs rm'\'' put out of sight]' \
            '--trials[list trials of all runs instead\: params.* are their parameters, metrics.score their score]' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'runs restore')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:RUN:_leat_runs';;
    'runs rm')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:RUN:_leat_runs';;
    'runs show')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:RUN:_leat_runs';;
    'status')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--check[end with status 3 unless every dataset here is as its pointer says]' \
            '--threads[processors to use at once]:N: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/';;
    'tag set')
        shift 1 words; ((CURRENT -= 1))
        _arguments -S \
            '--run[log to this run\: its number, id or name]:RUN: ' \
            '-r[log to this run\: its number, id or name]:RUN: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '*:NAME=VALUE: ';;
    'visualize')
        shift 0 words; ((CURRENT -= 0))
        _arguments -S \
            '--target[show every column against this one]:COL: ' \
            '--out[write a page with a picture of every column]:FILE:_files' \
            '-o[write a page with a picture of every column]:FILE:_files' \
            '*--type[overrule the type of a column; may be given again]:COL=TYPE: ' \
            '--threads[processors to use at once]:N: ' \
            '--sheet[sheet of an Excel file]:NAME: ' \
            '--na[words that mean a missing value, with commas between]:LIST: ' \
            '--help[explain the command, with examples]' \
            '-h[explain the command, with examples]' \
            '--version[print the version]' \
            '-V[print the version]' \
            '--json[print one JSON object on standard output, errors too]' \
            '--quiet[say nothing but results and errors]' \
            '-q[say nothing but results and errors]' \
            '--verbose[say more about what is going on]' \
            '-v[say more about what is going on]' \
            '--color[colour the output (never when NO_COLOR is set)]:WHEN:(auto always never)' \
            '--directory[go to folder DIR first, as if started there]:DIR:_files -/' \
            '-C[go to folder DIR first, as if started there]:DIR:_files -/' \
            '2:DATA:_files';;
    esac
}
if [[ $funcstack[1] == _leat ]]; then _leat "$@"; else compdef _leat leat; fi
