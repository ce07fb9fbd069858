// Keys of an account: what they may do as duties that a person can choose, their terms, and invitations between devices. The rules
// decide (docs/modules/accounts.md); this mirrors what of them a form needs.
import { abis, accountsAbi, addresses, names } from '@dure/sdk';
import { encodeFunctionData, isAddress, toFunctionSelector, type AbiFunction, type Address, type ContractFunctionArgs, type Hex } from 'viem';
import { ACCOUNTS, type Call, type KeyRow, type Reach } from '../api/node';
import { DAY_MS } from './mandate';
import { parseFragment, toFragment } from './fragment';

export type KeyTerms = ContractFunctionArgs<typeof accountsAbi, 'nonpayable', 'authorizeKey'>[1];
export type KeyKind = (typeof names.accountKeyKinds)[number];
export const kindOf = (key: { kind: number }): KeyKind | undefined => names.accountKeyKinds[key.kind];
export const kindNumber = (kind: KeyKind): number => names.accountKeyKinds.indexOf(kind);

/** What a key may be for. Those that `spends` need a limit of money: what no limit names cannot be spent. */
const DUTIES = {
  order: { at: 'orders', spends: true, functions: ['placeOrder', 'approveOrder'] },
  receive: { at: 'orders', spends: false, functions: ['cancelOrder', 'confirmDelivery'] },
  object: { at: 'orders', spends: true, functions: ['openDispute', 'agreeRefund', 'postReturn'] },
  machines: { at: 'orders', spends: false, functions: ['setDeviceStatus', 'pauseMandate', 'rearmSlot', 'setHoliday'] },
  relay: { at: 'orders', spends: true, functions: ['relayDevice'] },
  pay: { at: 'credit', spends: true, functions: ['transfer', 'transferWithMemo'] },
} as const;
export type Duty = keyof typeof DUTIES;
export const ALL_DUTIES = Object.keys(DUTIES) as Duty[];
export const spends = (duties: readonly Duty[]): boolean => duties.some((duty) => DUTIES[duty].spends);

/** Usual sets of duties. */
export const PURPOSES = { household: ['order', 'receive', 'object'], gateway: ['relay'], own: [] } as const satisfies Record<string, readonly Duty[]>;
export type Purpose = keyof typeof PURPOSES;

const selector = (at: 'orders' | 'credit', name: string): Hex =>
  toFunctionSelector(abis[at].find((item) => item.type === 'function' && item.name === name) as AbiFunction);

export const LIVES_DAYS = [30, 90, 365] as const;
export const PERIODS_DAYS = [1, 7, 30] as const;

/** What a person chooses for a limited key. */
export type Grant = { kind: KeyKind; duties: readonly Duty[]; credit: Address; amount: bigint; periodDays: number; lifeDays: number };

export function termsOfGrant({ kind, duties, credit, amount, periodDays, lifeDays }: Grant, nowMs: number): KeyTerms {
  const targets = { orders: addresses.orders, credit };
  const scopes = (['orders', 'credit'] as const).flatMap((at) => {
    const selectors = duties.filter((duty) => DUTIES[duty].at === at).flatMap((duty) => DUTIES[duty].functions.map((name) => selector(at, name)));
    return selectors.length > 0 ? [{ target: targets[at], selectors }] : [];
  });
  const limits = spends(duties) ? [{ credit, amount, periodMs: BigInt(periodDays * DAY_MS) }] : [];
  return { kind: kindNumber(kind), admin: false, expiresMs: BigInt(nowMs + lifeDays * DAY_MS), limits, scopes };
}

/** A key as good as the first. */
export const fullTerms = (kind: KeyKind): KeyTerms => ({ kind: kindNumber(kind), admin: true, expiresMs: 0n, limits: [], scopes: [] });

const call = (data: Hex): Call[] => [{ to: ACCOUNTS, data }];
export const authorize = (key: Address, terms: KeyTerms) => call(encodeFunctionData({ abi: accountsAbi, functionName: 'authorizeKey', args: [key, terms] }));
export const revoke = (key: Address) => call(encodeFunctionData({ abi: accountsAbi, functionName: 'revokeKey', args: [key] }));

/** What the scopes of a key amount to: whole duties, and how many functions beside them (-1: everything that a target takes). */
export function dutiesOf(scopes: KeyRow['scopes']): { duties: Duty[]; others: number } {
  const allowed = (at: 'orders' | 'credit', name: string) =>
    scopes.some(({ target, selectors }) => isTarget(at, target) && (selectors.length === 0 || selectors.includes(selector(at, name))));
  const duties = ALL_DUTIES.filter((duty) => DUTIES[duty].functions.every((name) => allowed(DUTIES[duty].at, name)));
  if (scopes.some(({ selectors }) => selectors.length === 0)) return { duties, others: -1 };
  const named = new Set(duties.flatMap((duty) => DUTIES[duty].functions.map((name) => selector(DUTIES[duty].at, name))));
  return { duties, others: scopes.flatMap(({ selectors }) => selectors).filter((one) => !named.has(one)).length };
}

const isTarget = (at: 'orders' | 'credit', target: Address) =>
  at === 'orders' ? target.toLowerCase() === addresses.orders : target.toLowerCase().startsWith('0xd00ec0');

/** Bit n of a reach's powers: docs/modules/accounts.md. */
export const POWERS = ['Mandates', 'Orders', 'Shop', 'Rulings', 'Roles', 'Contracts', 'Other', 'Energy'] as const;
export type Power = (typeof POWERS)[number];
export const powersOf = (reach: Reach): Power[] => POWERS.filter((_, bit) => (reach.powers >> bit) & 1);

/** Whether money that a thief of the key spends can go to shops alone, within the limits of the machines. */
export const toShopsOnly = (reach: Reach): boolean =>
  !reach.admin && reach.scopes.every(({ target, selectors }) => isTarget('orders', target) && selectors.length > 0) && powersOf(reach).every((power) => power === 'Orders');

/** An invitation: a key that asks to be let in. It is public; whoever lets it in says what it may do. */
export type Invitation = { chainId: number; key: Address; kind: KeyKind; name: string };
const NAME_MAX = 40;

export const invitation = (given: Invitation): string => toFragment({ v: 1, ...given });

export function readInvitation(fragment: string): Invitation | undefined {
  const doc = parseFragment(fragment);
  if (doc?.['v'] !== 1 || !Number.isSafeInteger(doc['chainId']) || !isKey(doc['key'])) return undefined;
  const kind = names.accountKeyKinds.find((one) => one === doc['kind']);
  const name = doc['name'];
  if (!kind || typeof name !== 'string' || name.length > NAME_MAX) return undefined;
  return { chainId: doc['chainId'] as number, key: doc['key'], kind, name };
}

const isKey = (value: unknown): value is Address => typeof value === 'string' && isAddress(value, { strict: false });

/** The document or address in what a person pasted: a whole link, what stands behind its #, or an address. */
export const pasted = (text: string): string => text.trim().replace(/^.*#/, '');
