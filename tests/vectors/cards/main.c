/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs test vectors of the card formats: vector-cards FILE.
 *
 * Records are read and written again and must give the same bytes and values; what is torn, empty
 * or forged must be told from what is not; keys, access bits and the choice between two slots must
 * be as the file says. A group that this program does not know fails.
 */
#include <stdio.h>
#include <string.h>

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/crypto/cmac.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/card/judge.h"
#include "protocol/card/keys.h"
#include "protocol/card/mifare.h"
#include "protocol/card/purchase.h"
#include "protocol/card/record.h"
#include "protocol/card/uid.h"

enum { HEX_TEXT_MAX = 512, BYTES_MAX = 256, WORD_SIZE = 32 };

enum record_kind { KIND_CREDIT, KIND_RETURN, KIND_ISSUE, KIND_COUNT };

static const char *const kind_names[KIND_COUNT] = {"credit", "return", "issue"};

struct vector {
    struct json_reader r;
};

/* --- members --------------------------------------------------------------------------------- */

static size_t bytes_at(struct vector *v, const char *name, uint8_t *ret_bytes, size_t bytes_size)
{
    char text[HEX_TEXT_MAX];
    size_t size = 0;
    json_text_or_empty(&v->r, name, text, sizeof(text));
    if (!hex_parse(text, strlen(text), ret_bytes, bytes_size, &size, NULL)) {
        json_refuse(&v->r, name);
    }
    return size;
}

static void bytes_exact(struct vector *v, const char *name, uint8_t *ret_bytes, size_t size)
{
    if (bytes_at(v, name, ret_bytes, size) != size) {
        json_refuse(&v->r, name);
    }
}

static int64_t number(struct vector *v, const char *name)
{
    return json_int(&v->r, name, INT64_MIN, INT64_MAX);
}

static enum record_kind kind_at(struct vector *v)
{
    char word[WORD_SIZE];
    json_text(&v->r, "kind", word, sizeof(word));
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (str_equal(word, kind_names[i])) {
            return (enum record_kind)i;
        }
    }
    json_refuse(&v->r, "kind");
    return KIND_CREDIT;
}

static struct card_uid uid_at(struct vector *v)
{
    char text[CARD_UID_TEXT_SIZE];
    struct card_uid uid = {{0}, 4};
    json_text(&v->r, "uid", text, sizeof(text));
    if (!card_uid_parse(text, &uid)) {
        json_refuse(&v->r, "uid");
    }
    return uid;
}

static void meter_at(struct vector *v, uint8_t ret_meter[CARD_METER_SIZE])
{
    char text[CARD_METER_TEXT_SIZE];
    json_text(&v->r, "meter", text, sizeof(text));
    if (!card_meter_parse(text, ret_meter)) {
        json_refuse(&v->r, "meter");
    }
}

static struct card_keys keys_at(struct vector *v)
{
    struct card_master master = {{0}};
    struct card_keys keys = {{0}, {0}, {0}};
    uint8_t meter[CARD_METER_SIZE] = {0};
    bytes_exact(v, "imk", master.key, sizeof(master.key));
    meter_at(v, meter);
    bool ok = card_keys_derive(&master, meter, &keys);
    MUST(ok);
    return keys;
}

static bool same_bytes(struct vector *v, const char *name, const uint8_t *got, size_t size)
{
    uint8_t want[BYTES_MAX] = {0};
    bytes_exact(v, name, want, size);
    return memcmp(got, want, size) == 0;
}

/* --- groups ---------------------------------------------------------------------------------- */

static bool run_cmac(struct vector *v)
{
    uint8_t key[CMAC_KEY_SIZE] = {0};
    uint8_t message[BYTES_MAX];
    uint8_t mac[CMAC_SIZE];
    bytes_exact(v, "key", key, sizeof(key));
    size_t size = bytes_at(v, "message", message, sizeof(message));
    return cmac_aes128(key, message, size, mac) && same_bytes(v, "mac", mac, sizeof(mac));
}

static bool run_keys(struct vector *v)
{
    struct card_keys keys = keys_at(v);
    return same_bytes(v, "credit", keys.credit, CARD_KEY_SIZE) &&
           same_bytes(v, "back", keys.back, CARD_KEY_SIZE) &&
           same_bytes(v, "sector", keys.sector, CARD_KEY_SIZE);
}

static bool run_sector_key(struct vector *v)
{
    struct card_keys keys = keys_at(v);
    struct card_uid uid = uid_at(v);
    char kind[2];
    uint8_t key[CARD_SECTOR_KEY_SIZE];
    json_text(&v->r, "kind", kind, sizeof(kind));
    uint8_t sector = (uint8_t)json_int(&v->r, "sector", 0, 15);
    return card_sector_key(&keys, &uid, sector, kind[0], key) &&
           same_bytes(v, "key", key, sizeof(key));
}

