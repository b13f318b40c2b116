// Owners for OpenSSL's objects. Internal to this folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/result.hpp"

namespace gangway::tls {

template <auto free_function>
struct FreedBy {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};

using BioPointer = std::unique_ptr<BIO, FreedBy<BIO_free>>;
using BignumPointer = std::unique_ptr<BIGNUM, FreedBy<BN_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using CertificatePointer = std::unique_ptr<X509, FreedBy<X509_free>>;
using ExtensionPointer = std::unique_ptr<X509_EXTENSION, FreedBy<X509_EXTENSION_free>>;
using TimePointer = std::unique_ptr<ASN1_TIME, FreedBy<ASN1_TIME_free>>;
using NamesPointer = std::unique_ptr<GENERAL_NAMES, FreedBy<GENERAL_NAMES_free>>;

/// A fault "`what`: <OpenSSL's oldest error>"; forgets the errors OpenSSL has kept for this thread.
base::Fault openssl_fault(std::string_view what);

/// What was written into a memory BIO.
std::string text_of(BIO& bio);

/// Reads the first certificate of a PEM text; null if there is none.
CertificatePointer certificate_from_pem(const std::string& pem);

/// Reads a private key that is not encrypted; null if there is none.
KeyPointer key_from_pem(const std::string& pem);

}  // namespace gangway::tls
