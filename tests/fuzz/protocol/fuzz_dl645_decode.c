/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Frames and messages there and back. The input is read twice: as bytes off the wire, and as
 * control byte and DATA of a frame that is right, so that the fuzzer need not guess checksums.
 * Whatever decodes must encode to the same bytes, and typed values to the same value.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "protocol/dl645/message.h"
#include "protocol/dl645/prepay.h"
#include "protocol/dl645/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(const struct dl645_message *message)
{
    struct dl645_di di;
    dl645_di_describe(message->di, &di);
    size_t count = dl645_value_count(&di, message->value_size);
    for (size_t i = 0; i < count; i++) {
        struct dl645_value value;
        const uint8_t *item = message->value + i * di.item_size;
        if (dl645_value_decode(&di, item, di.item_size, &value) != OK) {
            continue;
        }
        uint8_t bytes[DL645_DATA_SIZE_MAX];
        size_t bytes_size = 0;
        struct dl645_value again;
        enum err err = dl645_value_encode(&di, &value, bytes, sizeof(bytes), &bytes_size);
        MUST(err == OK);
        MUST(bytes_size == di.item_size);
        err = dl645_value_decode(&di, bytes, bytes_size, &again);
        MUST(err == OK);
        MUST(strcmp(again.text, value.text) == 0 && strcmp(again.time, value.time) == 0);
        MUST(again.scaled == value.scaled && again.present == value.present);
        /* Only a minus zero may come back as other bytes. */
        MUST(value.scaled == 0 || memcmp(bytes, item, bytes_size) == 0);
    }
    char text[1024];
    if (dl645_value_to_text(&di, message->value, message->value_size, text, sizeof(text)) == OK) {
        MUST(strlen(text) < sizeof(text));
    }
}

static void check_frame(const struct dl645_frame *frame)
{
    struct dl645_message message;
    if (dl645_message_decode(frame, &message) == OK) {
        struct dl645_frame again;
        enum err err = dl645_message_encode(&message, &again);
        MUST(err == OK);
        MUST(again.control == frame->control && again.data_size == frame->data_size);
        MUST(memcmp(again.address, frame->address, DL645_ADDRESS_SIZE) == 0);
        MUST(memcmp(again.data, frame->data, frame->data_size) == 0);
        check_value(&message);
    }
    struct dl645_prepay_answer answer;
    if (dl645_prepay_answer_parse(dl645_prepay_find("standard"), frame, NULL, &answer) == OK) {
        MUST(answer.accepted == (answer.refusal == DL645_REFUSAL_NONE));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dl645_inspection inspection;
    char text[DL645_FAULT_TEXT_SIZE];
    dl645_inspect(data, size, &inspection);
    MUST((inspection.check == DL645_CHECK_OK) ==
         (dl645_fault_format(&inspection, text)[0] == '\0'));
    MUST(inspection.at <= size);
    if (inspection.check == DL645_CHECK_OK) {
        uint8_t bytes[DL645_WIRE_SIZE_MAX];
        size_t bytes_size = 0;
        enum err err = dl645_frame_encode(&inspection.frame, 0, bytes, sizeof(bytes), &bytes_size);
        MUST(err == OK);
        MUST(bytes_size == inspection.size_read);
        MUST(memcmp(bytes, data + inspection.start, bytes_size) == 0);
        check_frame(&inspection.frame);
    }
    if (size > 0) {
        struct dl645_frame frame = {.address = {0x42, 0x00, 0x15, 0x03, 0x24, 0x20}};
        size_t data_size = size - 1 < DL645_DATA_SIZE_MAX ? size - 1 : DL645_DATA_SIZE_MAX;
        frame.control = data[0];
        frame.data_size = (uint8_t)data_size;
        memcpy(frame.data, data + 1, data_size);
        check_frame(&frame);
    }
    return 0;
}
