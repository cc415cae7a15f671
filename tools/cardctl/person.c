/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/person.h"

#include <stdio.h>
#include <string.h>

#include <termios.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/must.h"
#include "tools/cardctl/desk.h"

static bool read_line(char ret_line[PERSON_PASSWORD_SIZE])
{
    if (fgets(ret_line, PERSON_PASSWORD_SIZE, stdin) == NULL) {
        return false;
    }
    ret_line[strcspn(ret_line, "\r\n")] = '\0';
    return ret_line[0] != '\0';
}

static bool read_password(const char *name, char ret_password[PERSON_PASSWORD_SIZE])
{
    struct termios seen = {0};
    if (isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, &seen) != 0) {
        return read_line(ret_password);
    }
    struct termios unseen = seen;
    unseen.c_lflag &= ~(tcflag_t)ECHO;
    (void)fprintf(stderr, "password of %s: ", name);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen) != 0) {
        return false;
    }
    const bool read = read_line(ret_password);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
    (void)fputc('\n', stderr);
    return read;
}

enum ctl_exit person_ask(const struct options *options, const char *name, struct person *ret_person)
{
    struct person person = {.name = name};
    if (desk_check_named(options) != CTL_DONE) {
        return CTL_FAILED;
    }
    if (name == NULL) {
        return ctl_say(CTL_USAGE,
                       "somebody must sign for this: give --person NAME; the password is asked "
                       "for, or read as one line of standard input. Nothing was done. 'shilling-"
                       "cloud review person-add NAME' adds people");
    }
    if (!read_password(name, person.password)) {
        return ctl_say(CTL_FAILED, "no password of %s was given: nothing was done", name);
    }
    *ret_person = person;
    bytes_wipe(&person, sizeof(person));
    return CTL_DONE;
}

void person_sign(const struct person *person, json_t *body)
{
    MUST(person != NULL);
    json_put_text(body, "person", person->name);
    json_put_text(body, "password", person->password);
}
