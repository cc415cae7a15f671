/* SPDX-License-Identifier: Apache-2.0 */
/* Starting and stopping follow cloud/app.c, part by part. */
#include "sim/world/cloud.h"

#include <string.h>

#include "cloud/catalog/seed.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "sim/cards/cards.h"
#include "sim/cards/vault_double.h"
#include "sim/disk/memdisk.h"
#include "sim/world/buffered.h"
#include "sim/world/ingest.h"
#include "sim/world/open_items.h"
#include "sim/world/world.h"

enum {
    SEED_SIZE = 8192,
    DOWN_MS_MAX = 60000,
    SICK_MS = 60000, /* until somebody starts it again after its disk has failed */
    PAY_THREADS = 3,
    METER_THREADS = 3,
};

#define DATABASE "/sim/b/cloud.db"

struct timers cloud_timers(void)
{
    struct timers timers = timers_default();
    const int64_t second_ms = 1000;
    const int64_t hour_ms = 3600 * second_ms;
    timers.window_ms = 90 * second_ms;
    timers.more_time_ms = 60 * second_ms;
    timers.scanned_ms = 60 * second_ms;
    timers.window_total_ms = 240 * second_ms;
    timers.expiry_ms = PROVIDER_EXPIRY_S * second_ms;
    timers.qr_dead_ms = 2 * timers.expiry_ms;
    timers.poll_ms = 10 * second_ms;
    timers.poll_later_ms = 20 * second_ms;
    timers.closing_dead_ms = 300 * second_ms;
    timers.closed = (struct timers_row){3, {300 * second_ms, 900 * second_ms, hour_ms / 2}};
    timers.refund_query =
        (struct timers_row){4, {10 * second_ms, 60 * second_ms, 600 * second_ms, hour_ms / 4}};
    timers.refund_query_count = 8;
    timers.delivery_ms = hour_ms;
    timers.review_ms = OPEN_ITEM_HOURS * hour_ms;
    timers.card_owed_ms = 2 * hour_ms;
    timers.card_review_ms =
        canary_is(CANARY_CARD_REFUNDED_ISSUED) ? hour_ms / 4 : OPEN_CARD_HOURS * hour_ms;
    if (canary_is(CANARY_DEAD_METER_BLOCKS)) {
        timers.delivery_ms = 10000 * hour_ms;
    }
    if (canary_is(CANARY_ITEM_WITHOUT_LIMIT)) {
        timers.review_ms = 10000 * hour_ms;
        timers.card_review_ms = 10000 * hour_ms;
    }
    return timers;
}

static void cloud_again(void *arg)
{
    struct cloud *cloud = arg;
    if (!cloud->running) {
        cloud_start(cloud);
    }
}

static void start_later(struct cloud *cloud, int64_t wait_ms)
{
    kernel_after(KERNEL_WORLD, wait_ms * KERNEL_MS, cloud_again, cloud);
}

/* ---- the end ---- */

static void forget(struct cloud *cloud)
{
    struct world *world = cloud->world;
    cloud->up = false;
    cloud->running = false;
    cloud->store = NULL;
    cloud->jobs = NULL;
    cloud->orders = NULL;
    cloud->review = NULL;
    cloud->cards = NULL;
    http_double_reset(&world->http);
    gateway_double_reset(&world->gateway);
}

void cloud_crash(struct cloud *cloud, bool power)
{
    struct world *world = cloud->world;
    if (!cloud->running) {
        return;
    }
    kernel_trace("cloud dies", power ? "power" : "killed", 0, 0);
    forget(cloud);
    cloud->stopping = false;
    if (power) {
        memdisk_cut(NODE_CLOUD);
    } else {
        memdisk_kill(NODE_CLOUD);
    }
    const int64_t down_ms = dice_between(&world->dice[DICE_CRASHES], 500, DOWN_MS_MAX);
    start_later(cloud, down_ms);
    kernel_crash(NODE_CLOUD);
}

static void stop_main(void *arg)
{
    struct cloud *cloud = arg;
    jobs_stop(cloud->jobs);
    orders_stop(cloud->orders);
    store_close(cloud->store);
    cards_destroy(cloud->cards);
    review_destroy(cloud->review);
    orders_destroy(cloud->orders);
    jobs_destroy(cloud->jobs);
    kernel_trace("cloud stopped", "", 0, 0);
    forget(cloud);
    cloud->stopping = false;
    start_later(cloud, 1000);
    kernel_crash(NODE_CLOUD); /* what parked requests and fibers are left end with the process */
}

void cloud_restart(struct cloud *cloud)
{
    if (cloud->up && !cloud->stopping) {
        cloud->stopping = true;
        cloud->up = false;
        (void)kernel_spawn(NODE_CLOUD, stop_main, cloud);
    }
}

