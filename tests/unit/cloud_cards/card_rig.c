/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_cards/card_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "cloud/cards/internal.h"
#include "cloud/review/person.h"
#include "common/bytes.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "protocol/card/keys.h"
#include "tests/unit/cloud/temp_folder.h"

enum { BODY_SIZE = 4096, PERSONS = 2 };

#define MASTER "000102030405060708090A0B0C0D0E0F"
#define PURCHASE_MASTER "5348494C4C494E4720544553544B4559" /* "SHILLING TESTKEY" */
#define PASSWORD "correct horse"

static struct {
    char folder[TEMP_PATH_SIZE];
    struct clock_port clock;
    struct rng_port rng;
    int request;
    bool no_purchase;
    struct card_rig *rig;
    char persons[PERSONS][256]; /* the statement that puts one into a database; "": none yet */
} the;

/* The way to what a test is about went wrong: nothing after that can be judged. */
#define STOP(...)                                                                                  \
    do {                                                                                           \
        (void)printf("# " __VA_ARGS__);                                                            \
        (void)printf("\n");                                                                        \
        (void)fflush(stdout);                                                                      \
        MUST(false);                                                                               \
    } while (0)

/* ---- the parts ---- */

static void write_master(const char *path, const char *digits)
{
    FILE *file = fopen(path, "we");
    MUST(file != NULL);
    (void)fputs(digits, file);
    (void)fclose(file);
    MUST(chmod(path, 0600) == 0);
}

static void start(struct card_rig *rig)
{
    struct vault_config config = {
        .enabled = true, .has_purchase = !the.no_purchase, .key_id = 1, .issuer = 7};
    char why[VAULT_WHY_SIZE];
    (void)temp_path(the.folder, "master.hex", config.master_key_file);
    (void)temp_path(the.folder, "purchase.hex", config.purchase_key_file);
    (void)temp_path(the.folder, "signing.pem", config.signing_key_file);
    MUST(vault_make(&config, why) == OK);
    MUST(vault_open(&config, &rig->vault, why) == OK);
    const struct cards_setup setup = {.orders = rig->rig.orders,
                                      .store = rig->rig.store,
                                      .jobs = rig->rig.jobs,
                                      .http = double_http(),
                                      .clock = &the.clock,
                                      .rng = &the.rng,
                                      .vault = rig->vault};
    MUST(cards_create(&setup, &rig->cards) == OK);
}

static void stop(struct card_rig *rig)
{
    cards_destroy(rig->cards);
    vault_close(rig->vault);
}

/* Their hashes take a tenth of a second each: they are made once. */
static void add_persons(struct card_rig *rig)
{
    static const char *const names[PERSONS] = {"li", "wang"};
    for (size_t i = 0; i < PERSONS; i++) {
        const struct person_change change = {names[i], PASSWORD, ""};
        if (the.persons[i][0] != '\0') {
            rig_exec(&rig->rig, the.persons[i]);
            continue;
        }
        MUST(person_add(rig->rig.store, &the.rng, &change) == OK);
        rig_text(&rig->rig,
                 "SELECT 'INSERT INTO person (name, salt, hash, added_at) VALUES (' || quote(name)"
                 " || ', ' || quote(salt) || ', ' || quote(hash) || ', 0)' FROM person"
                 " WHERE name = ?1",
                 names[i], the.persons[i], sizeof(the.persons[i]));
    }
}

void card_rig_begin(struct card_rig *rig)
{
    char path[TEMP_PATH_SIZE];
    if (the.folder[0] == '\0') {
        the.clock = clock_system();
        the.rng = rng_system();
        (void)temp_folder_make(the.folder);
        write_master(temp_path(the.folder, "master.hex", path), MASTER "\n");
        write_master(temp_path(the.folder, "purchase.hex", path), PURCHASE_MASTER "\n");
    }
    the.rig = rig;
    rig_begin(&rig->rig);
    start(rig);
    add_persons(rig);
}

void card_rig_restart(struct card_rig *rig)
{
    rig_restart(&rig->rig);
    stop(rig);
    start(rig);
}

void card_rig_restart_without_purchase(struct card_rig *rig)
{
    the.no_purchase = true;
    card_rig_restart(rig);
}

void card_rig_end(struct card_rig *rig)
{
    the.no_purchase = false;
    rig_end(&rig->rig);
    stop(rig);
    double_http_peer("k1", "s1");
}

/* ---- a card and a meter ---- */

struct test_card test_card_make(const char *uid)
{
    struct test_card card = {{0}, {{0}}, {{0}}};
    MUST(str_copy(card.uid, sizeof(card.uid), uid));
    return card;
}

