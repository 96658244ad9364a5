/* operator_command.c: see operator_command.h. */
#include "model/pipeline/operator_command.h"

#include "sim/time.h"

#define WORD(name, word) word,
static const char *const tool_words[] = {TOOL_MAP(WORD) NULL};
static const char *const reprocess_words[] = {REPROCESS_MAP(WORD) NULL};
#undef WORD

enum option {
    OPTION_CLEAR_EXPIRED,
    OPTION_FIXED,
    OPTION_FILES,
    OPTION_SIZE,
    OPTION_DATE,
    OPTION_PREFIX
};

static const char *const option_words[] = {
    [OPTION_CLEAR_EXPIRED] = "--clear-expired",
    [OPTION_FIXED] = "--fixed",
    [OPTION_FILES] = "--files",
    [OPTION_SIZE] = "--size",
    [OPTION_DATE] = "--date",
    [OPTION_PREFIX] = "--prefix",
    [OPTION_PREFIX + 1] = NULL,
};

/* What one file of an upload is unless it is said: 3.5 MB, as the deployment's files. */
enum { UPLOAD_SIZE = 3670016, UPLOAD_FILES_MAX = 10000 };

struct words {
    struct text rest;
    struct operator_unknown *unknown;
    struct error *error;
};

/* The next word; false at the end of the line. */
static bool take_word(struct words *w, struct text *word)
{
    struct text rest = w->rest;
    while (rest.size > 0 && rest.at[0] == ' ') {
        rest = (struct text){rest.at + 1, rest.size - 1};
    }
    size_t size = 0;
    while (size < rest.size && rest.at[size] != ' ') {
        size++;
    }
    *word = (struct text){rest.at, size};
    w->rest = (struct text){rest.at + size, rest.size - size};
    return size > 0;
}

static enum status refuse(const struct words *w, struct text word, const char *what)
{
    return error_set(w->error, STATUS_BAD_INPUT, "'%.*s' %s",
                     (int)(word.size < 60 ? word.size : 60), word.at, what);
}

static enum status find_word(const struct words *w, const char *const *known, struct text word,
                             unsigned *found)
{
    for (unsigned i = 0; known[i] != NULL; i++) {
        if (text_equal(word, text_from(known[i]))) {
            *found = i;
            return STATUS_OK;
        }
    }
    *w->unknown = (struct operator_unknown){word, known};
    return refuse(w, word, "is unknown");
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool parse_number(struct text text, int64_t most, int64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.at[i]) || *number > most) {
            return false;
        }
        *number = *number * 10 + (text.at[i] - '0');
    }
    return text.size > 0 && *number >= 1 && *number <= most;
}

/* "3.5MB", "1024B": whole bytes, MB of 2^20. */
static bool parse_size(struct text text, int64_t *bytes)
{
    static const struct {
        const char *name;
        int64_t amount;
    } units[] = {
        {"GB", INT64_C(1) << 30},
        {"MB", 1 << 20         },
        {"KB", 1 << 10         },
        {"B",  1               },
    };

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!text_ends(text, text_from(units[i].name))) {
            continue;
        }
        struct text digits = {text.at, text.size - strlen(units[i].name)};
        int64_t scale = 1;
        *bytes = 0;
        bool fraction = false;
        for (size_t d = 0; d < digits.size; d++) {
            if (digits.at[d] == '.' && !fraction && d > 0 && d + 1 < digits.size) {
                fraction = true;
                continue;
            }
            if (!is_digit(digits.at[d]) || *bytes >= 100000000) {
                return false;
            }
            *bytes = *bytes * 10 + (digits.at[d] - '0');
            scale *= fraction ? 10 : 1;
        }
        *bytes *= units[i].amount;
        bool whole = digits.size > 0 && *bytes % scale == 0;
        *bytes /= scale;
        return whole;
    }
    return false;
}

/* Ten characters of the form 2026-01-29, a day of the calendar as far as our instants reach. */
static bool is_date(struct text text)
{
    struct civil civil = {0};
    int64_t year, month, day;
    struct instant at;
    if (text.size != 10 || text.at[4] != '-' || text.at[7] != '-' ||
        !parse_number((struct text){text.at, 4}, 9999, &year) ||
        !parse_number((struct text){text.at + 5, 2}, 12, &month) ||
        !parse_number((struct text){text.at + 8, 2}, 31, &day)) {
        return false;
    }
    civil.year = (int32_t)year;
    civil.month = (int32_t)month;
    civil.day = (int32_t)day;
    return instant_from_civil(&civil, &at);
}

static enum status set_date(const struct words *w, struct text value,
                            struct operator_command *command)
{
    command->date = value;
    return is_date(value) ? STATUS_OK : refuse(w, value, "is not a date; write 2026-01-29");
}

static enum status take_date(struct words *w, struct text behind, struct operator_command *command)
{
    struct text value;
    return take_word(w, &value) ? set_date(w, value, command)
                                : refuse(w, behind, "wants a date behind it");
}

