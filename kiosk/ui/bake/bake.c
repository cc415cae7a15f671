/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of the build: turns ui-assets/icons/NAME.svg and ui-assets/themes/NAME.json into C
 * tables. It understands exactly the SVG that we draw (path elements with a `d`, filled if they say
 * fill="currentColor") and stops the build at anything else, with the file's name.
 *
 *     bake icons OUT.c FILE.svg...        bake themes OUT.c day.json contrast.json
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/bytes.h"
#include "kiosk/ui/bake/path.h"

enum { FILE_SIZE_MAX = 65536, NAME_SIZE = 64 };

static int fail(const char *file, const char *what)
{
    (void)fprintf(stderr, "bake: %s: %s\n", file, what);
    return 1;
}

static bool file_read(const char *path, char *ret_text, size_t size)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return false;
    }
    size_t len = fread(ret_text, 1, size - 1, file);
    ret_text[len] = '\0';
    bool whole = feof(file) != 0;
    return fclose(file) == 0 && whole;
}

static char name_letter(char c)
{
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz-";
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const char *at = strchr(lower, c);
    if (at == NULL || c == '\0') {
        return c;
    }
    return upper[at - lower];
}

/* "a/b/wifi-off.svg" -> "WIFI_OFF" */
static void name_make(const char *path, char ret_name[NAME_SIZE])
{
    const char *slash = strrchr(path, '/');
    const char *from = slash == NULL ? path : slash + 1;
    size_t len = 0;
    while (from[len] != '\0' && from[len] != '.' && len + 1 < NAME_SIZE) {
        ret_name[len] = name_letter(from[len]);
        len += 1;
    }
    ret_name[len] = '\0';
}

/* One <path .../> element: its d and whether it is filled. Returns what follows, or NULL. */
static const char *element_next(const char *text, char *ret_d, size_t d_size, bool *ret_filled)
{
    const char *at = strstr(text, "<path ");
    const char *end = at == NULL ? NULL : strstr(at, "/>");
    const char *d = at == NULL ? NULL : strstr(at, " d=\"");
    if (end == NULL || d == NULL || d > end) {
        return NULL;
    }
    d += strlen(" d=\"");
    size_t len = strcspn(d, "\"");
    if (len >= d_size) {
        return NULL;
    }
    memcpy(ret_d, d, len);
    ret_d[len] = '\0';
    const char *fill = strstr(at, "fill=\"currentColor\"");
    *ret_filled = fill != NULL && fill < end;
    return end;
}

static int bake_icon(FILE *out, const char *path)
{
    static char text[FILE_SIZE_MAX];
    static char d[FILE_SIZE_MAX];
    char name[NAME_SIZE];
    name_make(path, name);
    if (!file_read(path, text, sizeof text)) {
        return fail(path, "cannot be read");
    }
    (void)fprintf(out, "static const int16_t icon_%s[] = {", name);
    const char *at = text;
    bool filled = false;
    int shapes = 0;
    for (at = element_next(at, d, sizeof d, &filled); at != NULL;
         at = element_next(at, d, sizeof d, &filled)) {
        const char *wrong = bake_path(d, out);
        if (wrong != NULL) {
            return fail(path, wrong);
        }
        (void)fprintf(out, "UI_PATH_PAINT, %d, ", filled ? 1 : 0);
        shapes += 1;
    }
    (void)fprintf(out, "};\n");
    return shapes == 0 ? fail(path, "has no path") : 0;
}

static int bake_icons(FILE *out, int count, char **paths)
{
    (void)fprintf(out, "/* Made by bake from ui-assets/icons. */\n#include \"kiosk/ui/icon.h\"\n\n"
                       "#define ICON(name) {icon_##name, sizeof icon_##name / sizeof(int16_t)}\n");
    for (int i = 0; i < count; i++) {
        int failed = bake_icon(out, paths[i]);
        if (failed != 0) {
            return failed;
        }
    }
    (void)fprintf(out, "static const struct ui_icon_path paths[UI_ICON_COUNT] = {\n");
    for (int i = 0; i < count; i++) {
        char name[NAME_SIZE];
        name_make(paths[i], name);
        (void)fprintf(out, "    [UI_ICON_%s] = ICON(%s),\n", name, name);
    }
    (void)fprintf(out, "};\n\nstruct ui_icon_path ui_icon_path(enum ui_icon icon)\n{\n"
                       "    return paths[icon];\n}\n");
    /* One file more or less than the enum has members stops the build here. */
    (void)fprintf(out, "_Static_assert(UI_ICON_COUNT == %d, \"icons and enum differ\");\n",
                  count + 1);
    return 0;
}

