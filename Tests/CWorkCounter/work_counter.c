// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "work_counter.h"
#include <dlfcn.h>
#include <stddef.h>

// The dynamic linker takes a program's own functions before those of the same names in libraries, so these stand between Swift
// code and its runtime. They count, and pass everything on. Some platforms promise that taking a reference changes nearly no
// register.
#define PRESERVES_REGISTERS __attribute__((preserve_most))

typedef void *(*retain_function)(void *) PRESERVES_REGISTERS;
typedef void *(*allocate_function)(const void *, size_t, size_t);

static _Thread_local uint64_t count;

uint64_t work_counter_value(void) { return count; }

PRESERVES_REGISTERS void *swift_retain(void *object) {
  static retain_function next;
  if (!next) next = (retain_function)dlsym(RTLD_NEXT, "swift_retain");
  count++;
  return next(object);
}

PRESERVES_REGISTERS void *swift_bridgeObjectRetain(void *object) {
  static retain_function next;
  if (!next) next = (retain_function)dlsym(RTLD_NEXT, "swift_bridgeObjectRetain");
  count++;
  return next(object);
}

void *swift_allocObject(const void *metadata, size_t size, size_t alignment) {
  static allocate_function next;
  if (!next) next = (allocate_function)dlsym(RTLD_NEXT, "swift_allocObject");
  count++;
  return next(metadata, size, alignment);
}
