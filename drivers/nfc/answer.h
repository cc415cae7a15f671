/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_NFC_ANSWER_H
#define SHILLING_DRIVERS_NFC_ANSWER_H

/* How a command to the card, or to the reader, ended. What matters is what comes next. */
enum card_answer {
    CARD_ANSWER_OK,
    CARD_ANSWER_NONE,   /* no card, or not that one */
    CARD_ANSWER_RADIO,  /* the card did not answer, refused, or left: select it again */
    CARD_ANSWER_AUTH,   /* it refused the key: select it again */
    CARD_ANSWER_SILENT, /* the reader did not answer in time */
    CARD_ANSWER_LINE,   /* the line to the reader broke, or carried nonsense */
    CARD_ANSWER_COUNT
};

#endif
