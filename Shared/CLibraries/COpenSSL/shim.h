#pragma once
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* EVP_EC_gen is a macro over a variadic function, which Swift cannot call. */
static inline EVP_PKEY *infinite_generate_p256(void) {
    return EVP_EC_gen("P-256");
}

/* The same: EVP_PKEY_Q_keygen is variadic. */
static inline EVP_PKEY *infinite_generate_ed25519(void) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

// What follows is a macro in OpenSSL, or takes a macro's constant, and so is invisible to Swift.
static inline int infinite_tls_set_minimum(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}
static inline void infinite_tls_set_modes(SSL_CTX *context) {
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
}
static inline void infinite_tls_harden(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE
        | SSL_OP_PRIORITIZE_CHACHA);
}
static inline int infinite_tls_set_server_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }
static inline void infinite_tls_cache_client_sessions(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}
static inline void infinite_tls_cache_no_server_sessions(SSL_CTX *context) {
    // Tickets carry the session, so nothing has to be kept for clients that never come back.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
enum { infinite_tls_ticket_key_bytes = 80 };
static inline int infinite_tls_get_ticket_keys(SSL_CTX *context, unsigned char *keys) {
    return (int)SSL_CTX_get_tlsext_ticket_keys(context, keys, infinite_tls_ticket_key_bytes);
}
static inline int infinite_tls_set_ticket_keys(SSL_CTX *context, unsigned char *keys) {
    return (int)SSL_CTX_set_tlsext_ticket_keys(context, keys, infinite_tls_ticket_key_bytes);
}
// Stacks of names are macros all the way down. Calls back with every DNS name of a certificate.
static inline void infinite_tls_each_name(
    X509 *certificate, void *context, void (*each)(void *, const unsigned char *, int)) {
    GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS) each(context, ASN1_STRING_get0_data(name->d.dNSName), ASN1_STRING_length(name->d.dNSName));
    }
    GENERAL_NAMES_free(names);
}
static inline void infinite_tls_on_server_name(
    SSL_CTX *context, int (*callback)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}
static inline void infinite_tls_free(void *memory) { OPENSSL_free(memory); }
static inline void infinite_bio_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void infinite_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }
static const int infinite_tls_1_2 = TLS1_2_VERSION;
static const int infinite_tls_1_3 = TLS1_3_VERSION;
static const unsigned long infinite_name_flags = XN_FLAG_RFC2253;
