/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/civil.h"
#include "common/compiler.h"
#include "common/money.h"
#include "common/str.h"
#include "tools/cardctl/explain_purchase.h"

/* A word and the sentence that it stands for. */
struct phrase {
    const char *word;
    const char *text;
};

static const struct phrase STANDINGS[] = {
    {"finished", "a card of ours: all 16 sectors have our keys"},
    {"begun", "a card that was begun and not finished: 'personalise' finishes it"},
    {"spoiled", "a card of ours with sectors that open to no key: lay it aside, 'replace' it"},
    {"locked", "no blank card, and none that the register's keys open: another site's or system's"},
    {"closed", "not blank; whose it is, only the server's keys can tell"},
    {"used", "factory keys, but data of somebody else on it: not blank"},
    {"blank", "a blank card: 'open METER' makes it one of ours"},
    {"other", "nothing on it can be read by this tool"},
};

static const struct phrase FAMILIES[] = {
    {"classic", "MIFARE Classic 1K"},
    {"classic4k", "MIFARE Classic 4K: not used here, take a 1K card"},
    {"iso", "ISO 14443-4: DESFire, or a CPU card"},
    {"phone", "a phone, or a card that draws a new number each time: cannot be a meter's card"},
    {"unknown", "a card of a kind that is not used here"},
};

static const struct phrase WORTHS[] = {
    {"true", "true (signed by us)"},
    {"forged", "FORGED: whole, but not signed by us. Keep the card, tell the operator"},
    {"other", "true, but of another meter: do not use"},
    {"nothing", "worth nothing: not finished, or empty"},
};

static const struct phrase REASONS[] = {
    {"not_read", "nothing of the card could be read"},
    {"bad_mac", "a record on it is forged: the terminals refuse it; keep it, tell the operator"},
    {"wrong_meter", "it holds a record of another meter: the terminals refuse it"},
    {"not_ours", "it knows a number that we never gave out: the terminals refuse it; tell the "
                 "operator"},
    {"return_case", "value is being bought back: nothing is sold until the meter has answered"},
    {"not_loaded", "its purchase is not in the meter yet: hold it to the meter, then buy again"},
    {"sale_refused", "nothing is sold to this meter: see its state in the catalogue"},
};

static const struct phrase STATES[] = {
    {"ready", "in order: value can be bought for it"},
    {"owed", "paid value is not on it yet: laid at any terminal, it comes without paying again"},
    {"repair", "a record on it must be written anew: laid at any terminal, that is done"},
    {"refused", "the terminals refuse it"},
};

static const struct phrase LOADED[] = {
    {"yes", "the meter has taken what was bought last"},
    {"no", "the meter has not taken what was bought last, or the card has not been there since"},
    {"never", "the meter has never written to us"},
};

#define LOOK_UP(table, word) look_up(table, ARRAY_COUNT(table), word)

static const char *look_up(const struct phrase *table, size_t count, const char *word)
{
    for (size_t i = 0; i < count && word != NULL; i++) {
        if (str_equal(table[i].word, word)) {
            return table[i].text;
        }
    }
    return word != NULL ? word : "not known";
}

static const char *text_of(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL ? text : "";
}

