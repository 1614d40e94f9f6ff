// Event's state, for those that hold one: Queue.
#pragma once

#include "bindings/sync/loop_bound.h"

namespace phaseloop {

struct EventCore : LoopBound {
  bool value;
  auto refs() { return std::tie(loop, waiters); }
};

}  // namespace phaseloop