static bool run_credit(struct vector *v)
{
    struct card_keys keys = keys_at(v);
    struct card_uid uid = uid_at(v);
    int64_t kind = json_int(&v->r, "kind", CARD_CREDIT_PURCHASE, CARD_CREDIT_PARAMETERS);
    struct card_credit want = {
        .kind = (enum card_credit_kind)kind,
        .flags = (uint8_t)number(v, "flags"),
        .n = (uint32_t)number(v, "n"),
        .key_id = (uint16_t)number(v, "key_id"),
        .total_fen = number(v, "total_fen"),
        .amount_fen = (int32_t)number(v, "amount_fen"),
        .issued_at = (uint32_t)number(v, "issued_at"),
        .alarm_fen = (uint32_t)number(v, "alarm_fen"),
        .overdraft_fen = (uint32_t)number(v, "overdraft_fen"),
    };
    meter_at(v, want.meter);
    uint8_t record[CARD_RECORD_SIZE];
    card_credit_encode(&want, record);
    if (!card_credit_sign(&keys, &uid, record) ||
        !same_bytes(v, "record", record, sizeof(record))) {
        return false;
    }
    struct card_credit got = {.n = 0};
    return card_credit_decode(record, &got) == CARD_SLOT_WHOLE && got.kind == want.kind &&
           got.flags == want.flags && got.n == want.n && got.key_id == want.key_id &&
           got.total_fen == want.total_fen && got.amount_fen == want.amount_fen &&
           got.issued_at == want.issued_at && got.alarm_fen == want.alarm_fen &&
           got.overdraft_fen == want.overdraft_fen &&
           memcmp(got.meter, want.meter, sizeof(got.meter)) == 0 &&
           card_credit_verify(&keys, &uid, record);
}

static bool run_return(struct vector *v)
{
    struct card_keys keys = keys_at(v);
    struct card_uid uid = uid_at(v);
    struct card_return want = {
        .error = (uint8_t)number(v, "error"),
        .status = (uint8_t)number(v, "status"),
        .seq = (uint32_t)number(v, "seq"),
        .key_id = (uint16_t)number(v, "key_id"),
        .total_fen = number(v, "total_fen"),
        .balance_fen = (int32_t)number(v, "balance_fen"),
        .n = (uint32_t)number(v, "n"),
        .energy = (uint32_t)number(v, "energy"),
        .at = (uint32_t)number(v, "at"),
    };
    meter_at(v, want.meter);
    uint8_t record[CARD_RECORD_SIZE];
    card_return_encode(&want, record);
    if (!card_return_sign(&keys, &uid, record) ||
        !same_bytes(v, "record", record, sizeof(record))) {
        return false;
    }
    struct card_return got = {.seq = 0};
    return card_return_decode(record, &got) == CARD_SLOT_WHOLE && got.error == want.error &&
           got.status == want.status && got.seq == want.seq && got.key_id == want.key_id &&
           got.total_fen == want.total_fen && got.balance_fen == want.balance_fen &&
           got.n == want.n && got.energy == want.energy && got.at == want.at &&
           memcmp(got.meter, want.meter, sizeof(got.meter)) == 0 &&
           card_return_verify(&keys, &uid, record);
}

static bool run_issue(struct vector *v)
{
    struct card_keys keys = keys_at(v);
    struct card_uid uid = uid_at(v);
    struct card_issue want = {
        .issuer = (uint16_t)number(v, "issuer"),
        .card_no = (uint32_t)number(v, "card_no"),
        .key_id = (uint16_t)number(v, "key_id"),
        .issued_at = (uint32_t)number(v, "issued_at"),
    };
    meter_at(v, want.meter);
    bytes_exact(v, "customer", want.customer, sizeof(want.customer));
    uint8_t record[CARD_RECORD_SIZE];
    card_issue_encode(&want, record);
    if (!card_issue_sign(&keys, &uid, record) || !same_bytes(v, "record", record, sizeof(record))) {
        return false;
    }
    struct card_issue got = {.issuer = 0};
    return card_issue_decode(record, &got) == CARD_SLOT_WHOLE && got.issuer == want.issuer &&
           got.card_no == want.card_no && got.key_id == want.key_id &&
           got.issued_at == want.issued_at &&
           memcmp(got.customer, want.customer, sizeof(got.customer)) == 0 &&
           memcmp(got.meter, want.meter, sizeof(got.meter)) == 0 &&
           card_issue_verify(&keys, &uid, record);
}

static enum card_slot_state state_at(struct vector *v)
{
    uint8_t record[CARD_RECORD_SIZE] = {0};
    struct card_credit credit;
    struct card_return back;
    struct card_issue issue;
    bytes_exact(v, "record", record, sizeof(record));
    enum record_kind kind = kind_at(v);
    return kind == KIND_CREDIT   ? card_credit_decode(record, &credit)
           : kind == KIND_RETURN ? card_return_decode(record, &back)
                                 : card_issue_decode(record, &issue);
}

