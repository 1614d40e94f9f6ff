// When a wait over several futures is satisfied: asyncio.wait()'s return_when and gather()'s count.
#pragma once

#include <cstddef>
#include <cstdint>

namespace phaseloop {

class Join {
 public:
  enum class Until : std::uint8_t { all_completed, first_completed, first_exception };

  constexpr Join(std::size_t count, Until until) noexcept : remaining_(count), until_(until) {}

  // One more is done; `failed`: with an exception other than being cancelled. True if the wait is
  // satisfied; it stays so whatever arrives later.
  bool arrive(bool failed) noexcept {
    --remaining_;
    satisfied_ = satisfied_ || remaining_ == 0 || until_ == Until::first_completed ||
                 (until_ == Until::first_exception && failed);
    return satisfied_;
  }
  std::size_t remaining() const noexcept { return remaining_; }

 private:
  std::size_t remaining_;
  Until until_;
  bool satisfied_ = false;
};

}  // namespace phaseloop
