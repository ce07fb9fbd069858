// A shop's calls, and offers as a form gives them.
import { encodeFunctionData, type Address, type Hex } from 'viem';
import { ordersAbi } from '@dure/sdk';
import { ORDERS, type Call } from '../api/node';

const HOUR_MS = 3_600_000n;
const DAY_MS = 24n * HOUR_MS;
/** The periods that are usual, docs/modules/orders.md: cancel, ship-by, deliver-by, return. */
export const USUAL_HOURS = { cancel: 24, ship: 72, deliver: 240, return: 336 };
const VALID_MS = 90n * DAY_MS;
const DEFAULT_REFUND_PERCENT = 50;

const call = (data: Hex): Call[] => [{ to: ORDERS, data }];

export type NewShop = { gln: string; name: string; sealingKey: Hex; credit: Address; payout: Address; bond: bigint };
export const register = ({ gln, name, sealingKey, credit, payout, bond }: NewShop) =>
  call(encodeFunctionData({ abi: ordersAbi, functionName: 'registerShop', args: [BigInt(gln), name, sealingKey, credit, payout, bond] }));

export const topUp = (amount: bigint) => call(encodeFunctionData({ abi: ordersAbi, functionName: 'topUpBond', args: [amount] }));
export const askBack = (amount: bigint) => call(encodeFunctionData({ abi: ordersAbi, functionName: 'requestBondWithdrawal', args: [amount] }));
export const fetchBond = () => call(encodeFunctionData({ abi: ordersAbi, functionName: 'withdrawBond' }));
export const addStock = (offer: Hex, packs: number) => call(encodeFunctionData({ abi: ordersAbi, functionName: 'addStock', args: [offer, packs] }));
export const withdrawOffer = (offer: Hex) => call(encodeFunctionData({ abi: ordersAbi, functionName: 'withdrawOffer', args: [offer] }));

export type NewOffer = {
  gtin: string; content: number; unit: string; price: bigint; tax: bigint; shipping: bigint; stock: number; arbiters: readonly Address[];
  hours: { cancel: number; ship: number; deliver: number; return: number };
};

export function publish(offer: NewOffer, nowMs: number): Call[] {
  const { gtin, content, unit, price, tax, shipping, stock, arbiters, hours } = offer;
  const ms = (count: number) => BigInt(count) * HOUR_MS;
  const terms = {
    gtin: BigInt(gtin), content: BigInt(content), unit, price, tax, shipping,
    cancelMs: ms(hours.cancel), shipByMs: ms(hours.ship), deliverByMs: ms(hours.deliver), returnMs: ms(hours.return),
    arbiters: [...arbiters], defaultRefundPercent: DEFAULT_REFUND_PERCENT, validUntilMs: BigInt(nowMs) + VALID_MS,
  };
  return call(encodeFunctionData({ abi: ordersAbi, functionName: 'publishOffer', args: [terms, stock] }));
}
