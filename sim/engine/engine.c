/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/engine/engine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"
#include "emulators/meterbus/ticks.h"
#include "sim/engine/child.h"

enum {
    MILLION = 1000000,
    PAID_ENOUGH = 2000,
    REFUNDED_PPM_MAX = 60000,
    OPEN_PPM_MAX = 3000,
    HEALTHY_REFUNDED_PPM_MAX = 50000,
    HEALTHY_OPEN_PPM_MAX = 2000,
    HEALTHY_FAST_PPM_MIN = 990000,
};

int64_t engine_now_ms(void)
{
    return ticks_now_ns() / NS_PER_MS;
}

const char *engine_said(const struct engine_result *result)
{
    return result->ended ? result->failure : "the process was ended by a signal";
}

/* ---- adding up ---- */

static int64_t longer(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

static void add_card_counts(struct card_counts *sum, const struct card_counts *one)
{
    sum->tokens += one->tokens;
    sum->written += one->written;
    sum->owed += one->owed;
    sum->repaired += one->repaired;
    sum->visits += one->visits;
    sum->loaded += one->loaded;
    sum->replayed += one->replayed;
    sum->refused += one->refused;
    sum->reversals += one->reversals;
    sum->taken_back += one->taken_back;
    sum->paid_out += one->paid_out;
    sum->replaced += one->replaced;
}

static void add_counts(struct counts *sum, const struct counts *one)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        sum->faults[i] += one->faults[i];
    }
    sum->orders += one->orders;
    sum->paid += one->paid;
    sum->credited += one->credited;
    sum->refunded += one->refunded;
    sum->open += one->open;
    sum->paid_fen += one->paid_fen;
    sum->credited_fen += one->credited_fen;
    sum->refunded_fen += one->refunded_fen;
    sum->open_fen += one->open_fen;
    sum->steps += one->steps;
    sum->fast += one->fast;
    add_card_counts(&sum->cards, &one->cards);
    sum->slowest_ms = longer(sum->slowest_ms, one->slowest_ms);
    sum->oldest_open_ms = longer(sum->oldest_open_ms, one->oldest_open_ms);
}

static void add_disk(struct disk_counts *sum, const struct disk_counts *one)
{
    sum->writes += one->writes;
    sum->syncs += one->syncs;
    sum->cuts += one->cuts;
    sum->lost_writes += one->lost_writes;
    sum->sync_errors += one->sync_errors;
    sum->full_errors += one->full_errors;
    sum->stalls += one->stalls;
}

/* Behind the first that failed none counts: how many those are depends on the processes. */
static void add_result(struct engine_total *total, const struct engine_result *result)
{
    if (total->failures > 0) {
        return;
    }
    total->histories += 1;
    total->hash = (total->hash ^ result->hash) * UINT64_C(0x9E3779B97F4A7C15);
    add_counts(&total->counts, &result->counts);
    add_disk(&total->disk, &result->disk);
    if (result->ended && result->sound) {
        return;
    }
    total->failures += 1;
    if (total->failures == 1) {
        total->first_failed_seed = result->seed;
        str_format_cut(total->failure, sizeof(total->failure), "%s", engine_said(result));
    }
}

void engine_add_total(struct engine_total *sum, const struct engine_total *one)
{
    sum->histories += one->histories;
    add_counts(&sum->counts, &one->counts);
    add_disk(&sum->disk, &one->disk);
}

/* ---- children ---- */

/* Histories under way and those that ended before an older one did. */
enum { PLACES = ENGINE_JOBS_MAX * 8 };

struct crew {
    const struct engine_options *options;
    struct engine_result *results; /* shared memory, one a place */
    pid_t pids[PLACES];            /* 0: nobody is at work there */
    uint64_t begun;
    uint64_t ended; /* and all before it */
    uint32_t running;
};

