/**
 * Where a request comes from, as far as limits are concerned: an IPv4 address, or the /64 of an IPv6 address, which
 * is the least that one customer holds. Cloudflare sets the header; what a client puts there is overwritten.
 */

export function networkOf(address: string | undefined): string {
  if (address === undefined || address === '') return 'unknown';
  if (!address.includes(':')) return address;
  const [left = '', right] = address.toLowerCase().split('::');
  const groups = left.split(':').filter((group) => group !== '');
  const after = right?.split(':').filter((group) => group !== '').length ?? 0;
  const zeros = right === undefined ? 0 : Math.max(0, 8 - groups.length - after);
  const whole = [...groups, ...Array<string>(zeros).fill('0'), ...(right ?? '').split(':')];
  return `${whole
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
