/* time.c: see time.h.
 *
 * Days and calendar fields are converted as Howard Hinnant describes in "chrono-compatible
 * low-level date algorithms": a year begins in March, so that the leap day is its last, and 400
 * years are one era of 146 097 days. All instants lie after the year 0, so plain division will do.
 */
#include "sim/time.h"

__extension__ typedef __int128 int128;

enum { DAYS_IN_ERA = 146097, DAYS_BEFORE_1970 = 719468 /* since 1 March of the year 0 */ };

bool instant_add_checked(struct instant t, struct duration d, struct instant *sum)
{
    int64_t ns = 0;
    if (__builtin_add_overflow(t.ns, d.ns, &ns)) {
        return false;
    }
    sum->ns = ns;
    return true;
}

static int64_t floor_divide(int64_t dividend, int64_t divisor)
{
    return dividend / divisor - (dividend % divisor < 0);
}

static int64_t floor_remainder(int64_t dividend, int64_t divisor)
{
    int64_t remainder = dividend % divisor;
    return remainder < 0 ? remainder + divisor : remainder;
}

int64_t instant_epoch_seconds(struct instant t)
{
    return floor_divide(t.ns, NS_PER_S);
}

static void civil_set_date(struct civil *c, int64_t days_since_1970)
{
    int64_t days = days_since_1970 + DAYS_BEFORE_1970;
    int64_t era = days / DAYS_IN_ERA;
    int64_t day_of_era = days % DAYS_IN_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    c->day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    c->month = (int32_t)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    c->year = (int32_t)(era * 400 + year_of_era + (c->month <= 2));
}

struct civil instant_civil(struct instant t)
{
    int64_t seconds = floor_remainder(t.ns, NS_PER_DAY) / NS_PER_S;
    struct civil c = {
        .hour = (int32_t)(seconds / 3600),
        .minute = (int32_t)(seconds / 60 % 60),
        .second = (int32_t)(seconds % 60),
        .nanosecond = (int32_t)floor_remainder(t.ns, NS_PER_S),
    };
    civil_set_date(&c, floor_divide(t.ns, NS_PER_DAY));
    return c;
}

static int64_t days_of_civil(const struct civil *c)
{
    int64_t year = c->year - (c->month <= 2);
    int64_t month_from_march = c->month > 2 ? c->month - 3 : c->month + 9;
    int64_t year_of_era = year % 400;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + c->day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return year / 400 * DAYS_IN_ERA + day_of_era - DAYS_BEFORE_1970;
}

static int32_t days_in_month(int32_t year, int32_t month)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool between(int32_t value, int32_t least, int32_t most)
{
    return least <= value && value <= most;
}

static bool civil_is_valid(const struct civil *c)
{
    return between(c->year, 1, 9999) && between(c->month, 1, 12) &&
           between(c->day, 1, days_in_month(c->year, c->month)) && between(c->hour, 0, 23) &&
           between(c->minute, 0, 59) && between(c->second, 0, 59) &&
           between(c->nanosecond, 0, (int32_t)NS_PER_S - 1);
}

static bool instant_from_wide(int128 ns, struct instant *t)
{
    if (ns < INT64_MIN || ns > INT64_MAX) {
        return false;
    }
    t->ns = (int64_t)ns;
    return true;
}

/* The fields are valid; the result may lie outside the range of instants. */
static int128 civil_wide_ns(const struct civil *c)
{
    int64_t seconds =
        days_of_civil(c) * 86400 + c->hour * INT64_C(3600) + c->minute * INT64_C(60) + c->second;
    return (int128)seconds * NS_PER_S + c->nanosecond;
}

bool instant_from_civil(const struct civil *civil, struct instant *t)
{
    return civil_is_valid(civil) && instant_from_wide(civil_wide_ns(civil), t);
}

static void put_date(struct text_writer *w, const struct civil *c)
{
    text_put_integer(w, c->year, 4);
    text_put_char(w, '-');
    text_put_integer(w, c->month, 2);
    text_put_char(w, '-');
    text_put_integer(w, c->day, 2);
}

static void put_date_and_time(struct text_writer *w, const struct civil *c)
{
    put_date(w, c);
    text_put_char(w, 'T');
    text_put_integer(w, c->hour, 2);
    text_put_char(w, ':');
    text_put_integer(w, c->minute, 2);
    text_put_char(w, ':');
    text_put_integer(w, c->second, 2);
}

void text_put_date(struct text_writer *w, struct instant t)
{
    struct civil c = instant_civil(t);
    put_date(w, &c);
}

void text_put_isoformat(struct text_writer *w, struct instant t)
{
    struct civil c = instant_civil(t);
    put_date_and_time(w, &c);
    text_put_char(w, '.');
    text_put_integer(w, c.nanosecond / 1000, 6);
    text_put(w, TEXT("+00:00"));
}