struct test_meter test_meter_make(void)
{
    struct test_meter meter = {.n = 0};
    MUST(card_meter_parse(CARD_ADDRESS, meter.number));
    return meter;
}

static struct card_keys meter_keys(const struct test_meter *meter)
{
    struct card_master master;
    struct card_keys keys;
    size_t size = 0;
    MUST(hex_parse(MASTER, strlen(MASTER), master.key, sizeof(master.key), &size, NULL));
    MUST(card_keys_derive(&master, meter->number, &keys));
    return keys;
}

/* The newest token that is whole and true. */
static bool find_token(const struct test_meter *meter, const struct test_card *card,
                       struct card_credit *ret_credit)
{
    const struct card_keys keys = meter_keys(meter);
    bool found = false;
    for (int i = 0; i < 2; i++) {
        uint8_t record[CARD_RECORD_SIZE];
        struct card_credit credit;
        struct card_uid uid;
        MUST(card_uid_parse(card->uid, &uid));
        if (card->credit[i][0] == '\0' || !card_record_parse(card->credit[i], record) ||
            card_credit_decode(record, &credit) != CARD_SLOT_WHOLE ||
            !card_credit_verify(&keys, &uid, record) ||
            memcmp(credit.meter, meter->number, CARD_METER_SIZE) != 0) {
            continue;
        }
        if (!found || credit.n > ret_credit->n) {
            *ret_credit = credit;
        }
        found = true;
    }
    return found;
}

static void write_return(struct test_meter *meter, struct test_card *card)
{
    const struct card_keys keys = meter_keys(meter);
    struct card_return word = {.error = meter->error,
                               .seq = meter->seq,
                               .key_id = 1,
                               .total_fen = meter->total_fen,
                               .balance_fen = (int32_t)meter->balance_fen,
                               .n = meter->n,
                               .energy = 1000 + meter->seq,
                               .at = 1700000000 + meter->seq};
    uint8_t record[CARD_RECORD_SIZE];
    struct card_uid uid;
    memcpy(word.meter, meter->number, CARD_METER_SIZE);
    MUST(card_uid_parse(card->uid, &uid));
    card_return_encode(&word, record);
    MUST(card_return_sign(&keys, &uid, record));
    card_record_format(record, card->returned[0]);
    card_record_format(record, card->returned[1]);
}

void test_meter_load(struct test_meter *meter, struct test_card *card)
{
    struct card_credit credit = {.n = 0};
    meter->error = 0;
    if (find_token(meter, card, &credit) && credit.n > meter->n) {
        const int64_t change = credit.total_fen - meter->total_fen;
        if (meter->balance_fen + change < 0 || (meter->refuse && change < 0)) {
            meter->error = 22;
        } else if (change > 0 && meter->limit_fen > 0 &&
                   meter->balance_fen + change > meter->limit_fen) {
            meter->error = 21;
        } else {
            meter->balance_fen += change;
            meter->total_fen = credit.total_fen;
            meter->n = credit.n;
        }
    }
    meter->seq += 1;
    write_return(meter, card);
}

/* ---- calls ---- */

static void number_of(char ret_id[ID_TEXT_SIZE])
{
    the.request += 1;
    str_format_cut(ret_id, ID_TEXT_SIZE, "018f3a1c-0000-7000-a000-%012d", the.request);
}

static void copy_member(const json_t *json, const char *name, char *ret_text, size_t size)
{
    const char *text = json_string_value(json_object_get(json, name));
    str_format_cut(ret_text, size, "%s", text != NULL ? text : "");
}

static void copy_error(const json_t *json, char ret_error[API_WORD_SIZE])
{
    copy_member(json_object_get(json, "error"), "code", ret_error, API_WORD_SIZE);
}

static struct double_answer call(const char *terminal, const char *path, const char *body)
{
    double_http_peer(terminal, str_equal(terminal, "k9") ? "s2" : "s1");
    return double_http_call(HTTP_POST, path, body);
}

void lay_only(const char *terminal, const char *uid, struct laid *ret_laid)
{
    char text[BODY_SIZE];
    struct api_card_laid laid = {.atqa = "0004", .sak = "08", .family = "classic"};
    size_t size = 0;
    memset(ret_laid, 0, sizeof(*ret_laid));
    number_of(laid.client_request_id);
    MUST(str_copy(laid.uid, sizeof(laid.uid), uid));
    MUST(api_card_laid_encode(&laid, text, sizeof(text), &size) == OK);
    struct double_answer answer = call(terminal, "/v1/terminal/cards", text);
    ret_laid->status = answer.status;
    copy_member(answer.json, "session_id", ret_laid->session_id, ID_TEXT_SIZE);
    copy_member(answer.json, "standing", ret_laid->standing, API_WORD_SIZE);
    double_answer_finish(&answer);
}

