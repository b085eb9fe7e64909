#include "provisioning/documents.h"
#include "provisioning/documents/names.h"

namespace muster::provisioning {

namespace {

bool is_stored(const RegistrationRecord& record) {
    return record.stamp.version > 0;
}

/// While something is under way, the last failure may still stand in the record.
bool ended_without_hub(RegistrationStatus status) {
    return status == RegistrationStatus::failed || status == RegistrationStatus::disabled;
}

/// The members that devices and operators see alike (dps-service 4, dps-device 2.7), in the order
/// the service prints them. A hub is named only while the device is assigned to it.
JsonObject shown(const RegistrationRecord& record) {
    JsonObject document{{"registrationId", record.id.text()}};
    if (!is_stored(record)) { // never registered: dps-service 2.3
        document["status"] = to_string(record.status);
        return document;
    }
    const bool assigned = record.status == RegistrationStatus::assigned && record.assignment;
    document["createdDateTimeUtc"] = format_time(record.stamp.created);
    if (assigned) {
        document["assignedHub"] = record.assignment->hub.text();
        document["deviceId"] = record.assignment->device_id.text();
    }
    document["status"] = to_string(record.status);
    if (assigned) {
        document["substatus"] = to_string(record.assignment->substatus);
    }
    if (record.failure && ended_without_hub(record.status)) {
        document["errorCode"] = record.failure->error_code;
        document["errorMessage"] = record.failure->message;
    }
    document["lastUpdatedDateTimeUtc"] = format_time(record.stamp.updated);
    document["etag"] = record.stamp.etag.text();
    if (assigned && record.payload) {
        document["payload"] = *record.payload;
    }
    return document;
}

} // namespace

JsonObject to_state_document(const RegistrationRecord& record) {
    return shown(record);
}

JsonObject to_device_document(const RegistrationRecord& record) {
    JsonObject document = shown(record);
    if (record.attestation_note) {
        document.insert(record.attestation_note->begin(), record.attestation_note->end());
    }
    return document;
}

} // namespace muster::provisioning
