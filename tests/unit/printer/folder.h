/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_PRINTER_FOLDER_H
#define SHILLING_TESTS_UNIT_PRINTER_FOLDER_H

enum { FOLDER_SIZE = 128 };

/** An empty folder of its own under /tmp; folder_remove() takes it away with its files. */
void folder_make(char ret_path[FOLDER_SIZE]);
void folder_remove(const char *path);

#endif
