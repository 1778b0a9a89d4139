import { BlockList, isIP, isIPv4 } from "node:net";

/** Is an IP address one of those meant? False for what is no address. */
export type IsWithin = (address: string) => boolean;

/** An IP address, or a network in CIDR form such as `10.1.0.0/16` or `2001:db8::/32`. */
export function isAddressOrNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** @param networks each as `isAddressOrNetwork` has it. */
export function within(networks: readonly string[]): IsWithin {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

/** What one stranger has of addresses: an IPv4 address, the first 64 bits of an IPv6 address. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const first = groups(head);
  // An IPv4 address at the end stands for two groups; it is never among the first four unless nothing was left out.
  const last = groups(tail ?? "").flatMap((group) => (group.includes(".") ? ["", ""] : [group]));
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => "0");
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
