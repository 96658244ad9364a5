/* test_time.c: instants and durations against tables of known values.
 *
 * Calendar fields are checked against golden rows (leap years, the neighbours of 1970, negative
 * instants, both ends of the range), against libc's gmtime_r over the whole range, and by writing
 * and reading back. Input errors are checked by their whole message.
 */
#include "sim/random.h"
#include "sim/time.h"
#include "tests/cases.h"

#include <stdio.h>
#include <time.h>

struct instant_case {
    const char *name; /* as text_put_instant writes it */
    int64_t ns;
    const char *isoformat, *compact;
    int64_t epoch_seconds;
};

static const struct instant_case instants[] = {
    {"1970-01-01T00:00:00Z",           0,                                     "1970-01-01T00:00:00.000000+00:00", "19700101-000000", 0          },
    {"1970-01-01T00:00:00.000000001Z", 1,                                     "1970-01-01T00:00:00.000000+00:00", "19700101-000000", 0          },
    {"1969-12-31T23:59:59.999999999Z", -1,                                    "1969-12-31T23:59:59.999999+00:00", "19691231-235959",
     -1                                                                                                                                         },
    {"1969-12-31T23:59:59Z",           -NS_PER_S,                             "1969-12-31T23:59:59.000000+00:00", "19691231-235959", -1         },
    {"1969-12-31T00:00:00Z",           -NS_PER_DAY,                           "1969-12-31T00:00:00.000000+00:00", "19691231-000000",
     -86400                                                                                                                                     },
    {"1970-01-02T00:00:00Z",           NS_PER_DAY,                            "1970-01-02T00:00:00.000000+00:00", "19700102-000000",
     86400                                                                                                                                      },
    {"2000-02-29T12:00:00Z",           INT64_C(951825600) * NS_PER_S,         "2000-02-29T12:00:00.000000+00:00",
     "20000229-120000",                                                                                                              951825600  },
    {"2000-03-01T00:00:00Z",           INT64_C(951868800) * NS_PER_S,         "2000-03-01T00:00:00.000000+00:00",
     "20000301-000000",                                                                                                              951868800  },
    {"2100-02-28T23:59:59Z",           INT64_C(4107542399) * NS_PER_S,        "2100-02-28T23:59:59.000000+00:00",
     "21000228-235959",                                                                                                              4107542399 },
    {"2100-03-01T00:00:00Z",           INT64_C(4107542400) * NS_PER_S,        "2100-03-01T00:00:00.000000+00:00",
     "21000301-000000",                                                                                                              4107542400 },
    {"2024-02-29T23:59:59.500Z",       INT64_C(1709251199500) * NS_PER_MS,
     "2024-02-29T23:59:59.500000+00:00",                                                                          "20240229-235959", 1709251199 },
    {"2026-01-30T05:00:00.000250Z",    INT64_C(1769749200000250) * NS_PER_US,
     "2026-01-30T05:00:00.000250+00:00",                                                                          "20260130-050000", 1769749200 },
    {"2026-12-31T23:59:59.000000007Z", INT64_C(1798761599000000007),
     "2026-12-31T23:59:59.000000+00:00",                                                                          "20261231-235959", 1798761599 },
    {"1900-02-28T00:00:00Z",           INT64_C(-2203977600) * NS_PER_S,       "1900-02-28T00:00:00.000000+00:00",
     "19000228-000000",                                                                                                              -2203977600},
    {"1677-09-21T00:12:43.145224192Z", INT64_MIN,                             "1677-09-21T00:12:43.145224+00:00",
     "16770921-001243",                                                                                                              -9223372037},
    {"2262-04-11T23:47:16.854775807Z", INT64_MAX,                             "2262-04-11T23:47:16.854775+00:00",
     "22620411-234716",                                                                                                              9223372036 },
};

typedef void put_function(struct text_writer *w, struct instant t);

static void assert_written(put_function *put, struct instant t, const char *expected)
{
    char buffer[64];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    put(&w, t);
    assert_string_equal(text_writer_string(&w), expected);
    assert_false(w.overflowed);
}

static void test_instant(void **state)
{
    const struct instant_case *c = *state;
    struct instant t = {c->ns};
    assert_written(text_put_instant, t, c->name);
    assert_written(text_put_isoformat, t, c->isoformat);
    assert_written(text_put_compact, t, c->compact);
    char date[11];
    (void)snprintf(date, sizeof date, "%.10s", c->name);
    assert_written(text_put_date, t, date);
    assert_true(instant_epoch_seconds(t) == c->epoch_seconds);

    struct civil civil = instant_civil(t);
    struct instant back = {7};
    assert_true(instant_from_civil(&civil, &back));
    assert_true(back.ns == c->ns);
    back.ns = 7;
    assert_int_equal(instant_parse(text_from(c->name), &back, NULL), STATUS_OK);
    assert_true(back.ns == c->ns);
}