static void take_view(const struct double_answer *answer, struct laid *laid)
{
    static struct api_card_view view;
    struct api_fault fault;
    laid->status = answer->status;
    laid->error[0] = '\0';
    if (answer->status != 200) {
        copy_error(answer->json, laid->error);
        return;
    }
    if (api_card_view_decode(answer->text, strlen(answer->text), &view, &fault) != OK) {
        STOP("view: %s in %s", fault.field, answer->text);
    }
    str_format_cut(laid->state, API_WORD_SIZE, "%s", api_card_state_name(view.state));
    str_format_cut(laid->reason, API_WORD_SIZE, "%s", view.reason);
    str_format_cut(laid->loaded, API_WORD_SIZE, "%s", api_card_loaded_name(view.loaded));
    str_format_cut(laid->owed_order_no, API_ORDER_NO_SIZE, "%s", view.owed_order_no);
    laid->owed_fen = view.owed_fen;
    laid->headroom_fen = view.headroom_fen;
    laid->last_fen = view.has_last ? view.last_fen : 0;
    laid->has_balance = view.has_balance;
    laid->balance_fen = view.balance_fen;
    laid->has_write = view.has_write;
    laid->write = view.write;
}

void read_again(const char *terminal, const struct test_card *card, struct laid *laid)
{
    static struct api_card_read read;
    static char text[API_TEXT_SIZE_MAX];
    /* An empty sector reads as zeros. */
    static const char EMPTY[] = "000000000000000000000000000000000000000000000000"
                                "000000000000000000000000000000000000000000000000";
    char path[128];
    size_t size = 0;
    memset(&read, 0, sizeof(read));
    for (int i = 0; i < 2; i++) {
        str_format_cut(read.credit[i], API_CARD_RECORD_SIZE, "%s",
                       card->credit[i][0] != '\0' ? card->credit[i] : EMPTY);
        str_format_cut(read.returned[i], API_CARD_RECORD_SIZE, "%s",
                       card->returned[i][0] != '\0' ? card->returned[i] : EMPTY);
    }
    MUST(api_card_read_encode(&read, text, sizeof(text), &size) == OK);
    str_format_cut(path, sizeof(path), "/v1/terminal/cards/%s/read", laid->session_id);
    struct double_answer answer = call(terminal, path, text);
    take_view(&answer, laid);
    double_answer_finish(&answer);
}

void lay(const char *terminal, const struct test_card *card, struct laid *ret_laid)
{
    lay_only(terminal, card->uid, ret_laid);
    if (str_equal(ret_laid->standing, "ours")) {
        read_again(terminal, card, ret_laid);
    }
}

unsigned order_card(const char *terminal, const struct laid *laid, int64_t fen,
                    char ret_word[API_ORDER_NO_SIZE])
{
    char more[128];
    double_http_peer(terminal, "s1");
    str_format_cut(more, sizeof(more), ",\"card_session\":\"%s\"", laid->session_id);
    struct double_answer answer = rig_order(ROOM, fen, "alipay", more);
    const unsigned status = answer.status;
    copy_member(status == 200 ? answer.json : json_object_get(answer.json, "error"),
                status == 200 ? "order_no" : "code", ret_word, API_ORDER_NO_SIZE);
    double_answer_finish(&answer);
    return status;
}

void buy(struct card_rig *rig, const char *terminal, const struct test_card *card, int64_t fen,
         char ret_order_no[API_ORDER_NO_SIZE])
{
    static struct laid laid;
    lay(terminal, card, &laid);
    if (!str_equal(laid.state, "ready")) {
        STOP("card is %s (%s), %u", laid.state, laid.reason, laid.status);
    }
    if (order_card(terminal, &laid, fen, ret_order_no) != 200) {
        STOP("no order: %s", ret_order_no);
    }
    MUST(rig_until(&rig->rig, ret_order_no, "WAIT_PAY"));
    double_pay_settle(ret_order_no, 0);
    MUST(rig_until(&rig->rig, ret_order_no, "PAID"));
}

unsigned issue(const char *terminal, const char *order_no, const char *session_id,
               struct api_card_write *ret_write, char ret_error[API_WORD_SIZE])
{
    char text[BODY_SIZE];
    char path[128];
    struct api_card_issue wish;
    struct api_fault fault;
    size_t size = 0;
    number_of(wish.client_request_id);
    MUST(str_copy(wish.session_id, sizeof(wish.session_id), session_id));
    MUST(api_card_issue_encode(&wish, text, sizeof(text), &size) == OK);
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/card", order_no);
    struct double_answer answer = call(terminal, path, text);
    const unsigned status = answer.status;
    ret_error[0] = '\0';
    if (status == 200) {
        MUST(api_card_write_decode(answer.text, strlen(answer.text), ret_write, &fault) == OK);
    } else {
        copy_error(answer.json, ret_error);
    }
    double_answer_finish(&answer);
    return status;
}

