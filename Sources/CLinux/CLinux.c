// For dl_iterate_phdr.
#define _GNU_SOURCE

#include "include/CLinux.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>

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

void canary_release_unused_pages(void)
{
    malloc_trim(0);
    dl_iterate_phdr(forget_segments, NULL);
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
