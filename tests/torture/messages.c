/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Texts in and out without memory: JSON of terminals, collectors, printd, receipts and wallets, a
 * signature, a configuration. Each is whole or is not there; none is shorter, none is read wrongly.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/settings.h"
#include "common/json/json.h"
#include "common/str.h"
#include "protocol/alipay/request.h"
#include "protocol/api/order.h"
#include "protocol/api/room.h"
#include "protocol/api/terminal.h"
#include "protocol/bus/command.h"
#include "protocol/bus/config.h"
#include "protocol/bus/reply.h"
#include "protocol/bus/report.h"
#include "protocol/printjob/printjob.h"
#include "protocol/receipt/receipt.h"
#include "protocol/wechat/notify.h"
#include "protocol/wechat/request.h"
#include "tests/torture/torture.h"
#include "tests/unit/common_crypto/vector_keys.h"
#include "tools/frame/frame_json.h"

enum { TEXT_SIZE = 16384, CASES_MAX = 16 };

#define ID_A "018f3a1c-0000-7000-8000-00000000000a"

static char whole[CASES_MAX][TEXT_SIZE]; /* as they are with enough memory */
static char text[TEXT_SIZE];
static struct rsa_key *key;

/* ---- each says its text, or false ---- */

static bool view(void)
{
    static struct api_order_view order;
    size_t size = 0;
    order = (struct api_order_view){.order_no = "S00001ABCD",
                                    .client_request_id = ID_A,
                                    .state = API_ORDER_DONE,
                                    .amount_fen = 5000,
                                    .place = "3-501"};
    return api_order_view_encode(&order, text, sizeof(text), &size) == OK;
}

static bool view_read(void)
{
    static struct api_order_view order;
    struct api_fault fault;
    size_t size = 0;
    return api_order_view_decode(whole[0], strlen(whole[0]), &order, &fault) == OK &&
           api_order_view_encode(&order, text, sizeof(text), &size) == OK;
}

static bool profile(void)
{
    static struct api_profile one;
    size_t size = 0;
    one = (struct api_profile){.terminal_id = "t1",
                               .site_id = "s1",
                               .languages = {"zh-CN", "en"},
                               .language_count = 2,
                               .amounts_fen = {2000, 5000},
                               .amount_count = 2,
                               .wallets = {API_CHANNEL_WECHAT},
                               .wallet_count = 1};
    return api_profile_encode(&one, text, sizeof(text), &size) == OK;
}

static bool command(void)
{
    static struct bus_command credit;
    size_t size = 0;
    credit = (struct bus_command){
        .id = ID_A, .op = BUS_OP_CREDIT, .epoch = 7, .meter = "000000000001", .deadline_ms = 1};
    credit.u.credit = (struct bus_credit){.before = {"00900200"},
                                          .before_count = 1,
                                          .frame = {.bytes = {0x68, 0x16}, .size = 2},
                                          .after = {"00900200"},
                                          .after_count = 1,
                                          .reply_timeout_ms = 5000,
                                          .send = 1};
    return bus_command_encode(&credit, text, sizeof(text), &size) == OK;
}

static bool command_read(void)
{
    static struct bus_command credit;
    struct bus_fault fault;
    size_t size = 0;
    return bus_command_decode(whole[3], strlen(whole[3]), &credit, &fault) == OK &&
           bus_command_encode(&credit, text, sizeof(text), &size) == OK;
}

static bool reply(void)
{
    static struct bus_reply one;
    size_t size = 0;
    one = (struct bus_reply){.id = ID_A,
                             .epoch = 7,
                             .outcome = OUTCOME_DONE,
                             .is_credit = true,
                             .sent = true,
                             .values = {{.item = "00900200", .v = "10.00"}},
                             .value_count = 1};
    return bus_reply_encode(&one, text, sizeof(text), &size) == OK;
}

static bool reply_read(void)
{
    static struct bus_reply one;
    struct bus_fault fault;
    size_t size = 0;
    return bus_reply_decode(whole[5], strlen(whole[5]), &one, &fault) == OK &&
           bus_reply_encode(&one, text, sizeof(text), &size) == OK;
}

static bool paper(void)
{
    const struct receipt receipt = {.kind = RECEIPT_CREDITED,
                                    .order_no = "SH0001",
                                    .time = 1795170000,
                                    .amount = money_fen(5000),
                                    .place = "3-501"};
    json_t *json = receipt_encode(&receipt);
    bool printed = json_print(json, text, sizeof(text));
    json_decref(json);
    return printed;
}

