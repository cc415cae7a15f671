/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/flow/report.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "core/session/names.h"
#include "drivers/disk/disk.h"
#include "kiosk/ui/inspect.h"

enum {
    TARGETS_MAX = 64, /* a grid of rooms with its bands has 32 */
    TEXT_SIZE = 16384,
    PATH_SIZE = 512,
};

static json_t *targets_json(const struct ui *ui)
{
    struct ui_target targets[TARGETS_MAX];
    size_t count = ui_targets(ui, targets, TARGETS_MAX);
    json_t *list = json_array();
    MUST(list != NULL);
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_object();
        MUST(one != NULL);
        json_put_text(one, "action", session_action_name((enum session_action)targets[i].action));
        json_put_int(one, "value", targets[i].value);
        json_put_int(one, "x", targets[i].rect.x);
        json_put_int(one, "y", targets[i].rect.y);
        json_put_int(one, "w", targets[i].rect.w);
        json_put_int(one, "h", targets[i].rect.h);
        int failed = json_array_append_new(list, one);
        MUST(failed == 0);
    }
    return list;
}

enum err report_write(const char *state_dir, const struct session *session, int64_t shown_wall_s,
                      const struct ui *ui)
{
    char path[PATH_SIZE];
    if (!str_format(path, sizeof(path), "%s/screen.json", state_dir)) {
        return ERR_RANGE;
    }
    json_t *root = json_object();
    MUST(root != NULL);
    json_put_text(root, "screen", session_screen_name(session->screen));
    json_put_text(root, "overlay", session_overlay_name(session->overlay));
    json_put_text(root, "order_no", session->order.order_no);
    json_put_text(
        root, "order_state",
        session->order.order_no[0] != '\0' ? session_order_state_name(session->order.state) : "");
    json_put_int(root, "reading", session->reading.state);
    json_put_int(root, "receipt", session->receipt);
    json_put_int(root, "problem", session->problem);
    json_put_flag(root, "online", session->online);
    json_put_text(root, "printer", session_printer_name(session->printer));
    json_put_text(root, "reader", session_reader_name(session->reader));
    json_put_text(root, "card_trouble", session_card_trouble_name(session->card.trouble));
    json_put_int(root, "shown_wall_s", shown_wall_s);
    json_put(root, "targets", targets_json(ui));
    char *text = malloc(TEXT_SIZE);
    bool fits = text != NULL && json_print(root, text, TEXT_SIZE);
    json_decref(root);
    enum err err = fits ? disk_write_file(path, text, strlen(text), 0600) : ERR_FULL;
    free(text);
    return err;
}

static void fill(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGUSR1);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
}

static void *listen_run(void *arg)
{
    struct report_signals signals = *(struct report_signals *)arg;
    free(arg);
    sigset_t set;
    fill(&set);
    for (;;) {
        int signal_no = 0;
        if (sigwait(&set, &signal_no) != 0) {
            continue;
        }
        if (signal_no == SIGUSR1) {
            signals.on_report(signals.self);
        } else {
            signals.on_end(signals.self);
        }
    }
    return NULL;
}

void report_listen(const struct report_signals *signals)
{
    sigset_t set;
    fill(&set);
    struct report_signals *own = malloc(sizeof(*own));
    MUST(own != NULL);
    *own = *signals;
    pthread_t thread;
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) {
        free(own);
        return; /* the kiosk works without its report, and a signal ends it all the same */
    }
    if (pthread_create(&thread, NULL, listen_run, own) != 0) {
        (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        free(own);
        return;
    }
    (void)pthread_detach(thread);
}
