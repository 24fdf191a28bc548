/* test/postgres.h -- addresses on the tests' PostgreSQL server (see "postgres" at the head of cmake/LeatTests.cmake). */
#ifndef TEST_POSTGRES_H
#define TEST_POSTGRES_H

#include "db/db.h"
#include "test/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is there a server?  Not where none is installed. */
static inline bool test_has_postgres(void)
{
    return getenv("LEAT_POSTGRES") != NULL;
}

/* The address of schema `name` of this program, whatever it holds. */
static inline void test_postgres_at(const char *name, char out[DB_ADDRESS_MAX])
{
    char path[OS_PATH_MAX], line[DB_ADDRESS_MAX - 100] = "";
    snprintf(path, sizeof path, "%s/address", getenv("LEAT_POSTGRES"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    line[strcspn(line, "\n")] = 0;
    snprintf(out, DB_ADDRESS_MAX, "%s&schema=%.40s", line, name);
}

/* The same, with nothing in it. */
static inline void test_postgres_fresh(Ctx *cx, const char *name, char out[DB_ADDRESS_MAX])
{
    char text[100];
    const Statement drop = { "", text };
    DbWriter *w = NULL;
    test_postgres_at(name, out);
    snprintf(text, sizeof text, "DROP SCHEMA IF EXISTS %.40s CASCADE", name);
    expect_ok(cx, db_open_write(cx, out, &w));
    expect_ok(cx, db_run(cx, w, &drop, DB_NO_ARGS, NULL));
    db_close_write(cx, w);
}

#endif