/* The oracle is the C library's own calendar. */
static void test_calendar_agrees_with_gmtime(void **state)
{
    (void)state;
    struct random_stream stream = random_stream(1, TEXT("calendar"));
    for (int i = 0; i < 200000; i++) {
        struct instant t = {(int64_t)random_next(&stream)};
        time_t seconds = (time_t)instant_epoch_seconds(t);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        struct civil c = instant_civil(t);
        assert_int_equal(c.year, tm.tm_year + 1900);
        assert_int_equal(c.month, tm.tm_mon + 1);
        assert_int_equal(c.day, tm.tm_mday);
        assert_int_equal(c.hour, tm.tm_hour);
        assert_int_equal(c.minute, tm.tm_min);
        assert_int_equal(c.second, tm.tm_sec);
        assert_in_range(c.nanosecond, 0, NS_PER_S - 1);
        struct instant back = {0};
        assert_true(instant_from_civil(&c, &back));
        assert_true(back.ns == t.ns);
    }
}

static const struct civil_case {
    const char *name;
    struct civil civil;
} bad_civils[] = {
    {"month 0",              {2026, 0, 1, 0, 0, 0, 0}            },
    {"month 13",             {2026, 13, 1, 0, 0, 0, 0}           },
    {"day 0",                {2026, 1, 0, 0, 0, 0, 0}            },
    {"31 April",             {2026, 4, 31, 0, 0, 0, 0}           },
    {"30 February",          {2024, 2, 30, 0, 0, 0, 0}           },
    {"29 February 2026",     {2026, 2, 29, 0, 0, 0, 0}           },
    {"29 February 1900",     {1900, 2, 29, 0, 0, 0, 0}           },
    {"hour 24",              {2026, 1, 1, 24, 0, 0, 0}           },
    {"minute 60",            {2026, 1, 1, 0, 60, 0, 0}           },
    {"a leap second",        {2016, 12, 31, 23, 59, 60, 0}       },
    {"nanosecond 10^9",      {2026, 1, 1, 0, 0, 0, 1000000000}   },
    {"nanosecond -1",        {2026, 1, 1, 0, 0, 0, -1}           },
    {"one before the range", {1677, 9, 21, 0, 12, 43, 145224191} },
    {"one after the range",  {2262, 4, 11, 23, 47, 16, 854775808}},
    {"the year 1",           {1, 1, 1, 0, 0, 0, 0}               },
    {"the year 9999",        {9999, 12, 31, 23, 59, 59, 0}       },
    {"the largest year",     {INT32_MAX, 1, 1, 0, 0, 0, 0}       },
};

static void test_bad_civil(void **state)
{
    const struct civil_case *c = *state;
    struct instant t = {7};
    assert_false(instant_from_civil(&c->civil, &t));
    assert_true(t.ns == 7);
}

static const struct parse_case {
    const char *name; /* what is read */
    int64_t ns;
} instants_read[] =
    {
        {"2026-01-29T08:00:00.25Z",             INT64_C(1769673600250) * NS_PER_MS},
        {"2026-01-29T09:00:00+01:00",           INT64_C(1769673600) * NS_PER_S    },
        {"2026-01-28T22:30:00-09:30",           INT64_C(1769673600) * NS_PER_S    },
        {"2026-01-29T08:00:00.5+00:00",         INT64_C(1769673600500) * NS_PER_MS},
        {"2262-04-12T00:47:16.854775807+01:00", INT64_MAX                         },
        {"1677-09-20T23:12:43.145224192-01:00", INT64_MIN                         },
},
  durations_read[] = {
      {"0s", 0},
      {"0d", 0},
      {"300s", 300 * NS_PER_S},
      {"1h30m", 5400 * NS_PER_S},
      {"90m", 5400 * NS_PER_S},
      {"1h90m", 9000 * NS_PER_S},
      {"250ms", 250 * NS_PER_MS},
      {"1.5s", 1500 * NS_PER_MS},
      {"0.000000001s", 1},
      {"2d", 2 * NS_PER_DAY},
      {"1d2h3m4s5ms6us7ns", INT64_C(93784005006007)},
      {"0.0000152587890625d", INT64_C(1318359375)},
      {"007s", 7 * NS_PER_S},
      {"1.000ns", 1},
      {"106751d23h47m16s854ms775us807ns", INT64_MAX},
};

static void test_instant_read(void **state)
{
    const struct parse_case *c = *state;
    struct instant t = {7};
    assert_int_equal(instant_parse(text_from(c->name), &t, NULL), STATUS_OK);
    assert_true(t.ns == c->ns);
}

