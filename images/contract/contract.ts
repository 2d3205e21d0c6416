/** What a contract is: claims about one image, each shown to hold or not. */
import type { ImageName } from "../../configs/images";

export interface Subject {
  /** The image under test. */
  readonly reference: string;
  /** The busybox of the same set, for what a test needs beside the image. */
  readonly busybox: string;
  /** Reports one claim. It fails where `verify` throws; the rest of the contract goes on. */
  readonly check: (claim: string, verify: () => Promise<void>) => Promise<void>;
}

export type Contract = (subject: Subject) => Promise<void>;

export type Contracts = Readonly<Record<ImageName, Contract>>;
