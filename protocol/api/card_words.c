/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the card messages. */
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "protocol/api/card_codec.h"

static const char *const standings[API_CARD_STANDING_COUNT] = {
    [API_CARD_OURS] = "ours",         [API_CARD_FOREIGN] = "foreign",
    [API_CARD_BLOCKED] = "blocked",   [API_CARD_LOST] = "lost",
    [API_CARD_REPLACED] = "replaced", [API_CARD_OTHER_SITE] = "other_site",
};
static const char *const medias[API_CARD_MEDIA_COUNT] = {
    [API_CARD_CLASSIC] = "classic", [API_CARD_DESFIRE] = "desfire", [API_CARD_CPU] = "cpu"};
static const char *const states[API_CARD_STATE_COUNT] = {[API_CARD_READY] = "ready",
                                                         [API_CARD_OWED] = "owed",
                                                         [API_CARD_REPAIR] = "repair",
                                                         [API_CARD_REFUSED] = "refused",
                                                         [API_CARD_MORE] = "more"};
static const char *const loadeds[API_CARD_LOADED_COUNT] = {
    [API_CARD_LOADED_YES] = "yes", [API_CARD_LOADED_NO] = "no", [API_CARD_LOADED_NEVER] = "never"};
static const char *const outcomes[API_CARD_OUTCOME_COUNT] = {
    [API_CARD_DONE] = "done", [API_CARD_NOT_DONE] = "not_done", [API_CARD_UNKNOWN] = "unknown"};
static const char *const progresses[API_CARD_PROGRESS_COUNT] = {
    [API_CARD_GOES_ON] = "more", [API_CARD_WRITTEN] = "written", [API_CARD_FAILED] = "failed"};

const char *api_card_standing_name(enum api_card_standing standing)
{
    MUST(standing < API_CARD_STANDING_COUNT);
    return standings[standing];
}

const char *api_card_media_name(enum api_card_media media)
{
    MUST(media < API_CARD_MEDIA_COUNT);
    return medias[media];
}

const char *api_card_state_name(enum api_card_state state)
{
    MUST(state < API_CARD_STATE_COUNT);
    return states[state];
}

const char *api_card_loaded_name(enum api_card_loaded loaded)
{
    MUST(loaded < API_CARD_LOADED_COUNT);
    return loadeds[loaded];
}

const char *api_card_outcome_name(enum api_card_outcome outcome)
{
    MUST(outcome < API_CARD_OUTCOME_COUNT);
    return outcomes[outcome];
}

const char *api_card_progress_name(enum api_card_progress progress)
{
    MUST(progress < API_CARD_PROGRESS_COUNT);
    return progresses[progress];
}

/* Index of @p word in @p words; @p count if it is none of them. */
static size_t find_word(const char *word, const char *const *words, size_t count)
{
    size_t i = 0;
    while (i < count && !str_equal(word, words[i])) {
        i += 1;
    }
    return i;
}

static size_t read_word(struct json_reader *r, const char *name, const char *const *words,
                        size_t count)
{
    char word[API_WORD_SIZE];
    json_text(r, name, word, sizeof(word));
    const size_t i = find_word(word, words, count);
    if (i == count) {
        json_refuse(r, name);
    }
    return i < count ? i : 0;
}

bool api_card_media_parse(const char *name, enum api_card_media *ret_media)
{
    const size_t i = find_word(name, medias, API_CARD_MEDIA_COUNT);
    if (i == API_CARD_MEDIA_COUNT) {
        return false;
    }
    *ret_media = (enum api_card_media)i;
    return true;
}

enum api_card_standing api_read_standing(struct json_reader *r)
{
    const size_t i = read_word(r, "standing", standings, API_CARD_STANDING_COUNT);
    return (enum api_card_standing)i;
}

enum api_card_media api_read_media(struct json_reader *r)
{
    const size_t i = read_word(r, "media", medias, API_CARD_MEDIA_COUNT);
    return (enum api_card_media)i;
}

enum api_card_state api_read_card_state(struct json_reader *r)
{
    const size_t i = read_word(r, "state", states, API_CARD_STATE_COUNT);
    return (enum api_card_state)i;
}

enum api_card_loaded api_read_loaded(struct json_reader *r)
{
    const size_t i = read_word(r, "loaded", loadeds, API_CARD_LOADED_COUNT);
    return (enum api_card_loaded)i;
}

enum api_card_outcome api_read_outcome(struct json_reader *r)
{
    const size_t i = read_word(r, "outcome", outcomes, API_CARD_OUTCOME_COUNT);
    return (enum api_card_outcome)i;
}

enum api_card_progress api_read_progress(struct json_reader *r)
{
    const size_t i = read_word(r, "progress", progresses, API_CARD_PROGRESS_COUNT);
    return (enum api_card_progress)i;
}

/* ---- hex ---- */

static bool is_hex(const char *text)
{
    return strspn(text, "0123456789abcdefABCDEF") == strlen(text) && strlen(text) % 2 == 0;
}

bool api_card_uid_is_valid(const char *uid)
{
    const size_t len = strlen(uid);
    return is_hex(uid) && (len == 8 || len == 14 || len == 20);
}

void api_read_uid(struct json_reader *r, const char *name, char ret_uid[API_CARD_UID_SIZE])
{
    json_text(r, name, ret_uid, API_CARD_UID_SIZE);
    if (!api_card_uid_is_valid(ret_uid)) {
        json_refuse(r, name);
    }
}

void api_read_hex(struct json_reader *r, const char *name, char *ret_text, size_t size)
{
    json_text(r, name, ret_text, size);
    if (strlen(ret_text) != size - 1 || !is_hex(ret_text)) {
        json_refuse(r, name);
    }
}

void api_read_hex_or_empty(struct json_reader *r, const char *name, char *ret_text, size_t size)
{
    json_text_or_empty(r, name, ret_text, size);
    if (!is_hex(ret_text)) {
        json_refuse(r, name);
    }
}