static void test_duration_read(void **state)
{
    const struct parse_case *c = *state;
    struct duration d = {7};
    assert_int_equal(duration_parse(text_from(c->name), &d, NULL), STATUS_OK);
    assert_true(d.ns == c->ns);
}

#define NOT_AN_INSTANT                                                                             \
    "' is not an instant; write 2026-01-29T08:00:00Z, 2026-01-29T08:00:00.25Z or "                 \
    "2026-01-29T09:00:00+01:00"
#define NO_SUCH_DATE "' names no instant: there is no such date or time of day"
#define OUT_OF_RANGE "' is out of range; instants lie from 1677-09-21 to 2262-04-11"
#define NOT_A_DURATION                                                                             \
    "' is not a duration; write numbers of at most 18 digits with the units d, h, m, s, ms, us "   \
    "or ns: 300s, 5m, 1h30m"
#define WRONG_ORDER "' is not a duration: write the largest unit first, each at most once"

static const struct error_case {
    const char *name; /* what is read */
    const char *message;
} instant_errors[] =
    {
        {"",                                                                           "'" NOT_AN_INSTANT                               },
        {"2026-01-29",                                                                 "'2026-01-29" NOT_AN_INSTANT                     },
        {"2026-01-29T08:00:00",                                                        "'2026-01-29T08:00:00" NOT_AN_INSTANT            },
        {"2026-01-29 08:00:00Z",                                                       "'2026-01-29 08:00:00Z" NOT_AN_INSTANT           },
        {"2026-1-29T08:00:00Z",                                                        "'2026-1-29T08:00:00Z" NOT_AN_INSTANT            },
        {"2026-01-29T08:00:00.Z",                                                      "'2026-01-29T08:00:00.Z" NOT_AN_INSTANT          },
        {"2026-01-29T08:00:00.0123456789Z",                                            "'2026-01-29T08:00:00.0123456789Z" NOT_AN_INSTANT},
        {"2026-01-29T08:00:00Z ",                                                      "'2026-01-29T08:00:00Z " NOT_AN_INSTANT          },
        {"2026-01-29T08:00:00+0100",                                                   "'2026-01-29T08:00:00+0100" NOT_AN_INSTANT       },
        {"2026-01-29T08:00:00+24:00",                                                  "'2026-01-29T08:00:00+24:00" NOT_AN_INSTANT      },
        {"2026-02-29T08:00:00Z",                                                       "'2026-02-29T08:00:00Z" NO_SUCH_DATE             },
        {"2026-13-29T08:00:00Z",                                                       "'2026-13-29T08:00:00Z" NO_SUCH_DATE             },
        {"2026-01-29T24:00:00Z",                                                       "'2026-01-29T24:00:00Z" NO_SUCH_DATE             },
        {"0000-01-01T00:00:00Z",                                                       "'0000-01-01T00:00:00Z" NO_SUCH_DATE             },
        {"2262-04-11T23:47:16.854775808Z",                                             "'2262-04-11T23:47:16.854775808Z" OUT_OF_RANGE   },
        {"2262-04-11T23:47:16-00:01",                                                  "'2262-04-11T23:47:16-00:01" OUT_OF_RANGE        },
        {"1677-09-21T00:12:43.145224191Z",                                             "'1677-09-21T00:12:43.145224191Z" OUT_OF_RANGE   },
        {"9999-12-31T23:59:59Z",                                                       "'9999-12-31T23:59:59Z" OUT_OF_RANGE             },
        {"long long long long long long long long long long long long long long long",
         "'long long long long long long long long long long long long long..." NOT_AN_INSTANT                                          },
},
  duration_errors[] = {
      {"", "'" NOT_A_DURATION},
      {"300", "'300' is not a duration; write 300s, 5m or 1h30m"},
      {"0", "'0' is not a duration; write 0s, 5m or 1h30m"},
      {"1.5", "'1.5' is not a duration; write 1.5s, 5m or 1h30m"},
      {"1h30", "'1h30" NOT_A_DURATION},
      {"5 m", "'5 m" NOT_A_DURATION},
      {"5M", "'5M" NOT_A_DURATION},
      {"5min", "'5min" NOT_A_DURATION},
      {"s", "'s" NOT_A_DURATION},
      {".5s", "'.5s" NOT_A_DURATION},
      {"5.s", "'5.s" NOT_A_DURATION},
      {"1e3s", "'1e3s" NOT_A_DURATION},
      {"+5s", "'+5s" NOT_A_DURATION},
      {"-5s", "'-5s' is not a duration: it may not be negative"},
      {"30m1h", "'30m1h" WRONG_ORDER},
      {"1s1s", "'1s1s" WRONG_ORDER},
      {"0.5ns", "'0.5ns' does not come out at whole nanoseconds"},
      {"0.0000000001s", "'0.0000000001s' does not come out at whole nanoseconds"},
      {"1234567890123456789s", "'1234567890123456789s" NOT_A_DURATION},
      {"106752d", "'106752d' is longer than 292 years"},
      {"106751d23h47m16s854ms775us808ns",
       "'106751d23h47m16s854ms775us808ns' is longer than 292 years"},
};

