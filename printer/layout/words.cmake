# SPDX-License-Identifier: Apache-2.0
# cmake -D IN=words.txt -D OUT=words.c -P words.cmake: the texts as a C table. A name that the
# enum lacks does not compile; a name that the file lacks is found by the layout's test.
file(STRINGS "${IN}" lines ENCODING UTF-8)
set(table "")
foreach(line IN LISTS lines)
    if(line MATCHES "^([A-Z0-9_]+) (.+)$")
        string(APPEND table "    [WORD_${CMAKE_MATCH_1}] = \"${CMAKE_MATCH_2}\",\n")
    elseif(NOT line MATCHES "^#")
        message(FATAL_ERROR "${IN}: neither a word nor a comment: ${line}")
    endif()
endforeach()
file(WRITE "${OUT}" "/* Made from words.txt. */\n#include \"printer/layout/words.h\"\n\n"
    "#include \"common/must.h\"\n\n"
    "static const char *const texts[WORD_COUNT] = {\n    [WORD_NONE] = \"\",\n${table}};\n\n"
    "const char *word_text(enum word word)\n{\n    MUST(word < WORD_COUNT);\n"
    "    MUST(texts[word] != 0);\n    return texts[word];\n}\n")
