/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/part.h"

#include <stdarg.h>
#include <stdlib.h>

#include "common/must.h"
#include "common/str.h"

/* The auditor cannot go on without memory, and half a result is none. */
static void *grown(void *list, size_t *room, size_t item_size)
{
    *room = *room == 0 ? 16 : *room * 2;
    void *grown_list = realloc(list, *room * item_size);
    MUST(grown_list != NULL);
    return grown_list;
}

void part_init(struct part *part)
{
    *part = (struct part){0};
}

void part_clear(struct part *part, const char *name)
{
    part->found_count = 0;
    part->sum_count = 0;
    str_format_cut(part->name, sizeof(part->name), "%s", name);
}

void part_finish(struct part *part)
{
    free(part->found);
    free(part->sums);
    *part = (struct part){0};
}

void part_find(struct part *part, enum finding finding, struct part_subject about,
               const char *format, ...)
{
    if (finding_rule(finding)->weight == WEIGHT_NOTE) {
        part_add(part, TALLY_NOTE, (int64_t)finding, about.fen);
        return;
    }
    if (part->found_count == part->found_room) {
        part->found = grown(part->found, &part->found_room, sizeof(*part->found));
    }
    struct part_found *found = &part->found[part->found_count];
    va_list values;
    part->found_count += 1;
    found->finding = finding;
    found->fen = about.fen;
    str_format_cut(found->subject, sizeof(found->subject), "%s", about.subject);
    va_start(values, format);
    str_vformat_cut(found->text, sizeof(found->text), format, values);
    va_end(values);
}

void part_add(struct part *part, enum part_tally tally, int64_t key, int64_t fen)
{
    for (size_t i = part->sum_count; i > 0; i--) {
        struct part_sum *sum = &part->sums[i - 1];
        if (sum->tally == tally && sum->key == key) {
            sum->count += 1;
            sum->fen += fen;
            return;
        }
    }
    if (part->sum_count == part->sum_room) {
        part->sums = grown(part->sums, &part->sum_room, sizeof(*part->sums));
    }
    part->sums[part->sum_count] =
        (struct part_sum){.tally = tally, .key = key, .count = 1, .fen = fen};
    part->sum_count += 1;
}
