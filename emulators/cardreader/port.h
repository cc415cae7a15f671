/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_PORT_H
#define SHILLING_EMULATORS_CARDREADER_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The plug: a pseudo-terminal with a symbolic link to it. Pulling it closes both ends, so a host
 * gets EIO and the link points to nothing; plugging it in makes another one under the same link.
 */
enum { PORT_PATH_SIZE = 256 };

struct port {
    char link[PORT_PATH_SIZE]; /* empty: no link, the name below is all there is */
    char slave[PORT_PATH_SIZE];
    int fd;       /* -1: unplugged */
    int slave_fd; /* kept open: without it the master reads EIO between two hosts */
};

/** Make the pseudo-terminal, and @p link if it is not NULL; false with errno set. */
bool port_open(struct port *port, const char *link);

/** Pull the plug: the link goes, as a device's name does, then the pseudo-terminal. */
void port_unplug(struct port *port);

/** Plug it in again; false with errno set. */
bool port_plug(struct port *port);

/** What the host has written, at most @p room bytes; 0 if nothing. */
size_t port_read(struct port *port, uint8_t *ret_bytes, size_t room);

/** Hand bytes to the host; what its full buffer does not take is lost. */
void port_write(struct port *port, const uint8_t *bytes, size_t size);

#endif
