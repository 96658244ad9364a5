/* test_memory.c: reserved address space is zeroed, writable to its last byte, and costs nothing
 * until it is touched; what is expected becomes memory at once, and keeps what is in it; so does
 * what is better made of large pages; what cannot be reserved is NULL, not a crash.
 */
#include "sim/memory.h"
#include "tests/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void test_zeroed_and_writable_to_the_end(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4095, 4096, 4097, 1000000};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        unsigned char *memory = memory_reserve(sizes[k]);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 4096, 0);
        for (size_t i = 0; i < sizes[k]; i++) {
            assert_int_equal(memory[i], 0);
            memory[i] = 0xFF;
        }
        memory_release(memory, sizes[k]);
    }
}

/* More than most machines have: 256 GiB, of which two pages become memory. */
static void test_more_than_the_machine_has(void **state)
{
    (void)state;
    const size_t size = (size_t)1 << 38;
    unsigned char *memory = memory_reserve(size);
    assert_non_null(memory);
    memory[0] = 1;
    memory[size - 1] = 2;
    assert_int_equal(memory[0] + memory[size - 1], 3);
    memory_release(memory, size);
}

/* Whether the machine can be told at all what is expected. */
static bool expects(void)
{
#ifdef MADV_POPULATE_WRITE
    void *memory = memory_reserve(1);
    bool known = madvise(memory, 1, MADV_POPULATE_WRITE) == 0;
    memory_release(memory, 1);
    return known;
#else
    return false;
#endif
}

static void test_expected(void **state)
{
    (void)state;

    enum { PAGES = 16, EXPECTED = 9 };

    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char present[PAGES];
    unsigned char *memory = memory_reserve(PAGES * page);
    assert_non_null(memory);
    (void)madvise(memory, PAGES * page, MADV_NOHUGEPAGE); /* else one touch may make many pages */
    memory[5 * page] = 7;
    memory_expect(memory, EXPECTED * page);
    memory_expect(memory + 1, page);
    assert_int_equal(mincore(memory, PAGES * page, present), 0);
    size_t expected = expects() ? EXPECTED : 0;
    for (size_t i = 0; i < PAGES; i++) {
        assert_int_equal(present[i] & 1, i < expected || i == 5);
        assert_int_equal(memory[i * page], i == 5 ? 7 : 0);
    }
    memory_release(memory, PAGES * page);
}

/* Whether the kernel's flags of the mapping that begins at `memory` say that large pages are
 * wanted.
 */
static bool wants_large_pages(const void *memory)
{
    FILE *f = fopen("/proc/self/smaps", "re");
    char line[512];
    bool here = false;
    bool wants = false;
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        char *end;
        uintptr_t begin = (uintptr_t)strtoull(line, &end, 16);
        here = *end == '-' ? begin == (uintptr_t)memory : here;
        wants |= here && strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " hg") != NULL;
    }
    (void)fclose(f);
    return wants;
}

/* A machine without large pages goes without them. */
static void test_large_pages(void **state)
{
    (void)state;
    const size_t size = (size_t)4 << 20;
    bool known = access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0;
    unsigned char *memory = memory_reserve(size);
    assert_non_null(memory);
    memory[5] = 7;
    memory_prefer_large_pages(memory + 1, size - 1); /* does not begin with a page */
    assert_false(wants_large_pages(memory));
    memory_prefer_large_pages(memory, size);
    assert_int_equal(wants_large_pages(memory), known);
    assert_int_equal(memory[5], 7);
    assert_int_equal(memory[size - 1], 0);
    memory_release(memory, size);
}

static void test_refused(void **state)
{
    (void)state;
    assert_null(memory_reserve(SIZE_MAX / 2));
    memory_release(NULL, 4096);
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD(&cases, test_zeroed_and_writable_to_the_end);
    CASES_ADD(&cases, test_more_than_the_machine_has);
    CASES_ADD(&cases, test_expected);
    CASES_ADD(&cases, test_large_pages);
    CASES_ADD(&cases, test_refused);
    return cases_run("memory", &cases);
}
