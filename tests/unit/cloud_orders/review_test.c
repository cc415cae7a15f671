/* SPDX-License-Identifier: Apache-2.0 */
/* Two persons, their passwords, their decisions, and everything that they are refused. */
#include <string.h>

#include "cloud/review/person.h"
#include "common/str.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

enum { FEN = 5000, LONG_MS = 86400000 };

#define PASSWORD "correct horse"

static enum err add_person(const struct rig *rig, const char *name, const char *password,
                           const char *actor)
{
    const struct rng_port rng = rng_system();
    const struct person_change change = {name, password, actor};
    return person_add(rig->store, &rng, &change);
}

static void add_persons(struct rig *rig)
{
    CHECK_EQ_I64(add_person(rig, "li", PASSWORD, ""), OK);
    CHECK_EQ_I64(add_person(rig, "wang", PASSWORD, ""), OK);
}

/* POST to a document's operation as @p person; the result's word or the error's code. */
static void ask(const char *document_no, const char *op, const char *person, const char *more,
                char ret_word[64])
{
    char path[128];
    char body[512];
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/%s", document_no, op);
    str_format_cut(body, sizeof(body), "{\"person\":\"%s\",\"password\":\"" PASSWORD "\"%s}",
                   person, more);
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    const json_t *error = json_object_get(answer.json, "error");
    const char *word = json_string_value(json_object_get(answer.json, "result"));
    const char *code = json_string_value(json_object_get(error, "code"));
    str_format_cut(ret_word, 64, "%s", word != NULL ? word : code != NULL ? code : "nothing");
    double_answer_finish(&answer);
}

static void sign(const char *document_no, const char *person, const char *decision,
                 const char *expected)
{
    char more[64];
    char word[64];
    str_format_cut(more, sizeof(more), ",\"decision\":\"%s\"", decision);
    ask(document_no, "sign", person, more, word);
    CHECK_EQ_STR(word, expected);
}

static void attach(const char *document_no, const char *kind, const char *expected)
{
    char more[64];
    char word[64];
    str_format_cut(more, sizeof(more), ",\"kind\":\"%s\",\"text\":\"seen\"", kind);
    ask(document_no, "attach", "li", more, word);
    CHECK_EQ_STR(word, expected);
}

/* An order in REVIEW for a wrong amount. */
static void mismatch(struct rig *rig, char no[33])
{
    rig_begin(rig);
    add_persons(rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(rig, no, "WAIT_PAY"));
    double_pay_settle(no, FEN - 1);
    CHECK(rig_until(rig, no, "REVIEW"));
}

