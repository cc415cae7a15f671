/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/cardlink/cardlink.h"
#include "protocol/cardlink/line.h"

static const char *const SAY_NAMES[CARDLINK_SAY_COUNT] = {
    [CARDLINK_SAY_READER] = "reader", [CARDLINK_SAY_CARD] = "card",   [CARDLINK_SAY_READ] = "read",
    [CARDLINK_SAY_WRITE] = "write",   [CARDLINK_SAY_RELAY] = "relay",
};

static const char *const PRESENCE_NAMES[CARDLINK_PRESENCE_COUNT] = {
    [CARDLINK_PRESENT] = "present",
    [CARDLINK_TWO] = "two",
    [CARDLINK_GONE] = "gone",
};

enum { ATS_TEXT_SIZE = 2 * CARDLINK_ATS_SIZE_MAX + 1 };

/* --- writing --------------------------------------------------------------------------------- */

static void put_reader(json_t *root, const struct cardlink_report *report)
{
    json_put_text(root, "state", cardlink_reader_name(report->reader));
    json_put_text(root, "detail", report->detail);
    if (report->chip[0] != '\0') {
        json_put_text(root, "chip", report->chip);
    }
    if (report->has_counts) {
        json_t *counts = json_object();
        MUST(counts != NULL);
        for (size_t i = 0; i < CARDLINK_COUNTS; i++) {
            json_put_int(counts, cardlink_count_name((enum cardlink_count)i),
                         (int64_t)report->counts[i]);
        }
        json_put(root, "counts", counts);
    }
}

static void put_card(json_t *root, const struct cardlink_report *report)
{
    MUST(report->presence < CARDLINK_PRESENCE_COUNT);
    json_put_text(root, "state", PRESENCE_NAMES[report->presence]);
    if (report->presence != CARDLINK_TWO) {
        json_put_int(root, "card", report->card);
    }
    if (report->presence == CARDLINK_PRESENT) {
        uint8_t atqa[2];
        put_be16(atqa, report->atqa);
        MUST(report->ats_size <= CARDLINK_ATS_SIZE_MAX);
        line_hex_put(root, "uid", report->uid.bytes, report->uid.size);
        line_hex_put(root, "atqa", atqa, sizeof(atqa));
        line_hex_put(root, "sak", &report->sak, 1);
        line_hex_put(root, "ats", report->ats, report->ats_size);
        json_put_text(root, "family", cardlink_family_name(report->family));
    }
}

static json_t *record_make(const struct cardlink_record *record)
{
    char text[CARD_RECORD_TEXT_SIZE];
    if (!record->read) {
        return json_null();
    }
    card_record_format(record->bytes, text);
    return json_string(text);
}

static void put_slots(json_t *root, const char *member,
                      const struct cardlink_record records[CARD_SLOTS])
{
    json_t *list = json_array();
    MUST(list != NULL);
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        int failed = json_array_append_new(list, record_make(&records[i]));
        MUST(failed == 0);
    }
    json_put(root, member, list);
}

static void put_answers(json_t *root, const struct cardlink_report *report)
{
    MUST(report->answer_count <= APDU_COUNT_MAX);
    json_t *list = json_array();
    MUST(list != NULL);
    for (size_t i = 0; i < report->answer_count; i++) {
        char text[APDU_TEXT_SIZE];
        apdu_format(&report->answers[i], text);
        int failed = json_array_append_new(list, json_string(text));
        MUST(failed == 0);
    }
    json_put(root, "answers", list);
}

static void put_done(json_t *root, const struct cardlink_report *report)
{
    const char *error = cardlink_error_name(report->error);
    json_put_text(root, "id", report->id);
    json_put_text(root, "outcome", outcome_name(report->outcome));
    json_put_text(root, "error", error[0] != '\0' ? error : NULL);
    if (report->say == CARDLINK_SAY_RELAY) {
        put_answers(root, report);
        return;
    }
    put_slots(root, "credit", report->credit);
    if (report->say == CARDLINK_SAY_READ) {
        put_slots(root, "return", report->returns);
        json_put(root, "issue", record_make(&report->issue));
    }
}

