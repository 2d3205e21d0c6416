/** An Elasticsearch that already exists, and that the stack uses. */
import * as pulumi from "@pulumi/pulumi";
import type { SetupSettings } from "../../configs/elasticsearch/setup";
import type { ElasticsearchExternalOptions, ElasticsearchOptions } from "../../configs/stack/options";
import { SettingsError } from "../../configs/stack/parse";
import type { Settings } from "../../configs/stack/schema";
import { storageTopology } from "../../configs/topology";
import { files } from "../../configs/topology/ports";
import type { ComponentArgs } from "../args";
import { TracingComponent } from "../component";
import type { ElasticsearchConnection } from "./elasticsearch";
import { makePasswords, type Passwords } from "./passwords";
import { setupSettings, type StorageArgs } from "./setup";
import { upkeepWorkloads } from "./upkeep";

/** Where an existing Elasticsearch is, and who the setup logs in as. */
export interface ExistingElasticsearchOptions extends Omit<ElasticsearchExternalOptions, "passwordSecret"> {
  /** Name of a Secret in the stack's namespace whose key `password` holds the password of `user`. Give this or `password`. */
  readonly passwordSecret?: string;
  /** The password of `user`, which may come from another resource. The stack stores it in a Secret. */
  readonly password?: pulumi.Input<string>;
}

/** Arguments of an existing Elasticsearch. */
export interface ExistingElasticsearchArgs
  extends
    ExistingElasticsearchOptions,
    Pick<ElasticsearchOptions, "indexPrefix" | "passwordVersion" | "snapshots">,
    StorageArgs,
    ComponentArgs<"elasticsearch-setup" | "elasticsearch-snapshots"> {}

/** The part of {@link ExistingElasticsearchOptions} that becomes settings. */
export const externalOptions = ({ password, ...external }: ExistingElasticsearchOptions): ElasticsearchExternalOptions =>
  ({ ...external, ...(password === undefined ? {} : { passwordSecret: files.elasticsearchPassword }) }) as ElasticsearchExternalOptions;

/** Connects Jaeger, its index cleaner and the exporter to an Elasticsearch that already exists; runs the setup, which puts index templates and users into it. */
export class ExistingElasticsearch extends TracingComponent implements ElasticsearchConnection {
  /** @internal */
  readonly settings: SetupSettings & Pick<Settings, "overrides">;
  /** @internal */
  readonly passwords: Passwords;

  /** @throws SettingsError that lists every error in the arguments. */
  constructor(name: string, args: ExistingElasticsearchArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, overrides, tags, sampling, ingest, indexPrefix, passwordVersion, snapshots, ...external } = args;
    super("ExistingElasticsearch", name, "elasticsearch", platform, opts);
    const { password, passwordSecret = "" } = external;
    if ((password === undefined) === (passwordSecret === ""))
      throw new SettingsError(platform.settings.stack, [
        "external: found neither or both of password and passwordSecret; allowed: one of them",
      ]);
    const elasticsearch = { indexPrefix, passwordVersion, snapshots, external: externalOptions(external) };
    this.settings = setupSettings(platform.settings, { elasticsearch, tags, sampling, ingest, overrides });
    const setup = password === undefined ? { existing: passwordSecret, key: "password" } : pulumi.secret(password);
    this.passwords = { setup, users: makePasswords(this.settings, setup, name, { parent: this }) };
    this.run(upkeepWorkloads(this.settings, storageTopology(this.settings), this.passwords), this.settings);
    this.registerOutputs({});
  }
}
