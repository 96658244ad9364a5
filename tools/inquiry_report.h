/* inquiry_report.h: what an inquiry found: as text, as JSON, as a page.
 *
 * The same inquiry gives the same bytes.
 */
#ifndef LOCKSTEP_TOOLS_INQUIRY_REPORT_H
#define LOCKSTEP_TOOLS_INQUIRY_REPORT_H

#include "tools/inquiry.h"
#include "tools/subject.h"

#include <stdio.h>

struct inquiry_report {
    const struct subject *subject;
    const struct inquiry *inquiry;
    const struct blame_request *request;
    uint32_t groups; /* bits: enum deviation_group, of the request's menu */
};

void put_inquiry_text(FILE *out, const struct inquiry_report *report);
/* Its verdict in a sentence: "It became inevitable at ...". */
void put_inquiry_verdict(FILE *out, const struct inquiry_report *report);

/* What the curve is: how many continuations, of which kinds. */
void put_inquiry_method(FILE *out, uint64_t runs, uint32_t groups);

void put_inquiry_json(FILE *out, const struct inquiry_report *report);

/* STATUS_NO_MEMORY with a message: the page is not whole. */
enum status put_inquiry_page(FILE *out, const struct inquiry_report *report, struct error *error);

#endif