static void test_instant_error(void **state)
{
    const struct error_case *c = *state;
    struct instant t = {7};
    struct error error;
    assert_int_equal(instant_parse(text_from(c->name), &t, &error), STATUS_BAD_INPUT);
    assert_string_equal(error.message, c->message);
    assert_true(t.ns == 7);
}

static void test_duration_error(void **state)
{
    const struct error_case *c = *state;
    struct duration d = {7};
    struct error error;
    assert_int_equal(duration_parse(text_from(c->name), &d, &error), STATUS_BAD_INPUT);
    assert_string_equal(error.message, c->message);
    assert_true(d.ns == 7);
}

static const struct parse_case durations_written[] = {
    {"0s",                               0               },
    {"1ns",                              1               },
    {"-1ns",                             -1              },
    {"-3s",                              -3 * NS_PER_S   },
    {"5m",                               300 * NS_PER_S  },
    {"1h30m",                            5400 * NS_PER_S },
    {"250ms",                            250 * NS_PER_MS },
    {"1s500ms",                          1500 * NS_PER_MS},
    {"1d1ns",                            NS_PER_DAY + 1  },
    {"23h59m59s999ms999us999ns",         NS_PER_DAY - 1  },
    {"106751d23h47m16s854ms775us807ns",  INT64_MAX       },
    {"-106751d23h47m16s854ms775us808ns", INT64_MIN       },
};

static void assert_duration_written(int64_t ns, const char *expected)
{
    char buffer[64];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    text_put_duration(&w, (struct duration){ns});
    assert_string_equal(text_writer_string(&w), expected);
}

static void test_duration_written(void **state)
{
    const struct parse_case *c = *state;
    assert_duration_written(c->ns, c->name);
}

static void test_durations_read_back(void **state)
{
    (void)state;
    struct random_stream stream = random_stream(2, TEXT("durations"));
    for (int i = 0; i < 100000; i++) {
        /* All magnitudes alike: between 1 and 63 random bits. */
        struct duration d = {(int64_t)(random_next(&stream) >> (1 + random_below(&stream, 63)))};
        char buffer[64];
        struct text_writer w = text_writer(buffer, sizeof buffer);
        text_put_duration(&w, d);
        struct duration back = {-1};
        assert_int_equal(duration_parse(text_written(&w), &back, NULL), STATUS_OK);
        assert_true(back.ns == d.ns);
    }
}

static void test_checked_sum_stops_at_the_range(void **state)
{
    (void)state;
    struct instant sum = {7};
    assert_true(instant_add_checked((struct instant){INT64_MAX - 1}, (struct duration){1}, &sum));
    assert_true(sum.ns == INT64_MAX);
    assert_false(instant_add_checked((struct instant){INT64_MAX}, (struct duration){1}, &sum));
    assert_false(instant_add_checked((struct instant){INT64_MIN}, (struct duration){-1}, &sum));
    assert_true(sum.ns == INT64_MAX);
}

static void test_arithmetic(void **state)
{
    (void)state;
    struct instant start = {1000};
    struct instant later = instant_add(start, duration_ms(2));
    assert_true(later.ns == 2001000);
    assert_true(instant_since(later, start).ns == 2 * NS_PER_MS);
    assert_true(instant_since(start, later).ns == -2 * NS_PER_MS);
    assert_true(instant_before(start, later));
    assert_false(instant_before(later, start));
    assert_false(instant_before(start, start));
    assert_true(duration_s(3).ns == 3 * NS_PER_S);
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD_TABLE(&cases, test_instant, instants);
    CASES_ADD_TABLE(&cases, test_bad_civil, bad_civils);
    CASES_ADD_TABLE(&cases, test_instant_read, instants_read);
    CASES_ADD_TABLE(&cases, test_instant_error, instant_errors);
    CASES_ADD_TABLE(&cases, test_duration_read, durations_read);
    CASES_ADD_TABLE(&cases, test_duration_error, duration_errors);
    CASES_ADD_TABLE(&cases, test_duration_written, durations_written);
    CASES_ADD(&cases, test_calendar_agrees_with_gmtime);
    CASES_ADD(&cases, test_durations_read_back);
    CASES_ADD(&cases, test_checked_sum_stops_at_the_range);
    CASES_ADD(&cases, test_arithmetic);
    return cases_run("time", &cases);
}
