// muster audit list|verify: who changed what, and the proof that nobody changed the record

#include "provisioning/audit.h"

#include "app/commands/administering.h"
#include "base/text.h"

#include <fmt/format.h>

namespace muster::app {

namespace {

using provisioning::AuditEntry;
using provisioning::AuditVerifier;

struct AuditOptions {
    AdministrationOptions connect;
    OutputFormat format = OutputFormat::table;
    bool server = false;
    std::int64_t after = 0;
    std::string from;
};

using Options = std::shared_ptr<AuditOptions>;

Result<ListToWalk> chain_of(const AuditOptions& options, const Administration& administration,
                            std::int64_t after) {
    std::string path = "/muster/audit";
    if (!options.server) {
        const auto instance = administration.instance_path();
        if (!instance) {
            return std::unexpected(instance.error());
        }
        path = *instance + "/audit";
    }
    ListToWalk list{.request = {.method = "GET", .path = std::move(path)}, .member = "entries"};
    if (after > 0) {
        list.start = std::to_string(after);
    }
    return list;
}

Result<AuditEntry> read_entry(const Json& item) {
    const auto* object = item.if_object();
    const auto* sequence = object == nullptr ? nullptr : object->if_contains("sequence");
    if (sequence == nullptr || !sequence->is_int64()) {
        return fail(Code::internal, "the server answered with something else than audit entries");
    }
    return AuditEntry{
        .sequence = sequence->as_int64(), .text = cell(item, "text"), .hash = cell(item, "hash")};
}

// ---- list ----

void print_entry(OutputFormat format, const AuditEntry& entry) {
    if (format == OutputFormat::json) {
        print(entry.text + "\n"); // a line each, exactly as hashed
        return;
    }
    const auto document = parse_json(entry.text, {.bytes_max = SIZE_MAX, .depth_max = 64});
    const Json shown = document ? *document : Json();
    print(fmt::format("{:>6}  {}  {:<24}  {:<20}  {}\n", entry.sequence, cell(shown, "at"),
                      cell(shown, "by"), cell(shown, "action"), cell(shown, "resource")));
}

Result<void> list(const AuditOptions& options, Administration& administration) {
    auto chain = chain_of(options, administration, options.after);
    if (!chain) {
        return std::unexpected(chain.error());
    }
    return walk_list(administration.api(), *std::move(chain),
                     [&](const Json& item) -> Result<void> {
                         const auto entry = read_entry(item);
                         if (!entry) {
                             return std::unexpected(entry.error());
                         }
                         print_entry(options.format, *entry);
                         return {};
                     });
}

// ---- verify ----

/// `SEQUENCE:HASH`, as an earlier verification printed its head.
Result<AuditVerifier> verifier_from(const std::string& head) {
    if (head.empty()) {
        return AuditVerifier();
    }
    const auto parts = split_once(head, ':');
    const auto sequence = parts ? parse_decimal(parts->first) : std::nullopt;
    if (!sequence || *sequence > static_cast<unsigned long long>(INT64_MAX) ||
        parts->second.size() != provisioning::audit_origin.size()) {
        return fail(Code::malformed, "--from must be SEQUENCE:HASH, as `muster audit verify` says");
    }
    return AuditVerifier(static_cast<std::int64_t>(*sequence), to_lower(parts->second));
}

/// Checks a chain from its start, or from a head that is known to be good; that head must still be
/// there, or the chain was cut or rewritten.
class ChainCheck {
  public:
    explicit ChainCheck(AuditVerifier from)
        : verifier_(std::move(from)), is_head_due_(verifier_.sequence() > 0) {}

    /// The sequence number after which to read.
    [[nodiscard]] std::int64_t start() const { return is_head_due_ ? verifier_.sequence() - 1 : 0; }

    Result<void> take(const AuditEntry& entry) {
        if (!is_head_due_) {
            ++count_;
            return verifier_.check(entry);
        }
        is_head_due_ = false;
        if (entry.sequence != verifier_.sequence() || entry.hash != verifier_.hash()) {
            return broken("is not the one that --from names");
        }
        return {};
    }

    [[nodiscard]] Result<void> finish() const {
        return is_head_due_ ? broken("is gone") : Result<void>();
    }

    [[nodiscard]] std::string report() const {
        return fmt::format("{} entries verified; the head is\n{}:{}\n", count_,
                           verifier_.sequence(), verifier_.hash());
    }

  private:
    [[nodiscard]] Result<void> broken(std::string_view how) const {
        return fail(Code::precondition,
                    fmt::format("the chain is broken: entry {} {}", verifier_.sequence(), how));
    }

    AuditVerifier verifier_;
    bool is_head_due_;
    std::size_t count_ = 0;
};

/// Recomputed here, from the texts alone: the server is not asked for its opinion.
Result<void> verify(const AuditOptions& options, Administration& administration) {
    auto from = verifier_from(options.from);
    if (!from) {
        return std::unexpected(from.error());
    }
    ChainCheck check(*std::move(from));
    auto chain = chain_of(options, administration, check.start());
    if (!chain) {
        return std::unexpected(chain.error());
    }
    auto walked =
        walk_list(administration.api(), *std::move(chain), [&](const Json& item) -> Result<void> {
            const auto entry = read_entry(item);
            return entry ? check.take(*entry) : std::unexpected(entry.error());
        });
    if (!walked) {
        return walked;
    }
    if (auto finished = check.finish(); !finished) {
        return finished;
    }
    print(check.report());
    return {};
}

CLI::App* add_verb(CLI::App& audit, const char* name, const char* description,
                   const Options& options) {
    CLI::App* command = audit.add_subcommand(name, description);
    add_instance_options(*command, options->connect);
    command->add_flag("--server-chain", options->server,
                      "the server's own chain: tokens, instances coming and going");
    return command;
}

} // namespace

void add_audit(CLI::App& root, Chosen& chosen) {
    CLI::App* audit = root.add_subcommand("audit", "Who changed what, in a chain of hashes");
    audit->require_subcommand(1);
    auto options = std::make_shared<AuditOptions>();
    CLI::App* listing = add_verb(*audit, "list", "Print the entries, oldest first", options);
    listing->add_option("--after", options->after, "only those after this sequence number")
        ->check(CLI::NonNegativeNumber);
    add_output_option(*listing, options->format);
    administer(*listing, chosen, options, list);

    CLI::App* verifying = add_verb(
        *audit, "verify", "Recompute every hash; exit code 5 if the chain is broken", options);
    verifying->add_option("--from", options->from,
                          "SEQUENCE:HASH, the head that an earlier verification printed: a chain "
                          "that was rewritten since then is found out");
    administer(*verifying, chosen, options, verify);
}

} // namespace muster::app
