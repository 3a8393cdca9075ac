// RE2 for Swift: the C++ library behind four C functions.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct canary_re2 canary_re2;

/// Where a capture group matched; start is -1 when the group took no part.
typedef struct {
    ptrdiff_t start;
    ptrdiff_t length;
} canary_re2_group;

/// Compiles a pattern of `length` bytes, at most `max_memory` bytes of automaton. Returns NULL and fills
/// `error` (NUL-terminated, truncated to `error_capacity`) when it is not valid RE2 syntax.
canary_re2 *canary_re2_compile(
    const char *pattern, size_t length, size_t max_memory, bool ignore_case, char *error, size_t error_capacity);

void canary_re2_free(canary_re2 *regex);

/// Whether the whole text matches.
bool canary_re2_full_match(const canary_re2 *regex, const char *text, size_t length);

/// Finds the first match at or after `offset`; fills `groups[0 ..< count]`, group 0 being the whole match.
bool canary_re2_search(
    const canary_re2 *regex, const char *text, size_t length, size_t offset, canary_re2_group *groups, int count);

/// How many capture groups the pattern has, the whole match not counted.
int canary_re2_group_count(const canary_re2 *regex);

#ifdef __cplusplus
}
#endif
