// What Swift's Glibc module does not export: epoll, inotify, accept4 and a few macros that are not plain integers.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

// Declared here because <sys/socket.h> has it under _GNU_SOURCE only, which would give fd_set other members than it has
// in Swift's Glibc module.
extern int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);
extern int pipe2(int descriptors[2], int flags);

/// Names the calling thread, as `top -H` and debuggers show it; at most 15 bytes.
static inline int canary_name_thread(const char *name)
{
    return prctl(PR_SET_NAME, name);
}

static inline int canary_accept4(int listener, struct sockaddr *address, socklen_t *length, int flags)
{
    return accept4(listener, address, length, flags);
}

/// Locks a file by its open description, F_RDLCK for many or F_WRLCK for one, without waiting: what another lock it has becomes this
/// one at once, or stays. F_OFD_SETLK, which <fcntl.h> has under _GNU_SOURCE only.
static inline int canary_lock_description(int descriptor, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(descriptor, 37, &lock);
}

/// Makes the calling process the parent of all below it whose own parents end.
static inline int canary_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

/// How many bytes a TCP connection has received and had acknowledged, as the kernel counts them; -1 with errno. Of `struct tcp_info` as
/// <linux/tcp.h> has it, which can't stand beside <netinet/tcp.h>: offsets never change.
static inline int canary_tcp_bytes(int descriptor, uint64_t *received, uint64_t *acknowledged)
{
    uint64_t information[17];
    socklen_t length = sizeof information;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, information, &length) != 0) return -1;
    if (length < sizeof information) {
        errno = ENOSYS;
        return -1;
    }
    *acknowledged = information[15];
    *received = information[16];
    return 0;
}

#define CANARY_EPOLLIN 0x001u
#define CANARY_EPOLLOUT 0x004u
#define CANARY_EPOLLERR 0x008u
#define CANARY_EPOLLHUP 0x010u
#define CANARY_EPOLLRDHUP 0x2000u
#define CANARY_EPOLLET 0x80000000u

/// Registers a descriptor; `token` comes back with its events.
static inline int canary_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token)
{
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static inline int canary_epoll_remove(int epoll, int descriptor)
{
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event);
}

// The system calls that each request takes, without the functions of the C library around them: those are places where a thread can
// be cancelled, which costs two atomic instructions each time, and nobody cancels threads here. The thread sanitizer gets those
// functions, which it knows.
ssize_t canary_receive(int descriptor, void *memory, size_t count);
/// Without raising SIGPIPE.
ssize_t canary_send(int descriptor, const void *memory, size_t count);
int canary_epoll_wait(int epoll, struct epoll_event *events, int count, int milliseconds);

/// The process that listens at the other end of a connected Unix socket; -1 where that is unknown. The structure is ucred of
/// <sys/socket.h>, which is there under _GNU_SOURCE only.
static inline int canary_peer_pid(int descriptor)
{
    struct {
        pid_t pid;
        uid_t uid;
        gid_t gid;
    } peer = {.pid = -1};
    socklen_t length = sizeof peer;
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : -1;
}

/// How many descriptors the kernel passes at once (SCM_MAX_FD).
enum { CANARY_MOST_DESCRIPTORS = 253 };

/// Sends bytes over a Unix socket, and descriptors with the first of them, which the receiver gets as its own.
ssize_t canary_send_descriptors(
    int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count
);

/// Receives bytes, and the descriptors that came with them, as many as CANARY_MOST_DESCRIPTORS; all of these are closed on exec.
ssize_t canary_receive_descriptors(int socket, void *bytes, size_t count, int *descriptors, size_t *descriptor_count);

/// Renames a file of a directory, unless one has the new name: -1 with EEXIST. Where the file system can't be asked for both at
/// once, another process may come between.
static inline int canary_rename_new(int directory, const char *name, const char *to)
{
    if (syscall(SYS_renameat2, directory, name, directory, to, 1 /* RENAME_NOREPLACE */) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    if (faccessat(directory, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(directory, name, directory, to);
}

static inline int canary_pipe2(int descriptors[2], int flags) { return pipe2(descriptors, flags); }

/// A descriptor that is readable once a process has ended; -1 where the system has none.
static inline int canary_pidfd_open(pid_t process) { return (int)syscall(434 /* SYS_pidfd_open */, process, 0); }

// POSIX_SPAWN_SETSID of <spawn.h>, which is there under _GNU_SOURCE only: the child starts a session of its own.
enum { canary_posix_spawn_setsid = 0x80 };

/// Gives back what a long-lived process needed at its start only: freed memory, and the pages of code and constants, of which
/// those that are used again come back from the system's cache.
void canary_release_unused_pages(void);
/// Gives freed memory back.
void canary_release_freed_memory(void);

/// Lets this process have as many descriptors as an administrator allows.
///
/// - Returns: how many it may have.
uint64_t canary_raise_descriptor_limit(void);
/// Gives a new process the limit that this one had before it was raised, if it was.
void canary_restore_descriptor_limit(pid_t process);

/// Tells the address sanitizer that nobody may touch this memory until it is unpoisoned, as if it had been freed; nothing
/// happens in other builds.
void canary_poison(const void *memory, size_t count);
void canary_unpoison(const void *memory, size_t count);
/// Whether any of these bytes is poisoned; never, in builds without the sanitizer.
bool canary_is_poisoned(const void *memory, size_t count);
bool canary_has_address_sanitizer(void);

/// What becomes of a new process before its program runs. Names are those of the system calls.
struct canary_launch {
    const char *program;
    char *const *arguments;
    char *const *environment;
    /// NULL for the one of the process that asks.
    const char *directory;
    /// Standard output and standard error; standard input is /dev/null.
    int output;
    /// Files `cgroup.procs`, opened for writing, of the control groups that it joins.
    const int *groups;
    size_t group_count;
    bool changes_user;
    uid_t user;
    gid_t group;
};

enum canary_launch_step {
    CANARY_LAUNCH_FORK,
    CANARY_LAUNCH_GROUP,
    CANARY_LAUNCH_USER,
    CANARY_LAUNCH_DIRECTORY,
    CANARY_LAUNCH_EXEC,
};

/// Starts a process in a session of its own that no signal is kept from, and that is killed when the thread that asks ends.
///
/// Swift has neither fork nor a way to do in a child what posix_spawn has no word for: to join control groups and to become another
/// user.
///
/// - Returns: its number; -1 where it could not be started: errno says why, and `step` at what.
pid_t canary_start_process(const struct canary_launch *launch, enum canary_launch_step *step);
