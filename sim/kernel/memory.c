/* SPDX-License-Identifier: Apache-2.0 */
/*
 * malloc() and its relatives for the one OS thread of a simulated world: free lists by size, no
 * merging, no locks. Programs that die in a history abandon their memory anyway, and SQLite, the
 * JSON library and the programs ask for the same few sizes again and again. Builds with a
 * sanitizer keep its own, which sees what this one does not.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <malloc.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OTHER_HEAP 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHER_HEAP 1
#endif

#ifndef OTHER_HEAP
enum {
    GRAIN = 16,                  /* sizes, and what every address is a multiple of */
    SMALL = 1024,                /* up to here a list for each size */
    SMALL_LISTS = SMALL / GRAIN, /* the first one is for GRAIN bytes */
    STEPS = 4,                   /* above, so many sizes for each doubling ... */
    LARGE = 1 << 20,             /* ... up to here; above, pages of their own */
    DOUBLINGS = 10,
    LISTS = SMALL_LISTS + STEPS * DOUBLINGS,
    CHUNK = 1 << 21, /* asked of the operating system at a time */
    OWN_PAGES = LISTS,
};

/* Before every block. */
struct head {
    uint64_t size;   /* of the block behind it */
    uint32_t list;   /* OWN_PAGES: it is a mapping of its own */
    uint32_t before; /* bytes between the beginning of the mapping or the block, and this */
};

_Static_assert(sizeof(struct head) == GRAIN, "a head must not disturb the alignment");

struct block {
    struct block *next;
};

static struct {
    struct block *lists[LISTS];
    uint8_t *chunk;
    size_t left;
} heap;

static void *map(size_t size, int flags)
{
    void *pages =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return pages != MAP_FAILED ? pages : NULL;
}

/* The list for @p size bytes, at most LARGE, and the size of its blocks. */
static uint32_t list_of(size_t size, size_t *ret_size)
{
    if (size <= SMALL) {
        const size_t index = size == 0 ? 0 : (size - 1) / GRAIN;
        *ret_size = (index + 1) * GRAIN;
        return (uint32_t)index;
    }
    uint32_t list = SMALL_LISTS;
    size_t base = SMALL;
    while (size > 2 * base) {
        base *= 2;
        list += STEPS;
    }
    const size_t part = base / STEPS;
    const size_t steps = (size - base + part - 1) / part;
    *ret_size = base + steps * part;
    return list + (uint32_t)steps - 1;
}

static void *from_pages(size_t size)
{
    struct head *head = size < SIZE_MAX - sizeof(*head) ? map(size + sizeof(*head), 0) : NULL;
    if (head == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    *head = (struct head){.size = size, .list = OWN_PAGES};
    return head + 1;
}

static void *from_chunk(size_t size, uint32_t list)
{
    const size_t whole = size + sizeof(struct head);
    if (whole > heap.left) {
        heap.chunk = map(CHUNK, MAP_POPULATE); /* one fault instead of hundreds */
        heap.left = heap.chunk != NULL ? CHUNK : 0;
    }
    if (heap.left == 0) {
        errno = ENOMEM;
        return NULL;
    }
    struct head *head = (struct head *)(void *)heap.chunk;
    heap.chunk += whole;
    heap.left -= whole;
    *head = (struct head){.size = size, .list = list};
    return head + 1;
}

void *malloc(size_t size)
{
    size_t whole = 0;
    if (size > LARGE) {
        return from_pages(size);
    }
    const uint32_t list = list_of(size, &whole);
    struct block *block = heap.lists[list];
    if (block == NULL) {
        return from_chunk(whole, list);
    }
    heap.lists[list] = block->next;
    return block;
}

void free(void *memory)
{
    if (memory == NULL) {
        return;
    }
    const struct head *head = (const struct head *)memory - 1;
    uint8_t *begin = (uint8_t *)memory - head->before;
    head = (const struct head *)(void *)begin - 1;
    if (head->list == OWN_PAGES) {
        const int error = errno;
        (void)munmap(begin - sizeof(*head), head->size + sizeof(*head));
        errno = error;
        return;
    }
    struct block *block = (struct block *)(void *)begin;
    block->next = heap.lists[head->list];
    heap.lists[head->list] = block;
}

void *calloc(size_t count, size_t size)
{
    size_t whole = 0;
    if (__builtin_mul_overflow(count, size, &whole)) {
        errno = ENOMEM;
        return NULL;
    }
    void *memory = malloc(whole);
    if (memory != NULL && whole <= LARGE) {
        memset(memory, 0, whole);
    }
    return memory;
}

size_t malloc_usable_size(void *memory)
{
    return memory != NULL ? ((const struct head *)memory - 1)->size : 0;
}

static void *grow_pages(void *memory, size_t size)
{
    struct head *head = (struct head *)memory - 1;
    head = size < SIZE_MAX - sizeof(*head)
               ? mremap(head, head->size + sizeof(*head), size + sizeof(*head), MREMAP_MAYMOVE)
               : MAP_FAILED;
    if (head == MAP_FAILED) {
        errno = ENOMEM;
        return NULL;
    }
    head->size = size;
    return head + 1;
}

void *realloc(void *memory, size_t size)
{
    const size_t before = malloc_usable_size(memory);
    if (memory != NULL && size <= before && size > before / 2) {
        return memory;
    }
    if (memory != NULL && size > LARGE && ((struct head *)memory - 1)->list == OWN_PAGES) {
        return grow_pages(memory, size);
    }
    void *grown = malloc(size);
    if (grown != NULL && memory != NULL) {
        memcpy(grown, memory, before < size ? before : size);
        free(memory);
    }
    return grown;
}

/* Room for the alignment, and a second head in front of what is handed out. */
void *memalign(size_t alignment, size_t size)
{
    if (alignment <= GRAIN) {
        return malloc(size);
    }
    uint8_t *begin = size < SIZE_MAX - alignment ? malloc(size + alignment) : NULL;
    if (begin == NULL) {
        return NULL;
    }
    const size_t shift = (alignment - (uintptr_t)begin % alignment) % alignment;
    if (shift > 0) {
        struct head *head = (struct head *)(void *)(begin + shift) - 1;
        *head = (struct head){.size = size, .list = 0, .before = (uint32_t)shift};
    }
    return begin + shift;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
    void *memory = memalign(alignment, size);
    if (memory == NULL) {
        return ENOMEM;
    }
    *ret_memory = memory;
    return 0;
}
#endif
