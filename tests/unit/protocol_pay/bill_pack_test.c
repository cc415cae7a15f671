/* SPDX-License-Identifier: Apache-2.0 */
/* Bills as they are sent, in ZIP and gzip: whatever is damaged, cut or too large is refused. */
#include <zlib.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/bill/pack.h"
#include "tests/unit/test.h"

enum { FILE_SIZE = 64 * 1024 };

/* A ZIP archive under construction. */
struct zip {
    uint8_t bytes[FILE_SIZE];
    size_t size;
    uint8_t directory[4096];
    size_t directory_size;
    uint16_t count;
};

static void zip_add(struct zip *zip, const char *name, const char *content)
{
    size_t name_size = strlen(name);
    size_t size = strlen(content);
    uint32_t crc = (uint32_t)crc32(0, (const Bytef *)content, (uInt)size);
    uint8_t *local = zip->bytes + zip->size;
    uint8_t *central = zip->directory + zip->directory_size;
    put_le32(local, 0x04034B50);
    put_le16(local + 26, (uint16_t)name_size);
    memcpy(local + 30, name, name_size);
    memcpy(local + 30 + name_size, content, size);
    put_le32(central, 0x02014B50);
    put_le32(central + 16, crc);
    put_le32(central + 20, (uint32_t)size);
    put_le32(central + 24, (uint32_t)size);
    put_le16(central + 28, (uint16_t)name_size);
    put_le32(central + 42, (uint32_t)zip->size);
    memcpy(central + 46, name, name_size);
    zip->size += 30 + name_size + size;
    zip->directory_size += 46 + name_size;
    zip->count = (uint16_t)(zip->count + 1U);
}

static void zip_end(struct zip *zip)
{
    size_t at = zip->size;
    memcpy(zip->bytes + at, zip->directory, zip->directory_size);
    uint8_t *end = zip->bytes + at + zip->directory_size;
    put_le32(end, 0x06054B50);
    put_le16(end + 10, zip->count);
    put_le32(end + 12, (uint32_t)zip->directory_size);
    put_le32(end + 16, (uint32_t)at);
    zip->size = at + zip->directory_size + 22;
}

static enum bill_fault unpack_details(const uint8_t *file, size_t size, char *ret_text)
{
    struct bill_archive archive;
    struct bill_entry entry;
    enum bill_fault fault = bill_archive_details(file, size, &archive, &entry);
    if (fault != BILL_OK || entry.size >= FILE_SIZE) {
        return fault;
    }
    fault = bill_archive_unpack(&archive, &entry, (uint8_t *)ret_text, entry.size);
    ret_text[entry.size] = '\0';
    return fault;
}

static char unpacked[FILE_SIZE];

TEST(zip_details_whatever_their_name)
{
    static const char *const names[] = {"2088_\xD2\xB5\xCE\xF1.csv", "../../../../etc/x.csv",
                                        "/absolute.csv", "a\\b.csv", ".csv"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        static struct zip zip;
        memset(&zip, 0, sizeof(zip));
        zip_add(&zip, "x(\xBB\xE3\xD7\xDC).csv", "summary");
        zip_add(&zip, "readme.txt", "text");
        zip_add(&zip, names[i], "the details");
        zip_end(&zip);
        CHECK_EQ_I64(unpack_details(zip.bytes, zip.size, unpacked), BILL_OK);
        CHECK_EQ_STR(unpacked, "the details");
    }
}

TEST(zip_without_or_with_two_details)
{
    static struct zip zip;
    memset(&zip, 0, sizeof(zip));
    zip_end(&zip);
    CHECK_EQ_I64(unpack_details(zip.bytes, zip.size, unpacked), BILL_NO_DETAILS);
    memset(&zip, 0, sizeof(zip));
    zip_add(&zip, "x(\xE6\xB1\x87\xE6\x80\xBB).csv", "summary");
    zip_end(&zip);
    CHECK_EQ_I64(unpack_details(zip.bytes, zip.size, unpacked), BILL_NO_DETAILS);
    memset(&zip, 0, sizeof(zip));
    zip_add(&zip, "a.csv", "one");
    zip_add(&zip, "b.csv", "two");
    zip_end(&zip);
    CHECK_EQ_I64(unpack_details(zip.bytes, zip.size, unpacked), BILL_NO_DETAILS);
    static const uint8_t page[] = "<html>bill download timed out</html>";
    CHECK_EQ_I64(unpack_details(page, sizeof(page), unpacked), BILL_NOT_PACKED);
}

