/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_TEMP_FOLDER_H
#define SHILLING_TESTS_UNIT_CLOUD_TEMP_FOLDER_H

enum { TEMP_PATH_SIZE = 512 };

/** A fresh folder below TMPDIR or /tmp, removed when the program ends. Returns @p ret_path. */
char *temp_folder_make(char ret_path[TEMP_PATH_SIZE]);

/** "@p folder/@p name" in @p ret_path. Returns @p ret_path. */
char *temp_path(const char *folder, const char *name, char ret_path[TEMP_PATH_SIZE]);

#endif
