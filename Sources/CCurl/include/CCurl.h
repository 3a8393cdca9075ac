// libcurl, opened at the first use: whoever asks nobody over https:// needs none.
#pragma once

#include <stddef.h>

enum canary_curl_outcome {
    CANARY_CURL_ANSWERED,
    /// There is no libcurl.
    CANARY_CURL_MISSING,
    CANARY_CURL_TOO_LONG,
    CANARY_CURL_LATE,
    /// `reason` says why.
    CANARY_CURL_FAILED,
};

typedef struct {
    enum canary_curl_outcome outcome;
    long status;
    /// Released by `canary_curl_release`.
    char *body;
    size_t length;
    char reason[256];
} canary_curl_answer;

/// Gets an address, or posts a body to it, and waits for the answer. Redirects are not followed, and nothing but https is spoken. Trusts
/// who the system trusts, and those of the file that the environment's SSL_CERT_FILE names.
///
/// `fields`: header lines, each behind a line feed. `cancellation`: a descriptor that ends the wait once it is readable, or -1.
void canary_curl_ask(const char *url, const char *fields, const void *body, size_t body_length, long milliseconds, size_t limit,
                     int cancellation, canary_curl_answer *answer);

void canary_curl_release(canary_curl_answer *answer);
