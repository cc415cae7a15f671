/* SPDX-License-Identifier: Apache-2.0 */
#include "printer/printd/work.h"

#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

enum {
    MARK_BASE = 36,
    /* The last eight characters of the job's number, on the paper's foot: they are random. The
     * first eight are the time, the same for all papers of a minute. */
    PRINT_ID_SIZE = 9,
};

struct work_item {
    int64_t seq;
    char job_id[ID_TEXT_SIZE];
    struct receipt receipt;
};

struct work {
    const struct settings *settings; /* borrowed, as the next two */
    struct print_journal *journal;
    struct clock_port clock;
    struct engine engine;

    struct work_item queue[WORK_QUEUE_MAX]; /* the first is under way if has_current */
    size_t queue_count;
    bool has_current;
    struct escpos_job job;
    struct engine_job engine_job;

    struct printjob_answer verdicts[WORK_QUEUE_MAX];
    size_t verdict_count;
};

enum err work_create(const struct settings *settings, struct print_journal *journal,
                     const struct clock_port *clock, bool interrupted, struct work **ret_work)
{
    struct work *work = calloc(1, sizeof(*work));
    if (work == NULL) {
        return ERR_MEMORY;
    }
    work->settings = settings;
    work->journal = journal;
    work->clock = *clock;
    engine_init(&work->engine, &settings->engine, interrupted, clock_mono_ms(clock));
    *ret_work = work;
    return OK;
}

void work_destroy(struct work *work)
{
    free(work);
}

struct engine *work_engine(struct work *work)
{
    return &work->engine;
}

bool work_is_idle(const struct work *work)
{
    return work->queue_count == 0 && work->verdict_count == 0;
}

static struct printjob_answer answer_make(const char *job_id, enum printjob_state state,
                                          const char *detail)
{
    struct printjob_answer answer = {.state = state};
    bool fits = str_copy(answer.job_id, sizeof(answer.job_id), job_id) &&
                str_copy(answer.detail, sizeof(answer.detail), detail);
    MUST(fits);
    return answer;
}

static bool journal_failed(enum err err, const char *what)
{
    if (err != OK) {
        log_error("journal: %s: %s; nothing more is printed: look at the disk", what,
                  err_name(err));
    }
    return err != OK;
}

/* --- taking requests ------------------------------------------------------------------------- */

static bool is_queued_here(const struct work *work, const char *job_id)
{
    for (size_t i = 0; i < work->queue_count; i++) {
        if (str_equal(work->queue[i].job_id, job_id)) {
            return true;
        }
    }
    return false;
}

/* Record a job that is not even tried, so that its number keeps this answer. */
static bool refuse(struct work *work, int64_t seq, const char *job_id, const char *detail,
                   struct printjob_answer *ret_answer)
{
    const struct printjob_answer answer = answer_make(job_id, PRINTJOB_FAILED, detail);
    enum err err = print_journal_end(work->journal, seq, &answer, clock_wall_s(&work->clock));
    if (journal_failed(err, "refusing")) {
        return false;
    }
    log_warn("job %s: failed: %s", job_id, detail);
    *ret_answer = answer;
    return true;
}

static void enqueue(struct work *work, int64_t seq, const char *job_id,
                    const struct receipt *receipt)
{
    MUST(work->queue_count < WORK_QUEUE_MAX);
    struct work_item *item = &work->queue[work->queue_count];
    *item = (struct work_item){.seq = seq, .receipt = *receipt};
    bool fits = str_copy(item->job_id, sizeof(item->job_id), job_id);
    MUST(fits);
    work->queue_count += 1;
}

/* A job that is on record as queued, and not yet in our queue. */
static bool take_new(struct work *work, const struct printjob_request *request, int64_t seq,
                     struct printjob_answer *ret_answer)
{
    struct receipt receipt;
    const char *field = "";
    if (!receipt_decode(request->receipt, &receipt, &field)) {
        char detail[PRINTJOB_DETAIL_SIZE];
        str_format_cut(detail, sizeof(detail), "receipt.%s", field);
        return refuse(work, seq, request->job_id, detail, ret_answer);
    }
    if (work->queue_count + work->verdict_count >= WORK_QUEUE_MAX) {
        return refuse(work, seq, request->job_id, "busy", ret_answer);
    }
    /* The larger of the two numbers: a copy must never look like the first paper. */
    receipt.copy = request->copy > receipt.copy ? request->copy : receipt.copy;
    enqueue(work, seq, request->job_id, &receipt);
    *ret_answer = answer_make(request->job_id, PRINTJOB_QUEUED, "");
    return true;
}

