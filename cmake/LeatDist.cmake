# cmake/LeatDist.cmake -- the target dist: build/dist/leat-VERSION.tar.zst, which runs from any folder.
if(TARGET leat)
  add_custom_target(dist
    COMMAND ${CMAKE_SOURCE_DIR}/scripts/dist ${CMAKE_BINARY_DIR}
    DEPENDS leat libleat
    USES_TERMINAL VERBATIM)
endif()
