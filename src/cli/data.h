/* cli/data.h -- what the commands about datasets share. */
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include "cli/shared.h"

#define ARG_DATASET(what) { "NAME[@V]", what, ARG_WORD }
#define REF_STORY \
    "A version is named NAME@3, NAME@latest (or just NAME), NAME@TAG, NAME@2026-03-01 (the newest at the end of that day, UTC), or " \
    "NAME@DIGEST with at least eight digits.\n"

/* "1,234 rows", "~1,234 rows", "" */
void data_rows(const AppVersion *v, char buf[32]);
void data_tags(const AppVersion *v, char *buf, size_t n);
void data_count(uint64_t n, char buf[32]);     /* 1,234,567 */
MUST_USE Err data_grid(Ctx *cx, Shell *sh, const AppVersion *v, size_t n, bool log);

#endif
