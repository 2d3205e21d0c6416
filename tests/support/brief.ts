/** The brief's sampling rates, written as its requests rather than as patterns, and the attributes that instrumentations give such requests. */

/** Percentage of traces kept in each stack's environment when no operation of the brief matches. */
export const environmentRates = { dev: 100, staging: 50, prod: 10 } as const;

/** Requests of the brief's operations, and others near them. */
export const requests: readonly BriefRequest[] = [
  { operation: "POST /api/auth/login", method: "POST", path: "/api/auth/login", route: "api/auth/login/", percent: 100 },
  { operation: "POST /api/auth/logout", method: "POST", path: "/api/auth/logout", route: "api/auth/logout/", percent: 100 },
  {
    operation: "POST /api/auth/token/refresh",
    method: "POST",
    path: "/api/auth/token/refresh",
    route: "api/auth/token/refresh/",
    percent: 50,
  },
  { operation: "POST /api/payments/*", method: "POST", path: "/api/payments/4711?retry=1", route: "api/payments/<int:id>/", percent: 100 },
  {
    operation: "POST /api/payments/*",
    method: "POST",
    path: "/api/payments/charge/9",
    route: "api/payments/charge/<int:pk>/",
    percent: 100,
  },
  {
    operation: "POST /api/payments/*",
    method: "POST",
    path: "/api/payments/charge/9/refund/?retry=1",
    route: "api/payments/charge/<int:pk>/refund/",
    percent: 100,
  },
  { operation: "POST /api/payments/*", method: "POST", path: "/api/payments/", route: "api/payments/", percent: 100 },
  { operation: "POST /api/payments/webhook", method: "POST", path: "/api/payments/webhook", route: "api/payments/webhook/", percent: 100 },
  { operation: "POST /api/chat/rooms", method: "POST", path: "/api/chat/rooms", route: "api/chat/rooms/", percent: 100 },
  { operation: "POST /api/chat/messages", method: "POST", path: "/api/chat/messages", route: "api/chat/messages/", percent: 50 },
  { operation: "GET /admin/*", method: "GET", path: "/admin/", route: "admin/", percent: 100 },
  { operation: "GET /admin/*", method: "GET", path: "/admin/users/", route: "admin/users/", percent: 100 },
  {
    operation: "GET /admin/*",
    method: "GET",
    path: "/admin/auth/user/3/change/",
    route: "admin/auth/user/<path:object_id>/change/",
    percent: 100,
  },
  { method: "GET", path: "/api/users/7", route: "api/users/<int:pk>/" },
  { method: "GET", path: "/api/payments/charge/9", route: "api/payments/charge/<int:pk>/" },
  { method: "POST", path: "/admin/auth/user/add/", route: "admin/auth/user/add/" },
  { method: "POST", path: "/api/auth/login/again", route: "api/auth/login/again/" },
  { method: "POST", path: "/api/payments-archive/9", route: "api/payments-archive/<int:pk>/" },
];

/** A request as a client makes it, and as Django routes it. */
export interface BriefRequest {
  /** The brief's operation, as the brief writes it. Its `*` means everything below. */
  readonly operation?: string;
  readonly method: string;
  readonly path: string;
  readonly route: string;
  /** The brief's rate for the operation, in percent. */
  readonly percent?: number;
}

/** The percentage of a request's traces that the brief asks a stack to keep: an operation's rate never lowers an environment's. */
export const briefRate = (stack: keyof typeof environmentRates, { percent = 0 }: BriefRequest): number =>
  Math.max(environmentRates[stack], percent);

/** How instrumentations describe a request: under the current names, the old ones, Django's route, or as a URL alone. */
export const namings = ["new", "old", "django", "new url", "old url"] as const;

/** The attributes of a request's SERVER span. */
export function attributesOf({ method, path, route }: BriefRequest, naming: (typeof namings)[number]): Record<string, string> {
  const url = `https://shop.example:8443${path}`;
  const attributes: Record<(typeof namings)[number], Record<string, string>> = {
    new: { "http.request.method": method, "url.path": path.replace(/\?.*/, "") },
    old: { "http.method": method, "http.target": path },
    django: { "http.method": method, "http.route": route },
    "new url": { "http.request.method": method, "url.full": url },
    "old url": { "http.method": method, "http.url": url },
  };
  return attributes[naming];
}
