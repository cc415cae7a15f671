/* SPDX-License-Identifier: Apache-2.0 */
/* What is written to a card on the reader. Nothing is registered before the card was looked at, and
 * nothing is written to it before it is registered: so a step that fails is finished by the same
 * command. */
#include <stdio.h>

#include "common/bytes.h"
#include "common/str.h"
#include "tools/cardctl/commands.h"
#include "tools/cardctl/job.h"
#include "tools/cardctl/personalise.h"

static enum ctl_exit write_card(struct job *job)
{
    (void)ctl_say(CTL_DONE, "writing card %s: leave it on the reader", job->uid);
    enum ctl_exit how = CTL_DONE;
    if (job->purchase) {
        how = purchase_personalise(&job->seat, &job->entry.purchase_plan);
    } else {
        how = job->desfire ? desfire_personalise(&job->seat, &job->entry.desfire_plan)
                           : personalise(&job->seat, &job->entry.plan);
    }
    if (how != CTL_DONE) {
        return how;
    }
    (void)printf("card %s is finished: card %u of meter %s (number %s); every %s was read "
                 "back\n",
                 job->uid, job->entry.card_no, job->entry.meter_id, job->entry.meter,
                 job->desfire || job->purchase ? "file" : "sector");
    return CTL_DONE;
}

static enum ctl_exit check_open(const struct job *job)
{
    if (str_equal(job->entry.state, "open")) {
        return CTL_DONE;
    }
    return ctl_say(CTL_FAILED, "the register has this card as %s: it is not written",
                   job->entry.state);
}

enum ctl_exit command_personalise(const struct options *options, UNUSED const struct words *words)
{
    struct job job = {.known = false};
    enum ctl_exit how = job_start_writing(options, &job);
    if (how == CTL_DONE && !job.known) {
        how = job_say_unknown(&job);
    }
    if (how == CTL_DONE) {
        how = check_open(&job);
    }
    if (how == CTL_DONE) {
        how = write_card(&job);
    }
    job_finish(&job);
    return how;
}

static enum ctl_exit check_blank(struct job *job)
{
    if (job->purchase) {
        return purchase_check_blank(&job->seat);
    }
    return job->desfire ? desfire_check_blank(&job->seat) : personalise_check_blank(&job->seat);
}

/* Register the laid card, which must be blank, by a call that answers with its keys. */
static enum ctl_exit register_card(struct job *job, const char *path, json_t *body)
{
    json_put_text(body, "media", job->purchase ? "cpu" : job->desfire ? "desfire" : "classic");
    job_put_serial(job, body);
    enum ctl_exit how = check_blank(job);
    if (how != CTL_DONE) {
        json_decref(body);
        return how;
    }
    switch (desk_call_card(job->options, path, body, &job->entry)) {
    case DESK_OK:
        job->known = true;
        return job_check_kind(job);
    case DESK_UNKNOWN:
        return ctl_say(CTL_FAILED, "the server knows no such meter, or no such card to replace");
    case DESK_FAILED:
        break;
    }
    return CTL_FAILED;
}

/* Is the customer in the issue record the one that the desk has before it? */
static enum ctl_exit check_customer(const struct job *job, const char *customer)
{
    struct card_issue issue;
    char text[CARD_METER_TEXT_SIZE];
    if (card_issue_decode(job->entry.plan.issue, &issue) != CARD_SLOT_WHOLE) {
        return CTL_DONE; /* personalise() refuses that */
    }
    card_meter_format(issue.customer, text);
    if (customer == NULL || str_equal(customer, text)) {
        return CTL_DONE;
    }
    return ctl_say(CTL_FAILED,
                   "the meter's customer is %s, not %s: the card was not written. Correct the "
                   "catalogue, or 'open' without a customer",
                   text, customer);
}

/* A card that is registered already is gone on with, if it is for that meter. */
static enum ctl_exit open_account(struct job *job, const char *meter_id, const char *customer)
{
    if (!job->known) {
        json_t *body = json_object();
        json_put_text(body, "meter_id", meter_id);
        json_put_text(body, "uid", job->uid);
        if (customer != NULL) {
            json_put_text(body, "customer_no", customer);
        }
        return register_card(job, "/v1/admin/cards", body);
    }
    if (!str_equal(job->entry.meter_id, meter_id)) {
        return ctl_say(CTL_FAILED, "card %s is the card of meter %s already: take another card",
                       job->uid, job->entry.meter_id);
    }
    return check_open(job);
}

enum ctl_exit command_open(const struct options *options, const struct words *words)
{
    struct job job = {.known = false};
    uint8_t number[CARD_METER_SIZE];
    const char *customer = words->count > 1 ? words->at[1] : NULL;
    if (customer != NULL && !card_meter_parse(customer, number)) {
        return ctl_say(CTL_USAGE, "a customer number has 12 digits");
    }
    enum ctl_exit how = job_start_writing(options, &job);
    if (how == CTL_DONE) {
        how = open_account(&job, words->at[0], customer);
    }
    if (how == CTL_DONE) {
        how = check_customer(&job, customer);
    }
    if (how == CTL_DONE) {
        how = write_card(&job);
    }
    job_finish(&job);
    return how;
}

static enum ctl_exit put_in_place(struct job *job, const struct card_uid *old)
{
    char old_uid[CARD_UID_TEXT_SIZE];
    char path[DESK_PATH_SIZE];
    struct desk_card before;
    card_uid_format(old, old_uid);
    if (card_uid_equal(old, &job->seat.card.uid)) {
        return ctl_say(CTL_FAILED, "this is the old card itself: lay the blank one");
    }
    if (!job->known) {
        json_t *body = json_object();
        json_put_text(body, "uid", job->uid);
        desk_card_path(old_uid, "/replace", path);
        return register_card(job, path, body);
    }
    /* A replacement that was cut is gone on with. */
    const enum desk_answer answer = desk_keys(job->options, old_uid, json_object(), &before);
    const bool ours = answer == DESK_OK && str_equal(before.state, "replaced") &&
                      str_equal(before.meter_id, job->entry.meter_id);
    bytes_wipe(&before, sizeof(before));
    if (answer == DESK_FAILED) {
        return CTL_FAILED;
    }
    return ours ? check_open(job)
                : ctl_say(CTL_FAILED, "card %s is in the register already, and not in place of %s",
                          job->uid, old_uid);
}

enum ctl_exit command_replace(const struct options *options, const struct words *words)
{
    struct job job = {.known = false};
    struct card_uid old;
    if (!card_uid_parse(words->at[0], &old)) {
        return ctl_say(CTL_USAGE, "that is no card's number: 8, 14 or 20 hex digits");
    }
    enum ctl_exit how = job_start_writing(options, &job);
    if (how == CTL_DONE) {
        how = put_in_place(&job, &old);
    }
    if (how == CTL_DONE) {
        how = write_card(&job);
    }
    if (how == CTL_DONE) {
        (void)printf("the old card counts no more. Let the tenant lay the new one at a terminal "
                     "once: what is owed comes onto it there, without paying\n");
    }
    job_finish(&job);
    return how;
}
