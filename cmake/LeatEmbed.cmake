# cmake/LeatEmbed.cmake -- leat_embed(target symbol file): the bytes of a file become part of a target.
#
# In C:  extern const unsigned char SYMBOL[];  extern const unsigned char SYMBOL_end[];
# The bytes start on a 16-byte boundary and are followed by one zero byte that does not count (it lies at SYMBOL_end),
# so text may be used as a string.  The file may be one that another rule makes.
function(leat_embed target symbol file)
  set(asm ${CMAKE_BINARY_DIR}/embed/${symbol}.S)
  file(CONFIGURE OUTPUT ${asm} CONTENT [[
/* made by cmake/LeatEmbed.cmake */
    .section .rodata
    .balign 16
    .global @symbol@
    .type @symbol@, %object
@symbol@:
    .incbin "@file@"
    .global @symbol@_end
    .type @symbol@_end, %object
@symbol@_end:
    .byte 0
    .size @symbol@, @symbol@_end - @symbol@
    .section .note.GNU-stack, "", %progbits
]] @ONLY)
  set_source_files_properties(${asm} PROPERTIES OBJECT_DEPENDS ${file} GENERATED TRUE)
  target_sources(${target} PRIVATE ${asm})
endfunction()
