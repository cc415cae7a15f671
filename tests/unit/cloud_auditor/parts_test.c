/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/audit.h"
#include "cloud/auditor/fold.h"
#include "cloud/auditor/handover.h"
#include "cloud/auditor/mix.h"
#include "cloud/auditor/options.h"
#include "cloud/auditor/scan.h"
#include "cloud/auditor/sums.h"
#include "cloud/auditor/words.h"
#include "common/str.h"
#include "tests/unit/test.h"

/* ---- sums ---- */

static void count_sum(void *self, const char *account, const char *subject, int64_t fen)
{
    int64_t *total = self;
    CHECK(account[0] == 'H');
    CHECK(subject[0] != '\0');
    *total += fen;
}

TEST(sums_forget_what_returns_to_zero)
{
    struct sums *sums = sums_create();
    char subject[32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) {
            str_format_cut(subject, sizeof(subject), "d%d", i);
            (void)sums_add(sums, "HELD", subject, round == 0 ? i + 1 : -(i + 1));
        }
        (void)sums_add(sums, "HELD", "open", 7);
    }
    int64_t total = 0;
    CHECK_EQ_I64(sums_get(sums, "HELD", "d77"), 0);
    CHECK_EQ_I64(sums_get(sums, "HELD", "open"), 14);
    CHECK_EQ_I64(sums_get(sums, "HELDo", "pen"), 0);
    sums_each(sums, count_sum, &total);
    CHECK_EQ_I64(total, 14);
    sums_destroy(sums);
}

TEST(sums_against_a_plain_table_on_a_random_walk)
{
    enum { SUBJECTS = 97, STEPS = 20000 };
    static int64_t plain[SUBJECTS];
    struct sums *sums = sums_create();
    uint64_t state = test_seed;
    for (int i = 0; i < STEPS; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
        const size_t at = (size_t)(state >> 33U) % SUBJECTS;
        const int64_t fen = (int64_t)((state >> 20U) % 3U) - 1;
        char subject[16];
        str_format_cut(subject, sizeof(subject), "s%zu", at);
        plain[at] += fen;
        CHECK_EQ_I64(sums_add(sums, "HELD", subject, fen), plain[at]);
    }
    sums_destroy(sums);
}

TEST(digests_tell_sizes_apart)
{
    CHECK(mix_text(mix_text(0, "ab"), "c") != mix_text(mix_text(0, "a"), "bc"));
    CHECK(mix_bytes(0, "", 0) != mix_bytes(0, "\0", 1));
    CHECK(mix_text(0, "12345678a") != mix_text(0, "12345678b"));
    CHECK(mix_int(0, 1) != mix_int(0, 2));
}

/* ---- days and options ---- */

TEST(days_are_those_of_beijing)
{
    int64_t day = 0;
    char text[AUDIT_DAY_SIZE];
    CHECK(audit_day_parse("2026-11-30", &day));
    CHECK_EQ_STR(audit_day_format(day, text), "2026-11-30");
    CHECK_EQ_I64(audit_day(1795985616), day); /* 2026-11-30 04:53:36 there, the 29th in UTC */
    CHECK(audit_day_parse("20261130", &day));
    CHECK(!audit_day_parse("2026-13-30", &day));
    CHECK(!audit_day_parse("2026-11-3x", &day));
    CHECK_EQ_I64(audit_day(-1 - 28800), -1);
}

TEST(options_are_read_strictly)
{
    struct options options;
    char why[OPTIONS_WHY_SIZE];
    const char *const good[] = {"a",   "--database", "x.db", "--recheck",
                                "all", "--json",     "--at", "5"};
    const char *const none[] = {"a", "--json"};
    const char *const number[] = {"a", "--database", "x.db", "--at", "5s"};
    const char *const unknown[] = {"a", "--data", "x.db"};
    const char *const last[] = {"a", "--database"};
    CHECK(options_read(8, good, &options, why));
    CHECK(options.json && options.recheck == OPTIONS_RECHECK_ALL && options.now_s == 5);
    CHECK(!options_read(2, none, &options, why));
    CHECK(!options_read(5, number, &options, why));
    CHECK(!options_read(3, unknown, &options, why));
    CHECK(!options_read(2, last, &options, why));
}

/* ---- what a meter's readings prove ---- */

