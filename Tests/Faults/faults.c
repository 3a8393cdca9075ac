// SPDX-License-Identifier: Apache-2.0
//
// Makes one system call that changes a store fail, or ends the process there: a library to preload.
//   FAULT_DIR   only files below this directory count
//   FAULT_AT    the number of the call, from 1
//   FAULT_MODE  kill: SIGKILL before the call; torn: SIGKILL after half of a write; full: ENOSPC; broken: EIO
//   FAULT_MARK  a file that is made when the call is reached

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_below(const char *path) {
  const char *directory = getenv("FAULT_DIR");
  return directory && path && strncmp(path, directory, strlen(directory)) == 0;
}

static int is_store_file(int descriptor) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

/// Counts a call; 0 to go on, an error number to fail with, -1 to write half of it and die.
static int fault(void) {
  static long calls;
  const char *at = getenv("FAULT_AT"), *mode = getenv("FAULT_MODE"), *mark = getenv("FAULT_MARK");
  if (!at || !mode || !mark || __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) != atol(at)) return 0;
  int descriptor = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor >= 0) close(descriptor);
  if (strcmp(mode, "kill") == 0) kill(getpid(), SIGKILL);
  if (strcmp(mode, "torn") == 0) return -1;
  return strcmp(mode, "full") == 0 ? ENOSPC : EIO;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRITE(name, ...)                                       \
  int error = is_store_file(descriptor) ? fault() : 0;         \
  if (error > 0) return errno = error, -1;                     \
  if (error < 0) count /= 2;                                   \
  ssize_t result = REAL(name)(descriptor, bytes, count __VA_ARGS__); \
  if (error < 0) kill(getpid(), SIGKILL);                      \
  return result;
#define CALL(condition, call)                                  \
  int error = (condition) ? fault() : 0;                       \
  if (error < 0) kill(getpid(), SIGKILL);                      \
  if (error > 0) return errno = error, -1;                     \
  return call;

ssize_t write(int descriptor, const void *bytes, size_t count) { WRITE(write) }
ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t at) { WRITE(pwrite, , at) }
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t at) { WRITE(pwrite64, , at) }
int fsync(int descriptor) { CALL(is_store_file(descriptor), REAL(fsync)(descriptor)) }
int fdatasync(int descriptor) { CALL(is_store_file(descriptor), REAL(fdatasync)(descriptor)) }
int ftruncate(int descriptor, off_t size) { CALL(is_store_file(descriptor), REAL(ftruncate)(descriptor, size)) }
int ftruncate64(int descriptor, off64_t size) { CALL(is_store_file(descriptor), REAL(ftruncate64)(descriptor, size)) }
int rename(const char *from, const char *to) { CALL(is_below(to), REAL(rename)(from, to)) }
int mkdir(const char *path, mode_t mode) { CALL(is_below(path), REAL(mkdir)(path, mode)) }