static bool paper_read(void)
{
    struct receipt receipt;
    const char *field = NULL;
    json_t *json = json_parse_object(whole[7], strlen(whole[7]), TEXT_SIZE);
    bool read = json != NULL && receipt_decode(json, &receipt, &field);
    json_decref(json);
    if (!read) {
        return false;
    }
    json = receipt_encode(&receipt);
    read = json_print(json, text, sizeof(text));
    json_decref(json);
    return read;
}

static bool job(void)
{
    struct printjob_answer answer = {.state = PRINTJOB_PRINTED, .job_id = ID_A};
    return printjob_answer_encode(&answer, text, sizeof(text));
}

static bool alipay(void)
{
    const struct alipay_precreate order = {
        .order_no = "SH0001", .amount_fen = 5000, .subject = "power", .expire_minutes = 5};
    return alipay_biz_precreate(&order, text, sizeof(text));
}

static bool wechat(void)
{
    const struct wechat_native order = {.appid = "A",
                                        .mchid = "M",
                                        .description = "power",
                                        .order_no = "SH0001",
                                        .expire_wall_s = 1795147200,
                                        .notify_url = "https://n",
                                        .amount_fen = 5000};
    return wechat_body_native(&order, text, sizeof(text));
}

/* Frames themselves need no memory; their JSON does. */
static bool frame(void)
{
    static const uint8_t bytes[] = {0x68, 0x42, 0x00, 0x15, 0x03, 0x24, 0x20,
                                    0x68, 0xC3, 0x02, 0x53, 0x33, 0xB9, 0x16};
    json_t *json = frame_json_decode(bytes, sizeof(bytes));
    bool printed = json != NULL && json_print(json, text, sizeof(text));
    json_decref(json);
    return printed;
}

static bool signature(void)
{
    const struct rsa_part part = {"message", 7};
    return rsa_sign_base64(key, &part, 1, text);
}

static bool settings(void)
{
    static struct settings read;
    char message[256] = "";
    return settings_parse("id = \"col-1\";\nstate = \"/var/lib/c\";\n"
                          "mqtt = { host = \"h\"; ca = \"a\"; cert = \"c\"; key = \"k\"; };\n"
                          "buses = ( { name = \"b1\"; device = \"/dev/ttyS0\"; } );\n",
                          "c.cfg", &read, message, sizeof(message)) &&
           str_format(text, sizeof(text), "%s %s %s %s %zu %s %u", read.id, read.state_dir,
                      read.mqtt.host, read.mqtt.key, read.bus_count, read.buses[0].device,
                      (unsigned)read.buses[0].baud);
}

static const struct {
    const char *name;
    bool (*say)(void);
    size_t like; /* whose text it must be */
} cases[] = {
    {"order view", view, 0},          {"order view read", view_read, 0},
    {"profile", profile, 2},          {"credit", command, 3},
    {"credit read", command_read, 3}, {"reply", reply, 5},
    {"reply read", reply_read, 5},    {"receipt", paper, 7},
    {"receipt read", paper_read, 7},  {"print job", job, 9},
    {"alipay order", alipay, 10},     {"wechat order", wechat, 11},
    {"signature", signature, 12},     {"frame", frame, 13},
};
_Static_assert(ARRAY_COUNT(cases) <= CASES_MAX, "no room for a text");

static bool prepare(const char *dir)
{
    (void)dir;
    key = vector_key("wx_merchant.pkcs8.pem", true);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (!cases[i].say()) {
            return false;
        }
        memcpy(whole[i], text, sizeof(text));
    }
    return true;
}

static void run(struct torture_notes *notes, const char *dir)
{
    (void)dir;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        text[0] = '\0';
        bool said = torture_step(notes, i, cases[i].say());
        (void)torture_expect(notes, !said || str_equal(text, whole[cases[i].like]), cases[i].name);
    }
}

/* ---- a configuration ---- */

static char settings_whole[TEXT_SIZE];

static bool settings_prepare(const char *dir)
{
    (void)dir;
    bool said = settings();
    memcpy(settings_whole, text, sizeof(text));
    return said;
}

static void settings_run(struct torture_notes *notes, const char *dir)
{
    (void)dir;
    text[0] = '\0';
    bool said = torture_step(notes, 0, settings());
    (void)torture_expect(notes, !said || str_equal(text, settings_whole), "it is read wrongly");
}

static const struct torture_flow flow = {.name = "messages", .prepare = prepare, .run = run};
static const struct torture_flow flow_settings = {
    .name = "settings",
    .known = "libconfig 1.5 ends or crashes without memory: at the start, when nothing is promised",
    .prepare = settings_prepare,
    .run = settings_run};

const struct torture_flow *const torture_flows[] = {&flow, &flow_settings, NULL};
