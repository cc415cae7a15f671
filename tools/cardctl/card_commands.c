/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with a card on the reader. Nothing is registered before the card was looked at, and
 * nothing is written to it before it is registered: so a step that fails is finished by the same
 * command. */
#include <stdio.h>
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "tools/cardctl/commands.h"
#include "tools/cardctl/desk.h"
#include "tools/cardctl/explain.h"
#include "tools/cardctl/personalise.h"
#include "tools/cardctl/personalise_desfire.h"
#include "tools/cardctl/personalise_purchase.h"
#include "tools/cardctl/words.h"

enum { READ_TRIES = 5 };

/* What a command works with. Holds keys: bytes_wipe(). */
struct job {
    const struct options *options;
    struct seat seat;
    char uid[CARD_UID_TEXT_SIZE];
    bool desfire;  /* the laid card; or ... */
    bool purchase; /* ... a purchase card, with this number; else it has sectors */
    uint8_t serial[PURCHASE_SERIAL_SIZE];
    bool known; /* to the register */
    struct desk_card entry;
    struct layout layout;
    struct desfire_records records; /* instead, of a DESFire card */
    struct purchase_files files;    /* instead, of a purchase card */
};

static void job_finish(struct job *job)
{
    seat_close(&job->seat);
    bytes_wipe(job, sizeof(*job));
}

/* Open the reader and wait for a card. */
static enum ctl_exit job_start(const struct options *options, struct job *job)
{
    job->options = options;
    enum ctl_exit how = seat_open(options, &job->seat);
    if (how == CTL_DONE) {
        how = seat_wait(&job->seat);
    }
    if (how == CTL_DONE) {
        card_uid_format(&job->seat.card.uid, job->uid);
    }
    return how;
}

/* A purchase card's keys are made of the number that stands on it. */
static void put_serial(const struct job *job, json_t *body)
{
    char text[2 * PURCHASE_SERIAL_SIZE + 1];
    const bool fits =
        hex_format(job->serial, sizeof(job->serial), /* separator= */ 0, text, sizeof(text));
    MUST(fits);
    if (job->purchase) {
        json_put_text(body, "serial", text);
    }
}

/* Ask the register for the laid card and its keys. */
static enum ctl_exit job_ask(struct job *job)
{
    json_t *body = json_object();
    put_serial(job, body);
    const enum desk_answer answer = desk_keys(job->options, job->uid, body, &job->entry);
    job->known = answer == DESK_OK;
    return answer == DESK_FAILED ? CTL_FAILED : CTL_DONE;
}

static enum ctl_exit say_unknown(const struct job *job)
{
    return ctl_say(CTL_FAILED,
                   "card %s is not in the register: 'open METER' for a new card, 'replace OLD-UID' "
                   "for one in place of another",
                   job->uid);
}

/* The kinds that are written here. */
static enum ctl_exit job_check_family(struct job *job)
{
    switch (seat_family(&job->seat)) {
    case SEAT_CLASSIC:
        return CTL_DONE;
    case SEAT_LARGE:
        return ctl_say(CTL_FAILED, "this is a MIFARE Classic 4K card: take one with 1K");
    case SEAT_ISO:
        job->desfire = desfire_lies_there(&job->seat);
        job->purchase = !job->desfire && purchase_lies_there(&job->seat, job->serial);
        return job->desfire || job->purchase
                   ? CTL_DONE
                   : ctl_say(CTL_FAILED, "this is no MIFARE Classic, DESFire or purchase card (a "
                                         "bank card?): this tool neither reads nor writes it");
    case SEAT_PHONE:
        return ctl_say(CTL_FAILED, "this is a phone, or a card that draws a new number each time: "
                                   "it cannot be a meter's card");
    case SEAT_OTHER:
        break;
    }
    return ctl_say(CTL_FAILED, "this card is of a kind that is not used here: take a MIFARE "
                               "Classic 1K, a DESFire or a purchase card");
}

static enum seat_answer look_once(struct job *job)
{
    if (job->purchase) {
        return purchase_read_files(&job->seat, &job->files);
    }
    if (job->desfire) {
        return desfire_read_records(&job->seat, &job->entry.desfire_plan, &job->records);
    }
    return layout_look(&job->seat, job->known ? &job->entry.plan : NULL, &job->layout);
}

/* Read all sectors or files, through a card that slips away for a moment. */
static enum ctl_exit job_look(struct job *job)
{
    for (int i = 0; i < READ_TRIES; i++) {
        const enum seat_answer answer = look_once(job);
        if (answer == SEAT_OK) {
            return CTL_DONE;
        }
        if (answer == SEAT_REFUSED) {
            return job->purchase
                       ? ctl_say(CTL_FAILED, "this is not the purchase card that the register "
                                             "has under its number")
                       : ctl_say(CTL_FAILED,
                                 "this DESFire card does not know the register entry's keys: "
                                 "it was not finished ('personalise'), or is another card");
        }
        if (seat_wait_back(&job->seat, answer) != CTL_DONE) {
            return CTL_FAILED;
        }
    }
    return ctl_say(CTL_FAILED, "the card cannot be read: lay it flat in the middle of the reader, "
                               "away from metal");
}

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

/* What the server says of the records that were read; @p take: it also takes them in. */
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
    desk_card_path(job->uid, "/reading", path);
    const enum desk_answer answer = desk_call(job->options, path, body, ret_verdict);
    return answer == DESK_OK ? CTL_DONE : answer == DESK_UNKNOWN ? say_unknown(job) : CTL_FAILED;
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

static enum ctl_exit read_card(struct job *job)
{
    const struct options *options = job->options;
    const bool classic = seat_family(&job->seat) == SEAT_CLASSIC;
    json_t *verdict = NULL;
    enum ctl_exit how = options->cloud != NULL ? job_ask(job) : CTL_DONE;
    job->desfire = how == CTL_DONE && job->known && job->entry.desfire;
    job->purchase = !classic && !job->desfire && how == CTL_DONE &&
                    seat_family(&job->seat) == SEAT_ISO &&
                    purchase_lies_there(&job->seat, job->serial);
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

/* --- writing --------------------------------------------------------------------------------- */

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

/* The laid card gets the keys of its kind, or none: a server that knows other kinds than this tool
 * may have registered it as one of those. */
static enum ctl_exit check_kind(const struct job *job)
{
    if (job->entry.desfire == job->desfire && job->entry.purchase == job->purchase) {
        return CTL_DONE;
    }
    return ctl_say(CTL_FAILED,
                   "the register has card %s as another kind of card: nothing was written. Are "
                   "server and tool of the same release?",
                   job->uid);
}

/* A reader, one card of the right kind, and the register's word on it. */
static enum ctl_exit job_start_writing(const struct options *options, struct job *job)
{
    enum ctl_exit how = job_start(options, job);
    if (how == CTL_DONE) {
        how = job_check_family(job);
    }
    if (how == CTL_DONE) {
        how = job_ask(job);
    }
    return how == CTL_DONE && job->known ? check_kind(job) : how;
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
        how = say_unknown(&job);
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
    put_serial(job, body);
    enum ctl_exit how = check_blank(job);
    if (how != CTL_DONE) {
        json_decref(body);
        return how;
    }
    switch (desk_call_card(job->options, path, body, &job->entry)) {
    case DESK_OK:
        job->known = true;
        return check_kind(job);
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
        how = say_unknown(&job);
    }
    if (how == CTL_DONE) {
        how = take_in(&job);
    }
    job_finish(&job);
    return how;
}