static long long number_of(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

static bool is_set(const json_t *json, const char *name)
{
    return json_is_true(json_object_get(json, name));
}

/* --- values ---------------------------------------------------------------------------------- */

static void print_yuan(FILE *out, const char *label, const json_t *json, const char *name)
{
    char text[MONEY_TEXT_SIZE];
    (void)fprintf(out, "%s%s yuan", label,
                  money_format_yuan(money_fen(number_of(json, name)), text));
}

static void print_time(FILE *out, const char *label, const json_t *json, const char *name)
{
    char text[CIVIL_TEXT_SIZE];
    (void)fprintf(out, "%s%s", label, civil_format_beijing(number_of(json, name), text));
}

/* --- records --------------------------------------------------------------------------------- */

static void print_credit(FILE *out, const json_t *slot)
{
    (void)fprintf(out, "token N %lld (%s), ", number_of(slot, "n"), text_of(slot, "kind"));
    print_yuan(out, "total bought T ", slot, "total_fen");
    print_yuan(out, ", this time ", slot, "amount_fen");
    print_time(out, ", issued ", slot, "issued_at");
    (void)fprintf(out, ", meter %s, ", text_of(slot, "meter"));
    print_yuan(out, "alarm at ", slot, "alarm_fen");
    print_yuan(out, ", overdraft ", slot, "overdraft_fen");
}

static void print_status(FILE *out, const json_t *slot)
{
    static const struct phrase bits[] = {
        {"relay_open", "relay open (no power)"}, {"alarm", "low balance"},
        {"overdraft", "in overdraft"},           {"clock_bad", "its clock is not set"},
        {"tamper", "cover was opened"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bits); i++) {
        if (is_set(slot, bits[i].word)) {
            (void)fprintf(out, "; %s", bits[i].text);
        }
    }
    if (number_of(slot, "error") != 0) {
        (void)fprintf(out, "; error word %lld", number_of(slot, "error"));
    }
}

static void print_return(FILE *out, const json_t *slot)
{
    (void)fprintf(out, "meter's word no. %lld: ", number_of(slot, "seq"));
    print_yuan(out, "balance ", slot, "balance_fen");
    (void)fprintf(out, ", has taken N %lld", number_of(slot, "n"));
    print_yuan(out, ", T ", slot, "total_fen");
    (void)fprintf(out, ", energy %lld.%02lld kWh", number_of(slot, "energy_10wh") / 100,
                  number_of(slot, "energy_10wh") % 100);
    print_time(out, ", at ", slot, "at");
    (void)fprintf(out, ", meter %s", text_of(slot, "meter"));
    print_status(out, slot);
}

static void print_slot(FILE *out, const json_t *slot)
{
    const char *state = text_of(slot, "state");
    if (str_equal(state, "whole")) {
        if (json_object_get(slot, "seq") != NULL) {
            print_return(out, slot);
        } else {
            print_credit(out, slot);
        }
        const json_t *worth = json_object_get(slot, "worth");
        (void)fprintf(out, "\n      %s",
                      json_is_string(worth) ? LOOK_UP(WORTHS, json_string_value(worth))
                                            : "whole; whether it is true only the server can say");
    } else if (str_equal(state, "torn")) {
        (void)fprintf(out, "torn: its write was cut. A terminal writes it anew");
    } else {
        (void)fprintf(out, "%s",
                      str_equal(state, "empty") ? "empty: never written"
                                                : "unread: its sector is not open to us");
    }
}

static void print_pair(FILE *out, const char *title, const json_t *pair)
{
    const json_t *slots = json_object_get(pair, "slots");
    const bool equal = is_set(pair, "equal");
    (void)fprintf(out, "%s\n", title);
    for (size_t i = 0; i < json_array_size(slots); i++) {
        (void)fprintf(out, "  slot %zu: ", i + 1);
        if (i > 0 && equal) {
            (void)fprintf(out, "equal to slot 1\n");
            continue;
        }
        print_slot(out, json_array_get(slots, i));
        (void)fprintf(out, "\n");
    }
    const long long winner = number_of(pair, "winner");
    if (!equal && winner >= 0) {
        (void)fprintf(out, "  slot %lld counts\n", winner + 1);
    }
}

static void print_issue(FILE *out, const json_t *issue)
{
    const char *state = text_of(issue, "state");
    (void)fprintf(out, "issue record: %s", state);
    if (str_equal(state, "whole")) {
        (void)fprintf(out, ": card %lld of issuer %lld, meter %s, customer %s",
                      number_of(issue, "card_no"), number_of(issue, "issuer"),
                      text_of(issue, "meter"), text_of(issue, "customer"));
        print_time(out, ", issued ", issue, "issued_at");
    }
    if (!str_equal(state, "unread") && !is_set(issue, "as_registered")) {
        (void)fprintf(out, ". It is NOT the one of the register: 'personalise' writes it anew");
    }
    (void)fprintf(out, "\n");
}

/* --- the whole ------------------------------------------------------------------------------- */

static void print_register(FILE *out, const json_t *report)
{
    const json_t *entry = json_object_get(report, "register");
    if (json_is_object(entry)) {
        (void)fprintf(out, "register: card %lld of meter %s (number %s), %s\n",
                      number_of(entry, "card_no"), text_of(entry, "meter_id"),
                      text_of(entry, "meter"), text_of(entry, "state"));
    } else if (is_set(report, "register_asked")) {
        (void)fprintf(out, "register: this card is not in it\n");
    } else {
        (void)fprintf(out, "register: not asked. Without --cloud there are no keys: whether it is "
                           "a blank card can be known, and nothing more\n");
    }
}

static void print_sectors(FILE *out, const json_t *sectors)
{
    (void)fprintf(out, "sectors:");
    for (size_t i = 0; i < json_array_size(sectors); i++) {
        (void)fprintf(out, " %zu %s%s", i, json_string_value(json_array_get(sectors, i)),
                      i + 1 < json_array_size(sectors) ? "," : "\n");
    }
}

static void print_verdict(FILE *out, const json_t *verdict)
{
    const char *state = text_of(verdict, "state");
    const char *reason = text_of(verdict, "reason");
    (void)fprintf(out, "so: %s",
                  str_equal(state, "refused") && reason[0] != '\0' ? LOOK_UP(REASONS, reason)
                                                                   : LOOK_UP(STATES, state));
    (void)fprintf(out, "; %s\n", LOOK_UP(LOADED, text_of(verdict, "loaded")));
    if (is_set(verdict, "rolled_back")) {
        (void)fprintf(out,
                      "    ROLLED BACK: its return record is older than one that we have "
                      "seen (no. %lld): an old copy was put onto the card. Only its figures "
                      "are old; no value is lost or won by it\n",
                      number_of(verdict, "seen_seq"));
    }
}

void words_print(FILE *out, const json_t *report)
{
    const json_t *sectors = json_object_get(report, "sectors");
    const json_t *issue = json_object_get(report, "issue");
    const json_t *verdict = json_object_get(report, "verdict");
    const char *standing = text_of(report, "standing");
    (void)fprintf(out, "card %s: %s (ATQA %s, SAK %s)\n", text_of(report, "uid"),
                  LOOK_UP(FAMILIES, text_of(report, "family")), text_of(report, "atqa"),
                  text_of(report, "sak"));
    if (sectors != NULL) {
        (void)fprintf(out, "it is %s\n", LOOK_UP(STANDINGS, standing));
    }
    print_register(out, report);
    if (sectors != NULL && !str_equal(standing, "finished") && !str_equal(standing, "blank")) {
        print_sectors(out, sectors);
    }
    if (issue != NULL) {
        print_issue(out, issue);
        print_pair(out, "credit (from us to the meter)", json_object_get(report, "credit"));
        print_pair(out, "return (from the meter to us)", json_object_get(report, "return"));
    }
    if (json_object_get(report, "purchase") != NULL) {
        explain_purchase_print(out, json_object_get(report, "purchase"));
    }
    if (verdict != NULL) {
        print_verdict(out, verdict);
    }
}

bool words_print_json(FILE *out, const json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2));
    if (text == NULL) {
        return false;
    }
    (void)fprintf(out, "%s\n", text);
    free(text);
    return true;
}
