/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/alipay/cert_sn.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/str.h"

static bool sn_at(const struct cert_list *list, size_t index, char ret_sn[CERT_SN_SIZE])
{
    char text[CERT_NAME_SIZE + CERT_SERIAL_SIZE];
    char serial[CERT_SERIAL_SIZE];
    char hex[DIGEST_HEX_SIZE];
    if (!cert_issuer(list, index, text) || !cert_serial_decimal(list, index, serial)) {
        return false;
    }
    size_t name_size = strlen(text);
    return str_copy(text + name_size, sizeof(text) - name_size, serial) &&
           digest_hex(DIGEST_MD5, text, strlen(text), hex) && str_copy(ret_sn, CERT_SN_SIZE, hex);
}

bool alipay_cert_sn(const struct cert_list *list, char ret_sn[CERT_SN_SIZE])
{
    return sn_at(list, 0, ret_sn);
}

bool alipay_root_cert_sn(const struct cert_list *list, char ret_sn[ALIPAY_ROOT_SN_SIZE])
{
    struct strbuf all;
    strbuf_init(&all, ret_sn, ALIPAY_ROOT_SN_SIZE);
    for (size_t i = 0; i < cert_list_count(list); i++) {
        char sn[CERT_SN_SIZE];
        if (!cert_is_rsa_signed(list, i)) {
            continue;
        }
        if (!sn_at(list, i, sn)) {
            return false;
        }
        strbuf_add(&all, all.len > 0 ? "_" : "");
        strbuf_add(&all, sn);
    }
    return !all.failed && all.len > 0;
}
