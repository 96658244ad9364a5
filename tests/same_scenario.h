/* same_scenario.h: whether two scenarios say the same, and if not, where they differ. */
#ifndef LOCKSTEP_TESTS_SAME_SCENARIO_H
#define LOCKSTEP_TESTS_SAME_SCENARIO_H

#include "tools/fields.h"

static inline bool same_value(const struct field *field, const struct scenario *a,
                              const struct scenario *b, uint32_t index)
{
    return (field->type != FIELD_FAULT || a->faults[index].kind == b->faults[index].kind) &&
           field_is_same(field, a, index, b, index);
}

/* The key of the first field that differs, or what else does; NULL where nothing differs. */
static inline const char *scenarios_difference(const struct scenario *a, const struct scenario *b)
{
    for (size_t i = 0; i < fields_count(); i++) {
        const struct field_list *list = field_list_of(field_at(i));
        uint32_t count = list == NULL ? 1 : field_list_count(list, a);
        if (list != NULL && count != field_list_count(list, b)) {
            return list->key;
        }
        for (uint32_t index = 0; index < count; index++) {
            if (!same_value(field_at(i), a, b, index)) {
                return field_at(i)->key;
            }
        }
    }
    return a->has_machine != b->has_machine          ? "has_machine"
           : !text_equal(a->case_name, b->case_name) ? "case_name"
                                                     : NULL;
}

/* Makes of a scenario that was decoded for a case what is written of it: one of its own. */
static inline void make_own(struct scenario *s)
{
    if (s->case_name.size == 0) {
        return;
    }
    s->case_name = TEXT("");
    s->cases_count = 0;
    for (uint32_t i = 0; i < s->expectations_count; i++) {
        s->expectations[i].only_case = TEXT("");
    }
}

#endif
