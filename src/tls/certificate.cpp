#include "tls/certificate.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "tls/certificate_role.hpp"
#include "tls/openssl.hpp"

namespace gangway::tls {

namespace {

constexpr std::string_view role_prefix = "gangway:role/";

constexpr std::array<std::pair<Role, std::string_view>, 4> roles{{
    {Role::client_observe, "client_observe"},
    {Role::client_submit, "client_submit"},
    {Role::client_administer, "client_administer"},
    {Role::gateway, "gateway"},
}};

// The upper bound of a common name in X.520.
constexpr std::size_t common_name_bytes_max = 64;

bool set_serial(X509& certificate) {
  const BignumPointer number{BN_new()};
  return number && BN_rand(number.get(), 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

bool set_time(ASN1_TIME* field, base::Duration from_now) {
  const std::time_t moment = std::time(nullptr) + static_cast<std::time_t>(from_now.ns / 1'000'000'000);
  return ASN1_TIME_set(field, moment) != nullptr;
}

bool set_common_name(X509& certificate, std::string name) {
  name.resize(std::min(name.size(), common_name_bytes_max));
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(&certificate), "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool add_extension(X509& certificate, X509& issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const ExtensionPointer extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  return extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

/// A certificate for `key` with everything but issuer, extensions and signature; null if OpenSSL fails.
CertificatePointer unsigned_certificate(const std::string& name, EVP_PKEY& key, Validity validity) {
  CertificatePointer certificate{X509_new()};
  const bool done = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    set_serial(*certificate) && set_time(X509_getm_notBefore(certificate.get()), validity.from) &&
                    set_time(X509_getm_notAfter(certificate.get()), validity.until) &&
                    set_common_name(*certificate, name) && X509_set_pubkey(certificate.get(), &key) == 1;
  return done ? std::move(certificate) : nullptr;
}

std::string pem_of(X509& certificate) {
  const BioPointer bio{BIO_new(BIO_s_mem())};
  return bio && PEM_write_bio_X509(bio.get(), &certificate) == 1 ? text_of(*bio) : std::string{};
}

std::string pem_of(EVP_PKEY& key) {
  const BioPointer bio{BIO_new(BIO_s_mem())};
  const bool done = bio && PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  return done ? text_of(*bio) : std::string{};
}

}  // namespace

std::string_view role_text(Role role) {
  for (const auto& [known, text] : roles) {
    if (known == role) {
      return text;
    }
  }
  GANGWAY_CHECK(false, "a role that is not in the table");
}

std::optional<Role> role_from_text(std::string_view text) {
  for (const auto& [role, known] : roles) {
    if (known == text) {
      return role;
    }
  }
  return std::nullopt;
}

bool is_client(Role role) {
  return role != Role::gateway;
}

base::Result<Role> role_of(const X509& certificate) {
  const NamesPointer names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
  std::optional<std::string_view> found;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) {
      continue;
    }
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    const std::string_view text{reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                                static_cast<std::size_t>(ASN1_STRING_length(uri))};
    if (!text.starts_with(role_prefix)) {
      continue;
    }
    if (found) {
      return base::Fault{"the certificate carries more than one role"};
    }
    found = text.substr(role_prefix.size());
  }
  if (!found) {
    return base::Fault{"the certificate carries no role"};
  }
  const std::optional<Role> role = role_from_text(*found);
  if (!role) {
    return base::Fault{"the certificate carries a role that this version does not know"};
  }
  return *role;
}

struct Authority::State {
  std::string cluster;
  KeyPointer key;
  CertificatePointer certificate;
  std::string certificate_pem;
};

Authority::Authority(std::unique_ptr<State> state) : state_{std::move(state)} {}
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;
Authority::~Authority() = default;

const std::string& Authority::certificate_pem() const {
  return state_->certificate_pem;
}

base::Result<Authority> Authority::create(std::string_view cluster, Validity validity) {
  const std::string failed = "cannot make the certificate authority of cluster " + std::string{cluster};
  auto state = std::make_unique<State>();
  state->cluster = cluster;
  state->key = KeyPointer{EVP_EC_gen("P-256")};
  if (!state->key) {
    return openssl_fault(failed);
  }
  state->certificate = unsigned_certificate("Gangway " + state->cluster, *state->key, validity);
  X509* certificate = state->certificate.get();
  const bool made = certificate != nullptr &&
                    X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
                    add_extension(*certificate, *certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    add_extension(*certificate, *certificate, NID_key_usage, "critical,keyCertSign") &&
                    add_extension(*certificate, *certificate, NID_subject_key_identifier, "hash") &&
                    X509_sign(certificate, state->key.get(), EVP_sha256()) > 0;
  if (made) {
    state->certificate_pem = pem_of(*certificate);
  }
  if (state->certificate_pem.empty()) {
    return openssl_fault(failed);
  }
  return Authority{std::move(state)};
}

base::Result<Identity> Authority::issue(Role role, Validity validity) const {
  const std::string role_name{role_text(role)};
  const std::string failed = "cannot issue a certificate for role " + role_name + " of cluster " + state_->cluster;
  const KeyPointer key{EVP_EC_gen("P-256")};
  if (!key) {
    return openssl_fault(failed);
  }
  X509& issuer = *state_->certificate;
  const CertificatePointer leaf = unsigned_certificate("Gangway " + role_name, *key, validity);
  const bool made =
      leaf && X509_set_issuer_name(leaf.get(), X509_get_subject_name(&issuer)) == 1 &&
      add_extension(*leaf, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(*leaf, issuer, NID_key_usage, "critical,digitalSignature") &&
      add_extension(*leaf, issuer, NID_ext_key_usage, is_client(role) ? "clientAuth" : "serverAuth") &&
      add_extension(*leaf, issuer, NID_subject_key_identifier, "hash") &&
      add_extension(*leaf, issuer, NID_authority_key_identifier, "keyid:always") &&
      add_extension(*leaf, issuer, NID_subject_alt_name, "URI:" + std::string{role_prefix} + role_name) &&
      X509_sign(leaf.get(), state_->key.get(), EVP_sha256()) > 0;
  Identity identity;
  if (made) {
    identity = {.certificate_pem = pem_of(*leaf), .key_pem = pem_of(*key), .authority_pem = state_->certificate_pem};
  }
  if (identity.certificate_pem.empty() || identity.key_pem.empty()) {
    return openssl_fault(failed);
  }
  return identity;
}

}  // namespace gangway::tls