TEST(a_count_proves_with_our_amount_only)
{
    const struct handover_use use = {.energy_step = 1, .price_e4 = 5500};
    struct handover_reading before = {.has_count = true, .count = 3};
    struct handover_reading after = {
        .has_count = true, .count = 4, .has_last = true, .last_fen = 5000};
    CHECK(handover_judge("count", &before, &after, &use, 5000) == HANDOVER_RECORDED);
    CHECK(handover_judge("count", &before, &after, &use, 4000) == HANDOVER_NOT_SHOWN);
    after.count = 5;
    CHECK(handover_judge("count", &before, &after, &use, 5000) == HANDOVER_NOT_SHOWN);
}

TEST(a_window_proves_only_what_use_cannot_explain)
{
    const struct handover_use use = {.energy_step = 1, .price_e4 = 5500};
    struct handover_reading before = {
        .has_balance = true, .balance_fen = 10000, .has_energy = true, .energy = 1000};
    struct handover_reading after = before;
    after.balance_fen = 15000;
    CHECK(handover_judge("order", &before, &after, &use, 5000) == HANDOVER_WINDOW);
    after.balance_fen = 14990;
    CHECK(handover_judge("order", &before, &after, &use, 5000) == HANDOVER_NOT_SHOWN);
    after.energy = 1100; /* one kWh costs 55 fen */
    after.balance_fen = 14945;
    CHECK(handover_judge("order", &before, &after, &use, 5000) == HANDOVER_WINDOW);
    after.energy = 11000; /* 100 kWh cost more than the amount: nothing is proven */
    CHECK(handover_judge("order", &before, &after, &use, 5000) == HANDOVER_NOT_SHOWN);
    before.has_total = true;
    after.has_total = true;
    after.total_fen = 5000;
    CHECK(handover_judge("order", &before, &after, &use, 5000) == HANDOVER_RECORDED);
}

/* ---- scanning ---- */

static void join_member(void *self, const struct scan_member *member)
{
    struct strbuf *out = self;
    for (size_t i = 0; i < member->depth; i++) {
        strbuf_add_bytes(out, member->names[i].at, member->names[i].size);
        strbuf_add(out, i + 1 < member->depth ? "." : "=");
    }
    strbuf_add_bytes(out, member->value.at, member->value.size);
    strbuf_add(out, ";");
}

static const char *scanned(const char *text)
{
    static char joined[512];
    struct strbuf out;
    strbuf_init(&out, joined, sizeof(joined));
    return scan_object(text, strlen(text), join_member, &out) ? joined : "refused";
}

TEST(scanning_gives_members_with_their_names)
{
    CHECK_EQ_STR(scanned("{}"), "");
    CHECK_EQ_STR(scanned(" { \"a\" : 1 , \"b\":{\"c\":\"x\\\"y\",\"d\":[true,null,{\"e\":-2}]} } "),
                 "a=1;b.c=x\\\"y;b.d.=true;b.d.=null;b.d..e=-2;");
}

TEST(scanning_refuses_what_is_no_object)
{
    static const char *const BAD[] = {
        "",        "[]",          "{",          "{\"a\"}",     "{\"a\":}",
        "{,}",     "{\"a\":1,}",  "{\"a\":1}x", "{\"a\":[1}}", "{\"a\":1]",
        "{\"a:1}", "{\"a\":tru}", "{\"a\" 1}",  "{1:2}",       "{\"a\":[,]}"};
    for (size_t i = 0; i < ARRAY_COUNT(BAD); i++) {
        CHECK_EQ_STR(scanned(BAD[i]), "refused");
    }
    CHECK_EQ_STR(scanned("{\"a\":[[[[[[[[[1]]]]]]]]]}"), "refused"); /* too deep */
}

/* ---- words ---- */

static struct words words_in(const char *channel, const char *source, const char *body)
{
    struct words words;
    const struct words_message message = {
        .channel = channel, .source = source, .body = (const uint8_t *)body, .size = strlen(body)};
    words_read(&message, &words);
    return words;
}

