/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/secrets/password.h"

#include <errno.h>
#include <stdio.h>

#include <termios.h>
#include <unistd.h>

#include "common/bytes.h"

/* A byte at a time: stdio would keep the line in its buffer, and take more than the line. */
static bool read_byte(char *ret_byte)
{
    ssize_t size = 0;
    do {
        size = read(STDIN_FILENO, ret_byte, 1);
    } while (size < 0 && errno == EINTR);
    return size == 1;
}

/* False: nothing there, or more than fits; the line is used up all the same. */
static bool read_line(char ret_line[PASSWORD_SIZE])
{
    size_t size = 0;
    bool fits = true;
    char byte = '\0';
    while (read_byte(&byte) && byte != '\n') {
        fits = fits && size < PASSWORD_SIZE - 1;
        if (fits) {
            ret_line[size] = byte;
            size += 1;
        }
    }
    bytes_wipe(&byte, sizeof(byte));
    if (fits && size > 0 && ret_line[size - 1] == '\r') {
        size -= 1;
    }
    ret_line[size] = '\0';
    return fits && size > 0;
}

bool password_read(const char *name, char ret_password[PASSWORD_SIZE])
{
    struct termios seen = {0};
    bool read = false;
    if (isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, &seen) != 0) {
        read = read_line(ret_password);
    } else {
        struct termios unseen = seen;
        unseen.c_lflag &= ~(tcflag_t)ECHO;
        (void)fprintf(stderr, "password of %s: ", name);
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen) == 0) {
            read = read_line(ret_password);
            (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
            (void)fputc('\n', stderr);
        }
    }
    if (!read) {
        bytes_wipe(ret_password, PASSWORD_SIZE);
    }
    return read;
}
