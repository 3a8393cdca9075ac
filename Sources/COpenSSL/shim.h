// OpenSSL, and functions for what it has as macros only.
#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static inline int canary_tls_bound_versions(SSL_CTX *context, int least, int most) {
    return SSL_CTX_set_min_proto_version(context, least) && SSL_CTX_set_max_proto_version(context, most);
}

// Has a session speak the versions of a context that it was switched to.
static inline int canary_tls_take_versions(SSL *session, SSL_CTX *context) {
    return SSL_set_min_proto_version(session, SSL_CTX_get_min_proto_version(context)) &&
           SSL_set_max_proto_version(session, SSL_CTX_get_max_proto_version(context));
}

// The server chooses among suites; neither compression nor renegotiation.
static inline void canary_tls_set_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
}

// A session neither goes on with an earlier one nor can be gone on with.
static inline void canary_tls_refuse_tickets(SSL *session) {
    SSL_set_options(session, SSL_OP_NO_TICKET);
    SSL_set_num_tickets(session, 0);
}

// What a peer says to TLS alone is read piece by piece, so that whoever reads can stop.
static inline void canary_tls_stop_often(SSL_CTX *context) { SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY); }

static inline void canary_tls_clear_flags(BIO *stream) { BIO_clear_retry_flags(stream); }
static inline void canary_tls_awaits_reading(BIO *stream) { BIO_set_retry_read(stream); }
static inline void canary_tls_awaits_writing(BIO *stream) { BIO_set_retry_write(stream); }

static inline int canary_tls_print_name(BIO *stream, const X509_NAME *name) {
    return X509_NAME_print_ex(stream, name, 0, XN_FLAG_RFC2253);
}

// The day of a time, in UTC; 0 where it is none.
static inline int canary_tls_day(const ASN1_TIME *time, int *year, int *month, int *day) {
    struct tm parts;
    if (!ASN1_TIME_to_tm(time, &parts)) return 0;
    *year = parts.tm_year + 1900;
    *month = parts.tm_mon + 1;
    *day = parts.tm_mday;
    return 1;
}

static inline void canary_tls_free(void *memory) { OPENSSL_free(memory); }

static inline void canary_tls_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }

static inline void canary_tls_set_session_cache(SSL_CTX *context, long mode) { SSL_CTX_set_session_cache_mode(context, mode); }

static inline int canary_tls_set_ticket_keys(SSL_CTX *context, void *keys, int length) {
    return SSL_CTX_set_tlsext_ticket_keys(context, keys, length) > 0;
}

static inline int canary_tls_add_chain(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate) > 0;
}

static inline int canary_tls_set_server_name(SSL *session, const char *name) { return SSL_set_tlsext_host_name(session, name) > 0; }

static inline void canary_tls_read_ahead(SSL_CTX *context) { SSL_CTX_set_read_ahead(context, 1); }

static inline int canary_tls_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
static inline GENERAL_NAME *canary_tls_name(const GENERAL_NAMES *names, int index) { return sk_GENERAL_NAME_value(names, index); }
static inline void canary_tls_free_names(GENERAL_NAMES *names) { sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free); }
static inline int canary_tls_name_kind(const GENERAL_NAME *name) { return name->type; }
// The bytes of a name of kind DNS, URI, mail or address; they are the name's.
static inline const ASN1_STRING *canary_tls_name_text(const GENERAL_NAME *name) {
    return name->type == GEN_IPADD ? name->d.iPAddress : name->d.ia5;
}
