/** Functions that scripts for a busybox share. */

/** `address`: prints a host's address. */
export const addressFunction = `# A host's address: Debian's static busybox resolves names in nslookup only.
address() {
  found=
  case $1 in *[!0-9.]*) found=$(nslookup "$1" 2>/dev/null | sed -n '/^Name:/,$ s/^Address[^:]*: *\\([0-9][0-9.]*\\).*/\\1/p' | head -n 1) ;; esac
  echo "\${found:-$1}"
}`;
