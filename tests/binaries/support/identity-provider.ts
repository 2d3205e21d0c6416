/** A provider of OpenID Connect on this host: oidc-provider, which people log in to without a password. */
import { createServer, type Server } from "node:http";
import { Provider, type Configuration } from "oidc-provider";
import { freePorts } from "./programs";

/** People that it knows, by their login. */
export type People = Readonly<
  Record<string, { readonly email?: string; readonly verified?: boolean; readonly groups?: readonly string[] }>
>;

/** The client that the login is, and its secret. */
export const client = { id: "tracing", secret: "the-secret-of-the-client" } as const;

export interface Options {
  /** Addresses that it may send people back to. */
  readonly callback: string;
  readonly people: People;
  /** How long ID and access tokens are valid, seconds. */
  readonly seconds?: number;
}

/** A running provider. */
export class IdentityProvider {
  private readonly grants = new Set<string>();
  /** Kinds of the grants that tokens were given for, in their order. */
  readonly asked: string[] = [];

  private constructor(
    readonly issuer: string,
    private readonly provider: Provider,
    private readonly server: Server,
  ) {}

  static async start({ callback, people, seconds = 3600 }: Options): Promise<IdentityProvider> {
    const [port] = (await freePorts(1)) as [number];
    const issuer = `http://127.0.0.1:${port}`;
    const configuration: Configuration = {
      clients: [
        {
          client_id: client.id,
          client_secret: client.secret,
          redirect_uris: [callback],
          grant_types: ["authorization_code", "refresh_token"],
        },
      ],
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
      // As the providers of companies have it: all claims in the ID token.
      conformIdTokenClaims: false,
      findAccount: (_context, id) => {
        const { email = `${id}@example.com`, verified = true, groups = [] } = people[id] ?? {};
        const claims = { sub: id, email, email_verified: verified, groups: [...groups] };
        return { accountId: id, claims: () => claims };
      },
      issueRefreshToken: () => Promise.resolve(true),
      rotateRefreshToken: false,
      pkce: { required: () => true },
      ttl: { IdToken: seconds, AccessToken: seconds, RefreshToken: 86_400, Session: 86_400, Grant: 86_400, Interaction: 600 },
      cookies: { keys: ["a key of tests"] },
    };
    const provider = new Provider(issuer, configuration);
    const server = createServer((request, response) => void provider.callback()(request, response));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const self = new IdentityProvider(issuer, provider, server);
    provider.on("grant.success", ({ oidc: { params, entities } }) => {
      self.asked.push(String(params?.grant_type));
      if (entities.Grant) self.grants.add(entities.Grant.jti);
    });
    return self;
  }

  /** Takes back all that anybody was granted: nobody's session is renewed any more. */
  async revoke(): Promise<void> {
    for (const id of this.grants) await (await this.provider.Grant.find(id))?.destroy();
    this.grants.clear();
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
