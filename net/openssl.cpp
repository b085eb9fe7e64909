#include "net/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

namespace muster::net {

std::string take_openssl_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) {
        return "no reason given";
    }
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
}

std::string to_der(const X509* certificate) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate, &bytes);
    if (size <= 0) {
        return {};
    }
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
}

std::vector<X509Ptr> read_certificates(std::string_view pem) {
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // Encrypted PEM is an error; without this OpenSSL would ask on the terminal.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    std::vector<X509Ptr> certificates;
    while (X509Ptr next{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
        certificates.push_back(std::move(next));
    }
    ERR_clear_error(); // the end of the text is an error to OpenSSL
    return certificates;
}

} // namespace muster::net
