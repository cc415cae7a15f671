# SPDX-License-Identifier: Apache-2.0
# The warnings both compilers must be silent about, and the hardening every binary gets.
# -Werror is for us (presets and CI), not for people who build from source.

option(SHILLING_WERROR "treat warnings as errors" OFF)
option(SHILLING_FUZZ "build the libFuzzer targets (clang only)" OFF)
set(SHILLING_SANITIZE "" CACHE STRING "comma separated list for -fsanitize=")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
include(CheckPIESupported)
check_pie_supported()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
    set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

set(SHILLING_WARNINGS
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wvla -Walloca -Wformat=2 -Wundef -Wcast-qual
    -Wcast-align -Wwrite-strings -Wpointer-arith -Wdouble-promotion -Wfloat-equal
    -Wnull-dereference -Wswitch-enum -Wimplicit-fallthrough -Wredundant-decls -Wnested-externs
    -Wbad-function-cast -Wdate-time -Wenum-conversion -Wunused-macros)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND SHILLING_WARNINGS
        -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wformat-signedness
        -Wformat-overflow=2 -Wformat-truncation=2 -Wcast-align=strict -Warith-conversion
        -Wtrampolines -Wjump-misses-init)
else()
    list(APPEND SHILLING_WARNINGS
        -Wconditional-uninitialized -Wcomma -Wassign-enum -Wshorten-64-to-32
        -Wmissing-variable-declarations -Wextra-semi-stmt -Wunreachable-code-aggressive)
endif()
if(SHILLING_WERROR)
    list(APPEND SHILLING_WARNINGS -Werror)
endif()

# Sanitizers blow frames up, so the stack limits hold only without them.
set(SHILLING_HARDENING -fstack-protector-strong -fstack-clash-protection -fcf-protection=full)
if(SHILLING_SANITIZE)
    add_compile_options(-fsanitize=${SHILLING_SANITIZE} -fno-omit-frame-pointer
                        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${SHILLING_SANITIZE})
else()
    list(APPEND SHILLING_WARNINGS -Wframe-larger-than=8192)
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        list(APPEND SHILLING_WARNINGS -Wstack-usage=8192)
        list(APPEND SHILLING_HARDENING -ftrivial-auto-var-init=zero)
    endif()
    if(CMAKE_BUILD_TYPE STREQUAL "Release")
        list(APPEND SHILLING_HARDENING -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    endif()
endif()
add_link_options(-Wl,-z,relro,-z,now)
if(SHILLING_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_compile_definitions(SHILLING_FUZZING=1)
endif()
