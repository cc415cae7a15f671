/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the card driver counts, on its way into the heartbeat: asked for now and then, never while
 * an answer about a card is waited for, and nothing that the session would notice.
 */
#include "kiosk/flow/asker.h"
#include "tests/unit/kiosk_flow/reader_rig.h"

/* ---- the server ---- */

enum { BEATS = 2 };

static struct api_heartbeat beats[BEATS];
static int beat_count;

enum server_result __wrap_server_post_heartbeat(struct server *server,
                                                const struct api_heartbeat *heartbeat,
                                                struct api_heartbeat_answer *ret_answer,
                                                struct api_error *ret_error);
const char *__wrap_server_trouble(const struct server *server);

/* It is away, so that the next heartbeat comes soon. */
enum server_result __wrap_server_post_heartbeat(struct server *server,
                                                const struct api_heartbeat *heartbeat,
                                                struct api_heartbeat_answer *ret_answer,
                                                struct api_error *ret_error)
{
    (void)server;
    (void)ret_answer;
    (void)ret_error;
    (void)pthread_mutex_lock(&mutex);
    if (beat_count < BEATS) {
        beats[beat_count] = *heartbeat;
        beat_count += 1;
    }
    (void)pthread_mutex_unlock(&mutex);
    return SERVER_NOTHING;
}

const char *__wrap_server_trouble(const struct server *server)
{
    (void)server;
    return "it is away";
}

static bool has_beaten(int count)
{
    (void)pthread_mutex_lock(&mutex);
    bool beaten = beat_count >= count;
    (void)pthread_mutex_unlock(&mutex);
    return beaten;
}

/* ---- the driver ---- */

static struct api_reader_counts counts;

static void driver_counts(enum cardlink_reader state, uint64_t reopens)
{
    report = (struct cardlink_report){
        .say = CARDLINK_SAY_READER, .reader = state, .has_counts = true, .chip = "PN532 v1.6"};
    report.counts[CARDLINK_REOPENS] = reopens;
    driver_says();
}

/* True if the kiosk knows so many re-openings; asks for the next, each time. */
static bool knows(int64_t reopens)
{
    reader_counts(reader, &counts);
    return counts.told && counts.counts[CARDLINK_REOPENS] == reopens;
}

/* Behind everything that was sent before: it has been read, and nobody was told of it. */
static void nothing_was_told(uint32_t number)
{
    driver_lays(number, CARDLINK_CLASSIC);
    CHECK_EQ_U64(next(SESSION_EVENT_CARD)->event.card.number, number);
}

static bool driver_was_asked(void)
{
    struct pollfd fd = {.fd = driver, .events = POLLIN};
    return driver_len > 0 || poll(&fd, 1, 100) == 1;
}

TEST(counts_are_asked_for_and_the_newest_are_kept)
{
    begin();
    reader_counts(reader, &counts);
    CHECK(!counts.told);
    driver_wants(CARDLINK_OP_STATUS);
    driver_counts(CARDLINK_READER_READY, 3);
    nothing_was_told(5);
    CHECK(knows(3));
    CHECK_EQ_STR(counts.chip, "PN532 v1.6");
    CHECK_EQ_I64(counts.counts[CARDLINK_TIMEOUTS], 0);
    driver_wants(CARDLINK_OP_STATUS);
    driver_counts(CARDLINK_READER_READY, 4);
    driver_is(CARDLINK_READER_READY); /* pushed, and without counts: the session hears of it */
    (void)next(SESSION_EVENT_READER);
    CHECK(knows(4));
    driver_wants(CARDLINK_OP_STATUS);
    driver_counts(CARDLINK_READER_REPAIR, 4);
    CHECK_EQ_I64(next(SESSION_EVENT_READER)->event.reader, SESSION_READER_ERROR);
    driver_counts(CARDLINK_READER_OFFLINE, 4); /* no news for the session */
    driver_counts(CARDLINK_READER_READY, 5);
    CHECK_EQ_I64(next(SESSION_EVENT_READER)->event.reader, SESSION_READER_READY);
    end();
}

