/* Preloaded: makes a system call of the data path fail or fall short, as asked.
 *
 * arm(kind, at, error) has the `at`-th of the following calls of that kind fail with errno `error`
 * (1: the next one); a negative error: that many bytes at most are moved. Counted are calls on
 * sockets, pipes and epoll instances only. fired() tells how many have failed since.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { READ = 1, WRITE, ACCEPT, CONNECT, SENDFILE, EPOLL_CTL, SOCKET, EPOLL_WAIT };

static atomic_int armed_kind, left, armed_error, fired_count;

__attribute__((visibility("default"))) void fault_arm(int kind, int at, int error) {
  armed_kind = 0;
  left = at;
  armed_error = error;
  fired_count = 0;
  armed_kind = kind;
}
__attribute__((visibility("default"))) int fault_fired(void) { return fired_count; }

static int is_ours(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && (S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode));
}

/* 0: go on as it is; else the error, or the bytes allowed as a negative number. */
static int due(enum kind kind, int fd) {
  if (armed_kind != (int)kind || (fd >= 0 && !is_ours(fd))) return 0;
  if (atomic_fetch_sub(&left, 1) != 1) return 0;
  armed_kind = 0;
  ++fired_count;
  return armed_error;
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define FAIL_IF_DUE(kind, fd) \
  const int fault = due(kind, fd); \
  if (fault > 0) { \
    errno = fault; \
    return -1; \
  }

#define SHORTENED(size) (fault < 0 && (size) > (size_t)-fault ? (size_t)-fault : (size))

ssize_t read(int fd, void* data, size_t size) {
  REAL(read);
  FAIL_IF_DUE(READ, fd);
  return real(fd, data, SHORTENED(size));
}
ssize_t recv(int fd, void* data, size_t size, int flags) {
  REAL(recv);
  FAIL_IF_DUE(READ, fd);
  return real(fd, data, SHORTENED(size), flags);
}
ssize_t recvfrom(int fd, void* data, size_t size, int flags, struct sockaddr* from,
                 socklen_t* length) {
  REAL(recvfrom);
  FAIL_IF_DUE(READ, fd);
  return real(fd, data, SHORTENED(size), flags, from, length);
}
ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  REAL(recvmsg);
  FAIL_IF_DUE(READ, fd);
  return real(fd, message, flags);
}
ssize_t readv(int fd, const struct iovec* parts, int count) {
  REAL(readv);
  FAIL_IF_DUE(READ, fd);
  if (fault < 0 && count > 0) {
    struct iovec first = {parts[0].iov_base, SHORTENED(parts[0].iov_len)};
    return real(fd, &first, 1);
  }
  return real(fd, parts, count);
}
int recvmmsg(int fd, struct mmsghdr* messages, unsigned int count, int flags,
             struct timespec* timeout) {
  REAL(recvmmsg);
  FAIL_IF_DUE(READ, fd);
  return real(fd, messages, count, flags, timeout);
}
ssize_t write(int fd, const void* data, size_t size) {
  REAL(write);
  FAIL_IF_DUE(WRITE, fd);
  return real(fd, data, SHORTENED(size));
}
ssize_t send(int fd, const void* data, size_t size, int flags) {
  REAL(send);
  FAIL_IF_DUE(WRITE, fd);
  return real(fd, data, SHORTENED(size), flags);
}
ssize_t sendto(int fd, const void* data, size_t size, int flags, const struct sockaddr* to,
               socklen_t length) {
  REAL(sendto);
  FAIL_IF_DUE(WRITE, fd);
  return real(fd, data, SHORTENED(size), flags, to, length);
}
ssize_t writev(int fd, const struct iovec* parts, int count) {
  REAL(writev);
  FAIL_IF_DUE(WRITE, fd);
  if (fault < 0 && count > 0) {
    struct iovec first = {parts[0].iov_base, SHORTENED(parts[0].iov_len)};
    return real(fd, &first, 1);
  }
  return real(fd, parts, count);
}
ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  REAL(sendmsg);
  FAIL_IF_DUE(WRITE, fd);
  if (fault < 0 && message->msg_iovlen > 0) {
    struct iovec first = {message->msg_iov[0].iov_base, SHORTENED(message->msg_iov[0].iov_len)};
    struct msghdr shorter = *message;
    shorter.msg_iov = &first;
    shorter.msg_iovlen = 1;
    return real(fd, &shorter, flags);
  }
  return real(fd, message, flags);
}
int sendmmsg(int fd, struct mmsghdr* messages, unsigned int count, int flags) {
  REAL(sendmmsg);
  FAIL_IF_DUE(WRITE, fd);
  return real(fd, messages, fault < 0 && count > 1 ? 1 : count, flags);
}
int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
  REAL(accept4);
  FAIL_IF_DUE(ACCEPT, fd);
  return real(fd, address, length, flags);
}
int accept(int fd, struct sockaddr* address, socklen_t* length) {
  REAL(accept);
  FAIL_IF_DUE(ACCEPT, fd);
  return real(fd, address, length);
}
int connect(int fd, const struct sockaddr* address, socklen_t length) {
  REAL(connect);
  FAIL_IF_DUE(CONNECT, fd);
  return real(fd, address, length);
}
ssize_t sendfile(int out, int in, off_t* offset, size_t size) {
  REAL(sendfile);
  FAIL_IF_DUE(SENDFILE, out);
  return real(out, in, offset, SHORTENED(size));
}
ssize_t sendfile64(int out, int in, off64_t* offset, size_t size) {
  REAL(sendfile64);
  FAIL_IF_DUE(SENDFILE, out);
  return real(out, in, offset, SHORTENED(size));
}
int socket(int domain, int type, int protocol) {
  REAL(socket);
  FAIL_IF_DUE(SOCKET, -1);
  return real(domain, type, protocol);
}
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  REAL(epoll_ctl);
  /* Taking out cannot fail but for a descriptor that is gone. */
  FAIL_IF_DUE(operation == EPOLL_CTL_DEL ? 0 : EPOLL_CTL, fd);
  return real(epoll, operation, fd, event);
}
int epoll_wait(int epoll, struct epoll_event* events, int most, int timeout) {
  REAL(epoll_wait);
  FAIL_IF_DUE(EPOLL_WAIT, -1);
  return real(epoll, events, most, timeout);
}
int epoll_pwait2(int epoll, struct epoll_event* events, int most, const struct timespec* timeout,
                 const __sigset_t* mask) {
  static int (*real)(int, struct epoll_event*, int, const struct timespec*, const __sigset_t*);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "epoll_pwait2");
  FAIL_IF_DUE(EPOLL_WAIT, -1);
  return real(epoll, events, most, timeout, mask);
}
