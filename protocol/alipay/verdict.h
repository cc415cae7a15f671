/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ALIPAY_VERDICT_H
#define SHILLING_PROTOCOL_ALIPAY_VERDICT_H

/* Whether something came from Alipay. Everything but VERIFIED is as good as no message at all. */
enum alipay_verdict {
    ALIPAY_VERIFIED,
    ALIPAY_MALFORMED,     /* not what the format says, a member or parameter twice, bytes behind */
    ALIPAY_NO_SIGN,       /* not signed: errors about an unknown application are like that */
    ALIPAY_SIGN_TYPE,     /* a notify that is not signed with RSA2: SHA-1 is a downgrade */
    ALIPAY_BAD_SIGNATURE, /* not by this key, or not over these bytes */
    ALIPAY_VERDICT_COUNT
};

/** "verified", "malformed", "no_sign", "sign_type", "bad_signature"; never NULL. */
const char *alipay_verdict_name(enum alipay_verdict verdict);

#endif
