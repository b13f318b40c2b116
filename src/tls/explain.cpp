#include "tls/explain.hpp"

#include <array>
#include <ctime>
#include <optional>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include "tls/openssl.hpp"

namespace gangway::tls {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

int openssl_reason(const error_code& error) {
  return ERR_GET_REASON(static_cast<unsigned long>(static_cast<unsigned int>(error.value())));
}

/// The number of the alert the peer has sent, if this is what the error says.
std::optional<int> received_alert(const error_code& error) {
  if (error.category() != asio::error::get_ssl_category() || openssl_reason(error) < SSL_AD_REASON_OFFSET) {
    return std::nullopt;
  }
  return openssl_reason(error) - SSL_AD_REASON_OFFSET;
}

std::string time_text(const ASN1_TIME* time) {
  std::tm parts{};
  std::array<char, 32> text{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return "?";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts)};
}

/// Both times and the clock of this host, so that a reader sees which of them is off.
std::string validity_text(const X509* certificate) {
  if (certificate == nullptr) return "its dates are not known here";
  const TimePointer now{ASN1_TIME_set(nullptr, std::time(nullptr))};
  return "it is valid from " + time_text(X509_get0_notBefore(certificate)) + " until " +
         time_text(X509_get0_notAfter(certificate)) + ", and the clock of this host says " + time_text(now.get()) +
         ", all UTC";
}

/// The peer's certificate, also when it was not accepted.
const X509* shown_certificate(Stream& stream) {
  const STACK_OF(X509)* chain = SSL_get0_verified_chain(stream.native_handle());
  return chain != nullptr && sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : nullptr;
}

std::string alert_text(int alert, Stream& stream, const error_code& error) {
  switch (alert) {
    case SSL_AD_UNKNOWN_CA:
      return "refused our certificate: it is of another cluster (is the connection file an old one?)";
    case SSL_AD_CERTIFICATE_EXPIRED:
      return "refused our certificate: it has expired by the clock there; " +
             validity_text(SSL_get_certificate(stream.native_handle())) +
             " (are the clocks right? a new cluster has new certificates)";
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
      return "refused our certificate: its role does not fit";
    case SSL_AD_CERTIFICATE_REQUIRED:
      return "refused us: it wants a certificate";
    case SSL_AD_BAD_CERTIFICATE:  // also what is not valid yet
      return "refused our certificate: " + error.message() + "; " +
             validity_text(SSL_get_certificate(stream.native_handle())) + " (are the clocks right?)";
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_DECRYPT_ERROR:
      return "refused our certificate: " + error.message();
    case SSL_AD_PROTOCOL_VERSION:
      return "does not speak TLS 1.3";
    default:
      return "ended the connection: " + error.message();
  }
}

std::string certificate_failure(Side side, Stream& stream) {
  const long verification = SSL_get_verify_result(stream.native_handle());
  switch (verification) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "its certificate has expired: " + validity_text(shown_certificate(stream)) +
             " (are the clocks right? a new cluster has new certificates)";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "its certificate is not valid yet: " + validity_text(shown_certificate(stream)) +
             " (are the clocks right?)";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_AKID_SKID_MISMATCH:
      return side == Side::server ? "its certificate is of another cluster"
                                  : "its certificate is of another cluster (is the connection file an old one?)";
    case X509_V_ERR_INVALID_PURPOSE:
      return side == Side::server ? "the role in its certificate is not a client's"
                                  : "it is not a gateway: its certificate has another role";
    default:
      return std::string{"its certificate is not accepted: "} + X509_verify_cert_error_string(verification);
  }
}

bool is_end_of_stream(const error_code& error) {
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
         error == asio::error::connection_reset || error == asio::error::broken_pipe;
}

}  // namespace

std::string handshake_failure(Side side, Stream& stream, const error_code& error) {
  if (is_end_of_stream(error)) {
    return "it closed the connection in the middle of the handshake";
  }
  if (error.category() != asio::error::get_ssl_category()) {
    return error.message();
  }
  if (const std::optional<int> alert = received_alert(error)) {
    return "it " + alert_text(*alert, stream, error);
  }
  switch (openssl_reason(error)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return certificate_failure(side, stream);
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "it showed no certificate";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
      return "it does not speak TLS 1.3";
    default:
      return "it does not speak TLS as Gangway does (" + error.message() + ")";
  }
}

std::string connection_failure(Stream& stream, const error_code& error) {
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    return "closed the connection";
  }
  if (const std::optional<int> alert = received_alert(error)) {
    return alert_text(*alert, stream, error);
  }
  return "is not reachable any more: " + error.message();
}

}  // namespace gangway::tls
