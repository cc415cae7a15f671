/* SPDX-License-Identifier: Apache-2.0 */

/*
 * shilling-kiosk: the terminal's full-screen program. It holds no payment keys, no card keys and
 * no truth, and can be killed at any instant: what it shows is the server's, and its own journal
 * finds the open order again.
 */
#include <stdio.h>
#include <string.h>

#include "common/config/config.h"
#include "common/log.h"
#include "common/str.h"
#include "drivers/secrets/secrets.h"
#include "kiosk/flow/window.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char USAGE[] =
    "usage: shilling-kiosk --config FILE\n"
    "\n"
    "The full-screen program of a self-service terminal. The configuration (libconfig):\n"
    "  server = { url = \"https://host:port\"; ca = \"ca.pem\"; cert = \"kiosk.pem\"; key = "
    "\"kiosk.key\"; };\n"
    "  state_dir = \"/var/lib/shilling/kiosk\";     the journal lives here\n"
    "  printd_socket = \"/run/shilling/printd\";    absent: no printer here\n"
    "  cardd_socket = \"/run/shilling/cardd\";      absent: no card reader here\n"
    "  cardd_uid = 997;                            its user, if not root and not this one's\n"
    "  panel = { width_mm = 268; view_distance_mm = 600; };\n";

struct settings {
    struct flow_config flow;
    struct window_config window;
    char locale_dir[FLOW_PATH_SIZE];
};

static int optional_int(struct config *cfg, const char *path, int64_t max)
{
    struct config_int range = {.min = 0, .max = max, .optional = true, .fallback = 0};
    return (int)config_int(cfg, path, range);
}

static bool settings_read(const char *path, struct settings *settings)
{
    char message[CONFIG_MESSAGE_SIZE];
    struct config *cfg = config_open(path, message, sizeof(message));
    if (cfg == NULL) {
        log_error("%s", message);
        return false;
    }
    struct server_config *server = &settings->flow.server;
    config_text(cfg, "server.url", NULL, server->url, sizeof(server->url));
    config_text(cfg, "server.ca", NULL, server->ca_file, sizeof(server->ca_file));
    config_text(cfg, "server.cert", NULL, server->cert_file, sizeof(server->cert_file));
    config_text(cfg, "server.key", NULL, server->key_file, sizeof(server->key_file));
    if (!str_starts_with(server->url, "https://")) {
        config_fail(cfg, "server.url", "must begin with https://");
    }
    config_text(cfg, "state_dir", NULL, settings->flow.state_dir, sizeof(settings->flow.state_dir));
    config_text(cfg, "printd_socket", "", settings->flow.printd_socket,
                sizeof(settings->flow.printd_socket));
    config_text(cfg, "cardd_socket", "", settings->flow.cardd_socket,
                sizeof(settings->flow.cardd_socket));
    settings->flow.cardd_uid = (uint32_t)optional_int(cfg, "cardd_uid", INT32_MAX);
    config_text(cfg, "locale_dir", "/usr/share/locale", settings->locale_dir,
                sizeof(settings->locale_dir));
    settings->window.locale_dir = settings->locale_dir;
    settings->window.width_px = optional_int(cfg, "panel.width_px", 4096);
    settings->window.height_px = optional_int(cfg, "panel.height_px", 4096);
    settings->window.width_mm = optional_int(cfg, "panel.width_mm", 3000);
    settings->window.view_distance_mm = optional_int(cfg, "panel.view_distance_mm", 2000);
    bool ok = config_finish(cfg, message, sizeof(message));
    if (!ok) {
        log_error("%s", message);
    }
    return ok;
}

int main(int argc, char **argv)
{
    log_init("shilling-kiosk", LOG_LEVEL_INFO);
    if (argc != 3 || strcmp(argv[1], "--config") != 0) {
        (void)fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    if (!secrets_guard()) { /* keys of the cards that are laid pass through here */
        log_error("core files cannot be switched off");
        return EXIT_FAILED;
    }
    static struct settings settings;
    if (!settings_read(argv[2], &settings)) {
        return EXIT_USAGE;
    }
    return window_run(&settings.window, &settings.flow);
}
