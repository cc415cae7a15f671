/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who needs whom decides the order of making, starting and stopping. Stopping goes from the
 * outside in: first nobody new gets in and everybody who waits is answered, then the timers end,
 * then the questions to providers and meters, so that the work that waits for them ends too, and
 * last the database, so that whatever was still under way could be stored.
 */

#include "cloud/app.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <sys/stat.h>

#include "cloud/admin/admin.h"
#include "cloud/api/terminal_api.h"
#include "cloud/cards/cards.h"
#include "cloud/catalog/seed.h"
#include "cloud/http/server.h"
#include "cloud/identity/devices.h"
#include "cloud/identity/expiry.h"
#include "cloud/identity/pki.h"
#include "cloud/jobs/jobs.h"
#include "cloud/meters/gateway.h"
#include "cloud/meters/history.h"
#include "cloud/meters/live.h"
#include "cloud/meters/retention.h"
#include "cloud/orders/books.h"
#include "cloud/orders/orders.h"
#include "cloud/payments/pay.h"
#include "cloud/review/review.h"
#include "cloud/state.h"
#include "cloud/store/store.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/disk/disk.h"
#include "drivers/rng/rng_system.h"

struct app {
    const struct settings *settings;
    const char *version;
    struct clock_port clock;
    struct rng_port rng;
    struct store *store;
    struct pki *pki;
    struct devices *devices;
    struct jobs *jobs;
    struct http_server *http;
    struct pay *pay;
    struct gateway *gateway;
    struct orders *orders;
    struct review *review;
    struct vault *vault;
    struct cards *cards;
    struct account_port accounts;
    struct live *live;
    struct history *history;
    struct retention *retention;
    struct expiry *expiry;
    struct terminal_api *terminal_api;
    struct admin *admin;
    char *public_certificate_pem;
    char *public_key_pem;
    char why[APP_WHY_SIZE];
};

/* Say why a part could not be made, unless the part itself has said it. */
static bool fail(struct app *app, enum err err, const char *part)
{
    if (app->why[0] == '\0') {
        str_format_cut(app->why, sizeof(app->why), "%s: %s", part, err_name(err));
    }
    return false;
}

static void on_store_failed(void *self, enum err err)
{
    struct app *app = self;
    (void)err;
    if (app->http != NULL) {
        http_server_set_out_of_service(app->http);
    }
}

static bool open_state(struct app *app)
{
    enum err err =
        state_open_store(app->settings, &app->clock, on_store_failed, app, &app->store, app->why);
    if (err == OK) {
        err = state_open_pki(app->settings, &app->clock, &app->pki, app->why);
    }
    if (err == OK && app->settings->seed_file[0] != '\0') {
        err = state_seed_file(app->store, app->settings->seed_file, app->why);
    }
    if (err == OK) {
        err = devices_create(app->store, &app->clock, &app->devices);
    }
    if (err == OK) {
        err = devices_load(app->devices);
    }
    if (err == OK) {
        err = devices_write_crl(app->store, app->pki, app->why);
        err = err == ERR_DENIED ? OK : err; /* whoever has the CA's key keeps the list */
    }
    return err == OK || fail(app, err, "state");
}

/* The public listener's own certificate, where it has one. */
static enum err load_public_pair(struct app *app)
{
    const struct settings *settings = app->settings;
    size_t size = 0;
    if (settings->public_certificate[0] == '\0') {
        return OK;
    }
    const char *path = settings->public_certificate;
    enum err err = disk_read_file(path, 1 << 16, &app->public_certificate_pem, &size);
    if (err == OK) {
        path = settings->public_key;
        err = disk_read_file(path, 1 << 16, &app->public_key_pem, &size);
    }
    if (err != OK) {
        str_format_cut(app->why, sizeof(app->why), "%s: cannot be read", path);
    }
    return err;
}

