# cmake/LeatPlatform.cmake -- the compiler's flags, and what Leat takes from others.
#
# Everything links the interface target leat_platform.  Linked: libc, libm, pthread, dl, zstd, SQLite, libcrypto, and
# yyjson, compiled in.  Only headers: DuckDB, LightGBM, oneDNN, libpq, which the program opens when it first needs them.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# -ffp-contract=off: no fused multiply-add, so that results repeat whatever the compiler's mood.
set(CMAKE_C_FLAGS_RELEASE "-O3 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
add_compile_options(-ffp-contract=off)
if(CMAKE_GENERATOR STREQUAL "Ninja")
  add_compile_options(-fdiagnostics-color=auto)
endif()

# Files of wide loops (base/vector.h): gcc vectorises sqrt and comparisons only where neither errno nor the floating-point
# exception flags are promised.  No result changes.
set_source_files_properties(src/learn/mlp_core.c src/learn/kinds/symmetric_trees.c src/learn/symmetric_grow.c src/model/net.c
  src/model/trees_walk.c PROPERTIES
  COMPILE_OPTIONS "-fno-math-errno;-fno-trapping-math")

set(LEAT_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef
    -Wpointer-arith -Wcast-align -Werror)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
  # clang calls a designated initialiser that names only some members an oversight; the house style is made of them.
  list(APPEND LEAT_WARNINGS -Wno-missing-field-initializers)
else()
  list(APPEND LEAT_WARNINGS -Wno-missing-field-initializers -Wno-format-truncation)
endif()

if(LEAT_SANITIZE)
  add_compile_options(-fsanitize=${LEAT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LEAT_SANITIZE})
  if(LEAT_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=all)
  endif()
endif()

# --- what others made -----------------------------------------------------------------------------------------------

set(LEAT_DEPS ${CMAKE_SOURCE_DIR}/build/deps)
foreach(file include/duckdb.h include/LightGBM/c_api.h lib/libduckdb.so lib/lib_lightgbm.so lib/libxgboost.so src/yyjson/yyjson.c)
  if(NOT EXISTS ${LEAT_DEPS}/${file})
    message(FATAL_ERROR "build/deps/${file} is missing: run scripts/bootstrap first")
  endif()
endforeach()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
find_path(DNNL_INCLUDE dnnl.h REQUIRED)
find_library(DNNL_LIBRARY NAMES libdnnl.so.2 REQUIRED)
find_path(YAML_INCLUDE yaml.h REQUIRED)
find_library(YAML_LIBRARY NAMES libyaml-0.so.2 REQUIRED)

find_path(PQ_INCLUDE libpq-fe.h PATH_SUFFIXES postgresql REQUIRED)
find_library(PQ_LIBRARY NAMES libpq.so.5 REQUIRED)
find_path(CURL_INCLUDE curl/curl.h REQUIRED)
find_library(CURL_LIBRARY NAMES libcurl.so.4 REQUIRED)

add_library(yyjson STATIC ${LEAT_DEPS}/src/yyjson/yyjson.c)
target_include_directories(yyjson SYSTEM PUBLIC ${LEAT_DEPS}/src/yyjson)
target_compile_options(yyjson PRIVATE -w)
if(LEAT_SANITIZE MATCHES "undefined")
  # Everything in it is inlined: checking it for undefined behaviour takes a minute to compile.
  target_compile_options(yyjson PRIVATE -fno-sanitize=undefined)
endif()

add_library(leat_platform INTERFACE)
target_include_directories(leat_platform INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_include_directories(leat_platform SYSTEM INTERFACE ${LEAT_DEPS}/include ${DNNL_INCLUDE} ${YAML_INCLUDE} ${PQ_INCLUDE} ${CURL_INCLUDE})
target_compile_definitions(leat_platform INTERFACE _GNU_SOURCE= LEAT_VERSION="${LEAT_VERSION}")
target_compile_options(leat_platform INTERFACE "$<$<COMPILE_LANGUAGE:C>:${LEAT_WARNINGS}>")
target_link_options(leat_platform INTERFACE -Wl,--as-needed -Wl,-z,relro,-z,now)
target_link_libraries(leat_platform INTERFACE yyjson PkgConfig::ZSTD PkgConfig::SQLITE PkgConfig::CRYPTO
                      Threads::Threads m ${CMAKE_DL_LIBS})

# Where a program looks for shared libraries: beside itself first.  A DT_RPATH and not a DT_RUNPATH, because only that
# also serves the libraries that it opens later and what those need in turn (libgomp), which is how a dist is complete.
function(leat_runtime_path target)
  set_target_properties(${target} PROPERTIES BUILD_RPATH "$ORIGIN/lib;$ORIGIN/../lib")
  target_link_options(${target} PRIVATE -Wl,--disable-new-dtags)
endfunction()

# The program looks for these in <its folder>/lib, then <its folder>/../lib.  Tests lie in <build>/tests, so the second
# finds them too.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
foreach(name libduckdb.so lib_lightgbm.so libxgboost.so libgomp-e985bcbb.so.1.0.0 excel.duckdb_extension
             postgres_scanner.duckdb_extension sqlite_scanner.duckdb_extension)
  file(CREATE_LINK ${LEAT_DEPS}/lib/${name} ${CMAKE_BINARY_DIR}/lib/${name} SYMBOLIC)
endforeach()
file(REAL_PATH ${DNNL_LIBRARY} DNNL_FILE)
file(CREATE_LINK ${DNNL_FILE} ${CMAKE_BINARY_DIR}/lib/libdnnl.so.2 SYMBOLIC)
file(REAL_PATH ${YAML_LIBRARY} YAML_FILE)
file(CREATE_LINK ${YAML_FILE} ${CMAKE_BINARY_DIR}/lib/libyaml-0.so.2 SYMBOLIC)
file(REAL_PATH ${PQ_LIBRARY} PQ_FILE)
file(CREATE_LINK ${PQ_FILE} ${CMAKE_BINARY_DIR}/lib/libpq.so.5 SYMBOLIC)
file(REAL_PATH ${CURL_LIBRARY} CURL_FILE)
file(CREATE_LINK ${CURL_FILE} ${CMAKE_BINARY_DIR}/lib/libcurl.so.4 SYMBOLIC)
