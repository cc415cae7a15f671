/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_API_CARD_CODEC_H
#define SHILLING_PROTOCOL_API_CARD_CODEC_H

#include "protocol/api/card.h"
#include "protocol/api/codec.h"

/*
 * What the codecs of the card messages share; nobody outside includes it. The functions that read
 * take one member of an object; if it is missing or wrong they refuse it in the reader, and what
 * they return or store then counts for nothing: api_verdict() says so in the end. Those that put
 * end the program where memory ends. None blocks.
 */

/** Member "standing": one of its words. */
enum api_card_standing api_read_standing(struct json_reader *r);
/** Member "media". */
enum api_card_media api_read_media(struct json_reader *r);
/** Member "state" of a card view. */
enum api_card_state api_read_card_state(struct json_reader *r);
/** Member "loaded". */
enum api_card_loaded api_read_loaded(struct json_reader *r);
/** Member "outcome". */
enum api_card_outcome api_read_outcome(struct json_reader *r);
/** Member "progress" of a step. */
enum api_card_progress api_read_progress(struct json_reader *r);

/** Hex of 4, 7 or 10 bytes. */
void api_read_uid(struct json_reader *r, const char *name, char ret_uid[API_CARD_UID_SIZE]);
/** Hex that fills @p ret_text exactly. */
void api_read_hex(struct json_reader *r, const char *name, char *ret_text, size_t size);
/** Whole bytes of hex, at most @p size - 1 digits; absent or null gives "". */
void api_read_hex_or_empty(struct json_reader *r, const char *name, char *ret_text, size_t size);

/** Put "keys", a list of {sector, kind, key}. */
void api_put_keys(json_t *object, const struct api_card_keys *keys);
/** Put "apdus", a list of {apdu, expect}. */
void api_put_script(json_t *object, const struct api_card_script *script);
/** Put "round"; nothing for 0. */
void api_put_round(json_t *object, int64_t round);
/** Put "answers", a list of hex. */
void api_put_answers(json_t *object, const struct api_card_apdu *answers, size_t count);
/** Put both slots of a record under @p name; one that was not read is null. */
void api_put_slots(json_t *object, const char *name,
                   const char slots[API_CARD_SLOTS][API_CARD_RECORD_SIZE]);

/** Member "keys"; an absent list is empty, as in the next three. */
void api_read_keys(struct json_reader *r, struct api_card_keys *ret_keys);
/** Member "apdus". */
void api_read_script(struct json_reader *r, struct api_card_script *ret_script);
/** Member "answers"; how many there are. */
size_t api_read_answers(struct json_reader *r, struct api_card_apdu *ret_answers);
/** Both slots of the record @p name; null gives "". */
void api_read_slots(struct json_reader *r, const char *name,
                    char ret_slots[API_CARD_SLOTS][API_CARD_RECORD_SIZE]);

/** What to write, as an object (@own given). */
json_t *api_write_json(const struct api_card_write *write);
/** What to write, out of the object that @p r reads. */
void api_read_write(struct json_reader *r, struct api_card_write *ret_write);

/** An order view as an object (@own given); order.c's. */
json_t *api_order_view_json(const struct api_order_view *view);
/** An order view, out of the object that @p r reads; order.c's. */
void api_read_order_view(struct json_reader *r, struct api_order_view *ret_view);

#endif
