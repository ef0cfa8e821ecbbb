// SPDX-License-Identifier: MIT
/* pair: an authority and the one serving certificate that it ever signs, made together. The
 * authority's key is forgotten at once, so there is nothing that could sign another: renewing means
 * a new pair. Any thread. */
#ifndef ADAPTER_SERVING_PAIR_H
#define ADAPTER_SERVING_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct pair { /* {0} is none; pair_done releases it */
    char *ca_pem, *cert_pem, *key_pem;
    int64_t made_s, expires_s; /* since 1970; of the certificate */
};

/* Keys on P-256. names are DNS names. Good from an hour before now_s, for clocks that are behind,
 * until lifetime_s after it. 0, or -EIO with GnuTLS's reason. */
int pair_make(const char *const *names, size_t count, int64_t now_s, int64_t lifetime_s,
              struct pair *ret, struct err *err);

/* From its texts (copied). 0; -EINVAL when they do not belong together; -ENOMEM. */
int pair_read(const char *ca_pem, const char *cert_pem, const char *key_pem, struct pair *ret,
              struct err *err);

/* When a certificate (PEM, the first one) ends, since 1970. -EINVAL for what is none. */
int pair_certificate_end(const char *cert_pem, int64_t *ret_s);

/* Whether a client that looks for this DNS name finds it in the certificate. */
bool pair_is_for(const struct pair *p, const char *name);

void pair_done(struct pair *p);

#endif