static bool run_torn(struct vector *v)
{
    return state_at(v) == CARD_SLOT_TORN;
}

static bool run_empty(struct vector *v)
{
    return state_at(v) == CARD_SLOT_EMPTY;
}

static bool run_forged(struct vector *v)
{
    struct card_keys keys = keys_at(v);
    struct card_uid uid = uid_at(v);
    uint8_t record[CARD_RECORD_SIZE] = {0};
    bytes_exact(v, "record", record, sizeof(record));
    enum record_kind kind = kind_at(v);
    bool true_one = kind == KIND_CREDIT   ? card_credit_verify(&keys, &uid, record)
                    : kind == KIND_RETURN ? card_return_verify(&keys, &uid, record)
                                          : card_issue_verify(&keys, &uid, record);
    /* Whole all the same: only a key tells. */
    return state_at(v) == CARD_SLOT_WHOLE && !true_one;
}

static bool run_access(struct vector *v)
{
    const json_t *list = json_array_at(&v->r, "conditions");
    struct mifare_access access = {{0}};
    struct mifare_access again = {{0}};
    for (size_t i = 0; i < MIFARE_SECTOR_BLOCKS; i++) {
        access.block[i] = (uint8_t)json_integer_value(json_array_get(list, i));
    }
    uint8_t bytes[MIFARE_ACCESS_SIZE];
    mifare_access_encode(&access, /* free_byte= */ 0x69, bytes);
    return same_bytes(v, "bytes", bytes, sizeof(bytes)) && mifare_access_decode(bytes, &again) &&
           memcmp(access.block, again.block, sizeof(access.block)) == 0;
}

static bool run_access_broken(struct vector *v)
{
    uint8_t bytes[MIFARE_ACCESS_SIZE] = {0};
    struct mifare_access access;
    bytes_exact(v, "bytes", bytes, sizeof(bytes));
    return !mifare_access_decode(bytes, &access);
}

static bool run_trailer(struct vector *v)
{
    struct card_keys keys = keys_at(v);
    struct card_uid uid = uid_at(v);
    uint8_t block[CARD_BLOCK_SIZE];
    struct mifare_trailer trailer;
    uint8_t sector = (uint8_t)json_int(&v->r, "sector", 0, 15);
    return card_trailer_make(&keys, &uid, sector, block) &&
           same_bytes(v, "block", block, sizeof(block)) && mifare_trailer_decode(block, &trailer) &&
           memcmp(trailer.key_a, block, CARD_SECTOR_KEY_SIZE) == 0 &&
           memcmp(trailer.access.block, CARD_ACCESS.block, sizeof(CARD_ACCESS.block)) == 0;
}

static bool run_crc(struct vector *v)
{
    uint8_t bytes[BYTES_MAX];
    uint8_t crc[2];
    size_t size = bytes_at(v, "bytes", bytes, sizeof(bytes));
    put_be16(crc, card_crc16(bytes, size));
    return same_bytes(v, "crc", crc, sizeof(crc));
}

static void slots_at(struct vector *v, struct card_slots *ret_slots)
{
    const json_t *list = json_array_at(&v->r, "slots");
    memset(ret_slots, 0, sizeof(*ret_slots));
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        ret_slots->read[i] = text != NULL;
        if (text != NULL && !card_record_parse(text, ret_slots->bytes[i])) {
            json_refuse(&v->r, "slots");
        }
    }
}

static bool run_judge(struct vector *v)
{
    struct card_slots slots;
    struct card_doubts doubts = {.suspect = {false}};
    uint8_t token[CARD_RECORD_SIZE] = {0};
    slots_at(v, &slots);
    bytes_exact(v, "token", token, sizeof(token));
    const json_t *list = json_array_at(&v->r, "suspect");
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        doubts.suspect[i] = json_is_true(json_array_get(list, i));
    }
    struct card_judgement judgement = card_slots_judge(CARD_RECORD_CREDIT, &slots);
    struct card_write_order order = card_slots_write_order(&slots, token, &doubts);
    return judgement.winner == number(v, "winner") && judgement.same == json_flag(&v->r, "same") &&
           judgement.split == json_flag(&v->r, "split") && order.slot[0] == number(v, "first") &&
           order.slot[0] + order.slot[1] == 1;
}

static bool run_desfire_key(struct vector *v)
{
    struct card_keys keys = keys_at(v);
    struct card_uid uid = uid_at(v);
    uint8_t key[CARD_KEY_SIZE];
    uint8_t at = (uint8_t)json_int(&v->r, "number", 0, 3);
    return card_desfire_key(&keys, &uid, at, key) && same_bytes(v, "key", key, sizeof(key));
}

