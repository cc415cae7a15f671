/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dl645/prepay.h"
#include "protocol/dl645/status.h"
#include "tests/unit/protocol/dl645/wire.h"
#include "tests/unit/test.h"

static struct dl645_recharge purchase(void)
{
    return (struct dl645_recharge){
        .address = "260305510012",
        .operator_code = 0x11223344,
        .amount = money_fen(10000),
        .count = 8,
        .customer = "000000123456",
        .order = "1240826202124138",
        .mac1 = {1, 2, 3, 4},
        .mac2 = {5, 6, 7, 8},
    };
}

TEST(family_q_is_the_captured_frame)
{
    struct dl645_recharge recharge = purchase();
    const struct dl645_prepay_model *model = dl645_prepay_find("q");
    struct dl645_frame frame;
    CHECK(model != NULL);
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &recharge, NULL, &frame), OK);
    uint8_t bytes[DL645_WIRE_SIZE_MAX];
    size_t size = 0;
    CHECK_EQ_I64(dl645_frame_encode(&frame, 4, bytes, sizeof(bytes), &size), OK);
    struct wire wire = wire_of(
        "FE FE FE FE 68 12 00 51 05 03 26 68 03 22 32 35 34 3A 77 66 55 44 43 5A 33 33 6B 74 45 35 "
        "95 B5 73 45 33 33 33 33 45 33 84 38 36 59 33 33 33 33 8A 16");
    CHECK_EQ_U64(size, wire.size);
    CHECK_EQ_MEM(bytes, wire.bytes, size); /* the MACs given are not sent: this model has none */
    struct dl645_message message;
    struct money amount;
    CHECK_EQ_I64(dl645_recharge_parse(model, &frame, NULL, &message, &amount), OK);
    CHECK_EQ_I64(amount.fen, 10000);
    CHECK_EQ_STR(message.order, recharge.order);
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_REFUND, &recharge, NULL, &frame), OK);
    CHECK_EQ_U64(frame.data[1], 0x08);
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_OPEN_ACCOUNT, &recharge, NULL, &frame),
                 ERR_UNSUPPORTED);
}

TEST(standard_layout_has_its_macs_and_count)
{
    struct dl645_recharge recharge = purchase();
    const struct dl645_prepay_model *model = dl645_prepay_find("standard");
    struct dl645_frame frame;
    static const uint8_t data[] = {0xFF, 0x02, 0x01, 0x07, 0x44, 0x33, 0x22, 0x11, 0x10, 0x27,
                                   0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 1,    2,    3,    4,
                                   0x56, 0x34, 0x12, 0x00, 0x00, 0x00, 5,    6,    7,    8};
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &recharge, NULL, &frame), OK);
    CHECK_EQ_U64(frame.data_size, 0x1E);
    CHECK_EQ_MEM(frame.data, data, sizeof(data));
    struct dl645_message message;
    struct money amount;
    CHECK_EQ_I64(dl645_recharge_parse(model, &frame, NULL, &message, &amount), OK);
    CHECK_EQ_U64(message.purchase_count, 8);
    CHECK_EQ_I64(dl645_recharge_parse(dl645_prepay_find("q"), &frame, NULL, &message, &amount),
                 ERR_FORMAT);
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_OPEN_ACCOUNT, &recharge, NULL, &frame), OK);
    CHECK_EQ_U64(frame.data[1], 0x01);
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_REFUND, &recharge, NULL, &frame),
                 ERR_UNSUPPORTED);
}

TEST(what_the_wire_cannot_carry_is_refused)
{
    const struct dl645_prepay_model *model = dl645_prepay_find("standard");
    struct dl645_frame frame = {.control = 0x55};
    struct dl645_recharge r = purchase();
    r.amount = money_fen(0);
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &r, NULL, &frame), ERR_RANGE);
    r.amount = money_fen(-1);
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &r, NULL, &frame), ERR_RANGE);
    r.amount = money_fen(INT64_C(0x100000000));
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &r, NULL, &frame), ERR_RANGE);
    r = purchase();
    r.count = 0;
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &r, NULL, &frame), ERR_RANGE);
    r = purchase();
    r.customer = "12345";
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &r, NULL, &frame), ERR_FORMAT);
    r.customer = NULL;
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &r, NULL, &frame), ERR_FORMAT);
    r = purchase();
    r.address = "AAAAAAAAAAAA"; /* money never goes to whoever listens */
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &r, NULL, &frame), ERR_FORMAT);
    r = purchase();
    r.order = "124082620212413";
    CHECK_EQ_I64(dl645_recharge_build(dl645_prepay_find("q"), DL645_RECHARGE, &r, NULL, &frame),
                 ERR_FORMAT);
    CHECK_EQ_I64(dl645_recharge_build(dl645_prepay_find("p"), DL645_RECHARGE, &r, NULL, &frame),
                 ERR_UNSUPPORTED); /* no cipher */
    CHECK_EQ_U64(frame.control, 0x55);
    CHECK(dl645_prepay_find("x") == NULL);
}

/* A cipher that shows in tests: every byte complemented. */
static bool complement(void *self, uint8_t *data, size_t size)
{
    size_t *calls = self;
    *calls += 1;
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)~data[i];
    }
    return true;
}

