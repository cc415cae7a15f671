# SPDX-License-Identifier: Apache-2.0
# cmake -DFOLDER=migrations -DOUT=file.c -P embed.cmake: the .sql files of FOLDER, in the order of
# their numbers, as one C file with the array store_migrations.
file(GLOB files "${FOLDER}/*.sql")
list(SORT files)
set(texts "")
set(rows "")
set(last 0)
foreach(file IN LISTS files)
    get_filename_component(name "${file}" NAME_WE)
    if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])-[a-z0-9-]+$")
        message(FATAL_ERROR "${file}: not named NNNN-words.sql")
    endif()
    string(REGEX MATCH "[1-9][0-9]*$" version "${CMAKE_MATCH_1}")
    if(version EQUAL last)
        message(FATAL_ERROR "${file}: number ${version} is there twice")
    endif()
    set(last ${version})
    file(READ "${file}" hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REPEAT "....," 17 row)
    string(REGEX REPLACE "(${row})" "\\1\n    " bytes "${bytes}")
    string(APPEND texts "static const char sql_${version}[] = {\n    ${bytes}0x00};\n")
    string(APPEND rows "    {${version}, \"${name}\", sql_${version},"
                       " sizeof(sql_${version}) - 1},\n")
endforeach()
file(WRITE "${OUT}" "/* Made by embed.cmake. Do not edit. */\n"
     "#include \"cloud/store/store_internal.h\"\n\n${texts}\n"
     "const struct migration store_migrations[] = {\n${rows}};\n"
     "const size_t store_migration_count =\n"
     "    sizeof(store_migrations) / sizeof(store_migrations[0]);\n")
