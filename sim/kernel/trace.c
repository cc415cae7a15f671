/* SPDX-License-Identifier: Apache-2.0 */
/* The newest events as text, and the hash of all of them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/kernel/kernel.h"

enum { TEXT_SIZE = 40 };

struct line {
    int64_t at_ns;
    char what[TEXT_SIZE];
    char who[TEXT_SIZE];
    int64_t a;
    int64_t b;
};

/* One a process, as the kernel itself is. */
static struct trace {
    uint64_t hash;
    struct line lines[KERNEL_TRACE_MAX];
    uint64_t line_count;
} trace;

void kernel_trace_begin(void)
{
    trace.hash = UINT64_C(0xCBF29CE484222325);
    trace.line_count = 0;
}

static void fold(uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        trace.hash = (trace.hash ^ (value >> (8 * i) & 0xFF)) * UINT64_C(0x100000001B3);
    }
}

static void fold_text(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        trace.hash = (trace.hash ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
    }
}

static void copy_cut(char ret_text[TEXT_SIZE], const char *text)
{
    const size_t len = strnlen(text, TEXT_SIZE - 1);
    memcpy(ret_text, text, len);
    ret_text[len] = '\0';
}

void kernel_trace(const char *what, const char *who, int64_t a, int64_t b)
{
    struct line *line = &trace.lines[trace.line_count % KERNEL_TRACE_MAX];
    trace.line_count += 1;
    line->at_ns = kernel_now_ns();
    line->a = a;
    line->b = b;
    copy_cut(line->what, what);
    copy_cut(line->who, who);
    fold((uint64_t)kernel_now_ns());
    fold_text(what);
    fold_text(who);
    fold((uint64_t)a);
    fold((uint64_t)b);
}

uint64_t kernel_trace_hash(void)
{
    return trace.hash;
}

void kernel_trace_print(void)
{
    const uint64_t first =
        trace.line_count > KERNEL_TRACE_MAX ? trace.line_count - KERNEL_TRACE_MAX : 0;
    for (uint64_t i = first; i < trace.line_count; i++) {
        const struct line *line = &trace.lines[i % KERNEL_TRACE_MAX];
        (void)printf("%12" PRId64 " ms  %-24s %-34s %" PRId64 " %" PRId64 "\n",
                     line->at_ns / KERNEL_MS, line->what, line->who, line->a, line->b);
    }
}