void text_put_instant(struct text_writer *w, struct instant t)
{
    struct civil c = instant_civil(t);
    put_date_and_time(w, &c);
    if (c.nanosecond != 0) {
        text_put_char(w, '.');
        if (c.nanosecond % 1000000 == 0) {
            text_put_integer(w, c.nanosecond / 1000000, 3);
        } else if (c.nanosecond % 1000 == 0) {
            text_put_integer(w, c.nanosecond / 1000, 6);
        } else {
            text_put_integer(w, c.nanosecond, 9);
        }
    }
    text_put_char(w, 'Z');
}

void text_put_compact(struct text_writer *w, struct instant t)
{
    struct civil c = instant_civil(t);
    text_put_integer(w, c.year, 4);
    text_put_integer(w, c.month, 2);
    text_put_integer(w, c.day, 2);
    text_put_char(w, '-');
    text_put_integer(w, c.hour, 2);
    text_put_integer(w, c.minute, 2);
    text_put_integer(w, c.second, 2);
}

/* The units of a duration, the largest first, as they are written and read. */
static const struct unit {
    struct text name;
    int64_t ns;
} units[] = {
    {{"d", 1},  NS_PER_DAY              },
    {{"h", 1},  INT64_C(3600) * NS_PER_S},
    {{"m", 1},  INT64_C(60) * NS_PER_S  },
    {{"s", 1},  NS_PER_S                },
    {{"ms", 2}, NS_PER_MS               },
    {{"us", 2}, NS_PER_US               },
    {{"ns", 2}, 1                       },
};

enum { UNITS_COUNT = sizeof units / sizeof units[0] };

void text_put_duration(struct text_writer *w, struct duration d)
{
    if (d.ns == 0) {
        text_put(w, TEXT("0s"));
        return;
    }
    if (d.ns < 0) {
        text_put_char(w, '-');
    }
    /* The magnitude of the least duration fits only without a sign. */
    uint64_t rest = d.ns < 0 ? 0 - (uint64_t)d.ns : (uint64_t)d.ns;
    for (int i = 0; i < UNITS_COUNT; i++) {
        uint64_t count = rest / (uint64_t)units[i].ns;
        rest %= (uint64_t)units[i].ns;
        if (count > 0) {
            text_put_integer(w, (int64_t)count, 0);
            text_put(w, units[i].name);
        }
    }
}

static bool is_digit(char c)
{
    return '0' <= c && c <= '9';
}

/* Takes one character off the front if it is `c`. */
static bool take_char(struct text *rest, char c)
{
    if (rest->size == 0 || rest->at[0] != c) {
        return false;
    }
    rest->at++;
    rest->size--;
    return true;
}

/* Takes all digits off the front and gives their number and value; false where there are none, or
 * more than `most`. At most 18, so that the value fits. */
static bool take_digits(struct text *rest, int most, int *count, int64_t *value)
{
    *count = 0;
    *value = 0;
    while (rest->size > 0 && is_digit(rest->at[0])) {
        if (*count == most) {
            return false;
        }
        *value = *value * 10 + (rest->at[0] - '0');
        ++*count;
        rest->at++;
        rest->size--;
    }
    return *count > 0;
}

/* Takes exactly `count` digits. */
static bool take_field(struct text *rest, int count, int32_t *value)
{
    int found = 0;
    int64_t wide = 0;
    bool ok = take_digits(rest, count, &found, &wide) && found == count;
    *value = (int32_t)wide;
    return ok;
}

static int64_t power_of_ten(int exponent)
{
    int64_t power = 1;
    while (exponent-- > 0) {
        power *= 10;
    }
    return power;
}

/* Takes ".25" if it is there: one to nine digits. */
static bool take_fraction(struct text *rest, int32_t *nanosecond)
{
    *nanosecond = 0;
    if (!take_char(rest, '.')) {
        return true;
    }
    int count = 0;
    int64_t value = 0;
    bool ok = take_digits(rest, 9, &count, &value);
    *nanosecond = (int32_t)(value * power_of_ten(9 - count));
    return ok;
}

static bool take_offset(struct text *rest, int64_t *offset_seconds)
{
    *offset_seconds = 0;
    if (take_char(rest, 'Z')) {
        return true;
    }
    bool west = take_char(rest, '-');
    int32_t hours = 0;
    int32_t minutes = 0;
    if ((!west && !take_char(rest, '+')) || !take_field(rest, 2, &hours) || !take_char(rest, ':') ||
        !take_field(rest, 2, &minutes)) {
        return false;
    }
    *offset_seconds = (west ? -1 : 1) * (hours * INT64_C(3600) + minutes * INT64_C(60));
    return hours <= 23 && minutes <= 59;
}

