#include "bindings/loop/loop_io.h"

#include <fcntl.h>

#include <new>

#include "bindings/core/current_task.h"
#include "bindings/loop/socket_call.h"
#include "bindings/py/call.h"
#include "bindings/py/gil.h"

namespace phaseloop {
namespace {

Side& side_of(Runnable& work) noexcept { return static_cast<Side&>(work); }

void run(Runnable& work) noexcept {
  Side& side = side_of(work);
  if (std::exchange(side.stale, false)) return;
  if (Ref<> call = side.call.share()) return socket_ready(call.get());
  if (!side.handle) return;
  Ref<Handle> handle = side.handle.share();  // the callback may remove it
  Ref<> loop = py::borrow(side.data.object);
  run_handle(*handle.get(), side.data);
}
void drop(Runnable& work) noexcept { side_of(work).stale = false; }
PyObject* listener(const Side& side) noexcept {
  return side.call ? side.call.get() : side.handle.obj();
}
PyObject* owner(Runnable& work) noexcept { return listener(side_of(work)); }
PyObject* no_owner(Runnable&) noexcept { return nullptr; }
// Being queued is no share: the loop itself keeps the handle, and visits it.
int visit_nothing(Runnable&, visitproc, void*) noexcept { return 0; }
constexpr WorkKind kKind{{run, drop}, owner, nullptr, visit_nothing};

int os_error(int error) noexcept {
  errno = error;
  PyErr_SetFromErrno(PyExc_OSError);
  return -1;
}

Side& side(FdWatch& watch, Direction direction) noexcept {
  return direction == Direction::read ? watch.reader : watch.writer;
}
Interest interest(Direction direction) noexcept {
  return direction == Direction::read ? Interest::read : Interest::write;
}

std::unique_ptr<FdWatch> new_watch(LoopData& data, int fd) noexcept {
  std::unique_ptr<FdWatch> made(new (std::nothrow) FdWatch(data, fd));
  if (!made) PyErr_NoMemory();
  return made;
}

// Null, and OSError: no descriptor has that number; or MemoryError.
FdWatch* find_or_make(LoopIo& io, LoopData& data, int fd) noexcept {
  if (FdWatch* known = io.watches.find(fd)) return known;
  // A watch lives until the loop is closed, so none is made for a number that is no descriptor.
  if (fcntl(fd, F_GETFD) < 0) {
    os_error(errno);
    return nullptr;
  }
  std::unique_ptr<FdWatch> made = new_watch(data, fd);
  if (!made) return nullptr;
  if (!io.watches.reserve(fd)) {
    PyErr_NoMemory();
    return nullptr;
  }
  io.watches.set(fd, made.get());
  return made.release();
}

// Somebody else listens now, or nobody. The handle's own cancel(): whoever holds it sees it
// cancelled. A call is left waiting for ever, as asyncio leaves its future.
int replace_listener(Side& side, Ref<Handle> handle, Ref<> call) noexcept {
  Ref<Handle> former = std::exchange(side.handle, std::move(handle));
  Ref<> former_call = std::exchange(side.call, std::move(call));
  if ((former || former_call) && side.linked()) side.stale = true;
  if (!former) return 0;
  return py::call_method(former.obj(), side.data.state.names.cancel.get()) ? 0 : -1;
}

bool has_listener(const FdWatch& watch) noexcept {
  return listener(watch.reader) != nullptr || listener(watch.writer) != nullptr;
}

// OSError. As asyncio's selector, whose key is gone after a failed modify(): whoever listened on
// either side does so no longer, and no handle is cancelled.
int registration_failed(Loop& loop, FdWatch& watch, Status status) noexcept {
  static_cast<void>(loop.io->poller.watch(watch.watch, Interest::none).ok());
  for (Side* each : {&watch.reader, &watch.writer}) {
    each->stale = each->linked();
    Ref<Handle> handle = std::exchange(each->handle, nullptr);
    Ref<> call = std::exchange(each->call, nullptr);
  }
  Ref<> file = std::exchange(watch.file, nullptr);
  file = nullptr;  // may run Python code, which must not meet an error that is set
  return os_error(status.error());
}

}  // namespace

Status SleepingPoller::wait(std::optional<Duration> timeout) noexcept {
  if (timeout == Duration::zero()) return inner_.wait(timeout);
  leave_standing_task(data_);
  py::ReleasedGil released;
  return inner_.wait(timeout);
}

Side::Side(LoopData& own_data) noexcept : Runnable(kKind), data(own_data) {}

FdWatch::FdWatch(LoopData& data, int fd) noexcept : reader(data), writer(data) {
  watch.fd = fd;
  watch.on_readable = &reader;
  watch.on_writable = &writer;
}

constexpr WorkKind Neglected::kKind{{run, drop}, no_owner, nullptr, visit_nothing};

Neglected::Neglected(EpollPoller& poller, EventLoop& events) noexcept
    : Runnable(kKind), poller_(poller), events_(events) {}

void Neglected::add(FdWatch& watch) noexcept {
  if (watch.neglected) return;
  watch.neglected = true;
  watch.next_neglected = std::exchange(new_, &watch);
  if (!linked()) events_.call_soon(*this);
}

void Neglected::run(Runnable& work) noexcept {
  auto& self = static_cast<Neglected&>(work);
  if (!self.ending_) {
    self.ending_ = true;
    self.old_ = std::exchange(self.new_, nullptr);
    return self.events_.call_at_end(self);
  }
  self.ending_ = false;
  while (FdWatch* watch = self.old_) {
    self.old_ = std::exchange(watch->next_neglected, nullptr);
    watch->neglected = false;
    self.poller_.settle(watch->watch);
  }
  if (self.new_ != nullptr) self.events_.call_soon(self);
}

void Neglected::drop(Runnable& work) noexcept {
  auto& self = static_cast<Neglected&>(work);
  self.ending_ = false;
  self.forget();
}

int watch_fd(Loop& loop, int fd, PyObject* file, Direction direction, Ref<Handle> handle) noexcept {
  FdWatch* watch = find_or_make(*loop.io, *loop.data, fd);
  if (watch == nullptr) return -1;
  const Status changed =
      loop.io->poller.watch(watch->watch, watch->watch.interest | interest(direction));
  if (!changed.ok()) return registration_failed(loop, *watch, changed);
  Ref<> former_file;
  if (!has_listener(*watch)) {
    former_file = std::exchange(watch->file, PyLong_Check(file) ? nullptr : py::borrow(file));
  }
  return replace_listener(side(*watch, direction), std::move(handle), nullptr);
}

int unwatch_fd(Loop& loop, int fd, Direction direction) noexcept {
  FdWatch* watch = loop.io->watches.find(fd);
  if (watch == nullptr || listener(side(*watch, direction)) == nullptr) return 0;
  const Interest left = watch->watch.interest - interest(direction);
  const Status changed = loop.io->poller.reduce(watch->watch, left);
  if (!changed.ok()) return registration_failed(loop, *watch, changed);
  Ref<> file;
  if (left == Interest::none) file = std::exchange(watch->file, nullptr);
  return replace_listener(side(*watch, direction), nullptr, nullptr) < 0 ? -1 : 1;
}

int watched_as(LoopIo& io, PyObject* file) noexcept {
  int fd = -1;
  io.watches.for_each([&](const FdWatch& watch) {
    if (watch.file.get() == file && has_listener(watch)) fd = watch.watch.fd;
  });
  return fd;
}

int watch_socket(Loop& loop, int fd, Direction direction, PyObject* socket, Ref<> call) noexcept {
  Ref<> reference = py::steal(PyWeakref_NewRef(socket, nullptr));
  if (!reference) return -1;
  FdWatch* watch = find_or_make(*loop.io, *loop.data, fd);
  if (watch == nullptr) return -1;
  EpollPoller& poller = loop.io->poller;
  const Interest wanted = watch->watch.interest | interest(direction);
  // What a socket that was closed meanwhile has left is registered no longer, whatever we know.
  const bool same = watch->socket.get() == reference.get();
  if (!same) poller.forget(watch->watch);
  const Status changed = poller.resume(watch->watch, wanted);
  if (!changed.ok()) return registration_failed(loop, *watch, changed);
  watch->socket = std::move(reference);
  // A file that was registered by add_reader() stays registered as long as anybody listens.
  Ref<> file;
  if (!has_listener(*watch)) file = std::exchange(watch->file, nullptr);
  return replace_listener(side(*watch, direction), nullptr, std::move(call));
}

void unwatch_socket(Loop& loop, int fd, Direction direction, PyObject* call, bool again) noexcept {
  FdWatch* watch = loop.io->watches.find(fd);
  if (watch == nullptr || side(*watch, direction).call.get() != call) return;
  Side& left = side(*watch, direction);
  Ref<> former = std::exchange(left.call, nullptr);
  if (left.linked()) left.stale = true;
  Ref<> file;
  if (!has_listener(*watch)) file = std::exchange(watch->file, nullptr);
  loop.io->poller.neglect(watch->watch, interest(direction));
  if (again) return loop.io->neglected.add(*watch);
  loop.io->poller.settle(watch->watch);
}

PyObject* watcher_of(LoopIo& io, int fd, Direction direction) noexcept {
  FdWatch* watch = io.watches.find(fd);
  return watch != nullptr ? listener(side(*watch, direction)) : nullptr;
}

namespace {

// Nobody listens any more. The records stay until the loop is closed: the ready queue may point to
// them.
void retire_watches(LoopIo& io) noexcept {
  // Letting go of a handle may run Python code: take everything out of sight first.
  FdTable<FdWatch> watches;
  watches.swap(io.watches);
  io.neglected.forget();
  FdWatch* retired = nullptr;
  const auto retire = [&](FdWatch& watch) {
    static_cast<void>(io.poller.watch(watch.watch, Interest::none).ok());
    for (Side* side : {&watch.reader, &watch.writer}) {
      side->stale = side->linked();
      Ref<Handle> handle = std::move(side->handle);
      Ref<> call = std::move(side->call);
    }
    Ref<> file = std::move(watch.file);
    watch.next_neglected = std::exchange(retired, &watch);
  };
  watches.for_each(retire);
  while (FdWatch* watch = retired) {
    retired = std::exchange(watch->next_neglected, io.retired);
    io.retired = watch;
  }
}

}  // namespace

int forget_parent(Loop& loop) noexcept {
  // First of all a poller of its own: unwatching in the shared one would unwatch for the parent.
  const Status reopened = loop.io->poller.reopen();
  retire_watches(*loop.io);
  return reopened.ok() ? 0 : os_error(reopened.error());
}

namespace {

int visit_watch(FdWatch& watch, visitproc visit, void* arg) noexcept {
  for (const Side* each : {&watch.reader, &watch.writer}) {
    Py_VISIT(each->handle.obj());
    Py_VISIT(each->call.get());
  }
  Py_VISIT(watch.socket.get());
  Py_VISIT(watch.file.get());
  return 0;
}

}  // namespace

int visit_watches(LoopIo& io, visitproc visit, void* arg) noexcept {
  int result = 0;
  io.watches.for_each([&](FdWatch& watch) {
    if (result == 0) result = visit_watch(watch, visit, arg);
  });
  return result;
}

void clear_watches(LoopIo& io) noexcept {
  // Letting go of a handle may run Python code: take everything out of sight first.
  FdTable<FdWatch> watches;
  watches.swap(io.watches);
  io.neglected.forget();
  watches.for_each([&](FdWatch& watch) {
    static_cast<void>(io.poller.watch(watch.watch, Interest::none).ok());
  });
  FdWatch* retired = std::exchange(io.retired, nullptr);
  watches.for_each([](FdWatch& watch) { delete &watch; });
  while (retired != nullptr) delete std::exchange(retired, retired->next_neglected);
}

}  // namespace phaseloop
