/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/auditbill.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <zlib.h>

#include "common/bytes.h"
#include "common/civil.h"
#include "common/money.h"
#include "common/must.h"
#include "common/str.h"
#include "common/text/text.h"

enum { WALLETS = 2, DAY_S = 86400, PATH_SIZE = 1024, LINE_SIZE = 1024 };

static const char ALIPAY_HEAD[] =
    "#支付宝业务明细查询\r\n#账号：[20889000000000170156]\r\n"
    "#-----------------------------------------业务明细列表----------------------------------------"
    "\r\n"
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,"
    "商家优惠（元）,"
    "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/"
    "请求号,服务费（元）,"
    "分润（元）,备注\r\n";
static const char WECHAT_HEAD[] =
    "\xEF\xBB\xBF交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,"
    "交易类型,"
    "交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
    "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,"
    "费率备注\r\n";
static const char WECHAT_TOTALS[] = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,"
                                    "手续费总金额,订单总金额,申请退款总金额\r\n";

struct sheet {
    char *text; /* @own */
    size_t size;
    size_t room;
    size_t payments;
    size_t refunds;
};

struct bills {
    char folder[512];
    int64_t begins_at;
    size_t days;
    struct sheet *sheets; /* wallet, then day */
};

static void append(struct sheet *sheet, const char *text)
{
    const size_t size = strlen(text);
    if (sheet->size + size + 1 > sheet->room) {
        sheet->room = (sheet->room + size + 4096) * 2;
        sheet->text = realloc(sheet->text, sheet->room);
        MUST(sheet->text != NULL);
    }
    memcpy(sheet->text + sheet->size, text, size + 1);
    sheet->size += size;
}

struct bills *bills_create(const char *folder, int64_t begins_at, size_t days)
{
    struct bills *bills = calloc(1, sizeof(*bills));
    MUST(bills != NULL);
    str_format_cut(bills->folder, sizeof(bills->folder), "%s/bills", folder);
    MUST(mkdir(bills->folder, 0755) == 0);
    bills->begins_at = begins_at;
    bills->days = days;
    bills->sheets = calloc(WALLETS * days, sizeof(*bills->sheets));
    MUST(bills->sheets != NULL);
    return bills;
}

void bills_add(struct bills *bills, size_t wallet, const struct bill_line *line)
{
    const size_t day = (size_t)((line->at - bills->begins_at) / DAY_S);
    MUST(wallet < WALLETS && day < bills->days);
    struct sheet *sheet = &bills->sheets[wallet * bills->days + day];
    const bool refund = line->refund_no[0] != '\0';
    char time[CIVIL_TEXT_SIZE];
    char yuan[MONEY_TEXT_SIZE];
    char text[LINE_SIZE];
    (void)civil_format_beijing(line->at, time);
    (void)money_format_yuan(money_fen(line->fen), yuan);
    if (wallet == 0) {
        str_format_cut(text, sizeof(text),
                       "%s\t,%s\t,%s,电费,%s,%s,\t,,\t,k1\t,模*(138******00)\t,%s%s,%s,0.00,0.00,"
                       "0.00,0.00,0.00,,0.00,0.00,%s,0.00,0.00,\r\n",
                       line->trade_no, line->order_no, refund ? "退款" : "交易", time, time,
                       refund ? "-" : "", yuan, yuan, line->refund_no);
    } else {
        str_format_cut(text, sizeof(text),
                       "`%s,`wx51a0000000000017,`1900009017,`0,`,`%s,`%s,`oSIM,`NATIVE,`%s,"
                       "`OTHERS,`CNY,`%s,`0.00,`0,`%s,`%s,`0.00,`,`%s,`电费,`,`0.00000,`0.00%%,"
                       "`%s,`%s,`\r\n",
                       time, line->trade_no, line->order_no, refund ? "REFUND" : "SUCCESS",
                       refund ? "0.00" : yuan, refund ? line->refund_no : "0",
                       refund ? yuan : "0.00", refund ? "SUCCESS" : "", refund ? "0.00" : yuan,
                       refund ? yuan : "0.00");
    }
    append(sheet, text);
    sheet->payments += refund ? 0 : 1;
    sheet->refunds += refund ? 1 : 0;
}

/* ---- packing ---- */

struct packed {
    uint8_t *bytes; /* @own */
    size_t size;
};

