/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table of runs with a list by last use. The key is (face, size in pixels, bytes); texts
 * are short, so they are compared whole and never by hash alone.
 */
#include "kiosk/ui/text_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <SDL_ttf.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "kiosk/ui/hash.h"
#include "kiosk/ui/utf8.h"

enum {
    BUCKETS = 1024, /* a screen has below 150 runs; power of two */
    PATH_SIZE = 512,
    CJK_FACE_SC = 2, /* of the ten faces in Noto's collection: simplified Chinese */
};

struct entry {
    struct entry *chain; /* next in the bucket */
    struct entry *newer;
    struct entry *older;
    uint8_t *alpha; /* @own; NULL until drawn */
    int advance;
    int left;
    int top;
    int w;
    int h;
    int px;
    enum text_face face;
    bool rendered;
    bool kept; /* nobody's: it outlives a wipe */
    size_t size;
    char text[]; /* size bytes, then a NUL */
};

struct text_cache {
    TTF_Font *fonts[TEXT_FACE_COUNT];
    int set_px[TEXT_FACE_COUNT]; /* the size each face is set to now */
    struct entry *buckets[BUCKETS];
    struct entry *newest;
    struct entry *oldest;
    size_t bytes;
    bool keep; /* new entries are kept */
};

static enum err font_open(struct text_cache *cache, enum text_face face, const char *path,
                          long index)
{
    cache->fonts[face] = TTF_OpenFontIndex(path, /* ptsize= */ 36, index);
    if (cache->fonts[face] == NULL) {
        return ERR_NOT_FOUND;
    }
    TTF_SetFontHinting(cache->fonts[face], TTF_HINTING_LIGHT);
    cache->set_px[face] = 36;
    return OK;
}

static enum err latin_open(struct text_cache *cache, enum text_face face, const char *dir,
                           const char *file)
{
    char path[PATH_SIZE];
    if (!str_format(path, sizeof path, "%s/%s", dir, file)) {
        return ERR_RANGE;
    }
    return font_open(cache, face, path, 0);
}

static enum err fonts_open(struct text_cache *cache, const struct ui_config *config)
{
    const char *regular = config->font_cjk_regular != NULL
                              ? config->font_cjk_regular
                              : "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";
    const char *bold = config->font_cjk_bold != NULL
                           ? config->font_cjk_bold
                           : "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc";
    const char *dir =
        config->font_latin_dir != NULL ? config->font_latin_dir : "/usr/share/fonts/opentype/inter";
    enum err err = font_open(cache, TEXT_FACE_CJK_REGULAR, regular, CJK_FACE_SC);
    err = err == OK ? font_open(cache, TEXT_FACE_CJK_BOLD, bold, CJK_FACE_SC) : err;
    err = err == OK ? latin_open(cache, TEXT_FACE_LATIN_REGULAR, dir, "Inter-Regular.otf") : err;
    err = err == OK ? latin_open(cache, TEXT_FACE_LATIN_BOLD, dir, "Inter-Bold.otf") : err;
    return err == OK ? latin_open(cache, TEXT_FACE_FIGURE, dir, "InterDisplay-SemiBold.otf") : err;
}

enum err text_cache_create(const struct ui_config *config, struct text_cache **ret_cache)
{
    if (TTF_Init() != 0) {
        return ERR_INTERNAL;
    }
    struct text_cache *cache = calloc(1, sizeof *cache);
    enum err err = cache == NULL ? ERR_MEMORY : fonts_open(cache, config);
    if (err != OK) {
        if (cache != NULL) {
            text_cache_destroy(cache);
        } else {
            TTF_Quit();
        }
        return err;
    }
    *ret_cache = cache;
    return OK;
}

static size_t entry_bytes(const struct entry *entry)
{
    size_t pixels = entry->alpha == NULL ? 0 : (size_t)entry->w * (size_t)entry->h;
    return sizeof *entry + entry->size + 1 + pixels;
}

static size_t bucket_of(enum text_face face, int px, const char *text, size_t size)
{
    uint32_t hash = hash_bytes(HASH_START, text, size);
    hash = hash_u32(hash, (uint32_t)face);
    hash = hash_u32(hash, (uint32_t)px);
    return hash & (BUCKETS - 1U);
}

