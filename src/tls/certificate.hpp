// The throw-away certificate authority of one cluster, and the certificates it issues. A certificate says what its
// holder may be by its role, which stands in the subject alternative name as the URI "gangway:role/<role>".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.hpp"
#include "base/result.hpp"

namespace gangway::tls {

/// What the holder of a certificate may be.
enum class Role { client_observe, client_submit, client_administer, gateway };

/// The role as it stands in a certificate, e.g. "client_submit".
std::string_view role_text(Role role);

/// The role with this text, if there is one.
std::optional<Role> role_from_text(std::string_view text);

/// True for the three roles of clients.
bool is_client(Role role);

/// What one end of a connection needs: its certificate, the key to it, and the only authority it trusts. PEM texts;
/// the key is not encrypted, so whoever writes it to a file sees to the file's mode.
struct Identity {
  std::string certificate_pem;
  std::string key_pem;
  std::string authority_pem;
};

/// When a certificate is valid, counted from the moment it is made. It begins in the past because the clocks of two
/// hosts never agree.
struct Validity {
  base::Duration from = base::seconds(-10 * 60);
  base::Duration until = base::seconds(30 * 24 * 3600);
};

/// The certificate authority of one cluster (ECDSA over P-256). Its key exists only in this object: when the object
/// is gone nothing can be issued any more. A resource; movable.
class Authority {
 public:
  /// A new authority with a new key. `cluster` becomes part of its subject (cut to what X.509 allows).
  static base::Result<Authority> create(std::string_view cluster, Validity validity = {});

  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;
  ~Authority();

  /// A new key and a certificate for it. Certificates of clients cannot serve, certificates of gateways cannot act as
  /// clients.
  [[nodiscard]] base::Result<Identity> issue(Role role, Validity validity = {}) const;

  /// The authority's own certificate: what the other end must trust.
  [[nodiscard]] const std::string& certificate_pem() const;

 private:
  struct State;
  explicit Authority(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace gangway::tls
