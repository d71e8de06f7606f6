import { BlockList } from "node:net";
import { normalizeAddress, type ProxyAddresses } from "../wire/proxy_protocol.ts";

/** Tells whose connections begin with a PROXY header. */
export type IsProxy = (address: string) => boolean;

/**
 * Makes a test for addresses within blocks.
 *
 * @param blocks addresses or `ADDRESS/BITS`, as the settings check them.
 */
export function proxyMatcher(blocks: readonly string[]): IsProxy {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = "", bits] = block.split("/");
    const family = familyOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  if (blocks.length === 0) return () => false;
  // Nearly all connections come from one proxy, and a look at the list takes microseconds.
  let last = { address: "", isProxy: false };
  return (address) => {
    if (address !== last.address) {
      last = { address, isProxy: list.check(address, familyOf(address)) };
    }
    return last.isProxy;
  };
}

/** The two ends of an accepted connection, v4-mapped addresses as IPv4. */
export function socketAddresses(conn: Deno.TcpConn): ProxyAddresses {
  const { remoteAddr, localAddr } = conn;
  return {
    source: { address: normalizeAddress(remoteAddr.hostname), port: remoteAddr.port },
    destination: { address: normalizeAddress(localAddr.hostname), port: localAddr.port },
  };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}
