#include "net/fixture.h"
#include "net/nats_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <nats/nats.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace muster::net::fixture {

namespace {

constexpr const char* program = "/usr/sbin/nats-server";
constexpr unsigned life_seconds_max = 120;

/// 127.x.y.1 of our process id; the real port.
std::string own_address() {
    const auto id = static_cast<unsigned>(::getpid());
    return fmt::format("127.{}.{}.1", 192 + (id >> 8 & 63U), id & 255U);
}

/// A connection for looking, and its view of the streams.
struct Look {
    explicit Look(const std::string& url) {
        EXPECT_EQ(natsConnection_ConnectTo(&connection, url.c_str()), NATS_OK);
        EXPECT_EQ(natsConnection_JetStream(&streams, connection, nullptr), NATS_OK);
    }

    Look(const Look&) = delete;
    Look& operator=(const Look&) = delete;

    ~Look() {
        jsCtx_Destroy(streams);
        natsConnection_Destroy(connection);
    }

    natsConnection* connection = nullptr;
    jsCtx* streams = nullptr;
};

} // namespace

bool NatsServer::is_installed() {
    return ::access(program, X_OK) == 0;
}

NatsServer::NatsServer(std::string more) : address_(own_address()) {
    std::string name = (std::filesystem::temp_directory_path() / "muster-nats-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    std::ofstream(folder_ / "server.conf")
        << fmt::format("listen: \"{}:4222\"\njetstream {{ store_dir: \"{}\" }}\n{}\n", address_,
                       folder_.string(), more);
}

NatsServer::~NatsServer() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string NatsServer::url() const {
    return fmt::format("nats://{}:4222", address_);
}

bool NatsServer::start() {
    const std::string configuration = folder_ / "server.conf";
    const std::string log = folder_ / "log";
    process_ = ::fork();
    if (process_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::alarm(life_seconds_max); // survives exec
        ::execl(program, program, "-c", configuration.c_str(), "-l", log.c_str(), nullptr);
        ::_exit(127);
    }
    constexpr std::chrono::milliseconds interval{5};
    for (auto waited = std::chrono::milliseconds(0); waited < patience; waited += interval) {
        std::ifstream file(log);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        const auto ready = text.rfind("Server is ready");
        if (ready != std::string::npos && text.rfind("Starting nats-server") < ready) {
            return true;
        }
        std::this_thread::sleep_for(interval);
    }
    return false;
}

void NatsServer::kill() {
    if (process_ > 0) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
        std::filesystem::remove(folder_ / "log");
    }
}

void NatsServer::suspend() {
    ::kill(process_, SIGSTOP);
}

void NatsServer::resume() {
    ::kill(process_, SIGCONT);
}

void NatsServer::make_stream(const std::string& name, const std::string& subjects) const {
    const Look look(url());
    const char* listed = subjects.c_str();
    jsStreamConfig wanted;
    jsStreamConfig_Init(&wanted);
    wanted.Name = name.c_str();
    wanted.Subjects = &listed;
    wanted.SubjectsLen = 1;
    EXPECT_EQ(js_AddStream(nullptr, look.streams, &wanted, nullptr, nullptr), NATS_OK);
}

std::vector<NatsServer::Stored> NatsServer::stored(const std::string& stream) const {
    const Look look(url());
    jsStreamInfo* info = nullptr;
    EXPECT_EQ(js_GetStreamInfo(&info, look.streams, stream.c_str(), nullptr, nullptr), NATS_OK);
    const std::uint64_t last = info == nullptr ? 0 : info->State.LastSeq;
    jsStreamInfo_Destroy(info);
    std::vector<Stored> all;
    for (std::uint64_t sequence = 1; sequence <= last; ++sequence) {
        natsMsg* message = nullptr;
        if (js_GetMsg(&message, look.streams, stream.c_str(), sequence, nullptr, nullptr) !=
            NATS_OK) {
            ADD_FAILURE() << "no message " << sequence;
            break;
        }
        const char* id = "";
        natsMsgHeader_Get(message, "Nats-Msg-Id", &id);
        all.push_back({.subject = natsMsg_GetSubject(message),
                       .id = id,
                       .data = {natsMsg_GetData(message),
                                static_cast<std::size_t>(natsMsg_GetDataLength(message))}});
        natsMsg_Destroy(message);
    }
    return all;
}

} // namespace muster::net::fixture
