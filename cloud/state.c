/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "cloud/catalog/seed.h"
#include "cloud/orders/orders.h"
#include "common/log.h"
#include "common/money.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/disk/disk.h"

enum { READERS = 4, PATH_SIZE = SETTINGS_PATH_SIZE + 32 };

static_assert((int)STATE_WHY_SIZE >= (int)STORE_WHY_SIZE &&
                  (int)STATE_WHY_SIZE >= (int)PKI_WHY_SIZE &&
                  (int)STATE_WHY_SIZE >= (int)CONFIG_MESSAGE_SIZE,
              "their messages are passed on");

static enum err make_state_dir(const char *path, char *ret_why)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        return OK;
    }
    str_format_cut(ret_why, STATE_WHY_SIZE, "%s: cannot be made: %s", path, strerror(errno));
    return ERR_DENIED;
}

enum err state_open_store(const struct settings *settings, const struct clock_port *clock,
                          void (*on_failed)(void *self, enum err err), void *self,
                          struct store **ret_store, char ret_why[STATE_WHY_SIZE])
{
    char path[PATH_SIZE];
    MUST(str_format(path, sizeof(path), "%s/cloud.db", settings->state_dir));
    enum err err = make_state_dir(settings->state_dir, ret_why);
    if (err != OK) {
        return err;
    }
    struct store_config config = {.path = path,
                                  .clock = clock,
                                  .disk_free_bytes_min = settings->disk_free_bytes_min,
                                  .reader_count = READERS,
                                  .on_failed = on_failed,
                                  .self = self};
    if (settings->sql_trace_file[0] != '\0') {
        config.trace_path = settings->sql_trace_file;
        log_warn("tracing all statements to %s: slow, and full of people's data",
                 config.trace_path);
    }
    return store_open(&config, ret_store, ret_why);
}

enum err state_open_pki(const struct settings *settings, const struct clock_port *clock,
                        struct pki **ret_pki, char ret_why[STATE_WHY_SIZE])
{
    char folder[PATH_SIZE];
    MUST(str_format(folder, sizeof(folder), "%s/pki", settings->state_dir));
    enum err err = make_state_dir(settings->state_dir, ret_why);
    if (err != OK) {
        return err;
    }
    const char *crl = settings->crl_file[0] != '\0' ? settings->crl_file : NULL;
    struct pki_config config = {.folder = folder, .crl_path = crl, .clock = clock};
    for (size_t i = 0; i < settings->server_name_count; i++) {
        config.hosts[config.host_count++] = settings->server_names[i];
    }
    return pki_open(&config, ret_pki, ret_why);
}

enum err state_opening(struct db *db, const char *meter_id, int64_t balance_fen)
{
    return orders_open_balance(db, meter_id, money_fen(balance_fen));
}

enum err state_seed_file(struct store *store, const char *path, char ret_why[STATE_WHY_SIZE])
{
    char *text = NULL;
    size_t size = 0;
    bool changed = false;
    enum err err = disk_read_file(path, SEED_TEXT_SIZE_MAX, &text, &size);
    if (err != OK) {
        str_format_cut(ret_why, STATE_WHY_SIZE, "%s: cannot be read: %s", path, err_name(err));
        return err;
    }
    struct seed_source source = {.text = text, .name = path, .opening = state_opening};
    err = seed_apply(store, &source, &changed, ret_why);
    free(text);
    if (err == OK && changed) {
        log_info("took in %s", path);
    }
    return err;
}
