#include "tls/openssl.hpp"

#include <array>

#include <openssl/err.h>
#include <openssl/pem.h>

namespace gangway::tls {

namespace {

BioPointer reader_of(const std::string& text) {
  return BioPointer{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

// Never asks at the terminal: a key with a passphrase is one that cannot be read.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

base::Fault openssl_fault(std::string_view what) {
  std::array<char, 256> reason{};
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) {
    return {std::string{what}};
  }
  ERR_error_string_n(code, reason.data(), reason.size());
  return {std::string{what} + ": " + reason.data()};
}

std::string text_of(BIO& bio) {
  char* begin = nullptr;
  const long count = BIO_get_mem_data(&bio, &begin);
  return count > 0 ? std::string(begin, static_cast<std::size_t>(count)) : std::string{};
}

CertificatePointer certificate_from_pem(const std::string& pem) {
  const BioPointer bio = reader_of(pem);
  return CertificatePointer{bio ? PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr) : nullptr};
}

KeyPointer key_from_pem(const std::string& pem) {
  const BioPointer bio = reader_of(pem);
  return KeyPointer{bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr};
}

}  // namespace gangway::tls
