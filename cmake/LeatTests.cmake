# cmake/LeatTests.cmake -- every file in test/ becomes a test by lying in the right folder.
#
#   test/unit/<room>/test_NAME.c   program test_<room>_NAME (test_<room> when NAME is the room; a NAME that already
#                                  starts with the room is not given it twice); links its room and what lies below,
#                                  and the rooms whose headers it or test/test.h includes
#   test/conform/conform_*.c       program of that name, all rooms
#   test/fault/fault_*.c           program of that name, all rooms
#   test/fuzz/fuzz_*.c             libFuzzer target where LEAT_FUZZ is on; else a program that runs over the saved
#                                  inputs in test/fuzz/corpus/NAME/, as a test
#   test/probe/*.c                 leat-probe, with the rooms it includes: the pytest suites reach the rooms through it
#   test/scenario/[0-9]*.sh        one test each, run by sh: a person's story through the program
#   test/golden/[0-9]*.sh          one test each, run by sh: exact output (LEAT_GOLDEN=write rewrites what is expected)
#   test/engines/[0-9]*.sh         one test each, run by sh against real servers (scripts/engines), where LEAT_ENGINES is on
#   test/house/*.sh                one test each, run by sh: rules about the sources themselves
#   test/peer/test_*.py            one test each, run by pytest
#   rooms.txt                      the test roomcheck
#
# Each carries its folder's name as ctest label (unit, conform, fault, fuzz, scenario, golden, house, peer).
#
# A line in a test file's first 30 that holds "ctest:" sets how it runs; the words after it are any of
#   full        only under scripts/test --full (LEAT_FULL)
#   serial      nothing else runs beside it (it measures time)
#   plain       not under sanitizers (it measures time or memory, or runs valgrind)
#   postgres    a PostgreSQL server runs meanwhile, one for all tests that say so: $LEAT_POSTGRES/address
#   timeout=N   killed after N seconds instead of LEAT_TEST_TIMEOUT
#
# Every test runs in a fresh folder of its own, <build>/test-work/NAME, with these in its environment:
#   LEAT, PROBE, ROOMCHECK   paths of the programs       LEAT_SOURCE   the source tree
#   LEAT_PYTHON              the tests' Python           LEAT_BUILD    the build folder

option(LEAT_FULL "also register the long tests" OFF)
option(LEAT_ENGINES "also register the tests that run against the servers scripts/engines brings" OFF)
set(LEAT_TEST_TIMEOUT 300 CACHE STRING "seconds after which a test is killed")

# The rooms that the file's #include lines name, of those that exist.
function(leat_included_rooms out)
  set(found "")
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(STRINGS ${file} lines REGEX "^[ \t]*#[ \t]*include[ \t]+\"[a-z0-9]+/")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^[^\"]*\"([a-z0-9]+)/.*" "\\1" room "${line}")
      if(TARGET leat_${room})
        list(APPEND found ${room})
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES found)
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# link TARGET to rooms, top one first (a room's own libraries follow it by themselves)
function(leat_link_rooms target)
  set(top ${LEAT_ROOMS})
  list(REVERSE top)
  foreach(room IN LISTS top)
    if(room IN_LIST ARGN)
      target_link_libraries(${target} PRIVATE leat_${room})
    endif()
  endforeach()
  target_link_libraries(${target} PRIVATE leat_platform)
  if(LEAT_LTO)
    target_link_options(${target} PRIVATE -fno-lto)
  endif()
endfunction()

# The words after "ctest:" near the top of a test file.
function(leat_words out file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} lines LIMIT_INPUT 6000 LIMIT_COUNT 30)
  set(words "")
  foreach(line IN LISTS lines)
    if(line MATCHES "ctest:([a-z0-9= ]+)")
      separate_arguments(words UNIX_COMMAND "${CMAKE_MATCH_1}")
      break()
    endif()
  endforeach()
  set(${out} "${words}" PARENT_SCOPE)
endfunction()

# Does this build run the file's tests at all?
function(leat_wanted out file)
  leat_words(words ${file})
  set(wanted TRUE)
  if(("full" IN_LIST words AND NOT LEAT_FULL) OR ("plain" IN_LIST words AND LEAT_SANITIZE))
    set(wanted FALSE)
  endif()
  set(${out} ${wanted} PARENT_SCOPE)
endfunction()

