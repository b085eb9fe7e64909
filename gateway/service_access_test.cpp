// Who gets in at the service API, and in whose name.

#include "gateway/service_client.h"

namespace muster::gateway {
namespace {

using ServiceAccess = ServiceClient;

TEST_F(ServiceAccess, RefusesUnprovenCallers) {
    // DPS-SERVICE-11: 401 with a JSON body, whatever was wrong
    put_symmetric("dev-1");
    auto request = ask("GET", "/enrollments/dev-1");
    for (const auto& token :
         {std::string(), std::string("Bearer x"), world.device_token("dev-1"),
          crypto::make_sas("dps.example.net", Secret("wrong"),
                           world.clock.wall() + std::chrono::hours(1), "reader")}) {
        request.headers[0].value = token;
        expect_refused(request, 401, 401000);
    }
    // Rights: reading is not writing, and keys are not read with a reader's token.
    request.headers[0].value = world.service_token("reader");
    EXPECT_EQ(run(request).status, 200U);
    request.method = "DELETE";
    expect_refused(request, 401, 401000);
    request.method = "POST";
    request.target = "/enrollments/dev-1/attestationmechanism" + api;
    expect_refused(request, 401, 401000);
    EXPECT_TRUE(world.enrollments.get(RegistrationId("dev-1")));
}

} // namespace
} // namespace muster::gateway
