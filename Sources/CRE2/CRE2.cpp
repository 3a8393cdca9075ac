#include "include/CRE2.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <re2/re2.h>

struct canary_re2 {
    RE2 regex;
    canary_re2(re2::StringPiece pattern, const RE2::Options &options) : regex(pattern, options) {}
};

canary_re2 *canary_re2_compile(
    const char *pattern, size_t length, size_t max_memory, bool ignore_case, char *error, size_t error_capacity)
{
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(static_cast<int64_t>(max_memory));
    options.set_case_sensitive(!ignore_case);
    std::unique_ptr<canary_re2> compiled(
        new (std::nothrow) canary_re2(re2::StringPiece(pattern, length), options));
    if (compiled && compiled->regex.ok()) return compiled.release();
    if (error_capacity > 0) {
        const char *reason = compiled ? compiled->regex.error().c_str() : "out of memory";
        std::strncpy(error, reason, error_capacity - 1);
        error[error_capacity - 1] = '\0';
    }
    return nullptr;
}

void canary_re2_free(canary_re2 *regex) { delete regex; }

bool canary_re2_full_match(const canary_re2 *regex, const char *text, size_t length)
{
    return regex->regex.Match(re2::StringPiece(text, length), 0, length, RE2::ANCHOR_BOTH, nullptr, 0);
}

bool canary_re2_search(
    const canary_re2 *regex, const char *text, size_t length, size_t offset, canary_re2_group *groups, int count)
{
    constexpr int most_groups = 32;
    re2::StringPiece found[most_groups];
    const int wanted = std::min(count, most_groups);
    if (!regex->regex.Match(re2::StringPiece(text, length), offset, length, RE2::UNANCHORED, found, wanted))
        return false;
    for (int i = 0; i < count; i++) {
        const bool took_part = i < wanted && found[i].data() != nullptr;
        groups[i].start = took_part ? found[i].data() - text : -1;
        groups[i].length = took_part ? static_cast<ptrdiff_t>(found[i].size()) : 0;
    }
    return true;
}

int canary_re2_group_count(const canary_re2 *regex) { return regex->regex.NumberOfCapturingGroups(); }
