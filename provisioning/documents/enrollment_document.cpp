#include "provisioning/documents.h"
#include "provisioning/documents/attestation_document.h"
#include "provisioning/documents/members.h"
#include "provisioning/documents/terms_document.h"

namespace muster::provisioning {

namespace {

IndividualEnrollment read_individual(MemberReader& members) {
    IndividualEnrollment enrollment;
    enrollment.id =
        members
            .take("registrationId", parse_registration_id(members.required_text("registrationId")))
            .value_or(RegistrationId());
    const std::string device_id = members.text("deviceId").value_or("");
    if (!device_id.empty()) {
        enrollment.device_id = members.take("deviceId", parse_device_id(device_id));
    }
    enrollment.device_information = members.copy("optionalDeviceInformation");
    enrollment.terms = read_terms(members);
    return enrollment;
}

EnrollmentGroup read_group(MemberReader& members) {
    EnrollmentGroup group;
    group.id = members
                   .take("enrollmentGroupId",
                         parse_enrollment_group_id(members.required_text("enrollmentGroupId")))
                   .value_or(EnrollmentGroupId());
    group.terms = read_terms(members);
    return group;
}

template <class Resource>
Result<Resource> checked(Resource resource, const MemberReader& members) {
    if (const auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return resource;
}

} // namespace

JsonObject to_document(const IndividualEnrollment& enrollment, View view) {
    JsonObject document{{"registrationId", enrollment.id.text()}};
    if (enrollment.device_id) {
        document["deviceId"] = enrollment.device_id->text();
    }
    if (enrollment.device_information) {
        document["optionalDeviceInformation"] = *enrollment.device_information;
    }
    write_terms(document, enrollment.terms, enrollment.stamp, view);
    if (view == View::stored) {
        write_version(document, enrollment.stamp);
    }
    return document;
}

JsonObject to_document(const EnrollmentGroup& group, View view) {
    JsonObject document{{"enrollmentGroupId", group.id.text()}};
    write_terms(document, group.terms, group.stamp, view);
    if (view == View::stored) {
        write_version(document, group.stamp);
    }
    return document;
}

JsonObject to_mechanism(const Attestation& attestation) {
    return attestation_document(attestation, View::written);
}

Result<IndividualEnrollment> individual_from_document(const JsonObject& document) {
    MemberReader members(document);
    IndividualEnrollment enrollment = read_individual(members);
    return checked(std::move(enrollment), members);
}

Result<EnrollmentGroup> group_from_document(const JsonObject& document) {
    MemberReader members(document);
    EnrollmentGroup group = read_group(members);
    return checked(std::move(group), members);
}

Result<IndividualEnrollment> stored_individual(const JsonObject& document) {
    MemberReader members(document);
    IndividualEnrollment enrollment = read_individual(members);
    enrollment.stamp = read_stamp(members);
    return checked(std::move(enrollment), members);
}

Result<EnrollmentGroup> stored_group(const JsonObject& document) {
    MemberReader members(document);
    EnrollmentGroup group = read_group(members);
    group.stamp = read_stamp(members);
    return checked(std::move(group), members);
}

} // namespace muster::provisioning
