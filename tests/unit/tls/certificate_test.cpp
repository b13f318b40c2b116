#include "tls/certificate.hpp"

#include <array>
#include <ctime>

#include <gmock/gmock.h>
#include <openssl/x509_vfy.h>

#include "crafted_certificate.hpp"
#include "tls/certificate_role.hpp"
#include "tls/openssl.hpp"

namespace gangway::tls {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::array all_roles{Role::client_observe, Role::client_submit, Role::client_administer, Role::gateway};

/// Seconds from now until a time in a certificate.
int seconds_until(const ASN1_TIME* time) {
  int days = 0;
  int seconds = 0;
  EXPECT_EQ(ASN1_TIME_diff(&days, &seconds, nullptr, time), 1);
  return days * 24 * 3600 + seconds;
}

std::string printed(X509& certificate) {
  const BioPointer bio{BIO_new(BIO_s_mem())};
  X509_print(bio.get(), &certificate);
  return text_of(*bio);
}

CertificatePointer certificate_of(const Authority& authority, Role role, Validity validity = {}) {
  return certificate_from_pem(authority.issue(role, validity).value().certificate_pem);
}

TEST(Role, has_a_text_and_is_read_back_from_it) {
  for (const Role role : all_roles) {
    EXPECT_EQ(role_from_text(role_text(role)), role);
  }
  EXPECT_EQ(role_text(Role::client_administer), "client_administer");
  EXPECT_EQ(role_from_text("keeper"), std::nullopt);
  EXPECT_EQ(role_from_text(""), std::nullopt);
}

TEST(Authority, is_an_authority_over_leaves_only) {
  const Authority authority = Authority::create("demo").value();
  const CertificatePointer certificate = certificate_from_pem(authority.certificate_pem());
  const std::string text = printed(*certificate);
  EXPECT_THAT(text, HasSubstr("Gangway demo\n"));
  EXPECT_THAT(text, HasSubstr("CA:TRUE, pathlen:0"));
  EXPECT_THAT(text, HasSubstr("X509v3 Key Usage: critical\n                Certificate Sign\n"));
  EXPECT_THAT(text, HasSubstr("NIST CURVE: P-256"));
  EXPECT_EQ(X509_get_pathlen(certificate.get()), 0);
}

TEST(Authority, accepts_a_cluster_name_longer_than_a_common_name) {
  EXPECT_TRUE(Authority::create(std::string(500, 'n')).ok());
}

TEST(Authority, issues_certificates_that_say_what_their_holder_may_do) {
  const Authority authority = Authority::create("demo").value();
  for (const Role role : all_roles) {
    const CertificatePointer certificate = certificate_of(authority, role);
    const std::string text = printed(*certificate);
    EXPECT_THAT(text, HasSubstr("URI:gangway:role/" + std::string{role_text(role)} + "\n"));
    EXPECT_THAT(text, HasSubstr("CA:FALSE"));
    EXPECT_THAT(text, HasSubstr("X509v3 Key Usage: critical\n                Digital Signature\n"));
    EXPECT_THAT(text, HasSubstr(is_client(role) ? "TLS Web Client Authentication" : "TLS Web Server Authentication"));
    EXPECT_THAT(text, Not(HasSubstr(is_client(role) ? "Server Authentication" : "Client Authentication")));
    EXPECT_EQ(role_of(*certificate).value(), role);
  }
}

TEST(Authority, signs_what_it_issues_and_nothing_else_verifies) {
  const Authority authority = Authority::create("demo").value();
  const Authority other = Authority::create("demo").value();
  const CertificatePointer leaf = certificate_of(authority, Role::gateway);
  EXPECT_EQ(X509_verify(leaf.get(), X509_get0_pubkey(certificate_from_pem(authority.certificate_pem()).get())), 1);
  EXPECT_NE(X509_verify(leaf.get(), X509_get0_pubkey(certificate_from_pem(other.certificate_pem()).get())), 1);
}

TEST(Authority, gives_every_certificate_a_key_and_a_long_random_serial_of_its_own) {
  const Authority authority = Authority::create("demo").value();
  const Identity first = authority.issue(Role::client_submit).value();
  const Identity second = authority.issue(Role::client_submit).value();
  EXPECT_NE(first.key_pem, second.key_pem);
  EXPECT_EQ(first.authority_pem, authority.certificate_pem());
  const CertificatePointer a = certificate_from_pem(first.certificate_pem);
  const CertificatePointer b = certificate_from_pem(second.certificate_pem);
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(a.get()), X509_get0_serialNumber(b.get())), 0);
  EXPECT_GE(ASN1_STRING_length(X509_get0_serialNumber(a.get())), 12);
}

TEST(Authority, issues_certificates_that_begin_in_the_past_and_end_in_a_month) {
  const CertificatePointer certificate = certificate_of(Authority::create("demo").value(), Role::gateway);
  EXPECT_NEAR(seconds_until(X509_get0_notBefore(certificate.get())), -10 * 60, 60);
  EXPECT_NEAR(seconds_until(X509_get0_notAfter(certificate.get())), 30 * 24 * 3600, 60);
}

TEST(Authority, issues_certificates_with_the_validity_it_is_told) {
  const Validity over{.from = base::seconds(-7200), .until = base::seconds(-3600)};
  const CertificatePointer certificate = certificate_of(Authority::create("demo").value(), Role::gateway, over);
  EXPECT_NEAR(seconds_until(X509_get0_notBefore(certificate.get())), -7200, 60);
  EXPECT_NEAR(seconds_until(X509_get0_notAfter(certificate.get())), -3600, 60);
}

TEST(RoleOf, needs_exactly_one_known_role) {
  const auto fault_of = [](const std::string& names) {
    const CertificatePointer leaf = certificate_from_pem(craft(names, "").identity.certificate_pem);
    const base::Result<Role> role = role_of(*leaf);
    return role.ok() ? std::string{role_text(role.value())} : role.fault().text;
  };
  EXPECT_EQ(fault_of("URI:gangway:role/client_submit,DNS:elsewhere"), "client_submit");
  EXPECT_THAT(fault_of(""), HasSubstr("no role"));
  EXPECT_THAT(fault_of("DNS:gangway:role/gateway"), HasSubstr("no role"));
  EXPECT_THAT(fault_of("URI:gangway:role/emperor"), HasSubstr("does not know"));
  EXPECT_THAT(fault_of("URI:gangway:role/gateway2"), HasSubstr("does not know"));
  EXPECT_THAT(fault_of("URI:gangway:role/client_submit,URI:gangway:role/client_administer"),
              HasSubstr("more than one role"));
}

}  // namespace
}  // namespace gangway::tls
