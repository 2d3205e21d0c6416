/** Sampling: one model in stack config, and all that follows from it. */
export * from "./application";
export * from "./canary";
export * from "./effective-rate";
export * from "./model";
export * from "./policies";
export * from "./strategies";
export * from "./table";
export * from "./capacity";
export * from "./forecast";