/* Out of service: a person sees to the disk and starts it again. The power stays on. */
static void killed_by_hand(void *arg)
{
    struct cloud *cloud = arg;
    cloud_crash(cloud, /* power= */ false);
}

static void on_failed(void *self, enum err err)
{
    struct cloud *cloud = self;
    kernel_trace("store fails", err_name(err), 0, 0);
    if (err == ERR_CHECKSUM) {
        world_fail(cloud->world, "I8: the server's database is damaged");
    }
    kernel_after(NODE_CLOUD, SICK_MS * KERNEL_MS, killed_by_hand, cloud);
}

/* ---- the beginning ---- */

static enum err set_online(struct db *db, void *arg)
{
    (void)arg;
    return sql_run(sql_begin(db, "UPDATE collector SET online = 1"));
}

static enum err open_store(struct cloud *cloud)
{
    char why[STORE_WHY_SIZE];
    const struct store_config config = {.path = DATABASE,
                                        .clock = &cloud->clock,
                                        .disk_free_bytes_min = 1 << 20,
                                        .reader_count = 3,
                                        .on_failed = on_failed,
                                        .self = cloud};
    enum err err = store_open(&config, &cloud->store, why);
    if (err != OK) {
        kernel_trace("store not opened", why, err, 0);
    }
    return err;
}

static enum err make_cards(struct cloud *cloud)
{
    const struct cards_setup setup = {.orders = cloud->orders,
                                      .store = cloud->store,
                                      .jobs = cloud->jobs,
                                      .http = &cloud->world->http,
                                      .clock = &cloud->clock,
                                      .rng = &cloud->rng,
                                      .vault = vault_double()};
    return cloud->world->carded != NULL ? cards_create(&setup, &cloud->cards) : OK;
}

static enum err make_parts(struct cloud *cloud)
{
    struct world *world = cloud->world;
    const struct orders_setup setup = {
        .options = {.timers = cloud->timers,
                    .cut_off = true,
                    .pay_threads = PAY_THREADS,
                    .meter_threads = METER_THREADS},
        .store = cloud->store,
        .jobs = cloud->jobs,
        .gateway = &world->gateway,
        .pay = &world->pay,
        .http = &world->http,
        .clock = &cloud->clock,
        .rng = &cloud->rng,
        .test_keys_allowed = true,
    };
    enum err err = orders_create(&setup, &cloud->orders);
    if (err == OK) {
        cloud->accounts = orders_account_port(cloud->orders);
        const struct ingest_setup ingest = {.store = cloud->store,
                                            .accounts = &cloud->accounts,
                                            .clock = &cloud->clock,
                                            .acknowledge = gateway_double_acknowledge,
                                            .self = world};
        ingest_begin(&ingest);
        err = review_create(cloud->orders, &setup, &cloud->review);
    }
    if (err == OK) {
        err = make_cards(cloud);
    }
    if (err == OK) {
        err = orders_start(cloud->orders);
    }
    if (err == OK) {
        err = store_run(cloud->store, set_online, NULL);
    }
    return err;
}

static void cloud_main(void *arg)
{
    struct cloud *cloud = arg;
    enum err err = open_store(cloud);
    if (err == OK) {
        err = jobs_create(cloud->store, &cloud->jobs);
    }
    if (err == OK) {
        err = make_parts(cloud);
    }
    if (err == OK) {
        err = jobs_start(cloud->jobs);
    }
    if (err != OK) {
        kernel_trace("cloud does not start", err_name(err), 0, 0);
        cloud_crash(cloud, /* power= */ false);
        return;
    }
    kernel_trace("cloud up", "", 0, 0);
    gateway_double_connected(&cloud->world->gateway);
    cloud->up = true;
}

void cloud_start(struct cloud *cloud)
{
    cloud->clock = clock_system();
    cloud->running = true;
    (void)kernel_spawn(NODE_CLOUD, cloud_main, cloud);
}

/* ---- provisioning ---- */

static const char SEED_HEAD[] =
    "tariffs = ( { id = \"flat\"; price_yuan = \"0.5500\"; },\n"
    "  { id = \"dear\"; price_yuan = \"3000.0000\"; } );\n"
    "profiles = (\n"
    "  { id = \"p0\"; kind = \"cloud\"; relay = \"1C\"; password = \"02123456\";\n"
    "    operator = \"00000001\"; schedule_s = 0; },\n"
    "  { id = \"p3\"; kind = \"cloud\"; relay = \"1B\"; password = \"02123456\";\n"
    "    operator = \"00000001\"; schedule_s = 0; },\n"
    "  { id = \"p1\"; kind = \"count\"; layout = \"standard\"; relay = \"none\";\n"
    "    mac_port = \"/sim/key\"; password = \"02123456\"; operator = \"00000001\";\n"
    "    schedule_s = 0; },\n"
    "  { id = \"p4\"; kind = \"count\"; layout = \"standard\"; relay = \"none\";\n"
    "    mac_port = \"/sim/key\"; password = \"02123456\"; operator = \"00000001\";\n"
    "    schedule_s = 0; },\n"
    "  { id = \"p2\"; kind = \"order\"; layout = \"q\"; relay = \"none\";\n"
    "    password = \"02123456\"; operator = \"00000001\"; schedule_s = 0; }";