static void list_remove(struct text_cache *cache, struct entry *entry)
{
    if (entry->newer != NULL) {
        entry->newer->older = entry->older;
    } else {
        cache->newest = entry->older;
    }
    if (entry->older != NULL) {
        entry->older->newer = entry->newer;
    } else {
        cache->oldest = entry->newer;
    }
}

static void list_push(struct text_cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    if (cache->newest != NULL) {
        cache->newest->newer = entry;
    }
    cache->newest = entry;
    if (cache->oldest == NULL) {
        cache->oldest = entry;
    }
}

static void entry_free(struct text_cache *cache, struct entry *entry)
{
    size_t bucket = bucket_of(entry->face, entry->px, entry->text, entry->size);
    struct entry **at = &cache->buckets[bucket];
    while (*at != entry) {
        at = &(*at)->chain;
    }
    *at = entry->chain;
    list_remove(cache, entry);
    cache->bytes -= entry_bytes(entry);
    if (entry->alpha != NULL) {
        bytes_wipe(entry->alpha, (size_t)entry->w * (size_t)entry->h);
        free(entry->alpha);
    }
    bytes_wipe(entry->text, entry->size);
    free(entry);
}

void text_cache_destroy(struct text_cache *cache)
{
    while (cache->oldest != NULL) {
        entry_free(cache, cache->oldest);
    }
    MUST(cache->bytes == 0);
    for (size_t i = 0; i < TEXT_FACE_COUNT; i++) {
        if (cache->fonts[i] != NULL) {
            TTF_CloseFont(cache->fonts[i]);
        }
    }
    free(cache);
    TTF_Quit();
}

void text_cache_set_keep(struct text_cache *cache, bool keep)
{
    cache->keep = keep;
}

void text_cache_wipe(struct text_cache *cache)
{
    struct entry *entry = cache->oldest;
    while (entry != NULL) {
        struct entry *next = entry->newer;
        if (!entry->kept) {
            entry_free(cache, entry);
        }
        entry = next;
    }
}

size_t text_cache_bytes(const struct text_cache *cache)
{
    return cache->bytes;
}

static TTF_Font *font_at(struct text_cache *cache, enum text_face face, int px)
{
    if (cache->set_px[face] != px) {
        (void)TTF_SetFontSize(cache->fonts[face], px); /* points at 72 dpi are pixels */
        cache->set_px[face] = px;
    }
    return cache->fonts[face];
}

static struct entry *entry_make(struct text_cache *cache, enum text_face face, int px,
                                const char *text, size_t size)
{
    struct entry *entry = calloc(1, sizeof *entry + size + 1);
    if (entry == NULL) {
        return NULL;
    }
    memcpy(entry->text, text, size);
    entry->size = size;
    entry->face = face;
    entry->px = px;
    entry->kept = cache->keep;
    int height = 0;
    if (TTF_SizeUTF8(font_at(cache, face, px), entry->text, &entry->advance, &height) != 0) {
        entry->advance = 0;
    }
    size_t bucket = bucket_of(face, px, text, size);
    entry->chain = cache->buckets[bucket];
    cache->buckets[bucket] = entry;
    list_push(cache, entry);
    cache->bytes += entry_bytes(entry);
    return entry;
}

/* Back below the limit, the least recently used first; @p keep is in use. */
static void cache_trim(struct text_cache *cache, const struct entry *keep)
{
    struct entry *victim = cache->oldest;
    while (cache->bytes > TEXT_CACHE_SIZE_MAX && victim != NULL && victim != keep) {
        struct entry *next = victim->newer;
        entry_free(cache, victim);
        victim = next;
    }
}

