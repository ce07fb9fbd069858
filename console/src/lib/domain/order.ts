// What an order's state means for those who take part: whose turn it is, what each may do, and how it reads. The rules decide;
// this mirrors the table of docs/modules/orders.md so that a page offers no button that would be refused.
import type { Address } from 'viem';

export const STATES = [
  'PendingApproval', 'Placed', 'Accepted', 'Shipped', 'Claimed', 'Disputed', 'Arbitration', 'Settled', 'ReturnPosted', 'ReturnDenied',
  'Lapsed', 'Cancelled', 'Refunded', 'Ruled', 'Returned', 'Closed',
] as const;
export type State = (typeof STATES)[number];

/** What ran by itself at a deadline. */
export const SYSTEM = '0xd00e00000000000000000000000000000000ffff';

export const OPEN: readonly State[] = ['PendingApproval', 'Placed', 'Accepted', 'Shipped', 'Claimed', 'Disputed', 'Arbitration'];
export const isOpen = (state: string) => OPEN.includes(state as State);

/** Things an owner may do with an order. */
export type OwnerAct = 'approve' | 'decline' | 'cancel' | 'confirm' | 'dispute' | 'return';
/** Things a shop may do with an order. */
export type ShopAct = 'accept' | 'refuse' | 'ship' | 'claim' | 'code' | 'answer' | 'takeBack' | 'denyReturn';

type Timed = { state: string; placedMs: number; terms: { cancelMs: bigint }; deadlineMs: number };

export function ownerActs(order: Timed, nowMs: number): OwnerAct[] {
  switch (order.state) {
    case 'PendingApproval':
      return ['approve', 'decline'];
    case 'Placed':
    case 'Accepted':
      return nowMs < cancelUntilMs(order) ? ['cancel'] : [];
    case 'Shipped':
    case 'Claimed':
      return ['confirm', 'dispute'];
    case 'Settled':
      return nowMs < order.deadlineMs ? ['return'] : [];
    default:
      return [];
  }
}

export function shopActs(order: Timed & { hasCode: boolean }, nowMs: number): ShopAct[] {
  switch (order.state) {
    case 'Placed':
      return ['accept', 'refuse'];
    case 'Accepted':
      return nowMs >= cancelUntilMs(order) ? ['ship', 'refuse'] : ['refuse'];
    case 'Shipped':
      return order.hasCode ? ['code', 'claim'] : ['claim'];
    case 'Claimed':
      return order.hasCode ? ['code'] : [];
    case 'Disputed':
      return ['answer'];
    case 'ReturnPosted':
      return ['takeBack', 'denyReturn'];
    case 'ReturnDenied':
      return ['takeBack'];
    default:
      return [];
  }
}

/** Until when the owner may cancel, and from when the shop may ship. */
export const cancelUntilMs = (order: { placedMs: number; terms: { cancelMs: bigint } }) => order.placedMs + Number(order.terms.cancelMs);

/** Who has to do something before the deadline, if anybody. */
export function turn(state: string): 'owner' | 'shop' | 'arbiter' | 'nobody' {
  switch (state) {
    case 'PendingApproval':
    case 'Claimed':
      return 'owner';
    case 'Placed':
    case 'Accepted':
    case 'Shipped':
    case 'Disputed':
    case 'ReturnPosted':
      return 'shop';
    case 'Arbitration':
    case 'ReturnDenied':
      return 'arbiter';
    default:
      return 'nobody';
  }
}

/** How it went: green, waiting, or something that somebody should look at. */
export function mood(state: string): 'good' | 'waiting' | 'bad' | 'over' {
  if (state === 'Settled' || state === 'Closed') return 'good';
  if (['Disputed', 'Arbitration', 'ReturnDenied'].includes(state)) return 'bad';
  if (['Lapsed', 'Cancelled', 'Refunded', 'Ruled', 'Returned'].includes(state)) return 'over';
  return 'waiting';
}

/** The straight way of an order, for a row of dots. */
export const WAY: readonly State[] = ['Placed', 'Accepted', 'Shipped', 'Settled'];

/** How many dots of the way are full. */
export function reached(state: string): number {
  const at: Partial<Record<State, number>> = { PendingApproval: 0, Placed: 1, Accepted: 2, Shipped: 3, Claimed: 3, Disputed: 3, Arbitration: 3 };
  if (mood(state) === 'good' || state.startsWith('Return')) return WAY.length;
  return at[state as State] ?? 0;
}

export const same = (a: Address | string | null | undefined, b: Address | string | null | undefined) =>
  a != null && b != null && a.toLowerCase() === b.toLowerCase();