# leat_register(name label file command...): the test that the file is
function(leat_register name label file)
  set(work ${CMAKE_BINARY_DIR}/test-work/${name})
  add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/scripts/in-fresh-folder ${work} ${ARGN})
  set(environment
    LEAT=${CMAKE_BINARY_DIR}/leat
    PROBE=${CMAKE_BINARY_DIR}/tests/leat-probe
    ROOMCHECK=${CMAKE_BINARY_DIR}/tests/roomcheck
    LEAT_SOURCE=${CMAKE_SOURCE_DIR}
    LEAT_BUILD=${CMAKE_BINARY_DIR}
    LEAT_PYTHON=${LEAT_DEPS}/py/bin/python
    LEAT_SANITIZE=${LEAT_SANITIZE}
    OMP_WAIT_POLICY=passive
    XDG_CONFIG_HOME=${CMAKE_BINARY_DIR}/test-config
    PYTHONDONTWRITEBYTECODE=1
    LC_ALL=C.UTF-8
    TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/test/tsan.supp:halt_on_error=1:second_deadlock_stack=1
    LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/test/lsan.supp:print_suppressions=0
    UBSAN_OPTIONS=print_stacktrace=1)
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${LEAT_TEST_TIMEOUT} ENVIRONMENT "${environment}")
  leat_words(words ${file})
  foreach(word IN LISTS words)
    if(word STREQUAL "serial")
      set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
    elseif(word MATCHES "^timeout=([0-9]+)$")
      set_tests_properties(${name} PROPERTIES TIMEOUT ${CMAKE_MATCH_1})
    elseif(word STREQUAL "postgres")
      if(LEAT_INITDB)
        set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED postgres)
        set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT LEAT_POSTGRES=${CMAKE_BINARY_DIR}/test-work/server_postgres)
      endif()
    elseif(NOT word MATCHES "^(full|plain)$")
      message(FATAL_ERROR "${file}: unknown word '${word}' after ctest:")
    endif()
  endforeach()
endfunction()

# What all programs under test/ have in common.  Tests keep assert() in every build.
function(leat_test_settings target)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/test ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${target} PRIVATE LEAT_SOURCE="${CMAKE_SOURCE_DIR}")
  target_compile_options(${target} PRIVATE -UNDEBUG)
  leat_runtime_path(${target})
endfunction()

function(leat_test_program name label file)
  leat_wanted(wanted ${file})
  if(NOT wanted)
    return()
  endif()
  add_executable(${name} ${file})
  leat_test_settings(${name})
  target_link_libraries(${name} PRIVATE ${LEAT_TEST_LIBRARY})
  leat_link_rooms(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE PkgConfig::CMOCKA)
  leat_register(${name} ${label} ${file} $<TARGET_FILE:${name}>)
endfunction()

# Shell tests of one folder: leat_script_tests(label pattern)
function(leat_script_tests label pattern)
  file(GLOB scripts CONFIGURE_DEPENDS test/${label}/${pattern})
  foreach(file IN LISTS scripts)
    cmake_path(GET file STEM stem)
    leat_wanted(wanted ${file})
    if(wanted)
      leat_register(${label}_${stem} ${label} ${file} sh ${file})
    endif()
  endforeach()
endfunction()

# The server that some tests share: started before the first of them, stopped after the last.
function(leat_postgres)
  find_program(LEAT_INITDB initdb PATHS /usr/lib/postgresql/15/bin)
  if(NOT LEAT_INITDB)
    message(STATUS "PostgreSQL's server is missing: tests go without it (scripts/bootstrap --test)")
    return()
  endif()
  set(work ${CMAKE_BINARY_DIR}/test-work/server_postgres)
  set(server ${CMAKE_SOURCE_DIR}/test/server/postgres)
  add_test(NAME server_postgres COMMAND ${CMAKE_SOURCE_DIR}/scripts/in-fresh-folder ${work} ${server} start ${work})
  add_test(NAME server_postgres_stop COMMAND ${server} stop ${work})
  set_tests_properties(server_postgres PROPERTIES LABELS server FIXTURES_SETUP postgres TIMEOUT 120)
  set_tests_properties(server_postgres_stop PROPERTIES LABELS server FIXTURES_CLEANUP postgres TIMEOUT 120)
endfunction()

