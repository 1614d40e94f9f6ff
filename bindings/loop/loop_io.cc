#include "bindings/loop/loop_io.h"

#include <new>

#include "bindings/core/current_task.h"
#include "bindings/core/work.h"
#include "bindings/py/call.h"
#include "bindings/py/gil.h"

namespace phaseloop {
namespace {

Side& side_of(Runnable& work) noexcept { return static_cast<Side&>(work); }

void run(Runnable& work) noexcept {
  Side& side = side_of(work);
  if (std::exchange(side.stale, false) || !side.handle) return;
  Ref<Handle> handle = side.handle.share();  // the callback may remove it
  run_handle(*handle.get());
}
void drop(Runnable& work) noexcept { side_of(work).stale = false; }
PyObject* owner(Runnable& work) noexcept { return side_of(work).handle.obj(); }
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

FdWatch& find_or_make(LoopIo& io, LoopData& data, int fd) noexcept {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= io.watches.size()) io.watches.resize(at + 1);
  if (!io.watches[at]) io.watches[at] = std::make_unique<FdWatch>(data, fd);
  return *io.watches[at];
}

// The handle's own cancel(): whoever holds it sees it cancelled.
int cancel_handle(LoopData& data, Ref<Handle> handle) noexcept {
  if (!handle) return 0;
  return py::call_method(handle.obj(), data.state.names.cancel.get()) ? 0 : -1;
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

int watch_fd(Loop& loop, int fd, Direction direction, Ref<Handle> handle) noexcept {
  FdWatch& watch = find_or_make(*loop.io, *loop.data, fd);
  const Status changed =
      loop.io->poller.watch(watch.watch, watch.watch.interest | interest(direction));
  if (!changed.ok()) return os_error(changed.error());
  Side& changed_side = side(watch, direction);
  Ref<Handle> former = std::exchange(changed_side.handle, std::move(handle));
  if (former && changed_side.linked()) changed_side.stale = true;
  return cancel_handle(*loop.data, std::move(former));
}

int unwatch_fd(Loop& loop, int fd, Direction direction) noexcept {
  FdWatch* watch = find(*loop.io, fd);
  if (watch == nullptr || !side(*watch, direction).handle) return 0;
  const Status changed =
      loop.io->poller.watch(watch->watch, watch->watch.interest - interest(direction));
  if (!changed.ok()) return os_error(changed.error());
  Side& changed_side = side(*watch, direction);
  Ref<Handle> former = std::exchange(changed_side.handle, nullptr);
  if (changed_side.linked()) changed_side.stale = true;
  return cancel_handle(*loop.data, std::move(former)) < 0 ? -1 : 1;
}

Handle* watcher_of(LoopIo& io, int fd, Direction direction) noexcept {
  FdWatch* watch = find(io, fd);
  return watch != nullptr ? side(*watch, direction).handle.get() : nullptr;
}

int watch_signals(Loop& loop, int fd, Ref<Handle> handle) noexcept {
  auto watch = std::make_unique<FdWatch>(*loop.data, fd);
  const Status watched = loop.io->poller.watch_internally(watch->watch);
  if (!watched.ok()) return os_error(watched.error());
  watch->reader.handle = std::move(handle);
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
    Py_VISIT(watch->reader.handle.obj());
    Py_VISIT(watch->writer.handle.obj());
  }
  if (io.signals) Py_VISIT(io.signals->reader.handle.obj());
  return 0;
}

void clear_watches(LoopIo& io) noexcept {
  // Letting go of a handle may run Python code: take everything out of sight first.
  std::vector<std::unique_ptr<FdWatch>> watches = std::move(io.watches);
  io.watches.clear();
  std::unique_ptr<FdWatch> signals = std::move(io.signals);
  for (auto& watch : watches) {
    if (watch) static_cast<void>(io.poller.watch(watch->watch, Interest::none).ok());
  }
}

}  // namespace phaseloop
