// PyMemberDef and what goes into it, which until 3.11 want Python.h before them.
#pragma once

#include <Python.h>
// Behind it, whatever order a formatter likes.
#include <structmember.h>