/* The entry of a run, made if need be; NULL only without memory. It is then the newest. */
static struct entry *entry_get(struct text_cache *cache, enum text_face face, int px,
                               const char *text, size_t size)
{
    struct entry *entry = cache->buckets[bucket_of(face, px, text, size)];
    while (entry != NULL && (entry->face != face || entry->px != px || entry->size != size ||
                             memcmp(entry->text, text, size) != 0)) {
        entry = entry->chain;
    }
    if (entry == NULL) {
        entry = entry_make(cache, face, px, text, size);
    } else if (cache->newest != entry) {
        list_remove(cache, entry);
        list_push(cache, entry);
    }
    cache_trim(cache, entry);
    return entry;
}

bool text_cache_has(const struct text_cache *cache, enum text_face face, uint32_t code)
{
    return TTF_GlyphIsProvided32(cache->fonts[face], code) != 0;
}

int text_cache_advance(struct text_cache *cache, enum text_face face, int px, const char *text,
                       size_t size)
{
    const struct entry *entry = entry_get(cache, face, px, text, size);
    return entry == NULL ? 0 : entry->advance;
}

int text_cache_digit_width(struct text_cache *cache, enum text_face face, int px)
{
    int width = 0;
    static const char digits[] = "0123456789";
    for (size_t i = 0; i < sizeof digits - 1; i++) {
        int advance = text_cache_advance(cache, face, px, digits + i, 1);
        width = advance > width ? advance : width;
    }
    return width;
}

struct box {
    int left, top, right, bottom; /* right and bottom are outside */
};

static const uint8_t *row_of(const SDL_Surface *surface, int y)
{
    return (const uint8_t *)surface->pixels + (size_t)y * (size_t)surface->pitch;
}

static uint8_t alpha_at(const SDL_Surface *surface, int x, int y)
{
    uint32_t pixel = 0;
    memcpy(&pixel, row_of(surface, y) + (size_t)x * sizeof pixel, sizeof pixel);
    return (uint8_t)(pixel >> 24); /* SDL_ttf renders ARGB8888 */
}

static struct box ink_box(const SDL_Surface *surface)
{
    struct box box = {.left = surface->w, .top = surface->h};
    for (int y = 0; y < surface->h; y++) {
        for (int x = 0; x < surface->w; x++) {
            if (alpha_at(surface, x, y) != 0) {
                box.left = x < box.left ? x : box.left;
                box.right = x + 1 > box.right ? x + 1 : box.right;
                box.top = y < box.top ? y : box.top;
                box.bottom = y + 1;
            }
        }
    }
    return box;
}

static void entry_render(struct text_cache *cache, struct entry *entry)
{
    entry->rendered = true;
    TTF_Font *font = font_at(cache, entry->face, entry->px);
    SDL_Surface *surface =
        TTF_RenderUTF8_Blended(font, entry->text, (SDL_Color){255, 255, 255, 255});
    if (surface == NULL) {
        return; /* blanks, or no memory: nothing is drawn */
    }
    struct box box = ink_box(surface);
    size_t pixels =
        box.right > box.left ? (size_t)(box.right - box.left) * (size_t)(box.bottom - box.top) : 0;
    uint8_t *alpha = pixels > 0 ? malloc(pixels) : NULL;
    if (alpha != NULL) {
        entry->w = box.right - box.left;
        entry->h = box.bottom - box.top;
        entry->left = box.left;
        entry->top = TTF_FontAscent(font) - box.top;
        entry->alpha = alpha;
        for (int y = box.top; y < box.bottom; y++) {
            for (int x = box.left; x < box.right; x++) {
                *alpha++ = alpha_at(surface, x, y);
            }
        }
        cache->bytes += pixels;
    }
    SDL_FreeSurface(surface);
}

bool text_cache_mask(struct text_cache *cache, enum text_face face, int px, const char *text,
                     size_t size, struct text_mask *ret_mask)
{
    struct entry *entry = entry_get(cache, face, px, text, size);
    if (entry == NULL) {
        return false;
    }
    if (!entry->rendered) {
        entry_render(cache, entry);
        cache_trim(cache, entry);
    }
    if (entry->alpha == NULL) {
        return false;
    }
    *ret_mask = (struct text_mask){.left = entry->left,
                                   .top = entry->top,
                                   .w = entry->w,
                                   .h = entry->h,
                                   .alpha = entry->alpha};
    return true;
}
