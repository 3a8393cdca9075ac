#include "include/CLinux.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
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
