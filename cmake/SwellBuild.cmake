# What every target of ours shares: the language, the warnings, the sanitizers, the libraries of
# Debian, and the three functions by which programs, unit tests and fuzz targets are declared.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g") # without NDEBUG: assert is for our own bugs
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

option(SWELL_WERROR "Treat warnings as errors (our presets do, a stranger's compiler need not)" OFF)
set(SWELL_SANITIZE "" CACHE STRING "Value for -fsanitize=, such as address,undefined")
option(SWELL_STATIC "Link static libraries where there are any, but glibc, and drop unused code" OFF)
option(SWELL_FUZZ "Build the fuzz targets with libFuzzer (clang) instead of the corpus replay" OFF)

# Flags travel with this one target, never globally. Off, with the reason: missing-field-initializers
# (tables leave trailing members out), format-truncation (texts for people are cut on purpose),
# sign-conversion (sizes and differences mix in every C program).
add_library(swell_flags INTERFACE)
target_compile_definitions(swell_flags INTERFACE _GNU_SOURCE)
target_compile_options(swell_flags INTERFACE
  -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wconversion -Wno-sign-conversion -Wvla
  -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef -Wcast-qual -ffp-contract=off
  $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>
  $<$<BOOL:${SWELL_WERROR}>:-Werror>)
if(SWELL_SANITIZE)
  target_compile_options(swell_flags INTERFACE
    -fsanitize=${SWELL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(swell_flags INTERFACE -fsanitize=${SWELL_SANITIZE})
endif()

if(SWELL_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a .so)
  target_compile_options(swell_flags INTERFACE -ffunction-sections -fdata-sections)
  target_link_options(swell_flags INTERFACE
    -Wl,--gc-sections -Wl,-z,pack-relative-relocs -static-libgcc)
  set(PKG_CONFIG_ARGN --static)
  # Static libraries need each other in circles. libm comes first, so that glibc's stays shared when
  # pkg-config's answer led to libm.a.
  string(REPLACE "<LINK_LIBRARIES>"
    "-Wl,--push-state,--no-as-needed -lm -Wl,--pop-state,--start-group <LINK_LIBRARIES> -Wl,--end-group"
    CMAKE_C_LINK_EXECUTABLE "${CMAKE_C_LINK_EXECUTABLE}")
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls>=3.7)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8>=10.38)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(HIREDIS IMPORTED_TARGET hiredis>=0.14)
pkg_check_modules(RDKAFKA IMPORTED_TARGET rdkafka>=2.0)

# Redis and Kafka are on when the library is there. Sources ask with #ifdef SWELL_REDIS and SWELL_KAFKA.
option(SWELL_REDIS "Redis: jobs in lists and streams, the value role (hiredis)" ${HIREDIS_FOUND})
option(SWELL_TLS "HTTPS in servers (GnuTLS); the workload needs none" ON)
option(SWELL_KAFKA "Kafka: jobs in topics (librdkafka)" ${RDKAFKA_FOUND})
if(SWELL_REDIS AND NOT HIREDIS_FOUND)
  message(FATAL_ERROR "SWELL_REDIS needs libhiredis-dev")
endif()
if(SWELL_KAFKA AND NOT RDKAFKA_FOUND)
  message(FATAL_ERROR "SWELL_KAFKA needs librdkafka-dev")
endif()

# swell_program(swell-workload workload_core): bin/swell-workload from main.c and a library, and the
# manual page that tests/process/man_page.py writes. A static one leaves no trace in the program of
# the libraries it took in: bin/swell-workload.inputs names them, for their licences.
function(swell_program name library)
  add_executable(${name} main.c)
  target_link_libraries(${name} PRIVATE ${library})
  if(SWELL_STATIC)
    target_link_options(${name} PRIVATE
      -Wl,--dependency-file=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${name}.inputs)
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${PROJECT_SOURCE_DIR}/docs/man/${name}.1
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endfunction()

# unit_test(buf base): test_buf.c with cmocka, under CTest as unit.<folder>.<name>.
function(unit_test name)
  get_filename_component(area ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  set(target test_${area}_${name})
  add_executable(${target} test_${name}.c)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/unit)
  target_link_libraries(${target} PRIVATE ${ARGN} PkgConfig::CMOCKA)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME unit.${area}.${name} COMMAND ${target})
  set_tests_properties(unit.${area}.${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# fuzz_target(quantity kube): fuzz_quantity.c and corpus/quantity/. With SWELL_FUZZ it is a libFuzzer
# program; without, a plain main replays the corpus under CTest as fuzz.<name>.
function(fuzz_target name)
  add_executable(fuzz_${name} fuzz_${name}.c)
  target_link_libraries(fuzz_${name} PRIVATE ${ARGN})
  set_target_properties(fuzz_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  if(SWELL_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    set(arguments -runs=0)
  else()
    target_sources(fuzz_${name} PRIVATE replay.c)
  endif()
  add_test(NAME fuzz.${name} COMMAND fuzz_${name} ${arguments}
    ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()