bool work_take(struct work *work, const struct printjob_request *request,
               struct printjob_answer *ret_answer)
{
    MUST(request->op == PRINTJOB_OP_PRINT);
    struct print_record record;
    enum err err = print_journal_find(work->journal, request->job_id, &record);
    if (err == OK) {
        bool settled = record.state != PRINTJOB_QUEUED;
        if (settled || is_queued_here(work, request->job_id)) {
            *ret_answer = answer_make(request->job_id, record.state, record.detail);
            ret_answer->part = record.part;
            return true;
        }
        MUST(!record.has_begun); /* opening the journal settled those */
        return take_new(work, request, record.seq, ret_answer);
    }
    if (err != ERR_NOT_FOUND) {
        return !journal_failed(err, "looking up a job");
    }
    char order_no[PRINT_JOURNAL_ORDER_SIZE];
    char kind[PRINT_JOURNAL_KIND_SIZE];
    struct json_reader r = json_reader(request->receipt);
    json_text_or_empty(&r, "order_no", order_no, sizeof(order_no));
    json_text_or_empty(&r, "kind", kind, sizeof(kind));
    const struct print_wish wish = {
        .job_id = request->job_id, .order_no = order_no, .kind = kind, .copy = request->copy};
    int64_t seq = 0;
    err = print_journal_add(work->journal, &wish, clock_wall_s(&work->clock), &seq);
    return !journal_failed(err, "recording a job") && take_new(work, request, seq, ret_answer);
}

/* --- what the server has not heard ------------------------------------------------------------ */

bool work_unreported(struct work *work, struct printjob_answer *ret_answer)
{
    struct print_record record;
    struct printjob_answer answer = {.is_report = true};
    enum err err = print_journal_unreported(work->journal, &record);
    if (err == OK) {
        answer.state = record.state;
        bool fits = str_copy(answer.job_id, sizeof(answer.job_id), record.job_id) &&
                    str_copy(answer.detail, sizeof(answer.detail), record.detail) &&
                    str_copy(answer.order_no, sizeof(answer.order_no), record.order_no) &&
                    str_copy(answer.kind, sizeof(answer.kind), record.kind);
        MUST(fits);
    } else if (err != ERR_NOT_FOUND) {
        return !journal_failed(err, "looking for unreported jobs");
    }
    *ret_answer = answer;
    return true;
}

bool work_reported(struct work *work, const char *job_id)
{
    enum err err = print_journal_reported(work->journal, job_id, clock_wall_s(&work->clock));
    return !journal_failed(err, "noting a report");
}

/* --- carrying out ---------------------------------------------------------------------------- */

/* Ascending texts of four characters: an echo also stands for all marks before it. */
static void mark_make(uint64_t number, char ret_mark[ESCPOS_ID_SIZE])
{
    static const char digits[MARK_BASE + 1] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t i = ESCPOS_ID_SIZE; i > 0; i--) {
        ret_mark[i - 1] = digits[number % MARK_BASE];
        number /= MARK_BASE;
    }
}

static bool job_build(struct work *work, const struct work_item *item)
{
    struct escpos_job *job = &work->job;
    struct engine_job *plan = &work->engine_job;
    enum engine_proof proof = work->settings->engine.proof;
    char print_id[PRINT_ID_SIZE];
    size_t id_len = strlen(item->job_id);
    MUST(id_len >= PRINT_ID_SIZE - 1);
    bool fits = str_copy(print_id, sizeof(print_id), item->job_id + id_len - (PRINT_ID_SIZE - 1));
    MUST(fits);
    *plan = (struct engine_job){.job = job};
    mark_make((uint64_t)item->seq * 2, plan->body_id);
    mark_make((uint64_t)item->seq * 2 + 1, plan->cut_id);

    escpos_job_init(job);
    if (engine_is_dirty(&work->engine)) {
        engine_resync_add(job);
    }
    escpos_job_start(job);
    if (!layout_receipt(&item->receipt, &work->settings->paper, print_id, job)) {
        return false;
    }
    if (proof == ENGINE_PROOF_MARK) {
        escpos_mark(job, plan->body_id);
    }
    plan->tail_piece = job->piece_count;
    escpos_cut(job, work->settings->cut_feed_dots);
    if (proof == ENGINE_PROOF_MARK) {
        escpos_mark(job, plan->cut_id);
    } else if (proof == ENGINE_PROOF_FENCE) {
        escpos_fence(job);
    }
    return !job->failed;
}