TEST(family_p_passes_its_cipher_and_unit)
{
    size_t calls = 0;
    struct dl645_cipher cipher = {&calls, complement, complement};
    struct dl645_recharge recharge = purchase();
    const struct dl645_prepay_model *model = dl645_prepay_find("p4");
    struct dl645_frame frame;
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &recharge, &cipher, &frame), OK);
    CHECK_EQ_U64(calls, 1);
    CHECK_EQ_U64(frame.data[0], 0x00); /* FF complemented */
    struct dl645_message message;
    struct money amount;
    CHECK_EQ_I64(dl645_recharge_parse(model, &frame, &cipher, &message, &amount), OK);
    CHECK_EQ_U64(message.amount, 1000000); /* 0.0001 yuan */
    CHECK_EQ_I64(amount.fen, 10000);
    CHECK_EQ_U64(message.mac1[0], 0);
    recharge.amount = money_fen(INT64_C(42949673)); /* times 100: above 32 bits */
    CHECK_EQ_I64(dl645_recharge_build(model, DL645_RECHARGE, &recharge, &cipher, &frame),
                 ERR_RANGE);
    struct dl645_prepay_answer answer;
    struct dl645_frame refusal = {.control = 0xC3, .data_size = 1, .data = {0x80}};
    CHECK_EQ_I64(dl645_prepay_answer_parse(model, &refusal, &cipher, &answer), OK);
    CHECK_EQ_I64(answer.refusal, DL645_REFUSAL_WRONG_COUNT);
    CHECK_EQ_U64(calls, 2); /* a refusal is in the clear */
}

static struct dl645_prepay_answer answer_of(const char *model, const char *hex)
{
    struct wire wire = wire_of(hex);
    struct dl645_frame frame;
    struct dl645_prepay_answer answer;
    CHECK_EQ_I64(dl645_frame_decode(wire.bytes, wire.size, &frame), OK);
    CHECK_EQ_I64(dl645_prepay_answer_parse(dl645_prepay_find(model), &frame, NULL, &answer), OK);
    return answer;
}

TEST(answers)
{
    struct dl645_prepay_answer a = answer_of(
        "standard", "68 42 00 15 03 24 20 68 83 12 32 35 34 3A D3 A7 33 33 3A 33 33 33 89 67 45 33 "
                    "33 33 59 16");
    CHECK(a.accepted && a.has_balance && a.has_customer);
    CHECK_EQ_I64(a.remaining.fen, 29856);
    CHECK_EQ_U64(a.count, 7);
    CHECK_EQ_STR(a.customer, "000000123456");
    a = answer_of("standard", "68 42 00 15 03 24 20 68 C3 02 53 33 B9 16");
    CHECK(!a.accepted && !a.has_balance);
    CHECK_EQ_I64(a.refusal, DL645_REFUSAL_WRONG_COUNT);
    CHECK_EQ_U64(a.error_bits, DL645_SERR_COUNT);
    a = answer_of("q", "68 12 00 51 05 03 26 68 C3 01 35 5A 16");
    CHECK_EQ_I64(a.refusal, DL645_REFUSAL_LAYOUT);
    CHECK_EQ_STR(dl645_refusal_name(a.refusal), "layout");
}

TEST(answers_that_say_less_or_nothing)
{
    const struct dl645_prepay_model *model = dl645_prepay_find("standard");
    struct dl645_prepay_answer a;
    struct dl645_frame frame = {.control = 0x83, .data_size = 4, .data = {0xFF, 0x02, 0x01, 0x07}};
    CHECK_EQ_I64(dl645_prepay_answer_parse(model, &frame, NULL, &a), OK);
    CHECK(a.accepted && !a.has_balance && !a.has_customer);
    frame.data_size = 3;
    CHECK_EQ_I64(dl645_prepay_answer_parse(model, &frame, NULL, &a), ERR_FORMAT);
    frame = (struct dl645_frame){.control = 0xC3};
    CHECK_EQ_I64(dl645_prepay_answer_parse(model, &frame, NULL, &a), OK);
    CHECK_EQ_I64(a.refusal, DL645_REFUSAL_OTHER); /* refused without a reason */
    frame.control = 0x91;
    frame.data_size = 8;
    CHECK_EQ_I64(dl645_prepay_answer_parse(model, &frame, NULL, &a), ERR_FORMAT);
}

TEST(every_refusal_has_a_name)
{
    for (unsigned i = 0; i < DL645_REFUSAL_COUNT; i++) {
        CHECK(dl645_refusal_name((enum dl645_refusal)i)[0] != '\0');
    }
}

TEST(queries)
{
    struct dl645_message m;
    struct dl645_frame frame;
    uint8_t bytes[DL645_WIRE_SIZE_MAX];
    size_t size = 0;
    struct wire wire = wire_of("68 12 00 51 05 03 26 68 03 08 32 35 B4 3A 44 55 66 77 37 16");
    dl645_request_status_query("260305510012", 0x44332211, &m);
    CHECK_EQ_I64(dl645_message_encode(&m, &frame), OK);
    CHECK_EQ_I64(dl645_frame_encode(&frame, 0, bytes, sizeof(bytes), &size), OK);
    CHECK_EQ_U64(size, wire.size);
    CHECK_EQ_MEM(bytes, wire.bytes, size);
    static const uint8_t eight[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    dl645_request_authenticate("260305510012", 1, eight, eight, eight, &m);
    CHECK_EQ_I64(dl645_message_encode(&m, &frame), OK);
    CHECK_EQ_U64(frame.data_size, 0x20);
}

TEST_MAIN()
