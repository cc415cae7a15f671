/* SPDX-License-Identifier: Apache-2.0 */

/* The serial driver on pseudo-terminals: what a wire does, and what a wire that is gone does. */
#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/serial/serial.h"
#include "tests/unit/test.h"

enum { WAIT_MS = 2000, PATH_SIZE = 64 };

static int master = -1;
static int fd = -1;
static char path[PATH_SIZE];
static struct serial_report report;

static void begin(void)
{
    serial_close(fd);
    fd = -1;
    if (master >= 0) {
        (void)close(master);
    }
    int slave = -1;
    CHECK(openpty(&master, &slave, path, NULL, NULL) == 0);
    CHECK(close(slave) == 0);
    CHECK_EQ_I64(serial_open(path, 2400, &report, &fd), OK);
}

TEST(a_pty_keeps_the_speed_and_drops_the_parity)
{
    begin();
    CHECK(report.speed_kept);
    CHECK(!report.parity_kept);
    struct termios set = {0};
    CHECK(tcgetattr(fd, &set) == 0);
    CHECK_EQ_I64(cfgetospeed(&set), B2400);
    CHECK((set.c_lflag & (tcflag_t)(ICANON | ECHO)) == 0);
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST(all_byte_values_pass_both_ways)
{
    begin();
    uint8_t out[256];
    uint8_t in[256];
    for (size_t i = 0; i < sizeof(out); i++) {
        out[i] = (uint8_t)i;
    }
    CHECK_EQ_I64(serial_write(fd, out, sizeof(out), WAIT_MS), OK);
    size_t got = 0;
    while (got < sizeof(in)) {
        ssize_t count = read(master, in + got, sizeof(in) - got);
        CHECK(count > 0);
        got += (size_t)count;
    }
    CHECK_EQ_MEM(in, out, sizeof(in));
    CHECK(write(master, out, sizeof(out)) == (ssize_t)sizeof(out));
    memset(in, 0, sizeof(in));
    for (got = 0; got < sizeof(in);) {
        size_t count = 0;
        CHECK_EQ_I64(serial_read(fd, in + got, sizeof(in) - got, WAIT_MS, &count), OK);
        got += count;
    }
    CHECK_EQ_MEM(in, out, sizeof(in));
}

TEST(silence_is_a_timeout)
{
    begin();
    uint8_t byte = 0;
    size_t count = 7;
    CHECK_EQ_I64(serial_read(fd, &byte, 1, 0, &count), ERR_TIMEOUT);
    CHECK_EQ_I64(serial_read(fd, &byte, 1, 30, &count), ERR_TIMEOUT);
    CHECK_EQ_U64(count, 7); /* written on success only */
}

TEST(old_bytes_can_be_dropped)
{
    begin();
    CHECK(write(master, "late", 4) == 4);
    uint8_t byte = 0;
    size_t count = 0;
    CHECK_EQ_I64(serial_read(fd, &byte, 1, WAIT_MS, &count), OK);
    serial_discard_input(fd);
    CHECK_EQ_I64(serial_read(fd, &byte, 1, 30, &count), ERR_TIMEOUT);
}

TEST(a_line_that_is_pulled)
{
    begin();
    CHECK(write(master, "x", 1) == 1);
    CHECK(close(master) == 0);
    master = -1;
    uint8_t bytes[4];
    size_t count = 0;
    /* What had arrived may still be read; then it is an error, not silence. */
    enum err err = serial_read(fd, bytes, sizeof(bytes), WAIT_MS, &count);
    err = err == OK ? serial_read(fd, bytes, sizeof(bytes), WAIT_MS, &count) : err;
    CHECK_EQ_I64(err, ERR_IO);
    CHECK_EQ_I64(serial_write(fd, bytes, 1, WAIT_MS), ERR_IO);
}

TEST(a_line_that_takes_no_bytes)
{
    static uint8_t much[1 << 20];
    begin();
    CHECK_EQ_I64(serial_write(fd, much, sizeof(much), 50), ERR_TIMEOUT);
}

TEST(the_speed_can_change)
{
    begin();
    CHECK_EQ_I64(serial_set_baud(fd, 9600), OK);
    struct termios set = {0};
    CHECK(tcgetattr(fd, &set) == 0);
    CHECK_EQ_I64(cfgetospeed(&set), B9600);
    CHECK_EQ_I64(serial_set_baud(fd, 9601), ERR_RANGE);
}

TEST(only_one_process_has_it)
{
    begin();
    int second = -1;
    CHECK_EQ_I64(serial_open(path, 2400, &report, &second), ERR_CONFLICT);
    CHECK_EQ_I64(second, -1);
}

TEST(what_is_no_serial_line)
{
    int other = -1;
    CHECK_EQ_I64(serial_open("/dev/no-such-line", 2400, &report, &other), ERR_NOT_FOUND);
    CHECK_EQ_I64(serial_open("/dev/null", 2400, &report, &other), ERR_FORMAT);
    CHECK_EQ_I64(serial_open("/dev/null", 1234, &report, &other), ERR_RANGE);
    CHECK_EQ_I64(other, -1);
}

TEST(wire_time)
{
    CHECK_EQ_I64(serial_wire_ms(0, 2400), 0);
    CHECK_EQ_I64(serial_wire_ms(1, 2400), 5);
    CHECK_EQ_I64(serial_wire_ms(20, 2400), 92);
    CHECK_EQ_I64(serial_wire_ms(20, 9600), 23);
    CHECK(serial_baud_is_valid(2400));
    CHECK(!serial_baud_is_valid(0));
    CHECK(!serial_baud_is_valid(2401));
}

TEST_MAIN()
