/** The node's certificates and tokens. They live as long as its folder; each start makes new ones. */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { execOrThrow } from "../../../cli/machine/run";
import { at, network, nodeName } from "./layout";

/** Who talks to the API server: user, groups. What each may do is what Kubernetes' own roles say. */
const users = {
  admin: { user: "admin", groups: ["system:masters"] },
  "controller-manager": { user: "system:kube-controller-manager", groups: [] },
  scheduler: { user: "system:kube-scheduler", groups: [] },
  proxy: { user: "system:kube-proxy", groups: [] },
  kubelet: { user: `system:node:${nodeName}`, groups: ["system:nodes"] },
} as const;

export type User = keyof typeof users;

/** Makes the authority, the certificates of the API server, the key of service accounts and a token for each user. */
export async function makeCredentials(): Promise<Readonly<Record<User, string>>> {
  mkdirSync(at("pki"), { recursive: true, mode: 0o700 });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];
  const pki = (name: string) => at("pki", name);
  const openssl = (...args: string[]) => execOrThrow("openssl", args);
  await openssl("req", "-x509", ...key, "-keyout", pki("ca.key"), "-out", pki("ca.crt"), "-days", "3650", "-subj", "/CN=tracing-cluster");
  const sign = async (name: string, subject: string, extensions: string[]) => {
    await openssl(
      "req",
      ...key,
      "-keyout",
      pki(`${name}.key`),
      "-out",
      pki(`${name}.csr`),
      "-subj",
      subject,
      ...extensions.flatMap((e) => ["-addext", e]),
    );
    const authority = ["-CA", pki("ca.crt"), "-CAkey", pki("ca.key"), "-CAcreateserial", "-copy_extensions", "copyall"];
    await openssl("x509", "-req", "-in", pki(`${name}.csr`), "-out", pki(`${name}.crt`), "-days", "3650", ...authority);
  };
  const dns = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"].map(
    (name) => `DNS:${name}`,
  );
  await sign("apiserver", "/CN=kube-apiserver", [
    `subjectAltName=${[...dns, `IP:${network.node}`, `IP:${network.apiService}`].join(",")}`,
    "extendedKeyUsage=serverAuth",
  ]);
  await sign("kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client", ["extendedKeyUsage=clientAuth"]);
  await openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", pki("service-accounts.key"));
  await openssl("pkey", "-in", pki("service-accounts.key"), "-pubout", "-out", pki("service-accounts.pub"));
  const tokens = Object.fromEntries(Object.keys(users).map((name) => [name, randomBytes(24).toString("hex")])) as Record<User, string>;
  const lines = Object.entries(users).map(([name, { user, groups }]) => `${tokens[name as User]},${user},${user},"${groups.join(",")}"`);
  writeFileSync(pki("tokens.csv"), `${lines.join("\n")}\n`, { mode: 0o600 });
  return tokens;
}