static bool make_http(struct app *app)
{
    const struct settings *settings = app->settings;
    enum err err = load_public_pair(app);
    struct http_tls own = {.certificate_pem = pki_server_certificate_pem(app->pki),
                           .key_pem = pki_server_key_pem(app->pki)};
    struct http_server_config config = {.terminals = settings->terminals,
                                        .console = settings->console,
                                        .public = settings->public,
                                        .thread_count = settings->thread_count,
                                        .peers = devices_peers(app->devices)};
    MUST(str_copy(config.admin_path, sizeof(config.admin_path), settings->admin_socket));
    config.terminals.tls = own;
    config.terminals.tls.client_ca_pem = pki_ca_pem(app->pki);
    config.console.tls = own;
    if (settings->public_tls) {
        config.public.tls = own;
    }
    if (settings->public_tls && app->public_certificate_pem != NULL) {
        config.public.tls.certificate_pem = app->public_certificate_pem;
        config.public.tls.key_pem = app->public_key_pem;
    }
    if (err == OK) {
        err = http_server_create(&config, &app->http);
    }
    return err == OK || fail(app, err, "http");
}

static bool make_gateway(struct app *app)
{
    const struct settings *settings = app->settings;
    struct gateway_config config = {.host = settings->mqtt_host,
                                    .port = settings->mqtt_port,
                                    .client_id = settings->mqtt_client_id,
                                    .store = app->store,
                                    .clock = &app->clock,
                                    .rng = &app->rng,
                                    .accounts = &app->accounts};
    if (settings->mqtt_tls) {
        config.ca_path = pki_ca_path(app->pki);
        config.certificate_path = pki_server_certificate_path(app->pki);
        config.key_path = pki_server_key_path(app->pki);
    }
    enum err err = gateway_create(&config, &app->gateway);
    return err == OK || fail(app, err, "gateway");
}

static bool make_money(struct app *app)
{
    enum err err = pay_create(&app->settings->pay, &app->clock, &app->rng, app->why,
                              sizeof(app->why), &app->pay);
    if (err == OK) {
        err = jobs_create(app->store, &app->jobs);
    }
    struct orders_setup setup = {.options = app->settings->orders,
                                 .store = app->store,
                                 .jobs = app->jobs,
                                 .gateway = app->gateway,
                                 .pay = app->pay,
                                 .http = app->http,
                                 .clock = &app->clock,
                                 .rng = &app->rng,
                                 .test_keys_allowed = app->settings->mode != RUN_PRODUCTION};
    if (err == OK) {
        err = orders_create(&setup, &app->orders);
    }
    if (err == OK) {
        app->accounts = orders_account_port(app->orders);
        err = review_create(app->orders, &setup, &app->review);
    }
    return err == OK || fail(app, err, "orders");
}

/* Without the group there are no keys: a laid card is foreign then. */
static bool make_cards(struct app *app)
{
    enum err err = OK;
    char why[VAULT_WHY_SIZE] = "";
    if (app->settings->cards.enabled) {
        err = vault_open(&app->settings->cards, &app->vault, why);
        str_format_cut(app->why, sizeof(app->why), "%s", why);
    }
    const struct cards_setup setup = {.orders = app->orders,
                                      .store = app->store,
                                      .jobs = app->jobs,
                                      .http = app->http,
                                      .clock = &app->clock,
                                      .rng = &app->rng,
                                      .vault = app->vault};
    if (err == OK) {
        err = cards_create(&setup, &app->cards);
    }
    return err == OK || fail(app, err, "cards");
}

static bool payments_open(void *self, char ret_reason[API_WORD_SIZE])
{
    const struct app *app = self;
    return orders_payments_open(app->orders, ret_reason);
}

