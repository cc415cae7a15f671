/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/flow/card_convert.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "kiosk/flow/convert.h"
#include "protocol/api/error.h"

_Static_assert(API_CARD_APDUS_MAX <= (int)APDU_COUNT_MAX, "a round that no driver takes");
_Static_assert(API_CARD_KEYS_MAX <= (int)CARDLINK_KEYS_MAX, "keys that no driver takes");
_Static_assert((int)API_CARD_SLOTS == (int)CARD_SLOTS, "slots are told one by one");

/* For texts that people read: a cut end is better than no text. */
#define SHOW(array, text) str_format_cut((array), sizeof(array), "%s", (text))

struct word {
    const char *word;
    enum session_card_trouble trouble;
};

static enum session_card_trouble find(const struct word *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(words[i].word, word)) {
            return words[i].trouble;
        }
    }
    return SESSION_CARD_REFUSED;
}

enum session_card_trouble convert_card_error(enum cardlink_error error)
{
    switch (error) {
    case CARDLINK_CARD_GONE:
        return SESSION_CARD_LEFT_EARLY;
    case CARDLINK_WRONG_CARD:
        return SESSION_CARD_OTHER;
    case CARDLINK_AUTH: /* also a card that lies askew; a try more does no harm */
    case CARDLINK_FORGED:
    case CARDLINK_EXPIRED:
    case CARDLINK_NEWER:
    case CARDLINK_REFUSED:
        return SESSION_CARD_EXPIRED;
    case CARDLINK_DAMAGED:
        return SESSION_CARD_DAMAGED;
    case CARDLINK_OK: /* not done, and no word why */
    case CARDLINK_READER:
    case CARDLINK_BUSY:
    case CARDLINK_ERROR_COUNT:
        break;
    }
    return SESSION_CARD_READER;
}

enum session_card_trouble convert_card_standing(enum api_card_standing standing)
{
    switch (standing) {
    case API_CARD_BLOCKED:
        return SESSION_CARD_BLOCKED;
    case API_CARD_LOST:
        return SESSION_CARD_LOST;
    case API_CARD_REPLACED:
        return SESSION_CARD_REPLACED;
    case API_CARD_OTHER_SITE:
        return SESSION_CARD_OTHER_SITE;
    case API_CARD_OURS:
    case API_CARD_FOREIGN:
    case API_CARD_STANDING_COUNT:
        break;
    }
    return SESSION_CARD_NOT_OURS;
}

enum session_card_trouble convert_card_refusal(const char *code)
{
    static const struct word words[] = {
        {API_ERROR_WRONG_CARD, SESSION_CARD_OTHER},
        {API_ERROR_NOT_PAID, SESSION_CARD_NOT_PAID},
        {API_ERROR_RETURN_CASE, SESSION_CARD_RETURN_CASE},
        {API_ERROR_CARD_STALE, SESSION_CARD_SESSION_OVER},
        {API_ERROR_CARD_SESSION, SESSION_CARD_SESSION_OVER},
        /* The server cannot just now, whatever the card: told again, it may. */
        {API_ERROR_BUSY, SESSION_CARD_NETWORK},
        {API_ERROR_OUT_OF_SERVICE, SESSION_CARD_NETWORK},
        {API_ERROR_DISK_FULL, SESSION_CARD_NETWORK},
        {API_ERROR_INTERNAL, SESSION_CARD_NETWORK},
    };
    return find(words, ARRAY_COUNT(words), code);
}

enum session_card_trouble convert_card_reason(const char *reason)
{
    static const struct word words[] = {
        {"not_read", SESSION_CARD_DAMAGED},
        {"bad_mac", SESSION_CARD_FORGED},
        {"wrong_meter", SESSION_CARD_FORGED},
        {"not_ours", SESSION_CARD_FORGED},
        {"return_case", SESSION_CARD_RETURN_CASE},
        {"not_loaded", SESSION_CARD_NOT_LOADED},
        {"full", SESSION_CARD_FULL},
        {"blocked", SESSION_CARD_BLOCKED},
    };
    return find(words, ARRAY_COUNT(words), reason);
}

void convert_card_text(char *ret_text, size_t text_size, const char *text)
{
    convert_reason(ret_text, text_size, text);
}

/* "Never" is of the meter's word; what was bought before that is on the card, and not in it. */
static enum session_loaded loaded_of(const struct api_card_view *api)
{
    switch (api->loaded) {
    case API_CARD_LOADED_YES:
        return SESSION_LOADED_YES;
    case API_CARD_LOADED_NO:
        return SESSION_LOADED_NO;
    case API_CARD_LOADED_NEVER:
    case API_CARD_LOADED_COUNT:
        break;
    }
    return api->has_last ? SESSION_LOADED_NO : SESSION_LOADED_NEVER;
}

/* What is to be finished before anything can be sold: an order, or a document of the office. */
static void owed_copy(const struct api_card_view *api, struct session_card_view *view)
{
    bool writes = api->state == API_CARD_OWED || api->state == API_CARD_REPAIR;
    if (!writes) {
        return;
    }
    view->has_write = api->has_write;
    view->repair = api->state == API_CARD_REPAIR;
    view->takes_back = view->repair && str_equal(api->reason, "return_case");
    view->owed = money_fen(api->has_owed ? api->owed_fen : 0);
    const char *order_no = api->has_owed ? api->owed_order_no : api->write.order_no;
    bool fits = str_copy(view->owed_order_no, sizeof(view->owed_order_no), order_no);
    MUST(fits);
}

