/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_ORDERS_DOUBLE_KEY_H
#define SHILLING_TESTS_UNIT_CLOUD_ORDERS_DOUBLE_KEY_H

/* A key service on a UNIX socket that answers every question with the same codes. */

enum double_key_mood {
    KEY_GOOD,
    KEY_TEST,    /* says that it has the published test key */
    KEY_REFUSES, /* an error to every question but the fingerprint */
    KEY_NONSENSE,
    KEY_HANGS_UP,
    KEY_MOOD_COUNT
};

/** Listen at @p path, in a thread of its own, until the program ends. */
void double_key_start(const char *path);
void double_key_mood(enum double_key_mood mood);

#endif
