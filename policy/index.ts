/**
 * The policy pack: what holds for every stack, whoever changes it. `make preview` and the workflows run it:
 *
 *     pulumi preview --policy-pack policy
 *
 * A rule that is broken fails the preview, and keeps an update from making the resource.
 */
import { PolicyPack, type Policies } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { parseSettings } from "../configs/stack/parse";
import { plain, type Declared } from "./declared";
import { resourceRules } from "./resource-rules";
import { stackRules } from "./stack-rules";

const declared = (resource: { readonly type: string; readonly name: string; readonly props: object }): Declared => ({
  type: resource.type,
  name: resource.name,
  props: plain(resource.props) as Declared["props"],
});

const policies: Policies = [
  ...resourceRules.map(({ name, description, check }) => ({
    name,
    description,
    validateResource: (args: { readonly type: string; readonly name: string; readonly props: object }, report: (message: string) => void) =>
      check(declared(args)).forEach((problem) => report(problem)),
  })),
  ...stackRules.map(({ name, description, check }) => ({
    name,
    description,
    validateStack: ({ resources }: { readonly resources: readonly Declared[] }, report: (message: string) => void) =>
      check(parseSettings(pulumi.getStack(), pulumi.runtime.allConfig()), resources.map(declared)).forEach((problem) => report(problem)),
  })),
];

new PolicyPack("tracing", { policies, enforcementLevel: "mandatory" });