TEST(alipay_words)
{
    struct words words = words_in(
        "alipay", "notify",
        "app_id=20&out_trade_no=SH1&trade_no=77&trade_status=TRADE_SUCCESS&total_amount=50.00");
    CHECK(words.said == WORDS_PAID);
    CHECK_EQ_I64(words.fen, 5000);
    CHECK_EQ_STR(words.order_no, "SH1");
    CHECK_EQ_STR(words.merchant, "20");
    words = words_in("alipay", "notify",
                     "out_trade_no=S%481&trade_status=TRADE_CLOSED&refund_fee=50.00");
    CHECK(words.said == WORDS_REFUNDED);
    CHECK_EQ_STR(words.order_no, "SH1");
    words = words_in("alipay", "query",
                     "{\"alipay_trade_query_response\":{\"code\":\"10000\",\"trade_status\":"
                     "\"WAIT_BUYER_PAY\",\"total_amount\":\"50.00\"},\"sign\":\"x\"}");
    CHECK(words.said == WORDS_OTHER);
    words = words_in("alipay", "refund",
                     "{\"alipay_trade_refund_response\":{\"code\":\"10000\",\"fund_change\":\"N\","
                     "\"refund_fee\":\"50.00\"}}");
    CHECK(words.said == WORDS_OTHER);
    words = words_in("alipay", "refund_query",
                     "{\"alipay_trade_fastpay_refund_query_response\":{\"code\":\"10000\","
                     "\"refund_amount\":\"50.00\",\"refund_status\":\"REFUND_SUCCESS\"}}");
    CHECK(words.said == WORDS_REFUNDED);
    CHECK_EQ_I64(words.refund_fen, 5000);
    CHECK(words_in("alipay", "query", "{").said == WORDS_UNREADABLE);
    CHECK(words_in("alipay", "precreate", "{").said == WORDS_OTHER);
}

TEST(wechat_words)
{
    struct words words = words_in("wechat", "query",
                                  "{\"trade_state\":\"SUCCESS\",\"out_trade_no\":\"SH1\","
                                  "\"transaction_id\":\"42\",\"amount\":{\"total\":5000}}");
    CHECK(words.said == WORDS_PAID);
    CHECK_EQ_I64(words.fen, 5000);
    words = words_in("wechat", "query", "{\"trade_state\":\"NOTPAY\",\"out_trade_no\":\"SH1\"}");
    CHECK(words.said == WORDS_OTHER);
    words = words_in("wechat", "refund", "{\"out_refund_no\":\"SH1R1\",\"status\":\"PROCESSING\"}");
    CHECK(words.said == WORDS_OTHER);
    words = words_in("wechat", "refund",
                     "{\"out_refund_no\":\"SH1R1\",\"status\":\"SUCCESS\",\"amount\":"
                     "{\"refund\":5000,\"total\":5000}}");
    CHECK(words.said == WORDS_REFUNDED);
    CHECK_EQ_STR(words.refund_no, "SH1R1");
    words = words_in("wechat", "notify", "{\"resource\":{\"ciphertext\":\"AAAA\"}}");
    CHECK(words.said == WORDS_SEALED);
    CHECK(words_in("wechat", "notify", "{}").said == WORDS_UNREADABLE);
}

/* ---- the table of findings ---- */

TEST(every_finding_says_what_it_means_and_what_to_do)
{
    for (int i = 0; i < FOUND_COUNT; i++) {
        const struct finding_rule *rule = finding_rule((enum finding)i);
        CHECK(rule->name[0] != '\0' && strlen(rule->meaning) > 10 && strlen(rule->advice) > 10);
        for (int k = 0; k < i; k++) {
            CHECK(!str_equal(rule->name, finding_rule((enum finding)k)->name));
        }
    }
}

/* ---- replay ---- */

static struct dossier_event event_of(int64_t seq, const char *name, const char *from,
                                     const char *to)
{
    struct dossier_event event = {.seq = seq, .amount_fen = 5000};
    str_format_cut(event.event, sizeof(event.event), "%s", name);
    str_format_cut(event.from, sizeof(event.from), "%s", from);
    str_format_cut(event.to, sizeof(event.to), "%s", to);
    return event;
}

static size_t folded(struct dossier_event *events, size_t count, struct fold *ret_fold)
{
    struct part part;
    struct dossier dossier = {.events = events, .event_count = count};
    dossier.order = (struct dossier_order){.there = true, .amount_fen = 5000, .credit_to = "METER"};
    part_init(&part);
    fold_order(&dossier, &part, ret_fold);
    const size_t faults = part.found_count;
    part_finish(&part);
    return faults;
}

