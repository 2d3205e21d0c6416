/** The most that stack config may ask for, where more than one place has to know. */
export const most = {
  /** Nodes of Elasticsearch. */
  nodes: 9,
  /** Instances of any other service. */
  instances: 64,
  /** Processors of an instance. */
  cores: 64,
  /** Disk of a node, GiB. */
  storage: 16_384,
} as const;
