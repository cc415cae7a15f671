/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: a command that failed is judged by what follows. A reader that still answers a health
 * check has only lost the card or a frame; one that does not is broken. A card that can be selected
 * again was there and said no.
 */
#include "tools/cardctl/seat.h"

#include <errno.h>
#include <string.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "tools/cardctl/holder.h"

enum {
    LOOK_MS = 250,
    REST_MS = 200, /* between closing and opening */
    SAK_ISO = 0x20,
    SAK_CLASSIC = 0x08,
    SAK_INFINEON = 0x88,
    SAK_CLASSIC_4K = 0x18,
    LOOKS_SURE = 2, /* so many looks show the same card before it counts as laid */
};

static int64_t now_ms(void)
{
    const struct clock_port clock = clock_system();
    return clock_mono_ms(&clock);
}

/* --- opening --------------------------------------------------------------------------------- */

static enum ctl_exit say_held(const char *path, int fd)
{
    char holder[HOLDER_TEXT_SIZE];
    holder_describe(fd, holder);
    return ctl_say(CTL_FAILED,
                   "the reader is in use by %s (it holds %s). On a terminal that is the card "
                   "driver: stop it with 'systemctl stop shilling-cardd', and start it again "
                   "afterwards",
                   holder, path);
}

/* The card driver, another user, must be able to take it afterwards. And a file of that user in a
 * folder that all may write to cannot be opened with O_CREAT, not even by root
 * (fs.protected_regular). */
static int open_lock(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd >= 0) {
            (void)fchmod(fd, 0666);
        }
    }
    return fd;
}

