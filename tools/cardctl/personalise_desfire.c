/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: the card tells how far it is by the keys that it knows, so every step begins with a proof
 * of its own and what is there already is left alone. A refused command ends the card's session;
 * nothing is tried in a session that had one. A file that is there must have the rights and the
 * size that it would be made with: it may be somebody else's in an application of this name.
 */
#include "tools/cardctl/personalise_desfire.h"

#include <string.h>

#include "common/bytes.h"
#include "drivers/rng/rng_system.h"

enum {
    ATTEMPTS = 10,
    KEY_VERSION = 1,
    STATUS_THERE = 0x91DE, /* such a file exists */
    CLA = 0x90,
    INS_FILE_SETTINGS = 0xF5,
    TYPE_BACKUP = 1,
};

static const uint8_t NO_KEY[DESFIRE_KEY_SIZE]; /* of a new application */

/* What was tried last: said if the card refuses it. */
enum step { STEP_APPLICATION, STEP_PROOF, STEP_FILE, STEP_SETTINGS, STEP_KEY, STEP_VERIFY };

struct work {
    struct seat *seat;
    const struct desfire_plan *plan;
    enum step step;
};

/* --- talking --------------------------------------------------------------------------------- */

/* SEAT_REFUSED: it answered, but not so. */
static enum seat_answer expect(struct seat *seat, const struct apdu *command, uint16_t want,
                               struct apdu *ret_answer)
{
    uint16_t status = 0;
    const enum seat_answer answer = seat_apdu(seat, command, ret_answer);
    if (answer != SEAT_OK) {
        return answer;
    }
    return apdu_answer_status(ret_answer, &status) && status == want ? SEAT_OK : SEAT_REFUSED;
}

static enum seat_answer enter(struct seat *seat, uint32_t aid)
{
    struct apdu command;
    struct apdu answer;
    desfire_select(aid, &command);
    return expect(seat, &command, DESFIRE_OK, &answer);
}

static enum seat_answer prove(struct seat *seat, uint8_t number, const uint8_t *key,
                              struct desfire_session *ret_session)
{
    uint8_t random_a[DESFIRE_RANDOM_SIZE];
    const struct rng_port rng = rng_system();
    const struct desfire_secret secret = {.key = key, .random_a = random_a};
    struct desfire_proof proof;
    struct apdu command;
    struct apdu said;
    enum seat_answer answer = enter(seat, DESFIRE_AID_CARD);
    if (answer == SEAT_OK) {
        desfire_prove_begin(number, &command);
        answer = expect(seat, &command, DESFIRE_MORE, &said);
    }
    rng_fill(&rng, random_a, sizeof(random_a));
    if (answer != SEAT_OK || !desfire_prove_answer(&secret, &said, &proof, &command)) {
        return answer == SEAT_OK ? SEAT_REFUSED : answer;
    }
    answer = expect(seat, &command, DESFIRE_OK, &said);
    if (answer == SEAT_OK && !desfire_prove_end(&proof, &said, ret_session)) {
        answer = SEAT_REFUSED;
    }
    bytes_wipe(&proof, sizeof(proof));
    return answer;
}

/* --- steps ----------------------------------------------------------------------------------- */

static enum seat_answer make_application(struct work *work)
{
    struct seat *seat = work->seat;
    struct apdu command;
    struct apdu answer;
    work->step = STEP_APPLICATION;
    enum seat_answer how = enter(seat, DESFIRE_AID_CARD);
    if (how != SEAT_REFUSED) {
        return how; /* it is there */
    }
    how = enter(seat, DESFIRE_AID_PICC);
    desfire_create_application(&command);
    return how == SEAT_OK ? expect(seat, &command, DESFIRE_OK, &answer) : how;
}

/* Are its rights and size ours? Anybody may ask, in an application with our settings. The
 * answer has the file's type, and then what the command that makes the file has after its number.
 */
