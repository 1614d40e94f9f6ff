#include "bindings/py/number.h"

namespace phaseloop::py {
namespace {

// Far from where counting would overflow.
constexpr long long kMost = 1LL << 62;

}  // namespace

void Number::set(PyObject* value) noexcept {
  int overflow = 0;
  // Bools and other subclasses are not their plain values: what Python reads is what was set.
  const bool exact = PyLong_CheckExact(value) != 0;
  const long long plain = exact ? PyLong_AsLongLongAndOverflow(value, &overflow) : 0;
  const bool is_small = exact && overflow == 0 && plain >= -kMost && plain <= kMost;
  plain_ = is_small ? plain : 0;
  odd_ = is_small ? nullptr : borrow(value);
}

int Number::add_odd(int step) noexcept {
  Ref<> number = odd_.share();
  Ref<> one = steal(PyLong_FromLong(1));
  if (!one) return raised;
  Ref<> sum = steal(step > 0 ? PyNumber_InPlaceAdd(number.get(), one.get())
                             : PyNumber_InPlaceSubtract(number.get(), one.get()));
  if (!sum) return raised;
  set(sum.get());
  return 0;
}

int Number::compare_odd(int op) const noexcept {
  Ref<> number = odd_.share();
  Ref<> zero = steal(PyLong_FromLong(0));
  return zero ? PyObject_RichCompareBool(number.get(), zero.get(), op) : raised;
}

}  // namespace phaseloop::py