function(leat_tests)
  # roomcheck needs nothing but a compiler, so that it runs even where nothing else builds.
  add_executable(roomcheck tools/roomcheck.c)
  target_compile_definitions(roomcheck PRIVATE _GNU_SOURCE)
  target_compile_options(roomcheck PRIVATE ${LEAT_WARNINGS})
  set_target_properties(roomcheck PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME roomcheck COMMAND roomcheck rooms.txt src WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(roomcheck PROPERTIES LABELS house)
  leat_postgres()
  leat_script_tests(house *.sh)
  leat_script_tests(scenario [0-9]*.sh)
  leat_script_tests(golden [0-9]*.sh)
  if(LEAT_ENGINES)
    leat_script_tests(engines [0-9]*.sh)
  endif()

  file(GLOB probe CONFIGURE_DEPENDS test/probe/*.c)
  file(GLOB probe_headers CONFIGURE_DEPENDS test/probe/*.h)
  if(probe AND LEAT_ROOMS)
    add_executable(leat-probe ${probe})
    leat_test_settings(leat-probe)
    leat_included_rooms(rooms ${probe} ${probe_headers})
    leat_link_rooms(leat-probe ${rooms})
  endif()

  file(GLOB unit CONFIGURE_DEPENDS test/unit/*/test_*.c)
  file(GLOB conform CONFIGURE_DEPENDS test/conform/conform_*.c)
  file(GLOB fault CONFIGURE_DEPENDS test/fault/fault_*.c)
  file(GLOB peer CONFIGURE_DEPENDS test/peer/test_*.py)
  file(GLOB fuzz CONFIGURE_DEPENDS test/fuzz/fuzz_*.c)

  pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
  if(NOT CMOCKA_FOUND)
    if(unit OR conform OR fault OR fuzz)
      message(STATUS "cmocka is missing: the test programs are left out (scripts/bootstrap --test)")
    endif()
    set(unit "")
    set(conform "")
    set(fault "")
    set(fuzz "")
  endif()

  # What test/*.c shares; a room that it includes is linked to every test.
  file(GLOB shared CONFIGURE_DEPENDS test/*.c test/*.h)
  set(LEAT_TEST_LIBRARY "")
  set(shared_c ${shared})
  list(FILTER shared_c INCLUDE REGEX "\\.c$")
  leat_included_rooms(shared_rooms ${shared})
  if(shared_c AND (unit OR conform OR fault OR fuzz))
    add_library(leat_test STATIC ${shared_c})
    target_compile_options(leat_test PRIVATE -UNDEBUG)
    target_include_directories(leat_test PUBLIC ${CMAKE_SOURCE_DIR}/test ${CMAKE_SOURCE_DIR})
    foreach(room IN LISTS shared_rooms)
      target_link_libraries(leat_test PUBLIC leat_${room})
    endforeach()
    target_link_libraries(leat_test PUBLIC leat_platform PkgConfig::CMOCKA)
    set(LEAT_TEST_LIBRARY leat_test)
  endif()

  foreach(file IN LISTS unit)
    cmake_path(GET file STEM stem)
    cmake_path(GET file PARENT_PATH folder)
    cmake_path(GET folder FILENAME room)
    string(REGEX REPLACE "^test_" "" short ${stem})
    if(NOT (short STREQUAL room OR short MATCHES "^${room}_"))
      set(short ${room}_${short})
    endif()
    leat_included_rooms(rooms ${file})
    if(TARGET leat_${room})
      list(APPEND rooms ${room})
    endif()
    leat_test_program(test_${short} unit ${file} ${rooms} ${shared_rooms})
  endforeach()
  foreach(label conform fault)
    foreach(file IN LISTS ${label})
      cmake_path(GET file STEM stem)
      leat_test_program(${stem} ${label} ${file} ${LEAT_ROOMS})
    endforeach()
  endforeach()

  foreach(file IN LISTS fuzz)
    cmake_path(GET file STEM stem)
    string(REGEX REPLACE "^fuzz_" "" short ${stem})
    set(corpus ${CMAKE_SOURCE_DIR}/test/fuzz/corpus/${short})
    if(LEAT_FUZZ)
      add_executable(${stem} ${file})
      target_compile_options(${stem} PRIVATE -fsanitize=fuzzer)
      target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
    else()
      add_executable(${stem} ${file} ${CMAKE_SOURCE_DIR}/cmake/fuzz_main.c)
    endif()
    leat_test_settings(${stem})
    target_link_libraries(${stem} PRIVATE ${LEAT_TEST_LIBRARY})
    leat_included_rooms(rooms ${file})
    leat_link_rooms(${stem} ${rooms} ${shared_rooms})
    if(EXISTS ${corpus})
      if(LEAT_FUZZ)
        leat_register(${stem} fuzz ${file} $<TARGET_FILE:${stem}> -runs=0 ${corpus})
      else()
        leat_register(${stem} fuzz ${file} $<TARGET_FILE:${stem}> ${corpus})
      endif()
    endif()
  endforeach()

  foreach(file IN LISTS peer)
    cmake_path(GET file STEM stem)
    string(REGEX REPLACE "^test_" "" short ${stem})
    leat_wanted(wanted ${file})
    if(wanted)
      leat_register(peer_${short} peer ${file} ${LEAT_DEPS}/py/bin/python -m pytest -q -p no:cacheprovider
                    --rootdir=${CMAKE_SOURCE_DIR}/test/peer ${file})
    endif()
  endforeach()
endfunction()
