/* query/duckcalls.h -- DuckDB's functions as they were found in the library, for the files that call it (inside room query). */
#ifndef QUERY_DUCKCALLS_H
#define QUERY_DUCKCALLS_H

#include "query/inner.h"

#include <duckdb.h>

/* clang-format off */
#define DUCK_FUNCTIONS(X) \
    X(add_replacement_scan) X(append_data_chunk) X(appender_create) X(appender_destroy) X(appender_error) \
    X(appender_flush) X(bind_add_result_column) X(bind_get_extra_info) X(bind_get_parameter) \
    X(bind_set_bind_data) X(bind_set_cardinality) X(bind_set_error) \
    X(close) X(column_count) X(column_type) X(connect) X(create_config) X(create_data_chunk) \
    X(create_int64) X(create_list_value) X(create_logical_type) X(create_table_function) X(create_varchar) \
    X(data_chunk_get_size) X(data_chunk_get_vector) X(data_chunk_reset) \
    X(data_chunk_set_size) X(destroy_config) X(destroy_data_chunk) X(destroy_logical_type) \
    X(destroy_pending) X(destroy_prepare) X(destroy_result) X(destroy_table_function) X(destroy_value) \
    X(disconnect) X(execute_pending) X(fetch_chunk) X(free) X(function_get_bind_data) X(function_get_extra_info) \
    X(function_get_init_data) X(function_set_error) X(get_int64) X(init_get_bind_data) X(init_get_column_count) \
    X(init_get_column_index) X(init_get_extra_info) X(init_set_error) X(init_set_init_data) X(init_set_max_threads) \
    X(interrupt) X(library_version) X(open_ext) X(pending_error) \
    X(pending_execute_task) X(pending_prepared_streaming) X(prepare) X(prepare_error) X(prepared_statement_type) \
    X(query_progress) X(register_table_function) X(replacement_scan_add_parameter) X(replacement_scan_set_error) \
    X(replacement_scan_set_function_name) X(result_error) \
    X(result_error_type) X(set_config) X(table_function_add_parameter) X(table_function_set_bind) \
    X(table_function_set_extra_info) X(table_function_set_function) X(table_function_set_init) X(table_function_set_name) \
    X(table_function_supports_projection_pushdown) X(vector_assign_string_element_len) \
    X(vector_ensure_validity_writable) X(vector_get_data) X(vector_get_validity) X(vector_size)
/* clang-format on */

typedef struct DuckCalls {
#define X(name) __typeof__(&duckdb_##name) name;
    DUCK_FUNCTIONS(X)
#undef X
} DuckCalls;

struct Duck {
    DuckCalls call;
    duckdb_database db;
    duckdb_connection connection;
    bool tells;                /* statements tell how far they are */
};

#endif
