// A descriptor that belongs to an object of ours (a transport, a listening socket), as loop and
// poller see it.
//
// Owner: the object it is embedded in. While anything is watched, and until whatever is queued for
// it has run, the loop has a share in that object: LoopData::descriptors lists those, so that the
// garbage collector sees the shares and closing the loop gives them back. Thread: the loop's.
#pragma once

#include "bindings/core/loop_data.h"
#include "runtime/base/runnable.h"
#include "runtime/loop/poller.h"

namespace phaseloop {

struct Descriptor;

struct DescriptorKind {
  // Called when ready while the interest stands. The object outlives the call.
  void (*readable)(Descriptor&) noexcept;
  void (*writable)(Descriptor&) noexcept;
};

struct Descriptor {
  // One direction: what the poller queues. Being queued is no share in the object.
  struct Side : Runnable {
    Side(const Kind& side_kind, Descriptor& own_descriptor) noexcept
        : Runnable(side_kind), descriptor(own_descriptor) {}
    Descriptor& descriptor;
  };

  Descriptor(const DescriptorKind& own_kind, LoopData& own_data, PyObject* own_object,
             int fd) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool watches(Interest interest) const noexcept { return has(watch.interest, interest); }

  const DescriptorKind& kind;
  LoopData& data;
  PyObject* const object;
  Watch watch;
  Side reader, writer;
  Descriptor* next = nullptr;  // in LoopData::descriptors while the loop has its share
  Descriptor** link = nullptr;
};

// Changes what is watched. Fails only when there is more to watch than before, and changes nothing
// then: the loop is closed (EBADF), or the descriptor or the system does not allow it.
Status watch(Descriptor& descriptor, Interest interest) noexcept;
// Nothing any more: before the descriptor is closed.
void unwatch(Descriptor& descriptor) noexcept;

// For the loop's tp_traverse, and for its closing: nothing is watched any more, and every share is
// given back.
int visit_descriptors(LoopData& data, visitproc visit, void* arg) noexcept;
void forget_descriptors(LoopData& data) noexcept;

}  // namespace phaseloop
