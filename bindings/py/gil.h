// Letting go of the interpreter for the lifetime of a scope.
#pragma once

#include <Python.h>

namespace phaseloop::py {

class ReleasedGil {
 public:
  ReleasedGil() noexcept : saved_(PyEval_SaveThread()) {}
  ~ReleasedGil() { PyEval_RestoreThread(saved_); }
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

 private:
  PyThreadState* saved_;
};

}  // namespace phaseloop::py
