/** Services that maintain an Elasticsearch, deployed by the stack or not. */
import type { SetupSettings } from "../../configs/elasticsearch/setup";
import type { Addresses, ElasticsearchAddress } from "../../configs/topology/topology";
import type { Passwords } from "./passwords";
import { setupWorkload } from "./setup";
import { snapshotWorkloads } from "./snapshots";
import type { Workload } from "../platform/workload";

/** The setup, and the snapshots where there are any. */
export const upkeepWorkloads = (settings: SetupSettings, topology: Addresses & ElasticsearchAddress, passwords: Passwords): Workload[] => [
  setupWorkload(settings, topology, passwords),
  ...snapshotWorkloads(settings, topology, passwords),
];
