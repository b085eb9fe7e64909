// muster howto: how to point each SDK at the local server

#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace muster::app {

namespace {

/// How each SDK is told whom to trust and where to go (reference: dps-device 1.3, 1.4; iothub A.2).
std::string guide(const ReadyFile& ready) {
    std::string hubs;
    for (const ReadyHub& hub : ready.hubs) {
        hubs += fmt::format("  {:<14} {}\n", hub.name, hub.host_name);
    }
    return fmt::format(
        "Where things are\n"
        "  ID scope       {scope}\n"
        "  provisioning   {host}   HTTPS and WebSocket {https}, MQTT {mqtt}\n"
        "{hubs}"
        "  CA to trust    {ca}\n"
        "\n"
        "Point an SDK at it: the provisioning host is {host}, the ID scope {scope}, and\n"
        "  Node.js        export NODE_EXTRA_CA_CERTS={ca}\n"
        "  Python         server_verification_cert=open(\"{ca}\").read()\n"
        "  C              Prov_Device_SetOption(h, \"TrustedCerts\", pem), and the same for the "
        "hub;\n"
        "                 or export SSL_CERT_FILE={ca}\n"
        "  Embedded C     export AZ_IOT_DEVICE_X509_TRUST_PEM_FILE_PATH={ca}\n"
        "  .NET           add the CA to the machine's store:\n"
        "                 cp {ca} /usr/local/share/ca-certificates/muster.crt && "
        "update-ca-certificates\n"
        "  Java           keytool -importcert -cacerts -noprompt -alias muster -file {ca}\n"
        "  curl           curl --cacert {ca} https://{host}/...\n"
        "  Azure CLI      export REQUESTS_CA_BUNDLE={ca}\n"
        "\n"
        "Try\n"
        "  muster enrollment create my-device          a device of your own; prints its keys\n"
        "  muster hub device list                      who is where\n"
        "  muster simulate -n 5 --prefix try- --stay   devices that stay and answer methods; then\n"
        "  muster hub method try-000001 ping --payload '{{\"hello\":1}}'\n"
        "  muster hub monitor --hub {first}            telemetry as it arrives\n",
        fmt::arg("scope", ready.id_scope), fmt::arg("host", ready.provisioning_host),
        fmt::arg("https", ready.https_port), fmt::arg("mqtt", ready.mqtt_port),
        fmt::arg("hubs", hubs), fmt::arg("ca", ready.ca_file),
        fmt::arg("first", ready.hubs.empty() ? "hub-1" : ready.hubs.front().name));
}

} // namespace

void add_howto(CLI::App& root, Chosen& chosen) {
    CLI::App* command = root.add_subcommand("howto", "How to point each SDK at the local server");
    auto options = std::make_shared<ConnectOptions>();
    command->add_option("--data", options->data, "data folder of the local server")
        ->envname("MUSTER_DATA");
    command->callback([options, &chosen] {
        chosen.set([options] {
            auto ready = find_server(*options);
            if (!ready) {
                return failed(ready.error());
            }
            print(guide(*ready));
            return ExitCode::ok;
        });
    });
}

} // namespace muster::app