/* Whatever byte is changed, cut or announced wrongly: refused, or the same content. */
TEST(zip_with_every_byte_changed)
{
    static struct zip zip;
    static uint8_t copy[FILE_SIZE];
    memset(&zip, 0, sizeof(zip));
    zip_add(&zip, "a.csv", "the details");
    zip_end(&zip);
    for (size_t at = 0; at < zip.size; at++) {
        for (unsigned value = 0; value < 256; value += 51) {
            memcpy(copy, zip.bytes, zip.size);
            copy[at] = (uint8_t)(copy[at] + value + 1U);
            if (unpack_details(copy, zip.size, unpacked) == BILL_OK) {
                CHECK_EQ_STR(unpacked, "the details");
            }
        }
    }
    for (size_t size = 0; size < zip.size; size++) {
        CHECK(unpack_details(zip.bytes, size, unpacked) != BILL_OK);
    }
}

static size_t gzip(const char *text, uint8_t *file, size_t room)
{
    z_stream stream = {0};
    MUST(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    static uint8_t in[FILE_SIZE];
    memcpy(in, text, strlen(text));
    stream.next_in = in;
    stream.avail_in = (uInt)strlen(text);
    stream.next_out = file;
    stream.avail_out = (uInt)room;
    MUST(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    size_t size = (size_t)stream.total_out;
    (void)deflateEnd(&stream);
    return size;
}

TEST(gzip_limits_and_damage)
{
    static uint8_t file[4096];
    static uint8_t out[4096];
    const char *text =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    size_t size = gzip(text, file, sizeof(file));
    size_t got_size = 0;
    CHECK_EQ_I64(bill_gunzip(file, size, out, strlen(text), &got_size), BILL_OK);
    CHECK_EQ_U64(got_size, strlen(text));
    CHECK_EQ_MEM(out, text, got_size);
    CHECK_EQ_I64(bill_gunzip(file, size, out, strlen(text) - 1, &got_size), BILL_TOO_LARGE);
    CHECK_EQ_I64(bill_gunzip(file, size - 1, out, sizeof(out), &got_size), BILL_BROKEN_PACKING);
    file[size] = 0;
    CHECK_EQ_I64(bill_gunzip(file, size + 1, out, sizeof(out), &got_size), BILL_BROKEN_PACKING);
    file[size - 5] ^= 1; /* in the CRC */
    CHECK_EQ_I64(bill_gunzip(file, size, out, sizeof(out), &got_size), BILL_BROKEN_PACKING);
    CHECK_EQ_I64(bill_gunzip((const uint8_t *)"PK", 2, out, sizeof(out), &got_size),
                 BILL_NOT_PACKED);
    CHECK_EQ_I64(bill_gunzip(file, 0, out, sizeof(out), &got_size), BILL_NOT_PACKED);
}

/* An entry that is deflated, as Alipay sends them; and one that says it is shorter than it is. */
TEST(zip_with_deflated_details)
{
    static struct zip zip;
    static uint8_t packed[1024];
    const char *text = "the details, the details, the details";
    size_t size = gzip(text, packed, sizeof(packed)); /* 10 bytes in front, 8 behind */
    for (size_t announced = strlen(text) - 1; announced <= strlen(text) + 1; announced++) {
        memset(&zip, 0, sizeof(zip));
        zip_add(&zip, "a.csv", "");
        memcpy(zip.bytes + zip.size, packed + 10, size - 18);
        zip.size += size - 18;
        put_le16(zip.directory + 10, 8);
        put_le32(zip.directory + 16, (uint32_t)crc32(0, (const Bytef *)text, (uInt)strlen(text)));
        put_le32(zip.directory + 20, (uint32_t)(size - 18));
        put_le32(zip.directory + 24, (uint32_t)announced);
        zip_end(&zip);
        bool fits = announced == strlen(text);
        CHECK_EQ_I64(unpack_details(zip.bytes, zip.size, unpacked),
                     fits ? BILL_OK : BILL_BROKEN_PACKING);
        CHECK(!fits || str_equal(unpacked, text));
    }
    const size_t huge = (size_t)UINT32_MAX + 1; /* zlib counts in unsigned: refused unread */
    CHECK_EQ_I64(bill_gunzip((const uint8_t *)"\x1F\x8B", huge, packed, sizeof(packed), &size),
                 BILL_BROKEN_PACKING);
    CHECK_EQ_I64(bill_gunzip((const uint8_t *)"\x1F\x8B", 2, packed, huge, &size),
                 BILL_BROKEN_PACKING);
    CHECK_EQ_I64(bill_gunzip((const uint8_t *)"\x1F\x8C", 2, packed, sizeof(packed), &size),
                 BILL_NOT_PACKED);
}

TEST_MAIN()
