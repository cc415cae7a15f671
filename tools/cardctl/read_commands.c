/* SPDX-License-Identifier: Apache-2.0 */
/* What a laid card holds: explained, or brought to the server. No card is written. */
#include <stdio.h>
#include <string.h>

#include "tools/cardctl/commands.h"
#include "tools/cardctl/explain.h"
#include "tools/cardctl/job.h"
#include "tools/cardctl/person.h"
#include "tools/cardctl/words.h"

/* --- read ------------------------------------------------------------------------------------ */

/* What was read, in slots. */
static struct card_slots slots_of(const struct job *job, uint8_t first)
{
    if (!job->desfire) {
        return explain_slots(&job->layout, first);
    }
    struct card_slots slots = {.read = {true, true}};
    for (int i = 0; i < CARD_SLOTS; i++) {
        memcpy(slots.bytes[i],
               first == CARD_SECTOR_CREDIT ? job->records.credit : job->records.returned,
               CARD_RECORD_SIZE);
    }
    return slots;
}

static void put_records(json_t *body, const struct job *job)
{
    const struct card_slots credit = slots_of(job, CARD_SECTOR_CREDIT);
    const struct card_slots returned = slots_of(job, CARD_SECTOR_RETURN);
    explain_put_slots(body, "credit", &credit);
    explain_put_slots(body, "return", &returned);
}

/* What the server says of the records that were read; @p take: it also takes them in, by the word
 * of whoever signs. */
static enum ctl_exit ask_verdict(const struct job *job, bool take, json_t **ret_verdict)
{
    char path[DESK_PATH_SIZE];
    json_t *body = json_object();
    if (job->purchase) {
        json_put(body, "files", explain_purchase_hex(&job->files));
    } else {
        put_records(body, job);
    }
    json_put_flag(body, "take", take);
    if (take) {
        person_sign(job->options->signer, body);
    }
    desk_card_path(job->uid, "/reading", path);
    const enum desk_answer answer = desk_call(job->options, path, body, ret_verdict);
    return answer == DESK_OK        ? CTL_DONE
           : answer == DESK_UNKNOWN ? job_say_unknown(job)
                                    : CTL_FAILED;
}

static enum ctl_exit print_report(const struct options *options, json_t *report)
{
    bool printed = true;
    if (options->json) {
        printed = words_print_json(stdout, report);
    } else {
        words_print(stdout, report);
    }
    json_decref(report);
    return printed ? CTL_DONE : ctl_say(CTL_FAILED, "no memory");
}

/* Which card is it, by itself and by the register? */
static enum ctl_exit find_card(struct job *job)
{
    job_look_for_kind(job);
    if (job->options->cloud == NULL) {
        job->desfire = false; /* without its keys there is nothing to read */
        return CTL_DONE;
    }
    enum ctl_exit how = job_ask(job);
    if (how == CTL_DONE && job->known) {
        how = job_check_kind(job);
    }
    job->desfire = job->desfire && job->known;
    return how;
}

static enum ctl_exit read_card(struct job *job)
{
    const struct options *options = job->options;
    const bool classic = seat_family(&job->seat) == SEAT_CLASSIC;
    json_t *verdict = NULL;
    enum ctl_exit how = find_card(job);
    const bool ours = classic || job->desfire || job->purchase;
    if (how == CTL_DONE && ours) {
        how = job_look(job);
    }
    if (how == CTL_DONE && ours && job->known) {
        how = ask_verdict(job, /* take= */ false, &verdict);
    }
    if (how == CTL_DONE) {
        const struct explain_card card = {.seat = &job->seat,
                                          .entry = job->known ? &job->entry : NULL,
                                          .asked = options->cloud != NULL,
                                          .layout = classic ? &job->layout : NULL,
                                          .purchase = job->purchase ? &job->files : NULL,
                                          .verdict = verdict};
        how = print_report(options, explain_json(&card));
    }
    json_decref(verdict);
    return how;
}

enum ctl_exit command_read(const struct options *options, UNUSED const struct words *words)
{
    struct job job = {.known = false};
    enum ctl_exit how = job_start(options, &job);
    if (how == CTL_DONE) {
        how = read_card(&job);
    }
    job_finish(&job);
    return how;
}

/* --- take-return ----------------------------------------------------------------------------- */

static bool returned_is_read(const struct job *job)
{
    if (job->purchase) {
        return true;
    }
    const struct card_slots slots = slots_of(job, CARD_SECTOR_RETURN);
    return slots.read[0] || slots.read[1];
}

static enum ctl_exit take_in(struct job *job)
{
    json_t *verdict = NULL;
    enum ctl_exit how = job_look(job);
    if (how == CTL_DONE && !returned_is_read(job)) {
        how = ctl_say(CTL_FAILED, "the return record cannot be read: 'read' tells more");
    }
    if (how == CTL_DONE) {
        how = ask_verdict(job, /* take= */ true, &verdict);
    }
    if (how == CTL_DONE) {
        const struct explain_card card = {.seat = &job->seat,
                                          .entry = &job->entry,
                                          .asked = true,
                                          .layout =
                                              job->desfire || job->purchase ? NULL : &job->layout,
                                          .purchase = job->purchase ? &job->files : NULL,
                                          .verdict = verdict};
        how = print_report(job->options, explain_json(&card));
    }
    json_decref(verdict);
    return how;
}

enum ctl_exit command_take_return(const struct options *options, UNUSED const struct words *words)
{
    struct job job = {.known = false};
    enum ctl_exit how = job_start_writing(options, &job);
    if (how == CTL_DONE && !job.known) {
        how = job_say_unknown(&job);
    }
    if (how == CTL_DONE) {
        how = take_in(&job);
    }
    job_finish(&job);
    return how;
}
