// For dl_iterate_phdr.
#define _GNU_SOURCE

#include "include/CLinux.h"

#include <grp.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

// Segments that are written to hold what the loader changed, and stay.
static int forget_segments(struct dl_phdr_info *object, size_t size, void *unused)
{
    (void)size, (void)unused;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void canary_release_freed_memory(void) { malloc_trim(0); }

void canary_release_unused_pages(void)
{
    canary_release_freed_memory();
    dl_iterate_phdr(forget_segments, NULL);
}

union descriptor_room {
    struct cmsghdr alignment;
    char bytes[CMSG_SPACE(CANARY_MOST_DESCRIPTORS * sizeof(int))];
};

ssize_t canary_send_descriptors(
    int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count
)
{
    if (descriptor_count > CANARY_MOST_DESCRIPTORS) {
        errno = EINVAL;
        return -1;
    }
    union descriptor_room room;
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (descriptor_count > 0) {
        message.msg_control = room.bytes;
        message.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET,
            .cmsg_type = SCM_RIGHTS,
            .cmsg_len = CMSG_LEN(descriptor_count * sizeof(int)),
        };
        memcpy(CMSG_DATA(header), descriptors, descriptor_count * sizeof(int));
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t canary_receive_descriptors(int socket, void *bytes, size_t count, int *descriptors, size_t *descriptor_count)
{
    union descriptor_room room;
    struct iovec piece = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = room.bytes,
        .msg_controllen = sizeof room.bytes,
    };
    *descriptor_count = 0;
    ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (received < 0) return received;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t present = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (present > CANARY_MOST_DESCRIPTORS - *descriptor_count) present = CANARY_MOST_DESCRIPTORS - *descriptor_count;
        memcpy(descriptors + *descriptor_count, CMSG_DATA(header), present * sizeof(int));
        *descriptor_count += present;
    }
    return received;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define HAS_THREAD_SANITIZER 1
#endif
#endif

#ifdef HAS_THREAD_SANITIZER
ssize_t canary_receive(int descriptor, void *memory, size_t count) { return recv(descriptor, memory, count, 0); }
ssize_t canary_send(int descriptor, const void *memory, size_t count) { return send(descriptor, memory, count, MSG_NOSIGNAL); }
int canary_epoll_wait(int epoll, struct epoll_event *events, int count, int milliseconds)
{
    return epoll_wait(epoll, events, count, milliseconds);
}
#else
ssize_t canary_receive(int descriptor, void *memory, size_t count)
{
    return syscall(SYS_recvfrom, descriptor, memory, count, 0, NULL, NULL);
}
ssize_t canary_send(int descriptor, const void *memory, size_t count)
{
    return syscall(SYS_sendto, descriptor, memory, count, MSG_NOSIGNAL, NULL, 0);
}
int canary_epoll_wait(int epoll, struct epoll_event *events, int count, int milliseconds)
{
    return (int)syscall(SYS_epoll_pwait, epoll, events, count, milliseconds, NULL, 0);
}
#endif

#ifdef HAS_ADDRESS_SANITIZER
void __asan_poison_memory_region(const volatile void *memory, size_t count);
void __asan_unpoison_memory_region(const volatile void *memory, size_t count);
void *__asan_region_is_poisoned(void *memory, size_t count);

bool canary_has_address_sanitizer(void) { return true; }
bool canary_is_poisoned(const void *memory, size_t count) { return __asan_region_is_poisoned((void *)memory, count) != 0; }
void canary_poison(const void *memory, size_t count) { __asan_poison_memory_region(memory, count); }
void canary_unpoison(const void *memory, size_t count) { __asan_unpoison_memory_region(memory, count); }
#else
bool canary_has_address_sanitizer(void) { return false; }
bool canary_is_poisoned(const void *memory, size_t count) { return (void)memory, (void)count, false; }
void canary_poison(const void *memory, size_t count) { (void)memory, (void)count; }
void canary_unpoison(const void *memory, size_t count) { (void)memory, (void)count; }
#endif

struct launch_failure {
    enum canary_launch_step step;
    int error;
};

// What the limit of descriptors was before it was raised; programs that use select() break beyond 1024.
static struct rlimit usual_descriptor_limit;

uint64_t canary_raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return 0;
    if (usual_descriptor_limit.rlim_max == 0) usual_descriptor_limit = limit;
    struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised)) return limit.rlim_cur;
    return raised.rlim_cur;
}

void canary_restore_descriptor_limit(pid_t process)
{
    if (usual_descriptor_limit.rlim_max) prlimit(process, RLIMIT_NOFILE, &usual_descriptor_limit, NULL);
}

// Between fork and exec nothing but system calls is safe where there are threads.
static struct launch_failure become(const struct canary_launch *launch, pid_t parent)
{
#define FAIL_AT(name) return (struct launch_failure){name, errno}
    sigset_t none;
    sigemptyset(&none);
    for (int signal_number = 1; signal_number < NSIG; signal_number++) signal(signal_number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    for (size_t index = 0; index < launch->group_count; index++) {
        if (write(launch->groups[index], "0", 1) != 1) FAIL_AT(CANARY_LAUNCH_GROUP);
    }
    if (launch->changes_user) {
        if (setgroups(1, &launch->group) || setgid(launch->group) || setuid(launch->user)) FAIL_AT(CANARY_LAUNCH_USER);
    }
    // Behind setuid, which forgets it. The parent may have ended before.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    if (launch->directory && chdir(launch->directory)) FAIL_AT(CANARY_LAUNCH_DIRECTORY);
    int input = open("/dev/null", O_RDONLY);
    if (input < 0 || dup2(input, STDIN_FILENO) < 0) FAIL_AT(CANARY_LAUNCH_EXEC);
    if (dup2(launch->output, STDOUT_FILENO) < 0 || dup2(launch->output, STDERR_FILENO) < 0) FAIL_AT(CANARY_LAUNCH_EXEC);
    if (input > STDERR_FILENO) close(input);
    execve(launch->program, launch->arguments, launch->environment);
    FAIL_AT(CANARY_LAUNCH_EXEC);
#undef FAIL_AT
}

pid_t canary_start_process(const struct canary_launch *launch, enum canary_launch_step *step)
{
    *step = CANARY_LAUNCH_FORK;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return -1;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        struct launch_failure failure = become(launch, parent);
        // A write of a few bytes to an empty pipe is whole, and if it fails nobody can be told.
        if (write(ends[1], &failure, sizeof failure) < 0) _exit(126);
        _exit(127);
    }
    int error = errno;
    close(ends[1]);
    if (pid > 0) {
        struct launch_failure failure;
        ssize_t count;
        // The pipe ends without a word when the program begins to run.
        while ((count = read(ends[0], &failure, sizeof failure)) < 0 && errno == EINTR) continue;
        if (count == sizeof failure) {
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
            *step = failure.step;
            error = failure.error;
            pid = -1;
        }
    }
    close(ends[0]);
    errno = error;
    return pid;
}
