# cmake/LeatLibrary.cmake -- libleat.so: include/leat.h for other people's programs.
#
# Rooms score, model, table and base, and nothing else: it trains nothing, opens no library, and shows no name but
# leat_*.  It lies in <build>/lib, beside what the program opens.
if(TARGET leat_score)
  add_library(libleat SHARED src/score/leat.c)
  set_target_properties(libleat PROPERTIES OUTPUT_NAME leat VERSION ${LEAT_VERSION} SOVERSION 0 C_VISIBILITY_PRESET hidden
                        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
  target_link_libraries(libleat PRIVATE leat_model leat_table leat_base leat_platform)
  target_link_options(libleat PRIVATE -Wl,--exclude-libs,ALL)
  if(NOT LEAT_SANITIZE)
    target_link_options(libleat PRIVATE -Wl,-z,defs)
  endif()
  if(LEAT_LTO)
    target_link_options(libleat PRIVATE -fno-lto)
  endif()
endif()