/* Two processes can open one port at once: libnfc's own guard does not work on Linux. */
static enum ctl_exit take_lock(struct seat *seat)
{
    const char *path = seat->options->lock;
    seat->lock_fd = open_lock(path);
    if (seat->lock_fd < 0) {
        return ctl_say(CTL_FAILED,
                       "%s: %s. The reader's lock must be taken first: run as the user that may, "
                       "or name another file with --lock where no card driver runs",
                       path, strerror(errno));
    }
    if (flock(seat->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        return CTL_DONE;
    }
    return say_held(path, seat->lock_fd);
}

/* Serial readers only: a device that is missing is worth its own sentence. */
static const char *device_trouble(const char *reader)
{
    static const char driver[] = "pn532_uart:";
    char path[NFC_READER_CONNSTRING_SIZE];
    if (!str_starts_with(reader, driver) ||
        !str_copy(path, sizeof(path), reader + strlen(driver))) {
        return NULL;
    }
    path[strcspn(path, ":")] = '\0';
    return access(path, R_OK | W_OK) == 0 ? NULL : strerror(errno);
}

static enum ctl_exit open_reader(struct seat *seat)
{
    const char *name = seat->options->reader;
    const char *trouble = device_trouble(name);
    if (trouble != NULL) {
        return ctl_say(CTL_FAILED,
                       "no reader at %s: %s. Plug it in (or name it with --reader), and see that "
                       "this user may open it (group dialout)",
                       name, trouble);
    }
    if (nfc_reader_open(name, &seat->reader)) {
        return CTL_DONE;
    }
    return ctl_say(CTL_FAILED,
                   "the reader %s does not answer. Unplug it, wait a moment, plug it in again; a "
                   "path with a colon cannot be used",
                   name);
}

enum ctl_exit seat_open(const struct options *options, struct seat *ret_seat)
{
    *ret_seat = (struct seat){.options = options, .lock_fd = -1};
    enum ctl_exit how = take_lock(ret_seat);
    return how == CTL_DONE ? open_reader(ret_seat) : how;
}

void seat_close(struct seat *seat)
{
    nfc_reader_close(seat->reader);
    seat->reader = NULL;
    if (seat->lock_fd >= 0) {
        (void)close(seat->lock_fd);
        seat->lock_fd = -1;
    }
}

/* --- what answers mean ----------------------------------------------------------------------- */

static enum seat_answer judge(struct seat *seat, enum card_answer answer)
{
    switch (answer) {
    case CARD_ANSWER_OK:
        return SEAT_OK;
    case CARD_ANSWER_AUTH:
        return SEAT_REFUSED;
    case CARD_ANSWER_NONE:
    case CARD_ANSWER_RADIO:
        return SEAT_AWAY;
    case CARD_ANSWER_SILENT:
    case CARD_ANSWER_LINE:
    case CARD_ANSWER_COUNT:
        break;
    }
    return nfc_reader_check(seat->reader) == CARD_ANSWER_OK ? SEAT_AWAY : SEAT_BROKEN;
}

static enum seat_answer select_card(struct seat *seat)
{
    return judge(seat, nfc_reader_select(seat->reader, &seat->card.uid));
}

/* The card said no, or is not there: whether it can be selected tells. */
static enum seat_answer refused_or_away(struct seat *seat, enum seat_answer answer)
{
    if (answer != SEAT_AWAY) {
        return answer;
    }
    answer = select_card(seat);
    return answer == SEAT_OK ? SEAT_REFUSED : answer;
}

/* --- the card -------------------------------------------------------------------------------- */

static enum seat_answer field_again(struct seat *seat)
{
    enum seat_answer answer = judge(seat, nfc_reader_field(seat->reader, false));
    return answer == SEAT_OK ? judge(seat, nfc_reader_field(seat->reader, true)) : answer;
}

enum seat_answer seat_reset(struct seat *seat)
{
    enum seat_answer answer = field_again(seat);
    return answer == SEAT_OK ? select_card(seat) : answer;
}

enum seat_answer seat_enter(struct seat *seat, uint8_t sector, const struct seat_key *key)
{
    const struct nfc_auth auth = {
        .block = mifare_block(sector, MIFARE_TRAILER), .kind = key->kind, .key = key->bytes};
    enum seat_answer answer = select_card(seat);
    return answer == SEAT_OK ? judge(seat, nfc_reader_authenticate(seat->reader, &auth)) : answer;
}

enum seat_answer seat_read(struct seat *seat, uint8_t block, uint8_t ret_bytes[CARD_BLOCK_SIZE])
{
    return refused_or_away(seat, judge(seat, nfc_reader_read(seat->reader, block, ret_bytes)));
}

enum seat_answer seat_write(struct seat *seat, uint8_t block, const uint8_t bytes[CARD_BLOCK_SIZE])
{
    return judge(seat, nfc_reader_write(seat->reader, block, bytes));
}

enum seat_answer seat_apdu(struct seat *seat, const struct apdu *command, struct apdu *ret_answer)
{
    return judge(seat, nfc_reader_apdu(seat->reader, command, ret_answer));
}

enum seat_family seat_family(const struct seat *seat)
{
    const struct nfc_card *card = &seat->card;
    if (card_uid_is_random(&card->uid)) {
        return SEAT_PHONE;
    }
    if ((card->sak & SAK_ISO) != 0) {
        return SEAT_ISO;
    }
    if (card->sak == SAK_CLASSIC_4K) {
        return SEAT_LARGE;
    }
    return card->sak == SAK_CLASSIC || card->sak == SAK_INFINEON ? SEAT_CLASSIC : SEAT_OTHER;
}

const char *seat_family_name(enum seat_family family)
{
    switch (family) {
    case SEAT_CLASSIC:
        return "classic";
    case SEAT_LARGE:
        return "classic4k";
    case SEAT_ISO:
        return "iso";
    case SEAT_PHONE:
        return "phone";
    case SEAT_OTHER:
        break;
    }
    return "unknown";
}

/* --- waiting --------------------------------------------------------------------------------- */

struct look {
    size_t count;
    struct nfc_card cards[NFC_READER_CARDS_MAX];
};

static enum seat_answer look_once(struct seat *seat, struct look *ret_look)
{
    ret_look->count = 0;
    enum seat_answer answer = field_again(seat);
    if (answer != SEAT_OK) {
        return answer;
    }
    answer = judge(seat, nfc_reader_list(seat->reader, ret_look->cards, &ret_look->count));
    if (answer != SEAT_OK) {
        ret_look->count = 0;
    }
    return answer == SEAT_BROKEN ? SEAT_BROKEN : SEAT_OK;
}

static bool is_same(const struct look *look, const struct nfc_card *card)
{
    return look->count == 1 &&
           (card_uid_equal(&look->cards[0].uid, &card->uid) ||
            (card_uid_is_random(&look->cards[0].uid) && card_uid_is_random(&card->uid)));
}

static enum ctl_exit say_reader_lost(enum ctl_exit how)
{
    return ctl_say(how, "the reader does not answer any more: look at its cable, plug it in again, "
                        "and give the same command with the same card");
}

static enum ctl_exit say_not_one(const struct look *last, uint32_t wait_s)
{
    if (last->count > 0) { /* one: another one than the look before saw */
        return ctl_say(CTL_FAILED, "two cards lie on the reader: take one away");
    }
    return ctl_say(CTL_FAILED, "no card was laid on the reader within %u s", wait_s);
}

enum ctl_exit seat_wait(struct seat *seat)
{
    struct look look = {.count = 0};
    int looks = 0;
    const int64_t until_ms = now_ms() + (int64_t)seat->options->wait_s * 1000;
    for (;;) {
        if (look_once(seat, &look) == SEAT_BROKEN) {
            return say_reader_lost(CTL_FAILED);
        }
        const bool first = look.count == 1 && looks == 0;
        if (look.count == 1 && looks > 0 && is_same(&look, &seat->card)) {
            looks += 1;
        } else {
            looks = look.count == 1 ? 1 : 0;
        }
        if (look.count == 1) {
            seat->card = look.cards[0];
        }
        if (looks >= LOOKS_SURE) {
            return CTL_DONE;
        }
        if (first) {
            continue; /* the second look follows at once, even where the time is over */
        }
        if (now_ms() >= until_ms) {
            return say_not_one(&look, seat->options->wait_s);
        }
        clock_system_wait_ms(LOOK_MS);
    }
}

static bool reopen(struct seat *seat)
{
    nfc_reader_close(seat->reader);
    seat->reader = NULL;
    clock_system_wait_ms(REST_MS);
    return nfc_reader_open(seat->options->reader, &seat->reader);
}

static void say_lay_back(const struct seat *seat, const struct look *look)
{
    char wanted[CARD_UID_TEXT_SIZE];
    char other[CARD_UID_TEXT_SIZE];
    card_uid_format(&seat->card.uid, wanted);
    if (look->count == 0) {
        (void)ctl_say(CTL_DONE, "the card is away: lay card %s back", wanted);
    } else if (look->count > 1) {
        (void)ctl_say(CTL_DONE, "two cards lie on the reader: leave card %s only", wanted);
    } else {
        card_uid_format(&look->cards[0].uid, other);
        (void)ctl_say(CTL_DONE, "that is card %s: lay card %s back", other, wanted);
    }
}

enum ctl_exit seat_wait_back(struct seat *seat, enum seat_answer why)
{
    struct look look = {.count = 0};
    size_t said = NFC_READER_CARDS_MAX + 1;
    const int64_t until_ms = now_ms() + (int64_t)seat->options->wait_s * 1000;
    if (why == SEAT_BROKEN && !reopen(seat)) {
        return say_reader_lost(CTL_UNFINISHED);
    }
    for (;;) {
        if (look_once(seat, &look) == SEAT_BROKEN) {
            return say_reader_lost(CTL_UNFINISHED);
        }
        if (is_same(&look, &seat->card)) {
            return CTL_DONE;
        }
        if (look.count != said) {
            said = look.count;
            say_lay_back(seat, &look);
        }
        if (now_ms() >= until_ms) {
            return ctl_say(CTL_UNFINISHED, "not finished: give the same command again with that "
                                           "card, and leave it on the reader until it is done");
        }
        clock_system_wait_ms(LOOK_MS);
    }
}
