/* certificate.h: whether fewer deviations violate a property, too: the explorer's answer.
 *
 * Method. For 0, 1, 2, ... deviations less than a case has, every run of its scenario is made
 * (exploration.h): with those of the kinds that are asked for, in the forms of the searches' menu,
 * and in the case's own forms and amounts. The first that violates the property is a smaller case.
 * Where none does, the case is minimal.
 */
#ifndef LOCKSTEP_TOOLS_CERTIFICATE_H
#define LOCKSTEP_TOOLS_CERTIFICATE_H

#include "model/search/shrink.h"
#include "tools/exploration.h"

struct certificate_work {
    const struct shrink_case *of;
    enum invariant property;
    uint32_t groups; /* of deviations: bits (deviations.h) */
    unsigned workers;
    bool shows_progress;
    bool (*stopped)(void); /* NULL: never */
};

enum certificate_end {
    CERTIFICATE_MINIMAL,  /* no run with fewer deviations violates it */
    CERTIFICATE_SMALLER,  /* one does: `smaller` */
    CERTIFICATE_STOPPED,  /* there was no answer in time */
    CERTIFICATE_UNJUDGED, /* some runs exceeded the simulation's room, or did not end */
};

struct certificate {
    enum certificate_end end;
    uint32_t up_to; /* deviations with which every run was made; UINT32_MAX: not even 0 */
    uint64_t runs;  /* of the largest number of deviations that was finished */
    struct trial_list smaller; /* CERTIFICATE_SMALLER: by name */
};

/* STATUS_NO_MEMORY, STATUS_IO with a message. */
enum status certificate_seek(const struct certificate_work *work, struct certificate *certificate,
                             struct error *error);

#endif