/* The first of the queue has its verdict: record it, then let it be told. */
static bool settle(struct work *work, const struct printjob_answer *verdict)
{
    MUST(work->queue_count > 0 && work->verdict_count < WORK_QUEUE_MAX);
    const struct work_item *item = &work->queue[0];
    enum err err = print_journal_end(work->journal, item->seq, verdict, clock_wall_s(&work->clock));
    if (journal_failed(err, "recording a verdict")) {
        return false;
    }
    log_info("job %s, order %s: %s%s %s", item->job_id, item->receipt.order_no,
             printjob_state_name(verdict->state), verdict->part ? ", only a part" : "",
             verdict->detail);
    struct printjob_answer *told = &work->verdicts[work->verdict_count];
    *told = answer_make(item->job_id, verdict->state, verdict->detail);
    told->part = verdict->part;
    work->verdict_count += 1;
    work->queue_count -= 1;
    memmove(work->queue, work->queue + 1, work->queue_count * sizeof(work->queue[0]));
    work->has_current = false;
    return true;
}

static bool settle_failed(struct work *work, const char *detail)
{
    const struct printjob_answer verdict = answer_make("", PRINTJOB_FAILED, detail);
    return settle(work, &verdict);
}

static bool begin(struct work *work)
{
    const struct engine_job *plan = &work->engine_job;
    const struct work_item *item = &work->queue[0];
    const struct print_beginning beginning = {
        .body_id = plan->body_id, .cut_id = plan->cut_id, .copy = item->receipt.copy};
    enum err err =
        print_journal_begin(work->journal, item->seq, &beginning, clock_wall_s(&work->clock));
    if (journal_failed(err, "recording a beginning")) {
        engine_job_give_up(&work->engine);
        return false;
    }
    engine_job_go(&work->engine, clock_mono_ms(&work->clock));
    return true;
}

/* What is still in the printer must come out first; nobody is made to wait for that. */
static bool refuse_behind_held(struct work *work)
{
    const char *detail = "";
    enum printjob_device device = engine_device(&work->engine, &detail);
    if (device == PRINTJOB_READY || device == PRINTJOB_NEAR_END) {
        return true;
    }
    return settle_failed(work, detail[0] != '\0' ? detail : printjob_device_name(device));
}

/*
 * The server counts copies by what was reported to it, and a report may never have reached it. What
 * this printer began for the order is on record here: whatever may be on paper already makes the
 * next one a copy.
 */
static bool copy_raise(struct work *work, struct work_item *item)
{
    struct receipt *receipt = &item->receipt;
    uint32_t papers = 0;
    enum err err = print_journal_copies(work->journal, receipt->order_no,
                                        receipt_kind_name(receipt->kind), &papers);
    if (journal_failed(err, "counting copies")) {
        return false;
    }
    papers = papers < RECEIPT_COPY_MAX ? papers : RECEIPT_COPY_MAX;
    receipt->copy = papers > receipt->copy ? papers : receipt->copy;
    return true;
}

static bool start_next(struct work *work)
{
    if (work->queue_count == 0 || work->has_current || work->verdict_count > 0) {
        return true;
    }
    if (!engine_is_free(&work->engine)) {
        return refuse_behind_held(work);
    }
    if (!copy_raise(work, &work->queue[0])) {
        return false;
    }
    if (!job_build(work, &work->queue[0])) {
        return settle_failed(work, "layout");
    }
    work->has_current = true;
    engine_job_start(&work->engine, &work->engine_job, clock_mono_ms(&work->clock));
    return true;
}

static bool note_late_mark(struct work *work)
{
    char mark[ESCPOS_ID_SIZE];
    if (!engine_late_mark(&work->engine, mark)) {
        return true;
    }
    struct print_record record;
    enum err err = print_journal_late(work->journal, mark, clock_wall_s(&work->clock), &record);
    if (err == OK) {
        log_warn("job %s (%s) came out of the printer only now; look after that paper",
                 record.job_id, printjob_state_name(record.state));
    }
    return err == ERR_NOT_FOUND || !journal_failed(err, "noting a late paper");
}

bool work_turn(struct work *work)
{
    struct printjob_answer verdict;
    if (!note_late_mark(work)) {
        return false;
    }
    if (engine_verdict(&work->engine, &verdict) && !settle(work, &verdict)) {
        return false;
    }
    if (engine_job_is_ready(&work->engine) && !begin(work)) {
        return false;
    }
    return start_next(work);
}

bool work_verdict(struct work *work, struct printjob_answer *ret_answer)
{
    if (work->verdict_count == 0) {
        return false;
    }
    *ret_answer = work->verdicts[0];
    work->verdict_count -= 1;
    memmove(work->verdicts, work->verdicts + 1, work->verdict_count * sizeof(work->verdicts[0]));
    return true;
}
