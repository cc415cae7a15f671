/* SPDX-License-Identifier: Apache-2.0 */
#include "printer/printd/settings.h"

#include "common/config/config.h"
#include "common/must.h"
#include "common/str.h"
#include "printer/layout/paper.h"

enum { TRANSPORT_TCP, TRANSPORT_DEVICE, TRANSPORT_COUNT };

static const char *const TRANSPORTS[TRANSPORT_COUNT] = {"tcp", "device"};
static const char *const FLOWS[LINK_FLOW_COUNT] = {"none", "rts", "xon"};
static const char *const CHARSETS[ENCODE_CHARSET_COUNT] = {"gb2312", "gbk", "gb18030"};
static const char *const PROOFS[ENGINE_PROOF_COUNT] = {"mark", "fence", "none"};

static void read_uids(struct config *cfg, struct settings *settings)
{
    settings->uid_count = config_count(cfg, "allow_uids", SETTINGS_UIDS_MAX);
    for (size_t i = 0; i < settings->uid_count && i < SETTINGS_UIDS_MAX; i++) {
        char path[32];
        bool fits = str_format(path, sizeof(path), "allow_uids.[%zu]", i);
        MUST(fits);
        settings->uids[i] =
            (uint32_t)config_int(cfg, path, (struct config_int){.min = 0, .max = INT32_MAX});
    }
}

static void read_link(struct config *cfg, struct link_config *link)
{
    link->is_tcp = config_choice(cfg, "printer.transport", TRANSPORTS, TRANSPORT_COUNT,
                                 /* fallback= */ -1) == TRANSPORT_TCP;
    if (link->is_tcp) {
        config_text(cfg, "printer.address", NULL, link->address, sizeof(link->address));
        link->port = (uint16_t)config_int(
            cfg, "printer.port",
            (struct config_int){.min = 1, .max = 65535, .optional = true, .fallback = 9100});
        if (link->address[0] != '\0' && !link_address_is_valid(link->address)) {
            config_fail(cfg, "printer.address", "must be an address in numbers, not a name");
        }
        return;
    }
    config_text(cfg, "printer.device", NULL, link->device, sizeof(link->device));
    link->baud = (uint32_t)config_int(
        cfg, "printer.baud",
        (struct config_int){.min = 9600, .max = 115200, .optional = true, .fallback = 115200});
    if (!link_baud_is_valid(link->baud)) {
        config_fail(cfg, "printer.baud", "must be 9600, 19200, 38400, 57600 or 115200");
    }
    int flow = config_choice(cfg, "printer.flow", FLOWS, LINK_FLOW_COUNT, LINK_FLOW_NONE);
    link->flow = (enum link_flow)flow;
}

static void read_profile(struct config *cfg, struct settings *settings)
{
    int64_t columns = config_int(cfg, "printer.columns",
                                 (struct config_int){.min = PAPER_COLUMNS_58MM,
                                                     .max = PAPER_COLUMNS_80MM,
                                                     .optional = true,
                                                     .fallback = PAPER_COLUMNS_80MM});
    if (columns != PAPER_COLUMNS_58MM && columns != PAPER_COLUMNS_80MM) {
        config_fail(cfg, "printer.columns", "must be 32 (58 mm) or 48 (80 mm)");
    }
    settings->paper.columns = (uint8_t)columns;
    int charset =
        config_choice(cfg, "printer.charset", CHARSETS, ENCODE_CHARSET_COUNT, ENCODE_GB18030);
    int proof = config_choice(cfg, "printer.proof", PROOFS, ENGINE_PROOF_COUNT, ENGINE_PROOF_MARK);
    settings->paper.charset = (enum encode_charset)charset;
    settings->engine.proof = (enum engine_proof)proof;
    settings->engine.job_timeout_ms =
        config_int(cfg, "printer.job_timeout_ms",
                   (struct config_int){.min = ENGINE_JOB_TIMEOUT_MS_MIN,
                                       .max = ENGINE_JOB_TIMEOUT_MS_MAX,
                                       .optional = true,
                                       .fallback = PRINTJOB_VERDICT_MS});
    settings->cut_feed_dots = (uint8_t)config_int(
        cfg, "printer.cut_feed_dots",
        (struct config_int){.min = 0, .max = 255, .optional = true, .fallback = 24});
}

bool settings_load(const char *path, struct settings *ret_settings, char *ret_message,
                   size_t message_size)
{
    struct config *cfg = config_open(path, ret_message, message_size);
    if (cfg == NULL) {
        return false;
    }
    struct settings settings = {0};
    config_text(cfg, "socket", NULL, settings.socket, sizeof(settings.socket));
    config_text(cfg, "state_dir", NULL, settings.state_dir, sizeof(settings.state_dir));
    read_uids(cfg, &settings);
    read_link(cfg, &settings.link);
    read_profile(cfg, &settings);
    if (!config_finish(cfg, ret_message, message_size)) {
        return false;
    }
    *ret_settings = settings;
    return true;
}
