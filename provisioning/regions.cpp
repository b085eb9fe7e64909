#include "provisioning/regions.h"

#include "base/text.h"

#include <algorithm>
#include <string>

namespace muster::provisioning {

namespace {

constexpr Region table[] = {
    {"australiacentral", {-35.3, 149.1}}, // Canberra
    {"australiacentral2", {-35.3, 149.1}},
    {"australiaeast", {-33.9, 151.2}},      // Sydney
    {"australiasoutheast", {-37.8, 145.0}}, // Melbourne
    {"austriaeast", {48.2, 16.4}},          // Vienna
    {"belgiumcentral", {50.9, 4.4}},        // Brussels
    {"brazilsouth", {-23.6, -46.6}},        // Sao Paulo
    {"brazilsoutheast", {-22.9, -43.2}},    // Rio de Janeiro
    {"canadacentral", {43.7, -79.4}},       // Toronto
    {"canadaeast", {46.8, -71.2}},          // Quebec
    {"centralindia", {18.6, 73.9}},         // Pune
    {"centralus", {41.6, -93.6}},           // Iowa
    {"chilecentral", {-33.4, -70.7}},       // Santiago
    {"chinaeast", {31.2, 121.5}},           // Shanghai
    {"chinaeast2", {31.2, 121.5}},
    {"chinaeast3", {32.1, 119.4}}, // Jiangsu
    {"chinanorth", {39.9, 116.4}}, // Beijing
    {"chinanorth2", {39.9, 116.4}},
    {"chinanorth3", {38.9, 115.5}}, // Hebei
    {"denmarkeast", {55.7, 12.6}},  // Copenhagen
    {"eastasia", {22.3, 114.2}},    // Hong Kong
    {"eastus", {37.4, -79.8}},      // Virginia
    {"eastus2", {36.7, -78.4}},
    {"francecentral", {48.9, 2.4}},      // Paris
    {"francesouth", {43.3, 5.4}},        // Marseille
    {"germanynorth", {53.1, 8.8}},       // Bremen
    {"germanywestcentral", {50.1, 8.7}}, // Frankfurt
    {"indonesiacentral", {-6.2, 106.8}}, // Jakarta
    {"israelcentral", {31.8, 35.0}},     // between Jerusalem and Tel Aviv
    {"italynorth", {45.5, 9.2}},         // Milan
    {"japaneast", {35.7, 139.8}},        // Tokyo
    {"japanwest", {34.7, 135.5}},        // Osaka
    {"jioindiacentral", {21.1, 79.1}},   // Nagpur
    {"jioindiawest", {22.5, 70.1}},      // Jamnagar
    {"koreacentral", {37.6, 127.0}},     // Seoul
    {"koreasouth", {35.2, 129.1}},       // Busan
    {"malaysiawest", {3.1, 101.7}},      // Kuala Lumpur
    {"mexicocentral", {20.6, -100.4}},   // Queretaro
    {"newzealandnorth", {-36.8, 174.8}}, // Auckland
    {"northcentralus", {41.9, -87.6}},   // Illinois
    {"northeurope", {53.3, -6.3}},       // Ireland
    {"norwayeast", {59.9, 10.8}},        // Oslo
    {"norwaywest", {59.0, 5.7}},         // Stavanger
    {"polandcentral", {52.2, 21.0}},     // Warsaw
    {"qatarcentral", {25.3, 51.5}},      // Doha
    {"southafricanorth", {-26.2, 28.0}}, // Johannesburg
    {"southafricawest", {-33.9, 18.4}},  // Cape Town
    {"southcentralus", {29.4, -98.5}},   // Texas
    {"southeastasia", {1.3, 103.8}},     // Singapore
    {"southindia", {13.0, 80.2}},        // Chennai
    {"spaincentral", {40.4, -3.7}},      // Madrid
    {"swedencentral", {60.7, 17.1}},     // Gavle
    {"swedensouth", {55.6, 13.0}},       // Malmo
    {"switzerlandnorth", {47.4, 8.6}},   // Zurich
    {"switzerlandwest", {46.2, 6.1}},    // Geneva
    {"uaecentral", {24.5, 54.4}},        // Abu Dhabi
    {"uaenorth", {25.3, 55.3}},          // Dubai
    {"uksouth", {51.5, -0.1}},           // London
    {"ukwest", {51.5, -3.2}},            // Cardiff
    {"usdodcentral", {41.6, -93.6}},     // Iowa
    {"usdodeast", {36.7, -78.4}},        // Virginia
    {"usgovarizona", {33.4, -112.1}},    // Phoenix
    {"usgovtexas", {29.4, -98.5}},       // San Antonio
    {"usgovvirginia", {37.4, -79.8}},    // Virginia
    {"westcentralus", {41.1, -104.8}},   // Wyoming
    {"westeurope", {52.4, 4.9}},         // Netherlands
    {"westindia", {19.1, 72.9}},         // Mumbai
    {"westus", {37.8, -122.4}},          // California
    {"westus2", {47.2, -119.9}},         // Washington
    {"westus3", {33.4, -112.1}},         // Phoenix
};

static_assert(std::ranges::is_sorted(table, {}, &Region::name));

} // namespace

std::span<const Region> regions() {
    return table;
}

const Region* find_region(std::string_view name) {
    std::string folded = to_lower(name);
    std::erase(folded, ' ');
    const auto found = std::ranges::lower_bound(table, std::string_view(folded), {}, &Region::name);
    return found != std::end(table) && found->name == folded ? found : nullptr;
}

} // namespace muster::provisioning
