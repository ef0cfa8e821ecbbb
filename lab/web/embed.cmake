# SPDX-License-Identifier: MIT
# embed_files(web web_files "/|text/html; charset=utf-8|${dir}/index.html" ...)
#
# A static library whose one object holds the given files and a table of them, laid out as struct
# web_file of web.h: web_files[] and web_files_count. Each row is "URL path|content type|file".
#
# The assembler does the work (.incbin), so a build needs no tool but the compiler, and the lengths
# are those of the files at build time: an edited file is assembled again (OBJECT_DEPENDS).
# Pointers need relocation in a position-independent program, hence .data.rel.ro.
function(embed_files library table)
  set(rows "")
  set(blobs "")
  set(files "")
  set(i 0)
  math(EXPR last "${ARGC} - 1")
  foreach(n RANGE 2 ${last}) # by number: a content type may hold a semicolon, a list item may not
    if(NOT "${ARGV${n}}" MATCHES "^([^|]+)\\|([^|]+)\\|([^|]+)$")
      message(FATAL_ERROR "embed_files: '${ARGV${n}}' is not 'URL path|content type|file'")
    endif()
    set(path "${CMAKE_MATCH_1}")
    set(type "${CMAKE_MATCH_2}")
    set(file "${CMAKE_MATCH_3}")
    string(APPEND rows "\tWORD .Lpath${i}, .Ltype${i}, .Ldata${i}, .Lend${i} - .Ldata${i}\n")
    string(APPEND blobs
      ".Lpath${i}:\t.asciz \"${path}\"\n"
      ".Ltype${i}:\t.asciz \"${type}\"\n"
      ".Ldata${i}:\t.incbin \"${file}\"\n"
      ".Lend${i}:\n")
    list(APPEND files ${file})
    math(EXPR i "${i} + 1")
  endforeach()

  set(source ${CMAKE_CURRENT_BINARY_DIR}/${table}.S)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
/* Made by embed.cmake. */
#if __SIZEOF_POINTER__ == 8
#define WORD .quad
#else
#define WORD .long
#endif
	.section .data.rel.ro, "aw"
	.balign __SIZEOF_POINTER__
	.globl @table@, @table@_count
	.type @table@, %object
@table@:
@rows@	.size @table@, . - @table@
	.section .rodata
	.balign __SIZEOF_POINTER__
	.type @table@_count, %object
@table@_count:
	WORD @i@
	.size @table@_count, . - @table@_count
@blobs@	.section .note.GNU-stack, "", %progbits
]])
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
  add_library(${library} STATIC ${source})
endfunction()
