/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/admin/client.h"
#include "cloud/catalog/seed.h"
#include "cloud/identity/devices.h"
#include "cloud/identity/pki.h"
#include "cloud/state.h"
#include "common/bytes.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/disk/disk.h"

enum { BODY_SIZE = 512, SEED_NAME_SIZE = 90, PATH_SIZE = SEED_NAME_SIZE * 3 + 32 };

static enum app_exit say(const char *text)
{
    (void)fprintf(stderr, "shilling-cloud: %s\n", text);
    return APP_EXIT_FAILED;
}

/* The message of an error answer, or its status. */
static enum app_exit say_answer(const struct admin_answer *answer)
{
    char message[CONFIG_MESSAGE_SIZE] = "";
    json_t *json = json_parse_object(answer->text, answer->size, ADMIN_ANSWER_SIZE_MAX);
    struct json_reader outer = json_reader(json);
    struct json_reader r = json_reader(json_object_at(&outer, "error"));
    json_text(&r, "message", message, sizeof(message));
    if (json_failed(&r)) {
        str_format_cut(message, sizeof(message), "the service answers %ld", answer->status);
    }
    json_decref(json);
    return say(message);
}

/* True if the service took the call; else *ret_exit says what to do: it failed, or do it here. */
enum asked { ASKED_DONE, ASKED_FAILED, ASKED_NOBODY };

static enum asked ask_service(const struct admin_call *call)
{
    char why[ADMIN_WHY_SIZE];
    struct admin_answer answer;
    enum err err = admin_call(call, &answer, why);
    if (err == ERR_NOT_FOUND) {
        return ASKED_NOBODY;
    }
    if (err != OK) {
        (void)say(why);
        return ASKED_FAILED;
    }
    bool done = answer.status == 200;
    if (!done) {
        (void)say_answer(&answer);
    }
    free(answer.text);
    return done ? ASKED_DONE : ASKED_FAILED;
}

static enum app_exit seed_here(const struct settings *settings, const char *file)
{
    struct clock_port clock = clock_system();
    struct store *store = NULL;
    char why[STATE_WHY_SIZE];
    enum err err = state_open_store(settings, &clock, NULL, NULL, &store, why);
    if (err == OK) {
        err = state_seed_file(store, file, why);
    }
    store_close(store);
    return err == OK ? APP_EXIT_OK : say(why);
}

/* The call's path with the file's name in it, for messages; a name too long is left out. */
static void seed_path(const char *file, char *ret_path, size_t size)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash != NULL ? slash + 1 : file;
    struct strbuf path;
    strbuf_init(&path, ret_path, size);
    strbuf_add(&path, "/v1/admin/seed?name=");
    for (const char *at = name; *at != '\0'; at++) {
        strbuf_addf(&path, "%%%02X", (unsigned)(unsigned char)*at);
    }
    if (path.failed || strlen(name) >= SEED_NAME_SIZE) {
        str_format_cut(ret_path, size, "/v1/admin/seed");
    }
}

enum app_exit command_seed(const struct settings *settings, const char *file)
{
    char why[STATE_WHY_SIZE];
    char path[PATH_SIZE];
    char *text = NULL;
    size_t size = 0;
    seed_path(file, path, sizeof(path));
    if (disk_read_file(file, SEED_TEXT_SIZE_MAX, &text, &size) != OK) {
        str_format_cut(why, sizeof(why), "%s: cannot be read", file);
        return say(why);
    }
    struct admin_call call = {.socket_path = settings->admin_socket,
                              .method = "POST",
                              .path = path,
                              .content_type = "text/plain",
                              .body = text,
                              .body_size = size};
    enum asked asked = ask_service(&call);
    free(text);
    if (asked == ASKED_NOBODY) {
        return seed_here(settings, file);
    }
    return asked == ASKED_DONE ? APP_EXIT_OK : APP_EXIT_FAILED;
}

struct device_change {
    bool revoke;
    struct device_key key;
};

static enum err change_device(struct db *db, void *arg)
{
    const struct device_change *change = arg;
    return change->revoke ? devices_revoke(db, change->key.kind, change->key.name)
                          : devices_key_add(db, &change->key);
}