static void begin_child(struct crew *crew)
{
    const size_t place = crew->begun % PLACES;
    struct engine_result *result = &crew->results[place];
    struct world_config config = crew->options->world;
    memset(result, 0, sizeof(*result));
    if (crew->options->cases > 0) {
        config.gate = 1 + (uint32_t)crew->begun * crew->options->stride;
        result->seed = config.gate;
    } else {
        config.seed += crew->begun;
        result->seed = config.seed;
    }
    result->counts.orders = config.topups; /* if it does not come to its end */
    crew->pids[place] = child_begin(&config, result);
    crew->begun += 1;
    crew->running += 1;
}

/* Wait for whoever ends first; add up in the order of the seeds. */
static void end_child(struct crew *crew, struct engine_total *total)
{
    const pid_t pid = child_end_any();
    for (size_t i = 0; i < PLACES; i++) {
        crew->pids[i] = crew->pids[i] == pid ? 0 : crew->pids[i];
    }
    crew->running -= 1;
    while (crew->ended < crew->begun && crew->pids[crew->ended % PLACES] == 0) {
        add_result(total, &crew->results[crew->ended % PLACES]);
        crew->ended += 1;
    }
}

bool engine_run(const struct engine_options *options, struct engine_total *ret_total)
{
    static struct crew crew;
    const int64_t end_ms = engine_now_ms() + (int64_t)options->seconds * 1000;
    struct engine_total total = {.histories = 0};
    MUST(options->jobs >= 1 && options->jobs <= ENGINE_JOBS_MAX);
    crew = (struct crew){.options = options};
    crew.results = child_memory(PLACES * sizeof(*crew.results));
    bool more = true;
    while (more || crew.running > 0) {
        more = more && total.failures == 0 &&
               (options->seeds > 0 ? crew.begun < options->seeds : engine_now_ms() < end_ms);
        if (more && crew.running < options->jobs && crew.begun - crew.ended < PLACES) {
            begin_child(&crew);
        } else if (crew.running > 0) {
            end_child(&crew, &total);
        }
    }
    child_memory_free(crew.results, PLACES * sizeof(*crew.results));
    *ret_total = total;
    return total.failures == 0;
}

/* ---- the smallest failure ---- */

_Static_assert(FAULT_COUNT <= 64, "a mask has 64 bits");

static size_t rule_len(const char *said)
{
    const char *colon = strchr(said, ':');
    return colon != NULL ? (size_t)(colon - said) : 0;
}

/* The same words, whatever the numbers between them. */
static bool same_words(const char *one, const char *other)
{
    static const char DIGITS[] = "0123456789";
    for (;;) {
        one += strspn(one, DIGITS);
        other += strspn(other, DIGITS);
        if (*one != *other || *one == '\0') {
            return *one == *other;
        }
        one += 1;
        other += 1;
    }
}

bool engine_same_rule(const char *one, const char *other)
{
    const size_t len = rule_len(one);
    if (len == 0 || rule_len(other) == 0) {
        return same_words(one, other);
    }
    return len == rule_len(other) && strncmp(one, other, len) == 0;
}

struct sought {
    const struct engine_options *options;
    const char *said;
};

static bool still_fails(const struct sought *sought, const struct world_config *config)
{
    struct engine_options one = *sought->options;
    struct engine_total total;
    one.world = *config;
    one.seeds = 1;
    one.jobs = 1;
    return !engine_run(&one, &total) && engine_same_rule(total.failure, sought->said);
}

/* Fewer top-ups: by half, then by ever smaller parts of it. */
static void shrink_topups(const struct sought *sought, struct world_config *config)
{
    uint32_t less = config->topups / 2;
    while (less > 0) {
        struct world_config tried = *config;
        tried.topups -= less;
        if (still_fails(sought, &tried)) {
            *config = tried;
            less = less < config->topups ? less : config->topups / 2;
        } else {
            less /= 2;
        }
    }
}

