/** An issuer of cert-manager, as settings name one. */
import * as z from "zod";
import { kubernetesName, oneOf } from "./units";

export const issuer = z.strictObject({
  name: kubernetesName("cert-manager issuer").describe("Name of the issuer."),
  kind: oneOf("Issuer", "ClusterIssuer").prefault("ClusterIssuer").describe("Kind of the issuer."),
});