/* Without the CA's key, whoever has it keeps the list. */
static enum err list_revoked(const struct settings *settings, struct store *store,
                             char ret_why[STATE_WHY_SIZE])
{
    struct clock_port clock = clock_system();
    struct pki *pki = NULL;
    enum err err = state_open_pki(settings, &clock, &pki, ret_why);
    if (err == OK) {
        err = devices_write_crl(store, pki, ret_why);
    }
    pki_close(pki);
    return err == ERR_DENIED ? OK : err;
}

static enum app_exit change_here(const struct settings *settings, struct device_change *change)
{
    struct clock_port clock = clock_system();
    struct store *store = NULL;
    char why[STATE_WHY_SIZE];
    enum err err = state_open_store(settings, &clock, NULL, NULL, &store, why);
    if (err != OK) {
        return say(why);
    }
    err = store_run(store, change_device, change);
    str_format_cut(why, sizeof(why), "%s %s: %s", device_kind_name(change->key.kind),
                   change->key.name,
                   err == ERR_NOT_FOUND  ? "is not in the catalogue: take in a seed with it"
                   : err == ERR_CONFLICT ? "is the name of a device of another kind"
                                         : err_name(err));
    if (err == OK && change->revoke) {
        err = list_revoked(settings, store, why);
    }
    store_close(store);
    return err == OK ? APP_EXIT_OK : say(why);
}

static enum app_exit change_anywhere(const struct settings *settings, struct device_change *change)
{
    char body[BODY_SIZE];
    char hash[65] = "";
    json_t *json = json_object();
    const struct pki_issued *issued = &change->key.issued;
    json_put_text(json, "kind", device_kind_name(change->key.kind));
    json_put_text(json, "name", change->key.name);
    if (!change->revoke) {
        MUST(hex_format(issued->spki_sha256, 32, /* separator= */ 0, hash, sizeof(hash)));
        json_put_text(json, "spki_sha256", hash);
        json_put_text(json, "serial", issued->serial);
        json_put_int(json, "expires_at", issued->expires_at);
    }
    MUST(json_print(json, body, sizeof(body)));
    json_decref(json);
    struct admin_call call = {.socket_path = settings->admin_socket,
                              .method = "POST",
                              .path =
                                  change->revoke ? "/v1/admin/devices/revoke" : "/v1/admin/devices",
                              .content_type = "application/json",
                              .body = body,
                              .body_size = strlen(body)};
    switch (ask_service(&call)) {
    case ASKED_DONE:
        return APP_EXIT_OK;
    case ASKED_FAILED:
        return APP_EXIT_FAILED;
    case ASKED_NOBODY:
        return change_here(settings, change);
    }
    MUST_NOT_REACH();
}

static bool read_device(const char *kind, const char *name, struct device_change *change)
{
    if (!device_kind_parse(kind, &change->key.kind)) {
        (void)say("the kind must be terminal, collector or broker");
        return false;
    }
    if (!str_copy(change->key.name, sizeof(change->key.name), name)) {
        (void)say("the name is too long");
        return false;
    }
    return true;
}

enum app_exit command_dev_enrol(const struct settings *settings, const char *kind, const char *name,
                                const char *out)
{
    struct device_change change = {.revoke = false};
    struct clock_port clock = clock_system();
    struct pki *pki = NULL;
    char why[STATE_WHY_SIZE];
    if (!read_device(kind, name, &change)) {
        return APP_EXIT_USAGE;
    }
    enum err err = state_open_pki(settings, &clock, &pki, why);
    if (err == OK) {
        enum pki_use use = change.key.kind == DEVICE_BROKER ? PKI_USE_SERVER : PKI_USE_CLIENT;
        err = pki_issue(pki, use, name, out, &change.key.issued, why);
    }
    pki_close(pki);
    if (err != OK) {
        return say(why);
    }
    enum app_exit done = change_anywhere(settings, &change);
    if (done != APP_EXIT_OK) {
        pki_discard(out); /* a certificate that nobody knows, and the broker would take */
    }
    return done;
}

enum app_exit command_revoke(const struct settings *settings, const char *kind, const char *name)
{
    struct device_change change = {.revoke = true};
    if (!read_device(kind, name, &change)) {
        return APP_EXIT_USAGE;
    }
    return change_anywhere(settings, &change);
}
