/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/personalise_purchase.h"

#include <string.h>

#include "common/bytes.h"
#include "drivers/rng/rng_system.h"

enum { ATTEMPTS = 10 };

/* What was tried last: said if the card refuses it. */
enum step { STEP_ENTER, STEP_PROOF, STEP_READ, STEP_OUR_PROOF, STEP_SETTINGS };

struct work {
    struct seat *seat;
    const struct purchase_keys *keys;           /* NULL: the card need prove nothing */
    uint8_t settings[PURCHASE_PARAMETERS_SIZE]; /* to be written */
    struct purchase_files files;                /* as they were read last */
    enum step step;
};

/* --- talking --------------------------------------------------------------------------------- */

/* A command whose answer has @p size bytes of data. SEAT_REFUSED: it answered, but not so. */
static enum seat_answer ask(struct seat *seat, const struct apdu *command, uint8_t *ret_bytes,
                            size_t size)
{
    struct apdu said;
    const enum seat_answer answer = seat_apdu(seat, command, &said);
    return answer == SEAT_OK && !purchase_answer(&said, ret_bytes, size) ? SEAT_REFUSED : answer;
}

static enum seat_answer tell(struct seat *seat, const struct apdu *command)
{
    uint8_t nothing[1];
    return ask(seat, command, nothing, 0);
}

/* To the electricity folder, by way of the card's number. */
static enum seat_answer enter(struct seat *seat, uint8_t ret_serial[PURCHASE_SERIAL_SIZE])
{
    struct apdu command;
    purchase_select(PURCHASE_DF_MASTER, &command);
    enum seat_answer how = tell(seat, &command);
    if (how == SEAT_OK) {
        purchase_read(PURCHASE_SFI_SERIAL, PURCHASE_SERIAL_OFFSET, PURCHASE_SERIAL_SIZE, &command);
        how = ask(seat, &command, ret_serial, PURCHASE_SERIAL_SIZE);
    }
    if (how == SEAT_OK) {
        purchase_select(PURCHASE_DF_ELECTRICITY, &command);
        how = tell(seat, &command);
    }
    return how;
}

/* --- proofs ---------------------------------------------------------------------------------- */

/* The card's, over a number of ours. */
static enum seat_answer let_prove(struct seat *seat, const struct purchase_keys *keys)
{
    const struct rng_port rng = rng_system();
    uint8_t ours[PURCHASE_RANDOM_SIZE];
    uint8_t want[PURCHASE_RANDOM_SIZE];
    uint8_t proof[PURCHASE_RANDOM_SIZE];
    struct apdu command;
    rng_fill(&rng, ours, sizeof(ours));
    purchase_internal(ours, &command);
    const enum seat_answer how = ask(seat, &command, proof, sizeof(proof));
    if (how != SEAT_OK) {
        return how;
    }
    return purchase_cryptogram(keys->keys[PURCHASE_KEY_INTERNAL], ours, want) &&
                   memcmp(proof, want, sizeof(want)) == 0
               ? SEAT_OK
               : SEAT_REFUSED;
}

static enum seat_answer challenge(struct seat *seat, uint8_t ret_random[PURCHASE_RANDOM_SIZE])
{
    struct apdu command;
    purchase_challenge(&command);
    return ask(seat, &command, ret_random, PURCHASE_RANDOM_SIZE);
}

/* Ours, to a card that has proved itself. */
static enum seat_answer prove(struct seat *seat, const struct purchase_keys *keys)
{
    uint8_t random[PURCHASE_RANDOM_SIZE];
    uint8_t proof[PURCHASE_RANDOM_SIZE];
    struct apdu command;
    const enum seat_answer how = challenge(seat, random);
    if (how != SEAT_OK) {
        return how;
    }
    if (!purchase_cryptogram(keys->keys[PURCHASE_KEY_EXTERNAL], random, proof)) {
        return SEAT_REFUSED;
    }
    purchase_external(proof, &command);
    return tell(seat, &command);
}

/* --- reading --------------------------------------------------------------------------------- */

static enum seat_answer read_file(struct seat *seat, uint8_t sfi, uint8_t *ret_file, size_t size)
{
    struct apdu command;
    purchase_read(sfi, 0, (uint8_t)size, &command);
    return ask(seat, &command, ret_file, size);
}

static enum seat_answer read_all(struct seat *seat, struct purchase_files *files)
{
    enum seat_answer how =
        read_file(seat, PURCHASE_SFI_PARAMETERS, files->parameters, sizeof(files->parameters));
    if (how == SEAT_OK) {
        how = read_file(seat, PURCHASE_SFI_WALLET, files->wallet, sizeof(files->wallet));
    }
    return how == SEAT_OK
               ? read_file(seat, PURCHASE_SFI_RETURN, files->returned, sizeof(files->returned))
               : how;
}

/* From a field reset to the files; the card is left where they can be written. */
static enum seat_answer look(struct work *work)
{
    uint8_t serial[PURCHASE_SERIAL_SIZE];
    work->step = STEP_ENTER;
    enum seat_answer how = seat_reset(work->seat);
    if (how == SEAT_OK) {
        how = enter(work->seat, serial);
    }
    if (how == SEAT_OK && work->keys != NULL) {
        work->step = STEP_PROOF;
        how = let_prove(work->seat, work->keys);
    }
    if (how != SEAT_OK) {
        return how;
    }
    work->step = STEP_READ;
    return read_all(work->seat, &work->files);
}

