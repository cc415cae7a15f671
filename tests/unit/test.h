/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_TEST_H
#define SHILLING_TESTS_UNIT_TEST_H

/*
 * A test program is one .c file: TEST(name) { ... } blocks, then TEST_MAIN(). It prints TAP, runs
 * only the tests whose name contains `--filter TEXT`, and exits non-zero if a check failed. A
 * failed check prints both values and ends its test, not the program.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEST_COUNT_MAX = 256 };

struct test_case {
    const char *name;
    void (*run)(void);
};

static struct test_case test_cases[TEST_COUNT_MAX];
static size_t test_count;
static jmp_buf test_abort;
static uint64_t test_seed = 1; /* --seed N: for tests that draw */

#define TEST(name)                                                                                 \
    static void test_##name(void);                                                                 \
    __attribute__((constructor)) static void test_register_##name(void)                            \
    {                                                                                              \
        if (test_count < TEST_COUNT_MAX) {                                                         \
            test_cases[test_count++] = (struct test_case){#name, test_##name};                     \
        }                                                                                          \
    }                                                                                              \
    static void test_##name(void)

#define TEST_FAIL(...)                                                                             \
    do {                                                                                           \
        (void)printf("# %s:%d: ", __FILE__, __LINE__);                                             \
        (void)printf(__VA_ARGS__);                                                                 \
        (void)printf("\n");                                                                        \
        longjmp(test_abort, 1);                                                                    \
    } while (0)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            TEST_FAIL("%s is false", #condition);                                                  \
        }                                                                                          \
    } while (0)

#define CHECK_EQ_I64(a, b)                                                                         \
    do {                                                                                           \
        int64_t check_a = (int64_t)(+(a));                                                         \
        int64_t check_b = (int64_t)(+(b));                                                         \
        if (check_a != check_b) {                                                                  \
            TEST_FAIL("%s is %" PRId64 ", not %" PRId64, #a, check_a, check_b);                    \
        }                                                                                          \
    } while (0)

#define CHECK_EQ_U64(a, b)                                                                         \
    do {                                                                                           \
        uint64_t check_a = (uint64_t)(+(a));                                                       \
        uint64_t check_b = (uint64_t)(+(b));                                                       \
        if (check_a != check_b) {                                                                  \
            TEST_FAIL("%s is %" PRIu64 ", not %" PRIu64, #a, check_a, check_b);                    \
        }                                                                                          \
    } while (0)

#define CHECK_EQ_STR(a, b)                                                                         \
    do {                                                                                           \
        const char *check_a = (a);                                                                 \
        const char *check_b = (b);                                                                 \
        if (strcmp(check_a, check_b) != 0) {                                                       \
            TEST_FAIL("%s is \"%s\", not \"%s\"", #a, check_a, check_b);                           \
        }                                                                                          \
    } while (0)

#define CHECK_EQ_MEM(a, b, size)                                                                   \
    do {                                                                                           \
        if (memcmp((a), (b), (size)) != 0) {                                                       \
            TEST_FAIL("%s and %s differ in their first %zu bytes", #a, #b, (size_t)(size));        \
        }                                                                                          \
    } while (0)

/* A frame of its own, so that longjmp finds no half-updated counters in it. */
__attribute__((noinline)) static bool test_run_one(const struct test_case *test)
{
    if (setjmp(test_abort) != 0) {
        return false;
    }
    test->run();
    return true;
}

static int test_run_all(const char *filter)
{
    size_t failed = 0;
    size_t number = 0;
    for (size_t i = 0; i < test_count; i++) {
        if (filter != NULL && strstr(test_cases[i].name, filter) == NULL) {
            continue;
        }
        number += 1;
        bool ok = test_run_one(&test_cases[i]);
        failed += ok ? 0 : 1;
        (void)printf("%s %zu - %s\n", ok ? "ok" : "not ok", number, test_cases[i].name);
        (void)fflush(stdout);
    }
    (void)printf("1..%zu\n", number);
    return failed == 0 && number > 0 ? 0 : 1;
}

static int test_main(int argc, char **argv)
{
    const char *filter = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--filter") == 0) {
            filter = argv[i + 1];
        } else if (strcmp(argv[i], "--seed") == 0) {
            test_seed = strtoull(argv[i + 1], NULL, 10);
        }
    }
    (void)test_seed;
    return test_run_all(filter);
}

#define TEST_MAIN()                                                                                \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return test_main(argc, argv);                                                              \
    }

#endif