static enum seat_answer check_file(struct work *work, enum desfire_file file)
{
    const uint8_t number = (uint8_t)file;
    const struct apdu_command ask = {
        .cla = CLA, .ins = INS_FILE_SETTINGS, .data = &number, .data_size = 1, .has_le = true};
    struct desfire_session any = {.iv = {0}};
    struct apdu make;
    struct apdu_command made;
    struct apdu command;
    struct apdu said;
    work->step = STEP_SETTINGS;
    apdu_encode(&ask, &command);
    enum seat_answer how = enter(work->seat, DESFIRE_AID_CARD);
    if (how == SEAT_OK) {
        how = expect(work->seat, &command, DESFIRE_OK, &said);
    }
    if (how != SEAT_OK) {
        return how;
    }
    const bool same = desfire_create_file(&any, file, &make) && apdu_decode(&make, &made) &&
                      said.size == made.data_size + 2 && said.bytes[0] == TYPE_BACKUP &&
                      memcmp(said.bytes + 1, made.data + 1, made.data_size - 1) == 0;
    return same ? SEAT_OK : SEAT_REFUSED;
}

static enum seat_answer make_file(struct work *work, enum desfire_file file)
{
    struct desfire_session session;
    struct apdu command;
    struct apdu answer;
    uint16_t status = 0;
    work->step = STEP_PROOF;
    enum seat_answer how = prove(work->seat, DESFIRE_KEY_MASTER, NO_KEY, &session);
    if (how == SEAT_OK) {
        work->step = STEP_FILE;
        how = desfire_create_file(&session, file, &command)
                  ? seat_apdu(work->seat, &command, &answer)
                  : SEAT_REFUSED;
    }
    if (how == SEAT_OK) {
        const bool said = apdu_answer_status(&answer, &status);
        const bool made = said && (status == STATUS_THERE || desfire_take(&session, &answer));
        how = made ? SEAT_OK : SEAT_REFUSED;
    }
    bytes_wipe(&session, sizeof(session));
    return how == SEAT_OK && status == STATUS_THERE ? check_file(work, file) : how;
}

static enum seat_answer change_key(struct work *work, uint8_t number)
{
    const struct desfire_change change = {.number = number,
                                          .version = KEY_VERSION,
                                          .is_own = number == DESFIRE_KEY_MASTER,
                                          .old_key = NO_KEY,
                                          .new_key = work->plan->key[number]};
    struct desfire_session session;
    struct apdu command;
    struct apdu answer;
    work->step = STEP_KEY;
    enum seat_answer how = prove(work->seat, number, work->plan->key[number], &session);
    if (how != SEAT_REFUSED) {
        bytes_wipe(&session, sizeof(session));
        return how; /* it has it already */
    }
    how = prove(work->seat, DESFIRE_KEY_MASTER, NO_KEY, &session);
    if (how == SEAT_OK) {
        how = desfire_change_key(&session, &change, &command)
                  ? expect(work->seat, &command, DESFIRE_OK, &answer)
                  : SEAT_REFUSED;
    }
    if (how == SEAT_OK && !change.is_own && !desfire_take(&session, &answer)) {
        how = SEAT_REFUSED;
    }
    bytes_wipe(&session, sizeof(session));
    return how;
}

static enum seat_answer read_file(struct seat *seat, struct desfire_session *session,
                                  enum desfire_file file, uint8_t ret_record[CARD_RECORD_SIZE])
{
    struct apdu command;
    struct apdu answer;
    if (!desfire_read(session, file, &command)) {
        return SEAT_REFUSED;
    }
    const enum seat_answer how = expect(seat, &command, DESFIRE_OK, &answer);
    return how == SEAT_OK && !desfire_read_take(session, &answer, ret_record) ? SEAT_REFUSED : how;
}

enum seat_answer desfire_read_records(struct seat *seat, const struct desfire_plan *plan,
                                      struct desfire_records *ret_records)
{
    struct desfire_session session;
    enum seat_answer how = seat_reset(seat);
    if (how == SEAT_OK) {
        how = prove(seat, DESFIRE_KEY_CREDIT, plan->key[DESFIRE_KEY_CREDIT], &session);
    }
    if (how == SEAT_OK) {
        how = read_file(seat, &session, DESFIRE_FILE_RETURN, ret_records->returned);
    }
    if (how == SEAT_OK) {
        how = read_file(seat, &session, DESFIRE_FILE_CREDIT, ret_records->credit);
    }
    bytes_wipe(&session, sizeof(session));
    return how;
}

