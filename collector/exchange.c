/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The wait is counted from the moment when the last bit has left the wire, which is computed: the
 * bytes are in the driver's buffer long before. An answer ends by its length; silence only ends the
 * wait for one. While bytes keep coming the deadline moves on, because a long answer at 2400 baud
 * takes a second by itself, but never beyond the time that the longest frame needs.
 *
 * Not handled: two meters with one address answering at once. That is noise here, and the meter
 * page says that the meter is silent.
 */
#include "collector/exchange.h"

#include <string.h>

#include "common/must.h"
#include "drivers/serial/serial.h"
#include "protocol/dl645/request.h"

bool exchange_request_set(struct exchange_request *ret_request, const struct dl645_message *message)
{
    struct dl645_frame frame = {0};
    ret_request->message = *message;
    return dl645_message_encode(message, &frame) == OK &&
           dl645_frame_encode(&frame, DL645_PREAMBLE_SENT, ret_request->wire,
                              sizeof(ret_request->wire), &ret_request->wire_size) == OK;
}

void exchange_begin(struct exchange *x, const struct exchange_request *request)
{
    MUST(request->wire_size > 0 && request->wire_size <= sizeof(request->wire));
    MUST(request->tries >= 1 && request->tries <= EXCHANGE_TRIES_MAX);
    MUST(request->reply_timeout_ms > 0);
    memset(x, 0, sizeof(*x));
    x->request = request;
    x->wants_send = true;
    dl645_stream_init(&x->stream);
}

void exchange_sent(struct exchange *x, int64_t now_ms)
{
    MUST(x->wants_send && !exchange_is_over(x));
    const struct exchange_request *request = x->request;
    x->wants_send = false;
    x->tries_done++;
    dl645_stream_clear(&x->stream);
    x->sent_end_ms = now_ms + serial_wire_ms(request->wire_size, request->baud);
    x->deadline_ms = x->sent_end_ms + request->reply_timeout_ms;
    x->deadline_last_ms =
        x->deadline_ms + serial_wire_ms(DL645_WIRE_SIZE_MAX, request->baud) + EXCHANGE_BYTE_GAP_MS;
}

static void take_answer(struct exchange *x, const struct dl645_frame *frame,
                        const struct dl645_message *reply)
{
    x->reply = *reply;
    x->verdict = EXCHANGE_ANSWER;
    enum err err = dl645_frame_encode(frame, /* preamble= */ 0, x->raw.bytes, sizeof(x->raw.bytes),
                                      &x->raw.size);
    MUST(err == OK);
}

/* Look at every whole frame that has come so far. */
static void look_at_frames(struct exchange *x)
{
    struct dl645_frame frame = {0};
    while (!exchange_is_over(x) && dl645_stream_next(&x->stream, &frame) == OK) {
        struct dl645_message reply = {0};
        if (dl645_message_decode(&frame, &reply) != OK) {
            dl645_message_raw(&frame, &reply);
        }
        switch (dl645_reply_match(&x->request->message, &reply)) {
        case DL645_MATCH_ANSWER:
            take_answer(x, &frame, &reply);
            break;
        case DL645_MATCH_ECHO:     /* a two-wire adapter that hears itself */
        case DL645_MATCH_STRANGER: /* a late answer to an earlier request */
        case DL645_MATCH_COUNT:
            break;
        }
    }
}

void exchange_receive(struct exchange *x, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    if (exchange_is_over(x) || x->wants_send) {
        return;
    }
    size_t done = 0;
    while (done < size && !exchange_is_over(x)) {
        size_t taken = dl645_stream_push(&x->stream, bytes + done, size - done);
        look_at_frames(x);
        MUST(taken > 0 || exchange_is_over(x));
        done += taken;
    }
    int64_t until_ms = now_ms + EXCHANGE_BYTE_GAP_MS;
    if (until_ms > x->deadline_last_ms) {
        until_ms = x->deadline_last_ms;
    }
    if (dl645_stream_is_waiting(&x->stream) && until_ms > x->deadline_ms) {
        x->deadline_ms = until_ms;
    }
}

static bool is_garbled(const struct exchange *x)
{
    return x->stream.noise_count > 0 || x->stream.rejected_count > 0;
}

void exchange_tick(struct exchange *x, int64_t now_ms)
{
    if (exchange_is_over(x) || x->wants_send || now_ms < x->deadline_ms) {
        return;
    }
    /* What waits for more bytes will not get them; a good frame may be inside it. */
    dl645_stream_end(&x->stream);
    look_at_frames(x);
    if (exchange_is_over(x)) {
        return;
    }
    x->timed_out = true;
    if (x->tries_done < x->request->tries) {
        x->wants_send = true;
    } else {
        x->verdict = is_garbled(x) ? EXCHANGE_GARBLED : EXCHANGE_SILENT;
    }
}

void exchange_fault(struct exchange *x)
{
    MUST(!exchange_is_over(x));
    x->verdict = EXCHANGE_FAULT;
}
