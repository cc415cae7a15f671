# SPDX-License-Identifier: Apache-2.0
# A floor is a top folder. Sources include each other as "floor/path/file.h", and a target finds
# only the floors it links: for each floor the build tree holds a folder view/<floor>/ with one
# symbolic link <floor> in it, and that folder is the floor's whole include path. So an upward
# include does not compile, whatever a reviewer overlooks.

function(shilling_view floor ret_dir)
    set(view "${CMAKE_BINARY_DIR}/view/${floor}")
    if(NOT EXISTS "${view}/${floor}")
        file(MAKE_DIRECTORY "${view}")
        file(CREATE_LINK "${CMAKE_SOURCE_DIR}/${floor}" "${view}/${floor}" SYMBOLIC)
    endif()
    set(${ret_dir} "${view}" PARENT_SCOPE)
endfunction()

function(shilling_compile_rules target floor)
    target_compile_options(${target} PRIVATE ${SHILLING_WARNINGS} ${SHILLING_HARDENING})
    # Floors 0..2 are ISO C; the world (sockets, clocks, files) starts at floor 3.
    if(NOT floor MATCHES "^(common|protocol|core)$")
        target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    endif()
endfunction()

# Each public header must compile alone (target all_headers).
function(shilling_check_headers target floor)
    set(stubs)
    foreach(header IN LISTS ARGN)
        file(RELATIVE_PATH name "${CMAKE_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/${header}")
        string(MAKE_C_IDENTIFIER "${name}" id)
        set(stub "${CMAKE_BINARY_DIR}/headers/${id}.c")
        file(GENERATE OUTPUT "${stub}" CONTENT "#include \"${name}\"\nextern int ${id}_alone;\n")
        list(APPEND stubs "${stub}")
    endforeach()
    if(stubs)
        add_library(${target}_headers OBJECT EXCLUDE_FROM_ALL ${stubs})
        target_link_libraries(${target}_headers PRIVATE ${target})
        shilling_compile_rules(${target}_headers ${floor})
        if(NOT TARGET all_headers)
            add_custom_target(all_headers)
        endif()
        add_dependencies(all_headers ${target}_headers)
    endif()
endfunction()

# shilling_library(<target> FLOOR <floor> SOURCES ... HEADERS ... LINKS ... LIBRARIES ...)
#   LINKS      other Shilling targets (public: their headers are part of ours)
#   LIBRARIES  outside libraries (private unless a header needs them: then PUBLIC_LIBRARIES)
function(shilling_library target)
    cmake_parse_arguments(arg "" "FLOOR" "SOURCES;HEADERS;LINKS;LIBRARIES;PUBLIC_LIBRARIES" ${ARGN})
    add_library(${target} STATIC ${arg_SOURCES})
    shilling_view(${arg_FLOOR} view)
    target_include_directories(${target} PUBLIC "${view}")
    target_link_libraries(${target} PUBLIC ${arg_LINKS} ${arg_PUBLIC_LIBRARIES}
                                    PRIVATE ${arg_LIBRARIES})
    shilling_compile_rules(${target} ${arg_FLOOR})
    shilling_check_headers(${target} ${arg_FLOOR} ${arg_HEADERS})
endfunction()

# shilling_program(<target> FLOOR <floor> [OUTPUT name] SOURCES ... LINKS ... LIBRARIES ...)
# The binary lands in <build>/bin/, so that scripts need to know one folder only.
function(shilling_program target)
    cmake_parse_arguments(arg "" "FLOOR;OUTPUT" "SOURCES;LINKS;LIBRARIES" ${ARGN})
    add_executable(${target} ${arg_SOURCES})
    shilling_view(${arg_FLOOR} view)
    target_include_directories(${target} PRIVATE "${view}")
    target_link_libraries(${target} PRIVATE ${arg_LINKS} ${arg_LIBRARIES})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin"
                                               POSITION_INDEPENDENT_CODE ON)
    if(arg_OUTPUT)
        set_target_properties(${target} PROPERTIES OUTPUT_NAME ${arg_OUTPUT})
    endif()
    shilling_compile_rules(${target} ${arg_FLOOR})
endfunction()

# shilling_test(<name> SOURCES ... LINKS ... [LABELS ...] [ARGS ...]): one cmocka-free unit test
# program on tests/unit/test.h; registered with CTest under the same name.
function(shilling_test name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINKS;LIBRARIES;LABELS;ARGS" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    shilling_view(tests view)
    target_include_directories(${name} PRIVATE "${view}")
    target_link_libraries(${name} PRIVATE ${arg_LINKS} ${arg_LIBRARIES})
    set_target_properties(${name} PROPERTIES
                          RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/unit")
    shilling_compile_rules(${name} tests)
    add_test(NAME ${name} COMMAND ${name} ${arg_ARGS} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set_tests_properties(${name} PROPERTIES TIMEOUT 120)
    if(NOT arg_LABELS)
        set(arg_LABELS unit)
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}")
endfunction()

# shilling_fuzz(<name> SOURCE file.c LINKS ...): a libFuzzer target (preset fuzz). In every other
# build the same file is compiled with tests/fuzz/replay.c and run once over its saved corpus.
function(shilling_fuzz name)
    cmake_parse_arguments(arg "" "SOURCE" "LINKS;LIBRARIES" ${ARGN})
    if(SHILLING_FUZZ)
        add_executable(${name} ${arg_SOURCE})
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
        add_executable(${name} ${arg_SOURCE} "${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c")
        add_test(NAME ${name}_corpus
                 COMMAND ${name} "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}")
        set_tests_properties(${name}_corpus PROPERTIES TIMEOUT 120 LABELS fuzz)
    endif()
    target_link_libraries(${name} PRIVATE ${arg_LINKS} ${arg_LIBRARIES})
    set_target_properties(${name} PROPERTIES
                          RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/fuzz")
    shilling_compile_rules(${name} tests)
endfunction()