void convert_card_view(const struct api_card_view *api, const char *uid,
                       struct session_card_view *ret_view)
{
    struct session_card_view view = {
        .balance_known = api->has_balance,
        .balance = money_fen(api->balance_fen),
        .balance_at = api->balance_at,
        .loaded = loaded_of(api),
        .headroom_known = api->has_headroom,
        .headroom = money_fen(api->headroom_fen),
        .last_top_up = money_fen(api->has_last ? api->last_fen : 0),
        .last_top_up_at = api->has_last ? api->last_at : 0,
    };
    bool fits = str_copy(view.session_id, sizeof(view.session_id), api->session_id) &&
                str_copy(view.uid, sizeof(view.uid), uid) &&
                str_copy(view.room_id, sizeof(view.room_id), api->room_id) &&
                str_copy(view.meter_id, sizeof(view.meter_id), api->meter_id);
    MUST(fits);
    SHOW(view.place, api->place);
    SHOW(view.customer, api->customer_masked);
    SHOW(view.meter_tail, api->meter_tail);
    if (api->state == API_CARD_REFUSED) {
        view.trouble = convert_card_reason(api->reason);
        convert_card_text(view.trouble_text, sizeof(view.trouble_text), api->reason);
    }
    owed_copy(api, &view);
    *ret_view = view;
}

bool convert_card_keys(const struct api_card_keys *api, struct cardlink_keys *ret_keys)
{
    *ret_keys = (struct cardlink_keys){0};
    for (size_t i = 0; i < api->count; i++) {
        struct cardlink_key *key = &ret_keys->all[i];
        size_t size = 0;
        bool whole = hex_parse(api->keys[i].key, strlen(api->keys[i].key), key->key,
                               sizeof(key->key), &size, NULL) &&
                     size == sizeof(key->key);
        if (!whole) {
            return false;
        }
        key->sector = (uint8_t)api->keys[i].sector;
        key->kind = api->keys[i].kind;
    }
    ret_keys->count = api->count;
    return true;
}

bool convert_card_script(const struct api_card_script *api, struct cardlink_request *request)
{
    for (size_t i = 0; i < api->count; i++) {
        struct cardlink_apdu *to = &request->apdus[i];
        const char *expect = api->apdus[i].expect;
        uint8_t status[2] = {0};
        size_t size = 0;
        to->expects = expect[0] != '\0';
        bool known = !to->expects ||
                     (hex_parse(expect, strlen(expect), status, sizeof(status), &size, NULL) &&
                      size == sizeof(status));
        if (!known || !apdu_parse(api->apdus[i].apdu, &to->apdu)) {
            return false;
        }
        to->expect = (uint16_t)(status[0] << 8 | status[1]);
    }
    request->apdu_count = api->count;
    return api->count > 0;
}

static void record_copy(const struct cardlink_record *record, char ret_hex[API_CARD_RECORD_SIZE])
{
    ret_hex[0] = '\0';
    if (record->read) {
        bool fits =
            hex_format(record->bytes, sizeof(record->bytes), '\0', ret_hex, API_CARD_RECORD_SIZE);
        MUST(fits);
    }
}

void convert_card_read(const struct cardlink_report *report, struct api_card_read *ret_read)
{
    *ret_read = (struct api_card_read){0};
    for (size_t i = 0; i < API_CARD_SLOTS; i++) {
        record_copy(&report->credit[i], ret_read->credit[i]);
        record_copy(&report->returns[i], ret_read->returned[i]);
    }
    record_copy(&report->issue, ret_read->issue);
}

size_t convert_card_answers(const struct cardlink_report *report,
                            struct api_card_apdu answers[API_CARD_APDUS_MAX])
{
    size_t count = report->answer_count < API_CARD_APDUS_MAX ? report->answer_count
                                                             : (size_t)API_CARD_APDUS_MAX;
    for (size_t i = 0; i < count; i++) {
        answers[i] = (struct api_card_apdu){0};
        _Static_assert((int)API_CARD_APDU_SIZE >= (int)APDU_TEXT_SIZE, "an answer must fit");
        apdu_format(&report->answers[i], answers[i].apdu);
    }
    return count;
}

void convert_card_counts(const struct cardlink_report *report, struct api_reader_counts *ret_counts)
{
    *ret_counts = (struct api_reader_counts){.told = true};
    SHOW(ret_counts->chip, report->chip);
    for (char *at = ret_counts->chip; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~') {
            *at = '?';
        }
    }
    for (size_t i = 0; i < CARDLINK_COUNTS; i++) {
        bool fits = report->counts[i] <= (uint64_t)API_COUNT_MAX;
        ret_counts->counts[i] = fits ? (int64_t)report->counts[i] : API_COUNT_MAX;
    }
}

void convert_card_written(const struct cardlink_report *report, struct api_card_written *written)
{
    static const enum api_card_outcome outcomes[OUTCOME_COUNT] = {
        [OUTCOME_UNKNOWN] = API_CARD_UNKNOWN,
        [OUTCOME_DONE] = API_CARD_DONE,
        [OUTCOME_NOT_DONE] = API_CARD_NOT_DONE,
    };
    written->outcome = outcomes[report->outcome];
    for (size_t i = 0; i < API_CARD_SLOTS; i++) {
        record_copy(&report->credit[i], written->credit[i]);
    }
    written->answer_count = convert_card_answers(report, written->answers);
}

void convert_card_result(const struct cardlink_report *report, struct session_card_result *result)
{
    static const enum session_card_outcome outcomes[OUTCOME_COUNT] = {
        [OUTCOME_UNKNOWN] = SESSION_CARD_UNSURE,
        [OUTCOME_DONE] = SESSION_CARD_DONE,
        [OUTCOME_NOT_DONE] = SESSION_CARD_NOT_DONE,
    };
    result->outcome = outcomes[report->outcome];
    bool done = result->outcome == SESSION_CARD_DONE;
    result->trouble = done ? SESSION_CARD_FINE : convert_card_error(report->error);
}