/* --- writing --------------------------------------------------------------------------------- */

static enum seat_answer write_settings(struct work *work)
{
    uint8_t random[PURCHASE_RANDOM_SIZE];
    struct apdu command;
    const struct purchase_update update = {.sfi = PURCHASE_SFI_PARAMETERS,
                                           .file = work->settings,
                                           .size = sizeof(work->settings),
                                           .key = work->keys->keys[PURCHASE_KEY_WALLET],
                                           .random = random};
    work->step = STEP_SETTINGS;
    const enum seat_answer how = challenge(work->seat, random);
    if (how != SEAT_OK) {
        return how;
    }
    return purchase_update(&update, &command) ? tell(work->seat, &command) : SEAT_REFUSED;
}

static bool is_finished(const struct work *work)
{
    return purchase_wallet_decode(work->files.wallet).count > 0 ||
           memcmp(work->files.parameters, work->settings, sizeof(work->settings)) == 0;
}

/* Once. */
static enum seat_answer make_all(struct work *work)
{
    enum seat_answer how = look(work);
    if (how != SEAT_OK || is_finished(work)) {
        return how;
    }
    work->step = STEP_OUR_PROOF;
    how = prove(work->seat, work->keys);
    if (how == SEAT_OK) {
        how = write_settings(work);
    }
    if (how == SEAT_OK) {
        how = look(work);
    }
    return how == SEAT_OK && !is_finished(work) ? SEAT_AWAY : how;
}

/* --- the whole ------------------------------------------------------------------------------- */

static enum ctl_exit say_refused(enum step step)
{
    static const char *const WORDS[] = {
        [STEP_ENTER] = "does not show its number, or has no electricity folder: it is damaged, or "
                       "another system's. Take another card",
        [STEP_PROOF] = "has other keys than the server has for its number: it is another "
                       "utility's, or forged. None of its tries was used up, and nothing that "
                       "stands on it was believed",
        [STEP_READ] = "does not let its files be read: it is damaged. Take another card",
        [STEP_OUR_PROOF] = "proves our keys, and refuses our proof: lay it aside, and do not try "
                           "again, or it locks itself",
        [STEP_SETTINGS] = "takes our proof, and does not let its settings be written: it is "
                          "damaged, or has another key for them. Take another card",
    };
    return ctl_say(CTL_FAILED, "this card %s", WORDS[step]);
}

static bool lacks_a_key(const struct purchase_keys *keys)
{
    bool lacks = false;
    for (size_t i = 0; i < PURCHASE_KEY_COUNT; i++) {
        lacks = lacks || bytes_are_zero(keys->keys[i], CARD_KEY_SIZE);
    }
    return lacks;
}

/* Until it was done, through a card that slips away for a moment. */
static enum ctl_exit repeat(struct work *work, enum seat_answer (*once)(struct work *work))
{
    if (work->keys != NULL && lacks_a_key(work->keys)) {
        return ctl_say(CTL_FAILED, "the server gave no keys for this card: it was left alone");
    }
    for (int i = 0; i < ATTEMPTS; i++) {
        const enum seat_answer answer = once(work);
        if (answer == SEAT_OK) {
            return CTL_DONE;
        }
        if (answer == SEAT_REFUSED) {
            return say_refused(work->step);
        }
        const enum ctl_exit how = seat_wait_back(work->seat, answer);
        if (how != CTL_DONE) {
            return how;
        }
    }
    return ctl_say(CTL_UNFINISHED, "the card slips away again and again: lay it flat in the middle "
                                   "of the reader, and give the same command again");
}

bool purchase_lies_there(struct seat *seat, uint8_t ret_serial[PURCHASE_SERIAL_SIZE])
{
    return seat_reset(seat) == SEAT_OK && enter(seat, ret_serial) == SEAT_OK;
}

enum ctl_exit purchase_look(struct seat *seat, const struct purchase_keys *keys,
                            struct purchase_files *ret_files)
{
    struct work work = {.seat = seat, .keys = keys};
    if (repeat(&work, look) != CTL_DONE) {
        return CTL_FAILED;
    }
    *ret_files = work.files;
    return CTL_DONE;
}

enum ctl_exit purchase_check_blank(struct seat *seat)
{
    struct purchase_files files;
    struct purchase_parameters parameters;
    if (purchase_look(seat, NULL, &files) != CTL_DONE) {
        return CTL_FAILED;
    }
    const bool blank =
        purchase_parameters_decode(files.parameters, &parameters) != PURCHASE_WHOLE &&
        purchase_wallet_decode(files.wallet).count == 0;
    return blank ? CTL_DONE
                 : ctl_say(CTL_FAILED, "this card names a meter, or carries a purchase: it is no "
                                       "blank one. Take a blank card");
}

enum ctl_exit purchase_personalise(struct seat *seat, const struct purchase_plan *plan)
{
    struct work work = {.seat = seat, .keys = &plan->keys};
    struct purchase_parameters parameters = {.kind = PURCHASE_OPEN};
    memcpy(parameters.meter, plan->meter, CARD_METER_SIZE);
    memcpy(parameters.customer, plan->customer, CARD_METER_SIZE);
    purchase_parameters_encode(&parameters, work.settings);
    return repeat(&work, make_all);
}