static bool run_purchase_parameters(struct vector *v)
{
    struct purchase_parameters got = {.user_kind = 0};
    uint8_t file[PURCHASE_PARAMETERS_SIZE] = {0};
    uint8_t again[PURCHASE_PARAMETERS_SIZE];
    bytes_exact(v, "file", file, sizeof(file));
    if (purchase_parameters_decode(file, &got) != PURCHASE_WHOLE) {
        return false;
    }
    purchase_parameters_encode(&got, again);
    return memcmp(again, file, sizeof(file)) == 0 && got.alarm1_fen == number(v, "alarm1_fen") &&
           got.alarm2_fen == number(v, "alarm2_fen") && got.kind == number(v, "kind") &&
           same_bytes(v, "customer", got.customer, sizeof(got.customer));
}

static bool run_purchase_return(struct vector *v)
{
    struct purchase_return got = {.count = 0};
    uint8_t file[PURCHASE_RETURN_SIZE] = {0};
    uint8_t again[PURCHASE_RETURN_SIZE];
    bytes_exact(v, "file", file, sizeof(file));
    if (purchase_return_decode(file, &got) != PURCHASE_WHOLE) {
        return false;
    }
    purchase_return_encode(&got, again);
    return memcmp(again, file, sizeof(file)) == 0 &&
           got.remaining_fen == number(v, "remaining_fen") && got.count == number(v, "count") &&
           got.overdraft_fen == number(v, "overdraft_fen") &&
           got.illegal_cards == number(v, "illegal_cards");
}

static bool is_state(struct vector *v, enum purchase_state state)
{
    char word[WORD_SIZE];
    json_text(&v->r, "state", word, sizeof(word));
    return str_equal(word, state == PURCHASE_EMPTY ? "empty" : "broken") && state != PURCHASE_WHOLE;
}

static bool run_purchase_parameters_bad(struct vector *v)
{
    struct purchase_parameters got;
    uint8_t file[PURCHASE_PARAMETERS_SIZE] = {0};
    bytes_exact(v, "file", file, sizeof(file));
    return is_state(v, purchase_parameters_decode(file, &got));
}

static bool run_purchase_return_bad(struct vector *v)
{
    struct purchase_return got;
    uint8_t file[PURCHASE_RETURN_SIZE] = {0};
    bytes_exact(v, "file", file, sizeof(file));
    return is_state(v, purchase_return_decode(file, &got));
}

/* --- the file -------------------------------------------------------------------------------- */

struct group {
    const char *name;
    bool (*run)(struct vector *v);
};

static const struct group groups[] = {
    {"cmac", run_cmac},
    {"keys", run_keys},
    {"sector_key", run_sector_key},
    {"credit", run_credit},
    {"return", run_return},
    {"issue", run_issue},
    {"torn", run_torn},
    {"empty", run_empty},
    {"forged", run_forged},
    {"access", run_access},
    {"access_broken", run_access_broken},
    {"trailer", run_trailer},
    {"crc", run_crc},
    {"judge", run_judge},
    {"desfire_key", run_desfire_key},
    {"purchase_parameters", run_purchase_parameters},
    {"purchase_parameters_bad", run_purchase_parameters_bad},
    {"purchase_return", run_purchase_return},
    {"purchase_return_bad", run_purchase_return_bad},
};

static bool run_one(const json_t *object, size_t index)
{
    struct vector v = {json_reader(object)};
    char name[WORD_SIZE];
    json_text(&v.r, "group", name, sizeof(name));
    for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
        if (str_equal(groups[i].name, name)) {
            bool good = groups[i].run(&v) && !json_failed(&v.r);
            if (!good) {
                (void)printf("FAIL %zu (%s): %s\n", index, name,
                             json_failed(&v.r) ? json_field(&v.r) : "another result");
            }
            return good;
        }
    }
    (void)printf("FAIL %zu: group \"%s\" is not known\n", index, name);
    return false;
}

int main(int argc, char **argv)
{
    json_error_t error;
    json_t *vectors = argc == 2 ? json_load_file(argv[1], JSON_REJECT_DUPLICATES, &error) : NULL;
    if (!json_is_array(vectors)) {
        (void)fprintf(stderr, argc == 2 ? "vector-cards: not a file of vectors\n"
                                        : "usage: vector-cards FILE\n");
        json_decref(vectors);
        return 2;
    }
    size_t passed = 0;
    size_t count = json_array_size(vectors);
    for (size_t i = 0; i < count; i++) {
        passed += run_one(json_array_get(vectors, i), i + 1) ? 1 : 0;
    }
    json_decref(vectors);
    (void)printf("%zu passed, %zu failed\n", passed, count - passed);
    return passed == count && count > 0 ? 0 : 1;
}
