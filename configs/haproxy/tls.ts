/** What HAProxy's config files have in common about TLS. */

/**
 * For clients of which some are not the stack's own: runtimes that are still in use know no TLS 1.3. Of TLS 1.2, only what has forward secrecy and
 * authenticates what it encrypts. A resumed session would need a key for tickets, which is worth more to a thief than one session.
 */
export const tlsGlobals = [
  "  ssl-load-extra-files key",
  "  ssl-load-extra-del-ext",
  "  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
  `  ssl-default-bind-ciphers ${["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"].flatMap((name) => [`ECDHE-ECDSA-${name}`, `ECDHE-RSA-${name}`]).join(":")}`,
];
