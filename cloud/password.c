/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/password.h"

#include <stdio.h>
#include <string.h>

#include <termios.h>
#include <unistd.h>

static bool read_line(char *ret_line, size_t size)
{
    if (fgets(ret_line, (int)size, stdin) == NULL) {
        return false;
    }
    ret_line[strcspn(ret_line, "\r\n")] = '\0';
    return true;
}

bool password_read(const char *name, char ret_password[PERSON_PASSWORD_SIZE])
{
    struct termios seen = {0};
    const bool terminal = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &seen) == 0;
    if (!terminal) {
        return read_line(ret_password, PERSON_PASSWORD_SIZE);
    }
    struct termios unseen = seen;
    unseen.c_lflag &= ~(tcflag_t)ECHO;
    (void)fprintf(stderr, "password of %s: ", name);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen) != 0) {
        return false;
    }
    bool read = read_line(ret_password, PERSON_PASSWORD_SIZE);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
    (void)fputc('\n', stderr);
    return read;
}
