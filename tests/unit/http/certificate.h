// SPDX-License-Identifier: MIT
/* certificate: a self-signed one for 127.0.0.1, made by the openssl command. */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include "wire.h"

#include <stdlib.h>

struct certificate {
    char dir[32], cert_file[48], key_file[48];
    struct buf cert, key; /* PEM */
};

static inline void certificate_make(struct certificate *c)
{
    char command[512];
    struct err err = {0};

    *c = (struct certificate){.cert = {.max = 64 * KIB}, .key = {.max = 64 * KIB}};
    strcpy(c->dir, "/tmp/swell-tls-XXXXXX");
    assert_non_null(mkdtemp(c->dir));
    (void)snprintf(c->cert_file, sizeof(c->cert_file), "%s/cert.pem", c->dir);
    (void)snprintf(c->key_file, sizeof(c->key_file), "%s/key.pem", c->dir);
    (void)snprintf(command, sizeof(command),
                   "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
                   " -days 2 -subj /CN=swell-test -addext subjectAltName=IP:127.0.0.1"
                   " -keyout %s -out %s 2>/dev/null",
                   c->key_file, c->cert_file);
    if (system(command) != 0)
        fail_msg("no certificate came from: %s", command);
    assert_int_equal(buf_read_file(&c->cert, c->cert_file, &err), 0);
    assert_int_equal(buf_read_file(&c->key, c->key_file, &err), 0);
}

static inline void certificate_done(struct certificate *c)
{
    (void)unlink(c->cert_file);
    (void)unlink(c->key_file);
    (void)rmdir(c->dir);
    buf_done(&c->cert);
    buf_done(&c->key);
}

#endif
