/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/personalise_purchase.h"

#include <string.h>

#include "common/bytes.h"
#include "drivers/rng/rng_system.h"

enum { ATTEMPTS = 10 };

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

enum seat_answer purchase_read_files(struct seat *seat, struct purchase_files *ret_files)
{
    uint8_t serial[PURCHASE_SERIAL_SIZE];
    enum seat_answer how = seat_reset(seat);
    if (how == SEAT_OK) {
        how = enter(seat, serial);
    }
    return how == SEAT_OK ? read_all(seat, ret_files) : how;
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

/* --- writing --------------------------------------------------------------------------------- */

static enum seat_answer write_settings(struct seat *seat, const struct purchase_keys *keys,
                                       const uint8_t file[PURCHASE_PARAMETERS_SIZE])
{
    uint8_t random[PURCHASE_RANDOM_SIZE];
    struct apdu command;
    const struct purchase_update update = {.sfi = PURCHASE_SFI_PARAMETERS,
                                           .file = file,
                                           .size = PURCHASE_PARAMETERS_SIZE,
                                           .key = keys->keys[PURCHASE_KEY_WALLET],
                                           .random = random};
    const enum seat_answer how = challenge(seat, random);
    if (how != SEAT_OK) {
        return how;
    }
    return purchase_update(&update, &command) ? tell(seat, &command) : SEAT_REFUSED;
}

static bool is_finished(const struct purchase_files *files,
                        const uint8_t settings[PURCHASE_PARAMETERS_SIZE])
{
    return purchase_wallet_decode(files->wallet).count > 0 ||
           memcmp(files->parameters, settings, PURCHASE_PARAMETERS_SIZE) == 0;
}

/* Once; the card is left where its files can be read. */
static enum seat_answer make_all(struct seat *seat, const struct purchase_plan *plan,
                                 bool *ret_is_strange)
{
    uint8_t serial[PURCHASE_SERIAL_SIZE];
    uint8_t settings[PURCHASE_PARAMETERS_SIZE];
    struct purchase_files files;
    struct purchase_parameters parameters = {.kind = PURCHASE_OPEN};
    memcpy(parameters.meter, plan->meter, CARD_METER_SIZE);
    memcpy(parameters.customer, plan->customer, CARD_METER_SIZE);
    purchase_parameters_encode(&parameters, settings);
    enum seat_answer how = seat_reset(seat);
    if (how == SEAT_OK) {
        how = enter(seat, serial);
    }
    if (how == SEAT_OK) {
        how = let_prove(seat, &plan->keys);
        *ret_is_strange = how == SEAT_REFUSED;
    }
    if (how == SEAT_OK) {
        how = read_all(seat, &files);
    }
    if (how != SEAT_OK || is_finished(&files, settings)) {
        return how;
    }
    how = prove(seat, &plan->keys);
    if (how == SEAT_OK) {
        how = write_settings(seat, &plan->keys, settings);
    }
    if (how == SEAT_OK) {
        how = purchase_read_files(seat, &files);
    }
    return how == SEAT_OK && !is_finished(&files, settings) ? SEAT_AWAY : how;
}

/* --- the whole ------------------------------------------------------------------------------- */

bool purchase_lies_there(struct seat *seat, uint8_t ret_serial[PURCHASE_SERIAL_SIZE])
{
    return seat_reset(seat) == SEAT_OK && enter(seat, ret_serial) == SEAT_OK;
}

enum ctl_exit purchase_check_blank(struct seat *seat)
{
    struct purchase_files files;
    struct purchase_parameters parameters;
    const enum seat_answer how = purchase_read_files(seat, &files);
    if (how != SEAT_OK) {
        return ctl_say(CTL_FAILED, "the card cannot be read: lay it flat in the middle of the "
                                   "reader, away from metal");
    }
    const bool blank =
        purchase_parameters_decode(files.parameters, &parameters) != PURCHASE_WHOLE &&
        purchase_wallet_decode(files.wallet).count == 0;
    return blank ? CTL_DONE
                 : ctl_say(CTL_FAILED, "this card names a meter, or carries a purchase: it is no "
                                       "blank one. Take a blank card");
}

static enum ctl_exit say_refused(bool is_strange)
{
    if (is_strange) {
        return ctl_say(CTL_FAILED, "this card has other keys than the server: it is another "
                                   "utility's. None of its tries was used up");
    }
    return ctl_say(CTL_FAILED, "this card proves our keys, and refuses to be written with them: "
                               "lay it aside, and do not try again, or it locks itself");
}

static bool lacks_a_key(const struct purchase_keys *keys)
{
    static const uint8_t none[CARD_KEY_SIZE];
    bool lacks = false;
    for (size_t i = 0; i < PURCHASE_KEY_COUNT; i++) {
        lacks = lacks || bytes_equal_secret(keys->keys[i], none, CARD_KEY_SIZE);
    }
    return lacks;
}

enum ctl_exit purchase_personalise(struct seat *seat, const struct purchase_plan *plan)
{
    if (lacks_a_key(&plan->keys)) {
        return ctl_say(CTL_FAILED, "the server gave no keys for this card: nothing was written");
    }
    for (int i = 0; i < ATTEMPTS; i++) {
        bool is_strange = false;
        const enum seat_answer answer = make_all(seat, plan, &is_strange);
        if (answer == SEAT_OK) {
            return CTL_DONE;
        }
        if (answer == SEAT_REFUSED) {
            return say_refused(is_strange);
        }
        const enum ctl_exit how = seat_wait_back(seat, answer);
        if (how != CTL_DONE) {
            return how;
        }
    }
    return ctl_say(CTL_UNFINISHED, "the card slips away again and again: lay it flat in the middle "
                                   "of the reader, and give the same command again");
}
