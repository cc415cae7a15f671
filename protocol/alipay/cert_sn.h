/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ALIPAY_CERT_SN_H
#define SHILLING_PROTOCOL_ALIPAY_CERT_SN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/crypto/cert.h"

/*
 * Certificate mode: Alipay numbers certificates by the hex MD5 of the issuer's name (RFC 2253
 * order, UTF-8 as it is) followed by the serial number in decimal.
 */
enum {
    ALIPAY_ROOT_SN_SIZE = CERT_LIST_COUNT_MAX * CERT_SN_SIZE, /* joined by '_' */
};

/** The number of the list's first certificate. */
MUST_CHECK bool alipay_cert_sn(const struct cert_list *list, char ret_sn[CERT_SN_SIZE]);

/**
 * The numbers of a root bundle: of every certificate that is signed with the RSA family (SHA-1
 * roots stay, EC ones go), joined by '_' in the order of the file. False if there is none.
 */
MUST_CHECK bool alipay_root_cert_sn(const struct cert_list *list, char ret_sn[ALIPAY_ROOT_SN_SIZE]);

#endif