void engine_shrink(const struct engine_options *options, const char *said,
                   struct world_config *config)
{
    const struct sought sought = {.options = options, .said = said};
    shrink_topups(&sought, config);
    for (int i = 0; i < FAULT_COUNT; i++) {
        struct world_config tried = *config;
        tried.masked |= UINT64_C(1) << i;
        if (still_fails(&sought, &tried)) {
            *config = tried;
        }
    }
    shrink_topups(&sought, config);
}

bool engine_replay(const struct engine_options *options)
{
    struct world_config config = options->world;
    struct engine_result *result = child_memory(sizeof(*result));
    config.talkative = true;
    result->seed = config.seed;
    child_end(child_begin(&config, result));
    const struct engine_result seen = *result;
    child_memory_free(result, sizeof(*result));
    (void)printf("seed %" PRIu64 ": %s, hash %016" PRIx64 ", %" PRIu64 " orders, %" PRIu64
                 " paid, %" PRIu64 " credited, %" PRIu64 " refunded, %" PRIu64 " open\n",
                 seen.seed, seen.ended && seen.sound ? "sound" : engine_said(&seen), seen.hash,
                 seen.counts.orders, seen.counts.paid, seen.counts.credited, seen.counts.refunded,
                 seen.counts.open);
    return seen.ended && seen.sound;
}

/* ---- what is printed ---- */

void engine_print_plants(const struct world_config *config)
{
    if (config->masked != 0) {
        (void)printf(" --mask %" PRIu64, config->masked);
    }
    if (config->canary != CANARY_NONE) {
        (void)printf(" --canary %s", canary_name(config->canary));
    }
}

void engine_print_replay(const struct world_config *config)
{
    (void)printf("replay: shilling-sim%s --seed %" PRIu64 " --topups %u --rooms %u --kiosks %u",
                 config->cards ? " --cards" : "", config->seed, config->topups, config->rooms,
                 config->kiosks);
    if (config->calm) {
        (void)printf(" --calm");
    }
    if (config->gate != 0) {
        (void)printf(" --gate %u", config->gate);
    }
    engine_print_plants(config);
    (void)printf("\n");
}

static uint64_t ppm(uint64_t part, uint64_t whole)
{
    return whole > 0 ? part * MILLION / whole : 0;
}

bool engine_quality_is_good(const struct engine_total *total)
{
    const struct counts *counts = &total->counts;
    return counts->paid < PAID_ENOUGH || (ppm(counts->refunded, counts->paid) <= REFUNDED_PPM_MAX &&
                                          ppm(counts->open, counts->paid) <= OPEN_PPM_MAX);
}

bool engine_quality_is_healthy(const struct engine_total *total)
{
    const struct counts *counts = &total->counts;
    return counts->paid < PAID_ENOUGH ||
           (ppm(counts->refunded, counts->paid) <= HEALTHY_REFUNDED_PPM_MAX &&
            ppm(counts->open, counts->paid) <= HEALTHY_OPEN_PPM_MAX &&
            ppm(counts->fast, counts->credited) >= HEALTHY_FAST_PPM_MIN);
}

void engine_quality_text(const struct engine_total *total, char *ret_text, size_t text_size)
{
    const struct counts *counts = &total->counts;
    str_format_cut(ret_text, text_size,
                   "I16: of what was paid %" PRIu64 " ppm went back, %" PRIu64 " ppm are open",
                   ppm(counts->refunded, counts->paid), ppm(counts->open, counts->paid));
}

