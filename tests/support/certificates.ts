/** Certificates as cert-manager writes them into Secrets, made by openssl. */
import { mkdirSync, writeFileSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { files } from "../../configs/topology/ports";
import { execOrThrow } from "../../cli/machine/run";

const newKey = ["-newkey", "rsa:2048", "-noenc"];

/** An authority whose files are in a folder. */
export class Authority {
  private constructor(private readonly folder: string) {}

  static async make(folder: string): Promise<Authority> {
    mkdirSync(folder, { recursive: true });
    const authority = new Authority(folder);
    await authority.sign([...newKey, "-keyout", authority.key]);
    return authority;
  }

  /** Renews its own certificate; the key stays. */
  async renew(): Promise<void> {
    await this.sign(["-key", this.key]);
  }

  private sign(key: readonly string[]): Promise<unknown> {
    return execOrThrow("openssl", ["req", "-x509", ...key, "-out", this.certificate, "-days", "2", "-subj", "/CN=test"]);
  }

  /**
   * Writes the three files of a Secret into a folder, or those of a renewed certificate in their place.
   *
   * @param hosts The names that it is for; the first is its subject's.
   */
  async issue(folder: string, hosts: readonly [string, ...string[]], days = 2): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const fresh = (file: string) => join(folder, `new-${file}`);
    const extensions = [`subjectAltName=${hosts.map((host) => `DNS:${host}`).join(",")}`, "extendedKeyUsage=serverAuth,clientAuth"];
    await execOrThrow("openssl", [
      "req",
      "-x509",
      "-CA",
      this.certificate,
      "-CAkey",
      this.key,
      ...newKey,
      "-keyout",
      fresh(files.certificateKey),
      "-out",
      fresh(files.certificate),
      "-days",
      String(days),
      "-subj",
      `/CN=${hosts[0]}`,
      ...extensions.flatMap((extension) => ["-addext", extension]),
    ]);
    writeFileSync(fresh(files.authority), readFileSync(this.certificate));
    for (const file of [files.certificate, files.certificateKey, files.authority]) renameSync(fresh(file), join(folder, file));
  }

  /** Writes a certificate for a client whose common name is `name`, and its key, into a folder; it ends at a time. */
  async issueUntil(folder: string, name: string, end: Date): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const at = (file: string) => join(folder, file);
    const time = (date: Date) => date.toISOString().replace(/[-:T]|\.\d+/g, "");
    await execOrThrow("openssl", [
      "req",
      "-new",
      ...newKey,
      "-keyout",
      at(files.certificateKey),
      "-out",
      at("request"),
      "-subj",
      `/CN=${name}`,
    ]);
    writeFileSync(at("index"), "");
    const config = `[ca]\ndefault_ca=own\n[own]\ndatabase=${at("index")}\nnew_certs_dir=${folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n`;
    writeFileSync(at("config"), config);
    const begin = new Date(end.getTime() - 24 * 3_600_000);
    const dates = ["-startdate", time(begin), "-enddate", time(end)];
    const signer = ["-config", at("config"), "-cert", this.certificate, "-keyfile", this.key];
    await execOrThrow("openssl", ["ca", "-batch", "-notext", ...signer, "-in", at("request"), "-out", at(files.certificate), ...dates]);
    writeFileSync(at(files.authority), readFileSync(this.certificate));
  }

  private get key(): string {
    return join(this.folder, "ca.key");
  }

  private get certificate(): string {
    return join(this.folder, "ca.crt");
  }
}
