// The least that a loop could do: coroutines resumed in turn, and a function called again and
// again.
//
// No tasks, futures, timers, contexts or cancellation: what any runtime adds is its own.
#include <Python.h>

#include <cstddef>

namespace {

// Awaited, it gives way once. There is one, and it keeps its state here: a coroutine that is
// resumed always stands at it, so drive() says which of the two calls is coming.
bool resuming = false;

PyObject* self_of(PyObject* self) { return Py_NewRef(self); }
PySendResult send(PyObject*, PyObject*, PyObject** result) {
  *result = Py_NewRef(Py_None);
  if (!resuming) return PYGEN_NEXT;
  resuming = false;
  return PYGEN_RETURN;
}
// For those that do not know am_send.
PyObject* next(PyObject*) {
  if (!resuming) return Py_NewRef(Py_None);
  resuming = false;
  return nullptr;
}

PyType_Slot switch_slots[] = {{Py_am_await, reinterpret_cast<void*>(self_of)},
                              {Py_am_send, reinterpret_cast<void*>(send)},
                              {Py_tp_iter, reinterpret_cast<void*>(self_of)},
                              {Py_tp_iternext, reinterpret_cast<void*>(next)},
                              {0, nullptr}};
PyType_Spec switch_spec = {"bare.Switch", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, switch_slots};

// The coroutines still running move to the front, so that each round passes over those only.
bool round_of(PyObject** coroutines, Py_ssize_t& count, bool first) {
  Py_ssize_t left = 0;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* result = nullptr;
    resuming = !first;
    const PySendResult sent = PyIter_Send(coroutines[i], Py_None, &result);
    Py_XDECREF(result);
    if (sent == PYGEN_ERROR) return false;
    PyObject* coroutine = coroutines[i];
    coroutines[i] = coroutines[left];
    if (sent == PYGEN_NEXT)
      coroutines[left++] = coroutine;
    else
      coroutines[i] = coroutine;
  }
  count = left;
  return true;
}

// drive(list): resumes its coroutines in turn until all have returned. The list is reordered.
PyObject* drive(PyObject*, PyObject* list) {
  if (!PyList_CheckExact(list)) return PyErr_SetString(PyExc_TypeError, "a list"), nullptr;
  Py_ssize_t count = PyList_GET_SIZE(list);
  for (bool first = true; count > 0; first = false) {
    if (!round_of(reinterpret_cast<PyListObject*>(list)->ob_item, count, first)) return nullptr;
  }
  Py_RETURN_NONE;
}

// call(count, function, *args): calls it so often.
PyObject* call(PyObject*, PyObject* const* args, Py_ssize_t count) {
  if (count < 2) return PyErr_SetString(PyExc_TypeError, "call(count, function, *args)"), nullptr;
  const Py_ssize_t times = PyLong_AsSsize_t(args[0]);
  if (times < 0 && PyErr_Occurred() != nullptr) return nullptr;
  for (Py_ssize_t i = 0; i < times; ++i) {
    PyObject* result =
        PyObject_Vectorcall(args[1], args + 2, static_cast<std::size_t>(count - 2), nullptr);
    if (result == nullptr) return nullptr;
    Py_DECREF(result);
  }
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"drive", drive, METH_O, "drive(coroutines): resume them in turn until all have returned."},
    {"call", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call)), METH_FASTCALL,
     "call(count, function, *args): call it so often."},
    {}};
PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "bare", nullptr, -1, functions, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_bare() {
  PyObject* module = PyModule_Create(&definition);
  if (module == nullptr) return nullptr;
  PyObject* type = PyType_FromSpec(&switch_spec);
  PyObject* only = type != nullptr ? PyObject_CallNoArgs(type) : nullptr;
  Py_XDECREF(type);
  if (only == nullptr || PyModule_AddObject(module, "switch", only) < 0) {
    Py_XDECREF(only);
    Py_DECREF(module);
    return nullptr;
  }
  return module;
}