/* An order in REVIEW because the meter cannot prove its credit; it was delivered. */
static void unknown(struct rig *rig, char no[33])
{
    rig_timers()->delivery_ms = 800; /* long enough to be sent on a busy machine */
    rig_begin(rig);
    add_persons(rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_LOST_REPLY, 1);
    rig_create(2, FEN, no);
    CHECK(rig_until(rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until_number(
        rig, "SELECT count(*) FROM device_command WHERE op = 'credit' AND reply IS NOT NULL", NULL,
        1));
    double_gateway_kill(COUNT_ADDRESS, true);
    CHECK(rig_until(rig, no, "REVIEW"));
}

/* The delivery has ended with its order, and the meter takes the next payment. */
static void meter_is_free(struct rig *rig, const char *no, const char *stage)
{
    char now[RIG_STATE_SIZE];
    char next[33];
    rig_text(rig, "SELECT stage FROM delivery WHERE order_no = ?1", no, now, sizeof(now));
    CHECK_EQ_STR(now, stage);
    CHECK_EQ_I64(rig_number(rig, "SELECT count(*) FROM job WHERE kind LIKE 'deliver%'", NULL), 0);
    double_gateway_kill(COUNT_ADDRESS, false);
    rig_timers()->delivery_ms = LONG_MS;
    rig_restart(rig);
    CHECK(rig_pay(rig, 2, FEN, "DONE", next));
    CHECK(rig_books_are_clean(rig));
}

TEST(two_persons_pay_a_wrong_amount_back)
{
    struct rig rig;
    char no[33];
    mismatch(&rig, no);
    sign(no, "li", "refund", "first");
    sign(no, "li", "refund", "same_person");
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'REVIEW' FROM pay_order", NULL), 1);
    sign(no, "wang", "refund", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, FEN - 1);
    sign(no, "wang", "refund", "not_in_review");
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM review_item WHERE closed_at IS NULL", NULL),
                 0);
    char actor[64];
    rig_text(&rig, "SELECT actor FROM pay_event WHERE event = 'operator_refund'", NULL, actor,
             sizeof(actor));
    CHECK_EQ_STR(actor, "li+wang");
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(what_not_even_two_may_do)
{
    struct rig rig;
    char no[33];
    mismatch(&rig, no);
    sign(no, "li", "done", "reason_unfit");
    sign(no, "li", "close", "paid");
    sign(no, "li", "refunded", "no_reference");
    sign(no, "li", "sing", "bad_request");
    sign("SH00000000", "li", "refund", "not_in_review");
    attach(no, "reference", "attached");
    attach(no, "painting", "bad_request");
    attach("SH00000000", "note", "not_found");
    sign(no, "li", "repaid", "first");
    sign(no, "wang", "refund", "first"); /* another decision completes nothing */
    sign(no, "wang", "repaid", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(rig_number(&rig, "SELECT fen FROM account_sum WHERE account = 'BANK'", NULL),
                 -(FEN - 1));
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(an_unfenced_delivery_is_not_refunded)
{
    struct rig rig;
    char no[33];
    unknown(&rig, no);
    sign(no, "li", "refund", "not_fenced");
    sign(no, "li", "done", "no_evidence");
    attach(no, "reading", "attached");
    sign(no, "li", "done", "first");
    sign(no, "wang", "done", "settled");
    CHECK(rig_until(&rig, no, "DONE"));
    CHECK_EQ_I64(double_gateway_meter(COUNT_ADDRESS).credits, 1);
    meter_is_free(&rig, no, "DELIVERED");
    rig_end(&rig);
}

TEST(a_physical_proof_stands_in_for_the_fence)
{
    struct rig rig;
    char no[33];
    unknown(&rig, no);
    attach(no, "physical", "attached");
    sign(no, "li", "refund", "first");
    sign(no, "wang", "refund", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    meter_is_free(&rig, no, "VOID");
    rig_end(&rig);
}

TEST(paid_back_outside_the_provider_frees_the_meter_too)
{
    struct rig rig;
    char no[33];
    unknown(&rig, no);
    attach(no, "physical", "attached");
    attach(no, "reference", "attached");
    sign(no, "li", "repaid", "first");
    sign(no, "wang", "repaid", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    meter_is_free(&rig, no, "VOID");
    rig_end(&rig);
}

/* The meter is never read again, but its collector says that the command never came. */
TEST(a_command_that_never_arrived_needs_no_physical_proof)
{
    struct rig rig;
    char no[33];
    rig_timers()->delivery_ms = 1500;
    rig_begin(&rig);
    add_persons(&rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_SWALLOW, 1);
    rig_create(2, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until_number(&rig, "SELECT sends FROM delivery", NULL, 1));
    double_gateway_kill(COUNT_ADDRESS, true);
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM delivery WHERE stage = 'VOID'", NULL, 1));
    CHECK(rig_until(&rig, no, "REVIEW"));
    sign(no, "li", "refund", "settled"); /* the journal's word is the first signature */
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(the_devices_own_proof_is_the_first_signature)
{
    struct rig rig;
    char no[33];
    char word[64];
    rig_timers()->read_back = (struct timers_row){1, {100000}}; /* only a person asks again */
    unknown(&rig, no);
    CHECK(rig_until_number(&rig, "SELECT quiet FROM delivery", NULL, 1));
    double_gateway_kill(COUNT_ADDRESS, false);
    ask(no, "read", "li", "", word);
    CHECK_EQ_STR(word, "asked");
    CHECK(rig_until_number(&rig, "SELECT stage = 'DELIVERED' FROM delivery", NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'REVIEW' FROM pay_order", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM review_signature WHERE person = ''", NULL),
                 1);
    sign(no, "li", "refund", "delivered");
    sign(no, "li", "done", "settled"); /* one person confirms */
    CHECK(rig_until(&rig, no, "DONE"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_change_in_between_makes_the_first_signature_void)
{
    struct rig rig;
    char no[33];
    mismatch(&rig, no);
    sign(no, "li", "refund", "first");
    rig_exec(&rig, "UPDATE pay_order SET version = version + 1");
    sign(no, "wang", "refund", "first");
    sign(no, "li", "refund", "settled");
    rig_end(&rig);
}

TEST(the_provider_is_asked_again)
{
    struct rig rig;
    char no[33];
    char word[64];
    mismatch(&rig, no);
    ask(no, "query", "li", "", word);
    CHECK_EQ_STR(word, "paid");
    double_pay_return(no);
    ask(no, "query", "li", "", word);
    CHECK_EQ_STR(word, "refunded");
    sign(no, "li", "refund", "already_refunded");
    attach(no, "reference", "attached");
    sign(no, "li", "refunded", "first");
    sign(no, "wang", "refunded", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* A payment in another currency: no amount of it is fen, and still it must end. */
TEST(a_foreign_currency_is_settled_by_its_reference)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    add_persons(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    struct pay_notify notify = {.verdict = PAY_NOTIFY_GENUINE,
                                .result = PAY_PAID,
                                .amount_fen = FEN,
                                .refunded_fen = -1,
                                .currency_ok = false,
                                .http_status = 200,
                                .reply = "",
                                .trade_no = "TFOREIGN"};
    str_format_cut(notify.order_no, sizeof(notify.order_no), "%s", no);
    double_pay_notify(&notify);
    struct double_answer answer = double_http_call(HTTP_POST, "/pay/alipay/notify", "{}");
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, no, "REVIEW"));
    sign(no, "li", "close", "paid");
    sign(no, "li", "refund", "reason_unfit");
    sign(no, "li", "refunded", "no_reference");
    attach(no, "reference", "attached");
    sign(no, "li", "refunded", "first");
    sign(no, "wang", "refunded", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM review_item WHERE closed_at IS NULL", NULL),
                 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

struct facts {
    const char *document_no;
    struct review_facts facts;
};

static enum err load_facts(struct db *db, void *arg)
{
    struct facts *facts = arg;
    return review_facts_load(db, facts->document_no, &facts->facts);
}

static struct review_facts facts_of(const struct rig *rig, const char *no)
{
    struct facts facts = {.document_no = no};
    CHECK_EQ_I64(store_read(rig->store, load_facts, &facts), OK);
    return facts.facts;
}

/* What a provider said of an order, in a bill or in an answer. */
struct said {
    const char *order_no;
    const char *word; /* kind of the bill's row, or verdict */
    const char *refund_no;
};

static enum err add_bill_row(struct db *db, void *arg)
{
    const struct said *said = arg;
    struct sql *sql = sql_begin(db, "INSERT INTO bill_row (channel, day, kind, order_no, refund_no,"
                                    " trade_no, fen) VALUES ('wechat', '2026-11-20', ?2, ?1, ?3,"
                                    " 'T', 5000)");
    sql_bind_text(sql, 1, said->order_no);
    sql_bind_text(sql, 2, said->word);
    sql_bind_text(sql, 3, said->refund_no);
    return sql_run(sql);
}

static enum err add_inbox(struct db *db, void *arg)
{
    const struct said *said = arg;
    struct sql *sql =
        sql_begin(db, "INSERT INTO pay_inbox (channel, source, verdict, document_no, headers, body,"
                      " received_at) VALUES ('wechat', 'query', ?2, ?1, '', x'00', 1)");
    sql_bind_text(sql, 1, said->order_no);
    sql_bind_text(sql, 2, said->word);
    return sql_run(sql);
}

static void write_bill(const struct rig *rig, const char *no, const char *kind,
                       const char *refund_no)
{
    struct said said = {no, kind, refund_no};
    CHECK_EQ_I64(store_run(rig->store, add_bill_row, &said), OK);
}

TEST(what_a_bill_says_counts)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    CHECK(!facts_of(&rig, no).provider_paid);
    write_bill(&rig, "SH00000000", "payment", "");
    CHECK(!facts_of(&rig, no).provider_paid);
    write_bill(&rig, no, "payment", "");
    CHECK(facts_of(&rig, no).provider_paid);
    CHECK(!facts_of(&rig, no).provider_refunded);
    write_bill(&rig, no, "refund", "SOMEBODYS");
    rig_exec(&rig, "UPDATE bill_row SET state = 'pending' WHERE kind = 'refund'");
    CHECK(!facts_of(&rig, no).provider_refunded); /* it had only begun */
    rig_exec(&rig, "UPDATE bill_row SET state = 'done' WHERE kind = 'refund'");
    CHECK(facts_of(&rig, no).provider_refunded);
    rig_end(&rig);
}

static void say(const struct rig *rig, const char *no, const char *verdict)
{
    struct said said = {no, verdict, ""};
    CHECK_EQ_I64(store_run(rig->store, add_inbox, &said), OK);
}

/* WeChat says "a refund exists" of ours and of anybody's alike. */
TEST(a_refund_that_the_provider_shows_counts)
{
    static const char *const VERDICTS[] = {"paid_refund_seen", "partly_refunded", "refunded"};
    for (size_t i = 0; i < ARRAY_COUNT(VERDICTS); i++) {
        struct rig rig;
        char no[33];
        rig_begin(&rig);
        rig_create(1, FEN, no);
        CHECK(rig_until(&rig, no, "WAIT_PAY"));
        say(&rig, no, VERDICTS[i]);
        CHECK(facts_of(&rig, no).provider_paid && facts_of(&rig, no).provider_refunded);
        rig_end(&rig);
    }
}

/* Our own refund was given up: it is no reason against paying back from the bank. */
TEST(our_own_refund_is_not_somebody_elses)
{
    struct rig rig;
    char no[33];
    char refund_no[64];
    mismatch(&rig, no);
    double_pay_force(CALL_REFUND, PAY_REFUND_ABNORMAL, 1, false);
    sign(no, "li", "refund", "first");
    sign(no, "wang", "refund", "settled");
    CHECK(rig_until(&rig, no, "REVIEW"));
    say(&rig, no, "paid_refund_seen");
    rig_text(&rig, "SELECT refund_no FROM refund", NULL, refund_no, sizeof(refund_no));
    write_bill(&rig, no, "refund", refund_no);
    CHECK(!facts_of(&rig, no).provider_refunded);
    attach(no, "reference", "attached");
    sign(no, "li", "repaid", "first");
    sign(no, "wang", "repaid", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(refunded_by_somebody_is_not_repaid_from_the_bank)
{
    struct rig rig;
    char no[33];
    char word[64];
    mismatch(&rig, no);
    attach(no, "reference", "attached");
    double_pay_force(CALL_QUERY, PAY_PAID_REFUND_SEEN, 1, false);
    ask(no, "query", "li", "", word);
    CHECK_EQ_STR(word, "paid_refund_seen");
    sign(no, "li", "repaid", "already_refunded");
    sign(no, "li", "refund", "already_refunded");
    rig_end(&rig);
}

TEST(a_stray_payment_goes_back)
{
    struct rig rig;
    char no[33];
    char stray_no[33];
    rig_begin(&rig);
    add_persons(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    struct pay_notify notify = {.verdict = PAY_NOTIFY_GENUINE,
                                .result = PAY_PAID,
                                .amount_fen = 700,
                                .refunded_fen = -1,
                                .currency_ok = true,
                                .http_status = 200,
                                .reply = "",
                                .order_no = "SOMEBODYELSES"};
    str_format_cut(notify.trade_no, sizeof(notify.trade_no), "TSOMEBODYELSES");
    double_pay_settle("SOMEBODYELSES", 700);
    double_pay_notify(&notify);
    struct double_answer answer = double_http_call(HTTP_POST, "/pay/wechat/notify", "{}");
    double_answer_finish(&answer);
    rig_text(&rig, "SELECT stray_no FROM stray", NULL, stray_no, sizeof(stray_no));
    sign(stray_no, "li", "done", "reason_unfit");
    sign(stray_no, "li", "refund", "first");
    sign(stray_no, "wang", "refund", "settled");
    CHECK(rig_until_number(&rig, "SELECT state = 'REFUNDED' FROM stray", NULL, 1));
    CHECK_EQ_I64(double_pay_trade("SOMEBODYELSES").refunded_fen, 700);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(lists_and_documents)
{
    struct rig rig;
    char no[33];
    char path[96];
    mismatch(&rig, no);
    struct double_answer answer = double_http_call(HTTP_GET, "/v1/admin/review", NULL);
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "items")), 1);
    double_answer_finish(&answer);
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s", no);
    answer = double_http_call(HTTP_GET, path, NULL);
    const json_t *decisions = json_object_get(answer.json, "decisions");
    CHECK_EQ_STR(json_string_value(json_object_get(decisions, "refund")), "allowed");
    CHECK_EQ_STR(json_string_value(json_object_get(decisions, "done")), "reason_unfit");
    CHECK(json_array_size(json_object_get(answer.json, "events")) >= 2);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/admin/review/SH00000000", NULL);
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/admin/ledger", NULL);
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "findings")), 0);
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST(an_item_that_nobody_settles_is_an_alarm)
{
    struct rig rig;
    char no[33];
    rig_timers()->review_ms = 100;
    mismatch(&rig, no);
    CHECK(rig_until_number(&rig, "SELECT overdue FROM review_item", NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'review_overdue'", NULL),
                 1);
    rig_end(&rig);
}

TEST(passwords)
{
    struct rig rig;
    const struct rng_port rng = rng_system();
    const struct person_change change = {"li", "another horse", "wang+zhao"};
    rig_begin(&rig);
    add_persons(&rig);
    CHECK_EQ_I64(add_person(&rig, "Li", PASSWORD, "li+wang"), ERR_RANGE);
    CHECK_EQ_I64(add_person(&rig, "", PASSWORD, "li+wang"), ERR_RANGE);
    CHECK_EQ_I64(add_person(&rig, "zhao", "short", "li+wang"), ERR_RANGE);
    CHECK_EQ_I64(add_person(&rig, "li", "another horse", "li+wang"), ERR_EXISTS);
    CHECK_EQ_I64(person_check(rig.store, "li", PASSWORD), OK);
    CHECK_EQ_I64(person_check(rig.store, "nobody", PASSWORD), ERR_DENIED);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ_I64(person_check(rig.store, "li", "wrong horse"), ERR_DENIED);
    }
    CHECK_EQ_I64(person_check(rig.store, "li", PASSWORD), ERR_CONFLICT);
    CHECK_EQ_I64(person_check(rig.store, "wang", PASSWORD), OK);
    CHECK_EQ_I64(person_set_password(rig.store, &rng, &change), OK);
    CHECK_EQ_I64(person_check(rig.store, "li", "another horse"), OK);
    CHECK_EQ_I64(person_check(rig.store, "li", PASSWORD), ERR_DENIED);
    rig_end(&rig);
}

/* POST a change of a person with the passwords of @p vouchers ("li wang"); the word or the code. */
static void change_person(const char *op, const char *name, const char *password,
                          const char *vouchers, const char *expected)
{
    char path[64];
    char body[512];
    struct strbuf text;
    strbuf_init(&text, body, sizeof(body));
    strbuf_addf(&text, "{\"name\":\"%s\",\"password\":\"%s\",\"vouchers\":[", name, password);
    for (const char *at = vouchers; *at != '\0'; at += strcspn(at, " "), at += *at == ' ') {
        strbuf_addf(&text, "%s{\"person\":\"%.*s\",\"password\":\"" PASSWORD "\"}",
                    at == vouchers ? "" : ",", (int)strcspn(at, " "), at);
    }
    strbuf_add(&text, "]}");
    str_format_cut(path, sizeof(path), "/v1/admin/persons%s", op);
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    const json_t *error = json_object_get(answer.json, "error");
    const char *word = json_string_value(json_object_get(answer.json, "result"));
    const char *code = json_string_value(json_object_get(error, "code"));
    CHECK_EQ_STR(word != NULL ? word : code != NULL ? code : "nothing", expected);
    double_answer_finish(&answer);
}

/* One man at the socket must not become two persons. */
TEST(nobody_makes_himself_a_second_person)
{
    struct rig rig;
    rig_begin(&rig);
    change_person("", "li", PASSWORD, "", "stored");
    change_person("", "li", "another horse", "", "person_exists");
    change_person("", "wang", PASSWORD, "", "stored");
    change_person("", "zhao", "short", "li wang", "bad_request");
    change_person("", "zhao", PASSWORD, "", "wrong_password");
    change_person("", "zhao", PASSWORD, "li", "wrong_password");
    change_person("", "zhao", PASSWORD, "li li", "bad_request");
    change_person("", "zhao", PASSWORD, "li nobody", "wrong_password");
    change_person("", "zhao", PASSWORD, "li wang", "stored");
    CHECK_EQ_I64(person_check(rig.store, "zhao", PASSWORD), OK);
    change_person("/password", "wang", "another horse", "", "wrong_password");
    change_person("/password", "wang", "another horse", "li", "wrong_password");
    change_person("/password", "wang", "another horse", "li wang", "wrong_password");
    change_person("/password", "chen", "another horse", "li wang", "not_found");
    CHECK_EQ_I64(person_check(rig.store, "wang", PASSWORD), OK);
    change_person("/password", "wang", "another horse", "li zhao", "stored");
    CHECK_EQ_I64(person_check(rig.store, "wang", "another horse"), OK);
    change_person("/password", "li", "third horse", "li", "stored");
    CHECK_EQ_I64(person_check(rig.store, "li", "third horse"), OK);
    char actors[128];
    rig_text(&rig,
             "SELECT group_concat(event || ' ' || name || ' ' || actor, ', ')"
             " FROM (SELECT * FROM person_event ORDER BY event_id)",
             NULL, actors, sizeof(actors));
    CHECK_EQ_STR(actors, "added li , added wang , added zhao li+wang, password wang li+zhao,"
                         " password li li");
    rig_end(&rig);
}

TEST(numbers_over_the_socket)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    struct double_answer answer = double_http_call(HTTP_POST, "/v1/admin/ledger/epoch", "{}");
    CHECK_EQ_I64(json_integer_value(json_object_get(answer.json, "epoch")), 1);
    double_answer_finish(&answer);
    rig_create(1, FEN, no);
    CHECK(no[10] == '1'); /* SH, eight digits of the day, the epoch */
    rig_end(&rig);
}

TEST_MAIN()
