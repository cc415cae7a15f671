/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/wechat/certificates.h"

#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/wechat/verify.h"

enum { LIST_SIZE_MAX = 256 * 1024 };

const char *wechat_certificates_fault_name(enum wechat_certificates_fault fault)
{
    static const char *const names[WECHAT_CERTIFICATES_FAULT_COUNT] = {
        [WECHAT_CERTIFICATES_OK] = "ok",
        [WECHAT_CERTIFICATES_MALFORMED] = "malformed",
        [WECHAT_CERTIFICATES_AEAD] = "aead",
        [WECHAT_CERTIFICATES_SERIAL_MISMATCH] = "serial_mismatch",
    };
    MUST(names[fault] != NULL);
    return names[fault];
}

static const char *skip_zeros(const char *serial)
{
    while (*serial == '0') {
        serial += 1;
    }
    return serial;
}

/* The PEM text inside: its serial must be the announced one, as numbers. */
static enum wechat_certificates_fault read_pem(const char *pem, size_t size, int64_t now_s,
                                               struct wechat_certificate *certificate)
{
    struct cert_list *list = NULL;
    char serial[CERT_SERIAL_SIZE];
    if (cert_list_read(pem, size, &list) != OK) {
        return WECHAT_CERTIFICATES_MALFORMED;
    }
    enum wechat_certificates_fault fault = WECHAT_CERTIFICATES_MALFORMED;
    if (cert_serial_hex(list, 0, serial) && cert_period_read(list, 0, &certificate->period)) {
        bool same = wechat_serial_equal(skip_zeros(certificate->serial), skip_zeros(serial));
        certificate->expired = cert_is_expired(list, 0, now_s);
        fault = same ? WECHAT_CERTIFICATES_OK : WECHAT_CERTIFICATES_SERIAL_MISMATCH;
    }
    if (fault == WECHAT_CERTIFICATES_OK && cert_rsa_key(list, 0, &certificate->key) != OK) {
        fault = WECHAT_CERTIFICATES_MALFORMED;
    }
    cert_list_destroy(list);
    return fault;
}

static enum wechat_certificates_fault read_one(const json_t *item, const struct wechat_apiv3 *apiv3,
                                               int64_t now_s, struct wechat_box_work *work,
                                               struct wechat_certificate *certificate)
{
    const char *serial = json_string_value(json_object_get(item, "serial_no"));
    const json_t *box = json_object_get(item, "encrypt_certificate");
    const char *pem = NULL;
    size_t pem_size = 0;
    if (serial == NULL || !str_copy(certificate->serial, sizeof(certificate->serial), serial) ||
        !json_is_object(box)) {
        return WECHAT_CERTIFICATES_MALFORMED;
    }
    if (!wechat_box_open(box, apiv3, work, &pem, &pem_size)) {
        return WECHAT_CERTIFICATES_AEAD;
    }
    return read_pem(pem, pem_size, now_s, certificate);
}

static enum wechat_certificates_fault read_all(const json_t *data, const struct wechat_apiv3 *apiv3,
                                               int64_t now_s, struct wechat_box_work *work,
                                               struct wechat_certificate_list *list)
{
    size_t count = json_array_size(data); /* 0 for everything but arrays */
    if (count == 0 || count > WECHAT_CERTIFICATES_MAX) {
        return WECHAT_CERTIFICATES_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        enum wechat_certificates_fault fault =
            read_one(json_array_get(data, i), apiv3, now_s, work, &list->items[i]);
        if (fault != WECHAT_CERTIFICATES_OK) {
            return fault;
        }
        list->count += 1;
    }
    return WECHAT_CERTIFICATES_OK;
}

enum wechat_certificates_fault wechat_certificates_read(const char *body, size_t size,
                                                        const struct wechat_apiv3 *apiv3,
                                                        int64_t now_s, struct wechat_box_work *work,
                                                        struct wechat_certificate_list *ret_list)
{
    struct wechat_certificate_list list = {0};
    json_t *json = json_parse_object(body, size, LIST_SIZE_MAX);
    enum wechat_certificates_fault fault =
        read_all(json_object_get(json, "data"), apiv3, now_s, work, &list);
    json_decref(json);
    if (fault != WECHAT_CERTIFICATES_OK) {
        wechat_certificates_finish(&list);
        return fault;
    }
    *ret_list = list;
    return WECHAT_CERTIFICATES_OK;
}

void wechat_certificates_finish(struct wechat_certificate_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        rsa_key_destroy(list->items[i].key);
    }
    *list = (struct wechat_certificate_list){0};
}
