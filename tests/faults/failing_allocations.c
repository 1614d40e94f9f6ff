/* Preloaded: has an allocation that one module asks for fail, as asked.
 *
 * fault_arm_allocations(from, to, at) has the `at`-th (1: the next) of the following calls of
 * malloc(), calloc(), realloc() and operator new (std::nothrow) fail that come from code between
 * the two addresses. fault_allocations_fired() tells how many have failed since.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* What glibc calls its own: looking them up by dlsym() would allocate. */
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);

static uintptr_t first, end;
static atomic_int left, fired_count;

__attribute__((visibility("default"))) void fault_arm_allocations(uintptr_t from, uintptr_t to,
                                                                  int at) {
  first = end = 0;
  left = at;
  fired_count = 0;
  first = from;
  end = to;
}
__attribute__((visibility("default"))) int fault_allocations_fired(void) { return fired_count; }

static int due(const void* caller) {
  if ((uintptr_t)caller < first || (uintptr_t)caller >= end) return 0;
  if (atomic_fetch_sub(&left, 1) != 1) return 0;
  ++fired_count;
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) {
  return due(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  return due(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  return due(__builtin_return_address(0)) ? NULL : __libc_realloc(memory, size);
}
/* operator new(std::size_t, std::nothrow_t const&) and operator new[]. */
void* _ZnwmRKSt9nothrow_t(size_t size, const void* tag) {
  (void)tag;
  return due(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}
void* _ZnamRKSt9nothrow_t(size_t size, const void* tag) {
  (void)tag;
  return due(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}
