/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/job.h"

#include "common/bytes.h"
#include "common/must.h"

enum { READ_TRIES = 5 };

void job_finish(struct job *job)
{
    seat_close(&job->seat);
    bytes_wipe(job, sizeof(*job));
}

enum ctl_exit job_start(const struct options *options, struct job *job)
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

void job_put_serial(const struct job *job, json_t *body)
{
    char text[2 * PURCHASE_SERIAL_SIZE + 1];
    const bool fits =
        hex_format(job->serial, sizeof(job->serial), /* separator= */ 0, text, sizeof(text));
    MUST(fits);
    if (job->purchase) {
        json_put_text(body, "serial", text);
    }
}

enum ctl_exit job_ask(struct job *job)
{
    json_t *body = json_object();
    job_put_serial(job, body);
    const enum desk_answer answer = desk_keys(job->options, job->uid, body, &job->entry);
    job->known = answer == DESK_OK;
    return answer == DESK_FAILED ? CTL_FAILED : CTL_DONE;
}

enum ctl_exit job_say_unknown(const struct job *job)
{
    return ctl_say(CTL_FAILED,
                   "card %s is not in the register: 'open METER' for a new card, 'replace OLD-UID' "
                   "for one in place of another",
                   job->uid);
}

void job_look_for_kind(struct job *job)
{
    const bool is_iso = seat_family(&job->seat) == SEAT_ISO;
    job->desfire = is_iso && desfire_lies_there(&job->seat);
    job->purchase = is_iso && !job->desfire && purchase_lies_there(&job->seat, job->serial);
}

enum ctl_exit job_check_family(struct job *job)
{
    switch (seat_family(&job->seat)) {
    case SEAT_CLASSIC:
        return CTL_DONE;
    case SEAT_LARGE:
        return ctl_say(CTL_FAILED, "this is a MIFARE Classic 4K card: take one with 1K");
    case SEAT_ISO:
        job_look_for_kind(job);
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
    if (job->desfire) {
        return desfire_read_records(&job->seat, &job->entry.desfire_plan, &job->records);
    }
    return layout_look(&job->seat, job->known ? &job->entry.plan : NULL, &job->layout);
}

enum ctl_exit job_look(struct job *job)
{
    if (job->purchase) {
        return purchase_look(&job->seat, job->known ? &job->entry.purchase_plan.keys : NULL,
                             &job->files);
    }
    for (int i = 0; i < READ_TRIES; i++) {
        const enum seat_answer answer = look_once(job);
        if (answer == SEAT_OK) {
            return CTL_DONE;
        }
        if (answer == SEAT_REFUSED) {
            return ctl_say(CTL_FAILED,
                           "this DESFire card does not know the register entry's keys: it was not "
                           "finished ('personalise'), or is another card");
        }
        if (seat_wait_back(&job->seat, answer) != CTL_DONE) {
            return CTL_FAILED;
        }
    }
    return ctl_say(CTL_FAILED, "the card cannot be read: lay it flat in the middle of the reader, "
                               "away from metal");
}

enum ctl_exit job_check_kind(const struct job *job)
{
    if (job->entry.desfire == job->desfire && job->entry.purchase == job->purchase) {
        return CTL_DONE;
    }
    return ctl_say(CTL_FAILED,
                   "the register has card %s as another kind of card: nothing was written. Are "
                   "server and tool of the same release?",
                   job->uid);
}

enum ctl_exit job_start_writing(const struct options *options, struct job *job)
{
    enum ctl_exit how = job_start(options, job);
    if (how == CTL_DONE) {
        how = job_check_family(job);
    }
    if (how == CTL_DONE) {
        how = job_ask(job);
    }
    return how == CTL_DONE && job->known ? job_check_kind(job) : how;
}
