#include "bindings/combinators/spawn.h"

#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "bindings/py/call.h"

namespace phaseloop {
namespace {

using py::Args;

// A loop of ours is running here, and create_task() of it makes a plain task of the coroutine.
LoopData* plain_loop(State& state, PyObject* coroutine) noexcept {
  LoopData* data = driving_loop();
  if (data == nullptr || data->closed || data->task_factory || data->overrides_create_task) {
    return nullptr;
  }
  // Debug mode looks at the caller's frames, which asyncio's function is one of.
  if (data->debug) return nullptr;
  return is_known_coroutine(state, coroutine) ? data : nullptr;
}

Ref<> call_create_task(State& state, Args args) noexcept {
  TaskOptions options;
  if (args.count() != 1 || !take_task_keywords(args, options)) return nullptr;
  LoopData* data = plain_loop(state, args[0]);
  return data != nullptr ? new_task(*data, data->object, args[0], options) : nullptr;
}

Ref<> call_ensure_future(State& state, Args args) noexcept {
  if (args.count() != 1 || args.keyword_count() != 0) return nullptr;
  if (is_native_future(state, Py_TYPE(args[0]))) return py::borrow(args[0]);
  LoopData* data = plain_loop(state, args[0]);
  return data != nullptr ? new_task(*data, data->object, args[0], {}) : nullptr;
}

// eager_task_factory(loop, coro, *, name=None, context=None)
Ref<> call_eager_task_factory(State& state, Args args) noexcept {
  TaskOptions options;
  options.eager_start = true;
  if (args.count() != 2 || !take_task_keywords(args, options)) return nullptr;
  LoopData& data = loop_data(state, args[0]);
  return data.native() ? new_task(data, args[0], args[1], options) : nullptr;
}

constexpr Implementation kFunctions[] = {{"create_task", call_create_task},
                                         {"eager_task_factory", call_eager_task_factory},
                                         {"ensure_future", call_ensure_future}};

}  // namespace

std::span<const Implementation> spawn_functions() noexcept { return kFunctions; }

}  // namespace phaseloop
