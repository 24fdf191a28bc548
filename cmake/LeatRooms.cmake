# cmake/LeatRooms.cmake -- one static library a room, linked as rooms.txt says.
#
# leat_rooms()    makes leat_<room> for every room of rooms.txt that has a folder with C files, main aside
# leat_program()  makes the program from src/main and every room
#
# LEAT_ROOMS is the list of rooms that exist (without main); LEAT_ROOM_<room> what a room may look into.

function(leat_rooms)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/rooms.txt)
  file(STRINGS rooms.txt lines REGEX "^[a-z]")
  set(rooms "")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "[ \t]+" ";" words "${line}")
    list(POP_FRONT words room)
    set(LEAT_ROOM_${room} "${words}" PARENT_SCOPE)
    if(room STREQUAL "main")
      continue()
    endif()
    file(GLOB files CONFIGURE_DEPENDS src/${room}/*.c src/${room}/kinds/*.c)
    if(NOT files)
      continue()
    endif()
    add_library(leat_${room} STATIC ${files})
    target_link_libraries(leat_${room} PUBLIC leat_platform)
    foreach(below IN LISTS words)
      if(TARGET leat_${below})
        target_link_libraries(leat_${room} PUBLIC leat_${below})
      endif()
    endforeach()
    if(LEAT_LTO)
      # Fat objects: the program is linked with LTO, the many tests without, from the same libraries.
      target_compile_options(leat_${room} PRIVATE $<$<COMPILE_LANGUAGE:C>:-flto=auto>
                             $<$<AND:$<COMPILE_LANGUAGE:C>,$<C_COMPILER_ID:GNU>>:-ffat-lto-objects>)
    endif()
    list(APPEND rooms ${room})
  endforeach()
  set(LEAT_ROOMS "${rooms}" PARENT_SCOPE)
endfunction()

function(leat_program)
  file(GLOB files CONFIGURE_DEPENDS src/main/*.c)
  if(NOT files)
    return()
  endif()
  add_executable(leat ${files})
  # Top room first: the linker reads archives once, from left to right.
  set(top ${LEAT_ROOMS})
  list(REVERSE top)
  list(TRANSFORM top PREPEND leat_)
  target_link_libraries(leat PRIVATE ${top} leat_platform)
  set_target_properties(leat PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  leat_runtime_path(leat)
  if(LEAT_LTO)
    target_compile_options(leat PRIVATE -flto=auto)
    target_link_options(leat PRIVATE -flto=auto -O3)
  endif()
endfunction()

if(LEAT_LTO AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(CMAKE_AR ${CMAKE_C_COMPILER_AR})
  set(CMAKE_RANLIB ${CMAKE_C_COMPILER_RANLIB})
endif()