/* "#RRGGBB" or "#AARRGGBB" -> 0xAARRGGBB */
static bool color_parse(const char *text, unsigned long *ret_color)
{
    uint8_t bytes[4] = {0xFF, 0, 0, 0};
    size_t len = text == NULL ? 0 : strlen(text);
    size_t size = 0;
    bool whole = len == 9;
    if ((len != 7 && !whole) || text[0] != '#' ||
        !hex_parse(text + 1, len - 1, whole ? bytes : bytes + 1, whole ? 4 : 3, &size, NULL) ||
        size != (whole ? 4U : 3U)) {
        return false;
    }
    *ret_color = get_be32(bytes);
    return true;
}

static int bake_colors(FILE *out, const char *path, json_t *colors)
{
    const char *key = NULL;
    json_t *value = NULL;
    (void)fprintf(out, "    .colors = {\n");
    json_object_foreach(colors, key, value)
    {
        char name[NAME_SIZE];
        unsigned long color = 0;
        name_make(key, name);
        if (!color_parse(json_string_value(value), &color)) {
            return fail(path, key);
        }
        (void)fprintf(out, "        [UI_COLOR_%s] = 0x%08lX,\n", name, color);
    }
    (void)fprintf(out, "    },\n");
    return 0;
}

static int bake_surface(FILE *out, const char *path, const char *key, json_t *surface)
{
    char name[NAME_SIZE];
    name_make(key, name);
    (void)fprintf(out, "        [UI_SURFACE_%s] = {", name);
    const char *member = NULL;
    json_t *value = NULL;
    json_object_foreach(surface, member, value)
    {
        unsigned long color = 0;
        if (strcmp(member, "border_u") == 0 && json_is_integer(value)) {
            (void)fprintf(out, ".border_u = %d, ", (int)json_integer_value(value));
        } else if (strcmp(member, "shadow") == 0 && json_is_string(value)) {
            char shadow[NAME_SIZE];
            name_make(json_string_value(value), shadow);
            (void)fprintf(out, ".shadow = UI_SHADOW_%s, ", shadow);
        } else if (color_parse(json_string_value(value), &color)) {
            (void)fprintf(out, ".%s = 0x%08lX, ", member, color);
        } else {
            return fail(path, key);
        }
    }
    (void)fprintf(out, "},\n");
    return 0;
}

static int bake_theme(FILE *out, const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    if (root == NULL) {
        return fail(path, error.text);
    }
    char name[NAME_SIZE];
    name_make(path, name);
    (void)fprintf(out, "    [UI_THEME_%s] = {\n", name);
    int failed = bake_colors(out, path, json_object_get(root, "colors"));
    (void)fprintf(out, "    .surfaces = {\n");
    const char *key = NULL;
    json_t *surface = NULL;
    json_object_foreach(json_object_get(root, "surfaces"), key, surface)
    {
        failed = failed != 0 ? failed : bake_surface(out, path, key, surface);
    }
    (void)fprintf(out, "    }},\n");
    json_decref(root);
    return failed;
}

static int bake_themes(FILE *out, int count, char **paths)
{
    (void)fprintf(out,
                  "/* Made by bake from ui-assets/themes. */\n#include \"kiosk/ui/theme.h\"\n\n"
                  "static const struct ui_theme themes[UI_THEME_COUNT] = {\n");
    for (int i = 0; i < count; i++) {
        int failed = bake_theme(out, paths[i]);
        if (failed != 0) {
            return failed;
        }
    }
    (void)fprintf(out, "};\n\nconst struct ui_theme *ui_theme_get(enum ui_theme_id id)\n{\n"
                       "    return &themes[id];\n}\n");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        return fail("usage", "bake icons|themes OUT.c FILE...");
    }
    FILE *out = fopen(argv[2], "we");
    if (out == NULL) {
        return fail(argv[2], "cannot be written");
    }
    bool icons = strcmp(argv[1], "icons") == 0;
    int failed = icons ? bake_icons(out, argc - 3, argv + 3) : bake_themes(out, argc - 3, argv + 3);
    if (fclose(out) != 0) {
        failed = fail(argv[2], "cannot be written");
    }
    if (failed != 0) {
        (void)remove(argv[2]); /* half a table must not look finished to the next build */
    }
    return failed;
}
