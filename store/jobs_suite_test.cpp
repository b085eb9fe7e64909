#include "hub/jobs/job_documents.h"
#include "store/suite.h"

#include <fmt/format.h>

namespace muster::store {

namespace {

using hub::DeviceJob;
using hub::DeviceJobStatus;
using hub::Job;
using hub::JobId;
using hub::JobProgress;
using hub::JobStatus;

constexpr std::int64_t many = 1000;

class JobSuite : public StoreSuite {
  protected:
    hub::JobStore& jobs() { return stores().jobs(); }

    static Job job(std::string_view id, int minute = 0) {
        Job made;
        made.id = JobId(std::string(id));
        made.version = 1;
        made.condition = "tags.site = 'north'";
        made.action = {{"tags", JsonObject{{"site", "south"}}}};
        made.created = from_unix_seconds(1'900'000'000 + minute * 60);
        made.start = made.created;
        return made;
    }

    static DeviceJob row(const Job& of, std::string_view identity,
                         DeviceJobStatus status = DeviceJobStatus::pending) {
        DeviceJob made;
        made.job = of.id;
        made.identity = hub::parse_identity_id(identity).value();
        made.type = of.type;
        made.status = status;
        made.created = made.updated = of.created;
        return made;
    }

    void create(const Job& made, const HubName& at = hub_1) {
        ASSERT_TRUE(jobs().create(at, made, many));
    }

    /// The next version, ended.
    Job end(Job made, WallTime when) {
        made.status = JobStatus::completed;
        made.ended = when;
        ++made.version;
        EXPECT_TRUE(jobs().save(hub_1, made, made.version - 1));
        return made;
    }

    void add(Job& to, const std::vector<DeviceJob>& rows) {
        ++to.version;
        ASSERT_TRUE(jobs().add_devices(hub_1, to, to.version - 1, rows));
    }

    JobProgress progress(const Job& of) { return jobs().find(hub_1, of.id)->value().progress; }

    std::string in_state(const Job& of, DeviceJobStatus status, std::string_view after = "",
                         std::size_t count_max = 100) {
        return identities(jobs().devices(hub_1, of.id, status, std::string(after), count_max));
    }

    static std::string identities(const Result<std::vector<DeviceJob>>& rows) {
        EXPECT_TRUE(rows);
        std::string text;
        for (const DeviceJob& one : rows.value()) {
            text += (text.empty() ? "" : " ") + one.identity.text();
        }
        return text;
    }

    std::string rows_of(const hub::DeviceJobFilter& filter, std::string_view after = "",
                        std::size_t count_max = 100) {
        std::string text;
        const auto rows = jobs().device_rows(hub_1, filter, std::string(after), count_max);
        EXPECT_TRUE(rows);
        for (const DeviceJob& one : rows.value()) {
            text += (text.empty() ? "" : " ") + one.text();
        }
        return text;
    }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Engines, JobSuite, every_engine, engine_name);

TEST_P(JobSuite, AJobComesBackWhole) {
    Job made = job("j-1");
    made.type = hub::JobType::invoke_method;
    made.action = {{"methodName", "reboot"}, {"payload", nullptr}};
    create(made);
    made.status = JobStatus::failed;
    made.began = made.start;
    made.ended = made.start + std::chrono::seconds(5);
    made.failure_reason = "why";
    made.resolved_to = "dev-07/cam";
    made.resolved = true;
    made.version = 2;
    ASSERT_TRUE(jobs().save(hub_1, made, 1));
    reopen();
    const auto found = jobs().find(hub_1, made.id);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(to_stored_document(**found), to_stored_document(made));
    EXPECT_EQ((*found)->progress, JobProgress{});
    EXPECT_FALSE(jobs().find(hub_2, made.id)->has_value());
    EXPECT_FALSE(jobs().find(hub_1, JobId("other"))->has_value());
}

TEST_P(JobSuite, AnIdIsTakenOnceAndAVersionOnce) {
    create(job("j"));
    EXPECT_EQ(code_of(jobs().create(hub_1, job("j"), many)), Code::already_exists);
    create(job("j"), hub_2);
    Job next = job("j");
    next.version = 2;
    EXPECT_EQ(code_of(jobs().save(hub_1, next, 7)), Code::conflict);
    EXPECT_TRUE(jobs().save(hub_1, next, 1));
    EXPECT_EQ(code_of(jobs().save(hub_1, next, 1)), Code::conflict);
    next.id = JobId("nobody");
    EXPECT_EQ(code_of(jobs().save(hub_1, next, 1)), Code::conflict);
}

TEST_P(JobSuite, OnlySoManyJobsAreActive) {
    ASSERT_TRUE(jobs().create(hub_1, job("a"), 2));
    ASSERT_TRUE(jobs().create(hub_1, job("b"), 2));
    EXPECT_EQ(code_of(jobs().create(hub_1, job("c"), 2)), Code::rate_limited);
    EXPECT_FALSE(jobs().find(hub_1, JobId("c"))->has_value());
    EXPECT_TRUE(jobs().create(hub_2, job("c"), 2));
    end(job("a"), job("a").start);
    EXPECT_TRUE(jobs().create(hub_1, job("c"), 2));
}

TEST_P(JobSuite, RowsAreCountedAsTheyChange) {
    Job made = job("j");
    create(made);
    add(made, {row(made, "a"), row(made, "b"), row(made, "b/m"), row(made, "c")});
    EXPECT_EQ(progress(made), (JobProgress{.pending = 4}));
    add(made, {row(made, "c"), row(made, "d")}); // c has its row
    EXPECT_EQ(progress(made), (JobProgress{.pending = 5}));

    const std::vector<DeviceJob> changed{
        row(made, "a", DeviceJobStatus::succeeded), row(made, "b", DeviceJobStatus::running),
        row(made, "c", DeviceJobStatus::failed), row(made, "nobody", DeviceJobStatus::failed)};
    ASSERT_TRUE(jobs().save_devices(hub_1, made.id, changed));
    reopen();
    EXPECT_EQ(progress(made),
              (JobProgress{.pending = 2, .running = 1, .succeeded = 1, .failed = 1}));

    // What has ended stays.
    const std::vector<DeviceJob> late{row(made, "a", DeviceJobStatus::cancelled),
                                      row(made, "b", DeviceJobStatus::cancelled),
                                      row(made, "d", DeviceJobStatus::cancelled)};
    ASSERT_TRUE(jobs().save_devices(hub_1, made.id, late));
    EXPECT_EQ(progress(made),
              (JobProgress{.pending = 1, .succeeded = 1, .failed = 1, .cancelled = 2}));
    EXPECT_EQ(in_state(made, DeviceJobStatus::succeeded), "a");
    EXPECT_EQ(in_state(made, DeviceJobStatus::pending), "b/m");
}

TEST_P(JobSuite, RowsOfAStaleJobAreNotAdded) {
    Job made = job("j");
    create(made);
    made.version = 5;
    EXPECT_EQ(code_of(jobs().add_devices(hub_1, made, 4, std::vector{row(made, "a")})),
              Code::conflict);
    EXPECT_EQ(progress(made), JobProgress{});
    EXPECT_EQ(in_state(made, DeviceJobStatus::pending), "");
}

TEST_P(JobSuite, ARowComesBackWhole) {
    Job made = job("j");
    create(made);
    add(made, {row(made, "dev/cam")});
    DeviceJob ended = row(made, "dev/cam", DeviceJobStatus::failed);
    ended.began = made.start;
    ended.ended = ended.updated = made.start + std::chrono::seconds(3);
    ended.method_response = JsonObject{{"status", 500}, {"payload", JsonArray{1, "x"}}};
    ended.error_code = "GatewayTimeout";
    ended.error_text = "no answer";
    ASSERT_TRUE(jobs().save_devices(hub_1, made.id, std::vector{ended}));
    reopen();
    const auto rows = jobs().device_rows(hub_1, {}, "", 10);
    ASSERT_TRUE(rows && rows->size() == 1);
    EXPECT_EQ(to_stored_document(rows->front()), to_stored_document(ended));
}

TEST_P(JobSuite, RowsAreReadInPages) {
    Job first = job("j");
    Job second = job("j0"); // sorts right behind the rows of "j"
    create(first);
    create(second);
    add(first, {row(first, "c"), row(first, "a"), row(first, "b")});
    add(second, {row(second, "b"), row(second, "z")});
    EXPECT_EQ(in_state(first, DeviceJobStatus::pending, "", 2), "a b");
    EXPECT_EQ(in_state(first, DeviceJobStatus::pending, "b"), "c");
    EXPECT_EQ(rows_of({}, "", 4), "j/a j/b j/c j0/b");
    EXPECT_EQ(rows_of({}, "j/c"), "j0/b j0/z");
    EXPECT_EQ(rows_of({.job = first.id, .identity = {}}), "j/a j/b j/c");
    EXPECT_EQ(rows_of({.job = first.id, .identity = {}}, "j/a", 1), "j/b");
    EXPECT_EQ(rows_of({.job = {}, .identity = DeviceId("b")}), "j/b j0/b");
    EXPECT_EQ(rows_of({.job = {}, .identity = DeviceId("b")}, "j/b"), "j0/b");
    EXPECT_EQ(rows_of({.job = second.id, .identity = DeviceId("z")}), "j0/z");
    EXPECT_EQ(rows_of({.job = second.id, .identity = DeviceId("z")}, "j0/z"), "");
}

TEST_P(JobSuite, JobsAreListedNewestFirst) {
    create(job("a", 1));
    create(job("b", 3));
    create(job("c", 3));
    Job method = job("d", 2);
    method.type = hub::JobType::invoke_method;
    create(method);
    end(job("a", 1), job("a").start);
    const auto ids = [&](const hub::JobFilter& filter, const std::optional<hub::JobPosition>& after,
                         std::size_t count) {
        return ids_of(jobs().list(hub_1, filter, after, count));
    };
    EXPECT_EQ(ids({}, {}, 10), "c b d a");
    EXPECT_EQ(ids({}, {}, 2), "c b");
    EXPECT_EQ(ids({}, hub::JobPosition{job("b", 3).created, "b"}, 10), "d a");
    EXPECT_EQ(ids({.type = hub::JobType::invoke_method, .status = {}}, {}, 10), "d");
    EXPECT_EQ(ids({.type = {}, .status = JobStatus::completed}, {}, 10), "a");
    EXPECT_EQ(ids_of(jobs().list(hub_2, {}, {}, 10)), "");
}

TEST_P(JobSuite, AJobIsUnfinishedUntilItsRowsAre) {
    Job made = job("j", 5);
    create(made);
    create(job("earlier", 1));
    add(made, {row(made, "a")});
    EXPECT_EQ(ids_of(jobs().unfinished(hub_1, 10)), "earlier j");
    EXPECT_EQ(ids_of(jobs().unfinished(hub_1, 1)), "earlier");
    end(made, made.start);
    EXPECT_EQ(ids_of(jobs().unfinished(hub_1, 10)), "earlier j");
    ASSERT_TRUE(jobs().save_devices(hub_1, made.id,
                                    std::vector{row(made, "a", DeviceJobStatus::cancelled)}));
    EXPECT_EQ(ids_of(jobs().unfinished(hub_1, 10)), "earlier");
}

TEST_P(JobSuite, OldJobsGoInBoundedSteps) {
    Job old = job("old");
    Job young = job("young");
    Job open = job("open");
    for (Job* made : {&old, &young, &open}) {
        create(*made);
        add(*made, {row(*made, "a"), row(*made, "b"), row(*made, "c")});
    }
    for (Job* made : {&old, &young}) {
        ASSERT_TRUE(jobs().save_devices(hub_1, made->id,
                                        std::vector{row(*made, "a", DeviceJobStatus::failed),
                                                    row(*made, "b", DeviceJobStatus::failed),
                                                    row(*made, "c", DeviceJobStatus::failed)}));
    }
    const WallTime before = old.start + std::chrono::hours(1);
    end(old, old.start);
    end(young, before);
    end(open, open.start); // its rows are not closed yet
    EXPECT_EQ(jobs().erase_ended(hub_2, before, 100), 0);
    EXPECT_EQ(jobs().erase_ended(hub_1, before, 2), 2);
    EXPECT_TRUE(jobs().find(hub_1, old.id)->has_value());
    EXPECT_EQ(jobs().erase_ended(hub_1, before, 100), 2); // a row and the job
    EXPECT_FALSE(jobs().find(hub_1, old.id)->has_value());
    EXPECT_EQ(jobs().erase_ended(hub_1, before, 100), 0);
    EXPECT_EQ(rows_of({}), "open/a open/b open/c young/a young/b young/c");
}

} // namespace muster::store
