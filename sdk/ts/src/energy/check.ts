/**
 * Whether a certificate shows the best clearing of a network: crates/rules/src/energy/clearing/certificate.rs, in the same order. Why it is enough
 * stands in docs/energy.md. One pass over the arcs, one over the nodes, whole numbers only.
 */
import { Flawed } from './flaw.js';
import { ARCS_MAX, type Arc, type Network, type Node, OUTSIDE, VALUE_MAX_MICRO, boundNano, welfareNano } from './network.js';
import type { Certificate, Extreme } from './records.js';

/** A clearing that was shown to be the best one. */
export interface Cleared {
  /** Wh on each arc. */
  flowWh: number[];
  /** ⌊(highest + lowest) / 2⌋ of each node, micro-units per kWh. */
  priceMicro: number[];
  /** P: Σ value × flow, nano-units. No flow has more than D, and both are the same. */
  welfareNano: bigint;
  /** D. */
  boundNano: bigint;
}

/** Throws `Flawed`: the first flaw met. */
export function checkCertificate(network: Network, certificate: Certificate): Cleared {
  if (network.arcs.length > ARCS_MAX) throw new Flawed('TooLarge', { arcs: network.arcs.length });
  const { highest, lowest } = certificate;
  for (const extremes of [highest, lowest]) fit(extremes, network.givenWh.length);
  const flowWh = flows(network, certificate);
  balanced(network, flowWh);
  paths(network, flowWh, highest, 'node');
  paths(network, flowWh, lowest, 'outside');
  const priceMicro = highest.map(({ priceMicro }, node) => {
    const low = lowest[node]!.priceMicro;
    if (low > priceMicro) throw new Flawed('Order', { node });
    return Math.floor((priceMicro + low) / 2);
  });
  const [welfare, bound] = [welfareNano(network, flowWh), boundNano(network, priceMicro)];
  // Follows from all that was checked before; said once more, because it is what "the best" means.
  if (welfare !== bound) throw new Flawed('Gap', { welfareNano: welfare, boundNano: bound });
  return { flowWh, priceMicro, welfareNano: welfare, boundNano: bound };
}

function fit(extremes: readonly Extreme[], nodes: number): void {
  if (extremes.length !== nodes) throw new Flawed('Nodes', { expected: nodes, found: extremes.length });
  if (extremes[0] && extremes[0].priceMicro !== 0) throw new Flawed('Outside', {});
  const beyond = extremes.findIndex(({ priceMicro }) => Math.abs(priceMicro) > VALUE_MAX_MICRO);
  if (beyond >= 0) throw new Flawed('Price', { node: beyond });
}

/** What the prices say of each arc, and the stated flow where they say nothing. */
function flows({ arcs }: Network, { highest, lowest, openWh }: Certificate): number[] {
  const at = (extremes: readonly Extreme[], node: Node): number => extremes[node]?.priceMicro ?? 0;
  let open = 0;
  const flowWh = arcs.map(({ tail, head, capacityWh, valueMicro }, arc) => {
    const high = valueMicro + (at(highest, head) - at(highest, tail));
    const low = valueMicro + (at(lowest, head) - at(lowest, tail));
    const [full, empty] = [Math.max(high, low) > 0, Math.min(high, low) < 0];
    // A closed line has no edge that a price would have to obey.
    if (full !== empty || capacityWh === 0) return full ? capacityWh : 0;
    if (full) throw new Flawed('Contradiction', { arc });
    const flow = openWh[open] ?? 0;
    open += 1;
    if (flow > capacityWh) throw new Flawed('Capacity', { arc });
    return flow;
  });
  if (openWh.length !== open) throw new Flawed('OpenFlows', { expected: open, found: openWh.length });
  return flowWh;
}

/** What flows into each node but the outside, and what it is given, flows out. Sums stay below 2⁵³: fewer than 2²¹ arcs of less than 2³² Wh. */
function balanced({ arcs, givenWh }: Network, flowWh: readonly number[]): void {
  const excess = givenWh.slice();
  for (const [place, { tail, head }] of arcs.entries()) {
    excess[tail]! -= flowWh[place]!;
    excess[head]! += flowWh[place]!;
  }
  const node = excess.findIndex((wh, node) => node !== OUTSIDE && wh !== 0);
  if (node >= 0) throw new Flawed('Balance', { node });
}

/** Every node but the outside names an arc that leads one step nearer to the outside, along which more (or less) could be moved at a reduced value of exactly 0. */
function paths({ arcs }: Network, flowWh: readonly number[], extremes: readonly Extreme[], towards: 'node' | 'outside'): void {
  const price = (node: Node): number => extremes[node]?.priceMicro ?? 0;
  for (const [node, extreme] of extremes.entries()) {
    if (node === OUTSIDE) continue;
    const arc = arcs[extreme.arc];
    const other = arc && residual(arc, flowWh[extreme.arc]!, node, towards);
    const nearer = other === OUTSIDE ? 0 : other === undefined ? undefined : extremes[other]?.depth;
    const tight = arc && arc.valueMicro + price(arc.head) - price(arc.tail) === 0;
    if (!tight || nearer === undefined || nearer + 1 !== extreme.depth) throw new Flawed('Path', { node });
  }
}

/** The other end of the edge by which a path reaches (or leaves) `node` over `arc`: along the arc where it is not full, against it where it is not empty. */
function residual({ tail, head, capacityWh }: Arc, flow: number, node: Node, towards: 'node' | 'outside'): Node | undefined {
  const [along, against] = towards === 'node' ? [head === node, tail === node] : [tail === node, head === node];
  return (along && flow < capacityWh) || (against && flow > 0) ? (head === node ? tail : head) : undefined;
}