static bool make_calls(struct app *app)
{
    struct live_config live = {.store = app->store,
                               .gateway = app->gateway,
                               .server = app->http,
                               .clock = &app->clock,
                               .rng = &app->rng,
                               .accounts = &app->accounts};
    struct terminal_api_config api = {.store = app->store,
                                      .server = app->http,
                                      .accounts = &app->accounts,
                                      .payments_open = payments_open,
                                      .self = app};
    struct admin_config admin = {.store = app->store,
                                 .server = app->http,
                                 .devices = app->devices,
                                 .pki = app->pki,
                                 .gateway = app->gateway,
                                 .opening = state_opening,
                                 .version = app->version};
    if (pay_has(app->pay, PAY_ALIPAY)) {
        api.wallets[api.wallet_count++] = API_CHANNEL_ALIPAY;
    }
    if (pay_has(app->pay, PAY_WECHAT)) {
        api.wallets[api.wallet_count++] = API_CHANNEL_WECHAT;
    }
    struct history_config history = {.store = app->store,
                                     .jobs = app->jobs,
                                     .gateway = app->gateway,
                                     .clock = &app->clock,
                                     .rng = &app->rng};
    enum err err = live_create(&live, &app->live);
    if (err == OK) {
        err = history_create(&history, &app->history);
    }
    struct retention_config retention = {
        .store = app->store, .jobs = app->jobs, .keep_days = app->settings->keep_days};
    struct expiry_config expiry = {.store = app->store, .jobs = app->jobs, .pki = app->pki};
    if (err == OK) {
        err = retention_create(&retention, &app->retention);
    }
    if (err == OK) {
        err = expiry_create(&expiry, &app->expiry);
    }
    if (err == OK) {
        live_add_routes(app->live);
        err = terminal_api_create(&api, &app->terminal_api);
    }
    if (err == OK) {
        err = admin_create(&admin, &app->admin);
    }
    return err == OK || fail(app, err, "calls");
}

static bool start(struct app *app)
{
    enum err err = orders_start(app->orders);
    if (err == OK) {
        err = books_start(app->orders);
    }
    if (err == OK) {
        err = history_start(app->history);
    }
    if (err == OK) {
        err = retention_start(app->retention);
    }
    if (err == OK) {
        err = expiry_start(app->expiry);
    }
    if (err == OK) {
        err = http_server_start(app->http, app->why);
    }
    if (err == OK) {
        err = gateway_start(app->gateway);
    }
    if (err == OK) {
        err = jobs_start(app->jobs);
    }
    return err == OK || fail(app, err, "start");
}

static void stop(struct app *app)
{
    if (app->http != NULL) {
        http_server_stop(app->http);
    }
    if (app->jobs != NULL) {
        jobs_stop(app->jobs);
    }
    if (app->pay != NULL) {
        pay_stop(app->pay);
    }
    if (app->gateway != NULL) {
        gateway_stop(app->gateway);
    }
    if (app->orders != NULL) {
        orders_stop(app->orders);
    }
    store_close(app->store);
    admin_destroy(app->admin);
    terminal_api_destroy(app->terminal_api);
    live_destroy(app->live);
    history_destroy(app->history);
    retention_destroy(app->retention);
    expiry_destroy(app->expiry);
    cards_destroy(app->cards);
    vault_close(app->vault);
    review_destroy(app->review);
    orders_destroy(app->orders);
    jobs_destroy(app->jobs);
    gateway_destroy(app->gateway);
    pay_destroy(app->pay);
    http_server_destroy(app->http);
    devices_destroy(app->devices);
    pki_close(app->pki);
    free(app->public_certificate_pem);
    free(app->public_key_pem);
}

/* One line for whoever started us, with the ports that were really taken. */
static void say_ready(const struct app *app)
{
    (void)printf("ready terminals=%u console=%u public=%u admin=%s\n",
                 (unsigned)http_server_port(app->http, HTTP_FOR_TERMINAL),
                 (unsigned)http_server_port(app->http, HTTP_FOR_CONSOLE),
                 (unsigned)http_server_port(app->http, HTTP_FOR_PUBLIC),
                 app->settings->admin_socket);
    (void)fflush(stdout);
}

enum app_exit app_run(const struct settings *settings, const char *version)
{
    static const char *const modes[] = {"production", "demo", "test"};
    sigset_t ending;
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGTERM);
    (void)sigaddset(&ending, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ending, NULL);
    (void)signal(SIGPIPE, SIG_IGN);

    struct app *app = calloc(1, sizeof(*app));
    MUST(app != NULL);
    app->settings = settings;
    app->version = version;
    app->clock = clock_system();
    app->rng = rng_system();
    bool running = open_state(app) && make_http(app) && make_gateway(app) && make_money(app) &&
                   make_cards(app) && make_calls(app) && start(app);
    if (running) {
        log_info("version %s, mode %s", version, modes[settings->mode]);
        say_ready(app);
        int signal_number = 0;
        (void)sigwait(&ending, &signal_number);
        log_info("stopping");
    } else {
        log_error("%s", app->why);
    }
    stop(app);
    free(app);
    return running ? APP_EXIT_OK : APP_EXIT_FAILED;
}