/* With the key of whoever reads it later. */
static enum seat_answer verify(struct work *work)
{
    struct desfire_records records;
    work->step = STEP_VERIFY;
    enum seat_answer how = desfire_read_records(work->seat, work->plan, &records);
    if (how == SEAT_OK) {
        how = check_file(work, DESFIRE_FILE_CREDIT);
    }
    return how == SEAT_OK ? check_file(work, DESFIRE_FILE_RETURN) : how;
}

static enum seat_answer make_all(struct work *work)
{
    struct desfire_session session;
    enum seat_answer how = make_application(work);
    if (how == SEAT_OK) {
        work->step = STEP_PROOF;
        how = prove(work->seat, DESFIRE_KEY_MASTER, work->plan->key[DESFIRE_KEY_MASTER], &session);
        bytes_wipe(&session, sizeof(session));
        if (how != SEAT_REFUSED) {
            return how == SEAT_OK ? verify(work) : how; /* finished before */
        }
        how = make_file(work, DESFIRE_FILE_CREDIT);
    }
    if (how == SEAT_OK) {
        how = make_file(work, DESFIRE_FILE_RETURN);
    }
    for (uint8_t number = DESFIRE_KEY_METER; number < DESFIRE_KEY_COUNT && how == SEAT_OK;
         number++) {
        how = change_key(work, number);
    }
    if (how == SEAT_OK) {
        how = change_key(work, DESFIRE_KEY_MASTER);
    }
    return how == SEAT_OK ? verify(work) : how;
}

/* --- the whole ------------------------------------------------------------------------------- */

static enum ctl_exit say_refused(enum step step)
{
    static const char *const WORDS[] = {
        [STEP_APPLICATION] = "does not let an application be made: it is full, or has another "
                             "system's master key",
        [STEP_PROOF] = "has an application of this name with other keys: it is another site's or "
                       "another system's",
        [STEP_FILE] = "lets a file not be made: it is full, or damaged",
        [STEP_SETTINGS] = "has our application with a file of other rights or another size: it was "
                          "not made by this tool",
        [STEP_KEY] = "does not let a key be changed that it has from the factory: it was begun "
                     "with other keys, or is damaged",
        [STEP_VERIFY] = "has our master key and cannot be read with the others: it is damaged",
    };
    return ctl_say(CTL_FAILED, "this DESFire card %s. Take a blank card", WORDS[step]);
}

bool desfire_lies_there(struct seat *seat)
{
    return seat_reset(seat) == SEAT_OK && enter(seat, DESFIRE_AID_PICC) == SEAT_OK;
}

enum ctl_exit desfire_check_blank(struct seat *seat)
{
    switch (enter(seat, DESFIRE_AID_CARD)) {
    case SEAT_REFUSED:
        return CTL_DONE;
    case SEAT_OK:
        return say_refused(STEP_PROOF);
    case SEAT_AWAY:
    case SEAT_BROKEN:
        break;
    }
    return ctl_say(CTL_FAILED, "the card cannot be read: lay it flat in the middle of the reader, "
                               "away from metal");
}

/* The key of a new card is the key of every new card. */
static bool lacks_a_key(const struct desfire_plan *plan)
{
    bool lacks = false;
    for (size_t i = 0; i < DESFIRE_KEY_COUNT; i++) {
        lacks = lacks || bytes_are_zero(plan->key[i], DESFIRE_KEY_SIZE);
    }
    return lacks;
}

enum ctl_exit desfire_personalise(struct seat *seat, const struct desfire_plan *plan)
{
    if (lacks_a_key(plan)) {
        return ctl_say(CTL_FAILED, "the server gave no keys for this card: nothing was written");
    }
    struct work work = {.seat = seat, .plan = plan};
    for (int i = 0; i < ATTEMPTS; i++) {
        const enum seat_answer answer = make_all(&work);
        if (answer == SEAT_OK) {
            return CTL_DONE;
        }
        if (answer == SEAT_REFUSED) {
            return say_refused(work.step);
        }
        const enum ctl_exit how = seat_wait_back(seat, answer);
        if (how != CTL_DONE) {
            return how;
        }
    }
    return ctl_say(CTL_UNFINISHED, "the card slips away again and again: lay it flat in the middle "
                                   "of the reader, and give the same command again");
}