bool cardlink_report_encode(const struct cardlink_report *report, char *ret_line, size_t size)
{
    MUST(report->say < CARDLINK_SAY_COUNT);
    json_t *root = json_object();
    MUST(root != NULL);
    json_put_text(root, "op", SAY_NAMES[report->say]);
    switch (report->say) {
    case CARDLINK_SAY_READER:
        put_reader(root, report);
        break;
    case CARDLINK_SAY_CARD:
        put_card(root, report);
        break;
    case CARDLINK_SAY_READ:
    case CARDLINK_SAY_WRITE:
    case CARDLINK_SAY_RELAY:
        put_done(root, report);
        break;
    case CARDLINK_SAY_COUNT:
        MUST_NOT_REACH();
    }
    return line_print(root, ret_line, size);
}

/* --- reading --------------------------------------------------------------------------------- */

static void reader_read(struct json_reader *r, struct cardlink_report *report)
{
    size_t reader = line_word_read(r, "state", LINE_READERS, CARDLINK_READER_COUNT);
    report->reader = (enum cardlink_reader)reader;
    json_text_or_empty(r, "detail", report->detail, sizeof(report->detail));
    json_text_or_empty(r, "chip", report->chip, sizeof(report->chip));
    report->has_counts = json_has(r, "counts");
    if (!report->has_counts) {
        return;
    }
    struct json_reader counts = json_reader(json_object_at(r, "counts"));
    for (size_t i = 0; i < CARDLINK_COUNTS; i++) {
        report->counts[i] =
            (uint64_t)json_int(&counts, cardlink_count_name((enum cardlink_count)i), 0, INT64_MAX);
    }
    if (json_failed(&counts)) {
        json_refuse(r, "counts");
    }
}

/* Hex of @p size bytes. */
static void hex_read(struct json_reader *r, const char *member, uint8_t *ret_bytes, size_t size)
{
    char text[ATS_TEXT_SIZE];
    json_text(r, member, text, sizeof(text));
    if (!json_failed(r) && !line_hex_parse(text, ret_bytes, size)) {
        json_refuse(r, member);
    }
}

static void ats_read(struct json_reader *r, struct cardlink_report *report)
{
    char text[ATS_TEXT_SIZE];
    json_text_or_empty(r, "ats", text, sizeof(text));
    report->ats_size = strlen(text) / 2;
    if (!json_failed(r) && !line_hex_parse(text, report->ats, report->ats_size)) {
        json_refuse(r, "ats");
    }
}

static void present_read(struct json_reader *r, struct cardlink_report *report)
{
    char uid[CARD_UID_TEXT_SIZE];
    uint8_t atqa[2] = {0};
    json_text(r, "uid", uid, sizeof(uid));
    if (!json_failed(r) && !card_uid_parse(uid, &report->uid)) {
        json_refuse(r, "uid");
    }
    hex_read(r, "atqa", atqa, sizeof(atqa));
    hex_read(r, "sak", &report->sak, 1);
    ats_read(r, report);
    report->atqa = get_be16(atqa);
    size_t family = line_word_read(r, "family", LINE_FAMILIES, CARDLINK_FAMILY_COUNT);
    report->family = (enum cardlink_family)family;
}

static void card_read(struct json_reader *r, struct cardlink_report *report)
{
    size_t presence = line_word_read(r, "state", PRESENCE_NAMES, CARDLINK_PRESENCE_COUNT);
    report->presence = (enum cardlink_presence)presence;
    if (report->presence != CARDLINK_TWO) {
        report->card = (uint32_t)json_int(r, "card", 0, UINT32_MAX);
    }
    if (!json_failed(r) && report->presence == CARDLINK_PRESENT) {
        present_read(r, report);
    }
}

