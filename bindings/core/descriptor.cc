#include "bindings/core/descriptor.h"

#include "bindings/core/work.h"

namespace phaseloop {
namespace {

Descriptor& of(Runnable& work) noexcept { return static_cast<Descriptor::Side&>(work).descriptor; }

void take_share(Descriptor& descriptor) noexcept {
  if (descriptor.link != nullptr) return;
  py::acquire(descriptor.object);
  LoopData& data = descriptor.data;
  descriptor.next = data.descriptors;
  descriptor.link = &data.descriptors;
  if (descriptor.next != nullptr) descriptor.next->link = &descriptor.next;
  data.descriptors = &descriptor;
}

Ref<> give_share_back(Descriptor& descriptor) noexcept {
  *descriptor.link = descriptor.next;
  if (descriptor.next != nullptr) descriptor.next->link = descriptor.link;
  descriptor.next = nullptr;
  descriptor.link = nullptr;
  return py::steal(descriptor.object);
}

// The share is needed as long as something may still come for the descriptor.
Ref<> settle(Descriptor& descriptor) noexcept {
  const bool needed = descriptor.watch.interest != Interest::none || descriptor.reader.linked() ||
                      descriptor.writer.linked();
  if (needed || descriptor.link == nullptr) return nullptr;
  return give_share_back(descriptor);
}

template <Interest Side, void (*DescriptorKind::*Ready)(Descriptor&) noexcept>
void run(Runnable& work) noexcept {
  Descriptor& descriptor = of(work);
  Ref<> keep = py::borrow(descriptor.object);
  if (descriptor.watches(Side)) (descriptor.kind.*Ready)(descriptor);
  Ref<> share = settle(descriptor);
}
void drop(Runnable&) noexcept {}
PyObject* owner(Runnable& work) noexcept { return of(work).object; }
int visit_nothing(Runnable&, visitproc, void*) noexcept { return 0; }

constexpr WorkKind kReader{
    {run<Interest::read, &DescriptorKind::readable>, drop}, owner, nullptr, visit_nothing};
constexpr WorkKind kWriter{
    {run<Interest::write, &DescriptorKind::writable>, drop}, owner, nullptr, visit_nothing};

}  // namespace

Descriptor::Descriptor(const DescriptorKind& own_kind, LoopData& own_data, PyObject* own_object,
                       int fd) noexcept
    : kind(own_kind),
      data(own_data),
      object(own_object),
      reader(kReader, *this),
      writer(kWriter, *this) {
  watch.fd = fd;
  watch.on_readable = &reader;
  watch.on_writable = &writer;
}

Status watch(Descriptor& descriptor, Interest interest) noexcept {
  if (descriptor.watch.interest == interest) return {};
  const Status changed = descriptor.data.poller->watch(descriptor.watch, interest);
  if (!changed.ok()) return changed;
  if (interest != Interest::none) {
    take_share(descriptor);
  } else {
    Ref<> share = settle(descriptor);
  }
  return changed;
}

void unwatch(Descriptor& descriptor) noexcept {
  if (descriptor.watch.interest == Interest::none) return;
  static_cast<void>(watch(descriptor, Interest::none).ok());
}

int visit_descriptors(LoopData& data, visitproc visit, void* arg) noexcept {
  for (Descriptor* each = data.descriptors; each != nullptr; each = each->next) {
    Py_VISIT(each->object);
  }
  return 0;
}

void forget_descriptors(LoopData& data) noexcept {
  while (data.descriptors != nullptr) {
    Descriptor& descriptor = *data.descriptors;
    static_cast<void>(data.poller->watch(descriptor.watch, Interest::none).ok());
    Ref<> share = give_share_back(descriptor);
  }
}

}  // namespace phaseloop
