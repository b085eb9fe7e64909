#pragma once
// The answers of the administration API, a file for each family. Each decides about reach itself.

#include "gateway/administration/call.h"

namespace muster::gateway {

// tokens.cpp
AdminAnswer list_tokens(const AdminCall& call);
AdminAnswer issue_token(const AdminCall& call);
AdminAnswer revoke_token(const AdminCall& call);

// instances.cpp
AdminAnswer list_instances(const AdminCall& call);
AdminAnswer show_instance(const AdminCall& call);
AdminAnswer put_instance(const AdminCall& call);
AdminAnswer erase_instance(const AdminCall& call);
AdminAnswer rotate_policy_key(const AdminCall& call);

// statistics.cpp
AdminAnswer show_statistics(const AdminCall& call);

// certificates.cpp
AdminAnswer list_certificates(const AdminCall& call);
AdminAnswer put_certificate(const AdminCall& call);
AdminAnswer erase_certificate(const AdminCall& call);

// export.cpp
AdminAnswer export_documents(const AdminCall& call);

// import.cpp
AdminAnswer import_enrollments(const AdminCall& call);

// explain.cpp
AdminAnswer explain_registration(const AdminCall& call);

// events.cpp
AdminAnswer list_events(const AdminCall& call);

// moves.cpp
AdminAnswer list_moves(const AdminCall& call);
AdminAnswer cancel_move(const AdminCall& call);
AdminAnswer retry_move(const AdminCall& call);
AdminAnswer forget_move(const AdminCall& call);

// operations.cpp
AdminAnswer list_operations(const AdminCall& call);
AdminAnswer begin_operation(const AdminCall& call);
AdminAnswer show_operation(const AdminCall& call);
AdminAnswer pause_operation(const AdminCall& call);
AdminAnswer resume_operation(const AdminCall& call);
AdminAnswer stop_operation(const AdminCall& call);
AdminAnswer change_operation_limits(const AdminCall& call);

// quarantine.cpp
AdminAnswer quarantine_device(const AdminCall& call);
AdminAnswer release_device(const AdminCall& call);
AdminAnswer quarantine_group(const AdminCall& call);
AdminAnswer release_group(const AdminCall& call);
AdminAnswer list_suspects(const AdminCall& call);
AdminAnswer declare_hub_lost(const AdminCall& call);
AdminAnswer declare_hub_found(const AdminCall& call);

// block.cpp
AdminAnswer show_block(const AdminCall& call);
void block_device(const AdminCall& call, AdminDone done);
void unblock_device(const AdminCall& call, AdminDone done);

// audit.cpp
AdminAnswer list_instance_audit(const AdminCall& call);
AdminAnswer list_server_audit(const AdminCall& call);

} // namespace muster::gateway
