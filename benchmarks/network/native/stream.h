// A connection, plain or TLS, of which reading and writing never block.
#pragma once

#include <cstddef>
#include <memory>

#include "benchmarks/network/native/address.h"

namespace bench {

// What read() and write() return when nothing can move now: what has to become ready first. TLS
// may have to read in order to write, and the other way round.
inline constexpr long kWantsRead = -1;
inline constexpr long kWantsWrite = -2;

class Stream {
 public:
  virtual ~Stream() = default;

  // Bytes moved, or one of the above. Reading returns 0 when the other side has closed. Failures
  // end the process.
  virtual long read(char* into, std::size_t size) = 0;
  virtual long write(const char* from, std::size_t size) = 0;

  int fd() const { return fd_.get(); }

 protected:
  explicit Stream(Fd fd) : fd_(std::move(fd)) {}

 private:
  Fd fd_;
};

// Opens streams to one server.
class Dialer {
 public:
  // certificate: the one file that TLS trusts; unused elsewhere.
  Dialer(const Address& address, const std::string& certificate);
  ~Dialer();

  std::unique_ptr<Stream> dial();

 private:
  struct Tls;
  Address address_;
  std::unique_ptr<Tls> tls_;
  unsigned dialed_ = 0;
};

}  // namespace bench
