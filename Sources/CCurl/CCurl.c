#include "CCurl.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of <curl/curl.h>, whose numbers never change: "libcurl's ABI" promises that since 7.16.
enum {
    OPT_WRITEDATA = 10001,
    OPT_URL = 10002,
    OPT_ERRORBUFFER = 10010,
    OPT_POSTFIELDS = 10015,
    OPT_HTTPHEADER = 10023,
    OPT_CAINFO = 10065,
    OPT_XFERINFODATA = 10057,
    OPT_NOPROGRESS = 43,
    OPT_POSTFIELDSIZE = 60,
    OPT_NOSIGNAL = 99,
    OPT_TIMEOUT_MS = 155,
    OPT_PROTOCOLS = 181,
    OPT_WRITEFUNCTION = 20011,
    OPT_XFERINFOFUNCTION = 20219,
    PROTOCOL_HTTPS = 2,
    GLOBAL_ALL = 3,
    INFO_RESPONSE_CODE = 0x200002,
    CODE_OK = 0,
    CODE_TIMED_OUT = 28,
    ERROR_SIZE = 256,
};

static struct {
    int (*global_init)(long);
    void *(*easy_init)(void);
    int (*easy_setopt)(void *, int, ...);
    int (*easy_perform)(void *);
    int (*easy_getinfo)(void *, int, ...);
    void (*easy_cleanup)(void *);
    const char *(*easy_strerror)(int);
    void *(*slist_append)(void *, const char *);
    void (*slist_free_all)(void *);
    bool is_there;
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void)
{
    const char *names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    *(void **)&curl.global_init = dlsym(library, "curl_global_init");
    *(void **)&curl.easy_init = dlsym(library, "curl_easy_init");
    *(void **)&curl.easy_setopt = dlsym(library, "curl_easy_setopt");
    *(void **)&curl.easy_perform = dlsym(library, "curl_easy_perform");
    *(void **)&curl.easy_getinfo = dlsym(library, "curl_easy_getinfo");
    *(void **)&curl.easy_cleanup = dlsym(library, "curl_easy_cleanup");
    *(void **)&curl.easy_strerror = dlsym(library, "curl_easy_strerror");
    *(void **)&curl.slist_append = dlsym(library, "curl_slist_append");
    *(void **)&curl.slist_free_all = dlsym(library, "curl_slist_free_all");
    curl.is_there = curl.global_init && curl.easy_init && curl.easy_setopt && curl.easy_perform && curl.easy_getinfo
        && curl.easy_cleanup && curl.easy_strerror && curl.slist_append && curl.slist_free_all
        && curl.global_init(GLOBAL_ALL) == CODE_OK;
}

struct transfer {
    canary_curl_answer *answer;
    size_t limit;
    bool is_too_long;
    int cancellation;
};

static size_t keep(const char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    canary_curl_answer *answer = transfer->answer;
    size_t added = size * count;
    if (answer->length + added > transfer->limit) {
        transfer->is_too_long = true;
        return 0;
    }
    char *body = realloc(answer->body, answer->length + added + 1);
    if (!body) return 0;
    memcpy(body + answer->length, bytes, added);
    answer->body = body;
    answer->length += added;
    return added;
}

static int is_cancelled(void *context, long long a, long long b, long long c, long long d)
{
    (void)a, (void)b, (void)c, (void)d;
    struct pollfd polled = {.fd = ((struct transfer *)context)->cancellation, .events = POLLIN};
    return poll(&polled, 1, 0) > 0;
}

static void *header_list(const char *fields)
{
    void *list = NULL;
    char *copy = strdup(fields), *rest = copy, *line;
    while (rest && (line = strsep(&rest, "\n"))) list = curl.slist_append(list, line);
    free(copy);
    return list;
}

void canary_curl_ask(const char *url, const char *fields, const void *body, size_t body_length, long milliseconds, size_t limit,
                     int cancellation, canary_curl_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    pthread_once(&once, open_library);
    void *handle = curl.is_there ? curl.easy_init() : NULL;
    if (!handle) {
        answer->outcome = CANARY_CURL_MISSING;
        return;
    }
    struct transfer transfer = {.answer = answer, .limit = limit, .cancellation = cancellation};
    char error[ERROR_SIZE] = "";
    void *headers = header_list(fields);
    curl.easy_setopt(handle, OPT_URL, url);
    curl.easy_setopt(handle, OPT_PROTOCOLS, (long)PROTOCOL_HTTPS);
    curl.easy_setopt(handle, OPT_NOSIGNAL, 1L);
    curl.easy_setopt(handle, OPT_TIMEOUT_MS, milliseconds);
    curl.easy_setopt(handle, OPT_ERRORBUFFER, error);
    curl.easy_setopt(handle, OPT_HTTPHEADER, headers);
    curl.easy_setopt(handle, OPT_WRITEFUNCTION, keep);
    curl.easy_setopt(handle, OPT_WRITEDATA, &transfer);
    curl.easy_setopt(handle, OPT_NOPROGRESS, 0L);
    curl.easy_setopt(handle, OPT_XFERINFOFUNCTION, is_cancelled);
    curl.easy_setopt(handle, OPT_XFERINFODATA, &transfer);
    // As the program `curl` does.
    const char *authorities = getenv("SSL_CERT_FILE");
    if (authorities && *authorities) curl.easy_setopt(handle, OPT_CAINFO, authorities);
    if (body) {
        curl.easy_setopt(handle, OPT_POSTFIELDSIZE, (long)body_length);
        curl.easy_setopt(handle, OPT_POSTFIELDS, body);
    }
    int code = curl.easy_perform(handle);
    curl.easy_getinfo(handle, INFO_RESPONSE_CODE, &answer->status);
    answer->outcome = code == CODE_OK ? CANARY_CURL_ANSWERED
        : transfer.is_too_long        ? CANARY_CURL_TOO_LONG
        : code == CODE_TIMED_OUT      ? CANARY_CURL_LATE
                                      : CANARY_CURL_FAILED;
    snprintf(answer->reason, sizeof answer->reason, "%s", *error ? error : curl.easy_strerror(code));
    curl.easy_cleanup(handle);
    curl.slist_free_all(headers);
}

void canary_curl_release(canary_curl_answer *answer) { free(answer->body); }
