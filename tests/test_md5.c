/* test_md5.c: MD5 against the test suite of RFC 1321, against lengths around a block, and its
 * digests as numbers against Python's int(hashlib.md5(...).hexdigest(), 16).
 */
#include "sim/md5.h"

#include "tests/cases.h"

struct digest_row {
    const char *name, *text, *digest;
};

#define A8 "aaaaaaaa"
#define A55 A8 A8 A8 A8 A8 A8 "aaaaaaa"

/* Lengths 55 to 65: Python's hashlib. */
static const struct digest_row digest_rows[] = {
    {"nothing",                  "",                                                               "d41d8cd98f00b204e9800998ecf8427e"},
    {"a",                        "a",                                                              "0cc175b9c0f1b6a831c399e269772661"},
    {"abc",                      "abc",                                                            "900150983cd24fb0d6963f7d28e17f72"},
    {"message digest",           "message digest",                                                 "f96b697d7cb7938d525a2f31aaf161d0"},
    {"the small letters",        "abcdefghijklmnopqrstuvwxyz",                                     "c3fcd3d76192e4007dfb496cca67e13b"},
    {"letters and digits",       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
     "d174ab98d277d9f5a5611c2c9f419d9f"                                                                                              },
    {"eighty digits",
     "12345678901234567890123456789012345678901234567890123456789012345678901234567890",           "57edf4a22be3c955ac49da2e2107b67a"},
    {"the longest in one block", A55,                                                              "ef1772b6dff9a122358552954ad0df65"},
    {"one byte more",            A55 "a",                                                          "3b0c8ac703f828b04c6c197006d17218"},
    {"a byte less than one",     A55 A8,                                                           "b06521f39153d618550606be297466d5"},
    {"a whole block",            A55 A8 "a",                                                       "014842d480b571495a4a0363793f7367"},
    {"a byte more than one",     A55 A8 "aa",                                                      "c743a45e0d2e6a95cb859adae0248435"},
};

static void has_its_digest(void **state)
{
    const struct digest_row *row = *state;
    static const char hex[] = "0123456789abcdef";
    struct md5 digest = md5_of(text_from(row->text));
    char written[2 * MD5_BYTES + 1] = {0};
    for (unsigned i = 0; i < MD5_BYTES; i++) {
        written[2 * i] = hex[digest.bytes[i] >> 4];
        written[2 * i + 1] = hex[digest.bytes[i] & 15];
    }
    assert_string_equal(written, row->digest);
}

static void a_digest_is_a_number_modulo_another(void **state)
{
    (void)state;
    struct md5 digest = md5_of(TEXT("2026-01-30-f0001.ndjson"));
    const uint32_t divisors[] = {10, 7, 1, 100, UINT32_MAX};
    const uint32_t rests[] = {9, 5, 0, 69, 2398495224};
    for (unsigned i = 0; i < sizeof divisors / sizeof divisors[0]; i++) {
        assert_int_equal(md5_modulo(&digest, divisors[i]), rests[i]);
    }
}

int main(void)
{
    struct cases cases = {.count = 0};
    CASES_ADD_TABLE(&cases, has_its_digest, digest_rows);
    CASES_ADD(&cases, a_digest_is_a_number_modulo_another);
    return cases_run("md5", &cases);
}
