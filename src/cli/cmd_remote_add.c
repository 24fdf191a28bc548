/* cli/cmd_remote_add.c -- `leat remote add NAME ADDRESS` */
#include "cli/remotes.h"

static Err remote_add_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppRemotesOut out;
    const AppRemoteIn in = { words_arg(w, 0), words_arg(w, 1) };
    TRY(cx, app_remote_add(cx, sh->house, &in, &out));
    return show_remotes(cx, sh, &out);
}

static const Arg remote_add_args[] = {
    { "NAME", "what it is called here; 'origin' is what push and pull take by themselves", ARG_WORD },
    { "ADDRESS", "a folder, file:///PATH, s3://BUCKET/PREFIX?endpoint=URL or webhdfs://HOST:PORT/PATH", ARG_FOLDER },
    { .word = NULL },
};

static const Example remote_add_examples[] = {
    { "leat remote add origin /srv/lake/churn", "a folder, for instance on a disk that others share" },
    { "leat remote add origin s3://lake/churn", "a bucket of Amazon's" },
    { "leat remote add origin 's3://lake/churn?endpoint=http://127.0.0.1:9000'", "of any server that speaks S3" },
    { "leat remote add hdfs 'webhdfs://namenode:9870/lake/churn?user=ann'", "a folder of HDFS" },
    { .line = NULL },
};

const Command cmd_remote_add = {
    .name = "remote add",
    .summary = "name another place to keep this project's data",
    .story = "Names a place that 'leat push' and 'leat pull' exchange with. Nothing is asked of it yet.\n"
             "\n"
             "Keys are never part of an address: for S3 they come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from "
             "~/.aws/credentials; AWS_REGION and AWS_ENDPOINT_URL are heard too.\n",
    .examples = remote_add_examples,
    .args = remote_add_args,
    .run = remote_add_run,
};
