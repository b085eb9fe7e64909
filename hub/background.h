#pragma once
// What a hub does by itself: it works off jobs, and keeps twins as configurations say.

#include "hub/configurations/configurations.h"
#include "hub/jobs/job_query.h"
#include "hub/jobs/jobs.h"
#include "hub/service.h"

namespace muster::hub {

class Background {
  public:
    Background(Service& service, const HubPorts& ports);

    void start();
    void stop();

    Jobs jobs;
    StoredJobRows job_rows{jobs};
    Configurations configurations;
};

} // namespace muster::hub
