/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_COMPILER_H
#define SHILLING_COMMON_COMPILER_H

/* The compiler attributes we use, in one place, so that a third compiler needs one file. */

/* The result must be looked at. Every function that can fail carries it. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* printf-like: the format is argument @p f, its values begin at argument @p a (1-based). */
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Runs @p fn with the variable's address when it leaves its scope. Leaf resources only. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Keeps large frames of callees from adding up in one caller. */
#define NOINLINE __attribute__((noinline))

#define UNUSED __attribute__((unused))
#define NORETURN __attribute__((noreturn))

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