static struct packed deflated(const char *text, size_t size, int window)
{
    z_stream stream = {0};
    struct packed out = {0};
    MUST(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    const size_t room = deflateBound(&stream, size) + 64;
    uint8_t *in = malloc(size + 1);
    out.bytes = malloc(room);
    MUST(in != NULL && out.bytes != NULL);
    memcpy(in, text, size);
    stream.next_in = in;
    stream.avail_in = (uInt)size;
    stream.next_out = out.bytes;
    stream.avail_out = (uInt)room;
    MUST(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.size = stream.total_out;
    MUST(deflateEnd(&stream) == Z_OK);
    free(in);
    return out;
}

/* An archive of one file. */
static struct packed zipped(const char *name, const char *text, size_t size)
{
    struct packed data = deflated(text, size, -MAX_WBITS);
    const size_t name_size = strlen(name);
    const size_t local_size = 30 + name_size;
    struct packed out = {.size = local_size + data.size + 46 + name_size + 22};
    out.bytes = calloc(1, out.size);
    MUST(out.bytes != NULL);
    uint8_t *local = out.bytes;
    uint8_t *central = local + local_size + data.size;
    uint8_t *end = central + 46 + name_size;
    uint8_t *const heads[] = {local + 4, central + 6};
    put_le32(local, 0x04034B50);
    put_le32(central, 0x02014B50);
    for (size_t i = 0; i < 2; i++) { /* both headers share these fields, one after the other */
        put_le16(heads[i], 20);
        put_le16(heads[i] + 4, 8);
        put_le32(heads[i] + 10, (uint32_t)crc32(0, (const uint8_t *)text, (uInt)size));
        put_le32(heads[i] + 14, (uint32_t)data.size);
        put_le32(heads[i] + 18, (uint32_t)size);
        put_le16(heads[i] + 22, (uint16_t)name_size);
    }
    memcpy(local + 30, name, name_size);
    memcpy(local + local_size, data.bytes, data.size);
    memcpy(central + 46, name, name_size);
    put_le32(end, 0x06054B50);
    put_le16(end + 8, 1);
    put_le16(end + 10, 1);
    put_le32(end + 12, (uint32_t)(46 + name_size));
    put_le32(end + 16, (uint32_t)(local_size + data.size));
    free(data.bytes);
    return out;
}

static struct packed alipay_file(const struct sheet *sheet)
{
    struct sheet whole = {0};
    char counts[256];
    append(&whole, ALIPAY_HEAD);
    append(&whole, sheet->text != NULL ? sheet->text : "");
    str_format_cut(counts, sizeof(counts),
                   "#-----业务明细列表结束-----\r\n#交易合计：%zu笔，商家实收共0.00元\r\n"
                   "#退款合计：%zu笔，商家实收共0.00元\r\n",
                   sheet->payments, sheet->refunds);
    append(&whole, counts);
    char *gbk = malloc(2 * whole.size + 1);
    MUST(gbk != NULL);
    MUST(text_to_gb18030(whole.text, gbk, 2 * whole.size + 1) == OK);
    struct packed out = zipped("20889_details.csv", gbk, strlen(gbk));
    free(gbk);
    free(whole.text);
    return out;
}

static struct packed wechat_file(const struct sheet *sheet)
{
    struct sheet whole = {0};
    char counts[256];
    append(&whole, WECHAT_HEAD);
    append(&whole, sheet->text != NULL ? sheet->text : "");
    append(&whole, WECHAT_TOTALS);
    str_format_cut(counts, sizeof(counts), "`%zu,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00\r\n",
                   sheet->payments + sheet->refunds);
    append(&whole, counts);
    struct packed out = deflated(whole.text, whole.size, 16 + MAX_WBITS);
    free(whole.text);
    return out;
}

static void store(struct bills *bills, size_t wallet, size_t day, sqlite3_stmt *insert)
{
    static const char *const NAMES[WALLETS] = {"alipay", "wechat"};
    const struct sheet *sheet = &bills->sheets[wallet * bills->days + day];
    const struct packed file = wallet == 0 ? alipay_file(sheet) : wechat_file(sheet);
    const struct civil civil = civil_beijing(bills->begins_at + (int64_t)day * DAY_S);
    char date[16];
    char path[PATH_SIZE];
    str_format_cut(date, sizeof(date), "%04d-%02d-%02d", (int)civil.year, (int)civil.month,
                   (int)civil.day);
    str_format_cut(path, sizeof(path), "%s/%s-%s.%s", bills->folder, NAMES[wallet], date,
                   wallet == 0 ? "zip" : "gz");
    FILE *out = fopen(path, "wb");
    MUST(out != NULL);
    MUST(fwrite(file.bytes, 1, file.size, out) == file.size);
    MUST(fclose(out) == 0);
    (void)sqlite3_bind_text(insert, 1, NAMES[wallet], -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(insert, 2, date, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_blob(insert, 3, file.bytes, (int)file.size, SQLITE_TRANSIENT);
    MUST(sqlite3_step(insert) == SQLITE_DONE);
    (void)sqlite3_reset(insert);
    free(file.bytes);
}

void bills_finish(struct bills *bills, sqlite3 *db)
{
    sqlite3_stmt *insert = NULL;
    MUST(sqlite3_prepare_v2(db,
                            "INSERT INTO bill (channel, day, raw, fetched_at)"
                            " VALUES (?1, ?2, ?3, 0)",
                            -1, &insert, NULL) == SQLITE_OK);
    for (size_t wallet = 0; wallet < WALLETS; wallet++) {
        for (size_t day = 0; day < bills->days; day++) {
            store(bills, wallet, day, insert);
            free(bills->sheets[wallet * bills->days + day].text);
        }
    }
    (void)sqlite3_finalize(insert);
    free(bills->sheets);
    free(bills);
}