TEST(two_cards_that_an_answer_tells_of_again_are_no_news)
{
    begin();
    report = (struct cardlink_report){.say = CARDLINK_SAY_CARD, .presence = CARDLINK_TWO};
    driver_says();
    CHECK_EQ_I64(next(SESSION_EVENT_CARD)->event.card.pad, SESSION_PAD_TWO);
    reader_counts(reader, &counts);
    driver_wants(CARDLINK_OP_STATUS);
    driver_counts(CARDLINK_READER_READY, 1);
    report = (struct cardlink_report){.say = CARDLINK_SAY_CARD, .presence = CARDLINK_TWO};
    driver_says();
    nothing_was_told(6);
    report = (struct cardlink_report){.say = CARDLINK_SAY_CARD, .presence = CARDLINK_TWO};
    driver_says();
    CHECK_EQ_I64(next(SESSION_EVENT_CARD)->event.card.pad, SESSION_PAD_TWO);
    end();
}

TEST(a_card_that_is_read_is_not_disturbed)
{
    begin();
    lay(7);
    take(SESSION_EFFECT_CARD_OPEN, 7);
    driver_wants(CARDLINK_OP_READ);
    reader_counts(reader, &counts);
    CHECK(!driver_was_asked());
    driver_answers(CARDLINK_SAY_READ, OUTCOME_DONE, CARDLINK_OK);
    (void)next(SESSION_EVENT_CARD_VIEW);
    reader_counts(reader, &counts);
    driver_wants(CARDLINK_OP_STATUS);
    end();
}

TEST(a_driver_that_went_takes_its_counts_along)
{
    begin();
    reader_counts(reader, &counts);
    driver_wants(CARDLINK_OP_STATUS);
    driver_counts(CARDLINK_READER_READY, 9);
    nothing_was_told(5);
    CHECK(knows(9));
    driver_die();
    while (await(SESSION_EVENT_READER)->event.reader != SESSION_READER_ERROR) {
    }
    reader_counts(reader, &counts);
    CHECK(!counts.told);
    driver_listen();
    driver_accept();
    driver_wants(CARDLINK_OP_STATUS);
    driver_wants(CARDLINK_OP_POLL);
    driver_counts(CARDLINK_READER_READY, 0);
    (void)await(SESSION_EVENT_READER);
    CHECK(knows(0));
    end();
}

TEST(the_heartbeat_carries_the_counts_of_the_driver)
{
    begin();
    driver_counts(CARDLINK_READER_READY, 2);
    nothing_was_told(5);
    const struct server_config config = {0};
    struct asker *asker = asker_start(&config, queue);
    CHECK(asker != NULL);
    while (!has_beaten(1)) {
        (void)poll(NULL, 0, 2);
    }
    asker_set_reader(asker, reader);
    driver_wants(CARDLINK_OP_STATUS);
    while (!has_beaten(2)) {
        (void)poll(NULL, 0, 2);
    }
    asker_stop(asker);
    CHECK(!beats[0].reader.told);
    CHECK(beats[1].reader.told);
    CHECK_EQ_STR(beats[1].reader.chip, "PN532 v1.6");
    CHECK_EQ_I64(beats[1].reader.counts[CARDLINK_REOPENS], 2);
    end();
}

TEST(a_terminal_without_a_reader_tells_no_counts)
{
    queue = message_queue_create(wake, NULL);
    const struct server_config config = {0};
    reader = reader_start(&(struct cardd_place){.socket_path = ""}, &config, queue);
    CHECK(reader != NULL);
    counts.told = true;
    reader_counts(reader, &counts);
    CHECK(!counts.told);
    reader_stop(reader);
    message_queue_destroy(queue);
}

TEST_MAIN()
