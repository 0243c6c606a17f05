#pragma once
#include <openssl/ssl.h>
#include <openssl/crypto.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

/* EVP_EC_gen is a macro over a variadic function, which Swift cannot call. */
static inline EVP_PKEY *infinite_generate_p256(void) {
    return EVP_EC_gen("P-256");
}

/* The same: EVP_PKEY_Q_keygen is variadic. */
static inline EVP_PKEY *infinite_generate_ed25519(void) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}