TEST(a_credit_stopped_by_a_part_refund_is_settled_by_two_persons)
{
    struct fold fold;
    struct dossier_event events[] = {
        event_of(1, "precreate_ok", "NEW", "WAIT_PAY"),
        event_of(2, "paid", "WAIT_PAY", "PAID"),
        event_of(3, "credit_start", "PAID", "CREDITING"),
        event_of(4, "partial_refund", "CREDITING", "REVIEW"),
        event_of(5, "external_refund", "REVIEW", "REVIEW"),
        event_of(6, "operator_done", "REVIEW", "DONE"),
    };
    CHECK_EQ_I64(folded(events, ARRAY_COUNT(events), &fold), 0);
    CHECK_EQ_STR(fold.state, "DONE");
    CHECK(fold.by_operator);
    CHECK_EQ_I64(fold.posting_count, 4);
    CHECK_EQ_STR(fold.postings[1].step, "refund_meanwhile");
    CHECK_EQ_STR(fold.postings[2].step, "credit_meter");
    CHECK_EQ_STR(fold.postings[3].step, "meanwhile_lost");
}

TEST(a_payment_that_nobody_could_read_comes_and_goes_by_two_persons)
{
    struct fold fold;
    struct dossier_event events[] = {
        event_of(1, "precreate_ok", "NEW", "WAIT_PAY"),
        event_of(2, "paid", "WAIT_PAY", "REVIEW"),
        event_of(3, "operator_repaid", "REVIEW", "REFUNDED"),
    };
    events[1].currency_wrong = true;
    CHECK_EQ_I64(folded(events, ARRAY_COUNT(events), &fold), 0);
    CHECK_EQ_I64(fold.posting_count, 2);
    CHECK_EQ_STR(fold.postings[0].step, "receive");
    CHECK_EQ_STR(fold.postings[1].step, "repay_from_held");
}

static struct dossier_step step_of(int64_t seq, const char *name, const char *from, const char *to)
{
    struct dossier_step step = {.seq = seq};
    str_format_cut(step.event, sizeof(step.event), "%s", name);
    str_format_cut(step.from, sizeof(step.from), "%s", from);
    str_format_cut(step.to, sizeof(step.to), "%s", to);
    return step;
}

/* How many faults one delivery of @p kind shows that goes assign and then @p last. */
static size_t handed_over(const char *kind, const char *last, const char *to,
                          struct handover *ret_handover)
{
    struct part part;
    struct dossier_step steps[] = {step_of(1, "assign", "READY", "ASSIGNED"),
                                   step_of(2, last, "ASSIGNED", to)};
    struct dossier dossier = {.steps = steps, .step_count = ARRAY_COUNT(steps)};
    dossier.delivery = (struct dossier_delivery){.there = true, .amount_fen = 5000};
    str_format_cut(dossier.delivery.kind, sizeof(dossier.delivery.kind), "%s", kind);
    part_init(&part);
    handover_fold(&dossier, &part, ret_handover);
    const size_t faults = part.found_count;
    part_finish(&part);
    return faults;
}

TEST(an_issued_card_token_ends_in_its_own_ways_only)
{
    struct handover handover;
    CHECK_EQ_U64(handed_over("card", "written", "DELIVERED", &handover), 0);
    CHECK_EQ_I64(handover.proof, HANDOVER_RECORDED);
    CHECK_EQ_STR(handover.stage, "DELIVERED");
    CHECK_EQ_U64(handed_over("card", "reversed", "VOID", &handover), 0);
    CHECK_EQ_I64(handover.proof, HANDOVER_NOT_SHOWN);
    CHECK_EQ_U64(handed_over("card", "settled_back", "VOID", &handover), 0);
    CHECK_EQ_U64(handed_over("card", "deadline", "ASSIGNED", &handover), 0);
    CHECK_EQ_U64(handed_over("card", "stop", "ASSIGNED", &handover), 0);
    CHECK_EQ_U64(handed_over("card", "deadline", "VOID", &handover), 1); /* the token is out */
    CHECK_EQ_U64(handed_over("card", "stop", "VOID", &handover), 1);
    CHECK_EQ_U64(handed_over("card", "dispatch", "SENT", &handover), 1);
    CHECK_EQ_U64(handed_over("count", "written", "DELIVERED", &handover), 1);
    CHECK_EQ_U64(handed_over("count", "reversed", "VOID", &handover), 1);
    CHECK_EQ_U64(handed_over("count", "deadline", "VOID", &handover), 0);
}

TEST(states_have_places)
{
    CHECK_EQ_I64(fold_state_index("NEW"), 0);
    CHECK_EQ_I64(fold_state_index("REVIEW"), 10);
    CHECK_EQ_I64(fold_state_index("OTHER"), -1);
    CHECK_EQ_STR(fold_state_name(6), "DONE");
}

TEST_MAIN()
