/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Seeds and keys are written by the store, and this listener has a thread of its own that serves
 * nobody else, so its handlers may wait for the writer.
 */

#include "cloud/admin/admin.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/admin/metrics.h"
#include "cloud/catalog/seed.h"
#include "common/bytes.h"
#include "common/json/json.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"

struct admin {
    struct admin_config config;
};

static void get_metrics(struct http_request *request, void *self)
{
    const struct admin *admin = self;
    char *text = metrics_make(&admin->config);
    if (text != NULL) {
        http_reply_text(request, 200, "text/plain; version=0.0.4", text, strlen(text));
    } else {
        http_reply_error(request, 500, API_ERROR_INTERNAL, "no memory for the metrics", NULL);
    }
    free(text);
}

/* Everything that depends on the catalogue looks again. */
static void catalog_changed(const struct admin *admin)
{
    enum err err = devices_load(admin->config.devices);
    if (err != OK) {
        log_error("the terminals cannot be loaded (%s); the old list goes on", err_name(err));
    }
    gateway_catalog_changed(admin->config.gateway);
}

static void post_seed(struct http_request *request, void *self)
{
    const struct admin *admin = self;
    char message[CONFIG_MESSAGE_SIZE];
    bool changed = false;
    size_t size = 0;
    const char *name = http_query(request, "name");
    const char *text = http_body_raw(request, &size);
    if (size > SEED_TEXT_SIZE_MAX || strlen(text) != size) {
        http_reply_bad_request(request, "(body)");
        return;
    }
    struct seed_source source = {
        .text = text, .name = name != NULL ? name : "seed", .opening = admin->config.opening};
    enum err err = seed_apply(admin->config.store, &source, &changed, message);
    if (err == OK) {
        if (changed) {
            catalog_changed(admin);
        }
        json_t *json = json_object();
        json_put_flag(json, "changed", changed);
        http_reply_json(request, 200, json);
    } else {
        http_reply_error(request, err == ERR_FORMAT ? 422 : 503,
                         err == ERR_FORMAT ? API_ERROR_BAD_REQUEST : API_ERROR_OUT_OF_SERVICE,
                         message, NULL);
    }
}

static enum err add_key(struct db *db, void *arg)
{
    return devices_key_add(db, arg);
}

static enum err revoke(struct db *db, void *arg)
{
    const struct device_key *key = arg;
    return devices_revoke(db, key->kind, key->name);
}

static void read_key(struct json_reader *r, struct device_key *key)
{
    char hash[65] = "";
    size_t size = 0;
    json_text(r, "spki_sha256", hash, sizeof(hash));
    if (!hex_parse(hash, strlen(hash), key->issued.spki_sha256, 32, &size, NULL) || size != 32) {
        json_refuse(r, "spki_sha256");
    }
    /* Of a certificate that was not made here they may be unknown. */
    if (json_has(r, "serial")) {
        json_text(r, "serial", key->issued.serial, sizeof(key->issued.serial));
    }
    if (strspn(key->issued.serial, "0123456789ABCDEF") != strlen(key->issued.serial)) {
        json_refuse(r, "serial");
    }
    if (json_has(r, "expires_at")) {
        key->issued.expires_at = json_int(r, "expires_at", 0, INT64_MAX);
    }
}

static bool read_device(struct http_request *request, bool with_key, struct device_key *key)
{
    char kind[API_WORD_SIZE];
    struct json_reader r = json_reader(http_body_json(request));
    *key = (struct device_key){0};
    json_text(&r, "kind", kind, sizeof(kind));
    json_text(&r, "name", key->name, sizeof(key->name));
    if (!device_kind_parse(kind, &key->kind)) {
        json_refuse(&r, "kind");
    }
    if (with_key) {
        read_key(&r, key);
    }
    if (json_failed(&r)) {
        http_reply_bad_request(request, json_field(&r));
        return false;
    }
    return true;
}

static void list_revoked(const struct admin *admin)
{
    char why[PKI_WHY_SIZE];
    if (devices_write_crl(admin->config.store, admin->config.pki, why) != OK) {
        log_warn("the list of revoked certificates was not written: %s", why);
    }
}

static void change_device(struct http_request *request, const struct admin *admin, bool revokes,
                          struct device_key *key)
{
    enum err err = store_run(admin->config.store, revokes ? revoke : add_key, key);
    if (err == OK) {
        if (revokes) {
            list_revoked(admin);
        }
        err = devices_load(admin->config.devices);
        gateway_catalog_changed(admin->config.gateway);
    }
    if (err == OK) {
        http_reply_json(request, 200, json_object());
    } else if (err == ERR_NOT_FOUND) {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, "no such device in the catalogue",
                         "name");
    } else if (err == ERR_CONFLICT) {
        http_reply_error(request, 400, API_ERROR_BAD_REQUEST,
                         "it is the name of a device of another kind", "name");
    } else {
        http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, err_name(err), NULL);
    }
}

static void post_device(struct http_request *request, void *self)
{
    struct device_key key;
    if (read_device(request, /* with_key= */ true, &key)) {
        change_device(request, self, /* revokes= */ false, &key);
    }
}

static void post_revoke(struct http_request *request, void *self)
{
    struct device_key key;
    if (read_device(request, /* with_key= */ false, &key)) {
        change_device(request, self, /* revokes= */ true, &key);
    }
}

/* The console is not part of this release; its listener says so instead of staying silent. */
static void get_console(struct http_request *request, void *self)
{
    const struct admin *admin = self;
    char page[1024];
    bool in_service = store_is_in_service(admin->config.store);
    MUST(str_format(page, sizeof(page),
                    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
                    "<title>Shilling</title><h1>Shilling %s</h1><p>%s</p>"
                    "<p>This address is kept for the operators' console, which this version does "
                    "not have. Review open items with: shilling-cloud review</p></html>\n",
                    admin->config.version,
                    in_service ? "The service is running."
                               : "The service has stopped: its database failed. Look at its log."));
    http_reply_text(request, in_service ? 200 : 503, "text/html; charset=utf-8", page,
                    strlen(page));
}

enum err admin_create(const struct admin_config *config, struct admin **ret_admin)
{
    struct admin *admin = calloc(1, sizeof(*admin));
    if (admin == NULL) {
        return ERR_MEMORY;
    }
    admin->config = *config;
    const struct http_route routes[] = {
        {.method = HTTP_GET,
         .pattern = "/metrics",
         .permission = HTTP_FOR_ADMIN,
         .body = HTTP_BODY_NONE,
         .handler = get_metrics,
         .self = admin},
        {.method = HTTP_POST,
         .pattern = "/v1/admin/seed",
         .permission = HTTP_FOR_ADMIN,
         .body = HTTP_BODY_RAW,
         .handler = post_seed,
         .self = admin},
        {.method = HTTP_POST,
         .pattern = "/v1/admin/devices",
         .permission = HTTP_FOR_ADMIN,
         .body = HTTP_BODY_JSON,
         .handler = post_device,
         .self = admin},
        {.method = HTTP_POST,
         .pattern = "/v1/admin/devices/revoke",
         .permission = HTTP_FOR_ADMIN,
         .body = HTTP_BODY_JSON,
         .handler = post_revoke,
         .self = admin},
        {.method = HTTP_GET,
         .pattern = "/",
         .permission = HTTP_FOR_CONSOLE,
         .body = HTTP_BODY_NONE,
         .handler = get_console,
         .self = admin},
    };
    http_route_add(config->server, routes, ARRAY_COUNT(routes));
    *ret_admin = admin;
    return OK;
}

void admin_destroy(struct admin *admin)
{
    free(admin);
}
