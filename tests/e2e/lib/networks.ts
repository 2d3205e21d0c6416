/** Who reaches whom on a Docker network. */
import { run } from "../../../cli/machine/run";

/** Shell words for a host's address. Debian's static busybox resolves names in nslookup only; elsewhere the same words do no harm. */
export const addressOf = (host: string): string => `$(nslookup ${host} | awk '/^Address/ && !/127.0.0.11/ { print $NF; exit }')`;

/** Whether a port of a host takes connections from a throw-away container on a network. */
export async function reaches(network: string, image: string, host: string, port: number): Promise<boolean> {
  const script = `address=${addressOf(host)}; [ -n "$address" ] && nc -w 2 $address ${port} </dev/null`;
  return (await run("docker", ["run", "--rm", "--network", network, image, "sh", "-c", script], { timeout: 60_000 })).ok;
}
