/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/admin/reader_metrics.h"

#include <inttypes.h>

static void head(struct strbuf *out, const char *name, const char *help)
{
    strbuf_addf(out, "# HELP shilling_%s %s\n# TYPE shilling_%s gauge\n", name, help, name);
}

/* A label's value, as the text format wants it. */
static void label(struct strbuf *out, const char *name, const char *value)
{
    strbuf_addf(out, "%s=\"", name);
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            strbuf_add_char(out, '\\');
        }
        strbuf_add_char(out, *at);
    }
    strbuf_add_char(out, '"');
}

static void put_events(struct strbuf *out, const struct terminal_reader *reader)
{
    for (size_t i = 0; i < CARDLINK_COUNTS; i++) {
        if (reader->counts[i] >= 0) {
            strbuf_add(out, "shilling_card_reader_events{");
            label(out, "terminal", reader->terminal_id);
            strbuf_addf(out, ",event=\"%s\"} %" PRId64 "\n",
                        cardlink_count_name((enum cardlink_count)i), reader->counts[i]);
        }
    }
}

static void put_chip(struct strbuf *out, const struct terminal_reader *reader)
{
    strbuf_add(out, "shilling_card_reader_chip{");
    label(out, "terminal", reader->terminal_id);
    strbuf_add_char(out, ',');
    label(out, "chip", reader->chip);
    strbuf_add(out, "} 1\n");
}

static void put_age(struct strbuf *out, const struct terminal_reader *reader)
{
    strbuf_add(out, "shilling_card_reader_told_seconds{");
    label(out, "terminal", reader->terminal_id);
    strbuf_addf(out, "} %" PRId64 "\n", reader->age_s);
}

static void put_all(struct strbuf *out, const struct terminal_readers *readers,
                    void (*put)(struct strbuf *out, const struct terminal_reader *reader))
{
    for (size_t i = 0; i < readers->count; i++) {
        put(out, &readers->all[i]);
    }
}

void reader_metrics_write(struct strbuf *out, const struct terminal_readers *readers)
{
    if (readers->count == 0) {
        return;
    }
    head(out, "card_reader_events",
         "counted by the terminal's card driver since it was started; a restart begins at 0");
    put_all(out, readers, put_events);
    head(out, "card_reader_chip", "always 1; the reader's chip and its firmware");
    put_all(out, readers, put_chip);
    head(out, "card_reader_told_seconds", "since the terminal told these two");
    put_all(out, readers, put_age);
}
