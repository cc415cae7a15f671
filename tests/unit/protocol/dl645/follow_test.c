/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dl645/di.h"
#include "protocol/dl645/follow.h"
#include "protocol/dl645/request.h"
#include "tests/unit/protocol/dl645/wire.h"
#include "tests/unit/test.h"

static const char meter[] = "202403150042";

/* The wire between the two sides: encode, decode. */
static struct dl645_message carried(const struct dl645_message *message)
{
    struct dl645_frame frame;
    struct dl645_message again;
    CHECK_EQ_I64(dl645_message_encode(message, &frame), OK);
    CHECK_EQ_I64(dl645_message_decode(&frame, &again), OK);
    return again;
}

static void read_whole(size_t size, size_t part_size)
{
    uint8_t sent[1000];
    uint8_t got[1000];
    struct dl645_follow follow;
    struct dl645_message request;
    struct dl645_message reply;
    for (size_t i = 0; i < size; i++) {
        sent[i] = (uint8_t)(i * 13);
    }
    dl645_follow_init(&follow, 0x0001FF00, got, sizeof(got));
    dl645_request_read(meter, 0x0001FF00, &request);
    enum err err = ERR_INCOMPLETE;
    size_t parts = 0;
    while (err == ERR_INCOMPLETE) {
        struct dl645_message heard = carried(&request);
        CHECK(dl645_follow_part(&heard, sent, size, part_size, &reply));
        reply = carried(&reply);
        CHECK_EQ_I64(dl645_reply_match(&request, &reply), DL645_MATCH_ANSWER);
        err = dl645_follow_add(&follow, &reply);
        parts += 1;
        if (err == ERR_INCOMPLETE) {
            dl645_follow_request(&follow, &request);
            CHECK_EQ_U64(request.seq, parts);
        }
    }
    CHECK_EQ_I64(err, OK);
    CHECK_EQ_U64(follow.used, size);
    CHECK_EQ_MEM(got, sent, size);
    CHECK_EQ_U64(parts, size == 0 ? 1 : (size + part_size - 1) / part_size);
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_CONFLICT); /* it is whole */
}

TEST(parts_of_every_size_are_put_together)
{
    static const size_t sizes[] = {0, 1, 4, 194, 195, 196, 390, 391, 999, 1000};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        read_whole(sizes[i], 195);
        if (sizes[i] <= 7 * 255) {
            read_whole(sizes[i], 7);
        }
    }
}

TEST(captured_pair)
{
    struct wire first = wire_of("68 42 00 15 03 24 20 68 B1 0C 33 32 34 33 89 67 45 33 44 44 33 33 "
                                "4D 16");
    struct wire last = wire_of("68 42 00 15 03 24 20 68 92 09 33 32 34 33 55 55 33 33 34 19 16");
    struct dl645_frame frame;
    struct dl645_message reply;
    struct dl645_follow follow;
    uint8_t bytes[64];
    dl645_follow_init(&follow, 0x0001FF00, bytes, sizeof(bytes));
    CHECK_EQ_I64(dl645_frame_decode(first.bytes, first.size, &frame), OK);
    CHECK_EQ_I64(dl645_message_decode(&frame, &reply), OK);
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_INCOMPLETE);
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_CONFLICT); /* heard twice: not added */
    CHECK_EQ_I64(dl645_frame_decode(last.bytes, last.size, &frame), OK);
    CHECK_EQ_I64(dl645_message_decode(&frame, &reply), OK);
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), OK);
    static const uint8_t whole[] = {0x56, 0x34, 0x12, 0x00, 0x11, 0x11,
                                    0x00, 0x00, 0x22, 0x22, 0x00, 0x00};
    CHECK_EQ_U64(follow.used, sizeof(whole));
    CHECK_EQ_MEM(bytes, whole, sizeof(whole));
}

TEST(wrong_parts_add_nothing)
{
    struct dl645_follow follow;
    struct dl645_message request;
    struct dl645_message reply;
    uint8_t sent[20] = {0};
    uint8_t bytes[15];
    dl645_follow_init(&follow, 0x0001FF00, bytes, sizeof(bytes));
    dl645_request_read(meter, 0x0001FF00, &request);
    CHECK(dl645_follow_part(&request, sent, sizeof(sent), 8, &reply));
    struct dl645_message wrong = reply;
    wrong.di = 0x0002FF00;
    CHECK_EQ_I64(dl645_follow_add(&follow, &wrong), ERR_CONFLICT);
    CHECK_EQ_I64(dl645_follow_add(&follow, &request), ERR_CONFLICT);
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_INCOMPLETE);
    dl645_follow_request(&follow, &request);
    CHECK(dl645_follow_part(&request, sent, sizeof(sent), 8, &reply));
    wrong = reply;
    wrong.seq = 2;
    CHECK_EQ_I64(dl645_follow_add(&follow, &wrong), ERR_CONFLICT);
    wrong = reply;
    wrong.address[0] = '3';
    CHECK_EQ_I64(dl645_follow_add(&follow, &wrong), ERR_CONFLICT);
    wrong = reply;
    wrong.error = true;
    CHECK_EQ_I64(dl645_follow_add(&follow, &wrong), ERR_DENIED);
    CHECK_EQ_U64(follow.used, 8);
    CHECK_EQ_I64(dl645_follow_add(&follow, &reply), ERR_FULL);
    CHECK_EQ_U64(follow.used, 8);
    request.seq = 3;
    CHECK(!dl645_follow_part(&request, sent, sizeof(sent), 8, &reply));
}

TEST_MAIN()
