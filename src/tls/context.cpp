#include "tls/context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <boost/asio/ssl/verify_context.hpp>

#include "tls/certificate_role.hpp"
#include "tls/openssl.hpp"

namespace gangway::tls {

namespace ssl = boost::asio::ssl;

namespace {

// AES-128-GCM first: on any CPU with AES instructions it is the fastest, and the server's order counts.
constexpr const char* ciphers = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

// A leaf and the authority that signed it: there is nothing between.
constexpr int chain_depth_max = 1;

bool fits(Side side, Role role) {
  return side == Side::server ? is_client(role) : role == Role::gateway;
}

bool accept_certificate(Side side, bool verified, X509_STORE_CTX& verification) {
  if (!verified) {
    return false;
  }
  if (X509_STORE_CTX_get_error_depth(&verification) > 0) {
    return true;
  }
  const X509* certificate = X509_STORE_CTX_get_current_cert(&verification);
  const base::Result<Role> role = certificate ? role_of(*certificate) : base::Fault{"no certificate"};
  if (role.ok() && fits(side, role.value())) {
    return true;
  }
  // The same error as for a certificate that is not made for this side: the alert to the peer is the same too.
  X509_STORE_CTX_set_error(&verification, X509_V_ERR_INVALID_PURPOSE);
  return false;
}

base::Status use_identity(SSL_CTX& context, const Identity& identity) {
  const CertificatePointer certificate = certificate_from_pem(identity.certificate_pem);
  if (!certificate) {
    return openssl_fault("this side's certificate cannot be read");
  }
  const KeyPointer key = key_from_pem(identity.key_pem);
  if (!key) {
    return openssl_fault("the key of this side's certificate cannot be read");
  }
  const CertificatePointer authority = certificate_from_pem(identity.authority_pem);
  if (!authority) {
    return openssl_fault("the certificate of the cluster's authority cannot be read");
  }
  if (SSL_CTX_use_certificate(&context, certificate.get()) != 1 || SSL_CTX_use_PrivateKey(&context, key.get()) != 1) {
    return openssl_fault("this side's certificate and key do not belong together");
  }
  if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), authority.get()) != 1) {
    return openssl_fault("the cluster's authority cannot be trusted");
  }
  return base::Done{};
}

base::Status apply_settings(SSL_CTX& context) {
  SSL_CTX_set_options(
      &context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS);
  const bool set = SSL_CTX_set_min_proto_version(&context, TLS1_3_VERSION) == 1 &&
                   SSL_CTX_set_max_proto_version(&context, TLS1_3_VERSION) == 1 &&
                   SSL_CTX_set_ciphersuites(&context, ciphers) == 1 && SSL_CTX_set_num_tickets(&context, 0) == 1;
  if (!set) {
    return openssl_fault("OpenSSL does not offer TLS 1.3 as Gangway needs it");
  }
  return base::Done{};
}

}  // namespace

base::Result<std::shared_ptr<ssl::context>> make_context(Side side, const Identity& identity) {
  std::shared_ptr<ssl::context> context;
  try {
    context = std::make_shared<ssl::context>(side == Side::server ? ssl::context::tlsv13_server
                                                                  : ssl::context::tlsv13_client);
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    context->set_verify_depth(chain_depth_max);
    context->set_verify_callback([side](bool verified, ssl::verify_context& verification) {
      return accept_certificate(side, verified, *verification.native_handle());
    });
  } catch (const boost::system::system_error& error) {
    return base::Fault{std::string{"OpenSSL cannot be used: "} + error.what()};
  }
  SSL_CTX& native = *context->native_handle();
  if (const base::Status settings = apply_settings(native); !settings.ok()) {
    return settings.fault();
  }
  if (const base::Status used = use_identity(native, identity); !used.ok()) {
    return used.fault();
  }
  return context;
}

base::Result<Role> peer_role(Side side, Stream& stream) {
  const CertificatePointer certificate{SSL_get1_peer_certificate(stream.native_handle())};
  if (!certificate || SSL_get_verify_result(stream.native_handle()) != X509_V_OK) {
    return base::Fault{"its certificate was not verified"};
  }
  base::Result<Role> role = role_of(*certificate);
  if (role.ok() && !fits(side, role.value())) {
    return base::Fault{"its certificate has a role that does not fit"};
  }
  return role;
}

void send_at_once(Stream& stream) {
  boost::system::error_code ignored;  // only costs time if it fails; a dead socket shows at once anyway
  stream.lowest_layer().set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
}

std::string place_text(const std::string& address, std::uint16_t port) {
  const bool brackets = address.find(':') != std::string::npos;
  return (brackets ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace gangway::tls