void burn(struct test_card *card, const struct api_card_write *write)
{
    for (int i = 0; i < 2; i++) {
        str_format_cut(card->credit[i], API_CARD_RECORD_SIZE, "%s", write->token);
    }
}

unsigned confirm(const char *terminal, const char *order_no, const struct test_card *card,
                 bool *ret_written, char ret_word[API_WORD_SIZE])
{
    static struct api_card_written written;
    static char text[API_TEXT_SIZE_MAX];
    char path[128];
    size_t size = 0;
    memset(&written, 0, sizeof(written));
    number_of(written.client_request_id);
    written.outcome = API_CARD_DONE;
    MUST(str_copy(written.uid, sizeof(written.uid), card->uid));
    for (int i = 0; i < 2; i++) {
        str_format_cut(written.credit[i], API_CARD_RECORD_SIZE, "%s", card->credit[i]);
    }
    MUST(api_card_written_encode(&written, text, sizeof(text), &size) == OK);
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/card/written", order_no);
    struct double_answer answer = call(terminal, path, text);
    const unsigned status = answer.status;
    *ret_written = json_is_true(json_object_get(answer.json, "written"));
    copy_member(json_object_get(answer.json, status == 200 ? "order" : "error"),
                status == 200 ? "state" : "code", ret_word, API_WORD_SIZE);
    double_answer_finish(&answer);
    return status;
}

void finish(struct card_rig *rig, const char *terminal, struct test_card *card,
            const char *order_no)
{
    static struct laid laid;
    static struct api_card_write write;
    char word[API_WORD_SIZE];
    bool written = false;
    lay(terminal, card, &laid);
    if (issue(terminal, order_no, laid.session_id, &write, word) != 200) {
        STOP("not issued: %s", word);
    }
    burn(card, &write);
    MUST(confirm(terminal, order_no, card, &written, word) == 200);
    MUST(written);
    MUST(is_state(rig, order_no, "DONE"));
}

void top_up(struct card_rig *rig, struct test_card *card, int64_t fen,
            char ret_order_no[API_ORDER_NO_SIZE])
{
    buy(rig, "k1", card, fen, ret_order_no);
    finish(rig, "k1", card, ret_order_no);
}

/* ---- the desk ---- */

unsigned desk(const char *path, const char *body, const char *name, char ret_word[64])
{
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    const unsigned status = answer.status;
    copy_member(status == 200 ? answer.json : json_object_get(answer.json, "error"),
                status == 200 ? name : "code", ret_word, 64);
    double_answer_finish(&answer);
    return status;
}

void open_card(const char *uid, enum api_card_media media)
{
    struct desk_issue wish = {
        .cards = the.rig->cards, .meter_id = METER, .person = "li", .media = media};
    MUST(str_copy(wish.uid_text, sizeof(wish.uid_text), uid));
    MUST(store_run(the.rig->rig.store, desk_issue, &wish) == OK && wish.refused == NULL);
}

void begin_return(struct card_rig *rig, const char *order_no, char ret_case_no[64])
{
    static const char *const names[] = {"li", "wang"};
    char body[256];
    char stage[64] = "";
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        str_format_cut(body, sizeof(body),
                       "{\"order_no\":\"%s\",\"person\":\"%s\",\"password\":\"" PASSWORD "\"}",
                       order_no, names[i]);
        if (desk("/v1/admin/card-returns", body, "stage", stage) != 200) {
            STOP("no return case: %s", stage);
        }
    }
    MUST(str_equal(stage, "REVERSAL_ISSUED"));
    rig_text(&rig->rig, "SELECT case_no FROM card_return_case WHERE order_no = ?1", order_no,
             ret_case_no, 64);
}

/* ---- looking ---- */

void state_of(const struct card_rig *rig, const char *order_no, char ret_state[RIG_STATE_SIZE])
{
    rig_text(&rig->rig, "SELECT state FROM pay_order WHERE order_no = ?1", order_no, ret_state,
             RIG_STATE_SIZE);
}

bool is_state(const struct card_rig *rig, const char *order_no, const char *state)
{
    char now[RIG_STATE_SIZE];
    state_of(rig, order_no, now);
    if (!str_equal(now, state)) {
        (void)printf("# order %s is %s, not %s\n", order_no, now, state);
    }
    return str_equal(now, state);
}

int64_t account_sum(const struct card_rig *rig, const char *account)
{
    return rig_number(&rig->rig, "SELECT coalesce(sum(fen), 0) FROM account_sum WHERE account = ?1",
                      account);
}