static const char SEED_CARD[] =
    ",\n  { id = \"card\"; kind = \"card\"; card_limit_yuan = \"350.00\"; }";

static const char SEED_SITE[] =
    " );\n"
    "collectors = ( { id = \"col1\"; name = \"one\"; } );\n"
    "sites = ( { id = \"s1\"; name = \"Site\"; company = \"Company\"; service_phone = \"400\";\n"
    "  amounts_yuan = [20, 50]; amount_min_yuan = \"1.00\"; amount_max_yuan = \"2000.00\";\n"
    "  languages = [\"zh-CN\"]; receipt_auto = true; sell_to_silent = true;\n"
    "  terminals = ( ";

/* Every second of the meters with their balance in the cloud wants its button pressed; one that
 * counts may get a buffered link. */
static uint32_t profile_of(uint32_t room)
{
    return room % 6 == 3 || room == BUFFERED_ROOM ? room % 6 : room % 3;
}

/* A meter without a network is on no bus. */
static void write_meter(struct strbuf *text, uint32_t room, bool cards)
{
    char address[METER_ADDRESS_SIZE];
    meters_address(room, address);
    if (cards) {
        strbuf_addf(text,
                    " meter = { id = \"m%u\"; address = \"%s\"; profile = \"card\";"
                    " tariff = \"flat\"; }; }\n",
                    room, address);
    } else {
        strbuf_addf(text,
                    " meter = { id = \"m%u\"; address = \"%s\"; profile = \"p%u\";"
                    " tariff = \"%s\"; collector = \"col1\"; bus = \"b1\"; }; }\n",
                    room, address, profile_of(room), room % 3 == 0 ? "dear" : "flat");
    }
}

static void write_seed(struct strbuf *text, uint32_t rooms, bool cards)
{
    strbuf_add(text, SEED_HEAD);
    strbuf_add(text, cards ? SEED_CARD : "");
    strbuf_add(text, SEED_SITE);
    for (uint32_t i = 0; i < KIOSKS_MAX; i++) {
        strbuf_addf(text, "%s{ id = \"k%u\"; name = \"K\"; }", i > 0 ? ", " : "", i + 1);
    }
    strbuf_add(text, " );\n  rooms = (\n");
    for (uint32_t i = 0; i < rooms; i++) {
        strbuf_addf(text,
                    "%s{ id = \"r%u\"; building = \"1\"; unit = \"1\"; label = \"%u\";"
                    " customer = { id = \"c%u\"; name = \"Li\"; };",
                    i > 0 ? ", " : "", i, 100 + i, i);
        write_meter(text, i, cards);
    }
    strbuf_add(text, " ); } );\n");
    MUST(!text->failed);
}

struct provision {
    struct cloud *cloud;
    uint32_t rooms;
    bool cards;
};

/* Planted bug: the count of a delivery that came to nothing stays taken. */
static enum err keep_voided_counts(struct db *db, void *arg)
{
    (void)arg;
    enum err err = sql_run(sql_begin(db, "DROP INDEX delivery_count"));
    return err == OK ? sql_run(sql_begin(db, "CREATE UNIQUE INDEX delivery_count ON delivery"
                                             " (meter_id, seq) WHERE seq IS NOT NULL"))
                     : err;
}

static void provision_main(void *arg)
{
    const struct provision *provision = arg;
    struct cloud *cloud = provision->cloud;
    static char bytes[SEED_SIZE];
    char message[CONFIG_MESSAGE_SIZE];
    struct strbuf text;
    bool changed = false;
    strbuf_init(&text, bytes, sizeof(bytes));
    write_seed(&text, provision->rooms, provision->cards);
    MUST(open_store(cloud) == OK);
    const struct seed_source source = {.text = bytes, .name = "seed"};
    enum err err = seed_apply(cloud->store, &source, &changed, message);
    MUST(err == OK);
    if (canary_is(CANARY_VOID_COUNT_KEPT)) {
        err = store_run(cloud->store, keep_voided_counts, NULL);
        MUST(err == OK);
    }
    if (provision->cards) {
        cards_provision(cloud->store, provision->rooms);
    }
    store_close(cloud->store);
    cloud->store = NULL;
}

void cloud_provision(struct cloud *cloud, uint32_t rooms, bool cards)
{
    struct provision provision = {cloud, rooms, cards};
    cloud->clock = clock_system();
    (void)kernel_spawn(NODE_CLOUD, provision_main, &provision);
    kernel_run(KERNEL_S);
    MUST(cloud->store == NULL);
}
