#include "benchmarks/network/native/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>

namespace bench {
namespace {

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Fd fd) : Stream(std::move(fd)) {}

  long read(char* into, std::size_t size) override {
    const ssize_t count = recv(fd(), into, size, 0);
    if (count >= 0) return count;
    if (errno == EAGAIN || errno == ENOTCONN) return kWantsRead;  // ENOTCONN: still connecting
    fail_errno("receiving");
  }

  long write(const char* from, std::size_t size) override {
    const ssize_t count = send(fd(), from, size, MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (errno == EAGAIN || errno == ENOTCONN) return kWantsWrite;
    fail_errno("sending");
  }
};

[[noreturn]] void fail_tls(const std::string& what) {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  fail(what + ": " + text);
}

class TlsStream final : public Stream {
 public:
  TlsStream(Fd fd, SSL_CTX* context) : Stream(std::move(fd)), ssl_(SSL_new(context)) {
    if (ssl_ == nullptr || SSL_set_fd(ssl_, this->fd()) != 1) fail_tls("TLS");
    SSL_set_connect_state(ssl_);  // the handshake runs inside the first write
  }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream() override { SSL_free(ssl_); }

  long read(char* into, std::size_t size) override {
    std::size_t count = 0;
    if (SSL_read_ex(ssl_, into, size, &count) == 1) return static_cast<long>(count);
    return blocked("TLS receiving");
  }

  long write(const char* from, std::size_t size) override {
    std::size_t count = 0;
    if (SSL_write_ex(ssl_, from, size, &count) == 1) return static_cast<long>(count);
    return blocked("TLS sending");
  }

 private:
  long blocked(const char* what) {
    switch (SSL_get_error(ssl_, 0)) {
      case SSL_ERROR_WANT_READ:
        return kWantsRead;
      case SSL_ERROR_WANT_WRITE:
        return kWantsWrite;
      case SSL_ERROR_ZERO_RETURN:
        return 0;
      case SSL_ERROR_SYSCALL:
        if (errno == ENOTCONN || errno == EAGAIN) return kWantsWrite;
        fail_errno(what);
      default:
        fail_tls(what);
    }
  }

  SSL* ssl_;
};

SSL_CTX* client_context(const std::string& certificate) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) fail_tls("TLS");
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_file(context, certificate.c_str()) != 1) {
    fail_tls("certificate '" + certificate + "'");
  }
  return context;
}

}  // namespace

struct Dialer::Tls {
  SSL_CTX* context;
  ~Tls() { SSL_CTX_free(context); }
};

Dialer::Dialer(const Address& address, const std::string& certificate) : address_(address) {
  if (address.transport == Transport::tls) {
    tls_.reset(new Tls{client_context(certificate)});
  }
}

Dialer::~Dialer() = default;

std::unique_ptr<Stream> Dialer::dial() {
  Fd fd = connect_to(address_, dialed_++);
  if (tls_) return std::make_unique<TlsStream>(std::move(fd), tls_->context);
  return std::make_unique<PlainStream>(std::move(fd));
}

}  // namespace bench
