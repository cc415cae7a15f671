/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_HOLDER_H
#define SHILLING_TOOLS_CARDCTL_HOLDER_H

/* Who holds the flock of a file. */

enum { HOLDER_TEXT_SIZE = 64 };

/**
 * "shilling-cardd-worker (process 123)", or "another program" where the kernel does not tell, as
 * inside a container. Reads /proc/locks; may block as any file does.
 *
 * @param fd  the file, open
 */
void holder_describe(int fd, char ret_text[HOLDER_TEXT_SIZE]);

#endif
