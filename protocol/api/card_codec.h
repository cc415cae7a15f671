/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_API_CARD_CODEC_H
#define SHILLING_PROTOCOL_API_CARD_CODEC_H

#include "protocol/api/card.h"
#include "protocol/api/codec.h"

/* What the codecs of the card messages share; nobody outside includes it. */

/** One of the words of an enumeration; another word is refused. */
enum api_card_standing api_read_standing(struct json_reader *r);
enum api_card_media api_read_media(struct json_reader *r);
enum api_card_state api_read_card_state(struct json_reader *r);
enum api_card_loaded api_read_loaded(struct json_reader *r);
enum api_card_outcome api_read_outcome(struct json_reader *r);

/** Hex of 4, 7 or 10 bytes. */
void api_read_uid(struct json_reader *r, const char *name, char ret_uid[API_CARD_UID_SIZE]);
/** Hex that fills @p ret_text exactly. */
void api_read_hex(struct json_reader *r, const char *name, char *ret_text, size_t size);
/** Whole bytes of hex, at most @p size - 1 digits; absent or null gives "". */
void api_read_hex_or_empty(struct json_reader *r, const char *name, char *ret_text, size_t size);

/** Lists of keys, commands, answers, slots: put into @p object under @p name. */
void api_put_keys(json_t *object, const struct api_card_keys *keys);
void api_put_script(json_t *object, const struct api_card_script *script);
void api_put_answers(json_t *object, const struct api_card_apdu *answers, size_t count);
void api_put_slots(json_t *object, const char *name,
                   const char slots[API_CARD_SLOTS][API_CARD_RECORD_SIZE]);

/** The same, read; an absent list is empty. */
void api_read_keys(struct json_reader *r, struct api_card_keys *ret_keys);
void api_read_script(struct json_reader *r, struct api_card_script *ret_script);
size_t api_read_answers(struct json_reader *r, struct api_card_apdu *ret_answers);
void api_read_slots(struct json_reader *r, const char *name,
                    char ret_slots[API_CARD_SLOTS][API_CARD_RECORD_SIZE]);

/** What to write, as an object (@own); and read. */
json_t *api_write_json(const struct api_card_write *write);
void api_read_write(struct json_reader *r, struct api_card_write *ret_write);

/** An order view as an object (@own), and read: order.c's. */
json_t *api_order_view_json(const struct api_order_view *view);
void api_read_order_view(struct json_reader *r, struct api_order_view *ret_view);

#endif
