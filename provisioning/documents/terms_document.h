#pragma once
// What individual enrollments and groups have in common, as members of their documents
// (reference: dps-service 2.1).

#include "base/json.h"
#include "base/result.h"
#include "provisioning/documents.h"
#include "provisioning/documents/members.h"
#include "provisioning/enrollment.h"

namespace muster::provisioning {

/// Adds the members, in the order the service prints them.
void write_terms(JsonObject& document, const EnrollmentTerms& terms, const ResourceStamp& stamp,
                 View view);

/// Mistakes end up in the reader.
EnrollmentTerms read_terms(MemberReader& members);

/// Adds the members of a stamp that only stores see; the others are in every view.
void write_version(JsonObject& document, const ResourceStamp& stamp);
ResourceStamp read_stamp(MemberReader& members);

} // namespace muster::provisioning
