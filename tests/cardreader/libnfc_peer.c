/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hand on libnfc: one call a line from standard input, its result and how long it took on
 * standard output. What a reader's faults do to Debian's libnfc is seen through it.
 * usage: libnfc_peer CONNSTRING
 *   open | init | finite | close          the device
 *   select [UID]                          result 1: ATQA SAK UID ATS
 *   list N                                up to N targets
 *   xchg HEX [MS]                         nfc_initiator_transceive_bytes, 500 ms
 *   present | deselect | field 0|1
 *   poll NR PERIOD                        nfc_initiator_poll_target
 *   abort-after MS                        of the next call, by another thread
 *   abort                                 with nothing pending
 *   fds                                   how many descriptors are open
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dirent.h>
#include <nfc/nfc.h>
#include <pthread.h>

enum { LINE_MAX_SIZE = 2048, BYTES_MAX = 512, TARGETS_MAX = 4 };

struct peer {
    const char *connstring;
    nfc_context *context;
    nfc_device *device;
    char note[BYTES_MAX * 2]; /* what the call brought */
    pthread_t aborter;
    bool abort_armed;
    long abort_ms;
};

static const nfc_modulation TYPE_A = {.nmt = NMT_ISO14443A, .nbr = NBR_106};

static long now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static size_t from_hex(const char *hex, uint8_t *ret_bytes)
{
    size_t size = 0;
    while (hex[0] != '\0' && hex[1] != '\0' && size < BYTES_MAX) {
        const char pair[3] = {hex[0], hex[1], '\0'};
        ret_bytes[size++] = (uint8_t)strtoul(pair, NULL, 16);
        hex += 2;
    }
    return size;
}

static void note_hex(struct peer *peer, const uint8_t *bytes, size_t size)
{
    size_t at = strlen(peer->note);
    for (size_t i = 0; i < size && at + 3 < sizeof(peer->note); i++) {
        at += (size_t)snprintf(peer->note + at, sizeof(peer->note) - at, "%02x", bytes[i]);
    }
    (void)snprintf(peer->note + at, sizeof(peer->note) - at, " ");
}

static void note_target(struct peer *peer, const nfc_target *target)
{
    const nfc_iso14443a_info *card = &target->nti.nai;
    note_hex(peer, card->abtAtqa, sizeof(card->abtAtqa));
    note_hex(peer, &card->btSak, 1);
    note_hex(peer, card->abtUid, card->szUidLen);
    note_hex(peer, card->abtAts, card->szAtsLen);
}

static void *abort_later(void *context)
{
    struct peer *peer = context;
    const struct timespec wait = {.tv_sec = peer->abort_ms / 1000,
                                  .tv_nsec = peer->abort_ms % 1000 * 1000000};
    (void)nanosleep(&wait, NULL);
    (void)nfc_abort_command(peer->device);
    return NULL;
}

static int do_device(struct peer *peer, const char *verb)
{
    if (strcmp(verb, "open") == 0) {
        peer->device = nfc_open(peer->context, peer->connstring);
        return peer->device != NULL ? 0 : -1000;
    }
    if (strcmp(verb, "init") == 0) {
        return nfc_initiator_init(peer->device);
    }
    if (strcmp(verb, "finite") == 0) {
        return nfc_device_set_property_bool(peer->device, NP_INFINITE_SELECT, false);
    }
    nfc_close(peer->device);
    peer->device = NULL;
    return 0;
}

static int do_select(struct peer *peer, const char *uid_hex)
{
    uint8_t uid[BYTES_MAX];
    nfc_target target;
    size_t size = uid_hex == NULL ? 0 : from_hex(uid_hex, uid);
    int result = nfc_initiator_select_passive_target(peer->device, TYPE_A,
                                                     uid_hex == NULL ? NULL : uid, size, &target);
    if (result > 0) {
        note_target(peer, &target);
    }
    return result;
}

