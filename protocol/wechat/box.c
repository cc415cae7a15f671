/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/wechat/box.h"

#include "common/crypto/base64.h"
#include "common/crypto/gcm.h"
#include "common/must.h"
#include "common/str.h"

/* A text member as bytes; false if it is there and no text. Absent is as empty. */
static bool bytes_of(const json_t *box, const char *name, const uint8_t **ret_bytes,
                     size_t *ret_size)
{
    const json_t *value = json_object_get(box, name);
    if (value == NULL || json_is_null(value)) {
        *ret_bytes = NULL;
        *ret_size = 0;
        return true;
    }
    *ret_bytes = (const uint8_t *)json_string_value(value);
    *ret_size = json_string_length(value);
    return *ret_bytes != NULL;
}

bool wechat_box_open(const json_t *box, const struct wechat_apiv3 *apiv3,
                     struct wechat_box_work *work, const char **ret_plain, size_t *ret_size)
{
    MUST(apiv3->count <= WECHAT_APIV3_KEYS_MAX);
    const char *algorithm = json_string_value(json_object_get(box, "algorithm"));
    struct gcm_box gcm = {.sealed = work->sealed};
    const uint8_t *ciphertext = NULL;
    size_t ciphertext_size = 0;
    if (algorithm == NULL || !str_equal(algorithm, "AEAD_AES_256_GCM") ||
        !bytes_of(box, "nonce", &gcm.nonce, &gcm.nonce_size) ||
        !bytes_of(box, "associated_data", &gcm.aad, &gcm.aad_size) ||
        !bytes_of(box, "ciphertext", &ciphertext, &ciphertext_size) || ciphertext_size == 0 ||
        !base64_decode((const char *)ciphertext, ciphertext_size, work->sealed,
                       sizeof(work->sealed), &gcm.sealed_size)) {
        return false;
    }
    for (size_t i = 0; i < apiv3->count; i++) {
        gcm.key = apiv3->keys[i];
        if (gcm_open(&gcm, work->plain, sizeof(work->plain), ret_size)) {
            *ret_plain = (const char *)work->plain;
            return true;
        }
    }
    return false;
}
