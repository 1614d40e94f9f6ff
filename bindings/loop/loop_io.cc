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
  run_handle(*handle.get());
}
void drop(Runnable& work) noexcept { side_of(work).stale = false; }
PyObject* listener(const Side& side) noexcept {
  return side.call ? side.call.get() : side.handle.obj();
}
PyObject* owner(Runnable& work) noexcept { return listener(side_of(work)); }
PyObject* no_owner(Runnable&) noexcept { return nullptr; }
int call_foreign(Runnable&, PyObject*) noexcept { return 0; }
// Being queued is no share: the loop itself keeps the handle, and visits it.
int visit_nothing(Runnable&, visitproc, void*) noexcept { return 0; }
constexpr WorkKind kKind{{run, drop}, owner, call_foreign, visit_nothing};

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

FdWatch* find(LoopIo& io, int fd) noexcept {
  const auto at = static_cast<std::size_t>(fd);
  return fd >= 0 && at < io.watches.size() ? io.watches[at].get() : nullptr;
}

// Null, and OSError: no descriptor has that number. (Room for any number would be too much.)
FdWatch* find_or_make(LoopIo& io, LoopData& data, int fd) noexcept {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= io.watches.size()) {
    if (fcntl(fd, F_GETFD) < 0) {
      os_error(errno);
      return nullptr;
    }
    io.watches.resize(at + 1);
  }
  if (!io.watches[at]) io.watches[at] = std::make_unique<FdWatch>(data, fd);
  return io.watches[at].get();
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

constexpr WorkKind Neglected::kKind{{run, drop}, no_owner, call_foreign, visit_nothing};

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

int watch_fd(Loop& loop, int fd, Direction direction, Ref<Handle> handle) noexcept {
  FdWatch* watch = find_or_make(*loop.io, *loop.data, fd);
  if (watch == nullptr) return -1;
  const Status changed =
      loop.io->poller.watch(watch->watch, watch->watch.interest | interest(direction));
  if (!changed.ok()) return os_error(changed.error());
  return replace_listener(side(*watch, direction), std::move(handle), nullptr);
}

int unwatch_fd(Loop& loop, int fd, Direction direction) noexcept {
  FdWatch* watch = find(*loop.io, fd);
  if (watch == nullptr || listener(side(*watch, direction)) == nullptr) return 0;
  const Status changed =
      loop.io->poller.watch(watch->watch, watch->watch.interest - interest(direction));
  if (!changed.ok()) return os_error(changed.error());
  return replace_listener(side(*watch, direction), nullptr, nullptr) < 0 ? -1 : 1;
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
  if (!changed.ok()) return os_error(changed.error());
  watch->socket = std::move(reference);
  return replace_listener(side(*watch, direction), nullptr, std::move(call));
}

void unwatch_socket(Loop& loop, int fd, Direction direction, PyObject* call, bool again) noexcept {
  FdWatch* watch = find(*loop.io, fd);
  if (watch == nullptr || side(*watch, direction).call.get() != call) return;
  Side& left = side(*watch, direction);
  Ref<> former = std::exchange(left.call, nullptr);
  if (left.linked()) left.stale = true;
  loop.io->poller.neglect(watch->watch, interest(direction));
  if (again) return loop.io->neglected.add(*watch);
  loop.io->poller.settle(watch->watch);
}

PyObject* watcher_of(LoopIo& io, int fd, Direction direction) noexcept {
  FdWatch* watch = find(io, fd);
  return watch != nullptr ? listener(side(*watch, direction)) : nullptr;
}

int watch_signals(Loop& loop, int fd, Ref<Handle> handle) noexcept {
  auto watch = std::make_unique<FdWatch>(*loop.data, fd);
  const Status watched = loop.io->poller.watch_internally(watch->watch);
  if (!watched.ok()) return os_error(watched.error());
  watch->reader.handle = std::move(handle);
  if (loop.io->signals) loop.io->poller.unwatch_internally(loop.io->signals->watch);
  loop.io->signals = std::move(watch);
  return 0;
}

int forget_parent(Loop& loop) noexcept {
  // First of all a poller of its own: unwatching in the shared one would unwatch for the parent.
  const Status reopened = loop.io->poller.reopen();
  clear_watches(*loop.io);
  return reopened.ok() ? 0 : os_error(reopened.error());
}

int visit_watches(LoopIo& io, visitproc visit, void* arg) noexcept {
  for (const auto& watch : io.watches) {
    if (!watch) continue;
    for (const Side* each : {&watch->reader, &watch->writer}) {
      Py_VISIT(each->handle.obj());
      Py_VISIT(each->call.get());
    }
    Py_VISIT(watch->socket.get());
  }
  if (io.signals) Py_VISIT(io.signals->reader.handle.obj());
  return 0;
}

void clear_watches(LoopIo& io) noexcept {
  // Letting go of a handle may run Python code: take everything out of sight first.
  std::vector<std::unique_ptr<FdWatch>> watches = std::move(io.watches);
  io.watches.clear();
  std::unique_ptr<FdWatch> signals = std::move(io.signals);
  if (signals) io.poller.unwatch_internally(signals->watch);
  io.neglected.forget();
  for (auto& watch : watches) {
    if (watch) static_cast<void>(io.poller.watch(watch->watch, Interest::none).ok());
  }
}

}  // namespace phaseloop