static void print_faults(const struct engine_total *total)
{
    uint64_t sum = total->disk.lost_writes + total->disk.sync_errors + total->disk.full_errors +
                   total->disk.stalls;
    for (int i = 0; i < FAULT_COUNT; i++) {
        const uint64_t count = total->counts.faults[i];
        sum += count;
        if (count > 0) {
            (void)printf("  %-20s %" PRIu64 "\n", fault_name((enum fault)i), count);
        }
    }
    (void)printf("  %-20s %" PRIu64 " in %" PRIu64 " power cuts\n", "unsynced writes lost",
                 total->disk.lost_writes, total->disk.cuts);
    (void)printf("  %-20s %" PRIu64 "\n  %-20s %" PRIu64 "\n  %-20s %" PRIu64 "\n", "syncs failed",
                 total->disk.sync_errors, "syncs stalled", total->disk.stalls,
                 "writes without room", total->disk.full_errors);
    const uint64_t hundredths = ppm(sum, total->counts.orders) / 10000;
    (void)printf("faults: %" PRIu64 ", %" PRIu64 ".%02" PRIu64 " a top-up\n", sum, hundredths / 100,
                 hundredths % 100);
}

static void print_cards(const struct counts *counts)
{
    const struct card_counts *cards = &counts->cards;
    (void)printf("tokens: %" PRIu64 " given out, %" PRIu64 " written, %" PRIu64
                 " owed and written later, %" PRIu64 " records mended; %" PRIu64 " torn writes\n",
                 cards->tokens, cards->written, cards->owed, cards->repaired,
                 counts->faults[FAULT_CARD_TORN] + counts->faults[FAULT_CARD_PULLED] +
                     counts->faults[FAULT_CARD_TORN_AT_METER]);
    (void)printf("meters: %" PRIu64 " visits, %" PRIu64 " loaded, %" PRIu64
                 " tokens replayed, %" PRIu64 " refused\n",
                 cards->visits, cards->loaded, cards->replayed, cards->refused);
    (void)printf("cards: %" PRIu64 " copies put back, %" PRIu64 " clones used, %" PRIu64
                 " lost, %" PRIu64 " replaced\n",
                 counts->faults[FAULT_CARD_RESTORED], counts->faults[FAULT_CARD_CLONE],
                 counts->faults[FAULT_CARD_LOST], cards->replaced);
    (void)printf("reversals: %" PRIu64 " begun, %" PRIu64 " taken back by the meter, %" PRIu64
                 " paid out at the desk\n",
                 cards->reversals, cards->taken_back, cards->paid_out);
}

void engine_print_total(const struct engine_options *options, const struct engine_total *total,
                        int64_t took_ms)
{
    const struct counts *counts = &total->counts;
    print_faults(total);
    (void)printf("seeds %" PRIu64 "..%" PRIu64 ": %" PRIu64 " top-ups, %" PRIu64 " events, %" PRId64
                 ".%01" PRId64 " s, %" PRId64 " top-ups/s, hash %016" PRIx64 "\n",
                 options->world.seed, options->world.seed + total->histories - 1, counts->orders,
                 counts->steps, took_ms / 1000, took_ms % 1000 / 100,
                 (int64_t)counts->orders * 1000 / (took_ms > 0 ? took_ms : 1), total->hash);
    (void)printf("paid %" PRIu64 " = credited %" PRIu64 " + refunded %" PRIu64 " + open %" PRIu64
                 "\n",
                 counts->paid, counts->credited, counts->refunded, counts->open);
    (void)printf("paid %" PRId64 " fen = credited %" PRId64 " + refunded %" PRId64
                 " + open %" PRId64 "; refunded %" PRIu64 " ppm, open %" PRIu64 " ppm of paid\n",
                 counts->paid_fen, counts->credited_fen, counts->refunded_fen, counts->open_fen,
                 ppm(counts->refunded, counts->paid), ppm(counts->open, counts->paid));
    if (options->world.cards) {
        print_cards(counts);
        return;
    }
    (void)printf("from payment to fate: %" PRId64 " s at most, %" PRIu64
                 " ppm of the credits within %d s; oldest open item at the audit: %" PRId64 " s\n",
                 counts->slowest_ms / 1000, ppm(counts->fast, counts->credited), (int)FAST_S,
                 counts->oldest_open_ms / 1000);
}