static int do_list(struct peer *peer, const char *count)
{
    nfc_target targets[TARGETS_MAX];
    int result = nfc_initiator_list_passive_targets(peer->device, TYPE_A, targets,
                                                    strtoul(count, NULL, 10) % (TARGETS_MAX + 1));
    for (int i = 0; i < result; i++) {
        note_target(peer, &targets[i]);
    }
    return result;
}

static int do_xchg(struct peer *peer, const char *hex, const char *ms)
{
    uint8_t sent[BYTES_MAX];
    uint8_t got[BYTES_MAX];
    size_t size = from_hex(hex, sent);
    int timeout_ms = ms == NULL ? 500 : (int)strtol(ms, NULL, 10);
    int result =
        nfc_initiator_transceive_bytes(peer->device, sent, size, got, sizeof(got), timeout_ms);
    if (result > 0) {
        note_hex(peer, got, (size_t)result);
    }
    return result;
}

static int do_poll(struct peer *peer, const char *number, const char *period)
{
    nfc_target target;
    int result =
        nfc_initiator_poll_target(peer->device, &TYPE_A, 1, (uint8_t)strtoul(number, NULL, 10),
                                  (uint8_t)strtoul(period, NULL, 10), &target);
    if (result > 0) {
        note_target(peer, &target);
    }
    return result;
}

static int count_fds(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL) {
        count += 1;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

static int run(struct peer *peer, char *line)
{
    char *save = NULL;
    const char *verb = strtok_r(line, " \n", &save);
    const char *first = strtok_r(NULL, " \n", &save);
    const char *second = strtok_r(NULL, " \n", &save);
    if (verb == NULL) {
        return -2000;
    }
    if (strcmp(verb, "fds") == 0) {
        return count_fds();
    }
    if (strcmp(verb, "abort-after") == 0 && first != NULL) {
        peer->abort_ms = strtol(first, NULL, 10);
        peer->abort_armed = true;
        return 0;
    }
    if (strcmp(verb, "open") == 0 || strcmp(verb, "init") == 0 || strcmp(verb, "finite") == 0 ||
        strcmp(verb, "close") == 0) {
        return do_device(peer, verb);
    }
    if (strcmp(verb, "select") == 0) {
        return do_select(peer, first);
    }
    if (strcmp(verb, "list") == 0 && first != NULL) {
        return do_list(peer, first);
    }
    if (strcmp(verb, "xchg") == 0 && first != NULL) {
        return do_xchg(peer, first, second);
    }
    if (strcmp(verb, "poll") == 0 && second != NULL) {
        return do_poll(peer, first, second);
    }
    if (strcmp(verb, "field") == 0 && first != NULL) {
        return nfc_device_set_property_bool(peer->device, NP_ACTIVATE_FIELD, first[0] == '1');
    }
    if (strcmp(verb, "present") == 0) {
        return nfc_initiator_target_is_present(peer->device, NULL);
    }
    if (strcmp(verb, "abort") == 0) {
        return nfc_abort_command(peer->device);
    }
    return strcmp(verb, "deselect") == 0 ? nfc_initiator_deselect_target(peer->device) : -2000;
}

int main(int argc, char **argv)
{
    char line[LINE_MAX_SIZE];
    struct peer peer = {.connstring = argc == 2 ? argv[1] : ""};
    nfc_init(&peer.context);
    while (peer.context != NULL && fgets(line, sizeof(line), stdin) != NULL) {
        bool was_armed = peer.abort_armed;
        peer.note[0] = '\0';
        if (was_armed && pthread_create(&peer.aborter, NULL, abort_later, &peer) != 0) {
            return EXIT_FAILURE;
        }
        long before_us = now_us();
        int result = run(&peer, line);
        long took_us = now_us() - before_us;
        if (was_armed) {
            peer.abort_armed = false;
            (void)pthread_join(peer.aborter, NULL);
        }
        (void)printf("%d %ld %s\n", result, took_us / 1000, peer.note);
        (void)fflush(stdout);
    }
    return EXIT_SUCCESS;
}