/* What stands behind an option, if it takes something. */
static enum status take_value(struct words *w, enum option option, struct operator_command *command)
{
    struct text value = {"", 0};
    if (option >= OPTION_FILES && !take_word(w, &value)) {
        return refuse(w, text_from(option_words[option]), "wants a value behind it");
    }
    switch (option) {
    case OPTION_FILES:
        return parse_number(value, UPLOAD_FILES_MAX, &command->files)
                   ? STATUS_OK
                   : refuse(w, value, "is not a number of files; write 1 to 10000");
    case OPTION_SIZE:
        return parse_size(value, &command->size)
                   ? STATUS_OK
                   : refuse(w, value, "is not a size; write 3670016B or 3.5MB (MB is 2^20 bytes)");
    case OPTION_DATE:
        return set_date(w, value, command);
    case OPTION_PREFIX:
        command->prefix = value;
        return text_starts(value, TEXT("manifests/"))
                   ? refuse(w, value, "is where the pipeline writes; choose another prefix")
                   : STATUS_OK;
    case OPTION_CLEAR_EXPIRED:
    case OPTION_FIXED:
        break;
    }
    return STATUS_OK;
}

static bool has_option(enum operator_tool tool, enum option option)
{
    switch (option) {
    case OPTION_CLEAR_EXPIRED:
        return tool == TOOL_CHECK_LOCKS;
    case OPTION_FIXED:
        return tool != TOOL_UPLOAD;
    case OPTION_FILES:
    case OPTION_SIZE:
    case OPTION_DATE:
    case OPTION_PREFIX:
        break;
    }
    return tool == TOOL_UPLOAD;
}

static enum status take_option(struct words *w, struct text word, struct operator_command *command)
{
    unsigned option = 0;
    if (find_word(w, option_words, word, &option) != STATUS_OK) {
        return STATUS_BAD_INPUT;
    }
    if (!has_option(command->tool, (enum option)option)) {
        return error_set(w->error, STATUS_BAD_INPUT, "%s has no option %s",
                         tool_words[command->tool], option_words[option]);
    }
    command->clear_expired |= option == OPTION_CLEAR_EXPIRED;
    command->fixed |= option == OPTION_FIXED;
    return take_value(w, (enum option)option, command);
}

/* What reprocess-failed is told, and the date behind reset-date. */
static enum status take_action(struct words *w, struct operator_command *command)
{
    struct text word;
    unsigned action = REPROCESS_HELP;
    (void)take_word(w, &word);
    if (find_word(w, reprocess_words, word, &action) != STATUS_OK) {
        return STATUS_BAD_INPUT;
    }
    command->action = (enum reprocess_action)action;
    return command->action == REPROCESS_RESET_DATE ? take_date(w, word, command) : STATUS_OK;
}

enum status operator_parse(struct text line, struct operator_command *command,
                           struct operator_unknown *unknown, struct error *error)
{
    struct words w = {line, unknown, error};
    struct text word;
    unsigned tool = 0;
    *command = (struct operator_command){
        .files = 1, .size = UPLOAD_SIZE, .prefix = TEXT("pipeline/input/")};
    *unknown = (struct operator_unknown){.known = NULL};
    (void)take_word(&w, &word);
    if (find_word(&w, tool_words, word, &tool) != STATUS_OK) {
        return STATUS_BAD_INPUT;
    }
    command->tool = (enum operator_tool)tool;
    if (command->tool == TOOL_REPROCESS_FAILED && take_action(&w, command) != STATUS_OK) {
        return STATUS_BAD_INPUT;
    }
    while (take_word(&w, &word)) {
        if (take_option(&w, word, command) != STATUS_OK) {
            return STATUS_BAD_INPUT;
        }
    }
    return STATUS_OK;
}

const char *operator_tool_word(enum operator_tool tool)
{
    return tool_words[tool];
}

enum status operator_parse_moment(struct text text, struct operator_moment *moment,
                                  struct error *error)
{
    *moment = (struct operator_moment){.occurrence = 0};
    if (text.size == 0) {
        return STATUS_OK;
    }
    struct text at = text_after_last(text, '#');
    int64_t occurrence = 1;
    size_t size = text.size;
    if (at.size < text.size) {
        size -= at.size + 1;
        if (!parse_number(at, INT32_MAX, &occurrence)) {
            size = 0;
        }
    }
    const char *dot = memchr(text.at, '.', size);
    if (dot == NULL) {
        return error_set(
            error, STATUS_BAD_INPUT,
            "is no moment; write manifest_builder.PUT_MANIFEST#3, the third time that one "
            "is there");
    }
    size_t process = (size_t)(dot - text.at);
    moment->process = (struct text){text.at, process};
    moment->point = (struct text){dot + 1, size - process - 1};
    moment->occurrence = (uint32_t)occurrence;
    return STATUS_OK;
}