static bool take_civil(struct text *rest, struct civil *c)
{
    return take_field(rest, 4, &c->year) && take_char(rest, '-') &&
           take_field(rest, 2, &c->month) && take_char(rest, '-') && take_field(rest, 2, &c->day) &&
           take_char(rest, 'T') && take_field(rest, 2, &c->hour) && take_char(rest, ':') &&
           take_field(rest, 2, &c->minute) && take_char(rest, ':') &&
           take_field(rest, 2, &c->second) && take_fraction(rest, &c->nanosecond);
}

/* "'TEXT'REASON", the text cut where it is so long that it would hide the reason. */
static enum status refuse(struct error *error, struct text text, const char *reason)
{
    enum { SHOWN_MAX = 64 };

    bool cut = text.size > SHOWN_MAX;
    return error_set(error, STATUS_BAD_INPUT, "'%.*s%s'%s", (int)(cut ? SHOWN_MAX : text.size),
                     text.at, cut ? "..." : "", reason);
}

enum status instant_parse(struct text text, struct instant *t, struct error *error)
{
    struct text rest = text;
    struct civil c;
    int64_t offset_seconds = 0;
    if (!take_civil(&rest, &c) || !take_offset(&rest, &offset_seconds) || rest.size > 0) {
        return refuse(error, text,
                      " is not an instant; write 2026-01-29T08:00:00Z, "
                      "2026-01-29T08:00:00.25Z or 2026-01-29T09:00:00+01:00");
    }
    if (!civil_is_valid(&c)) {
        return refuse(error, text, " names no instant: there is no such date or time of day");
    }
    if (!instant_from_wide(civil_wide_ns(&c) - (int128)offset_seconds * NS_PER_S, t)) {
        return refuse(error, text, " is out of range; instants lie from 1677-09-21 to 2262-04-11");
    }
    return STATUS_OK;
}

/* A number as written, "1.5": 15 over 10^1. */
struct decimal {
    int64_t digits;
    int64_t divisor;
};

static bool take_decimal(struct text *rest, struct decimal *number)
{
    enum { DIGITS_MAX = 18 };

    int count = 0;
    *number = (struct decimal){.divisor = 1};
    if (!take_digits(rest, DIGITS_MAX, &count, &number->digits)) {
        return false;
    }
    if (!take_char(rest, '.')) {
        return true;
    }
    int places = 0;
    int64_t fraction = 0;
    if (!take_digits(rest, DIGITS_MAX - count, &places, &fraction)) {
        return false;
    }
    number->divisor = power_of_ten(places);
    number->digits = number->digits * number->divisor + fraction;
    return true;
}

/* Takes a unit's name; its index, or UNITS_COUNT where none is there. */
static int take_unit(struct text *rest)
{
    struct text name = {rest->at, 0};
    while (name.size < rest->size && !is_digit(name.at[name.size])) {
        name.size++;
    }
    int i = 0;
    while (i < UNITS_COUNT && !text_equal(name, units[i].name)) {
        i++;
    }
    rest->at += name.size;
    rest->size -= name.size;
    return i;
}

/* The message for a text that is not made of numbers with units; proposes a bare number's unit. */
static enum status refuse_duration(struct error *error, struct text text)
{
    struct text rest = text;
    struct decimal number;
    if (text.size > 0 && text.at[0] == '-') {
        return refuse(error, text, " is not a duration: it may not be negative");
    }
    if (take_decimal(&rest, &number) && rest.size == 0) {
        return error_set(error, STATUS_BAD_INPUT,
                         "'%.*s' is not a duration; write %.*ss, 5m or 1h30m", (int)text.size,
                         text.at, (int)text.size, text.at);
    }
    return refuse(error, text,
                  " is not a duration; write numbers of at most 18 digits with the units d, h, m, "
                  "s, ms, us or ns: 300s, 5m, 1h30m");
}

enum status duration_parse(struct text text, struct duration *d, struct error *error)
{
    struct text rest = text;
    int128 sum = 0;
    int unit = -1;
    do {
        struct decimal number;
        int previous = unit;
        if (!take_decimal(&rest, &number) || (unit = take_unit(&rest)) == UNITS_COUNT) {
            return refuse_duration(error, text);
        }
        if (unit <= previous) {
            return refuse(error, text,
                          " is not a duration: write the largest unit first, each at most once");
        }
        int128 ns = (int128)number.digits * units[unit].ns;
        if (ns % number.divisor != 0) {
            return refuse(error, text, " does not come out at whole nanoseconds");
        }
        sum += ns / number.divisor;
    } while (rest.size > 0);
    if (sum > INT64_MAX) {
        return refuse(error, text, " is longer than 292 years");
    }
    d->ns = (int64_t)sum;
    return STATUS_OK;
}