static bool record_read(const json_t *value, struct cardlink_record *ret_record)
{
    ret_record->read = !json_is_null(value);
    if (!ret_record->read) {
        return value != NULL;
    }
    const char *text = json_string_value(value);
    return text != NULL && card_record_parse(text, ret_record->bytes);
}

static void slots_read(struct json_reader *r, const char *member,
                       struct cardlink_record ret_records[CARD_SLOTS])
{
    const json_t *list = json_array_at(r, member);
    bool ok = json_array_size(list) == CARD_SLOTS;
    for (size_t i = 0; ok && i < CARD_SLOTS; i++) {
        ok = record_read(json_array_get(list, i), &ret_records[i]);
    }
    if (!ok) {
        json_refuse(r, member);
    }
}

static void issue_read(struct json_reader *r, struct cardlink_record *ret_record)
{
    char text[CARD_RECORD_TEXT_SIZE];
    json_text_or_empty(r, "issue", text, sizeof(text));
    ret_record->read = text[0] != '\0';
    if (ret_record->read && !card_record_parse(text, ret_record->bytes)) {
        json_refuse(r, "issue");
    }
}

static void answers_read(struct json_reader *r, struct cardlink_report *report)
{
    const json_t *list = json_array_at(r, "answers");
    size_t count = json_array_size(list);
    if (count > APDU_COUNT_MAX) {
        json_refuse(r, "answers");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL || !apdu_parse(text, &report->answers[i])) {
            json_refuse(r, "answers");
            return;
        }
    }
    report->answer_count = count;
}

static void error_read(struct json_reader *r, struct cardlink_report *report)
{
    char word[CARDLINK_ERROR_SIZE];
    json_text_or_empty(r, "error", word, sizeof(word));
    size_t at = line_word_find(LINE_ERRORS, CARDLINK_ERROR_COUNT, word);
    if (at == CARDLINK_ERROR_COUNT) {
        json_refuse(r, "error");
        return;
    }
    report->error = (enum cardlink_error)at;
}

static void done_read(struct json_reader *r, struct cardlink_report *report)
{
    char word[CARDLINK_ERROR_SIZE];
    line_id_read(r, report->id);
    json_text(r, "outcome", word, sizeof(word));
    if (!json_failed(r) && !outcome_parse(word, &report->outcome)) {
        json_refuse(r, "outcome");
    }
    error_read(r, report);
    if (report->say == CARDLINK_SAY_RELAY) {
        answers_read(r, report);
        return;
    }
    slots_read(r, "credit", report->credit);
    if (report->say == CARDLINK_SAY_READ) {
        slots_read(r, "return", report->returns);
        issue_read(r, &report->issue);
    }
}

bool cardlink_report_decode(const char *line, size_t size, struct cardlink_report *ret_report,
                            const char **ret_field)
{
    json_t *root = json_parse_object(line, size, CARDLINK_LINE_SIZE);
    struct json_reader r = json_reader(root);
    memset(ret_report, 0, sizeof(*ret_report));
    size_t say = line_word_read(&r, "op", SAY_NAMES, CARDLINK_SAY_COUNT);
    ret_report->say = (enum cardlink_say)say;
    if (json_failed(&r)) {
        *ret_field = root == NULL ? "(line)" : "op";
        json_decref(root);
        return false;
    }
    switch (ret_report->say) {
    case CARDLINK_SAY_READER:
        reader_read(&r, ret_report);
        break;
    case CARDLINK_SAY_CARD:
        card_read(&r, ret_report);
        break;
    case CARDLINK_SAY_READ:
    case CARDLINK_SAY_WRITE:
    case CARDLINK_SAY_RELAY:
        done_read(&r, ret_report);
        break;
    case CARDLINK_SAY_COUNT:
        break;
    }
    bool ok = !json_failed(&r);
    *ret_field = json_field(&r);
    json_decref(root);
    return ok;
}
