import type { Settings } from "../../../configs/stack/schema";
import { settingsWith } from "../../support/settings";

/** Settings that between them make every kind of policy, and every part of the config files that can be left out. */
export const models: [string, Settings][] = [
  ["the defaults", settingsWith({})],
  [
    "rates that fall",
    settingsWith({
      sampling: {
        default: 10,
        operations: [
          { operation: "POST /api/payments/**", percent: 100 },
          { operation: "POST /api/chat/messages", percent: 50 },
        ],
      },
    }),
  ],
  [
    "exclusions, 0 % and rates with decimals",
    settingsWith({
      sampling: {
        default: 12.34,
        errors: 99.99,
        operations: [
          { operation: "GET /health", percent: 0 },
          { operation: "GET /feed/**", percent: 0.01 },
          { operation: "POST /a", percent: 100 },
        ],
      },
    }),
  ],
  ["an exclusion alone", settingsWith({ sampling: { default: 100, operations: [{ operation: "GET /health", percent: 0 }] } })],
  [
    "every character that a path may hold",
    settingsWith({
      sampling: { default: 1, operations: [{ operation: "PUT /a-b_c~d!e$f&g(h)i+j,k;l=m:n@o%p/*.x/<int:id>/$$/**/v*", percent: 2 }] },
    }),
  ],
  ["errors at 0 %", settingsWith({ sampling: { default: 50, errors: 0 } })],
  [
    "services, slow traces and a cap",
    settingsWith({
      sampling: {
        default: 10,
        cap: 500,
        slow: { threshold: "250ms" },
        services: [{ service: "a.b:c/d-e_f", default: 20, operations: [{ operation: "GET /$$/x", percent: 30 }] }],
      },
    }),
  ],
  [
    "the application decides",
    settingsWith({ sampling: { default: 10, decide: "app", operations: [{ operation: "GET /a/<int:id>", percent: 100 }] } }),
  ],
  ["the debug exporter", settingsWith({ collector: { debug: "detailed" } })],
  [
    "the smallest sizes",
    settingsWith({
      retention: "1d",
      collector: { memory: "128Mi", queue: "256Mi" },
      jaeger: { memory: "128Mi", tags: ["a"] },
      prometheus: { memory: "128Mi", retention: "2d", storage: "256Mi" },
    }),
  ],
  [
    "the largest sizes",
    settingsWith({
      retention: "365d",
      collector: { memory: "32Gi", queue: "1024Gi" },
      jaeger: { memory: "32Gi" },
      prometheus: { retention: "365d", storage: "1024Gi" },
    }),
  ],
];
