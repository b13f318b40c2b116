#include "crafted_certificate.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "base/check.hpp"
#include "tls/openssl.hpp"

namespace gangway::tls {

namespace {

std::string pem_of(X509& certificate) {
  const BioPointer bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(bio.get(), &certificate);
  return text_of(*bio);
}

std::string pem_of(EVP_PKEY& key) {
  const BioPointer bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(*bio);
}

void extend(X509& certificate, int kind, const std::string& value) {
  if (value.empty()) {
    return;
  }
  X509V3_CTX context{};
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  const ExtensionPointer extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  GANGWAY_CHECK(extension != nullptr, "OpenSSL does not understand this extension");
  X509_add_ext(&certificate, extension.get(), -1);
}

CertificatePointer blank(EVP_PKEY& key, const char* name) {
  CertificatePointer certificate{X509_new()};
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_pubkey(certificate.get(), &key);
  return certificate;
}

}  // namespace

Crafted craft(const std::string& alternative_names, const std::string& extended_usage, const Crafted* sibling) {
  Crafted made;
  KeyPointer signer;
  CertificatePointer authority;
  if (sibling != nullptr) {
    signer = key_from_pem(sibling->signer_key_pem);
    authority = certificate_from_pem(sibling->identity.authority_pem);
  } else {
    signer = KeyPointer{EVP_EC_gen("P-256")};
    authority = blank(*signer, "crafted authority");
    X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
    extend(*authority, NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(authority.get(), signer.get(), EVP_sha256());
  }
  const KeyPointer key{EVP_EC_gen("P-256")};
  const CertificatePointer leaf = blank(*key, "crafted leaf");
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(authority.get()));
  extend(*leaf, NID_ext_key_usage, extended_usage);
  extend(*leaf, NID_subject_alt_name, alternative_names);
  X509_sign(leaf.get(), signer.get(), EVP_sha256());
  made.identity = {.certificate_pem = pem_of(*leaf), .key_pem = pem_of(*key), .authority_pem = pem_of(*authority)};
  made.signer_key_pem = pem_of(*signer);
  return made;
}

}  // namespace gangway::tls
